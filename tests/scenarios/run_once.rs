//! The one way in which these tests run a scenario.

use model::defects::Defects;
use reports::Seed;
use scenarios::file;
use scenarios::run::{Outcome, RunOrder, WITH_TRACE, run};
use scenarios::seeds::RunSeeds;

/// Runs a built-in scenario under a seed, with its trace.
pub(super) fn run_once(name: &str, seed: u64) -> Outcome {
    let selected = file::select(name, &[]).expect("a built-in scenario is valid");
    run(&RunOrder {
        scenario: &selected.scenario,
        seeds: RunSeeds::of(Seed(seed)),
        plan: None,
        defects: &Defects::default(),
        recording: WITH_TRACE,
    })
}

/// The checks that do not hold, with their verdicts.
pub(super) fn complaints(outcome: &Outcome) -> Vec<String> {
    let complaining = outcome
        .judgements
        .iter()
        .filter(|it| it.verdict.name() != "held");
    complaining
        .map(|it| format!("{}: {:?}", it.check, it.verdict))
        .collect()
}
