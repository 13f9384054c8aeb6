//! The one way in which these tests run a scenario.

use model::defects::Defects;
use reports::Seed;
use scenarios::file;
use scenarios::file::source::Override;
use scenarios::run::{Outcome, RunOrder, WITH_TRACE, run};
use scenarios::seeds::RunSeeds;
use sim::world::Recording;

/// Runs a built-in scenario under a seed, with its trace.
pub(super) fn run_once(name: &str, seed: u64) -> Outcome {
    run_recording(name, &[], seed, WITH_TRACE)
}

/// Runs a built-in scenario with some values set, such as `workload.attempts_max=1`, and with its log.
pub(super) fn run_with_log(name: &str, set: &[&str], seed: u64) -> Outcome {
    let recording = Recording {
        log: true,
        ..WITH_TRACE
    };
    run_recording(name, set, seed, recording)
}

fn run_recording(name: &str, set: &[&str], seed: u64, recording: Recording) -> Outcome {
    let set: Vec<Override> = set
        .iter()
        .map(|typed| typed.parse().expect("it is written key=value"))
        .collect();
    let selected = file::select(name, &set).expect("a built-in scenario is valid");
    run(&RunOrder {
        scenario: &selected.scenario,
        seeds: RunSeeds::of(Seed(seed)),
        given: &scenarios::given::Given::NOTHING,
        defects: &Defects::default(),
        recording,
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
