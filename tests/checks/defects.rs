//! The harness against itself: every planted defect is caught by the check that must catch it, and
//! the unmodified system is silent on the same seeds.

use std::collections::BTreeSet;

use model::defects::{DEFECTS, Defect, DefectInfo, Defects};
use model::invariants::CHECKS;
use reports::Seed;
use scenarios::run::{JUDGEMENT_ONLY, RunOrder};
use scenarios::scenario::Scenario;
use scenarios::seeds::RunSeeds;
use sim::check::{Check, Judgement};

use crate::prometheus::watched::Watched;

/// Within how many seeds a defect must be caught where it shows.
const SEEDS: u64 = 200;

/// Bugs that `chaos-registration` brings out for certain. The others need renames, rollbacks or larger
/// trouble than it has: `locker`, `resilience` and `prometheus` show some of them in worlds of their own.
const HUNTED: [Defect; 8] = [
    Defect::AckBeforeCommit,
    Defect::LinkNotIdempotent,
    Defect::LatchBeforeJournal,
    Defect::TimeoutTreatedAsFailure,
    Defect::KeyIgnoresBody,
    Defect::SagaNotResumedAfterCrash,
    Defect::AlertFiresWithoutWaiting,
    Defect::AlertNeverResolves,
];

fn scenario() -> Scenario {
    let selected = scenarios::file::select("chaos-registration", &[]);
    selected.expect("a built-in scenario is valid").scenario
}

/// Where a defect shows.
#[derive(Clone, Copy)]
enum Ground<'a> {
    /// In runs of the whole system.
    System(&'a Scenario),
    /// In runs that watch metrics of a made-up course: no scenario breaks things for as long as an
    /// alert waits, on every seed.
    Watched,
}

fn ground(defect: Defect, scenario: &Scenario) -> Ground<'_> {
    match defect.info().caught_by {
        "alerts_right" => Ground::Watched,
        _ => Ground::System(scenario),
    }
}

/// The names of the checks that do not hold under a seed.
fn complaints(ground: Ground<'_>, seed: u64, defects: &Defects) -> BTreeSet<&'static str> {
    let judgements = match ground {
        Ground::System(scenario) => judged_run(scenario, seed, defects),
        Ground::Watched => sim::check::judge(&Watched::drawn(seed).run(defects), &[alerts_right()]),
    };
    judgements
        .iter()
        .filter(|judgement| judgement.verdict.name() != "held")
        .map(|judgement| judgement.check)
        .collect()
}

fn alerts_right() -> Check {
    let found = CHECKS.iter().find(|check| check.name == "alerts_right");
    *found.expect("the check is registered")
}

fn judged_run(scenario: &Scenario, seed: u64, defects: &Defects) -> Vec<Judgement> {
    let order = RunOrder {
        scenario,
        seeds: RunSeeds::of(Seed(seed)),
        plan: None,
        defects,
        recording: JUDGEMENT_ONLY,
    };
    scenarios::run::run(&order).judgements
}

fn seeds_until_caught(scenario: &Scenario, defect: Defect) -> Option<u64> {
    let defects = Defects::of([defect]);
    let caught_by = defect.info().caught_by;
    let ground = ground(defect, scenario);
    (1..=SEEDS).find(|seed| complaints(ground, *seed, &defects).contains(caught_by))
}

#[test]
fn every_hunted_defect_is_caught_by_its_check() {
    let scenario = scenario();
    let hunted = |info: &&DefectInfo| HUNTED.contains(&info.defect);
    for info in DEFECTS.iter().filter(hunted) {
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
        for ground in [Ground::System(&scenario), Ground::Watched] {
            assert_eq!(
                complaints(ground, seed, &none),
                BTreeSet::new(),
                "seed {seed}"
            );
        }
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
