//! What the system promises: one file per promise, each a [`Check`] over the record.
//!
//! To add one, write its file and name it in [`CHECKS`]; give it an accepted and a rejected history
//! in the fixtures.

mod acked_writes_survive;
mod alerts_right;
mod breaker_legal;
mod everything_settles;
mod link_agreement;
mod no_phantom_writes;
mod pool_bounded;

use sim::check::Check;
use sim::check::objective::SLO_MET;
use sim::record::Record;
use sim::record::history::{Operation, OperationId};
use sim::record::value::Value;

/// Every promise, in the order of reports.
pub const CHECKS: &[Check] = &[
    acked_writes_survive::CHECK,
    no_phantom_writes::CHECK,
    link_agreement::CHECK,
    everything_settles::CHECK,
    breaker_legal::CHECK,
    pool_bounded::CHECK,
    alerts_right::CHECK,
    SLO_MET,
];

/// The registrations of a history.
fn registrations(record: &Record) -> impl Iterator<Item = (OperationId, &Operation)> {
    let all = record.history.iter();
    all.filter(|(_, operation)| operation.function == "register")
}

/// Whether a row of `assets` says that the asset is in its slot.
fn says_linked(row: &Value) -> bool {
    matches!(row.text("status"), "linked" | "verified" | "rejected")
}

/// A state that a sweep must have reached in some run, or it has not tested what it claims to.
#[derive(Clone, Copy, Debug)]
pub struct Sometimes {
    /// Its name in [`Record::reached`](sim::record::Record::reached).
    pub name: &'static str,
    /// What was reached.
    pub promise: &'static str,
}

/// Every such state.
pub const SOMETIMES: &[Sometimes] = &[
    Sometimes {
        name: "asset_was_kept_without_its_link",
        promise: "a Locker failed on the synchronous path and the asset was kept (202)",
    },
    Sometimes {
        name: "recovery_linked_an_asset",
        promise: "a job linked an asset after its registration had been answered or lost",
    },
    Sometimes {
        name: "device_recognised_a_repeated_command",
        promise: "a device was asked again for what it had done",
    },
    Sometimes {
        name: "device_resumed_a_command",
        promise: "a device finished after a start what an earlier life had accepted",
    },
    Sometimes {
        name: "device_refused_a_cancelled_link",
        promise: "a link command came after it had been taken back",
    },
    Sometimes {
        name: "stored_answer_was_given_again",
        promise: "a repeated request got the answer of the first",
    },
    Sometimes {
        name: "key_reuse_was_refused",
        promise: "a key used for another request was refused (422)",
    },
    Sometimes {
        name: "commit_outcome_was_unknown",
        promise: "a commit was not answered and had to be read back",
    },
    Sometimes {
        name: "recovery_cut_a_torn_tail",
        promise: "a crash left a torn log and recovery cut it",
    },
    Sometimes {
        name: "ledger_ended_on_a_disk_error",
        promise: "the Ledger could not trust its log and ended itself",
    },
    Sometimes {
        name: "breaker_opened",
        promise: "a circuit breaker opened before a failing neighbour",
    },
    Sometimes {
        name: "breaker_half_opened",
        promise: "a circuit breaker sent a probe after its open span",
    },
    Sometimes {
        name: "breaker_closed_again",
        promise: "a circuit breaker closed after its probes had succeeded",
    },
];
