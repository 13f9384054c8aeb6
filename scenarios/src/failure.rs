//! Why a command could not do its work: each with what is wrong and, where there is one, a way out.

use std::io;
use std::path::{Path, PathBuf};

use crate::file::{Mistakes, SelectError};

/// What keeps a command from its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was typed makes no sense.
    #[error("{0}")]
    Usage(String),
    /// There is no such scenario, or its file has mistakes.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// Another input file has mistakes.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// An input file cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An output file cannot be made where it was asked for.
    #[error("cannot write `{}`: {source}\n  hint: nothing was run; give a path in a folder that exists and may be written", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The machine has no means now.
    #[error("{0}\n  hint: this may be temporary; try again")]
    Temporary(String),
    /// A bug of this program.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Failure {
    /// An input file that cannot be read.
    pub fn unreadable(path: &Path, source: io::Error) -> Failure {
        Failure::Unreadable {
            path: path.to_owned(),
            source,
        }
    }
}
