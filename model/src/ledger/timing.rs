//! How long the Ledger works on a statement.

use sim::latency::Latency;

use super::engine::statement::Statement;
use crate::config::Timing;

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

    /// A new session; it takes as long as a new transaction.
    pub(super) fn of_connect(&self) -> &Latency {
        &self.begin
    }

    /// A statement, besides what it waits for.
    pub(super) fn of_statement(&self, statement: &Statement) -> &Latency {
        match statement {
            Statement::Begin(_) => &self.begin,
            Statement::Commit => &self.commit,
            Statement::Select(_) | Statement::Rollback | Statement::NextValue(_) => &self.read,
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => &self.write,
        }
    }
}
