//! How a service talks to the Ledger: a pool of connections behind a circuit, and transactions that are
//! retried when only others were in the way.
//!
//! Start at [`LedgerClient::transact`]. [`replicas`] is for reads that need not be the newest; [`connection`] is one connection, [`transaction`] what is open
//! on it, [`error`] what may become of it, [`clock`] what is known of the Ledger's time. A connection is leased for the length of one transaction and
//! never while something else is waited for.

pub mod clock;
pub mod connection;
pub mod error;
pub mod replicas;
pub mod transaction;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use sim::random::Root;
use sim::record::value::Value as Note;
use sim::{NodeContext, NodeId};

use self::clock::LedgerClock;
use self::connection::{Connection, Executed};
use self::transaction::Transaction;
use super::engine::log::frame::Lsn;
use super::engine::schema::TableId;
use super::engine::statement::{Isolation, Select, Statement, TransactionMode};
use super::engine::{Row, SqlState};
use super::node::LEDGER;
use super::tables::{audit, notifications, outbox};
use crate::core::retry::Backoff;
use crate::defects::{Defect, Defects};
use crate::resilience::breaker::{BreakerPolicy, Settlement};
use crate::resilience::circuit::Circuit;
use crate::resilience::deadline::Deadline;
use crate::resilience::pool::{Lease, Pool};

pub use self::error::LedgerError;

/// Whoever gave the Ledger less time than this learns nothing of it from its silence.
const FAIR_CHANCE: Duration = Duration::from_secs(1);
/// The Ledger's time limit for one round trip.
pub const ROUND_TRIP_LIMIT: Duration = Duration::from_secs(5);
/// How long is waited for a connection of the pool.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(2);
/// The time limit for a connection to one of several servers (`connect_timeout`).
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// A connection that nobody used for so long is not trusted any more.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// At once, then with backoff: a conflict is over as soon as the other has committed.
const RETRY: Backoff = Backoff {
    base: Duration::from_millis(50),
    cap: Duration::from_secs(2),
    attempts_max: 4,
};

/// Whose inserts a defect keeps back from the transaction they belong into.
const KEPT_BACK: [(Defect, TableId); 4] = [
    (Defect::AuditFireAndForget, audit::TABLE),
    (Defect::EventPublishedOutsideTxn, outbox::TABLE),
    (Defect::EventPublishedBeforeCommit, outbox::TABLE),
    (Defect::NotificationStoredOutsideTxn, notifications::TABLE),
];

/// A service's way to the Ledger. Clones share pool and circuit.
#[derive(Clone)]
pub struct LedgerClient {
    context: NodeContext,
    /// Of several servers one is the primary.
    servers: Rc<[NodeId]>,
    /// The position of the one that was it last.
    primary: Rc<Cell<usize>>,
    /// How often a connection to one of several servers has broken.
    breaks: Rc<Cell<u64>>,
    /// How far the log was durable by any answer.
    heard: Rc<Cell<Lsn>>,
    pool: Pool<Pooled>,
    circuit: Circuit,
    defects: Defects,
    clock: LedgerClock,
}

/// A connection in the pool, and since when it has idled.
struct Pooled {
    connection: Connection,
    idle_since: Duration,
    /// Its client's count of breaks when it was used last.
    breaks: u64,
}

impl LedgerClient {
    /// For one process of a service, with so many connections at most.
    pub fn new(context: NodeContext, connections_max: u32, defects: &Defects) -> LedgerClient {
        LedgerClient {
            servers: context.find_all(LEDGER).into(),
            primary: Rc::default(),
            breaks: Rc::default(),
            heard: Rc::new(Cell::new(Lsn(0))),
            pool: Pool::new(context.clone(), connections_max, defects),
            circuit: Circuit::new(context.clone(), "ledger", BreakerPolicy::LEDGER, defects),
            defects: defects.clone(),
            clock: LedgerClock::new(context.clone()),
            context,
        }
    }

