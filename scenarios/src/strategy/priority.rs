//! Change points: a few moments of a run at which what is due waits, and everything else goes first.
//!
//! After Burckhardt et al. (ASPLOS 2010): a bug of depth d needs d events in one order. A scheduler that
//! gives n threads random priorities and lowers one at d − 1 random steps of k finds it in a run with a
//! chance of at least 1 / (n · k^(d−1)). Here the entries of the agenda are the steps. An entry at a
//! change point waits for a drawn span, since in a world with clocks nobody can wait for ever; hence the
//! bound holds only for bugs whose events lie no further apart than the span, and is an estimate for the
//! rest. Ready tasks have random priorities in every strategy: see the scheduler.

use std::collections::BTreeSet;

use sim::random::{Lineage, Randomness, Root};
use sim::steering::PutOff;

use crate::scenario::Scenario;

/// The depth of bugs that is aimed at; there is one change point less.
pub const DEPTH: u32 = 4;

/// How long an entry waits at a change point, in milliseconds: within a step, beyond a deadline, beyond a
/// breaker's patience, beyond a lease.
const WAITS_MS: [u64; 4] = [50, 1_000, 8_000, 45_000];

/// The change points of a run.
pub fn change_points(scenario: &Scenario, randomness: &Randomness) -> Vec<PutOff> {
    let lineage = Lineage::of("priority");
    let mut stream = randomness.stream(Root::Schedule, lineage, "change points");
    let mut steps = BTreeSet::new();
    for _ in 1..DEPTH {
        steps.insert(stream.below(steps_of(scenario)));
    }
    let points = steps.into_iter().map(|step| PutOff {
        step,
        by_ms: *stream.pick(&WAITS_MS),
    });
    points.collect()
}

/// About how many entries the agenda brings while clients work. An operation with all that follows from it
/// takes about eighty; measured on the built-in scenarios, and no more than a hint where to look.
fn steps_of(scenario: &Scenario) -> u64 {
    const PER_OPERATION: u64 = 80;
    PER_OPERATION * u64::from(scenario.workload.operations).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::random::Seeds;

    #[test]
    fn change_points_ascend_lie_within_the_run_and_differ_from_seed_to_seed() {
        let scenario = crate::file::select("chaos-orchestration", &[])
            .unwrap()
            .scenario;
        let mut all = BTreeSet::new();
        for seed in 0..50 {
            let points = change_points(&scenario, &Randomness::new(Seeds::derive(seed)));
            assert!(!points.is_empty() && points.len() < DEPTH as usize);
            assert!(points.windows(2).all(|pair| pair[0].step < pair[1].step));
            assert!(points.iter().all(|point| point.step < steps_of(&scenario)));
            all.extend(points.iter().map(|point| point.step));
        }
        assert!(all.len() > 120, "{}", all.len());
    }
}
