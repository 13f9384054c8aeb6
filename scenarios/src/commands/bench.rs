//! `proveniq bench`: how fast runs are here, on one processor and in one process.

#![expect(
    clippy::disallowed_methods,
    reason = "how fast runs are is measured in real time, outside any run"
)]

use std::time::Instant;

use model::defects::Defects;
use reports::Seed;

use crate::args::BenchArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::file;
use crate::output;
use crate::run::JUDGEMENT_ONLY;
use crate::seeds::RunSeeds;
use crate::setup::Setup;

/// Measures.
///
/// # Errors
/// When there is no such scenario.
pub fn execute(args: &BenchArgs) -> Result<Conclusion, Failure> {
    let setup = Setup {
        selected: file::select(&args.scenario, &[])?,
        seeds: RunSeeds::of(Seed(1)),
        defects: Defects::default(),
        given: crate::given::Given::NOTHING,
    };
    let mut total = Total::default();
    let began = Instant::now();
    for seed in 1..=args.seeds {
        let outcome = setup.at(Seed(seed)).run(JUDGEMENT_ONLY);
        let operations = outcome.record.history.counts();
        total.simulated_ms += outcome.record.simulated.millis();
        total.events += outcome.record.events;
        total.operations += operations.ok + operations.fail + operations.unknown;
    }
    let wall = began.elapsed().as_secs_f64().max(1e-9);
    output::print(&total.told(&args.scenario, args.seeds, wall))?;
    Ok(Conclusion::Told)
}

/// Sums over all seeds.
#[derive(Default)]
struct Total {
    simulated_ms: u64,
    events: u64,
    operations: u64,
}

impl Total {
    fn told(&self, scenario: &str, seeds: u64, wall: f64) -> String {
        let simulated = self.simulated_ms as f64 / 1_000.0;
        let build = if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        };
        format!(
            "{scenario}: {seeds} seeds in {wall:.2} s of wall time, one process, {build} build\n\
             \x20 {:>10.1} seeds/s\n\
             \x20 {:>10.0} events/s\n\
             \x20 {:>10.0} operations/s\n\
             \x20 {:>10.0} simulated seconds per second\n",
            seeds as f64 / wall,
            self.events as f64 / wall,
            self.operations as f64 / wall,
            simulated / wall,
        )
    }
}
