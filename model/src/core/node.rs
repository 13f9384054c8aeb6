//! Core as a node: serves clients and works on what was left to be done. It keeps nothing that a
//! crash would lose.
//!
//! Start at [`run`]; what is asked is told apart in `Core::answer`. An instance that is told to drain
//! takes nothing new, finishes what it has begun, and ends: that is one half of a rolling restart, of
//! which the other is [`deployer`](crate::deployer).

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::NodeContext;
use sim::latency::Latency;
use sim::network::Incoming;

use super::audit::{querying, sealing};
use super::cache::config::CacheConfig;
use super::cache::reading::Cache;
use super::conflicts::config::ConflictConfig;
use super::conflicts::{editing, notices};
use super::dead_letters::{self, Decision};
use super::edge::config::EdgeConfig;
use super::edge::door::{Door, Pass, Turned};
use super::incoming::Providers;
use super::intake::{Intake, IntakeConfig};
use super::lockers::Lockers;
use super::outbox::Outbox;
use super::protocol::{Answer, Ask, Body, CoreRequest};
use super::realtime::{Realtime, inbox, storing, streams};
use super::refusals::Refusals;
use super::saga::runner::SagaRunner;
use super::search::{Search, asking, reindex};
use super::steps::step;
use super::verification::requesting::Requests;
use super::webhooks::Webhooks;
use super::{incoming, outbox, reading, registration, renaming, verification, webhooks, worker};
use crate::config::SystemConfig;
use crate::defects::Defects;
use crate::failure::Failure;
use crate::ids::LetterId;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::provider::config::IncomingConfig;
use crate::realtime::config::RealtimeConfig;
use crate::resilience::deadline::Deadline;
use crate::search::config::SearchConfig;
use crate::verify::VerifyQueueConfig;
use crate::webhooks::config::{DeliveryMode, WebhookConfig};

/// How long a draining instance waits for what it has begun.
const GRACE: Duration = Duration::from_secs(12);
/// How long a redeployed instance takes to come back.
const RESTART_AFTER: Duration = Duration::from_secs(2);

/// What a Core is made of.
pub struct CoreSetup {
    /// How long validation takes.
    pub validate: Latency,
    /// How long writing the answer takes.
    pub respond: Latency,
    /// How many connections to the Ledger one instance has at most.
    pub connections: u32,
    /// How requests for a verification are written down together; one by one when not given.
    pub intake: Option<IntakeConfig>,
    /// How many verifications users may have open; any number when not given.
    pub verify_queue: Option<VerifyQueueConfig>,
    /// What is told outside; nothing when not given.
    pub webhooks: Option<WebhookConfig>,
    /// Whose webhooks are believed; nobody's when not given.
    pub incoming: Option<IncomingConfig>,
    /// The users who are told; none when not given.
    pub realtime: Option<RealtimeConfig>,
    /// The search index; there is none when not given.
    pub search: Option<SearchConfig>,
    /// How long an audit entry waits at most until it is sealed; nothing when it never is.
    pub seal_audit_every: Option<Duration>,
    /// What one instance lets in; everything when not given.
    pub edge: Option<EdgeConfig>,
    /// What one instance keeps of its reads; nothing when not given.
    pub cache: Option<CacheConfig>,
    /// How conflicts of edits are resolved; nothing is edited when not given.
    pub conflicts: Option<ConflictConfig>,
    /// The bugs switched on.
    pub defects: Defects,
}

impl CoreSetup {
    /// Core's part of the system's configuration.
    ///
    /// # Panics
    /// When a table does not ascend: configurations are validated before anything is built.
    pub fn of(config: &SystemConfig, defects: &Defects) -> CoreSetup {
        let latency = |table| Latency::try_from(table).expect("validated tables ascend");
        CoreSetup {
            validate: latency(config.timing.validate),
            respond: latency(config.timing.respond),
            connections: config.connections_per_core,
            intake: config.intake,
            verify_queue: config.verify.queue,
            webhooks: config.webhooks.clone(),
            incoming: config.incoming.clone(),
            realtime: config.realtime.clone(),
            search: config.search.clone(),
            seal_audit_every: config.seal_audit_every_ms.map(Duration::from_millis),
            edge: config.edge.clone(),
            cache: config.cache,
            conflicts: config.conflicts,
            defects: defects.clone(),
        }
    }
}

