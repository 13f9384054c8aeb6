//! The verdict over a whole run or sweep, and the mark it wears in text.
//!
//! A check has three verdicts (see [`sim::check::Verdict`]). A run has a fourth: it *failed to run*
//! when its process hung, was killed or aborted, so that there is no record to judge.

use std::fmt;

use serde::{Deserialize, Serialize};
use sim::check::{Judgement, overall};

use crate::style::Role;

/// The verdict over a run, in the order in which one outweighs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunVerdict {
    /// Every check held.
    Held,
    /// No check was violated, but at least one could not judge.
    Unknown,
    /// There is no record to judge.
    FailedToRun,
    /// At least one check was violated.
    Violated,
}

impl RunVerdict {
    /// The verdict over a record's judgements.
    pub fn over(judgements: &[Judgement]) -> RunVerdict {
        RunVerdict::named(overall(judgements))
    }

    /// The verdict a check's own verdict stands for.
    pub(crate) fn named(name: &str) -> RunVerdict {
        match name {
            "held" => RunVerdict::Held,
            "violated" => RunVerdict::Violated,
            "unknown" => RunVerdict::Unknown,
            other => panic!("a check has three verdicts, `{other}` is none of them"),
        }
    }

    /// How the verdict is written in documents.
    pub fn name(self) -> &'static str {
        match self {
            RunVerdict::Held => "held",
            RunVerdict::Unknown => "unknown",
            RunVerdict::FailedToRun => "failed_to_run",
            RunVerdict::Violated => "violated",
        }
    }

    /// One character for it.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            RunVerdict::Held => "✓",
            RunVerdict::Unknown => "?",
            RunVerdict::FailedToRun => "!",
            RunVerdict::Violated => "✗",
        }
    }

    /// How it is painted.
    pub(crate) fn role(self) -> Role {
        match self {
            RunVerdict::Held => Role::Good,
            RunVerdict::Unknown => Role::Doubt,
            RunVerdict::FailedToRun | RunVerdict::Violated => Role::Bad,
        }
    }
}

impl fmt::Display for RunVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