    /// Does work in a READ COMMITTED transaction and commits it.
    ///
    /// # Errors
    /// As [`transact_at`](Self::transact_at).
    pub async fn transact<T>(
        &self,
        purpose: &'static str,
        deadline: Deadline,
        work: impl AsyncFn(&mut Transaction) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.transact_at(Isolation::ReadCommitted, purpose, deadline, work)
            .await
    }

    /// Does work in a transaction and commits it. The whole is repeated, with backoff and within the
    /// deadline, when the server rolled it back because of others, or was not reached: never once a
    /// commit was asked for and not answered.
    ///
    /// # Errors
    /// Any [`LedgerError`]; only after [`LedgerError::Unknown`] may something have happened.
    pub async fn transact_at<T>(
        &self,
        isolation: Isolation,
        purpose: &'static str,
        deadline: Deadline,
        work: impl AsyncFn(&mut Transaction) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.repeatedly(purpose, deadline, async || {
            self.attempt(TransactionMode::new(isolation), deadline, &work)
                .await
        })
        .await
    }

    async fn repeatedly<T>(
        &self,
        purpose: &'static str,
        deadline: Deadline,
        attempt: impl AsyncFn() -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let began = self.context.monotonic();
        let mut failed = 0;
        let mut retried = Vec::new();
        let done = loop {
            let starts = self.context.monotonic();
            if deadline.expired(starts) {
                // Whoever asked does not wait any more; of the Ledger that says nothing.
                break Err(LedgerError::Unavailable);
            }
            let is_fair = deadline.remaining(starts) >= FAIR_CHANCE;
            let settles = |tried: &Result<T, LedgerError>| settlement(tried, is_fair);
            let tried = match self.circuit.call(attempt(), settles).await {
                Ok(tried) => tried,
                Err(_) => break Err(LedgerError::CircuitOpen),
            };
            let Err(error) = &tried else { break tried };
            self.tell(error);
            if !(error.is_conflict() || *error == LedgerError::Unavailable) {
                break tried;
            }
            failed += 1;
            let mut stream = self.context.stream(Root::Schedule, "ledger.retry");
            let Some(wait) = RETRY.wait(failed, &mut stream) else {
                break tried;
            };
            if wait >= deadline.remaining(self.context.monotonic()) {
                break tried;
            }
            retried.push(error.state().map_or("unavailable", SqlState::code));
            self.context.sleep(wait).await;
        };
        self.note_retries(purpose, &retried);
        self.measure(purpose, &done, began);
        done
    }

    /// Reads without a transaction block: one round trip, and a snapshot of its own for each statement.
    ///
    /// # Errors
    /// As [`transact`](Self::transact), but never unknown: what only reads may be read again.
    pub async fn read_all(
        &self,
        purpose: &'static str,
        deadline: Deadline,
        selects: &[Select],
    ) -> Result<Vec<Vec<Row>>, LedgerError> {
        self.repeatedly(purpose, deadline, async || {
            let (mut lease, connection, limit) = self.lease(deadline).await?;
            let statements = selects.iter().cloned().map(Statement::Select);
            let asked = self.clock.asks();
            let executed = connection.execute(statements.collect(), limit).await;
            self.give_back(&mut lease, connection);
            let executed: Executed = executed.map_err(|_| LedgerError::Unavailable)?;
            self.clock.heard(executed.at, asked);
            self.has_heard(executed.durable);
            match executed.error {
                Some(error) => Err(LedgerError::Sql(error)),
                None => Ok(executed.outcomes.into_iter().map(|it| it.rows).collect()),
            }
        })
        .await
    }

    /// Reads one statement's rows: see [`read_all`](Self::read_all).
    ///
    /// # Errors
    /// As [`read_all`](Self::read_all).
    pub async fn read(
        &self,
        purpose: &'static str,
        deadline: Deadline,
        select: Select,
    ) -> Result<Vec<Row>, LedgerError> {
        let mut read = self.read_all(purpose, deadline, &[select]).await?;
        Ok(read.pop().unwrap_or_default())
    }

