//! The harness against itself: every planted defect is caught by the check that must catch it, and
//! the unmodified system is silent on the same seeds.

use std::collections::BTreeSet;

use model::defects::{DEFECTS, Defect, DefectInfo, Defects};
use model::invariants::CHECKS;
use reports::Seed;
use scenarios::file::source::Override;
use scenarios::run::{JUDGEMENT_ONLY, RunOrder};
use scenarios::scenario::Scenario;
use scenarios::seeds::RunSeeds;
use sim::check::{Check, Judgement};

use crate::prometheus::watched::Watched;

/// Within how many seeds a defect must be caught where it shows.
const SEEDS: u64 = 100;

/// Bugs that show only when somebody lets go of a call that is under way, which nobody in the system
/// does: `resilience` shows each caught in a world of its own.
const NOT_IN_THE_SYSTEM: [Defect; 2] = [
    Defect::BreakerNeverCloses,
    Defect::ConnectionLeakedOnTimeout,
];

/// Analyses that may outlast the lease of a verification: its holder is then fenced off, often.
const SLOW_ANALYSIS: &str = "system.timing.analysis={ min_us = 6_000_000, p50_us = 12_000_000, \
                             p90_us = 60_000_000, p99_us = 125_000_000, max_us = 150_000_000 }";

/// The situations in which bugs of the system are hunted.
struct Scenarios {
    everything: Scenario,
    slow_analysis: Scenario,
    /// It has an objective for the synchronous path.
    registration: Scenario,
    /// Everything that concerns webhooks.
    webhooks: Scenario,
    /// Nothing breaks but what a receiver does.
    webhooks_ordered: Scenario,
    slow_endpoint: Scenario,
    rotation: Scenario,
    receiver_down: Scenario,
    replay_crash: Scenario,
}

impl Scenarios {
    fn built_in() -> Scenarios {
        let read = |name: &str, overrides: &[Override]| {
            let selected = scenarios::file::select(name, overrides);
            selected.expect("a built-in scenario is valid").scenario
        };
        let slow = SLOW_ANALYSIS.parse().expect("an override is KEY=VALUE");
        Scenarios {
            everything: read("chaos-orchestration", &[]),
            slow_analysis: read("chaos-orchestration", &[slow]),
            registration: read("chaos-registration", &[]),
            webhooks: read("chaos-webhooks", &[]),
            webhooks_ordered: read("webhook-ordered", &[]),
            slow_endpoint: read("webhook-slow-endpoint", &[]),
            rotation: read("webhook-secret-rotation", &[]),
            receiver_down: read("webhook-receiver-down", &[]),
            replay_crash: read("dead-letter-replay-crash", &[]),
        }
    }

    fn grounds(&self) -> [Ground<'_>; 4] {
        let systems = [&self.everything, &self.slow_analysis, &self.registration];
        let [everything, slow_analysis, registration] = systems.map(Ground::System);
        [everything, slow_analysis, registration, Ground::Watched]
    }

    fn ground(&self, defect: Defect) -> Ground<'_> {
        match (defect, defect.info().caught_by) {
            (_, "alerts_right") => Ground::Watched,
            (Defect::StaleVerifierOverwrites, _) => Ground::System(&self.slow_analysis),
            (Defect::HardwareLimitOnSynchronousPath, _) => Ground::System(&self.registration),
            _ => Ground::System(&self.everything),
        }
    }
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

fn seeds_until_caught(scenarios: &Scenarios, defect: Defect) -> Option<u64> {
    let defects = Defects::of([defect]);
    let caught_by = defect.info().caught_by;
    let ground = scenarios.ground(defect);
    (1..=SEEDS).find(|seed| complaints(ground, *seed, &defects).contains(caught_by))
}

#[test]
fn every_defect_is_caught_by_its_check() {
    let scenarios = Scenarios::built_in();
    let in_the_system = |info: &&DefectInfo| !NOT_IN_THE_SYSTEM.contains(&info.defect);
    for info in DEFECTS.iter().filter(in_the_system) {
        let caught = seeds_until_caught(&scenarios, info.defect);
        let seed = caught.unwrap_or_else(|| panic!("{} escapes {} seeds", info.name, SEEDS));
        println!("{:<36} {:<22} seed {seed}", info.name, info.caught_by);
    }
}

#[test]
fn the_unmodified_system_is_silent_on_the_same_seeds() {
    let scenarios = Scenarios::built_in();
    let none = Defects::default();
    for seed in 1..=SEEDS {
        for ground in scenarios.grounds() {
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
