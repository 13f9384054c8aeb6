//! A replica at work: it makes durable what the primary sends, shows it after its lag, and answers reads.
//!
//! Three loops share it: one asks the primary and writes the log, one applies what is due, one reports to the
//! operator and hears who leads. What is on disk is the truth; the [`Standby`] in memory is built from it at each
//! start. Start at [`Follower::follow`], which ends when the operator has named this server.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::NodeContext;
use sim::latency::Latency;
use sim::random::Root;
use sim::record::value::Value;

use super::super::engine::log::frame::Lsn;
use super::super::engine::log::record::{Image, Record};
use super::super::engine::statement::{Isolation, Select, Statement, TransactionMode};
use super::super::engine::{Engine, EngineConfig, Reply, Standby};
use super::super::log_file::LogFile;
use super::bell::Bell;
use super::epochs::Epochs;
use super::outbox::Shipment;
use super::protocol::{ServerRequest, ServerResponse, View};
use super::server::{ASK_AGAIN, RESTART_AFTER, Server};

/// Longer than the primary lets a replica wait when there is nothing new.
const FOLLOW_LIMIT: Duration = Duration::from_millis(1_000);

/// A replica.
pub struct Follower {
    context: NodeContext,
    server: Rc<Server>,
    apply_lag: Latency,
    standby: RefCell<Option<Standby>>,
    /// What is durable and not applied, each with the time when it is due.
    received: RefCell<VecDeque<(Duration, Shipment)>>,
    /// Up to where the primary lets it be shown.
    visible: Cell<Lsn>,
    applied: Cell<Lsn>,
    /// Rung when any of the above has changed, and at the end.
    changed: Bell,
    leader: RefCell<String>,
    /// The view that names this server, and when it was asked for.
    named: RefCell<Option<(View, Duration)>>,
}

impl Follower {
    /// A replica that begins with what its log holds.
    ///
    /// # Panics
    /// When the lag's table does not ascend: configurations are validated before anything is built.
    pub fn new(server: Rc<Server>, image: &Image, end: Lsn, view: &View) -> Follower {
        let setup = &server.setup;
        let apply_lag = Latency::try_from(setup.config.apply_lag);
        Follower {
            context: server.context.clone(),
            apply_lag: apply_lag.expect("validated tables ascend"),
            standby: RefCell::new(Some(standby(&server, image, end))),
            received: RefCell::default(),
            visible: Cell::new(end),
            applied: Cell::new(end),
            changed: Bell::default(),
            leader: RefCell::new(view.primary.clone()),
            named: RefCell::default(),
            server,
        }
    }

    /// Follows whoever leads until the operator names this server; gives the store, the log that tells all of it,
    /// and the operator's word.
    pub async fn follow(self: &Rc<Self>, mut log: LogFile) -> (LogFile, Engine, View, Duration) {
        self.context.spawn("apply", self.clone().apply());
        self.context.spawn("report", self.clone().report());
        loop {
            if let Some((view, asked_at)) = self.named.borrow().clone() {
                self.changed.ring();
                return (log, self.promoted(), view, asked_at);
            }
            match self.ask(log.end()).await {
                Some(ServerResponse::Shipped {
                    epochs,
                    anew,
                    shipments,
                    visible,
                }) => {
                    let is_news = !shipments.is_empty() || visible > self.visible.get();
                    self.take(&mut log, epochs, anew, shipments).await;
                    self.visible.set(visible.max(self.visible.get()));
                    self.changed.ring();
                    if !is_news {
                        self.context.sleep(ASK_AGAIN).await;
                    }
                }
                _ => self.context.sleep(ASK_AGAIN).await,
            }
        }
    }

    async fn ask(&self, end: Lsn) -> Option<ServerResponse> {
        let leader = self.leader.borrow().clone();
        let request = ServerRequest::Follow {
            follower: self.context.name(),
            epoch: self.server.epochs.borrow().current(),
            end,
            visible: self.visible.get(),
        };
        let leader = self.context.find(&leader);
        let answer: Result<Arc<ServerResponse>, _> =
            self.context.call(leader, request, FOLLOW_LIMIT).await;
        answer.ok().map(|answer| (*answer).clone())
    }

    /// Makes durable what was sent, then has it applied when it is due.
    async fn take(&self, log: &mut LogFile, epochs: Epochs, anew: bool, shipments: Vec<Shipment>) {
        if !anew {
            self.server.adopt(&epochs).await;
        }
        let mut begins = anew;
        for shipment in shipments {
            if !begins && shipment.from != log.end() {
                // A place between two shipments is none that the primary answers with.
                panic!("invariant: the primary ships what follows {:?}", log.end());
            }
            let written = match shipment.records.as_slice() {
                [Record::Checkpoint(image)] if begins => {
                    self.note_lost(log, &epochs).await;
                    log.restart(shipment.from, image.clone()).await
                }
                [Record::Checkpoint(image)] => log.checkpoint(image.clone()).await,
                records => log.append(records).await,
            };
            begins = false;
            if written.is_err() {
                tracing::error!("the log cannot be written; the process ends and recovers");
                self.context.abort(RESTART_AFTER).await;
            }
            self.server.durable.set(log.end());
            let lag = self
                .apply_lag
                .draw(&mut self.context.stream(Root::Schedule, "apply lag"));
            let due = self.context.monotonic() + lag;
            self.received.borrow_mut().push_back((due, shipment));
        }
        if anew {
            self.server.adopt(&epochs).await;
        }
    }

