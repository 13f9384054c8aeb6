//! `proveniq replay`: has a saved run again, and says whether it is still the same.

use reports::RunVerdict;
use reports::run_document::{FirstDifference, Replayed};

use super::telling;
use crate::args::ReplayArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::milestones::{Parting, parting};
use crate::output;
use crate::repro::{Expected, Repro, Sameness};
use crate::setup::quoted;

/// Replays a repro file. The conclusion is that of the run as it is now; where it has become another one and
/// the failure that was saved is gone, nobody knows whether that was mended, and it is inconclusive.
///
/// # Errors
/// When the file cannot be read or makes no sense.
pub fn execute(args: &ReplayArgs) -> Result<Conclusion, Failure> {
    let Repro {
        setup, expected, ..
    } = Repro::read(&args.file)?;
    let origin = args.file.display().to_string();
    let setup = setup.read(&origin)?;
    let outcome = setup.run(telling::recording(args.show));
    let reproduce = format!("proveniq replay {}", quoted(&origin));
    let report = setup.report(&outcome, reproduce);
    let now = Expected::of(&outcome);
    let sameness = expected.compare(&outcome.record);
    telling::show(
        &report,
        args.show,
        Some(replayed(&expected, &now, sameness)),
    )?;
    output::tell(&told(&expected, &now, sameness));
    let conclusion = Conclusion::from(report.verdict());
    if sameness == Sameness::Same || !is_gone(&expected, &now) {
        return Ok(conclusion);
    }
    output::tell(
        "  the failure that was saved is gone: this other run says nothing of whether it was mended\n",
    );
    Ok(conclusion.or_graver(Conclusion::Inconclusive))
}

/// Whether the saved run failed, and of the checks that it violated this one violates none.
fn is_gone(saved: &Expected, now: &Expected) -> bool {
    let still = |check: &str| now.violated.iter().any(|it| it.check == check);
    !saved.violated.is_empty() && !saved.violated.iter().any(|it| still(&it.check))
}

/// For machines.
fn replayed(saved: &Expected, now: &Expected, sameness: Sameness) -> Replayed {
    let first_difference = match sameness {
        Sameness::Same => None,
        Sameness::Other { .. } => parting(&saved.milestones, &now.milestones),
    };
    Replayed {
        same: sameness == Sameness::Same,
        common_events: match sameness {
            Sameness::Same => now.events,
            Sameness::Other { common_events, .. } => common_events,
        },
        first_difference: first_difference.map(|parting| FirstDifference {
            milestones_in_common: parting.common as u64,
            saved: parting.saved,
            now: parting.now,
        }),
        saved_verdict: saved.verdict,
    }
}

fn told(expected: &Expected, now: &Expected, sameness: Sameness) -> String {
    if expected.verdict == RunVerdict::FailedToRun {
        return "the run that was saved left no result, so nothing is known that this one could be compared with\n"
            .to_owned();
    }
    match sameness {
        Sameness::Same => format!("the same run, event for event ({})\n", now.fingerprint),
        Sameness::Other {
            common_events,
            parted_by,
        } => format!(
            "another run: saved {}, now {}\n  they part after event {common_events} and by event {parted_by}: \
             the program or its scenario's meaning has changed since\n{}  saved verdict: {}; now: {}\n",
            expected.fingerprint,
            now.fingerprint,
            first_difference(parting(&expected.milestones, &now.milestones)),
            verdict(expected),
            verdict(now),
        ),
    }
}

fn first_difference(parting: Option<Parting>) -> String {
    let Some(parting) = parting else {
        return "  the same things happen in the same order; messages or times differ\n".to_owned();
    };
    let line = |line: Option<String>| line.unwrap_or_else(|| "(had ended)".to_owned());
    let last = parting
        .last_common
        .map(|last| format!("    both   {last}\n"));
    format!(
        "  the first difference, after {} milestones in common:\n{}    saved  {}\n    now    {}\n",
        parting.common,
        last.unwrap_or_default(),
        line(parting.saved),
        line(parting.now)
    )
}

fn verdict(expected: &Expected) -> String {
    match expected.verdict {
        RunVerdict::Violated => {
            let violated = expected.violated.iter();
            let violated: Vec<String> = violated
                .map(|violated| format!("{} on {}", violated.check, violated.subject))
                .collect();
            format!("violated ({})", violated.join(", "))
        }
        other => other.to_string(),
    }
}