/// One process of Core.
pub struct Core {
    /// Its way to the world.
    pub context: NodeContext,
    /// What it is made of.
    pub setup: Rc<CoreSetup>,
    /// Its way to the Ledger.
    pub ledger: LedgerClient,
    /// Where it writes what is told outside.
    pub outbox: Outbox,
    /// What tells it.
    pub webhooks: Option<Rc<Webhooks>>,
    /// Whose webhooks it believes.
    pub providers: Providers,
    /// What it does for connected users.
    pub realtime: Option<Rc<Realtime>>,
    /// Its way to the search index.
    pub search: Option<Rc<Search>>,
    /// What takes registrations forward.
    pub sagas: SagaRunner,
    /// Where requests come in, when not everything is let in.
    pub door: Option<Door>,
    /// What it keeps of its reads, when it keeps any.
    pub cache: Option<Cache>,
    /// What it keeps of its reads, for a defect.
    pub remembered: reading::Remembered,
    /// What users' requests for a verification come to.
    requests: Requests,
    /// Who writes down together what many ask for.
    intake: Option<Intake>,
    /// What came to nothing and is not in the audit yet.
    pub refusals: Refusals,
    draining: Cell<bool>,
    under_way: Cell<u32>,
}

/// A Core's program.
pub async fn run(context: NodeContext, setup: Rc<CoreSetup>) {
    let ledger = LedgerClient::new(context.clone(), setup.connections, &setup.defects);
    let lockers = Lockers::new(context.clone(), &setup.defects);
    let hears = [
        setup.webhooks.is_some(),
        setup.realtime.is_some(),
        setup.search.is_some(),
    ];
    let outbox = match hears.contains(&true) {
        true => Outbox::Open,
        false => Outbox::Closed,
    };
    let defects = &setup.defects;
    let webhooks = setup.webhooks.as_ref();
    let webhooks = webhooks.map(|config| Rc::new(Webhooks::new(&context, config, defects)));
    let realtime = setup.realtime.as_ref();
    let realtime =
        realtime.map(|config| Rc::new(Realtime::new(&context, config, &ledger, defects)));
    let search = setup.search.as_ref();
    let search = search.map(|config| Rc::new(Search::new(&context, config, &ledger, defects)));
    let sagas = SagaRunner::new(context.clone(), ledger.clone(), lockers, outbox, defects);
    let providers = Providers::of(setup.incoming.as_ref());
    let door = setup.edge.as_ref();
    let door = door.map(|config| Door::new(&context, config, defects));
    let cache = setup.cache.as_ref();
    let cache = cache.map(|config| Cache::new(&context, config, defects));
    let requests = Requests {
        context: context.clone(),
        ledger: ledger.clone(),
        room: setup.verify_queue,
        defects: defects.clone(),
    };
    let core = Rc::new(Core {
        context: context.clone(),
        cache,
        door,
        intake: setup
            .intake
            .map(|config| Intake::new(requests.clone(), config)),
        requests,
        setup,
        ledger,
        outbox,
        webhooks: webhooks.clone(),
        providers,
        realtime: realtime.clone(),
        search: search.clone(),
        sagas,
        remembered: reading::Remembered::default(),
        refusals: Refusals::default(),
        draining: Cell::new(false),
        under_way: Cell::new(0),
    });
    context.spawn("worker", worker::run(core.clone()));
    if let Some(webhooks) = webhooks {
        context.spawn("relay", webhooks::relay::run(core.clone(), webhooks));
    }
    let polls = [
        realtime.as_ref().map(|it| it.poll),
        search.as_ref().map(|it| it.feed_every),
    ];
    if let Some(every) = polls.into_iter().flatten().min() {
        context.spawn("outbox.relay", outbox::relay::run(core.clone(), every));
    }
    if let Some(realtime) = realtime {
        context.spawn("watch", realtime.watch());
    }
    if let Some(search) = search {
        context.spawn("feed", search.feed());
    }
    if let Some(every) = core.setup.seal_audit_every {
        context.spawn("sealer", sealing::run(core.clone(), every));
    }
    loop {
        let incoming = context.receive().await;
        // The task's cause is the request, whatever else this instance does meanwhile.
        context.spawn_for(incoming.lineage, core.clone().serve(incoming));
    }
}

