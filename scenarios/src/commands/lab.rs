//! `proveniq lab`: lists labs, runs policies in them, grades them under hidden seeds.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use grading::document::GradeStatus;
use indicatif::{ProgressBar, ProgressDrawTarget};
use reports::Seed;

use super::grade::course_key;
use crate::args::lab::{LabArgs, LabCommand};
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::file::wording::did_you_mean;
use crate::labs::exam;
use crate::labs::graded::{Assignment, EXAM};
use crate::labs::marks::Marks;
use crate::labs::policy::{self, FILE_MAX};
use crate::labs::trial::Bench;
use crate::labs::{self, LABS, Lab, telling};
use crate::output::{self, FileToBe};

/// Does it.
///
/// # Errors
/// When a file cannot be read or has mistakes, or there is no such lab.
pub fn execute(args: &LabArgs) -> Result<Conclusion, Failure> {
    match &args.command {
        LabCommand::List => {
            let told: String = LABS.iter().map(|lab| telling::lab(lab)).collect();
            output::print(&told)?;
            Ok(Conclusion::Told)
        }
        LabCommand::Run {
            lab,
            policy,
            seed,
            seeds,
        } => run(lab, policy, *seed, *seeds),
        LabCommand::Grade {
            lab,
            policy,
            key,
            seeds,
            tell_seeds,
            json,
            fail_below,
        } => {
            let passed = grade(&Grading {
                name: lab,
                path: policy,
                key,
                seeds: *seeds,
                tell_seeds: *tell_seeds,
                json: json.as_deref(),
            })?;
            Ok(match !passed && *fail_below {
                true => Conclusion::BelowPass,
                false => Conclusion::Told,
            })
        }
    }
}

fn find(name: &str) -> Result<&'static Lab, Failure> {
    labs::find(name).ok_or_else(|| no_lab(name))
}

/// What policies are graded in.
///
/// # Errors
/// When there is none of that name.
pub(super) fn assignment(name: &str) -> Result<Assignment, Failure> {
    Assignment::named(name).ok_or_else(|| no_lab(name))
}

fn no_lab(name: &str) -> Failure {
    let names = LABS.iter().map(|lab| lab.name);
    let hint = did_you_mean(name, names, "the labs are");
    Failure::Usage(format!("there is no lab `{name}`\n  hint: {hint}"))
}

/// A policy file, never more of it than may be read.
fn contents(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |source| Failure::unreadable(path, source);
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let most = FILE_MAX as u64 + 1;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

fn run(name: &str, path: &Path, seed: Seed, seeds: u64) -> Result<Conclusion, Failure> {
    let lab = find(name)?;
    let origin = path.display().to_string();
    let policy = policy::read(&origin, &contents(path)?, None, lab.knobs)?;
    let bench = Bench::new(lab, policy)?;
    let mut trials = Vec::new();
    for number in 0..seeds {
        let trial = bench.run(Seed(seed.0.wrapping_add(number)));
        output::print(&telling::trial(lab, &origin, &trial))?;
        trials.push(trial);
    }
    let marks = Marks::of(lab, &trials);
    if seeds > 1 {
        output::print(&telling::marks(lab, &marks, true))?;
    }
    Ok(match marks.is_clean() {
        true => Conclusion::Held,
        false => Conclusion::Violated,
    })
}

/// What is graded, and what of it is told.
struct Grading<'a> {
    name: &'a str,
    path: &'a Path,
    key: &'a Path,
    seeds: u64,
    tell_seeds: bool,
    json: Option<&'a Path>,
}

/// Grades; whether it is passed. No hidden seed is told unless that is asked for: it is for the course to reveal.
fn grade(asked: &Grading<'_>) -> Result<bool, Failure> {
    let assignment = assignment(asked.name)?;
    let bytes = contents(asked.path)?;
    let origin = asked.path.display().to_string();
    let key = course_key(asked.key)?;
    let json = asked.json.map(FileToBe::at).transpose()?;
    let benches = assignment.benches(&origin, &bytes)?;
    let hidden = assignment.seeds(&key, &bytes, asked.seeds);
    let bar = ProgressBar::with_draw_target(
        Some(hidden.incident.len() as u64),
        ProgressDrawTarget::stderr(),
    );
    let marks = assignment.marks(&benches, &hidden, || bar.inc(1));
    bar.finish_and_clear();
    for (bench, marks) in benches.iter().zip(&marks) {
        output::print(&telling::marks(bench.lab(), marks, asked.tell_seeds))?;
    }
    let blank = assignment.blank("policy", &key, Some((&bytes, &hidden)));
    let grade = assignment.grade(blank, &marks);
    if let Some(json) = json {
        json.complete(&grade.to_json())?;
    }
    let passed = grade.status == GradeStatus::Passed;
    if assignment.name == EXAM {
        let (points, _) = exam::decide(&marks);
        output::print(&telling::exam(&points, passed))?;
    } else {
        let verdict = if passed { "passed" } else { "failed" };
        output::print(&format!("{verdict}\n"))?;
    }
    Ok(passed)
}
