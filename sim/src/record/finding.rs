//! Findings of the world itself: what no check has to look for.
//!
//! A panic inside a node, or a node that spins without letting time pass, is recorded here with its
//! node and place, and makes the run's verdict *violated*; the program goes on.

use std::fmt;

use serde::Serialize;

use crate::time::SimTime;

/// Something a node did that no node may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The node's name.
    pub node: String,
    /// When it happened.
    pub at: SimTime,
    /// What it was.
    pub what: FindingKind,
}

/// What a node did that no node may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A task panicked; the node was then treated as crashed.
    Panic {
        /// The panic's message.
        message: String,
        /// File, line and column.
        place: String,
    },
    /// A node's tasks kept waking each other while no time passed.
    Spin {
        /// How many polls there were within one instant.
        polls: u64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            FindingKind::Panic { message, place } => {
                write!(
                    f,
                    "{} panicked at {}: {message} ({place})",
                    self.node, self.at
                )
            }
            FindingKind::Spin { polls } => {
                write!(
                    f,
                    "{} spins at {}: {polls} polls and no time passed",
                    self.node, self.at
                )
            }
        }
    }
}
