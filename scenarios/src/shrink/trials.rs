//! Trials: trying smaller candidates to see whether they still fail, within a budget of runs and of
//! processor time.
//!
//! A candidate that was tried before is not run again: the last round of all passes repeats what earlier
//! ones tried, to see that nothing more can go. Two candidates are run beside each other, and the second
//! counts only when it is asked for: so what comes out is the same as one after the other, but for where
//! the budget of processor time ends the search.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::thread;
use std::time::Duration;

use super::target::Target;
use super::trial::{Tried, tried};
use super::{Budget, Size};
use crate::setup::Setup;

/// How many candidates are run beside each other. Not as many as there are processors: all but the first
/// are run in vain when the first fails.
const AT_A_TIME: usize = 2;
/// A hurried run may take so many times as long to settle as the longest that did settle.
const PATIENCE: u64 = 2;

/// Runs candidates and counts them.
pub(super) struct Trials<'a> {
    target: &'a Target,
    budget: Budget,
    runs: u32,
    spent: Duration,
    smallest: Size,
    /// How long runs may take to settle, when they are hurried.
    hurry_ms: Option<u64>,
    /// How long the longest took that did.
    settled_in_ms: u64,
    /// What came of a candidate, by the hash of all that it is.
    known: BTreeMap<u64, Tried>,
    /// The same of candidates that were run but not asked for yet, and do not count.
    ahead: BTreeMap<u64, Tried>,
    on_trial: &'a mut dyn FnMut(Size, u32),
}

impl<'a> Trials<'a> {
    /// `spent` is what of the budget of time is gone before the first trial.
    pub(super) fn new(
        target: &'a Target,
        budget: Budget,
        spent: Duration,
        on_trial: &'a mut dyn FnMut(Size, u32),
    ) -> Trials<'a> {
        let smallest = Size {
            faults: usize::MAX,
            operations: usize::MAX,
        };
        Trials {
            target,
            budget,
            runs: 0,
            spent,
            smallest,
            hurry_ms: None,
            settled_in_ms: 0,
            known: BTreeMap::new(),
            ahead: BTreeMap::new(),
            on_trial,
        }
    }

    pub(super) fn runs(&self) -> u32 {
        self.runs
    }

    /// How much processor time was spent.
    pub(super) fn spent(&self) -> Duration {
        self.spent
    }

    /// Whether no run is left, or no time.
    pub(super) fn are_spent(&self) -> bool {
        let Budget {
            runs_max,
            processor,
        } = self.budget;
        self.runs >= runs_max || processor.is_some_and(|most| self.spent >= most)
    }

    /// Lets runs wait no longer than that from now on, or than several times what the longest took.
    pub(super) fn hurry(&mut self, settle_ms: u64) {
        self.hurry_ms = Some(settle_ms);
    }

    /// Runs wait as long as their scenario says again, and what was a guess is forgotten. Says whether there
    /// was any.
    pub(super) fn take_time(&mut self) -> bool {
        let guesses = self.known.values().any(|tried| tried.cut_short);
        self.hurry_ms = None;
        self.known.retain(|_, tried| !tried.cut_short);
        self.ahead.retain(|_, tried| !tried.cut_short);
        guesses
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
        let (target, hurry_ms) = (self.target, self.hurry_ms());
        let found: Vec<(u64, Tried)> = thread::scope(|scope| {
            let running: Vec<_> = others
                .iter()
                .map(|(identity, it)| (*identity, scope.spawn(move || tried(target, it, hurry_ms))))
                .collect();
            let own = (*own, tried(target, first, hurry_ms));
            let heard = running.into_iter().map(|(identity, thread)| {
                (
                    identity,
                    thread.join().expect("a run of ours does not panic"),
                )
            });
            std::iter::once(own).chain(heard).collect()
        });
        self.spent += found.iter().map(|(_, tried)| tried.cost).sum::<Duration>();
        self.ahead.extend(found);
    }

    fn hurry_ms(&self) -> Option<u64> {
        let hurry_ms = self.hurry_ms?;
        Some(hurry_ms.max(PATIENCE * self.settled_in_ms))
    }

    /// Whether a candidate still fails in the same way. Without a run left it is taken not to.
    pub(super) fn fails(&mut self, candidate: &Setup) -> bool {
        self.of(candidate).is_some_and(|tried| tried.fails)
    }

    /// What comes of a candidate; nothing when it is not known and no run is left.
    pub(super) fn of(&mut self, candidate: &Setup) -> Option<Tried> {
        let identity = identity(candidate);
        if let Some(tried) = self.known.get(&identity) {
            return Some(*tried);
        }
        let paid = self.runs < self.budget.runs_max && self.ahead.contains_key(&identity);
        if self.are_spent() && !paid {
            return None;
        }
        Some(self.run(identity, candidate))
    }

    fn run(&mut self, identity: u64, candidate: &Setup) -> Tried {
        self.runs += 1;
        let found = match self.ahead.remove(&identity) {
            Some(tried) => tried,
            None => {
                let tried = tried(self.target, candidate, self.hurry_ms());
                self.spent += tried.cost;
                tried
            }
        };
        if found.fails {
            self.smallest = Size::of(candidate);
        }
        let settled_in_ms = found.settled_in_ms.unwrap_or(0);
        self.settled_in_ms = self.settled_in_ms.max(settled_in_ms);
        self.known.insert(identity, found);
        (self.on_trial)(self.smallest, self.runs);
        found
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
