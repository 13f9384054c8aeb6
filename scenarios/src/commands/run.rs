//! `proveniq run`: one run, judged and told.

use std::time::Duration;

use reports::schema::Document;

use super::export::Exports;
use super::telling;
use crate::args::RunArgs;
use crate::determinism::{self, Comparison};
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::output::{self, FileToBe};
use crate::repro::Repro;
use crate::run::Outcome;
use crate::setup::Setup;
use crate::sweep::limits::Limits;

/// What a run in another process may take, when runs are compared.
const COMPARISON_LIMITS: Limits = Limits {
    wall: Duration::from_secs(300),
    memory: 8 << 30,
};

/// Runs a scenario.
///
/// # Errors
/// When there is no such scenario, or a file cannot be written.
pub fn execute(args: &RunArgs) -> Result<Conclusion, Failure> {
    let setup = super::setup(&args.scenario, args.seeds.seeds())?;
    let repro = args.save_repro.as_deref().map(FileToBe::at).transpose()?;
    let exports = Exports::at(&args.export)?;
    let outcome = setup.run(telling::recording(args.show));
    let report = setup.report(&outcome, setup.reproduce());
    let told = telling::show(&report, args.show, None);
    let saved = repro.map_or(Ok(()), |file| {
        file.complete(&(Repro::of(&setup, &outcome).to_pretty() + "\n"))
    });
    let judged = Conclusion::from(report.verdict());
    let judged = super::despite(judged, [told, saved])?;
    exports.complete(&outcome.record)?;
    if !args.check_determinism {
        return Ok(judged);
    }
    Ok(judged.or_graver(check_determinism(&setup, &outcome)?))
}

fn check_determinism(setup: &Setup, outcome: &Outcome) -> Result<Conclusion, Failure> {
    match determinism::compare(setup, outcome, &COMPARISON_LIMITS)? {
        Comparison::Same => {
            output::tell("deterministic: twice here and once in another process, the same run\n");
            Ok(Conclusion::Held)
        }
        Comparison::Diverged { which, divergence } => {
            output::tell(&format!("nondeterministic: {which} was another run\n"));
            match divergence {
                Some(divergence) => {
                    output::tell(&reports::divergence::render(
                        &divergence,
                        reports::Style::PLAIN,
                    ));
                }
                None => output::tell("the events read alike; they differ in what is not shown\n"),
            }
            Ok(Conclusion::Nondeterministic)
        }
    }
}
