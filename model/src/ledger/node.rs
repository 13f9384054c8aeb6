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

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::NodeContext;
use sim::latency::Latency;
use sim::network::Incoming;
use sim::record::value::Value as Note;

use super::connections::{Arrival, Connections};
use super::engine::log::frame::Lsn;
use super::engine::log::record::Record;
use super::engine::log::recovery::empty_image;
use super::engine::schema::Catalog;
use super::engine::statement::{Outcome, Statement};
use super::engine::{
    Completion, Engine, EngineConfig, Reply, SessionId, SessionTimeouts, SqlError, SqlState,
};
use super::group_commit::{Durability, GroupCommit};
use super::log_file::LogFile;
use super::protocol::{ConnectionKey, LedgerRequest, LedgerResponse, Peer, SessionActivity};
use super::replica::leadership::Leadership;
use super::replica::outbox::Next;
use super::replica::protocol::{ServerRequest, ServerResponse};
use super::waiting::{Waiting, client_gone};
use crate::config::Timing;
use crate::defects::{Defect, Defects};

/// The name of the Ledger's node.
pub const LEDGER: &str = "ledger";

const RESTART_AFTER: Duration = Duration::from_secs(1);
/// No statement of the service waits longer for a lock (`lock_timeout`): longer than the second after
/// which deadlocks are looked for.
const LOCK_TIMEOUT: Duration = Duration::from_millis(2_500);
/// `statement_timeout`: shorter than a client's patience, so that the client is told.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(4);
/// `idle_in_transaction_session_timeout`: how long a vanished client's locks may be in the way.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// `idle_session_timeout`: twice as long as the services keep a connection they do not use.
const IDLE_SESSION_TIMEOUT: Duration = Duration::from_secs(60);

/// What a Ledger is made of.
pub struct LedgerSetup {
    /// How long it serves.
    pub timing: LedgerTiming,
    /// The tables it holds. Invariant: it validates.
    pub catalog: Catalog,
    /// What a Ledger executes before it serves for the first time, each statement committed by itself.
    pub first_rows: Vec<Statement>,
    /// The bugs switched on.
    pub defects: Defects,
}

/// The Ledger's service times.
pub struct LedgerTiming {
    begin: Latency,
    write: Latency,
    commit: Latency,
    read: Latency,
}

impl LedgerTiming {
    /// The Ledger's part of the system's timing.
    ///
    /// # Panics
    /// When a table does not ascend: configurations are validated before anything is built.
    pub fn of(timing: &Timing) -> LedgerTiming {
        let latency = |table| Latency::try_from(table).expect("validated tables ascend");
        LedgerTiming {
            begin: latency(timing.begin),
            write: latency(timing.write),
            commit: latency(timing.commit),
            read: latency(timing.read),
        }
    }

    pub(super) fn of_statement(&self, statement: &Statement) -> &Latency {
        match statement {
            Statement::Begin(_) => &self.begin,
            Statement::Commit => &self.commit,
            Statement::Select(_) | Statement::Rollback | Statement::NextValue(_) => &self.read,
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => &self.write,
        }
    }
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
    let is_new = image.is_none();
    let image = image.unwrap_or_else(|| empty_image(&setup.catalog));
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

    /// How far its log is durable.
    pub(super) fn durable(&self) -> Lsn {
        self.log.durable()
    }

    /// The operator has said who counts: who waits for replicas looks again.
    pub(super) fn replicas_changed(&self) {
        self.log.shipped().ring();
    }

