//! Scalar expressions: the part of the syntax tree that computes values. How they are computed is in `expression`.
//!
//! Start at [`Expr`].

use super::schema::{ColumnId, SequenceId};
use super::statement::Select;
use super::value::Value;

/// A scalar expression over one row (or, with aggregates, over all rows of an answer).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// A column of the row at hand.
    Column(ColumnId),
    /// A column of the row that an insert wanted to add.
    Excluded(ColumnId),
    /// A constant.
    Literal(Value),
    /// Two operands and an operator.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// Three-valued negation.
    Not(Box<Expr>),
    /// Never null itself.
    IsNull(Box<Expr>),
    /// Membership in a list.
    InList(Box<Expr>, Vec<Expr>),
    /// The first value that is not null.
    Coalesce(Vec<Expr>),
    /// The one value of a query that does not look at the row at hand; evaluated once per statement.
    Subquery(Box<Select>),
    /// The next number of a sequence.
    NextValue(SequenceId),
    /// `count(*)`.
    CountRows,
    /// An aggregate over all rows of the answer.
    Aggregate(Aggregate, Box<Expr>),
}

/// Aggregates that skip nulls and are null over no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// Sum of integers.
    Sum,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the operators of SQL")]
pub enum BinaryOp {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Expr {
    /// A column.
    pub fn column(column: usize) -> Self {
        Self::Column(ColumnId(column))
    }

    /// A constant.
    pub fn literal(value: impl Into<Value>) -> Self {
        Self::Literal(value.into())
    }

    /// Two operands and an operator.
    pub fn binary(op: BinaryOp, left: Self, right: Self) -> Self {
        Self::Binary(op, Box::new(left), Box::new(right))
    }

    /// `column = constant`.
    pub fn column_is(column: usize, value: impl Into<Value>) -> Self {
        Self::binary(BinaryOp::Equal, Self::column(column), Self::literal(value))
    }

    /// Both must hold.
    pub fn and(self, other: Self) -> Self {
        Self::binary(BinaryOp::And, self, other)
    }
}
