//! Faults as data: what, where, from, until.
//!
//! A [`Plan`] is a list of [`Fault`]s; it can be printed, saved, edited, shrunk and replayed. A
//! fault holds during a window of simulated time, or strikes at a *fault point*: a named place in a
//! node's code that it passes, such as "after the commit, before the answer" (cooperative, because
//! only the node knows where that is). [`plan`] is when, [`place`] says where, [`injector`] makes plans
//! happen, [`swarm`] draws them.

pub(crate) mod injector;
pub mod place;
pub mod plan;
pub mod swarm;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use place::{Place, PlaceError, Route};
pub use plan::{Fault, Plan, PlanError};

use crate::ratio::Ratio;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FaultKind {
    /// Messages are lost by chance.
    Loss {
        /// The chance for each message.
        ratio: Ratio,
    },
    /// Messages arrive twice by chance.
    Duplicate {
        /// The chance for each message.
        ratio: Ratio,
    },
    /// Messages take longer, up to this much, in order.
    Delay {
        /// The most that is added to a message's latency, in milliseconds.
        extra_ms: u64,
    },
    /// Messages are held back by chance and overtaken by later ones.
    Reorder {
        /// The chance for each message.
        ratio: Ratio,
        /// The most a message is held back, in milliseconds.
        extra_ms: u64,
    },
    /// The line carries only so much; messages queue.
    Bandwidth {
        /// Bytes per second of each link.
        bytes_per_second: u64,
    },
    /// Requests are lost before dispatch, by chance: nothing happened.
    LoseRequests {
        /// The chance for each request.
        ratio: Ratio,
    },
    /// Responses are lost after the effect, by chance: it happened, and the caller does not know.
    LoseReplies {
        /// The chance for each response.
        ratio: Ratio,
    },
    /// No message passes, in flight or new: `a -> b` one way, `a <-> b` both, `a | b` groups.
    Partition,
    /// A node reaches nobody and nobody reaches it.
    Isolate,
    /// The process dies; its machine survives, refuses connections and writes its files out.
    Crash,
    /// The machine goes down silently and loses what was not synced.
    PowerLoss,
    /// The machine goes down silently while writing: a prefix of the unsynced bytes is there.
    TornWrite,
    /// The process stops running while the world goes on; it does not know.
    Pause,
    /// The process works slower.
    Slow {
        /// How many times as long its work takes.
        factor: u32,
    },
    /// Syncs take longer.
    SlowSync {
        /// What is added to a sync, in milliseconds.
        extra_ms: u64,
    },
    /// Syncs fail by chance; the unsynced bytes are lost.
    SyncError {
        /// The chance for each sync.
        ratio: Ratio,
    },
    /// No space is left.
    DiskFull,
    /// A read returns one flipped bit, by chance.
    BitRot {
        /// The chance for each read.
        ratio: Ratio,
    },
    /// The wall clock is off by a constant while the fault holds.
    ClockSkew {
        /// How far ahead the clock is, in milliseconds; negative is behind.
        offset_ms: i64,
    },
    /// The clock runs at another rate.
    ClockDrift {
        /// How much faster, in parts per million; negative is slower.
        parts_per_million: i64,
    },
    /// The wall clock steps once and stays so until all faults are healed.
    ClockJump {
        /// How far it steps, in milliseconds; negative is back.
        offset_ms: i64,
    },
    /// At a fault point only: the task stops there for a while, and goes on.
    Stall,
}

/// What a kind of fault acts on, hence what its place must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Links between nodes, or all links of the named nodes.
    Links,
    /// Links, named as two sides.
    Sides,
    /// Processes.
    Processes,
    /// Disks of nodes that have one.
    Disks,
    /// Clocks.
    Clocks,
    /// A point in a node's code.
    Point,
}

/// One entry of the fault catalogue: name, target and one sentence.
pub type CatalogueEntry = (&'static str, Target, &'static str);

