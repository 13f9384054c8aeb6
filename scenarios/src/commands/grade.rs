//! `proveniq grade`: one submission, or a class of them in processes of their own.
//!
//! A process for each learner keeps one broken submission from the others. A grade that is there and was made of the same files, seed,
//! key and rules is kept, unless an item of it is open.

use std::ffi::OsStr;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use grading::converters::classroom50::{self, Classroom};
use grading::converters::{gradebooks, gradescope, lti, prairielearn};
use grading::document::{Grade, GradeStatus, ItemStatus};
use grading::grader::{ASSIGNMENT, Grader};
use grading::hidden::CourseKey;
use grading::pages;
use grading::submission::Malformed;
use indicatif::{ProgressBar, ProgressDrawTarget};
use sim::random::Lineage;

use super::reveal;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::incident_args::GradeArgs;
use crate::labs::graded::{Assignment, POLICY};
use crate::output::{self, FileToBe};
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
        false => grade_class(args, folder, out)?,
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
    let classroom = args.classroom50.as_deref().map(classroom).transpose()?;
    let known = kept(out, &name);
    let grade = match assignment(args.lab.as_deref())? {
        None => of_incident(args.seed.0, key, &name, folder, known)?,
        Some(assignment) => of_policy(&assignment, args.seeds, key, &name, folder, known)?,
    };
    write(out, &format!("{name}.md"), &pages::learner(&grade))?;
    write(
        out,
        &format!("{name}.gradescope.json"),
        &gradescope::render(&grade),
    )?;
    write(
        out,
        &format!("{name}.prairielearn.json"),
        &prairielearn::render(&grade),
    )?;
    // The sender puts the time of sending in its place.
    let score = lti::render(&grade, &name, "1970-01-01T00:00:00.000Z");
    write(out, &format!("{name}.lti.json"), &score)?;
    if let Some(classroom) = classroom {
        // It knows no result without a score.
        if let Some(result) = classroom50::render(&grade, &classroom) {
            write(out, &format!("{name}.classroom50.json"), &result)?;
        }
    }
    write(out, &format!("{name}.grade.json"), &grade.to_json())?;
    output::print(&format!(
        "{name}: {}\n",
        grading::converters::sentence(&grade)
    ))?;
    Ok(grade)
}

/// What is known of a submission's repository.
fn classroom(path: &Path) -> Result<Classroom, Failure> {
    let text = fs::read_to_string(path).map_err(|source| Failure::unreadable(path, source))?;
    let read = serde_json::from_str(&text);
    read.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
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
    let blank = Grade {
        hidden_commitment: key.seeds(ASSIGNMENT, &files).commitment,
        ..Grade::blank(ASSIGNMENT, name, &format!("{seed:#x}"))
    };
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
        Err(malformed) => return Ok(assignment.refuse(name, malformed)),
        Ok(bytes) => bytes,
    };
    let hidden = assignment.seeds(key, &bytes, seeds);
    let blank = Grade {
        hidden_commitment: hidden.commitment.clone(),
        ..Grade::blank(assignment.name, name, "")
    };
    if let Some(known) = known.filter(|known| still_right(known, &blank)) {
        return Ok(known);
    }
    Ok(match assignment.benches(POLICY, &bytes) {
        Err(mistakes) => {
            let malformed = Malformed::file(POLICY, mistakes.to_string());
            assignment.refuse(name, malformed)
        }
        Ok(benches) => {
            let marks = assignment.marks(&benches, &hidden, || {});
            assignment.grade(name, &marks, &hidden)
        }
    })
}

/// Whether a grade is what grading anew would come to: made of the same, by the same rules, with nothing open. What was open may
/// be decided now, even where it does not decide the grade.
fn still_right(known: &Grade, now: &Grade) -> bool {
    let made_of = |grade: &Grade| {
        let from = (grade.assignment.clone(), grade.seed.clone());
        let by = (grade.tool.clone(), grade.rules.clone());
        (from, by, grade.hidden_commitment.clone())
    };
    let mut items = known.items.iter();
    made_of(known) == made_of(now) && items.all(|item| item.status != ItemStatus::NotGraded)
}

fn write(out: &Path, name: &str, text: &str) -> Result<(), Failure> {
    FileToBe::at(&out.join(name))?.complete(text)
}

fn kept(out: &Path, name: &str) -> Option<Grade> {
    let text = fs::read_to_string(out.join(format!("{name}.grade.json"))).ok()?;
    serde_json::from_str(&text).ok()
}

/// What stands in the folder of a class, in order: each is a learner, whatever was handed in. Not the folder grades go to,
/// nor what is hidden.
pub(super) fn learners(folder: &Path, out: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
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

fn grade_class(args: &GradeArgs, folder: &Path, out: &Path) -> Result<Vec<Grade>, Failure> {
    let learners = learners(folder, Some(out))?;
    let bar = ProgressBar::with_draw_target(
        NonZeroU64::new(learners.len() as u64).map(NonZeroU64::get),
        ProgressDrawTarget::stderr(),
    );
    for group in learners.chunks(usize::from(args.jobs)) {
        let started: Result<Vec<Child>, Failure> = group
            .iter()
            .map(|learner| start(args, learner, out))
            .collect();
        for (learner, mut child) in group.iter().zip(started?) {
            let ended = child.wait();
            if !ended.is_ok_and(|status| status.success()) {
                // What a former grading left is not what this one came to.
                let left = out.join(format!("{}.grade.json", file_name(learner)));
                let _ = fs::remove_file(left);
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let grades: Vec<Grade> = learners
        .iter()
        .map(|learner| of_process(args, learner, out))
        .collect();
    // No learner's name begins so: see `file_name`.
    write(out, "_class.md", &pages::class(&grades))?;
    write(
        out,
        "_canvas.csv",
        &gradebooks::canvas(&grades, args.canvas_assignment),
    )?;
    write(out, "_nbgrader.csv", &gradebooks::nbgrader(&grades))?;
    output::print(&pages::class(&grades))?;
    Ok(grades)
}

/// Grades a learner in a process of its own.
fn start(args: &GradeArgs, learner: &Path, out: &Path) -> Result<Child, Failure> {
    let lost = |error| Failure::Temporary(format!("cannot start a grading process: {error}"));
    let own = std::env::current_exe().map_err(lost)?;
    let mut command = Command::new(own);
    command.arg("grade").arg("--single").arg(learner);
    command.arg("--seed").arg(args.seed.to_string());
    command.arg("--seeds").arg(args.seeds.to_string());
    command.args(args.lab.iter().flat_map(|lab| ["--lab", lab]));
    command.args(
        args.key
            .iter()
            .flat_map(|key| [OsStr::new("--key"), key.as_os_str()]),
    );
    command.arg("--out").arg(out);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().map_err(lost)
}

/// What a learner's process left; a grade that says so when it left nothing.
fn of_process(args: &GradeArgs, learner: &Path, out: &Path) -> Grade {
    let name = file_name(learner);
    kept(out, &name).unwrap_or_else(|| {
        let told = "the grading process ended without a grade";
        let assignment = args.lab.as_deref().unwrap_or(ASSIGNMENT);
        Grade {
            malformed: Some(Malformed::file("(submission)", told)),
            ..Grade::blank(assignment, &name, &format!("{:#x}", args.seed.0))
        }
    })
}
