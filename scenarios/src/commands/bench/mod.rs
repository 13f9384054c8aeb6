//! `proveniq bench`: how fast runs and checkers are here, in one process.
//!
//! Figures are of processor time where the system tells it, since a machine that others use too makes wall time
//! say little. [`budgets`] are what the harness is meant to keep; a budget that is missed is told and fails nothing,
//! because the machine has its part in it. [`histories`] are what checkers are measured on. The network alone is
//! measured beside other simulators by `cargo bench -p sim --bench peers`.

pub mod budgets;
pub mod histories;
mod stopwatch;

use std::fs;
use std::path::Path;

use model::defects::Defects;
use reports::Seed;
use reports::bench::{BenchDocument, Measured};
use reports::schema::Document;
use sim::checkers::foreign::{Question, judge};
use sim::checkers::linearizability::Budget;
use sim::checkers::transactions::Isolation;
use sim::checkers::verdict::Verdict;

use crate::args::hunt::BenchArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::file;
use crate::given::Given;
use crate::output::{self, FileToBe};
use crate::run::JUDGEMENT_ONLY;
use crate::seeds::RunSeeds;
use crate::setup::Setup;
use histories::DRAWN;
use stopwatch::Stopwatch;

/// Measures.
///
/// # Errors
/// When there is no such scenario, or a history cannot be saved.
pub fn execute(args: &BenchArgs) -> Result<Conclusion, Failure> {
    let measured = match (args.budgets, args.checkers) {
        (true, _) => budgets::measure()?,
        (_, true) => checkers(args.save.as_deref())?,
        _ => runs(&args.scenario, args.seeds)?,
    };
    let document = BenchDocument::of(measured, cfg!(debug_assertions));
    match args.json {
        true => output::print(&(document.to_line() + "\n"))?,
        false => output::print(&document.to_text(output::style()))?,
    }
    Ok(Conclusion::Told)
}

/// Runs of a scenario, every check included.
fn runs(scenario: &str, seeds: u64) -> Result<Vec<Measured>, Failure> {
    let setup = Setup {
        selected: file::select(scenario, &[])?,
        seeds: RunSeeds::of(Seed(1)),
        defects: Defects::default(),
        given: Given::NOTHING,
    };
    let (mut simulated_ms, mut events, mut operations) = (0, 0, 0);
    let stopwatch = Stopwatch::start();
    for seed in 1..=seeds {
        let record = setup.at(Seed(seed)).run(JUDGEMENT_ONLY).record;
        let counts = record.history.counts();
        simulated_ms += record.simulated.millis();
        events += record.events;
        operations += counts.ok + counts.fail + counts.unknown;
    }
    let took = stopwatch.took();
    let rate = |count: u64| count as f64 / took.processor_s;
    let what = format!("{scenario}, {seeds} seeds, every check");
    Ok(vec![
        Measured::new(&what, rate(seeds), "seeds/s").took(took),
        Measured::new("", rate(events), "events/s"),
        Measured::new("", rate(operations), "operations/s"),
        Measured::new(
            "",
            rate(simulated_ms) / 1_000.0,
            "simulated seconds per second",
        ),
    ])
}

/// The generic checkers on drawn histories, from text to verdict.
fn checkers(save: Option<&Path>) -> Result<Vec<Measured>, Failure> {
    if let Some(folder) = save {
        fs::create_dir_all(folder).map_err(|source| Failure::Unwritable {
            path: folder.to_owned(),
            source,
        })?;
    }
    let measured = DRAWN.iter().map(|drawn| {
        let text = drawn.text();
        if let Some(folder) = save {
            let path = folder.join(format!("{}.edn", drawn.model.name()));
            FileToBe::at(&path)?.complete(&text)?;
        }
        let question = Question {
            model: drawn.model,
            notation: None,
            level: Isolation::Serializable,
            budget: Budget::USUAL,
        };
        let stopwatch = Stopwatch::start();
        let judgement = judge(&text, &question);
        let took = stopwatch.took();
        let verdict = judgement.map(|it| it.verdict);
        let unit = match &verdict {
            Ok(Verdict::Held) => "s until it is known to hold",
            Ok(Verdict::Unknown(_)) => "s until the search gives up",
            Ok(Verdict::Violated(_)) | Err(_) => {
                panic!("invariant: a drawn history holds by construction, not {verdict:?}")
            }
        };
        Ok(Measured::new(&drawn.what(), took.processor_s, unit).took(took))
    });
    measured.collect()
}
