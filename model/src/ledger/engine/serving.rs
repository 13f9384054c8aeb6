//! The engine: sessions in, replies out; it behaves towards concurrent sessions as PostgreSQL 15 does.
//!
//! It is a plain value. It reads no clock (the caller passes the time), does no I/O (a commit hands out log
//! records and waits for [`Engine::commit_durable`]) and draws nothing at random. One statement per session
//! at a time; a statement that must wait answers [`Reply::Waiting`] and its end comes out of
//! [`Engine::take_completions`]. Transitions of transactions are in `commit`, time-outs in `timers`, the
//! work of statements in `executor`. Start at [`Engine::execute`].

use super::config::{EngineConfig, WakeOrder};
use super::error::{SqlError, SqlState};
use super::executor::{Execution, Pause, Progress, View};
use super::heap::Heap;
use super::index::Index;
use super::locks::Locks;
use super::log::record::{Change, Record};
use super::schema::{Catalog, SchemaError, SequenceId, TableDef, TableId};
use super::serializable::{Safety, Serializable};
use super::session::{Activity, Session, SessionId, SessionTimeouts, Transaction};
use super::statement::{CommandTag, Isolation, Outcome, Statement, TransactionMode};
use super::sweep::Dead;
use super::timers::Due;
use super::transaction::{Transactions, Xid};
use super::validation::validate;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The answer to a statement, at once or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The statement is over.
    Done(Result<Outcome, SqlError>),
    /// It waits; a completion will follow.
    Waiting,
    /// It has committed as far as the engine is concerned: the caller makes these records durable and then
    /// calls [`Engine::commit_durable`], which gives the outcome. Until then its locks are held and nobody
    /// sees its changes.
    Committing(Vec<Record>),
    /// The session was ended by the server with this error.
    Terminated(SqlError),
}

/// A later answer to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The session answered.
    pub session: SessionId,
    /// Never [`Reply::Waiting`].
    pub reply: Reply,
}

/// A store of typed tables.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) config: EngineConfig,
    pub(super) catalog: Catalog,
    pub(super) tables: Vec<Table>,
    pub(super) transactions: Transactions,
    pub(super) dead: Dead,
    pub(super) locks: Locks,
    pub(super) ssi: Serializable,
    pub(super) sequences: Vec<Sequence>,
    /// Sequence records that the next commit takes along, whoever drew: a number must be in the log before
    /// any commit that may rest on it.
    pub(super) sequence_changes: Vec<Change>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// Errors that ended sessions, kept for the client's next statement.
    pub(super) last_words: BTreeMap<SessionId, SqlError>,
    pub(super) completions: VecDeque<Completion>,
    /// Sessions whose wait is over, in the order in which they will go on.
    pub(super) runnable: VecDeque<SessionId>,
    /// The next alarm of each session that has one.
    pub(super) alarms: BTreeSet<Due>,
    pub(super) now_ns: u64,
    /// Whether it follows another's log and only reads.
    pub(super) follows: bool,
    next_session: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub heap: Heap,
    pub indexes: Vec<Index>,
    /// Foreign keys that refer to this table: the child and their position there.
    pub referrers: Vec<(TableId, usize)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Sequence {
    pub last: i64,
    /// Numbers up to here are in the log already and need no further record.
    pub logged: i64,
}

/// Numbers a sequence logs ahead, so that not every draw is logged; after a crash they are skipped
/// (`SEQ_LOG_VALS`).
const SEQUENCE_LOG_AHEAD: i64 = 32;

impl Engine {
    /// An empty store.
    pub fn new(catalog: Catalog, config: EngineConfig) -> Result<Self, SchemaError> {
        catalog.validate()?;
        let table = |(number, definition): (usize, &TableDef)| Table {
            heap: Heap::default(),
            indexes: definition
                .indexes
                .iter()
                .map(|index| Index::new(index.columns.len()))
                .collect(),
            referrers: catalog.referrers(TableId(number)).collect(),
        };
        Ok(Self {
            tables: catalog.tables.iter().enumerate().map(table).collect(),
            sequences: vec![Sequence::default(); catalog.sequences.len()],
            sequence_changes: Vec::new(),
            config,
            catalog,
            transactions: Transactions::starting_at(Xid(1)),
            dead: Dead::default(),
            locks: Locks::default(),
            ssi: Serializable::default(),
            sessions: BTreeMap::new(),
            last_words: BTreeMap::new(),
            completions: VecDeque::new(),
            runnable: VecDeque::new(),
            alarms: BTreeSet::new(),
            now_ns: 0,
            follows: false,
            next_session: 1,
        })
    }

