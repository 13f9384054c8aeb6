//! A client as a node: performs each of its intents, and sends each request until it knows its outcome
//! or has no attempt left.
//!
//! All attempts of one request carry the same idempotency key and go to the Core instances in turn.
//! What the client then knows goes into the history: success, certain failure, or unknown.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use sim::random::{Lineage, Root};
use sim::record::history::Outcome;
use sim::record::value::Value;
use sim::{NodeContext, NodeId};

use super::board::{Board, Word};
use super::intent::{AuditBy, Intent};
use super::script::Planned;
use super::{notices, telling};
use crate::config::Workload;
use crate::core::audit::querying::Scope;
use crate::core::conflicts::fields::Field;
use crate::core::protocol::{Answer, Ask, Body, CoreRequest, EditAsset, Renaming};
use crate::core::retry::Backoff;
use crate::defects::{Defect, Defects};
use crate::ids::{AssetId, IdempotencyKey};
use crate::ledger::protocol::Consistency;

/// How many entries of the audit people look at at once.
const AUDIT_PAGE: u32 = 4;
/// How far back people look who ask what has happened lately.
const LATELY_MS: i64 = 15_000;

/// What a client is made of.
pub struct ClientSetup {
    /// What it does, in order.
    pub script: Vec<Planned>,
    /// How it waits and retries.
    pub workload: Workload,
    /// The names of the Core instances.
    pub cores: Vec<String>,
    /// What people tell each other about assets.
    pub board: Board,
    /// The bugs switched on.
    pub defects: Defects,
}

/// A client's program.
pub async fn run(context: NodeContext, setup: Rc<ClientSetup>) {
    let cores: Rc<Vec<NodeId>> =
        Rc::new(setup.cores.iter().map(|name| context.find(name)).collect());
    // The token of the device's session with the service.
    let seen: Rc<Cell<u64>> = Rc::default();
    if setup.workload.mix.edit > 0 {
        context.spawn("notices", notices::watch(context.clone(), cores.clone()));
    }
    let mut elapsed = Duration::ZERO;
    for planned in &setup.script {
        context.sleep(planned.after.saturating_sub(elapsed)).await;
        elapsed = elapsed.max(planned.after);
        let lineage = Lineage::of("client").child("operation", planned.number);
        let user = User {
            context: context.clone(),
            setup: setup.clone(),
            cores: cores.clone(),
            seen: seen.clone(),
            number: planned.number,
        };
        let intent = planned.intent.clone();
        context.spawn_for(lineage, async move {
            user.perform(&intent).await;
            user.setup.board.finished();
        });
    }
}

/// Somebody with one intent.
struct User {
    context: NodeContext,
    setup: Rc<ClientSetup>,
    cores: Rc<Vec<NodeId>>,
    seen: Rc<Cell<u64>>,
    number: u64,
}

impl User {
    async fn perform(&self, intent: &Intent) {
        match intent {
            Intent::Register(request) => {
                let answer = self.operate(Ask::Register(request.clone())).await;
                if let Some(Body::Registered { asset, .. }) = answer.map(|answer| answer.body) {
                    self.setup.board.tell(self.number, asset);
                }
            }
            Intent::Rename { key, of, name } => {
                let Some(changes) = self.look_at(of, name).await else {
                    return;
                };
                let key = key.clone();
                let answer = self.operate(Ask::Rename { key, changes }).await;
                self.tell_others(answer);
            }
            Intent::ReadAt { of, consistency } => self.read_at(*of, *consistency).await,
            Intent::Read(of) => {
                if let Some(asset) = self.asset(*of) {
                    self.operate(Ask::Read(asset)).await;
                }
            }
            Intent::Verify { key, of } => {
                if let Some(asset) = self.asset(*of) {
                    let key = key.clone();
                    self.operate(Ask::RequestVerification { key, asset }).await;
                }
            }
            Intent::Audit(of) => {
                if let Some(asset) = self.asset(*of) {
                    self.operate(Ask::QueryAudit(asset)).await;
                }
            }
            Intent::ReplayAll { key } => {
                let (key, endpoint) = (key.clone(), None);
                self.operate(Ask::ReplayDeliveries { key, endpoint }).await;
            }
            Intent::Notify { key, to } => {
                let (key, to) = (key.clone(), to.clone());
                let text = format!("news of {}", self.number / 2);
                self.operate(Ask::Notify { key, to, text }).await;
            }
            Intent::AuditPages(by) => self.page_through(by).await,
            Intent::Inbox(user) => self.read_inbox(user).await,
            Intent::Search(word) => {
                self.operate(Ask::Search(word.clone())).await;
            }
            Intent::Reindex => {
                self.operate(Ask::Reindex).await;
            }
            Intent::Letters { replay } => self.decide(*replay).await,
            Intent::Edit { key, of, changes } => self.edit(key, *of, changes).await,
        }
    }

