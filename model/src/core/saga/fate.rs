//! What becomes of a saga's job, in spans; the Ledger's clock makes moments of them.

use std::time::Duration;

use super::ledger::JobFate;
use super::runner::LEASE;
use crate::failure::Failure;
use crate::ledger::protocol::LedgerMillis;

/// What becomes of the job.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// The claim goes on for another lease.
    Keep,
    /// Somebody takes it up again after a wait, and after so many failed retries.
    Postpone(Duration, u32),
    /// There is nothing left to do.
    Finish,
    /// It is given up, for this failure.
    GiveUp(Failure),
}

impl Fate {
    /// In moments, when it is now so late.
    pub(super) fn at(self, now: LedgerMillis) -> JobFate {
        match self {
            Fate::Keep => JobFate::Kept {
                lease_until: now + LEASE.as_millis() as i64,
            },
            Fate::Postpone(wait, retries) => JobFate::Due {
                at: now + wait.as_millis() as i64,
                retries,
            },
            Fate::Finish => JobFate::Done,
            Fate::GiveUp(_) => JobFate::Dead,
        }
    }
}
