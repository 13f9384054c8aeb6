//! Where something that was judged can be seen: typed references, each to one thing, in the order in which one
//! looks at them.
//!
//! They are data, for who checks a grade with a program; the command for people stands beside them, in the item's
//! `replay`. A reference never names a hidden seed.

use serde::{Deserialize, Serialize};

/// A reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// A part of what was handed in.
    Submitted {
        /// The file.
        file: String,
        /// The part, such as `chain[2]`, or `3` for the third entry of a file with one a line.
        part: String,
    },
    /// A moment of the submission's episode.
    Moment {
        /// In seconds from hand-over.
        at_s: i64,
    },
    /// A figure as it was simulated.
    Figure {
        /// Its name, as in `proveniq incident actions`.
        name: String,
        /// When, in seconds from hand-over.
        at_s: i64,
        /// What it was, in thousandths.
        thousandths: u64,
    },
    /// A count in the books at the end of the episode.
    Books {
        /// What is counted.
        count: String,
        /// How many.
        value: u64,
    },
    /// Further runs: of how many something was so.
    Runs {
        /// Under which seeds.
        seeds: Seeds,
        /// What was run, as options of `proveniq incident probe`, or the name of a lab.
        what: String,
        /// In how many of them what was asked for is so.
        good: u64,
        /// How many there were.
        of: u64,
    },
}

/// Under which seeds something was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seeds {
    /// The public seed of the assignment.
    Public,
    /// Seeds nobody knows before they are revealed.
    Hidden,
}

impl Evidence {
    /// A part of a file.
    pub fn submitted(file: &str, part: impl Into<String>) -> Evidence {
        Evidence::Submitted {
            file: file.to_owned(),
            part: part.into(),
        }
    }

    /// A count of the books.
    pub fn books(count: &str, value: u64) -> Evidence {
        Evidence::Books {
            count: count.to_owned(),
            value,
        }
    }
}