    /// What is known of the Ledger's time.
    pub fn clock(&self) -> &LedgerClock {
        &self.clock
    }

    /// One attempt on one connection.
    async fn attempt<T>(
        &self,
        mode: TransactionMode,
        deadline: Deadline,
        work: &impl AsyncFn(&mut Transaction) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let (mut lease, connection, limit) = self.lease(deadline).await?;
        let mut transaction = Transaction::new(connection, mode, limit, self.clock.clone());
        let kept_back = KEPT_BACK
            .iter()
            .find(|(defect, _)| self.defects.has(*defect));
        if let Some((_, table)) = kept_back {
            transaction.set_aside(*table);
        }
        let publishes_early = self.defects.has(Defect::EventPublishedBeforeCommit);
        let takes_unknown_for_done = self.defects.has(Defect::UnknownCommitTakenForSuccess);
        let mut worked = work(&mut transaction).await;
        if publishes_early {
            let published = self.publish(transaction.aside(), deadline).await;
            worked = worked.and_then(|done| published.map(|()| done));
        }
        let done = match worked {
            Ok(done) => match transaction.commit().await {
                Err(LedgerError::Unknown) if takes_unknown_for_done => Ok(done),
                committed => committed.map(|()| done),
            },
            Err(error) => Err(error),
        };
        self.has_heard(transaction.durable());
        if done.is_ok() {
            self.send_later(transaction.aside());
        }
        if done.is_err() {
            transaction.roll_back().await;
        }
        self.give_back(&mut lease, transaction.into_connection());
        done
    }

    /// A lease with its connection taken out: dropped before its end, the connection is closed.
    async fn lease(
        &self,
        deadline: Deadline,
    ) -> Result<(Lease<Pooled>, Connection, Duration), LedgerError> {
        let now = self.context.monotonic();
        let lease = self.pool.acquire(deadline.limit(ACQUIRE_LIMIT, now)).await;
        let mut lease = lease.map_err(|_| {
            self.context.reached("pool_was_exhausted");
            LedgerError::Unavailable
        })?;
        let limit = deadline.limit(ROUND_TRIP_LIMIT, self.context.monotonic());
        let connection = self.connection(&mut lease, limit).await?;
        Ok((lease, connection, limit))
    }

    fn give_back(&self, lease: &mut Lease<Pooled>, connection: Connection) {
        if connection.is_usable() {
            lease.put(Pooled {
                connection,
                idle_since: self.context.monotonic(),
                breaks: self.breaks.get(),
            });
        } else {
            self.breaks.set(self.breaks.get() + 1);
            lease.discard();
        }
    }

    /// The defect's way with the outbox: a transaction of its own, before it is known what becomes of
    /// the change's.
    async fn publish(
        &self,
        inserts: Vec<Statement>,
        deadline: Deadline,
    ) -> Result<(), LedgerError> {
        if inserts.is_empty() {
            return Ok(());
        }
        let (mut lease, connection, limit) = self.lease(deadline).await?;
        let mode = TransactionMode::new(Isolation::ReadCommitted);
        let mut transaction = Transaction::new(connection, mode, limit, self.clock.clone());
        transaction.write_aside(&inserts);
        let committed = transaction.commit().await;
        self.give_back(&mut lease, transaction.into_connection());
        committed
    }

    /// The defect's way with the audit: a transaction of its own, some time after the change.
    fn send_later(&self, inserts: Vec<Statement>) {
        if inserts.is_empty() {
            return;
        }
        let client = self.clone();
        self.context.spawn("audit", async move {
            let now = client.context.monotonic();
            let deadline = Deadline::within(ROUND_TRIP_LIMIT, now);
            let sent = client.transact("audit", deadline, async |transaction| {
                transaction.write_aside(&inserts);
                Ok(())
            });
            drop(sent.await);
        });
    }

