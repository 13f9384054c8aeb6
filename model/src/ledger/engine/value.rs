//! Values a Ledger cell can hold, and the rows made of them.
//!
//! Integers are 64-bit (`bigint`), text is compared by bytes (collation `C`). There are no floats, because
//! their results could differ between machines. Start at [`Value`]; expressions over values live in
//! `expression`.

use std::fmt;

/// One cell.
///
/// The derived order is the order of index keys, in which `Null` sorts last as PostgreSQL sorts it; the
/// three-valued comparison of SQL is [`Value::compare`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// `boolean`; false sorts before true.
    Bool(bool),
    /// `bigint`.
    Int(i64),
    /// `text` under collation `C`.
    Text(String),
    /// SQL null: unknown, equal to nothing.
    Null,
}

/// The cells of one row, in column order.
pub type Row = Vec<Value>;

/// What a column may hold besides null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// `bigint`.
    Int,
    /// `text`.
    Text,
    /// `boolean`.
    Bool,
}

impl Value {
    /// Makes a text value.
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// Tells whether this is SQL null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Compares as SQL does: `None` when either side is null.
    ///
    /// Callers compare values of one type only; the engine checks types when it stores a value and when it
    /// evaluates.
    pub fn compare(&self, other: &Self) -> Option<std::cmp::Ordering> {
        if self.is_null() || other.is_null() {
            None
        } else {
            Some(self.cmp(other))
        }
    }

    /// The type of a value that is not null.
    pub fn value_type(&self) -> Option<ValueType> {
        match self {
            Self::Null => None,
            Self::Int(_) => Some(ValueType::Int),
            Self::Text(_) => Some(ValueType::Text),
            Self::Bool(_) => Some(ValueType::Bool),
        }
    }

    /// Bytes the value takes in a heap page, alignment excluded; it decides how many rows share a page.
    pub(super) fn width_bytes(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 8,
            Self::Text(text) if text.len() < 127 => text.len() + 1,
            Self::Text(text) => text.len() + 4,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Bool(flag) => f.write_str(if *flag { "t" } else { "f" }),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}
