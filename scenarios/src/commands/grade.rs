//! `proveniq grade`: one submission, or a class of them in processes of their own.
//!
//! A process for each learner keeps one broken submission from the others. A grade that is there and was made of the same files, seed,
//! key and version is kept.

use std::ffi::OsStr;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use grading::converters::{gradebooks, gradescope, lti, prairielearn};
use grading::document::{Grade, GradeStatus};
use grading::grader::{ASSIGNMENT, Grader};
use grading::hidden::CourseKey;
use grading::pages;
use indicatif::{ProgressBar, ProgressDrawTarget};
use sim::random::Lineage;

use super::reveal;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::incident_args::GradeArgs;
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
    let path = args.key.as_ref().expect("clap asks for the key");
    let key = fs::read(path).map_err(|source| Failure::unreadable(path, source))?;
    let key = CourseKey::new(&key);
    let (Some(folder), Some(out)) = (&args.folder, &args.out) else {
        output::print(&format!("{}\n", key.commitment()))?;
        return Ok(Conclusion::Told);
    };
    if !folder.is_dir() {
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

/// The name of a learner's files: that of the folder, where it is harmless in a path.
pub(super) fn file_name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_@".contains(c);
    match !name.is_empty() && name.len() <= 100 && name.chars().all(harmless) {
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
    let seed = args.seed.0;
    let tool = Promtool::of_this_machine();
    let grader = Grader::new(key.clone(), &tool);
    let grade = match submission_folder::read(folder)? {
        Err(malformed) => grader.refuse(&name, seed, malformed),
        Ok(files) => match kept(out, &name) {
            Some(known)
                if known.hidden_commitment == key.seeds(ASSIGNMENT, &files).commitment
                    && known.seed == format!("{seed:#x}")
                    && known.tool == env!("CARGO_PKG_VERSION")
                    && known.status != GradeStatus::Incomplete =>
            {
                known
            }
            _ => grader
                .grade(&name, seed, &files)
                .map_err(|error| Failure::Usage(error.to_string()))?,
        },
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
    write(out, &format!("{name}.grade.json"), &grade.to_json())?;
    output::print(&format!(
        "{name}: {}\n",
        grading::converters::sentence(&grade)
    ))?;
    Ok(grade)
}

fn write(out: &Path, name: &str, text: &str) -> Result<(), Failure> {
    FileToBe::at(&out.join(name))?.complete(text)
}

fn kept(out: &Path, name: &str) -> Option<Grade> {
    let text = fs::read_to_string(out.join(format!("{name}.grade.json"))).ok()?;
    serde_json::from_str(&text).ok()
}

/// The folders of a class, in order.
pub(super) fn learners(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |source| Failure::unreadable(folder, source);
    let mut learners = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // A link to somebody else's folder is not followed.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            learners.push(entry.path());
        }
    }
    learners.sort();
    Ok(learners)
}

fn grade_class(args: &GradeArgs, folder: &Path, out: &Path) -> Result<Vec<Grade>, Failure> {
    let learners = learners(folder)?;
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
    write(out, "class.md", &pages::class(&grades))?;
    write(
        out,
        "canvas.csv",
        &gradebooks::canvas(&grades, args.canvas_assignment),
    )?;
    write(out, "nbgrader.csv", &gradebooks::nbgrader(&grades))?;
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
        let malformed = grading::submission::Malformed::file("(submission)", told);
        let grader = Grader::new(CourseKey::new(&[]), &grading::detection::NoTool);
        grader.refuse(&name, args.seed.0, malformed)
    })
}