impl Core {
    /// Whether it takes nothing new any more.
    pub fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Whether a webhook delivery counts as made when it is sent, whatever comes of it.
    pub fn sends_once(&self) -> bool {
        let webhooks = self.setup.webhooks.as_ref();
        webhooks.is_some_and(|config| config.delivery == DeliveryMode::AtMostOnce)
    }

    /// Counts work that a drain waits for.
    pub fn begin_work(self: &Rc<Self>) -> Work {
        self.under_way.set(self.under_way.get() + 1);
        Work(self.clone())
    }

    async fn serve(self: Rc<Self>, incoming: Incoming) {
        let request: Arc<CoreRequest> = incoming
            .payload()
            .expect("Core is asked in its own protocol");
        if let Ask::Drain = request.ask {
            self.context
                .reply(&incoming, Answer::ok(202, Body::Nothing));
            self.drain().await;
            return;
        }
        if let (Ask::Ring(users), Some(realtime)) = (&request.ask, &self.realtime) {
            realtime.look_soon(users.clone());
            return;
        }
        let work = self.begin_work();
        let began = self.context.monotonic();
        let deadline = Deadline::within(Duration::from_millis(request.budget_ms), began);
        let Some(pass) = self.let_in(&incoming, &request.ask, deadline).await else {
            return;
        };
        let answered = Cell::new(false);
        let answer_early = |answer: Answer| {
            answered.set(true);
            self.context.reply(&incoming, answer);
        };
        let mut answer = self.answer(&request.ask, deadline, answer_early).await;
        if self.ledger.is_replicated() {
            answer.token = answer.token.or(Some(self.ledger.position().0));
        }
        step(
            &self.context,
            "respond",
            self.context.work(&self.setup.respond),
        )
        .await;
        self.measure(&request.ask, &answer, self.context.monotonic() - began);
        self.refusals.keep(&request.ask, &answer);
        if !answered.get() {
            self.context.reply(&incoming, answer);
        }
        drop((pass, work));
    }

    /// A place behind the door, or none where there is no door; nothing when the request is turned away.
    async fn let_in(
        &self,
        incoming: &Incoming,
        ask: &Ask,
        deadline: Deadline,
    ) -> Option<Option<Pass>> {
        let Some(door) = &self.door else {
            return Some(None);
        };
        let patience = deadline.remaining(self.context.monotonic());
        match door.enter(ask, patience).await {
            Ok(pass) => Some(Some(pass)),
            Err(Turned::Away(answer)) => {
                self.context.reply(incoming, answer);
                None
            }
            Err(Turned::Forgotten) => None,
        }
    }

