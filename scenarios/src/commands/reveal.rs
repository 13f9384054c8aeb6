//! `proveniq grade reveal` and `verify`: the hidden seeds after publication, and the proof that nobody chose them.

use std::fs;
use std::path::{Path, PathBuf};

use grading::document::Grade;
use grading::hidden::CourseKey;
use grading::reveal::Reveal;
use serde::de::DeserializeOwned;

use super::grade::{file_name, learners};
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::incident_args::GradeCommand;
use crate::output::{self, FileToBe};
use crate::submission_folder;

/// Does it.
///
/// # Errors
/// When a file cannot be read or written, or is not what it must be.
pub fn execute(command: &GradeCommand) -> Result<Conclusion, Failure> {
    match command {
        GradeCommand::Reveal { folder, key, out } => reveal(folder, key, out),
        GradeCommand::Verify {
            folder,
            reveal,
            commitment,
            grade,
        } => verify(folder, reveal, commitment, grade),
    }
}

fn reveal(folder: &Path, key: &Path, out: &Path) -> Result<Conclusion, Failure> {
    let key = fs::read(key).map_err(|source| Failure::unreadable(key, source))?;
    let folders = match submission_folder::is_submission(folder) {
        true => vec![folder.to_owned()],
        false => learners(folder)?,
    };
    let mut class = Vec::new();
    for folder in folders {
        // What cannot be read was not graded, and has no seeds.
        if let Ok(files) = submission_folder::read(&folder)? {
            class.push((file_name(&folder), files));
        }
    }
    let reveal = Reveal::of(&CourseKey::new(&key), &class);
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
    folder: &Path,
    reveal: &PathBuf,
    commitment: &str,
    grade: &PathBuf,
) -> Result<Conclusion, Failure> {
    let (reveal, grade): (Reveal, Grade) = (read(reveal)?, read(grade)?);
    let files = submission_folder::read(folder)?;
    let files = files.map_err(|malformed| Failure::Usage(malformed.to_string()))?;
    match reveal.verify(commitment, &files, &grade) {
        Ok(()) => {
            output::print("the seeds follow from the key and the submission, as was promised\n")?;
            Ok(Conclusion::Held)
        }
        Err(mismatch) => {
            output::print(&format!("{mismatch}\n"))?;
            Ok(Conclusion::Violated)
        }
    }
}