    /// Leaves a note `ledger_commits_lost` of what this log holds and the primary's does not: commits of a reign
    /// that ended before they were replicated.
    async fn note_lost(&self, log: &LogFile, epochs: &Epochs) {
        let own = self.server.epochs.borrow().current();
        let parted = epochs.end_of(own).unwrap_or(Lsn(0));
        let lost = log.commits_after(parted).await.len();
        self.context.reached("replica_began_anew");
        if own == 0 || log.end() <= parted || lost == 0 {
            return;
        }
        let detail = [
            ("epoch", Value::Int(own as i64)),
            ("from", Value::Int(parted.0 as i64)),
            ("upto", Value::Int(log.end().0 as i64)),
            ("commits", Value::Int(lost as i64)),
        ];
        self.context.note("ledger_commits_lost", Value::map(detail));
        self.context.reached("commits_were_lost");
        (0..lost).for_each(|_| self.context.count("ledger.commits_lost", &[]));
    }

    /// Applies what is due, one commit after the other, for as long as this server follows.
    async fn apply(self: Rc<Self>) {
        loop {
            let may_show = || {
                let received = self.received.borrow();
                received
                    .front()
                    .is_some_and(|(_, it)| it.upto <= self.visible.get())
            };
            self.changed.until(|| self.is_over() || may_show()).await;
            let due = self.received.borrow().front().map(|(due, _)| *due);
            if let Some(due) = due {
                let wait = due.saturating_sub(self.context.monotonic());
                self.context.sleep(wait).await;
            }
            if self.is_over() {
                return;
            }
            self.apply_first();
        }
    }

    fn apply_first(&self) {
        let Some((_, shipment)) = self.received.borrow_mut().pop_front() else {
            return;
        };
        let mut standby = self.standby.borrow_mut();
        let standby = standby.as_mut().expect("invariant: a replica has a store");
        let begins_anew = shipment.is_checkpoint() && shipment.from != standby.applied();
        if let ([Record::Checkpoint(image)], true) = (shipment.records.as_slice(), begins_anew) {
            *standby = self::standby(&self.server, image, shipment.upto);
        } else {
            let now = self.context.monotonic().as_nanos() as u64;
            let now = now.max(standby.engine().now_ns());
            standby
                .apply(shipment.from, &shipment.records, shipment.upto, now)
                .expect("invariant: what is durable here follows what was applied");
        }
        self.applied.set(shipment.upto);
        self.changed.ring();
    }

    /// Reports to the operator until it names this server.
    async fn report(self: Rc<Self>) {
        while self.named.borrow().is_none() {
            let (view, asked_at) = self.server.ask_operator().await;
            if view.primary == self.context.name() {
                self.named.replace(Some((view, asked_at)));
            } else {
                self.leader.replace(view.primary);
                self.context.sleep(super::server::REPORT_EVERY).await;
            }
        }
    }

    fn is_over(&self) -> bool {
        self.standby.borrow().is_none()
    }

    /// Shows all that is durable, at once, and takes over.
    fn promoted(&self) -> Engine {
        while !self.received.borrow().is_empty() {
            self.apply_first();
        }
        let standby = self.standby.borrow_mut().take();
        standby
            .expect("invariant: a replica is promoted once")
            .promote()
    }

    /// Reads as of a position, or a later one.
    pub async fn read(&self, selects: &[Select], at_least: Lsn, wait_ms: u64) -> ServerResponse {
        let patience = self.context.sleep(Duration::from_millis(wait_ms));
        let is_there = || self.is_over() || self.applied.get() >= at_least;
        if self.applied.get() < at_least {
            self.context.reached("session_read_waited_for_its_replica");
        }
        if !self.changed.until_or(is_there, patience).await {
            return ServerResponse::Behind;
        }
        for select in selects {
            let statement = Statement::Select(select.clone());
            let latency = self.server.setup.ledger.timing.of_statement(&statement);
            self.context.work(latency).await;
        }
        self.read_now(selects)
    }

    fn read_now(&self, selects: &[Select]) -> ServerResponse {
        let mut standby = self.standby.borrow_mut();
        let Some(standby) = standby.as_mut() else {
            return ServerResponse::NotMine;
        };
        let engine = standby.engine();
        let now = engine.now_ns();
        let session = engine
            .open_session(true)
            .expect("one session is open at a time");
        let begin = Statement::Begin(TransactionMode::new(Isolation::RepeatableRead));
        let mut rows = Vec::new();
        let mut refused = None;
        let selects = selects.iter().cloned().map(Statement::Select);
        for statement in [begin].into_iter().chain(selects) {
            match engine.execute(session, statement, now) {
                Reply::Done(Ok(outcome)) => rows.push(outcome.rows),
                Reply::Done(Err(error)) | Reply::Terminated(error) => {
                    refused = Some(error);
                    break;
                }
                Reply::Waiting | Reply::Committing(_) => {
                    unreachable!("a query on a replica neither waits nor commits")
                }
            }
        }
        engine.close_session(session, now);
        match refused {
            Some(error) => ServerResponse::Refused(error),
            None => ServerResponse::Rows {
                rows: rows.split_off(1),
                applied: self.applied.get(),
            },
        }
    }
}

fn standby(server: &Server, image: &Image, upto: Lsn) -> Standby {
    let catalog = server.setup.ledger.catalog.clone();
    Standby::from_image(catalog, EngineConfig::postgresql_15(), image, upto)
        .expect("invariant: an image fits the schema it was recovered or sent for")
}
