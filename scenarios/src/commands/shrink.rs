//! `proveniq shrink`: makes a failing run small, and saves it.

use reports::schema::Document;
use reports::shrink::{RunSize, ShrinkDocument};
use sim::time::SimTime;

use crate::args::failing::ShrinkArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::output::{self, FileToBe};
use crate::repro::Repro;
use crate::setup::{Setup, quoted};
use crate::shrink::{self, Budget, ShrinkError, ShrinkOrder, Shrunk};
use crate::spinner::Spinner;

/// Shrinks.
///
/// # Errors
/// When there is no such scenario or check, or the file cannot be written.
pub fn execute(args: &ShrinkArgs) -> Result<Conclusion, Failure> {
    let setup = args.source.setup()?;
    let file = args.out.as_deref().map(FileToBe::at).transpose()?;
    let order = ShrinkOrder {
        check: args.check.clone(),
        budget: Budget::of(args.runs, args.budget),
    };
    let Some(shrunk) = shrink_with_progress(&setup, &order)? else {
        return Ok(Conclusion::NothingSelected);
    };
    let reproduce = match &args.out {
        Some(path) => format!("proveniq replay {}", quoted(&path.display().to_string())),
        None => format!("{} --out FILE; proveniq replay FILE", args.typed(&setup)),
    };
    if let Some(file) = file {
        file.complete(&(Repro::of_shrunk(&shrunk).to_pretty() + "\n"))?;
    }
    let document = document(&setup, &shrunk, reproduce);
    match args.json {
        true => output::print(&(document.to_line() + "\n"))?,
        false => output::print(&document.to_text(output::style()))?,
    }
    Ok(Conclusion::Told)
}

/// Shrinks and shows how far it is; nothing when there is nothing to shrink, which is then told.
pub(super) fn shrink_with_progress(
    setup: &Setup,
    order: &ShrinkOrder,
) -> Result<Option<Shrunk>, Failure> {
    let spinner = Spinner::new("shrinking");
    let shrunk = shrink::shrink(setup, order, &mut |size, runs| {
        spinner.tell(&format!(
            "{} faults, {} operations after {runs} runs",
            size.faults, size.operations
        ));
    });
    drop(spinner);
    match shrunk {
        Ok(shrunk) => Ok(Some(shrunk)),
        Err(error @ ShrinkError::NothingViolated(_)) => {
            output::tell(&format!("{error}\n  {}\n", setup.reproduce()));
            Ok(None)
        }
        Err(error @ ShrinkError::NotTheSame) => {
            let command = setup.reproduce();
            Err(Failure::Internal(format!("{error}: {command}")))
        }
    }
}

fn document(setup: &Setup, shrunk: &Shrunk, reproduce: String) -> ShrinkDocument {
    let given = &shrunk.setup.given;
    let claim = shrunk.target.evidence_in(&shrunk.outcome.judgements);
    let operations = given.operations.iter().flatten();
    ShrinkDocument {
        schema: reports::schema::Schema::new(),
        scenario: setup.selected.scenario.name.clone(),
        seed: setup.seeds.run,
        defects: setup.to_text().defects,
        check: shrunk.target.check.clone(),
        subject: shrunk.target.subject.clone(),
        claim: claim.map_or_else(|| shrunk.target.claim.clone(), |it| it.claim.clone()),
        before: size(shrunk.before, shrunk.events_before, shrunk.simulated_before),
        after: size(
            shrunk.after(),
            shrunk.outcome.record.events,
            shrunk.simulated(),
        ),
        faults: given
            .plan
            .iter()
            .flat_map(|plan| plan.faults.clone())
            .collect(),
        operations: operations.map(ToString::to_string).collect(),
        calm: given.calm,
        runs: shrunk.runs,
        processor_ms: shrunk.processor.as_millis() as u64,
        minimal: shrunk.finished,
        reproduce,
    }
}

fn size(size: shrink::Size, events: u64, simulated: SimTime) -> RunSize {
    RunSize {
        faults: size.faults as u64,
        operations: size.operations as u64,
        events,
        simulated_ms: simulated.millis(),
    }
}