    /// The lease's connection if it is fresh enough, else a new one.
    async fn connection(
        &self,
        lease: &mut Lease<Pooled>,
        limit: Duration,
    ) -> Result<Connection, LedgerError> {
        let now = self.context.monotonic();
        let several = self.servers.len() > 1;
        // Where one server stops being the primary all connections to it are of no use, and each would have to be
        // tried to be found so.
        let is_trusted = |it: &Pooled| !several || it.breaks == self.breaks.get();
        let pooled = lease
            .take()
            .filter(|it| now < it.idle_since + IDLE_MAX && is_trusted(it));
        if let Some(pooled) = pooled {
            return Ok(pooled.connection);
        }
        lease.discard();
        let limit = if several {
            limit.min(CONNECT_LIMIT)
        } else {
            limit
        };
        for _ in 0..self.servers.len() {
            let server = self.servers[self.primary.get()];
            match Connection::open(&self.context, server, false, limit).await {
                // It is down, or another is the primary: each is asked in turn.
                Err(LedgerError::Unavailable) if several => {
                    let next = (self.primary.get() + 1) % self.servers.len();
                    self.primary.set(next);
                }
                opened => return opened,
            }
        }
        Err(LedgerError::Unavailable)
    }

    fn has_heard(&self, durable: Lsn) {
        self.heard.set(self.heard.get().max(durable));
    }

    fn tell(&self, error: &LedgerError) {
        if error.is_conflict() {
            self.context.reached(match error.state() {
                Some(SqlState::DeadlockDetected) => "deadlock_was_retried",
                _ => "serialization_failure_was_retried",
            });
        }
        if *error == LedgerError::Unknown {
            self.context.reached("commit_outcome_was_unknown");
        }
        tracing::info!(%error, "a transaction did not commit");
    }

    /// Leaves a note `ledger_retry` of a transaction that was repeated: why, each time.
    fn note_retries(&self, purpose: &'static str, retried: &[&'static str]) {
        if retried.is_empty() {
            return;
        }
        let retried = retried.iter().map(|why| Note::from(*why)).collect();
        let detail = [
            ("purpose", purpose.into()),
            ("retried", Note::List(retried)),
        ];
        self.context.note("ledger_retry", Note::map(detail));
    }

    fn measure<T>(&self, purpose: &'static str, done: &Result<T, LedgerError>, began: Duration) {
        let status = match done {
            Ok(_) => "ok",
            Err(LedgerError::Sql(_) | LedgerError::Stale) => "refused",
            Err(LedgerError::Unavailable | LedgerError::CircuitOpen) => "unavailable",
            Err(LedgerError::Unknown) => "unknown",
        };
        let labels = [
            ("subsystem", "ledger"),
            ("operation", purpose),
            ("status", status),
        ];
        self.context.count("core.orchestration.requests", &labels);
        let span = self.context.monotonic() - began;
        self.context
            .measure("core.orchestration.latency", &labels, Some(span));
    }
}

/// What the breaker makes of a transaction: only database and connection errors count, and silence only where
/// there was time for an answer.
fn settlement<T>(done: &Result<T, LedgerError>, is_fair: bool) -> Settlement {
    match done {
        Ok(_) => Settlement::Success,
        Err(LedgerError::Unavailable | LedgerError::Unknown) if !is_fair => Settlement::Ignored,
        Err(LedgerError::Unavailable | LedgerError::Unknown) => Settlement::Failure,
        Err(LedgerError::Sql(error)) if is_of_the_server(error.state) => Settlement::Failure,
        Err(LedgerError::Sql(_) | LedgerError::Stale | LedgerError::CircuitOpen) => {
            Settlement::Ignored
        }
    }
}

/// Whether an error speaks of the server's state, not of what it was asked.
fn is_of_the_server(state: SqlState) -> bool {
    matches!(
        state,
        SqlState::TooManyConnections
            | SqlState::AdminShutdown
            | SqlState::CrashShutdown
            | SqlState::CannotConnectNow
            | SqlState::ConnectionDoesNotExist
            | SqlState::ConnectionFailure
            | SqlState::QueryCanceled
    )
}
