//! Where results go: the standard output, and files that are there whole or not at all.

#![expect(
    clippy::disallowed_methods,
    reason = "whether a person wants colour is no part of a run"
)]

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use reports::Style;

use crate::failure::Failure;

/// How to render for the standard output: colour only for a person who did not refuse it.
pub fn style() -> Style {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Style {
        colour: io::stdout().is_terminal() && !refused,
        ..Style::PLAIN
    }
}

/// Whether nobody reads the standard output any more.
static READER_GONE: AtomicBool = AtomicBool::new(false);

/// Writes to the standard output at once. When whoever read it went away, nothing more is written and
/// the work goes on: what a command concludes and the files it leaves are no matter of who looks on.
///
/// # Errors
/// [`Failure::Temporary`] when there is a reader, and still it cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    if READER_GONE.load(Ordering::Relaxed) {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            READER_GONE.store(true, Ordering::Relaxed);
            Ok(())
        }
        written => written.map_err(|error| {
            Failure::Temporary(format!("cannot write to the standard output: {error}"))
        }),
    }
}

/// Tells something beside the result. Nobody reading it is no reason to stop.
pub fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// A file to be. It is made under another name at once, so that a path that cannot be written is
/// found before the work, and takes its own name when it is complete.
#[derive(Debug)]
pub struct FileToBe {
    path: PathBuf,
    under_way: PathBuf,
    file: File,
}

impl FileToBe {
    /// Makes sure that the file can be written.
    ///
    /// # Errors
    /// [`Failure::Unwritable`].
    pub fn at(path: &Path) -> Result<FileToBe, Failure> {
        let unwritable = |source| Failure::Unwritable {
            path: path.to_owned(),
            source,
        };
        let name = path.file_name().filter(|_| !path.is_dir()).ok_or_else(|| {
            unwritable(io::Error::new(
                io::ErrorKind::IsADirectory,
                "this is no file name",
            ))
        })?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.partial", std::process::id()));
        let under_way = path.with_file_name(hidden);
        let file = File::create(&under_way).map_err(unwritable)?;
        Ok(FileToBe {
            path: path.to_owned(),
            under_way,
            file,
        })
    }

    /// Writes the content and gives the file its name.
    ///
    /// # Errors
    /// [`Failure::Temporary`], such as a full disk; the former file, if any, is untouched.
    pub fn complete(mut self, content: &str) -> Result<(), Failure> {
        let written = self
            .file
            .write_all(content.as_bytes())
            .and_then(|()| self.file.sync_all())
            .and_then(|()| fs::rename(&self.under_way, &self.path));
        written.map_err(|error| {
            Failure::Temporary(format!("cannot write `{}`: {error}", self.path.display()))
        })
    }
}

impl Drop for FileToBe {
    fn drop(&mut self) {
        // After a completed write there is nothing of that name.
        let _ = fs::remove_file(&self.under_way);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("proveniq-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_is_there_whole_or_as_before() {
        let folder = folder("whole");
        let path = folder.join("out.json");
        FileToBe::at(&path).unwrap().complete("first").unwrap();
        drop(FileToBe::at(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        FileToBe::at(&path).unwrap().complete("second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(names(&folder), ["out.json"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_path_that_cannot_be_written_is_refused_at_once() {
        let folder = folder("refused");
        for path in [folder.join("missing/out.json"), folder.clone(), "".into()] {
            let refused = FileToBe::at(&path);
            assert!(
                matches!(refused, Err(Failure::Unwritable { .. })),
                "{}",
                path.display()
            );
        }
        assert!(names(&folder).is_empty());
        fs::remove_dir_all(folder).unwrap();
    }
}
