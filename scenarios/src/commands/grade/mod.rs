//! `proveniq grade`: one submission, or a class of them in processes of their own.
//!
//! A process for each learner keeps one broken submission from the others ([`class`], [`process`]). A grade that
//! is there and was made of the same files, seed, key and rules is kept, unless an item of it is open; [`forms`]
//! are what is written of it.

mod class;
mod forms;
mod process;

use std::fs;
use std::path::Path;

use grading::document::{Grade, GradeStatus, ItemStatus};
use grading::grader::Grader;
use grading::hidden::CourseKey;
use grading::submission::Malformed;
use sim::random::Lineage;

pub(super) use self::class::learners;
use super::reveal;
use crate::args::incident::GradeArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::labs::graded::{Assignment, POLICY};
use crate::output;
use crate::promtool::Promtool;
use crate::submission_folder;

/// Grades.
///
/// # Errors
/// When a folder cannot be read or written, or the seed has no incident.
pub fn execute(args: &GradeArgs) -> Result<Conclusion, Failure> {
    if let Some(command) = &args.then {
        return reveal::execute(command);
    }
    let key = course_key(args.key.as_ref().expect("clap asks for the key"))?;
    let (Some(folder), Some(out)) = (&args.folder, &args.out) else {
        output::print(&format!("{}\n", key.commitment()))?;
        return Ok(Conclusion::Told);
    };
    // What a learner handed in may be anything; what was typed is to be a folder.
    if !args.single && !folder.is_dir() {
        let told = format!(
            "`{}` is no folder of a submission or a class",
            folder.display()
        );
        return Err(Failure::Usage(told));
    }
    fs::create_dir_all(out).map_err(|source| Failure::Unwritable {
        path: out.clone(),
        source,
    })?;
    let grades = match args.single || submission_folder::is_submission(folder) {
        true => vec![grade_one(args, &key, folder, out)?],
        false if args.classroom50.is_some() => {
            let told =
                "--classroom50 describes the repository of one submission, and this is a class";
            return Err(Failure::Usage(told.to_owned()));
        }
        false => class::grade(args, &key, folder, out)?,
    };
    if grades.is_empty() {
        return Ok(Conclusion::NothingSelected);
    }
    let below = grades
        .iter()
        .any(|grade| grade.status != GradeStatus::Passed);
    Ok(match args.fail_below && below {
        true => Conclusion::BelowPass,
        false => Conclusion::Told,
    })
}

/// The fewest bytes of a key: whoever can guess it can guess every hidden seed.
const KEY_MIN: usize = 16;

/// A course's key.
///
/// # Errors
/// When the file cannot be read, or is too short for a secret.
pub(super) fn course_key(path: &Path) -> Result<CourseKey, Failure> {
    let key = fs::read(path).map_err(|source| Failure::unreadable(path, source))?;
    match key.len() < KEY_MIN {
        true => Err(Failure::Usage(format!(
            "`{}` has {} bytes: a key has {KEY_MIN} at least, such as those of `head -c 32 /dev/urandom`",
            path.display(),
            key.len()
        ))),
        false => Ok(CourseKey::new(&key)),
    }
}

/// The name of a learner's files: that of the folder, where it is harmless in a path.
pub(super) fn file_name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_@.".contains(c);
    let sound = !name.is_empty() && !name.starts_with(['_', '.']) && name.len() <= 100;
    match sound && name.chars().all(harmless) {
        true => name.into_owned(),
        false => format!("learner-{:016x}", Lineage::of(&name).value()),
    }
}

fn grade_one(
    args: &GradeArgs,
    key: &CourseKey,
    folder: &Path,
    out: &Path,
) -> Result<Grade, Failure> {
    let name = file_name(folder);
    let classroom = args
        .classroom50
        .as_deref()
        .map(forms::classroom)
        .transpose()?;
    let known = forms::kept(out, &name);
    let grade = match assignment(args.lab.as_deref())? {
        None => of_incident(args.seed.0, key, &name, folder, known)?,
        Some(assignment) => of_policy(&assignment, args.seeds, key, &name, folder, known)?,
    };
    forms::write_all(out, &name, &grade, args.published, classroom.as_ref())?;
    output::print(&format!(
        "{name}: {}\n",
        grading::converters::sentence(&grade)
    ))?;
    Ok(grade)
}

/// The assignment that is graded by policies; nothing for the incident.
///
/// # Errors
/// When there is no lab of that name.
pub(super) fn assignment(lab: Option<&str>) -> Result<Option<Assignment>, Failure> {
    lab.map(super::lab::assignment).transpose()
}

fn of_incident(
    seed: u64,
    key: &CourseKey,
    name: &str,
    folder: &Path,
    known: Option<Grade>,
) -> Result<Grade, Failure> {
    let tool = Promtool::of_this_machine();
    let grader = Grader::new(key.clone(), &tool);
    let files = match submission_folder::read(folder)? {
        Err(malformed) => return Ok(grader.refuse(name, seed, malformed)),
        Ok(files) => files,
    };
    let blank = grader.blank(name, seed, Some(&files));
    match known.filter(|known| still_right(known, &blank)) {
        Some(known) => Ok(known),
        None => grader
            .grade(name, seed, &files)
            .map_err(|error| Failure::Usage(error.to_string())),
    }
}

fn of_policy(
    assignment: &Assignment,
    seeds: u64,
    key: &CourseKey,
    name: &str,
    folder: &Path,
    known: Option<Grade>,
) -> Result<Grade, Failure> {
    let bytes = match submission_folder::read_policy(folder)? {
        Err(malformed) => {
            return Ok(Grade {
                malformed: Some(malformed),
                ..assignment.blank(name, key, None)
            });
        }
        Ok(bytes) => bytes,
    };
    let hidden = assignment.seeds(key, &bytes, seeds);
    let blank = assignment.blank(name, key, Some((&bytes, &hidden)));
    if let Some(known) = known.filter(|known| still_right(known, &blank)) {
        return Ok(known);
    }
    Ok(match assignment.benches(POLICY, &bytes) {
        Err(mistakes) => {
            let malformed = Some(Malformed::file(POLICY, mistakes.to_string()));
            Grade { malformed, ..blank }
        }
        Ok(benches) => {
            let marks = assignment.marks(&benches, &hidden, || {});
            assignment.grade(blank, &marks)
        }
    })
}

/// Whether a grade is what grading anew would come to: made of the same, by the same rules, with nothing open.
/// What was open may be decided now, even where it does not decide the grade.
fn still_right(known: &Grade, now: &Grade) -> bool {
    let made_of = |grade: &Grade| {
        let from = (grade.assignment.clone(), grade.seed.clone());
        let by = (
            grade.tool.clone(),
            grade.rules.clone(),
            grade.scenario.clone(),
        );
        (
            from,
            by,
            grade.course.clone(),
            grade.hidden_commitment.clone(),
        )
    };
    let mut items = known.items.iter();
    made_of(known) == made_of(now) && items.all(|item| item.status != ItemStatus::NotGraded)
}
