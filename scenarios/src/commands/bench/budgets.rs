//! What the harness is meant to keep to, on one processor in a release build, and what it does.
//!
//! A budget is a wish with a figure: it is measured and told, never asserted, since the machine has its part in it.

use std::time::Duration;

use model::defects::Defects;
use model::incident::case::Case;
use model::incident::episode::HandOver;
use reports::Seed;
use reports::bench::Measured;
use sim::world::Recording;

use super::stopwatch::Stopwatch;
use crate::failure::Failure;
use crate::file;
use crate::given::Given;
use crate::labs::{self, policy, trial::Bench};
use crate::run::{JUDGEMENT_ONLY, Outcome, WITH_TRACE};
use crate::seeds::RunSeeds;
use crate::setup::Setup;
use crate::sweep::limits::resident_memory;

/// How many seeds the rate of chaos runs is measured on.
const CHAOS_SEEDS: u64 = 40;

/// How many operations the growth of their cost is measured between.
const FEW: u64 = 1_000;
const MANY: u64 = 10_000;

/// Measures all of it. Memory comes first, while the process is small.
///
/// # Errors
/// [`Failure::Internal`] when what is built in cannot be run.
pub fn measure() -> Result<Vec<Measured>, Failure> {
    Ok(vec![memory()?, growth()?, chaos()?, lab()?, incident()?])
}

fn setup(scenario: &str, set: &[String]) -> Result<Setup, Failure> {
    let overrides: Result<Vec<_>, _> = set.iter().map(|set| set.parse()).collect();
    let overrides = overrides.map_err(|error| Failure::Internal(format!("{error}")))?;
    Ok(Setup {
        selected: file::select(scenario, &overrides)?,
        seeds: RunSeeds::of(Seed(1)),
        defects: Defects::default(),
        given: Given::NOTHING,
    })
}

/// So many registrations one after the other, and nothing goes wrong.
fn registrations(operations: u64, recording: Recording) -> Result<Outcome, Failure> {
    const EVERY_MS: u64 = 200;
    let lasts_ms = operations * EVERY_MS + 10_000;
    let set = [
        format!("workload.operations={operations}"),
        format!("workload.every_ms={EVERY_MS}"),
        format!("system.slots_per_locker={operations}"),
        format!("bounds.chaos_ms={lasts_ms}"),
        format!("bounds.time_ms={}", 2 * lasts_ms + 300_000),
        format!("bounds.steps={}", operations * 10_000),
    ];
    Ok(setup("happy-path", &set)?.run(recording))
}

/// What an operation leaves behind, trace included.
fn memory() -> Result<Measured, Failure> {
    const OPERATIONS: u64 = 10_000;
    let resident = || resident_memory(std::process::id()).unwrap_or(0);
    let before = resident();
    let outcome = registrations(OPERATIONS, WITH_TRACE)?;
    let grown = resident().saturating_sub(before);
    drop(outcome);
    let each = grown as f64 / OPERATIONS as f64 / 1_024.0;
    let what = format!("memory of {OPERATIONS} registrations with their trace, each");
    Ok(Measured::new(&what, each, "KiB").at_most(2.0))
}

fn growth() -> Result<Measured, Failure> {
    let each = |operations: u64| -> Result<f64, Failure> {
        let stopwatch = Stopwatch::start();
        registrations(operations, JUDGEMENT_ONLY)?;
        Ok(stopwatch.took().processor_s / operations as f64)
    };
    let few = (each(FEW)? + each(FEW)? + each(FEW)?) / 3.0;
    let many = each(MANY)?;
    let what = format!("cost of one of {MANY} registrations, to that of one of {FEW}");
    Ok(Measured::new(&what, many / few, "times").at_most(1.5))
}

fn chaos() -> Result<Measured, Failure> {
    let setup = setup("chaos-orchestration", &[])?;
    let stopwatch = Stopwatch::start();
    for seed in 1..=CHAOS_SEEDS {
        setup.at(Seed(seed)).run(JUDGEMENT_ONLY);
    }
    let took = stopwatch.took();
    let rate = CHAOS_SEEDS as f64 / took.processor_s;
    let what = "chaos-orchestration: 200 operations, 60 s of chaos, every check";
    Ok(Measured::new(what, rate, "runs/s")
        .took(took)
        .at_least(300.0))
}

fn lab() -> Result<Measured, Failure> {
    let lab = labs::find("LAB-001").expect("invariant: the lab is built in");
    let policy = policy::read("no policy", b"", None, lab.knobs)?;
    let bench = Bench::new(lab, policy)?;
    let stopwatch = Stopwatch::start();
    bench.run(Seed(1));
    let took = stopwatch.took();
    let what = "LAB-001: 10,000 requests at once, no policy, every check";
    let measured = Measured::new(what, took.processor_s, "s");
    Ok(measured.took(took).at_most(1.0))
}

fn incident() -> Result<Measured, Failure> {
    let stopwatch = Stopwatch::start();
    let hand_over = HandOver::of(&Case::of_seed(7));
    let hand_over = hand_over.map_err(|error| Failure::Internal(error.to_string()))?;
    let played = hand_over.play(&[]);
    played.map_err(|(_, error)| Failure::Internal(error.to_string()))?;
    let took = stopwatch.took();
    let minutes = model::incident::episode::LENGTH.as_secs() / Duration::from_secs(60).as_secs();
    let what = format!("LOAD-2024-001: warm-up to 52,847 queued, and {minutes} minutes more");
    let measured = Measured::new(&what, took.processor_s, "s");
    Ok(measured.took(took).at_most(3.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stops at a bound, or fails, costs nothing: its figure would be a good one.
    #[test]
    fn registrations_are_all_made_whatever_their_number() {
        for operations in [20, FEW] {
            let outcome = registrations(operations, JUDGEMENT_ONLY).expect("a valid setup");
            assert_eq!(outcome.record.history.counts().ok, operations);
        }
    }
}
