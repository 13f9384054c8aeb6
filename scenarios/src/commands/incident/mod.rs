//! `proveniq incident`: an incident to work on, in files or on call, and what came of actions.
//!
//! [`play`] is being on call, [`briefing`] what a learner is given, [`probe`] a counterfactual, [`view`] how
//! figures are shown.

pub mod briefing;
mod play;
mod probe;
pub mod view;

use std::fs;
use std::path::Path;

use grading::submission::Submission;
use model::incident::case::Case;
use model::incident::episode::HandOver;

use crate::args::incident::{IncidentArgs, IncidentCommand};
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::output::{self, FileToBe};
use crate::submission_folder;

/// Does it.
///
/// # Errors
/// When files cannot be read or written, or a submission cannot be read.
pub fn execute(args: &IncidentArgs) -> Result<Conclusion, Failure> {
    match &args.command {
        IncidentCommand::New { seed, out } => {
            let hand_over = hand_over(seed.0)?;
            make_folder(out)?;
            for (name, text) in briefing::files(&hand_over) {
                write(out, name, &text)?;
            }
            output::print(&format!("{}: read briefing.md first\n", out.display()))?;
        }
        IncidentCommand::Play { seed, out, lines } => {
            let hand_over = hand_over(seed.0)?;
            make_folder(out)?;
            play::play(&hand_over, out, *lines)?;
        }
        IncidentCommand::Replay {
            folder,
            seed,
            until,
        } => replay(folder, seed.0, *until)?,
        IncidentCommand::Probe(args) => return probe::execute(args),
        IncidentCommand::Actions => output::print(&briefing::catalogue())?,
    }
    Ok(Conclusion::Told)
}

fn hand_over(seed: u64) -> Result<HandOver, Failure> {
    let case = Case::of_seed(seed);
    HandOver::of(&case).map_err(|error| Failure::Usage(error.to_string()))
}

fn make_folder(out: &Path) -> Result<(), Failure> {
    // It must be new: nobody's submission is written over.
    fs::create_dir(out).map_err(|source| Failure::Unwritable {
        path: out.to_owned(),
        source,
    })
}

fn write(out: &Path, name: &str, text: &str) -> Result<(), Failure> {
    FileToBe::at(&out.join(name))?.complete(text)
}

fn replay(folder: &Path, seed: u64, until: i64) -> Result<(), Failure> {
    let malformed = |error: grading::submission::Malformed| Failure::Usage(error.to_string());
    let files = submission_folder::read(folder)?.map_err(malformed)?;
    let submission = Submission::read(&files).map_err(malformed)?;
    let hand_over = hand_over(seed)?;
    let outcome = hand_over
        .play(&submission.actions)
        .expect("actions are checked when they are read");
    let from = hand_over.moment(until - 300);
    let to = hand_over.moment(until);
    let samples = outcome.telemetry.samples.iter();
    let shown = samples.filter(|sample| (from..=to).contains(&sample.at));
    output::print(&view::table(hand_over.at, shown))?;
    output::print(&view::balance(&outcome))
}