    /// The asset of a registration, if anybody was told of it by now. Else there is nothing to do.
    fn asset(&self, of: u64) -> Option<AssetId> {
        self.setup.board.asset(of)
    }

    /// Reads all pages of a query of the audit.
    async fn page_through(&self, by: &AuditBy) {
        let scope = match by {
            AuditBy::Asset(of) => match self.asset(*of) {
                Some(asset) => Scope::Asset(asset),
                None => return,
            },
            AuditBy::Instance(number) => {
                let cores = &self.setup.cores;
                Scope::Actor(cores[*number as usize % cores.len()].clone())
            }
            AuditBy::Lately => {
                let until = self.context.wall_clock().millis();
                let from = until - LATELY_MS;
                Scope::Between { from, until }
            }
        };
        let mut after = Some(0);
        while let Some(number) = after {
            let ask = Ask::PageAudit {
                scope: scope.clone(),
                after: number,
                limit: AUDIT_PAGE,
            };
            let answer = self.operate(ask).await;
            after = match answer.map(|answer| answer.body) {
                Some(Body::AuditPage { next, .. }) => next,
                _ => None,
            };
        }
    }

    /// Reads an asset as far as is asked for; a causal read carries the token of whoever told of the asset.
    async fn read_at(&self, of: u64, consistency: Consistency) {
        let Some(asset) = self.asset(of) else { return };
        let is_causal = consistency == Consistency::Causal;
        let heard = is_causal.then(|| self.setup.board.word(&asset)).flatten();
        let forgets = self.setup.defects.has(Defect::CausalTokenIgnored);
        let told = heard.filter(|_| !forgets).map_or(0, |word| word.token);
        let ask = Ask::ReadAt {
            asset,
            consistency,
            seen: self.seen.get().max(told),
        };
        self.operate_having_heard(ask, heard).await;
    }

    /// Where the Ledger has replicas, who has renamed something tells others, with the session's token.
    fn tell_others(&self, answer: Option<Answer>) {
        let Some(Answer {
            body: Body::Renamed(versions),
            token: Some(token),
            ..
        }) = answer
        else {
            return;
        };
        for (asset, version) in versions {
            self.setup.board.spread(asset, Word { version, token });
        }
    }

    /// Reads all pages of a user's notifications.
    async fn read_inbox(&self, user: &str) {
        let mut after = Some(0);
        while let Some(number) = after {
            let ask = Ask::ListNotifications {
                user: user.to_owned(),
                after: number,
            };
            let answer = self.operate(ask).await;
            after = match answer.map(|answer| answer.body) {
                Some(Body::Notifications { some, .. }) => some.last().map(|last| last.number),
                _ => None,
            };
        }
    }

    /// Reads each asset, as a user does before changing it.
    async fn look_at(&self, of: &[u64], name: &str) -> Option<Vec<Renaming>> {
        let mut changes = Vec::new();
        for number in of {
            let asset = self.asset(*number)?;
            let answer = self.operate(Ask::Read(asset.clone())).await?;
            let Body::Asset { version, .. } = answer.body else {
                return None;
            };
            changes.push(Renaming {
                asset,
                version,
                name: name.to_owned(),
            });
        }
        Some(changes)
    }

    /// Looks at an asset, changes some fields of the form, and sends it.
    async fn edit(&self, key: &IdempotencyKey, of: u64, changes: &[(Field, String)]) {
        let Some(asset) = self.asset(of) else { return };
        let looked = self.operate(Ask::Look(asset.clone())).await;
        let Some(Body::Form {
            version, fields, ..
        }) = looked.map(|answer| answer.body)
        else {
            return;
        };
        let mut wanted = fields;
        for (field, value) in changes {
            wanted.set(*field, value);
        }
        let asked = EditAsset {
            key: key.clone(),
            asset,
            base: version,
            wanted,
            author: self.context.name(),
        };
        self.operate(Ask::Edit(asked)).await;
    }