    async fn answer(&self, ask: &Ask, deadline: Deadline, answer_early: impl Fn(Answer)) -> Answer {
        if self.is_draining() {
            return Answer::later(503, None);
        }
        let (context, ledger, defects) = (&self.context, &self.ledger, &self.setup.defects);
        let answered = match ask {
            Ask::Register(request) => {
                return registration::register(self, request, deadline, answer_early).await;
            }
            Ask::Rename { key, changes } => renaming::rename(self, key, changes, deadline).await,
            Ask::Read(asset) => reading::read(self, asset, deadline).await,
            Ask::ReadAt {
                asset,
                consistency,
                seen,
            } => reading::read_at(self, asset, *consistency, *seen, deadline).await,
            Ask::RequestVerification { key, asset } => {
                if let Some(intake) = &self.intake {
                    return intake.request(key, asset, deadline).await;
                }
                self.requests.request(key, asset, deadline).await
            }
            Ask::VerificationCompleted { verification } => {
                let outbox = self.outbox;
                verification::completed(context, ledger, outbox, verification, defects, deadline)
                    .await
            }
            Ask::ListDeadLetters => dead_letters::list(ledger, deadline).await,
            Ask::ReplayDeadLetter(letter) => self.decide(letter, Decision::Replay, deadline).await,
            Ask::DiscardDeadLetter(letter) => {
                self.decide(letter, Decision::Discard, deadline).await
            }
            Ask::QueryAudit(asset) => querying::whole(self, asset, deadline).await,
            Ask::PageAudit {
                scope,
                after,
                limit,
            } => querying::answer(self, scope, *after, *limit, deadline).await,
            Ask::ReplayDeliveries { key, endpoint } => {
                webhooks::replay::ask(ledger, key, endpoint.as_deref(), deadline).await
            }
            Ask::EnableEndpoint(endpoint) => {
                webhooks::endpoints::enable(context, ledger, endpoint, defects, deadline).await
            }
            Ask::RotateSecret { endpoint, secret } => {
                let overlap = self.webhooks.as_ref().map_or(0, |it| it.overlap_ms());
                webhooks::endpoints::rotate(
                    context, ledger, endpoint, secret, overlap, defects, deadline,
                )
                .await
            }
            Ask::ReceiveWebhook(message) => {
                incoming::receive(self, message, deadline, answer_early).await
            }
            Ask::Notify { key, to, text } => storing::notify(self, key, to, text, deadline).await,
            Ask::Subscribe { user, device, last } => {
                streams::subscribe(self, user, device, *last, deadline).await
            }
            Ask::MarkRead { user, mark } => inbox::mark(self, user, *mark, deadline).await,
            Ask::ListNotifications { user, after } => {
                inbox::list(self, user, *after, deadline).await
            }
            Ask::Search(word) => asking::find(self, word, deadline).await,
            Ask::Reindex => Ok(reindex::begin(self)),
            Ask::Look(asset) => editing::look(self, asset, deadline).await,
            Ask::Edit(asked) => match &self.setup.conflicts {
                Some(config) => editing::edit(self, config, asked, deadline).await,
                // No workload has edits without `[system.conflicts]`.
                None => Ok(Answer::refused(404, Failure::LedgerConstraint)),
            },
            Ask::TakeNotices { user, shown } => notices::take(self, user, shown, deadline).await,
            Ask::Health => Ok(Answer::ok(200, Body::Nothing)),
            Ask::Drain | Ask::Ring(_) => unreachable!("they are not answered like a question"),
        };
        answered.unwrap_or_else(|error| failed(&error))
    }

    /// Decides about a dead letter.
    async fn decide(
        &self,
        letter: &LetterId,
        decision: Decision,
        deadline: Deadline,
    ) -> Result<Answer, LedgerError> {
        let (actor, defects) = (self.context.name(), &self.setup.defects);
        let decided =
            dead_letters::decide(&self.ledger, letter, decision, &actor, defects, deadline);
        decided.await.inspect(|answer| {
            if answer.is_success() {
                self.context.reached("dead_letter_was_decided");
            }
        })
    }

    /// Graceful shutdown: what is begun is finished, within a grace.
    async fn drain(&self) {
        if self.draining.replace(true) {
            return;
        }
        if let Some(realtime) = &self.realtime {
            realtime.close_all();
        }
        let began = self.context.monotonic();
        while self.under_way.get() > 0 && self.context.monotonic() - began < GRACE {
            self.context.sleep(Duration::from_millis(100)).await;
        }
        let deadline = Deadline::within(GRACE, self.context.monotonic());
        let actor = self.context.name();
        self.refusals.write(&self.ledger, &actor, deadline).await;
        self.context.reached(if self.under_way.get() == 0 {
            "instance_was_drained"
        } else {
            "grace_ran_out"
        });
        self.context.abort(RESTART_AFTER).await;
    }

    fn measure(&self, ask: &Ask, answer: &Answer, span: Duration) {
        let status = match answer.failure {
            Some(failure) => {
                failure.log(ask.name(), failure.user_message());
                failure.code()
            }
            None if answer.is_success() => "ok",
            None => "refused",
        };
        let labels = [
            ("subsystem", "core"),
            ("operation", ask.name()),
            ("status", status),
        ];
        self.context.count("core.orchestration.requests", &labels);
        self.context
            .measure("core.orchestration.latency", &labels, Some(span));
    }
}

/// Work a drain waits for, until dropped.
pub struct Work(Rc<Core>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
    }
}

/// What a client is told when the Ledger did not do what it was asked.
pub(super) fn failed(error: &LedgerError) -> Answer {
    match error {
        LedgerError::Unavailable | LedgerError::CircuitOpen => {
            Answer::later(503, Some(Failure::LedgerDown))
        }
        LedgerError::Unknown => Answer::later(503, Some(Failure::TimeoutAfterCommit)),
        LedgerError::Sql(_) | LedgerError::Stale => {
            Answer::later(409, Some(Failure::LedgerConflict))
        }
    }
}
