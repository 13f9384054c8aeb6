//! A file of lines to which one process at a time adds: the ground of the journals of sweeps and hunts.
//!
//! A line is written with one call and handed to the system at once; the last one may be torn when the
//! process dies in that call, and is then cut off. Whatever else stands in a file is not ours and is left
//! as it is: a file is cut only once its lines were understood. What the lines say is their readers' matter.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file that lines are added to, and that no other process has meanwhile.
#[derive(Debug)]
pub struct LineFile {
    path: PathBuf,
    file: File,
}

/// What such a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Its whole lines, each with its end.
    pub whole: String,
    /// What stands behind them: the beginning of a line that was torn, which may end within a character.
    pub torn: Vec<u8>,
}

impl LineFile {
    /// Opens a file, or makes it, and gives what it holds. Nothing of it is changed.
    ///
    /// # Errors
    /// When the file cannot be read or written, is no text, or another process has it.
    pub fn open(path: &Path) -> Result<(LineFile, Lines), Failure> {
        let unwritable = |source| Failure::Unwritable {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let mut file = options.open(path).map_err(unwritable)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Failure::Temporary(format!(
                "`{}` is written by another process; two would garble it",
                path.display()
            )),
            TryLockError::Error(source) => unwritable(source),
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unwritable)?;
        let lines = Lines::of(path, bytes)?;
        let path = path.to_owned();
        Ok((LineFile { path, file }, lines))
    }

    /// Cuts off the line that was torn.
    ///
    /// # Errors
    /// [`Failure::Temporary`].
    pub fn cut(&mut self, lines: &Lines) -> Result<(), Failure> {
        let cut = self.file.set_len(lines.whole.len() as u64);
        cut.map_err(|error| self.unwritten(&error))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`Failure::Temporary`], such as a full disk.
    pub fn add(&mut self, line: &str) -> Result<(), Failure> {
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| self.unwritten(&error))
    }

    fn unwritten(&self, error: &std::io::Error) -> Failure {
        Failure::Temporary(format!("cannot write `{}`: {error}", self.path.display()))
    }
}

impl Lines {
    /// What a file holds that is only read.
    ///
    /// # Errors
    /// When it cannot be read, or is no text.
    pub fn read(path: &Path) -> Result<Lines, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::unreadable(path, error))?;
        Lines::of(path, bytes)
    }

    fn of(path: &Path, mut bytes: Vec<u8>) -> Result<Lines, Failure> {
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        let torn = bytes.split_off(end.map_or(0, |end| end + 1));
        let whole = String::from_utf8(bytes).map_err(|_| {
            let path = path.display();
            Failure::Usage(format!("`{path}` is no text, so no journal"))
        })?;
        Ok(Lines { whole, torn })
    }

    /// Whether nothing was written yet: the file is empty, or has but a torn line that began like `first`.
    pub fn are_none(&self, first: &str) -> bool {
        let begins = self.torn.starts_with(first.as_bytes());
        self.whole.is_empty() && (begins || first.as_bytes().starts_with(&self.torn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_writer_at_a_time_and_keeps_its_whole_lines() {
        let path = std::env::temp_dir().join(format!("proveniq-lines-{}", std::process::id()));
        let (mut first, lines) = LineFile::open(&path).unwrap();
        assert!(lines.are_none("äb"));
        first.add("äb").unwrap();
        let refused = LineFile::open(&path).unwrap_err().to_string();
        assert!(refused.contains("another process"), "{refused}");
        drop(first);
        // Torn within its first character.
        std::fs::write(&path, "äb\nä".as_bytes().split_last().unwrap().1).unwrap();
        let (mut second, lines) = LineFile::open(&path).unwrap();
        assert_eq!((lines.whole.as_str(), lines.torn.len()), ("äb\n", 1));
        second.cut(&lines).unwrap();
        second.add("c").unwrap();
        drop(second);
        assert_eq!(Lines::read(&path).unwrap().whole, "äb\nc\n");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn only_the_beginning_of_what_would_be_written_counts_as_nothing() {
        for (text, none) in [
            ("", true),
            ("{\"na", true),
            ("{\"name\":\"x", true),
            ("my notes", false),
            ("{\"name\":\"x\"}\n", false),
        ] {
            let lines = Lines::of(Path::new("x"), text.into()).unwrap();
            assert_eq!(lines.are_none("{\"name\":\""), none, "{text}");
        }
        assert!(Lines::of(Path::new("x"), vec![0xff, b'\n']).is_err());
    }
}
