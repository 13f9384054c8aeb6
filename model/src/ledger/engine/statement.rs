//! The statements a session may execute: a syntax tree of our own, typed, without text and without a parser.
//!
//! It covers what the Ledger's clients use and what the likeness tests need, not SQL at large: one table per
//! statement, no joins, scalar subqueries that do not look outwards. Start at [`Statement`].

pub use super::scalar::{Aggregate, BinaryOp, Expr};
use super::schema::{ColumnId, SequenceId, TableId};
use super::value::Row;

/// One command of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Statement {
    /// Opens a transaction block.
    Begin(TransactionMode),
    /// Ends the block; of a failed transaction it answers the tag `ROLLBACK` and no error.
    Commit,
    /// Ends the block and undoes it.
    Rollback,
    /// Reads rows, perhaps locking them.
    Select(Select),
    /// Adds rows.
    Insert(Insert),
    /// Changes rows.
    Update(Update),
    /// Removes rows.
    Delete(Delete),
    /// Draws the next number of a sequence; a rollback does not give it back.
    NextValue(SequenceId),
}

/// How strictly a transaction is kept apart from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isolation {
    /// A new snapshot for each statement.
    ReadCommitted,
    /// One snapshot, taken at the first statement.
    RepeatableRead,
    /// As `RepeatableRead`, with dangerous structures of read-write dependencies broken by 40001.
    Serializable,
}

/// The properties a transaction is begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransactionMode {
    /// Its isolation level.
    pub isolation: Isolation,
    /// Whether writes are refused (25006).
    pub read_only: bool,
    /// Whether a serializable read-only transaction waits for a snapshot that can't take part in an anomaly.
    pub deferrable: bool,
}

impl TransactionMode {
    /// A read-write transaction at a level.
    pub fn new(isolation: Isolation) -> Self {
        Self {
            isolation,
            read_only: false,
            deferrable: false,
        }
    }
}

/// Reads one table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Select {
    /// The table read.
    pub table: TableId,
    /// The columns of the answer; empty means all columns of the table.
    pub output: Vec<Expr>,
    /// The rows wanted; `None` means all.
    pub filter: Option<Expr>,
    /// Sort keys in order of weight; without any, rows come in physical order.
    pub order: Vec<(Expr, Direction)>,
    /// The most rows to answer; no further rows are locked once it is reached.
    pub limit: Option<u64>,
    /// The row lock to take on each answered row.
    pub locking: Option<Locking>,
}

impl Select {
    /// All columns and rows of a table.
    pub fn all(table: TableId) -> Self {
        Self {
            table,
            output: Vec::new(),
            filter: None,
            order: Vec::new(),
            limit: None,
            locking: None,
        }
    }
}

/// The direction of a sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Nulls last.
    Ascending,
    /// Nulls first.
    Descending,
}

/// A locking clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Locking {
    /// How strong the row lock is.
    pub strength: RowLock,
    /// What to do about a row that another transaction holds.
    pub wait: WaitPolicy,
}

/// The four row locks, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowLock {
    /// `FOR KEY SHARE`: the key must stay.
    KeyShare,
    /// `FOR SHARE`.
    Share,
    /// `FOR NO KEY UPDATE`; an update that leaves the keys alone takes it.
    NoKeyUpdate,
    /// `FOR UPDATE`; a delete and an update of a key take it.
    Update,
}

impl RowLock {
    /// Tells whether two transactions may not hold these locks on one row together (manual, table 13.3).
    pub fn conflicts_with(self, other: Self) -> bool {
        match self {
            Self::KeyShare => other == Self::Update,
            Self::Share => other >= Self::NoKeyUpdate,
            Self::NoKeyUpdate => other >= Self::Share,
            Self::Update => true,
        }
    }
}

/// What to do about a row that another transaction holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitPolicy {
    /// Wait for it.
    Block,
    /// Fail at once with 55P03.
    NoWait,
    /// Leave the row out of the answer.
    SkipLocked,
}

/// Adds rows to one table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Insert {
    /// The table written.
    pub table: TableId,
    /// The columns given, in the order of the expressions; empty means all.
    pub columns: Vec<ColumnId>,
    /// One list of expressions per row.
    pub rows: Vec<Vec<Expr>>,
    /// What to do when a unique key is taken.
    pub on_conflict: Option<OnConflict>,
    /// Expressions over each written row; empty means no rows are answered.
    pub returning: Vec<Expr>,
}

/// The `ON CONFLICT` clause.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OnConflict {
    /// The columns of the unique key that decides; empty means any key, which only `Nothing` allows.
    pub columns: Vec<ColumnId>,
    /// What to do.
    pub action: ConflictAction,
}

/// What an insert does about the row in its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConflictAction {
    /// Leaves it and goes on.
    Nothing,
    /// Locks and changes it; [`Expr::Excluded`] means the row that was to be inserted.
    Update {
        /// New values of columns.
        assignments: Vec<Assignment>,
        /// Rows for which it is false are locked and left.
        filter: Option<Expr>,
    },
}

/// Changes rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Update {
    /// The table written.
    pub table: TableId,
    /// New values of columns.
    pub assignments: Vec<Assignment>,
    /// The rows wanted; `None` means all.
    pub filter: Option<Expr>,
    /// Expressions over each changed row; empty means no rows are answered.
    pub returning: Vec<Expr>,
}

/// Removes rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delete {
    /// The table written.
    pub table: TableId,
    /// The rows wanted; `None` means all.
    pub filter: Option<Expr>,
    /// Expressions over each removed row; empty means no rows are answered.
    pub returning: Vec<Expr>,
}

/// The new value of one column, computed from the old row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Assignment {
    /// The column set.
    pub column: ColumnId,
    /// Its new value.
    pub value: Expr,
}

/// What a statement did.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outcome {
    /// The command tag.
    pub tag: CommandTag,
    /// The rows answered; empty unless the statement answers rows.
    pub rows: Vec<Row>,
}

/// The command tag, with the count of rows it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the tags of the protocol")]
pub enum CommandTag {
    Begin,
    Commit,
    Rollback,
    Select(u64),
    Insert(u64),
    Update(u64),
    Delete(u64),
}

impl std::fmt::Display for CommandTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Begin => f.write_str("BEGIN"),
            Self::Commit => f.write_str("COMMIT"),
            Self::Rollback => f.write_str("ROLLBACK"),
            Self::Select(rows) => write!(f, "SELECT {rows}"),
            Self::Insert(rows) => write!(f, "INSERT 0 {rows}"),
            Self::Update(rows) => write!(f, "UPDATE {rows}"),
            Self::Delete(rows) => write!(f, "DELETE {rows}"),
        }
    }
}
