//! The harness against itself: every planted defect is caught by the check that must catch it, and
//! the unmodified system is silent on the same seeds.

use std::collections::BTreeSet;

use model::defects::{DEFECTS, Defect, Defects};
use model::invariants::CHECKS;
use reports::Seed;
use scenarios::run::{JUDGEMENT_ONLY, RunOrder};
use scenarios::scenario::Scenario;
use scenarios::seeds::RunSeeds;

/// Within how many seeds of `chaos-registration` a defect must be caught.
const SEEDS: u64 = 200;

/// Bugs that show only when a link is taken back, which no Core does yet. `tests/locker` catches
/// them with a caller that does.
const NEED_AN_UNLINK: [Defect; 2] = [Defect::UnlinkForgetsLateLink, Defect::DedupMemoryOfOne];

fn scenario() -> Scenario {
    let selected = scenarios::file::select("chaos-registration", &[]);
    selected.expect("a built-in scenario is valid").scenario
}

/// The names of the checks that do not hold under a seed.
fn complaints(scenario: &Scenario, seed: u64, defects: &Defects) -> BTreeSet<&'static str> {
    let order = RunOrder {
        scenario,
        seeds: RunSeeds::of(Seed(seed)),
        plan: None,
        defects,
        recording: JUDGEMENT_ONLY,
    };
    let outcome = scenarios::run::run(&order);
    let complaining = outcome
        .judgements
        .iter()
        .filter(|judgement| judgement.verdict.name() != "held");
    complaining.map(|judgement| judgement.check).collect()
}

fn seeds_until_caught(scenario: &Scenario, defect: Defect) -> Option<u64> {
    let defects = Defects::of([defect]);
    let caught_by = defect.info().caught_by;
    (1..=SEEDS).find(|seed| complaints(scenario, *seed, &defects).contains(caught_by))
}

#[test]
fn every_defect_is_caught_by_its_check() {
    let scenario = scenario();
    let reached = |defect| !NEED_AN_UNLINK.contains(&defect);
    for info in DEFECTS.iter().filter(|info| reached(info.defect)) {
        let caught = seeds_until_caught(&scenario, info.defect);
        let seed = caught.unwrap_or_else(|| panic!("{} escapes {} seeds", info.name, SEEDS));
        println!("{:<36} {:<22} seed {seed}", info.name, info.caught_by);
    }
}

#[test]
fn the_unmodified_system_is_silent_on_the_same_seeds() {
    let scenario = scenario();
    let none = Defects::default();
    for seed in 1..=SEEDS {
        assert_eq!(
            complaints(&scenario, seed, &none),
            BTreeSet::new(),
            "seed {seed}"
        );
    }
}

#[test]
fn every_check_of_the_system_has_a_defect_it_must_catch() {
    for check in CHECKS {
        assert!(
            DEFECTS.iter().any(|info| info.caught_by == check.name),
            "{}",
            check.name
        );
    }
}
