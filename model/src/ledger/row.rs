//! Reading cells of an answered row by column, in the types the schema promises.

use super::engine::value::Value;

/// A row whose cells are asked for by column number.
///
/// # Panics
/// Every method panics when the cell is of another type than the schema says: a bug, since the engine
/// checks types when it stores.
pub trait Cells {
    /// A text that is never null.
    fn text(&self, column: usize) -> &str;
    /// A text that may be null.
    fn maybe_text(&self, column: usize) -> Option<&str>;
    /// An integer that is never null.
    fn int(&self, column: usize) -> i64;
    /// An integer that may be null.
    fn maybe_int(&self, column: usize) -> Option<i64>;
    /// A flag; null counts as false.
    fn flag(&self, column: usize) -> bool;
}

impl Cells for [Value] {
    fn text(&self, column: usize) -> &str {
        self.maybe_text(column)
            .unwrap_or_else(|| panic!("invariant: column {column} is not null"))
    }

    fn maybe_text(&self, column: usize) -> Option<&str> {
        match &self[column] {
            Value::Text(text) => Some(text),
            Value::Null => None,
            other => panic!("invariant: column {column} is text, not {other:?}"),
        }
    }

    fn int(&self, column: usize) -> i64 {
        self.maybe_int(column)
            .unwrap_or_else(|| panic!("invariant: column {column} is not null"))
    }

    fn maybe_int(&self, column: usize) -> Option<i64> {
        match &self[column] {
            Value::Int(number) => Some(*number),
            Value::Null => None,
            other => panic!("invariant: column {column} is a number, not {other:?}"),
        }
    }

    fn flag(&self, column: usize) -> bool {
        match &self[column] {
            Value::Bool(flag) => *flag,
            Value::Null => false,
            other => panic!("invariant: column {column} is a flag, not {other:?}"),
        }
    }
}
