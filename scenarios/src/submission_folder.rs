//! Reads the folder of a submission from a machine that does not trust it.
//!
//! Only the three files are opened, only when they are ordinary files — no link leads elsewhere — and never more than
//! their bound is read.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use grading::submission::{ACTIONS, FILE_MAX, Files, Malformed, POSTMORTEM, UPDATES};

use crate::failure::Failure;

/// Reads the files.
///
/// # Errors
/// The outer one when the machine fails, the inner one when the submission is not what it must be.
pub fn read(folder: &Path) -> Result<Result<Files, Malformed>, Failure> {
    let mut files = Files::default();
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

fn read_file(path: &Path, name: &str) -> Result<Result<Vec<u8>, Malformed>, Failure> {
    let unreadable = |source| Failure::unreadable(path, source);
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Err(Malformed::file(name, "missing")));
        }
        Err(error) => return Err(unreadable(error)),
    };
    if !kind.is_file() {
        let told = "no ordinary file: links, folders and devices are not followed";
        return Ok(Err(Malformed::file(name, told)));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(Ok(bytes))
}

/// Whether a folder is a submission rather than a class of them.
pub fn is_submission(folder: &Path) -> bool {
    [ACTIONS, UPDATES, POSTMORTEM]
        .iter()
        .any(|name| fs::symlink_metadata(folder.join(name)).is_ok())
}