    /// Decides about the first open letter, if there is one.
    async fn decide(&self, replay: bool) {
        let listed = self.operate(Ask::ListDeadLetters).await;
        let Some(Body::Letters(letters)) = listed.map(|answer| answer.body) else {
            return;
        };
        if let Some(letter) = letters.first() {
            let letter = letter.clone();
            self.operate(if replay {
                Ask::ReplayDeadLetter(letter)
            } else {
                Ask::DiscardDeadLetter(letter)
            })
            .await;
        }
    }

    /// One operation of the history; its answer when it succeeded.
    async fn operate(&self, ask: Ask) -> Option<Answer> {
        self.operate_having_heard(ask, None).await
    }

    async fn operate_having_heard(&self, ask: Ask, heard: Option<Word>) -> Option<Answer> {
        let process = format!("{}/{}", self.context.name(), self.number);
        let mut input = telling::input(&ask);
        if let (Value::Map(told), Some(word)) = (&mut input, heard) {
            told.insert("heard", word.version.into());
        }
        let registers = matches!(ask, Ask::Register(_));
        let id = self.context.invoke(process, ask.name(), input);
        let began = self.context.monotonic();
        let (outcome, answer) = self.ask_until_known(ask).await;
        let succeeded = matches!(outcome, Outcome::Ok(_));
        let span = succeeded.then(|| self.context.monotonic() - began);
        // A certain refusal is an answer the client was right to get; only not knowing is a failure.
        if registers && !matches!(outcome, Outcome::Fail(_)) {
            self.context
                .measure("client.registration.latency", &[], span);
        }
        self.context.complete(id, outcome);
        answer
    }

    /// Waits before the next attempt: as long as was asked for, and the backoff after that, so that those who
    /// were turned away together do not come back together.
    async fn wait(&self, backoff: Duration, asked_ms: Option<u64>) {
        let Some(asked_ms) = asked_ms else {
            return self.context.sleep(backoff).await;
        };
        let ignores = self.setup.defects.has(Defect::RetryAfterIgnoredAtEdge);
        let asked = Duration::from_millis(if ignores { 0 } else { asked_ms });
        let began = self.context.monotonic();
        self.context.sleep(asked + backoff).await;
        let waited = self.context.monotonic() - began;
        let told = [
            ("asked_ms", (asked_ms as i64).into()),
            ("waited_ms", (waited.as_millis() as i64).into()),
        ];
        self.context.note("came_back", Value::map(told));
    }

    async fn ask_until_known(&self, ask: Ask) -> (Outcome, Option<Answer>) {
        let workload = &self.setup.workload;
        let backoff = Backoff {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(10),
            attempts_max: workload.attempts_max,
        };
        let limit = Duration::from_millis(workload.attempt_timeout_ms);
        let request = CoreRequest {
            budget_ms: workload.attempt_timeout_ms,
            ask,
        };
        let mut attempt = 0;
        loop {
            let turn = (self.number / 2 + u64::from(attempt)) as usize % self.cores.len();
            let answer = self
                .context
                .call(self.cores[turn], request.clone(), limit)
                .await;
            if let Ok(answer) = &answer {
                let token = answer.token.unwrap_or_default();
                self.seen.set(self.seen.get().max(token));
            }
            let last = match answer.as_deref() {
                Ok(answer) if answer.is_success() => {
                    return (Outcome::Ok(telling::answer(answer)), Some(answer.clone()));
                }
                Ok(answer) if !answer.again => {
                    return (Outcome::Fail(telling::answer(answer)), None);
                }
                Ok(answer) => telling::answer(answer),
                Err(error) => Value::map([("error", error.to_string().into())]),
            };
            attempt += 1;
            let mut stream = self.context.stream(Root::Schedule, "client.retry");
            let asked_to_wait = answer.ok().and_then(|answer| answer.retry_after_ms);
            match backoff.wait(attempt, &mut stream) {
                Some(wait) => self.wait(wait, asked_to_wait).await,
                None => return (Outcome::Unknown(last), None),
            }
        }
    }
}
