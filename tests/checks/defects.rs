//! The harness against itself: every planted defect is caught by the check that must catch it, and
//! the unmodified system is silent on the same seeds. Where a defect is hunted is told by
//! [`situation`].

use std::collections::{BTreeMap, BTreeSet};

use model::defects::{DEFECTS, DefectInfo, Defects};
use model::invariants::CHECKS;
use reports::Seed;
use scenarios::hunt::situation;
use scenarios::run::{JUDGEMENT_ONLY, RunOrder};
use scenarios::scenario::Scenario;
use scenarios::seeds::RunSeeds;
use sim::check::{Check, Judgement};

use crate::prometheus::watched::Watched;

/// Within how many seeds a defect must be caught where it shows.
const SEEDS: u64 = 100;

/// Where a bug shows.
enum Ground {
    /// In runs of the whole system.
    System(Box<Scenario>),
    /// In runs that watch metrics of a made-up course: no scenario breaks things for as long as an
    /// alert waits, on every seed.
    Watched,
}

/// Where a defect is hunted, by name; nothing when another test shows it in a world of its own.
fn ground(info: &DefectInfo) -> Option<(&'static str, Ground)> {
    match situation::of(info.defect) {
        Some(situation) => {
            let scenario = situation.select().scenario;
            Some((situation.name, Ground::System(Box::new(scenario))))
        }
        None if info.caught_by == "alerts_right" => Some(("watched", Ground::Watched)),
        None => None,
    }
}

/// The names of the checks that do not hold under a seed.
fn complaints(ground: &Ground, seed: u64, defects: &Defects) -> BTreeSet<&'static str> {
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
        given: &scenarios::given::Given::NOTHING,
        defects,
        recording: JUDGEMENT_ONLY,
    };
    scenarios::run::run(&order).judgements
}

#[test]
fn every_defect_is_caught_by_its_check_on_seeds_on_which_the_unmodified_system_is_silent() {
    let mut hunted: BTreeMap<&str, (Ground, u64)> = BTreeMap::new();
    for info in DEFECTS {
        let Some((situation, ground)) = ground(info) else {
            continue;
        };
        let (ground, farthest) = hunted.entry(situation).or_insert((ground, 0));
        let defects = Defects::of([info.defect]);
        let caught =
            (1..=SEEDS).find(|seed| complaints(ground, *seed, &defects).contains(info.caught_by));
        let Some(seed) = caught else {
            panic!("{} escapes {SEEDS} seeds of {situation:?}", info.name);
        };
        println!("{:<36} {:<22} seed {seed}", info.name, info.caught_by);
        *farthest = seed.max(*farthest);
    }
    let none = Defects::default();
    for (situation, (ground, farthest)) in &hunted {
        for seed in 1..=*farthest {
            let complaints = complaints(ground, seed, &none);
            assert!(
                complaints.is_empty(),
                "{situation:?}, seed {seed}: {complaints:?}"
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
