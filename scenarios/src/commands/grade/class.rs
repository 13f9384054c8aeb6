//! A class: a grading process for each learner, so many at a time, and what all of them came to.

#![expect(
    clippy::disallowed_methods,
    reason = "processes of this machine are waited for, outside any simulation"
)]

use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use grading::converters::gradebooks;
use grading::document::Grade;
use grading::grader::Grader;
use grading::hidden::CourseKey;
use grading::pages;
use grading::submission::Malformed;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::process::{End, GradingProcess};
use super::{assignment, file_name, forms};
use crate::args::incident::GradeArgs;
use crate::failure::Failure;
use crate::output;
use crate::promtool::Promtool;

/// How often is looked whether a process has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What stands in the folder of a class, in order: each is a learner, whatever was handed in. Not the folder
/// grades go to, nor what is hidden.
pub fn learners(folder: &Path, out: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |source| Failure::unreadable(folder, source);
    let out = out.and_then(|out| fs::canonicalize(out).ok());
    let mut learners = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let file = !entry.file_type().map_err(unreadable)?.is_dir();
        let hidden = file && entry.file_name().as_encoded_bytes().starts_with(b".");
        let is_out = out.is_some() && fs::canonicalize(entry.path()).ok() == out;
        if !hidden && !is_out {
            learners.push(entry.path());
        }
    }
    learners.sort();
    Ok(learners)
}

/// Grades a class.
///
/// # Errors
/// When its folder cannot be read, or what comes of it not be written.
pub fn grade(
    args: &GradeArgs,
    key: &CourseKey,
    folder: &Path,
    out: &Path,
) -> Result<Vec<Grade>, Failure> {
    let learners = learners(folder, Some(out))?;
    let ends = run(args, &learners, out)?;
    let mut grades = Vec::new();
    for (learner, end) in learners.iter().zip(ends) {
        grades.push(of_process(args, key, learner, end, out)?);
    }
    // No learner's name begins so: see `file_name`.
    forms::write(out, "_class.md", &pages::class(&grades))?;
    let canvas = gradebooks::canvas(&grades, args.canvas_assignment);
    forms::write(out, "_canvas.csv", &canvas)?;
    forms::write(out, "_nbgrader.csv", &gradebooks::nbgrader(&grades))?;
    output::print(&pages::class(&grades))?;
    Ok(grades)
}

/// How the process of each learner ended. Whoever takes long keeps a place, and nobody waits for them.
fn run(args: &GradeArgs, learners: &[PathBuf], out: &Path) -> Result<Vec<End>, Failure> {
    let bar = ProgressBar::with_draw_target(
        NonZeroU64::new(learners.len() as u64).map(NonZeroU64::get),
        ProgressDrawTarget::stderr(),
    );
    let mut ends: Vec<Option<End>> = vec![None; learners.len()];
    let mut waiting = learners.iter().enumerate();
    let mut running: Vec<(usize, GradingProcess)> = Vec::new();
    loop {
        let free = usize::from(args.jobs) - running.len();
        for (place, learner) in waiting.by_ref().take(free) {
            running.push((place, GradingProcess::start(args, learner, out)?));
        }
        if running.is_empty() {
            break;
        }
        running.retain_mut(|(place, process)| {
            let end = process.look();
            bar.inc(u64::from(end.is_some()));
            let goes_on = end.is_none();
            ends[*place] = end;
            goes_on
        });
        std::thread::sleep(LOOK_EVERY);
    }
    bar.finish_and_clear();
    Ok(ends.into_iter().flatten().collect())
}

/// The grade a learner's process left; one that says so when it left none, in place of what a former grading left.
fn of_process(
    args: &GradeArgs,
    key: &CourseKey,
    learner: &Path,
    end: End,
    out: &Path,
) -> Result<Grade, Failure> {
    let name = file_name(learner);
    let left = match end {
        End::Graded => {
            forms::kept(out, &name).ok_or("the grading process left no grade".to_owned())
        }
        End::Ungraded(why) => Err(why),
    };
    match left {
        Ok(grade) => Ok(grade),
        Err(why) => {
            let malformed = Malformed::file("(submission)", why);
            let grade = match assignment(args.lab.as_deref())? {
                Some(assignment) => Grade {
                    malformed: Some(malformed),
                    ..assignment.blank(&name, key, None)
                },
                None => {
                    let tool = Promtool::of_this_machine();
                    Grader::new(key.clone(), &tool).refuse(&name, args.seed.0, malformed)
                }
            };
            forms::write_all(out, &name, &grade, args.published, None)?;
            Ok(grade)
        }
    }
}
