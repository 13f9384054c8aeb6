//! Errors a session can meet, each with the SQLSTATE and the wording class that PostgreSQL 15 uses for it.
//!
//! These are answers to clients, not bugs of the engine: a broken invariant inside the engine panics
//! instead. The codes are those of the PostgreSQL manual, appendix A. Start at [`SqlState`].

use thiserror::Error;

macro_rules! sql_states {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// A five-character SQLSTATE as a closed set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SqlState { $($(#[$doc])* $name,)* }

        impl SqlState {
            /// Every state the engine or its node can answer, in the order of the manual.
            pub const ALL: &'static [SqlState] = &[$(SqlState::$name,)*];

            /// The code as it travels on the wire.
            pub fn code(self) -> &'static str {
                match self { $(SqlState::$name => $code,)* }
            }

            /// The state with this code, if the engine knows it.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(SqlState::$name),)* _ => None }
            }
        }
    };
}

sql_states! {
    /// Something the engine does not do.
    FeatureNotSupported = "0A000",
    /// The session does not exist any more.
    ConnectionDoesNotExist = "08003",
    /// The connection broke while a statement was under way.
    ConnectionFailure = "08006",
    /// `ON CONFLICT DO UPDATE` met one row twice, or a scalar subquery returned several rows.
    CardinalityViolation = "21000",
    /// Integer overflow.
    NumericValueOutOfRange = "22003",
    /// Division by zero.
    DivisionByZero = "22012",
    /// A null reached a column that forbids it.
    NotNullViolation = "23502",
    /// A child without a parent, or a parent that still has children.
    ForeignKeyViolation = "23503",
    /// A second row under one unique key.
    UniqueViolation = "23505",
    /// A check constraint evaluated to false.
    CheckViolation = "23514",
    /// The isolation level can't change any more.
    ActiveSqlTransaction = "25001",
    /// A write inside a read-only transaction.
    ReadOnlySqlTransaction = "25006",
    /// The transaction has failed; only COMMIT or ROLLBACK are heard.
    InFailedSqlTransaction = "25P02",
    /// The session was ended because it idled inside a transaction.
    IdleInTransactionSessionTimeout = "25P03",
    /// The transaction can't be placed in any serial order; retry it whole.
    SerializationFailure = "40001",
    /// Chosen as the victim of a deadlock; retry the transaction whole.
    DeadlockDetected = "40P01",
    /// A statement whose parts do not fit together.
    SyntaxError = "42601",
    /// One column set twice.
    DuplicateColumn = "42701",
    /// A column number outside its table.
    UndefinedColumn = "42703",
    /// An aggregate, or a column beside one, where it can't be.
    GroupingError = "42803",
    /// A table or sequence number outside the catalog.
    UndefinedTable = "42P01",
    /// ON CONFLICT names no unique key.
    InvalidColumnReference = "42P10",
    /// A value of the wrong type.
    DatatypeMismatch = "42804",
    /// All connection slots are taken.
    TooManyConnections = "53300",
    /// A sequence ran past its largest value.
    SequenceGeneratorLimitExceeded = "2200H",
    /// A lock was not available (NOWAIT, or lock_timeout ran out).
    LockNotAvailable = "55P03",
    /// Cancelled by request or by statement_timeout.
    QueryCanceled = "57014",
    /// Ended by an administrator.
    AdminShutdown = "57P01",
    /// The server crashed and took this session with it.
    CrashShutdown = "57P02",
    /// The server is starting up or recovering.
    CannotConnectNow = "57P03",
}

/// An error answered to a session: its class and PostgreSQL's wording.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[error("{}: {message}", state.code())]
pub struct SqlError {
    /// The class a client must decide by.
    pub state: SqlState,
    /// The words for people; nothing may be decided by them.
    pub message: String,
}

impl SqlError {
    /// Makes an error of a class.
    pub fn new(state: SqlState, message: impl Into<String>) -> Self {
        Self {
            state,
            message: message.into(),
        }
    }

    pub(super) fn concurrent_update() -> Self {
        Self::new(
            SqlState::SerializationFailure,
            "could not serialize access due to concurrent update",
        )
    }

    pub(super) fn concurrent_delete() -> Self {
        Self::new(
            SqlState::SerializationFailure,
            "could not serialize access due to concurrent delete",
        )
    }

    pub(super) fn read_write_dependency() -> Self {
        let words = "could not serialize access due to read/write dependencies among transactions";
        Self::new(SqlState::SerializationFailure, words)
    }

    pub(super) fn deadlock() -> Self {
        Self::new(SqlState::DeadlockDetected, "deadlock detected")
    }

    pub(super) fn in_failed_transaction() -> Self {
        let words =
            "current transaction is aborted, commands ignored until end of transaction block";
        Self::new(SqlState::InFailedSqlTransaction, words)
    }

    pub(super) fn row_not_lockable(table: &str) -> Self {
        let words = format!("could not obtain lock on row in relation \"{table}\"");
        Self::new(SqlState::LockNotAvailable, words)
    }

    pub(super) fn out_of_range() -> Self {
        Self::new(SqlState::NumericValueOutOfRange, "bigint out of range")
    }

    pub(super) fn type_mismatch(what: &str) -> Self {
        Self::new(
            SqlState::DatatypeMismatch,
            format!("{what} has a value of the wrong type"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::SqlState;

    #[test]
    fn every_state_has_its_own_code() {
        for (position, state) in SqlState::ALL.iter().enumerate() {
            assert_eq!(state.code().len(), 5, "{state:?}");
            assert_eq!(SqlState::from_code(state.code()), Some(*state));
            assert!(
                SqlState::ALL[position + 1..]
                    .iter()
                    .all(|other| other.code() != state.code()),
                "{state:?}"
            );
        }
        assert_eq!(SqlState::from_code("99999"), None);
    }
}
