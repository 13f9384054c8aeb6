//! The Ledger as a node: the engine behind connections, and a log that is synced before anything is
//! acknowledged.
//!
//! What happens to a request: its time of service passes; the engine executes its statements one by
//! one; a statement that must wait is answered when the engine completes it; a commit waits until its
//! records are durable ([`group_commit`](super::group_commit)). A log that cannot be written or synced
//! ends the process, as a store must that no longer knows what its disk holds; recovery reads the log
//! again, and every connection is gone.
//!
//! A Ledger of several servers has one such node at a time, and what it may confirm depends on the others:
//! see [`replica`](super::replica).

mod committing;
mod sessions;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::NodeContext;
use sim::network::Incoming;

use super::connections::{Arrival, Connections};
use super::engine::log::recovery::empty_image;
use super::engine::schema::Catalog;
use super::engine::statement::{Isolation, Outcome, Statement, TransactionMode};
use super::engine::{Completion, Engine, EngineConfig, Reply, SessionId, SqlError, SqlState};
use super::group_commit::GroupCommit;
use super::log_file::LogFile;
use super::protocol::{LedgerRequest, LedgerResponse};
use super::replica::leadership::Leadership;
use super::replica::protocol::ServerRequest;
use super::timing::LedgerTiming;
use super::waiting::Waiting;
use crate::defects::{Defect, Defects};

/// The name of the Ledger's node.
pub const LEDGER: &str = "ledger";

const RESTART_AFTER: Duration = Duration::from_secs(1);

/// What a Ledger is made of.
pub struct LedgerSetup {
    /// How long it serves.
    pub timing: LedgerTiming,
    /// The tables it holds. Invariant: it validates.
    pub catalog: Catalog,
    /// What a Ledger executes before it serves for the first time, all in one transaction.
    pub first_rows: Vec<Statement>,
    /// The bugs switched on.
    pub defects: Defects,
}

/// One process of the Ledger.
pub struct Ledger {
    context: NodeContext,
    setup: Rc<LedgerSetup>,
    engine: RefCell<Engine>,
    connections: RefCell<Connections>,
    waiting: Waiting,
    log: GroupCommit,
    /// When the engine is to be woken, in nanoseconds of the node's clock; nothing while no task will.
    alarm: RefCell<Option<u64>>,
    /// Its reign over replicas; nothing for a Ledger that is alone.
    leads: Option<Rc<Leadership>>,
}

/// The Ledger's program: recover, then serve.
pub async fn run(context: NodeContext, setup: Rc<LedgerSetup>) {
    let drops_tail = setup.defects.has(Defect::RecoveryDropsTail);
    let (log, image) = LogFile::open(&context, &setup.catalog, drops_tail).await;
    let image = image.unwrap_or_else(|| empty_image(&setup.catalog));
    let is_new = image.is_untouched();
    let engine = Engine::from_image(setup.catalog.clone(), EngineConfig::postgresql_15(), &image)
        .expect("invariant: an image from recovery fits the schema it was recovered for");
    let ledger = Ledger::new(context.clone(), setup, engine, GroupCommit::new(log), None);
    if is_new {
        ledger.fill_in_first_rows().await;
    }
    loop {
        let incoming = context.receive().await;
        let ledger = ledger.clone();
        context.spawn_for(
            incoming.lineage,
            async move { ledger.serve(incoming).await },
        );
    }
}

impl Ledger {
    fn new(
        context: NodeContext,
        setup: Rc<LedgerSetup>,
        engine: Engine,
        log: GroupCommit,
        leads: Option<Rc<Leadership>>,
    ) -> Rc<Ledger> {
        Rc::new(Ledger {
            context,
            setup,
            engine: RefCell::new(engine),
            connections: RefCell::default(),
            waiting: Waiting::default(),
            log,
            alarm: RefCell::default(),
            leads,
        })
    }

    /// The primary of several servers.
    pub(super) fn leading(
        context: NodeContext,
        setup: Rc<LedgerSetup>,
        engine: Engine,
        log: LogFile,
        leads: Rc<Leadership>,
    ) -> Rc<Ledger> {
        Ledger::new(
            context,
            setup,
            engine,
            GroupCommit::followed(log),
            Some(leads),
        )
    }

    /// Answers a request, of a client or of a replica.
    pub(super) async fn serve(self: Rc<Self>, incoming: Incoming) {
        if let (Some(leads), Some(request)) = (&self.leads, incoming.payload::<ServerRequest>()) {
            let response = self.ship(leads, &request).await;
            self.context.reply(&incoming, response);
            return;
        }
        let request: Arc<LedgerRequest> = incoming
            .payload()
            .expect("the Ledger is asked in its own protocol");
        match &*request {
            LedgerRequest::Connect { .. }
                if self.leads.as_ref().is_some_and(|it| !it.may_serve()) =>
            {
                self.context.reply(&incoming, LedgerResponse::NotPrimary);
            }
            LedgerRequest::Connect { connection, peer } => {
                self.context.work(self.setup.timing.of_connect()).await;
                // A late copy of a connection that is over is heard by nobody.
                if !self.connections.borrow().is_over(*connection) {
                    let response = self.connect(*connection, peer);
                    self.context.reply(&incoming, response);
                }
            }
            LedgerRequest::Execute {
                connection,
                life,
                sequence,
                statements,
            } => {
                let arrival = if *life == self.context.incarnation() {
                    self.connections.borrow_mut().arrive(*connection, *sequence)
                } else {
                    Arrival::Unknown
                };
                match arrival {
                    Arrival::Next(session) => {
                        let mut response = self.execute(session, statements).await;
                        self.connections.borrow_mut().answered(*connection);
                        if self.leads.as_ref().is_some_and(|leads| !leads.may_answer()) {
                            // What was read may be outdated, what was written overruled.
                            response = LedgerResponse::NotConnected;
                        }
                        self.context.reply(&incoming, response);
                    }
                    // TCP would have dropped it.
                    Arrival::Repeated => {}
                    Arrival::Unknown => self.context.reply(&incoming, LedgerResponse::NotConnected),
                }
            }
            LedgerRequest::Activity => {
                let sessions = self.activity();
                self.context
                    .reply(&incoming, LedgerResponse::Sessions(sessions));
            }
            LedgerRequest::Close { connection } => {
                let closed = self.connections.borrow_mut().remove(*connection);
                self.close(closed);
            }
        }
    }

