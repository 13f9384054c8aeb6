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

use super::admission::{Admission, AdmissionConfig};
use super::audit::sealing;
use super::dead_letters::{self, Decision};
use super::intake::{Intake, IntakeConfig};
use super::lockers::Lockers;
use super::outbox::Outbox;
use super::protocol::{Answer, Ask, Body, CoreRequest};
use super::refusals::Refusals;
use super::saga::runner::SagaRunner;
use super::steps::step;
use super::webhooks::Webhooks;
use super::{audit, reading, registration, renaming, verification, webhooks, worker};
use crate::config::SystemConfig;
use crate::defects::Defects;
use crate::failure::Failure;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::resilience::deadline::Deadline;
use crate::webhooks::config::WebhookConfig;

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
    /// How many requests one instance lets in; all when not given.
    pub admission: Option<AdmissionConfig>,
    /// How requests for a verification are written down together; one by one when not given.
    pub intake: Option<IntakeConfig>,
    /// What is told outside; nothing when not given.
    pub webhooks: Option<WebhookConfig>,
    /// How long an audit entry waits at most until it is sealed; nothing when it never is.
    pub seal_audit_every: Option<Duration>,
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
            admission: config.admission,
            intake: config.intake,
            webhooks: config.webhooks.clone(),
            seal_audit_every: config.seal_audit_every_ms.map(Duration::from_millis),
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
    /// What takes registrations forward.
    pub sagas: SagaRunner,
    /// What it keeps of its reads, for a defect.
    pub remembered: reading::Remembered,
    /// Who is let in.
    admission: Admission,
    /// Who writes down what many ask for.
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
    let outbox = match setup.webhooks {
        Some(_) => Outbox::Open,
        None => Outbox::Closed,
    };
    let defects = &setup.defects;
    let webhooks = setup.webhooks.as_ref();
    let webhooks = webhooks.map(|config| Rc::new(Webhooks::new(&context, config, defects)));
    let sagas = SagaRunner::new(context.clone(), ledger.clone(), lockers, outbox, defects);
    let core = Rc::new(Core {
        context: context.clone(),
        admission: Admission::new(setup.admission),
        intake: setup
            .intake
            .map(|config| Intake::new(context.clone(), ledger.clone(), config, &setup.defects)),
        setup,
        ledger,
        outbox,
        webhooks: webhooks.clone(),
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
        let work = self.begin_work();
        let began = self.context.monotonic();
        let deadline = Deadline::within(Duration::from_millis(request.budget_ms), began);
        let answered = Cell::new(false);
        let answer_early = |answer: Answer| {
            answered.set(true);
            self.context.reply(&incoming, answer);
        };
        let admitted = self.admission.enter(&self.context, &request.ask, deadline);
        let mut answer = match admitted.await {
            Ok(_inside) => self.answer(&request.ask, deadline, answer_early).await,
            Err(refused) => refused,
        };
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
        drop(work);
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
                    return intake.request(key, asset).await;
                }
                verification::request(context, ledger, key, asset, defects, deadline).await
            }
            Ask::VerificationCompleted { verification } => {
                let outbox = self.outbox;
                verification::completed(context, ledger, outbox, verification, defects, deadline)
                    .await
            }
            Ask::ListDeadLetters => dead_letters::list(ledger, deadline).await,
            Ask::ReplayDeadLetter(letter) | Ask::DiscardDeadLetter(letter) => {
                let decision = match ask {
                    Ask::ReplayDeadLetter(_) => Decision::Replay,
                    _ => Decision::Discard,
                };
                let actor = context.name();
                let decided =
                    dead_letters::decide(ledger, letter, decision, &actor, defects, deadline);
                decided.await.inspect(|answer| {
                    if answer.is_success() {
                        context.reached("dead_letter_was_decided");
                    }
                })
            }
            Ask::QueryAudit(asset) => {
                let rows = ledger
                    .read("audit.query", deadline, audit::of_asset(asset))
                    .await;
                rows.map(|rows| {
                    let told = rows.iter().map(|row| audit::told(row));
                    Answer::ok(200, Body::Audit(told.collect()))
                })
            }
            Ask::ReplayDeliveries { key, endpoint } => {
                webhooks::replay::ask(ledger, key, endpoint.as_deref(), deadline).await
            }
            Ask::EnableEndpoint(endpoint) => {
                webhooks::endpoints::enable(ledger, endpoint, defects, deadline).await
            }
            Ask::RotateSecret { endpoint, secret } => {
                let overlap = self
                    .webhooks
                    .as_ref()
                    .map(|it| it.overlap)
                    .unwrap_or_default();
                let overlap = i64::try_from(overlap.as_millis()).unwrap_or(i64::MAX);
                webhooks::endpoints::rotate(ledger, endpoint, secret, overlap, defects, deadline)
                    .await
            }
            Ask::Health => Ok(Answer::ok(200, Body::Nothing)),
            Ask::Drain => unreachable!("a drain is not answered like a question"),
        };
        answered.unwrap_or_else(|error| failed(&error))
    }

    /// Graceful shutdown: what is begun is finished, within a grace.
    async fn drain(&self) {
        if self.draining.replace(true) {
            return;
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
