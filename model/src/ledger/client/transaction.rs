//! A transaction under way: statements are staged, and travel together in as few round trips as their
//! results allow.
//!
//! Start at [`Transaction::stage`] and [`Transaction::query`]; who begins and ends transactions is
//! [`LedgerClient::transact`](super::LedgerClient::transact).

use std::time::Duration;

use super::clock::LedgerClock;
use super::connection::{Broken, Connection, Executed};
use super::error::LedgerError;
use crate::ledger::engine::Row;
use crate::ledger::engine::log::frame::Lsn;
use crate::ledger::engine::schema::TableId;
use crate::ledger::engine::statement::{CommandTag, Outcome, Select, Statement, TransactionMode};
use crate::ledger::protocol::LedgerMillis;

/// An open transaction on a connection of its own.
pub struct Transaction {
    connection: Connection,
    limit: Duration,
    staged: Vec<Staged>,
    /// A table whose inserts are kept back, and those that were: for a defect.
    aside: Option<(TableId, Vec<Statement>)>,
    clock: LedgerClock,
    durable: Lsn,
}

struct Staged {
    statement: Statement,
    /// How many rows it must meet; nothing when any number will do.
    rows: Option<u64>,
}

impl Transaction {
    pub(super) fn new(
        connection: Connection,
        mode: TransactionMode,
        limit: Duration,
        clock: LedgerClock,
    ) -> Transaction {
        let begin = Staged {
            statement: Statement::Begin(mode),
            rows: None,
        };
        Transaction {
            connection,
            limit,
            staged: vec![begin],
            aside: None,
            clock,
            durable: Lsn(0),
        }
    }

    /// Sends a statement with the next round trip. A failure shows there.
    pub fn stage(&mut self, statement: Statement) {
        if let (Some((table, kept)), Statement::Insert(insert)) = (&mut self.aside, &statement)
            && insert.table == *table
        {
            kept.push(statement);
            return;
        }
        self.staged.push(Staged {
            statement,
            rows: None,
        });
    }

    /// Stages several statements, or none.
    pub fn stage_all(&mut self, statements: impl IntoIterator<Item = Statement>) {
        for statement in statements {
            self.stage(statement);
        }
    }

    /// As [`stage`](Self::stage), for a write that must meet exactly one row: else the transaction is
    /// [stale](LedgerError::Stale).
    pub fn stage_one(&mut self, statement: Statement) {
        self.staged.push(Staged {
            statement,
            rows: Some(1),
        });
    }

    /// As [`stage_one`](Self::stage_one), for a write that must meet so many rows.
    pub fn stage_rows(&mut self, statement: Statement, rows: u64) {
        self.staged.push(Staged {
            statement,
            rows: Some(rows),
        });
    }

    /// From now on inserts into a table are kept back.
    pub(super) fn set_aside(&mut self, table: TableId) {
        self.aside = Some((table, Vec::new()));
    }

    /// What was kept back.
    pub(super) fn aside(&mut self) -> Vec<Statement> {
        self.aside.take().map(|(_, kept)| kept).unwrap_or_default()
    }

    /// Sends what another transaction kept back with the next round trip.
    pub(super) fn write_aside(&mut self, kept: &[Statement]) {
        self.aside = None;
        for statement in kept {
            self.stage(statement.clone());
        }
    }

    /// The Ledger's clock, as far as it is known.
    ///
    /// # Errors
    /// As [`flush`](Self::flush), which is needed only when the Ledger was never heard.
    pub async fn now(&mut self) -> Result<LedgerMillis, LedgerError> {
        if self.clock.estimate().is_none() {
            self.flush().await?;
        }
        let known = self.clock.estimate();
        Ok(known.expect("invariant: every answer carries the time"))
    }

