//! Failures of a sweep, taken together where they are the same.
//!
//! Two seeds fail in the same way when they violate the same check on the same kind of subject, and
//! it came about by the same kinds of steps (where that was not looked into: what is wrong has the same
//! form); or when they fail to run for the same reason. Of each such failure only the smallest seeds are
//! kept, so that a sweep in which everything fails stays small, and comes to the same result in any order.

use std::collections::BTreeMap;

use sim::check::Kind;

use crate::seed::{Seed, SeedEvidence};

/// What two failures have in common to count as the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Signature {
    /// The same check was violated on the same kind of subject, in the same way: by steps of the same kinds,
    /// or, where those are not known, told in the same form.
    Violated {
        check: String,
        kind: Kind,
        subject_kind: String,
        way: String,
    },
    /// Runs failed for the same reason, numbers aside.
    FailedToRun {
        failure_kind: String,
        from_outside: bool,
    },
}

/// The seeds that failed in one way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    /// How many.
    pub(crate) seeds: u64,
    /// The smallest of them, at most [`FAILING_SEEDS_KEPT_MAX`].
    pub(crate) kept: BTreeMap<Seed, Failing>,
}

/// One seed that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failing {
    pub(crate) evidence: Vec<SeedEvidence>,
    pub(crate) evidence_total: u64,
    pub(crate) reproduce: String,
}

/// The seeds in which a check could not judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undecided {
    pub(crate) seeds: u64,
    pub(crate) first_seed: Seed,
    pub(crate) reason: String,
    pub(crate) reproduce: String,
}

/// How many failing seeds of one signature are kept with their evidence.
pub(crate) const FAILING_SEEDS_KEPT_MAX: usize = 20;

impl Signature {
    /// A stable name for it.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Signature::Violated {
                check,
                subject_kind,
                way,
                ..
            } => format!("{check} on {subject_kind}: {way}"),
            Signature::FailedToRun { failure_kind, .. } => {
                format!("failed to run: {failure_kind}")
            }
        }
    }
}

impl Failing {
    /// The first thing that is wrong.
    pub(crate) fn claim(&self) -> String {
        self.evidence
            .first()
            .map_or(String::new(), SeedEvidence::in_words)
    }
}

impl Failures {
    /// Adds a seed, keeping the smallest only.
    pub(crate) fn add(&mut self, seed: Seed, failing: Failing) {
        self.seeds += 1;
        self.kept.insert(seed, failing);
        if self.kept.len() > FAILING_SEEDS_KEPT_MAX {
            self.kept.pop_last();
        }
    }

    /// The smallest seed that failed so.
    pub(crate) fn first(&self) -> (Seed, &Failing) {
        self.kept
            .first_key_value()
            .map(|(seed, failing)| (*seed, failing))
            .expect("a failure is entered with its first seed")
    }
}
