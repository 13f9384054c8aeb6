//! `proveniq worker`: serves a sweep. Not for people.

use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::sweep::worker::{self, WorkerError};

/// Serves until the standard input ends.
///
/// # Errors
/// When the coordinator makes no sense or is gone.
pub fn execute() -> Result<Conclusion, Failure> {
    worker::end_with_parent();
    let served = worker::serve(std::io::stdin().lock(), std::io::stdout().lock());
    match served {
        Ok(()) => Ok(Conclusion::Told),
        Err(WorkerError::Connection(error)) => Err(Failure::Temporary(error.to_string())),
        Err(error) => Err(Failure::Internal(error.to_string())),
    }
}