    /// Opens a session, or refuses it (53300) when the slots are taken.
    pub fn open_session(&mut self, superuser: bool) -> Result<SessionId, SqlError> {
        let open = self.sessions.len();
        if open >= self.config.connections_max {
            return Err(SqlError::new(
                SqlState::TooManyConnections,
                "sorry, too many clients already",
            ));
        }
        if !superuser && open + self.config.connections_reserved >= self.config.connections_max {
            let words =
                "remaining connection slots are reserved for non-replication superuser connections";
            return Err(SqlError::new(SqlState::TooManyConnections, words));
        }
        let id = SessionId(self.next_session);
        self.next_session += 1;
        let session = Session {
            timeouts: SessionTimeouts::default(),
            transaction: None,
            activity: Activity::Idle(self.now_ns),
            statement_began_ns: self.now_ns,
            deadlock_checked: false,
            alarm: None,
            client_gone: false,
        };
        self.sessions.insert(id, session);
        Ok(id)
    }

    /// How many sessions hold a slot, those of vanished clients included.
    pub fn sessions_open(&self) -> usize {
        self.sessions.len()
    }

    /// What a session is doing, as `pg_stat_activity` tells it, and since when it has idled, in
    /// nanoseconds, if it idles; nothing when there is none.
    pub fn session_state(&self, session: SessionId) -> Option<(&'static str, Option<u64>)> {
        let session = self.sessions.get(&session)?;
        let idle_since = match session.activity {
            Activity::Idle(since) => Some(since),
            Activity::Executing(_) | Activity::Running | Activity::Committing(_) => None,
        };
        let failed = session
            .transaction
            .as_ref()
            .map(|transaction| transaction.failed);
        let state = match (idle_since, failed) {
            (None, _) => "active",
            (Some(_), None) => "idle",
            (Some(_), Some(false)) => "idle in transaction",
            (Some(_), Some(true)) => "idle in transaction (aborted)",
        };
        Some((state, idle_since))
    }

