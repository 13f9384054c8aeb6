//! Why a transaction did not do what it was asked, in the terms a caller must decide by.

use crate::ledger::engine::{SqlError, SqlState};

/// What became of a transaction that did not simply commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Nothing was done, and nothing will be: the server was not reached, or the connection broke
    /// before the commit was asked for.
    #[error("the Ledger cannot be reached")]
    Unavailable,
    /// The circuit is open: nobody was asked.
    #[error("the Ledger's circuit is open")]
    CircuitOpen,
    /// A statement failed, and the transaction was rolled back.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// A write met another number of rows than it must: somebody else was there first. Rolled back.
    #[error("somebody else has changed the row")]
    Stale,
    /// The commit was asked for and not answered: it may have happened, or may yet.
    #[error("the outcome of the commit is unknown")]
    Unknown,
}

impl LedgerError {
    /// Whether the same transaction may succeed at once if it is simply tried again: the server rolled
    /// it back only because of others (40001, 40P01).
    pub fn is_conflict(&self) -> bool {
        matches!(
            self.state(),
            Some(SqlState::SerializationFailure | SqlState::DeadlockDetected)
        )
    }

    /// The SQLSTATE, where the server gave one.
    pub fn state(&self) -> Option<SqlState> {
        match self {
            LedgerError::Sql(error) => Some(error.state),
            _ => None,
        }
    }
}
