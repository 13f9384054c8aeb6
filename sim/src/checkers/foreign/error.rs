//! What can be wrong with a foreign history: where, what, and how to mend it.

use std::fmt;

use thiserror::Error;

use super::super::history::HistoryError;

/// A place in a text, counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The character in it.
    pub column: u32,
}

/// Why a text is not a history.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ForeignError {
    /// There is nothing to judge.
    #[error("the file holds no operation; {}", EMPTY_MEND)]
    Empty,
    /// The text is not well formed.
    #[error("{at}: {what}; {mend}")]
    Syntax {
        /// Where.
        at: Place,
        /// What is wrong there.
        what: String,
        /// The way out.
        mend: &'static str,
    },
    /// The text is well formed, and says what no history of the model can.
    #[error("{at}: {what}; {mend}")]
    Meaning {
        /// Where.
        at: Place,
        /// What is wrong there.
        what: String,
        /// The way out.
        mend: String,
    },
    /// The operations of a process do not follow each other.
    #[error("{at}: {source}; {}", source.mend())]
    Order {
        /// Where.
        at: Place,
        /// What is wrong there.
        source: HistoryError,
    },
}

/// What a history must have at least.
const EMPTY_MEND: &str =
    "a history has one map per operation, such as {:type :invoke, :process 0, :f :read}";

impl ForeignError {
    /// Where it is; none when the whole text is meant.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Empty => None,
            Self::Syntax { at, .. } | Self::Meaning { at, .. } | Self::Order { at, .. } => {
                Some(*at)
            }
        }
    }

    /// What is wrong.
    pub fn what(&self) -> String {
        match self {
            Self::Empty => "the file holds no operation".to_string(),
            Self::Syntax { what, .. } | Self::Meaning { what, .. } => what.clone(),
            Self::Order { source, .. } => source.to_string(),
        }
    }

    /// How to mend it.
    pub fn mend(&self) -> &str {
        match self {
            Self::Empty => EMPTY_MEND,
            Self::Syntax { mend, .. } => mend,
            Self::Meaning { mend, .. } => mend,
            Self::Order { source, .. } => source.mend(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}
