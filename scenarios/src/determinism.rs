//! Whether a run is the same run: twice in this process and once in another.
//!
//! The second run here meets whatever the first left behind in the process; the one elsewhere meets
//! another address space. Fingerprints are compared; only when they differ are events.

use reports::Seed;
use sim::determinism::{Divergence, event_lines, first_divergence};
use sim::record::fingerprint::Fingerprint;

use crate::failure::Failure;
use crate::run::{Outcome, WITH_TRACE};
use crate::setup::Setup;
use crate::sweep::limits::Limits;
use crate::sweep::protocol::{Reply, Request};
use crate::sweep::worker_process::WorkerProcess;

/// What the comparison came to.
pub enum Comparison {
    /// All three runs were the same.
    Same,
    /// One went another way.
    Diverged {
        /// Which one, in words.
        which: &'static str,
        /// Where, when the events tell.
        divergence: Option<Divergence>,
    },
}

/// Compares a run that kept its trace with two more of the same setup.
///
/// # Errors
/// When the other process could not be started or did not answer.
pub fn compare(setup: &Setup, first: &Outcome, limits: &Limits) -> Result<Comparison, Failure> {
    let lines = event_lines(&first.record);
    let again = setup.run(WITH_TRACE);
    if again.record.fingerprint != first.record.fingerprint {
        return Ok(Comparison::Diverged {
            which: "the second run in this process",
            divergence: first_divergence(&lines, &event_lines(&again.record)),
        });
    }
    let (fingerprint, elsewhere) = run_elsewhere(setup, limits)?;
    if fingerprint != first.record.fingerprint {
        return Ok(Comparison::Diverged {
            which: "the run in another process",
            divergence: first_divergence(&lines, &elsewhere),
        });
    }
    Ok(Comparison::Same)
}

fn run_elsewhere(setup: &Setup, limits: &Limits) -> Result<(Fingerprint, Vec<String>), Failure> {
    let mut worker = WorkerProcess::start(&setup.to_text())?;
    let seed: Seed = setup.seeds.run;
    let reply = worker.ask(&Request::Events { seed }, limits, &|| false);
    match reply {
        Ok(Reply::Events { fingerprint, lines }) => Ok((fingerprint, lines)),
        Ok(Reply::Seed { .. } | Reply::Led { .. }) => Err(Failure::Internal(
            "a worker asked for events answered with a verdict".to_owned(),
        )),
        Err(lost) => Err(Failure::Temporary(format!(
            "the run in another process left no result: {lost}"
        ))),
    }
}
