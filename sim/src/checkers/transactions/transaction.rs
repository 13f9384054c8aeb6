//! Transactions as clients record them.
//!
//! A transaction is one operation of a history: its action is the list of steps asked for, its output the same list with
//! what the reads returned. An aborted one is a failed operation; one whose commit was not answered is unknown.

use std::fmt::{self, Display};

use crate::checkers::history::{Completion, History, Operation};

/// A step on lists: every element is appended at most once per key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListStep<Key, Value> {
    /// Puts an element at the end.
    Append {
        /// Of which list.
        key: Key,
        /// The element.
        value: Value,
    },
    /// The whole list, if the read was answered.
    Read {
        /// Of which list.
        key: Key,
        /// The elements, first to last.
        seen: Option<Vec<Value>>,
    },
}

/// A step on registers: every value is written at most once per key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterStep<Key, Value> {
    /// Sets a value.
    Write {
        /// Of which register.
        key: Key,
        /// The value.
        value: Value,
    },
    /// Outer none: not answered; inner none: the register was empty.
    Read {
        /// Of which register.
        key: Key,
        /// The value.
        seen: Option<Option<Value>>,
    },
}

/// Transactions over lists.
pub type ListHistory<Key, Value> = History<Vec<ListStep<Key, Value>>, Vec<ListStep<Key, Value>>>;

/// Transactions over registers.
pub type RegisterHistory<Key, Value> =
    History<Vec<RegisterStep<Key, Value>>, Vec<RegisterStep<Key, Value>>>;

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It took effect as a whole.
    Committed,
    /// It certainly had no effect.
    Aborted,
    /// Its commit was not answered.
    Unknown,
}

/// The ending of a transaction, and the steps that say most about it.
pub fn ending_and_steps<Step>(transaction: &Operation<Vec<Step>, Vec<Step>>) -> (Ending, &[Step]) {
    match &transaction.completion {
        Completion::Ok { output, .. } => (Ending::Committed, output),
        Completion::Failed { .. } => (Ending::Aborted, &transaction.action),
        Completion::Unknown { .. } => (Ending::Unknown, &transaction.action),
    }
}

/// Elements of a list shown in a sentence; a longer list keeps its end, where the difference usually is.
const ELEMENTS_SHOWN_MAX: usize = 6;

/// A list in words, shortened from the front.
pub fn list_in_words<Value: Display>(list: &[Value]) -> String {
    let hidden = list.len().saturating_sub(ELEMENTS_SHOWN_MAX);
    let dots = if hidden > 0 {
        vec!["…".to_string()]
    } else {
        vec![]
    };
    let shown = list[hidden..].iter().map(Value::to_string);
    format!(
        "[{}]",
        dots.into_iter().chain(shown).collect::<Vec<_>>().join(" ")
    )
}

impl<Key: Display, Value: Display> Display for ListStep<Key, Value> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append { key, value } => write!(out, "append {value} to {key}"),
            Self::Read { key, seen: None } => write!(out, "read {key}"),
            Self::Read {
                key,
                seen: Some(list),
            } => write!(out, "read {key} as {}", list_in_words(list)),
        }
    }
}

impl<Key: Display, Value: Display> Display for RegisterStep<Key, Value> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { key, value } => write!(out, "write {value} to {key}"),
            Self::Read { key, seen: None } => write!(out, "read {key}"),
            Self::Read {
                key,
                seen: Some(None),
            } => write!(out, "read {key} as empty"),
            Self::Read {
                key,
                seen: Some(Some(value)),
            } => write!(out, "read {key} as {value}"),
        }
    }
}
