//! Telling a run: the report to the standard output, and whatever else was asked for.

use reports::run_document::{Replayed, RunDocument};
use reports::schema::Document;
use reports::{RunReport, Timeline};
use sim::world::Recording;

use crate::args::ShowArgs;
use crate::failure::Failure;
use crate::output;

/// What a run must write down to be shown so.
pub fn recording(show: ShowArgs) -> Recording {
    Recording {
        // Evidence is shown with its events only when they were kept; one run can afford it.
        trace: true,
        log: show.log,
        draws: false,
    }
}

/// Shows a run, and to machines how it compares with the one that was saved, when it is a replay.
///
/// # Errors
/// When the standard output cannot be written.
pub fn show(
    report: &RunReport<'_>,
    show: ShowArgs,
    replay: Option<Replayed>,
) -> Result<(), Failure> {
    let style = match show.json {
        true => reports::Style::PLAIN,
        false => output::style(),
    };
    let beside = |text: &str| match show.json {
        true => {
            output::tell(text);
            Ok(())
        }
        false => output::print(text),
    };
    if show.trace {
        for line in Timeline::new(report.record, style).lines() {
            beside(&format!("{line}\n"))?;
        }
        beside("\n")?;
    }
    if show.log {
        beside(&format!("{}\n", reports::log::render(report.record, style)))?;
    }
    match show.json {
        true => output::print(
            &(RunDocument {
                replay,
                ..report.to_document()
            }
            .to_line()
                + "\n"),
        ),
        false => output::print(&report.to_text(style)),
    }
}