    /// Begins on the server at once, which otherwise happens with the first statement.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub async fn begin(&mut self) -> Result<LedgerMillis, LedgerError> {
        self.flush().await?;
        self.now().await
    }

    /// Sends what is staged, then reads.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub async fn query(&mut self, select: Select) -> Result<Vec<Row>, LedgerError> {
        self.stage(Statement::Select(select));
        let last = self.flush().await?;
        Ok(last.map_or_else(Vec::new, |outcome| outcome.rows))
    }

    /// Sends what is staged; gives the outcome of the last statement.
    ///
    /// # Errors
    /// [`LedgerError::Sql`] or [`LedgerError::Stale`], whereupon the transaction must be rolled back, or
    /// [`LedgerError::Unavailable`]: not committed, and never to be.
    pub async fn flush(&mut self) -> Result<Option<Outcome>, LedgerError> {
        Ok(self.send().await?.pop())
    }

    async fn send(&mut self) -> Result<Vec<Outcome>, LedgerError> {
        if self.staged.is_empty() {
            return Ok(Vec::new());
        }
        let staged = std::mem::take(&mut self.staged);
        let (statements, rows): (Vec<_>, Vec<_>) =
            staged.into_iter().map(|it| (it.statement, it.rows)).unzip();
        let asked = self.clock.asks();
        let executed = self.connection.execute(statements, self.limit).await;
        let executed = executed.map_err(|_| LedgerError::Unavailable)?;
        self.heard(&executed, asked);
        if let Some(error) = executed.error {
            return Err(LedgerError::Sql(error));
        }
        for (outcome, rows) in executed.outcomes.iter().zip(rows) {
            if rows.is_some_and(|rows| rows != rows_met(outcome.tag)) {
                return Err(LedgerError::Stale);
            }
        }
        Ok(executed.outcomes)
    }

    /// Sends what is staged; gives how many rows each statement met, `BEGIN` left out.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub async fn counts(&mut self) -> Result<Vec<u64>, LedgerError> {
        let outcomes = self.send().await?;
        let counts = outcomes
            .iter()
            .filter(|outcome| outcome.tag != CommandTag::Begin);
        Ok(counts.map(|outcome| rows_met(outcome.tag)).collect())
    }

    /// How far the Ledger's log was durable at the last answer.
    pub fn durable(&self) -> Lsn {
        self.durable
    }

    /// Commits, after what is staged.
    pub(super) async fn commit(&mut self) -> Result<(), LedgerError> {
        self.flush().await?;
        let asked = self.clock.asks();
        match self
            .connection
            .execute(vec![Statement::Commit], self.limit)
            .await
        {
            Ok(executed) => {
                self.heard(&executed, asked);
                match (executed.error, executed.outcomes.last()) {
                    (Some(error), _) => Err(LedgerError::Sql(error)),
                    (None, Some(outcome)) if outcome.tag == CommandTag::Commit => Ok(()),
                    // The server rolled back and says so in the tag alone.
                    (None, _) => Err(LedgerError::Stale),
                }
            }
            Err(Broken) => Err(LedgerError::Unknown),
        }
    }

    /// Rolls back, so that the connection can be used again; a broken one needs no words.
    pub(super) async fn roll_back(&mut self) {
        let unsent =
            matches!(self.staged.first(), Some(it) if matches!(it.statement, Statement::Begin(_)));
        if self.connection.is_usable() && !unsent {
            // Unanswered, the connection is broken, and the server rolls back when it is closed.
            drop(
                self.connection
                    .execute(vec![Statement::Rollback], self.limit)
                    .await,
            );
        }
    }

    /// The connection, once the transaction is over.
    pub(super) fn into_connection(self) -> Connection {
        self.connection
    }

    fn heard(&mut self, executed: &Executed, asked: Duration) {
        self.clock.heard(executed.at, asked);
        self.durable = executed.durable;
    }
}

fn rows_met(tag: CommandTag) -> u64 {
    match tag {
        CommandTag::Select(rows)
        | CommandTag::Insert(rows)
        | CommandTag::Update(rows)
        | CommandTag::Delete(rows) => rows,
        CommandTag::Begin | CommandTag::Commit | CommandTag::Rollback => 0,
    }
}