    /// Sets a session's time-outs from its next statement on.
    pub fn set_timeouts(&mut self, id: SessionId, timeouts: SessionTimeouts) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.timeouts = timeouts;
            self.set_alarm(id);
        }
    }

    /// Executes a statement at a time that is not before that of any earlier call.
    ///
    /// A statement may name anything; what does not exist or can't be done is an error like any other.
    ///
    /// # Panics
    /// When the session has a statement under way: the protocol answers one before it takes the next.
    pub fn execute(&mut self, id: SessionId, statement: Statement, now_ns: u64) -> Reply {
        self.advance(now_ns);
        let Some(session) = self.sessions.get_mut(&id) else {
            let gone = || {
                SqlError::new(
                    SqlState::ConnectionDoesNotExist,
                    "the session does not exist",
                )
            };
            return Reply::Done(Err(self.last_words.remove(&id).unwrap_or_else(gone)));
        };
        assert!(
            matches!(session.activity, Activity::Idle(_)),
            "invariant: {id:?} has no statement under way"
        );
        session.statement_began_ns = now_ns;
        let reply = self.begin_statement(id, statement);
        self.run_runnable();
        reply
    }

    /// Completions since the last call, in the order in which they came about.
    pub fn take_completions(&mut self) -> Vec<Completion> {
        self.completions.drain(..).collect()
    }

    /// Closes a session at its client's wish or because the client is gone.
    ///
    /// A statement under way goes on, as PostgreSQL notices a lost client only when it answers: outside a
    /// transaction block its effect stands. A transaction block is rolled back.
    pub fn close_session(&mut self, id: SessionId, now_ns: u64) {
        self.advance(now_ns);
        self.last_words.remove(&id);
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if matches!(session.activity, Activity::Idle(_)) {
            self.remove_session(id);
        } else {
            session.client_gone = true;
        }
        self.run_runnable();
    }

    /// Takes sessions whose wait is over as far as they go.
    pub(super) fn run_runnable(&mut self) {
        let mut choices = self.config.wake_order.choices as usize;
        while !self.runnable.is_empty() {
            let position = choices % self.runnable.len();
            choices /= self.runnable.len();
            let Some(id) = self.runnable.remove(position) else {
                continue;
            };
            let Some(session) = self.sessions.get_mut(&id) else {
                continue;
            };
            match std::mem::replace(&mut session.activity, Activity::Running) {
                Activity::Executing(execution) => {
                    let reply = self.go_on(id, *execution);
                    self.answer_later(id, reply);
                }
                other => session.activity = other,
            }
        }
    }

    /// Marks sessions as able to go on.
    pub(super) fn wake(&mut self, sessions: Vec<SessionId>) {
        self.runnable.extend(sessions);
    }

    /// Chooses the order of waking from now on.
    pub fn set_wake_order(&mut self, order: WakeOrder) {
        self.config.wake_order = order;
        let waiting: Vec<SessionId> = self.alarms.iter().map(|(.., id)| *id).collect();
        waiting.into_iter().for_each(|id| self.set_alarm(id));
    }

    /// Answers a session that is not listening just now; a vanished client's session ends here.
    pub(super) fn answer_later(&mut self, session: SessionId, reply: Reply) {
        let gone = self
            .sessions
            .get(&session)
            .is_some_and(|session| session.client_gone);
        match reply {
            Reply::Waiting => {}
            Reply::Done(_) if gone => self.remove_session(session),
            reply => self.completions.push_back(Completion { session, reply }),
        }
    }

    fn begin_statement(&mut self, id: SessionId, statement: Statement) -> Reply {
        // What begins on a standby stays read-only, through a promotion too.
        let default = TransactionMode {
            read_only: self.follows,
            ..TransactionMode::new(self.config.default_isolation)
        };
        let session = self.session_mut(id);
        let failed = session
            .transaction
            .as_ref()
            .is_some_and(|transaction| transaction.failed);
        match statement {
            Statement::Commit | Statement::Rollback => {
                self.end_block(id, statement == Statement::Commit)
            }
            _ if failed => self.idle_with(id, Err(SqlError::in_failed_transaction())),
            Statement::Begin(mode) => self.begin_block(id, mode),
            statement => {
                let transaction = session
                    .transaction
                    .get_or_insert_with(|| Transaction::new(default, false));
                let read_only = transaction.mode.read_only;
                transaction.queried = true;
                session.activity = Activity::Running;
                if let Err(error) = validate(&self.catalog, &statement) {
                    return self.fail_statement(id, error);
                }
                if read_only && writes(&statement) {
                    let words = "cannot execute a writing statement in a read-only transaction";
                    return self.fail_statement(
                        id,
                        SqlError::new(SqlState::ReadOnlySqlTransaction, words),
                    );
                }
                self.go_on(id, Execution::new(statement))
            }
        }
    }

    /// BEGIN; inside a block PostgreSQL only warns, but applies the properties as SET TRANSACTION would.
    fn begin_block(&mut self, id: SessionId, mut mode: TransactionMode) -> Reply {
        mode.read_only |= self.follows;
        let transaction = self
            .session_mut(id)
            .transaction
            .get_or_insert_with(|| Transaction::new(mode, true));
        if transaction.queried && transaction.mode.isolation != mode.isolation {
            let words = "SET TRANSACTION ISOLATION LEVEL must be called before any query";
            return self.fail_statement(id, SqlError::new(SqlState::ActiveSqlTransaction, words));
        }
        transaction.mode.isolation = mode.isolation;
        transaction.mode.read_only |= mode.read_only;
        self.idle_with(
            id,
            Ok(Outcome {
                tag: CommandTag::Begin,
                rows: Vec::new(),
            }),
        )
    }

    fn go_on(&mut self, id: SessionId, mut execution: Execution) -> Reply {
        match self.step(id, &mut execution) {
            Ok(outcome) => self.finish_statement(id, outcome),
            Err(Pause::Error(error)) => self.fail_statement(id, error),
            Err(Pause::Wait) => {
                let session = self.session_mut(id);
                session.activity = Activity::Executing(Box::new(execution));
                session.deadlock_checked = false;
                self.set_alarm(id);
                Reply::Waiting
            }
        }
    }

    /// Takes the snapshot a statement works with, and begins to track a serializable transaction.
    pub(super) fn begin_view(&mut self, id: SessionId) -> Progress<View> {
        let transaction = self.transaction(id);
        let (mode, command) = (transaction.mode, transaction.command);
        if let Some(snapshot) = transaction.snapshot.clone() {
            // A deferrable transaction that waits for a safe snapshot has one already, but may not use it
            // yet.
            match transaction
                .sxact
                .filter(|_| mode.deferrable && mode.read_only)
            {
                None => {
                    return Ok(View {
                        session: id,
                        snapshot,
                        command,
                    });
                }
                Some(sxact) => match self.ssi.safety(sxact) {
                    Safety::Safe => {
                        self.ssi.release(sxact);
                        self.transaction_mut(id).sxact = None;
                        return Ok(View {
                            session: id,
                            snapshot,
                            command,
                        });
                    }
                    Safety::Unsafe => {
                        self.ssi.release(sxact);
                        self.transaction_mut(id).sxact = None;
                    }
                    Safety::Unknown => return self.wait_for_safety(id),
                },
            }
        }
        if self.follows && mode.isolation == Isolation::Serializable {
            let words = "cannot use serializable mode in a hot standby";
            return Err(SqlError::new(SqlState::FeatureNotSupported, words).into());
        }
        let snapshot = self.transactions.snapshot();
        if mode.isolation != Isolation::ReadCommitted {
            self.transaction_mut(id).snapshot = Some(snapshot.clone());
        }
        if mode.isolation == Isolation::Serializable {
            let deferrable = mode.deferrable && mode.read_only;
            let sxact = self.ssi.begin(id, &snapshot, mode.read_only, deferrable);
            self.transaction_mut(id).sxact = sxact;
            if deferrable && sxact.is_some() {
                return self.wait_for_safety(id);
            }
        }
        Ok(View {
            session: id,
            snapshot,
            command,
        })
    }

    fn wait_for_safety(&mut self, id: SessionId) -> Progress<View> {
        self.locks.wait_for_safe_snapshot(id, self.now_ns);
        Err(Pause::Wait)
    }

    /// Draws from a sequence; a rollback does not give the number back.
    pub(super) fn next_value(
        &mut self,
        id: SessionId,
        sequence: SequenceId,
    ) -> Result<i64, SqlError> {
        let name = &self.catalog.sequences[sequence.0];
        let state = &mut self.sequences[sequence.0];
        let next = state.last.checked_add(1).ok_or_else(|| {
            let words = format!(
                "nextval: reached maximum value of sequence \"{name}\" ({})",
                i64::MAX
            );
            SqlError::new(SqlState::SequenceGeneratorLimitExceeded, words)
        })?;
        state.last = next;
        if next > state.logged {
            let upto = next.saturating_add(SEQUENCE_LOG_AHEAD);
            state.logged = upto;
            self.assign_xid(id);
            self.sequence_changes
                .push(Change::Sequence { sequence, upto });
        }
        Ok(next)
    }

    /// The session's transaction number, given now if it has none yet.
    pub(super) fn assign_xid(&mut self, id: SessionId) -> Xid {
        if let Some(xid) = self.own_xid(id) {
            return xid;
        }
        let xid = self.transactions.assign(id);
        let transaction = self.transaction_mut(id);
        transaction.xid = Some(xid);
        if let Some(sxact) = transaction.sxact {
            self.ssi.register_xid(sxact, xid);
        }
        xid
    }

    pub(super) fn own_xid(&self, id: SessionId) -> Option<Xid> {
        self.session(id)
            .transaction
            .as_ref()
            .and_then(|transaction| transaction.xid)
    }

    pub(super) fn keeps_snapshot(&self, id: SessionId) -> bool {
        self.transaction(id).keeps_snapshot()
    }

    pub(super) fn session(&self, id: SessionId) -> &Session {
        self.sessions
            .get(&id)
            .unwrap_or_else(|| panic!("invariant: {id:?} is open while it has work"))
    }

    pub(super) fn session_mut(&mut self, id: SessionId) -> &mut Session {
        self.sessions
            .get_mut(&id)
            .unwrap_or_else(|| panic!("invariant: {id:?} is open while it has work"))
    }

    pub(super) fn transaction(&self, id: SessionId) -> &Transaction {
        let transaction = self.session(id).transaction.as_ref();
        transaction
            .unwrap_or_else(|| panic!("invariant: {id:?} has a transaction while it has work"))
    }

    pub(super) fn transaction_mut(&mut self, id: SessionId) -> &mut Transaction {
        let transaction = self.session_mut(id).transaction.as_mut();
        transaction
            .unwrap_or_else(|| panic!("invariant: {id:?} has a transaction while it has work"))
    }
}

fn writes(statement: &Statement) -> bool {
    match statement {
        Statement::Select(select) => select.locking.is_some(),
        Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::NextValue(_) => true,
        Statement::Begin(_) | Statement::Commit | Statement::Rollback => false,
    }
}
