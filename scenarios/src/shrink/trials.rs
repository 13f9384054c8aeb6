//! Trials: running a smaller candidate to see whether it still fails, within a budget of runs.
//!
//! A candidate that was tried before is not run again: the last round of all passes repeats what earlier
//! ones tried, to see that nothing more can go. Two candidates are run beside each other, and the second
//! counts only when it is asked for: so what comes out is the same as one after the other.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::thread;

use super::Size;
use super::target::Target;
use crate::run::JUDGEMENT_ONLY;
use crate::setup::Setup;

/// How many candidates are run beside each other. Not as many as there are processors: all but the first
/// are run in vain when the first fails.
const AT_A_TIME: usize = 2;

/// Runs candidates and counts them.
pub(super) struct Trials<'a> {
    target: &'a Target,
    runs_max: u32,
    runs: u32,
    smallest: Size,
    /// Whether a candidate fails, by the hash of all that it is.
    known: BTreeMap<u64, bool>,
    /// The same of candidates that were run but not asked for yet, and do not count.
    ahead: BTreeMap<u64, bool>,
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
            ahead: BTreeMap::new(),
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

    /// The first of several candidates, each with a name, that still fails in the same way.
    pub(super) fn first_failing<Name>(
        &mut self,
        candidates: impl Iterator<Item = (Name, Setup)>,
    ) -> Option<(Name, Setup)> {
        let mut candidates = candidates.fuse();
        loop {
            let next: Vec<(Name, Setup)> = candidates.by_ref().take(AT_A_TIME).collect();
            if next.is_empty() || self.are_spent() {
                return None;
            }
            self.look_ahead(&next);
            let mut failing = next.into_iter().filter(|(_, it)| self.fails(it));
            if let Some(found) = failing.next() {
                return Some(found);
            }
        }
    }

    /// The number of the first part of a list whose candidate fails.
    pub(super) fn first<T>(
        &mut self,
        parts: &[Vec<T>],
        candidate: impl Fn(&[T]) -> Setup,
    ) -> Option<usize> {
        let candidates = parts.iter().map(|part| candidate(part)).enumerate();
        self.first_failing(candidates).map(|(at, _)| at)
    }

    /// Runs candidates beside each other, as far as they were not run before.
    fn look_ahead<Name>(&mut self, candidates: &[(Name, Setup)]) {
        let candidates = candidates.iter().map(|(_, it)| (identity(it), it));
        let is_new =
            |(it, _): &(u64, &Setup)| !self.known.contains_key(it) && !self.ahead.contains_key(it);
        let new: Vec<(u64, &Setup)> = candidates.filter(is_new).collect();
        let Some(((own, first), others)) = new.split_first() else {
            return;
        };
        let target = self.target;
        let found: Vec<(u64, bool)> = thread::scope(|scope| {
            let running: Vec<_> = others
                .iter()
                .map(|(identity, it)| (*identity, scope.spawn(move || fails_so(target, it))))
                .collect();
            let own = (*own, fails_so(target, first));
            let heard = running.into_iter().map(|(identity, thread)| {
                (
                    identity,
                    thread.join().expect("a run of ours does not panic"),
                )
            });
            std::iter::once(own).chain(heard).collect()
        });
        self.ahead.extend(found);
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
        let ahead = self.ahead.remove(&identity);
        let fails = ahead.unwrap_or_else(|| fails_so(self.target, candidate));
        if fails {
            self.smallest = Size::of(candidate);
        }
        self.known.insert(identity, fails);
        (self.on_trial)(self.smallest, self.runs);
        fails
    }
}

/// Runs a candidate. The other checks cost time and say nothing here.
fn fails_so(target: &Target, candidate: &Setup) -> bool {
    let mut judged = candidate.clone();
    judged.selected.scenario.checks.expected = vec![target.check.clone()];
    target.is_met_by(&judged.run(JUDGEMENT_ONLY))
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
