//! Failing runs that the tests here start from.

use model::defects::{Defect, Defects};
use reports::Seed;
use scenarios::file;
use scenarios::given::Given;
use scenarios::run::{Outcome, WITH_TRACE};
use scenarios::seeds::RunSeeds;
use scenarios::setup::Setup;
use scenarios::shrink::target::Target;
use scenarios::shrink::{Budget, ShrinkOrder, Shrunk, shrink};

/// How many seeds are tried to find a failing run.
const SEEDS: u64 = 60;

/// A run of the scenario in which everything happens.
pub(super) fn everything(seed: u64, defects: Defects) -> Setup {
    Setup {
        selected: file::select("chaos-orchestration", &[]).expect("a built-in scenario is valid"),
        seeds: RunSeeds::of(Seed(seed)),
        defects,
        given: Given::NOTHING,
    }
}

/// A budget that comes to the same on every machine.
pub(super) fn runs_alone(runs_max: u32) -> Budget {
    Budget {
        runs_max,
        processor: None,
    }
}

/// The first run of that scenario in which a defect is caught by its check.
pub(super) fn caught(defect: Defect) -> (Setup, Outcome) {
    let check = defect.info().caught_by;
    let runs = (1..=SEEDS).map(|seed| {
        let setup = everything(seed, Defects::of([defect]));
        let outcome = setup.run(WITH_TRACE);
        (setup, outcome)
    });
    let mut failing = runs.filter(|(_, outcome)| Target::of(outcome, Some(check)).is_ok());
    let found = failing.next();
    found.unwrap_or_else(|| panic!("{defect} escapes {SEEDS} seeds"))
}

/// A failing run, shrunk for the first check that it violates.
pub(super) fn shrunk_setup(setup: &Setup) -> Shrunk {
    let order = ShrinkOrder {
        check: None,
        budget: runs_alone(2_000),
    };
    shrink(setup, &order, &mut |_, _| ()).expect("it fails")
}

/// That run, shrunk.
pub(super) fn shrunk(defect: Defect) -> Shrunk {
    let (setup, _) = caught(defect);
    let order = ShrinkOrder {
        check: Some(defect.info().caught_by.to_owned()),
        budget: runs_alone(2_000),
    };
    shrink(&setup, &order, &mut |_, _| ()).expect("it fails")
}
