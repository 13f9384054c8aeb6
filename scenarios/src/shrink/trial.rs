//! A trial: one run of a candidate, judged by the one check that must fail.
//!
//! A failing run is often a stuck one. It then goes on until the scenario's `settle_ms` has passed, hours
//! of simulated time in which nothing changes, and costs a hundred times as much as a run that passes. So a
//! trial may be *hurried*: it waits less. Where a run ends by itself before that, hurrying changes nothing;
//! where it is cut short, its answer is a guess, which `trials` asks again in full before
//! anything is said to be so.

use std::time::Duration;

use super::target::Target;
use crate::processor_time::measured;
use crate::run::{JUDGEMENT_ONLY, Outcome};
use crate::setup::Setup;

/// What came of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tried {
    /// Whether it fails in the same way.
    pub(super) fails: bool,
    /// Whether it was cut short by hurry, so that the full run may end otherwise.
    pub(super) cut_short: bool,
    /// How long it took to settle after all faults were healed, in milliseconds; nothing when it did not.
    pub(super) settled_in_ms: Option<u64>,
    /// How much happened: what it costs in terms that no machine has a part in.
    pub(super) events: u64,
    /// What it cost.
    pub(super) cost: Duration,
}

/// Runs a candidate, which waits no longer than `hurry_ms` to settle if that is given. The other checks cost
/// time and say nothing here.
pub(super) fn tried(target: &Target, candidate: &Setup, hurry_ms: Option<u64>) -> Tried {
    let mut judged = candidate.clone();
    let scenario = &mut judged.selected.scenario;
    scenario.checks.expected = vec![target.check.clone()];
    let in_full = scenario.bounds.settle_ms;
    scenario.bounds.settle_ms = hurry_ms.unwrap_or(in_full).min(in_full);
    let hurried = scenario.bounds.settle_ms < in_full;
    let (outcome, cost) = measured(|| judged.run(JUDGEMENT_ONLY));
    let settled_in_ms = settled_in_ms(&judged, &outcome);
    Tried {
        fails: target.is_met_by(&outcome),
        cut_short: hurried && settled_in_ms.is_none(),
        settled_in_ms,
        events: outcome.record.events,
        cost,
    }
}

/// How long a run took to settle; nothing when it did not.
pub(super) fn settled_in_ms(setup: &Setup, outcome: &Outcome) -> Option<u64> {
    let settled = outcome.record.pending.as_ref().is_some_and(Vec::is_empty);
    let bounds = &setup.selected.scenario.bounds;
    let healed_at_ms = setup.given.heal_at_ms.unwrap_or(bounds.chaos_ms);
    settled.then(|| {
        outcome
            .record
            .simulated
            .millis()
            .saturating_sub(healed_at_ms)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::WITH_TRACE;
    use crate::seeds::RunSeeds;
    use model::defects::{Defect, Defects};
    use reports::Seed;

    /// A run in which work is left lying for ever, and its failure.
    fn stuck() -> (Setup, Target) {
        let seeds = 1..40;
        let mut runs = seeds.map(|seed| Setup {
            selected: crate::file::select("chaos-orchestration", &[]).unwrap(),
            seeds: RunSeeds::of(Seed(seed)),
            defects: Defects::of([Defect::SagaNotResumedAfterCrash]),
            given: crate::given::Given::NOTHING,
        });
        let failing = runs.find_map(|setup| {
            let outcome = setup.run(WITH_TRACE);
            let target = Target::of(&outcome, Some("everything_settles")).ok()?;
            Some((setup, target))
        });
        failing.expect("a Core dies in the midst of a saga within 40 seeds")
    }

    #[test]
    fn a_stuck_run_is_cut_short_by_hurry_and_says_so() {
        let (setup, target) = stuck();
        let in_full = tried(&target, &setup, None);
        assert!(in_full.fails && !in_full.cut_short && in_full.settled_in_ms.is_none());
        let hurried = tried(&target, &setup, Some(120_000));
        assert!(hurried.fails && hurried.cut_short);
        assert!(hurried.events < in_full.events);
    }

    #[test]
    fn a_run_that_settles_is_the_same_in_a_hurry() {
        let (setup, target) = stuck();
        let right = Setup {
            defects: Defects::default(),
            ..setup
        };
        let in_full = tried(&target, &right, None);
        let settled_in_ms = in_full
            .settled_in_ms
            .expect("without the defect all is done");
        let hurried = tried(&target, &right, Some(2 * settled_in_ms));
        let Tried { cost, .. } = hurried;
        assert_eq!(Tried { cost, ..in_full }, hurried);
        assert!(!hurried.fails && !hurried.cut_short);
    }
}
