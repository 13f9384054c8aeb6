//! Trials: running a smaller candidate to see whether it still fails, within a budget of runs.
//!
//! A candidate that was tried before is not run again: the last round of all passes repeats what earlier
//! ones tried, to see that nothing more can go.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use super::Size;
use super::target::Target;
use crate::run::JUDGEMENT_ONLY;
use crate::setup::Setup;

/// Runs candidates and counts them.
pub(super) struct Trials<'a> {
    target: &'a Target,
    runs_max: u32,
    runs: u32,
    smallest: Size,
    /// Whether a candidate fails, by the hash of all that it is.
    known: BTreeMap<u64, bool>,
    on_trial: &'a mut dyn FnMut(Size, u32),
}

impl<'a> Trials<'a> {
    pub(super) fn new(
        target: &'a Target,
        runs_max: u32,
        on_trial: &'a mut dyn FnMut(Size, u32),
    ) -> Trials<'a> {
        let smallest = Size {
            faults: usize::MAX,
            operations: usize::MAX,
        };
        Trials {
            target,
            runs_max,
            runs: 0,
            smallest,
            known: BTreeMap::new(),
            on_trial,
        }
    }

    pub(super) fn target(&self) -> &Target {
        self.target
    }

    pub(super) fn runs(&self) -> u32 {
        self.runs
    }

    /// Whether no run is left.
    pub(super) fn are_spent(&self) -> bool {
        self.runs >= self.runs_max
    }

    /// Whether a candidate still fails in the same way. Without a run left it is taken not to.
    pub(super) fn fails(&mut self, candidate: &Setup) -> bool {
        let identity = identity(candidate);
        if let Some(fails) = self.known.get(&identity) {
            return *fails;
        }
        if self.are_spent() {
            return false;
        }
        self.runs += 1;
        let mut judged = candidate.clone();
        // The other checks cost time and say nothing here.
        judged.selected.scenario.checks.expected = vec![self.target.check.clone()];
        let fails = self.target.is_met_by(&judged.run(JUDGEMENT_ONLY));
        if fails {
            self.smallest = Size::of(candidate);
        }
        self.known.insert(identity, fails);
        (self.on_trial)(self.smallest, self.runs);
        fails
    }
}

/// A hash of all that differs between the candidates of one run.
fn identity(candidate: &Setup) -> u64 {
    let Setup {
        selected,
        seeds,
        given,
        ..
    } = candidate;
    let mut hash = DefaultHasher::new();
    hash.write(format!("{seeds:?} {given:?} {:?}", selected.scenario).as_bytes());
    hash.finish()
}