    /// Executes a pipeline: up to the first statement that fails.
    async fn execute(
        self: &Rc<Self>,
        session: SessionId,
        statements: &[Statement],
    ) -> LedgerResponse {
        let mut outcomes = Vec::with_capacity(statements.len());
        let mut error = None;
        for statement in statements {
            // Between two statements of one pipeline those of others run: so locks can cross.
            let latency = self.setup.timing.of_statement(statement);
            self.context.work(latency).await;
            match self.execute_one(session, statement.clone()).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(failed) => {
                    error = Some(failed);
                    break;
                }
            }
        }
        LedgerResponse::Executed {
            outcomes,
            error,
            at: self.context.wall_clock().millis(),
            durable: self.log.durable(),
        }
    }

    async fn execute_one(
        self: &Rc<Self>,
        session: SessionId,
        statement: Statement,
    ) -> Result<Outcome, SqlError> {
        let now = self.now();
        let mut reply = self.engine.borrow_mut().execute(session, statement, now);
        if let Reply::Committing(_) = reply {
            self.log.promise();
        }
        self.after_engine();
        if matches!(reply, Reply::Waiting) {
            self.context.reached("statement_waited_for_a_lock");
            reply = self.waiting.reply(session).await;
        }
        match reply {
            Reply::Done(done) => done.inspect_err(|error| self.tell(error)),
            Reply::Terminated(error) => Err(error),
            Reply::Committing(records) => self.commit(session, records).await,
            Reply::Waiting => unreachable!("a completion never says that it waits"),
        }
    }

    /// What every call of the engine may have caused: completions of others, and a new alarm.
    fn after_engine(self: &Rc<Self>) {
        let completions = self.engine.borrow_mut().take_completions();
        for Completion { session, reply } in completions {
            match reply {
                Reply::Terminated(_) => self.connections.borrow_mut().forget_session(session),
                Reply::Committing(_) => self.log.promise(),
                Reply::Done(_) | Reply::Waiting => {}
            }
            // Of an idle session's end its client learns at its next request; a commit stands even
            // when nobody waits to hear of it.
            if let Some(Reply::Committing(records)) = self.waiting.complete(session, reply) {
                let ledger = self.clone();
                let commit = async move { drop(ledger.commit(session, records).await) };
                self.context.spawn("commit", commit);
            }
        }
        self.set_alarm();
    }

    /// Sees to it that the engine is called when its next timer goes off.
    fn set_alarm(self: &Rc<Self>) {
        let Some(due) = self.engine.borrow().next_deadline() else {
            return;
        };
        if self.alarm.borrow().is_some_and(|earlier| earlier <= due) {
            return;
        }
        *self.alarm.borrow_mut() = Some(due);
        let ledger = self.clone();
        let wait = Duration::from_nanos(due.saturating_sub(self.now()));
        self.context.spawn("alarm", async move {
            ledger.context.sleep(wait).await;
            ledger.ring(due);
        });
    }

    fn ring(self: &Rc<Self>, due: u64) {
        // A later alarm was replaced by an earlier one that has rung since; it has nothing to say.
        if self.alarm.borrow().is_some_and(|armed| armed == due) {
            self.alarm.borrow_mut().take();
        }
        // A drifting clock may show a moment less than was slept for.
        let now = self.now().max(due);
        if now >= self.engine.borrow().now_ns() {
            self.engine.borrow_mut().advance(now);
        }
        self.after_engine();
    }

    /// The engine's time: it never goes back, though an alarm may have taken it a moment ahead.
    fn now(&self) -> u64 {
        let now =
            u64::try_from(self.context.monotonic().as_nanos()).expect("runs end before 584 years");
        now.max(self.engine.borrow().now_ns())
    }

    fn tell(&self, error: &SqlError) {
        match error.state {
            SqlState::DeadlockDetected => self.context.reached("deadlock_was_broken"),
            SqlState::SerializationFailure => {
                self.context.reached("transaction_was_not_serializable")
            }
            _ => {}
        }
    }

    /// Executes what a new Ledger begins with, in one transaction: a Ledger has all of it or is still new.
    pub(super) async fn fill_in_first_rows(self: &Rc<Self>) {
        let session = self
            .engine
            .borrow_mut()
            .open_session(true)
            .expect("the first session finds a free slot");
        let begin = Statement::Begin(TransactionMode::new(Isolation::ReadCommitted));
        let rows = self.setup.first_rows.iter().cloned();
        for statement in std::iter::once(begin)
            .chain(rows)
            .chain([Statement::Commit])
        {
            self.execute_one(session, statement)
                .await
                .expect("invariant: the first rows fit the catalog they are given with");
        }
        self.close([session]);
    }
}
