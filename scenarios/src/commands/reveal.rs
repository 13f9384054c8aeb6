//! `proveniq grade reveal` and `verify`: the hidden seeds after publication, and the proof that nobody chose them.

use std::fs;
use std::path::{Path, PathBuf};

use grading::document::{Grade, RULES};
use grading::grader::{ASSIGNMENT, scenario};
use grading::hidden::{CourseKey, HiddenSeeds};
use grading::reveal::Reveal;
use grading::submission::{Files, Malformed};
use reports::Seed;
use serde::de::DeserializeOwned;

use super::grade::{assignment, course_key, file_name, learners};
use crate::args::incident::GradeCommand;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::labs::graded::Assignment;
use crate::output::{self, FileToBe};
use crate::submission_folder;

/// Does it.
///
/// # Errors
/// When a file cannot be read or written, or is not what it must be.
pub fn execute(command: &GradeCommand) -> Result<Conclusion, Failure> {
    match command {
        GradeCommand::Reveal {
            folder,
            key,
            out,
            lab,
            seeds,
        } => {
            let work = Work::of(lab.as_deref(), *seeds)?;
            reveal(&work, folder, key, out)
        }
        GradeCommand::Verify {
            folder,
            reveal,
            commitment,
            grade,
            lab,
            seeds,
        } => {
            let work = Work::of(lab.as_deref(), *seeds)?;
            verify(&work, folder, reveal, commitment, grade)
        }
    }
}

/// What kind of thing is handed in: work on the incident, or policies that run under so many seeds.
enum Work {
    Incident,
    Policy(Assignment, u64),
}

/// What was handed in.
enum HandedIn<'a> {
    Incident(Files),
    Policy(&'a Assignment, u64, Vec<u8>),
}

impl Work {
    fn of(lab: Option<&str>, seeds: u64) -> Result<Work, Failure> {
        let assignment = assignment(lab)?;
        Ok(assignment.map_or(Work::Incident, |it| Work::Policy(it, seeds)))
    }

    fn read(&self, folder: &Path) -> Result<Result<HandedIn<'_>, Malformed>, Failure> {
        Ok(match self {
            Work::Incident => submission_folder::read(folder)?.map(HandedIn::Incident),
            Work::Policy(assignment, seeds) => submission_folder::read_policy(folder)?
                .map(|bytes| HandedIn::Policy(assignment, *seeds, bytes)),
        })
    }
}

impl HandedIn<'_> {
    fn seeds(&self, key: &CourseKey) -> HiddenSeeds {
        match self {
            HandedIn::Incident(files) => key.seeds(ASSIGNMENT, files),
            HandedIn::Policy(assignment, seeds, bytes) => assignment.seeds(key, bytes, *seeds),
        }
    }

    /// The hashes of it and of what it runs in, as its grade has them; of the incident that is the seed the grade
    /// names.
    fn identity(&self, grade: &Grade) -> (String, String) {
        match self {
            HandedIn::Incident(files) => {
                let seed = grade
                    .seed
                    .parse()
                    .map_or(String::new(), |Seed(seed)| scenario(seed));
                (files.hash(), seed)
            }
            HandedIn::Policy(assignment, _, bytes) => {
                (Assignment::submission(bytes), assignment.scenario())
            }
        }
    }
}

fn reveal(work: &Work, folder: &Path, key: &Path, out: &Path) -> Result<Conclusion, Failure> {
    let key = course_key(key)?;
    let folders = match submission_folder::is_submission(folder) {
        true => vec![folder.to_owned()],
        false => learners(folder, None)?,
    };
    let mut class = Vec::new();
    for folder in folders {
        // What cannot be read was not graded, and has no seeds.
        if let Ok(handed_in) = work.read(&folder)? {
            class.push((file_name(&folder), handed_in.seeds(&key)));
        }
    }
    let reveal = Reveal::of(&key, &class);
    let text = serde_json::to_string_pretty(&reveal).expect("a reveal is JSON") + "\n";
    FileToBe::at(out)?.complete(&text)?;
    output::print(&format!(
        "{}: the key and the seeds of {} submissions; they are secret no more\n",
        out.display(),
        class.len()
    ))?;
    Ok(Conclusion::Told)
}

fn read<T: DeserializeOwned>(path: &PathBuf) -> Result<T, Failure> {
    let text = fs::read_to_string(path).map_err(|source| Failure::unreadable(path, source))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

fn verify(
    work: &Work,
    folder: &Path,
    reveal: &PathBuf,
    commitment: &str,
    grade: &PathBuf,
) -> Result<Conclusion, Failure> {
    let (reveal, grade): (Reveal, Grade) = (read(reveal)?, read(grade)?);
    let handed_in = work.read(folder)?;
    let handed_in = handed_in.map_err(|malformed| Failure::Usage(malformed.to_string()))?;
    let of = handed_in.identity(&grade);
    let of = (of.0.as_str(), of.1.as_str());
    match reveal.verify(commitment, |key| handed_in.seeds(key), of, &grade) {
        Ok(()) => {
            output::print("the seeds follow from the key and the submission, as was promised\n")?;
            if grade.rules != RULES {
                let told = "the grade was made by other rules than this program's";
                output::print(&format!("{told}: {} and not {RULES}\n", grade.rules))?;
            }
            Ok(Conclusion::Held)
        }
        Err(mismatch) => {
            output::print(&format!("{mismatch}\n"))?;
            Ok(Conclusion::Violated)
        }
    }
}