    /// Waits until a position is where confirmed commits are.
    pub(super) async fn replicated(&self, upto: Lsn) {
        if let Some(leads) = &self.leads {
            leads.replicated(&self.log, upto).await;
        }
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
                if self.leads.as_ref().is_some_and(|it| !it.is_ready()) =>
            {
                self.context.reply(&incoming, LedgerResponse::NotPrimary);
            }
            LedgerRequest::Connect { connection, peer } => {
                self.context.work(&self.setup.timing.begin).await;
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

    /// What a replica gets.
    async fn ship(self: &Rc<Self>, leads: &Leadership, request: &ServerRequest) -> ServerResponse {
        let ServerRequest::Follow {
            follower,
            epoch,
            end,
            visible,
        } = request
        else {
            return ServerResponse::NotMine;
        };
        let next = leads
            .next_for(&self.log, (follower, *epoch, *end), *visible)
            .await;
        if next == Next::NeedsCheckpoint {
            self.log.want_checkpoint();
            self.checkpoint_if_long().await;
        }
        leads.shipped(&self.log, next)
    }

    fn activity(&self) -> Vec<SessionActivity> {
        let now = self.now();
        let (connections, engine) = (self.connections.borrow(), self.engine.borrow());
        let open = connections.iter();
        open.filter_map(|(client, session)| {
            let (state, idle_since) = engine.session_state(session)?;
            Some(SessionActivity {
                client: client.to_owned(),
                state,
                idle_ms: idle_since.map_or(0, |since| (now - since) / 1_000_000),
            })
        })
        .collect()
    }

    /// Sessions outside a transaction that idled for too long: their clients have gone without a word.
    fn idle_for_too_long(&self) -> Vec<SessionId> {
        let since = self
            .now()
            .saturating_sub(IDLE_SESSION_TIMEOUT.as_nanos() as u64);
        let (connections, engine) = (self.connections.borrow(), self.engine.borrow());
        let idle = |session: &SessionId| {
            let state = engine.session_state(*session);
            matches!(state, Some(("idle", Some(idle_since))) if idle_since < since)
        };
        connections
            .iter()
            .map(|(_, session)| session)
            .filter(idle)
            .collect()
    }

    /// Leaves a note of how many sessions are open.
    fn note_connections(&self, peer: &Peer) {
        let open = self.engine.borrow().sessions_open();
        let counts = [
            ("client", Note::from(peer.name.as_str())),
            ("open", (open as i64).into()),
            (
                "limit",
                (EngineConfig::postgresql_15().connections_max as i64).into(),
            ),
        ];
        self.context.note("connections", Note::map(counts));
    }

    fn connect(self: &Rc<Self>, connection: ConnectionKey, peer: &Peer) -> LedgerResponse {
        let dead = self.connections.borrow_mut().outlived_by(peer);
        self.close(dead);
        for session in self.idle_for_too_long() {
            self.connections.borrow_mut().forget_session(session);
            self.close([session]);
        }
        if self.connections.borrow().session(connection).is_some() {
            return self.connected();
        }
        let opened = self.engine.borrow_mut().open_session(peer.superuser);
        match opened {
            Ok(session) => {
                self.engine
                    .borrow_mut()
                    .set_timeouts(session, service_timeouts());
                self.connections
                    .borrow_mut()
                    .add(connection, peer.clone(), session);
                self.note_connections(peer);
                self.connected()
            }
            Err(error) => {
                self.note_connections(peer);
                self.context.reached("ledger_refused_a_connection");
                LedgerResponse::Refused(error)
            }
        }
    }

    fn connected(&self) -> LedgerResponse {
        LedgerResponse::Connected {
            life: self.context.incarnation(),
        }
    }

    fn close(self: &Rc<Self>, sessions: impl IntoIterator<Item = SessionId>) {
        for session in sessions {
            let now = self.now();
            self.engine.borrow_mut().close_session(session, now);
            self.waiting.give_up(session);
        }
        self.after_engine();
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

    /// Makes a decided commit durable, then lets others see it.
    async fn commit(
        self: &Rc<Self>,
        session: SessionId,
        records: Vec<Record>,
    ) -> Result<Outcome, SqlError> {
        if self.setup.defects.has(Defect::WalAckBeforeSync) {
            let ledger = self.clone();
            let sync = async move { ledger.make_durable(records).await };
            self.context.spawn("sync", sync);
        } else {
            self.make_durable(records).await;
        }
        if let Some(leads) = &self.leads {
            let upto = self.log.durable();
            leads.replicated(&self.log, upto).await;
            leads.note_commit(upto);
        }
        let now = self.now();
        let outcome = self.engine.borrow_mut().commit_durable(session, now);
        self.after_engine();
        self.checkpoint_if_long().await;
        outcome.ok_or_else(client_gone)
    }

    async fn make_durable(&self, records: Vec<Record>) {
        if let Durability::Lost = self.log.make_durable(records).await {
            self.give_up().await;
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

    async fn checkpoint_if_long(&self) {
        let image = || self.engine.borrow().image();
        if let Durability::Lost = self.log.checkpoint_if_long(image).await {
            self.give_up().await;
        }
    }

    /// The memory is ahead of the log, and nobody knows what the disk holds: only recovery does.
    async fn give_up(&self) -> ! {
        tracing::error!("the log cannot be written; the process ends and recovers");
        self.context.reached("ledger_ended_on_a_disk_error");
        self.context.abort(RESTART_AFTER).await
    }

    /// Executes what a new Ledger begins with.
    pub(super) async fn fill_in_first_rows(self: &Rc<Self>) {
        let session = self
            .engine
            .borrow_mut()
            .open_session(true)
            .expect("the first session finds a free slot");
        for statement in &self.setup.first_rows {
            self.execute_one(session, statement.clone())
                .await
                .expect("invariant: the first rows fit the catalog they are given with");
        }
        self.close([session]);
    }
}

fn service_timeouts() -> SessionTimeouts {
    let nanos = |span: Duration| Some(span.as_nanos() as u64);
    SessionTimeouts {
        statement_ns: nanos(STATEMENT_TIMEOUT),
        lock_ns: nanos(LOCK_TIMEOUT),
        idle_in_transaction_ns: nanos(IDLE_IN_TRANSACTION_TIMEOUT),
    }
}
