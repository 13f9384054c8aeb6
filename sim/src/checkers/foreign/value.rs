//! Keys and values of foreign histories: whatever a client stored, comparable and printable.

use std::fmt;

/// A key, an element or a stored value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `true` or `false`.
    Truth(bool),
    /// A whole number.
    Integer(i64),
    /// A keyword, a string or a symbol.
    Word(Box<str>),
    /// A list, whose items may be nil.
    Sequence(Box<[Option<Value>]>),
}

/// Which of several registers an operation is about; none where there is only one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub Option<Value>);

// Evidence shows keys and values by `Debug`, which must therefore read like the file it came from.
impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(key) => write!(out, "{key}"),
            None => out.write_str("the register"),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth(truth) => write!(out, "{truth}"),
            Self::Integer(number) => write!(out, "{number}"),
            Self::Word(word) => out.write_str(word),
            Self::Sequence(items) => {
                let word = |item: &Option<Value>| {
                    item.as_ref().map_or("nil".to_string(), Value::to_string)
                };
                write!(
                    out,
                    "[{}]",
                    items.iter().map(word).collect::<Vec<_>>().join(" ")
                )
            }
        }
    }
}
