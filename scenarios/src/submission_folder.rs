//! Reads the folder of a submission from a machine that does not trust it.
//!
//! Only the three files are opened, only when they are ordinary files — no link leads elsewhere — and never more than
//! their bound is read.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use grading::submission::{ACTIONS, FILE_MAX, Files, Malformed, POSTMORTEM, UPDATES};

use crate::failure::Failure;
use crate::labs::graded::POLICY;

/// Reads the files.
///
/// # Errors
/// The outer one when the machine fails, the inner one when the submission is not what it must be.
pub fn read(folder: &Path) -> Result<Result<Files, Malformed>, Failure> {
    let mut files = Files::default();
    if let Some(malformed) = no_folder(folder)? {
        return Ok(Err(malformed));
    }
    for (name, bytes) in [
        (ACTIONS, &mut files.actions),
        (UPDATES, &mut files.updates),
        (POSTMORTEM, &mut files.postmortem),
    ] {
        match read_file(&folder.join(name), name)? {
            Ok(read) => *bytes = read,
            Err(malformed) => return Ok(Err(malformed)),
        }
    }
    Ok(Ok(files))
}

/// Reads a policy.
///
/// # Errors
/// As [`read`].
pub fn read_policy(folder: &Path) -> Result<Result<Vec<u8>, Malformed>, Failure> {
    match no_folder(folder)? {
        Some(malformed) => Ok(Err(malformed)),
        None => read_file(&folder.join(POLICY), POLICY),
    }
}

fn no_folder(folder: &Path) -> Result<Option<Malformed>, Failure> {
    let kind = fs::symlink_metadata(folder).map_err(|it| Failure::unreadable(folder, it))?;
    let told = "no folder: links are not followed and archives not unpacked";
    Ok((!kind.is_dir()).then(|| Malformed::file("(submission)", told)))
}

fn read_file(path: &Path, name: &str) -> Result<Result<Vec<u8>, Malformed>, Failure> {
    let unreadable = |source| Failure::unreadable(path, source);
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Err(Malformed::file(name, "missing")));
        }
        Err(error) => return forbidden(name, error).map_err(unreadable).map(Err),
    };
    if !kind.is_file() {
        let told = "no ordinary file: links, folders and devices are not followed";
        return Ok(Err(Malformed::file(name, told)));
    }
    let mut bytes = Vec::new();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return forbidden(name, error).map_err(unreadable).map(Err),
    };
    file.take(FILE_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(Ok(bytes))
}

/// A file that may not be read is the submission's mistake; whatever else the machine says is the machine's.
fn forbidden(name: &str, error: io::Error) -> Result<Malformed, io::Error> {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Ok(Malformed::file(name, "may not be read")),
        _ => Err(error),
    }
}

/// Whether a folder is a submission rather than a class of them.
pub fn is_submission(folder: &Path) -> bool {
    [ACTIONS, UPDATES, POSTMORTEM, POLICY]
        .iter()
        .any(|name| fs::symlink_metadata(folder.join(name)).is_ok())
}