/// Every kind of fault there is, in the order of [`FaultKind`].
pub const CATALOGUE: &[CatalogueEntry] = &[
    ("loss", Target::Links, "messages are lost by chance"),
    (
        "duplicate",
        Target::Links,
        "messages arrive twice by chance",
    ),
    ("delay", Target::Links, "messages take longer, in order"),
    (
        "reorder",
        Target::Links,
        "messages are overtaken by later ones",
    ),
    (
        "bandwidth",
        Target::Links,
        "the line carries only so much; messages queue",
    ),
    (
        "lose-requests",
        Target::Links,
        "requests are lost before dispatch: nothing happened",
    ),
    (
        "lose-replies",
        Target::Links,
        "responses are lost after the effect: it happened",
    ),
    (
        "partition",
        Target::Sides,
        "no message passes, in flight or new",
    ),
    (
        "isolate",
        Target::Processes,
        "a node reaches nobody and nobody reaches it",
    ),
    (
        "crash",
        Target::Processes,
        "the process dies; its machine refuses connections",
    ),
    (
        "power-loss",
        Target::Processes,
        "the machine dies silently; unsynced bytes are lost",
    ),
    (
        "torn-write",
        Target::Processes,
        "the machine dies while writing: a prefix remains",
    ),
    (
        "pause",
        Target::Processes,
        "the process stops without knowing; the world goes on",
    ),
    (
        "slow",
        Target::Processes,
        "the process's work takes several times as long",
    ),
    ("slow-sync", Target::Disks, "syncs take longer"),
    (
        "sync-error",
        Target::Disks,
        "syncs fail by chance; unsynced bytes are lost",
    ),
    ("disk-full", Target::Disks, "no space is left"),
    (
        "bit-rot",
        Target::Disks,
        "a read returns one flipped bit, by chance",
    ),
    (
        "clock-skew",
        Target::Clocks,
        "the wall clock is off by a constant",
    ),
    (
        "clock-drift",
        Target::Clocks,
        "the clock runs at another rate",
    ),
    ("clock-jump", Target::Clocks, "the wall clock steps once"),
    (
        "stall",
        Target::Point,
        "the task stops at a fault point for a while",
    ),
];

impl FaultKind {
    /// The name under which the kind is written and listed.
    pub fn name(&self) -> &'static str {
        CATALOGUE[self.position()].0
    }

    /// What it acts on.
    pub fn target(&self) -> Target {
        CATALOGUE[self.position()].1
    }

    fn position(&self) -> usize {
        match self {
            FaultKind::Loss { .. } => 0,
            FaultKind::Duplicate { .. } => 1,
            FaultKind::Delay { .. } => 2,
            FaultKind::Reorder { .. } => 3,
            FaultKind::Bandwidth { .. } => 4,
            FaultKind::LoseRequests { .. } => 5,
            FaultKind::LoseReplies { .. } => 6,
            FaultKind::Partition => 7,
            FaultKind::Isolate => 8,
            FaultKind::Crash => 9,
            FaultKind::PowerLoss => 10,
            FaultKind::TornWrite => 11,
            FaultKind::Pause => 12,
            FaultKind::Slow { .. } => 13,
            FaultKind::SlowSync { .. } => 14,
            FaultKind::SyncError { .. } => 15,
            FaultKind::DiskFull => 16,
            FaultKind::BitRot { .. } => 17,
            FaultKind::ClockSkew { .. } => 18,
            FaultKind::ClockDrift { .. } => 19,
            FaultKind::ClockJump { .. } => 20,
            FaultKind::Stall => 21,
        }
    }

    /// The parameters in words; empty when there are none.
    pub fn parameters(&self) -> String {
        match self {
            FaultKind::Loss { ratio }
            | FaultKind::Duplicate { ratio }
            | FaultKind::LoseRequests { ratio }
            | FaultKind::LoseReplies { ratio }
            | FaultKind::SyncError { ratio }
            | FaultKind::BitRot { ratio } => ratio.to_string(),
            FaultKind::Delay { extra_ms } => format!("up to +{extra_ms} ms"),
            FaultKind::Reorder { ratio, extra_ms } => format!("{ratio}, up to +{extra_ms} ms"),
            FaultKind::Bandwidth { bytes_per_second } => format!("{bytes_per_second} B/s"),
            FaultKind::Slow { factor } => format!("×{factor}"),
            FaultKind::SlowSync { extra_ms } => format!("+{extra_ms} ms"),
            FaultKind::ClockSkew { offset_ms } | FaultKind::ClockJump { offset_ms } => {
                format!("{offset_ms:+} ms")
            }
            FaultKind::ClockDrift { parts_per_million } => format!("{parts_per_million:+} ppm"),
            FaultKind::Partition
            | FaultKind::Isolate
            | FaultKind::Crash
            | FaultKind::PowerLoss
            | FaultKind::TornWrite
            | FaultKind::Pause
            | FaultKind::DiskFull
            | FaultKind::Stall => String::new(),
        }
    }

    /// Whether the kind makes sense at a fault point.
    pub fn strikes_at_points(&self) -> bool {
        matches!(
            self,
            FaultKind::Crash
                | FaultKind::PowerLoss
                | FaultKind::TornWrite
                | FaultKind::Pause
                | FaultKind::Isolate
                | FaultKind::Stall
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_names_every_kind_as_it_is_written() {
        let mut names: Vec<_> = CATALOGUE.iter().map(|(name, ..)| *name).collect();
        for kind in [
            FaultKind::Crash,
            FaultKind::LoseReplies {
                ratio: Ratio::ALWAYS,
            },
            FaultKind::Stall,
        ] {
            assert!(names.contains(&kind.name()));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGUE.len(), "names are unique");
    }
}
