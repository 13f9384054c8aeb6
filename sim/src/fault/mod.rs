//! Faults as data: what, where, from, until.
//!
//! A [`Plan`] is a list of [`Fault`]s; it can be printed, saved, edited, shrunk and replayed. A
//! fault holds during a window of simulated time, or strikes at a *fault point*: a named place in a
//! node's code that it passes, such as "after the commit, before the answer" (cooperative, because
//! only the node knows where that is). [`place`] says where, [`injector`] makes plans happen,
//! [`swarm`] draws them.

pub(crate) mod injector;
pub mod place;
pub mod swarm;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use place::{Place, PlaceError, Route};

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

/// One planned fault.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub what: FaultKind,
    /// Where: `core-1`, `core-*, ledger`, `core-1 -> ledger`, `core-* <-> ledger`, `a, b | c`.
    #[serde(rename = "where")]
    pub place: Place,
    /// From when, in milliseconds of simulated time. A fault point counts only from then on.
    #[serde(default)]
    pub from_ms: u64,
    /// Until when, in milliseconds. Without it the fault holds until all faults are healed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// Strike when a node passes this fault point instead of at `from_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_point: Option<String>,
    /// With `at_point`: at which passing, counted from 1 over all nodes of the place. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// With `at_point`: how long it holds, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts_ms: Option<u64>,
}

impl Fault {
    /// A fault that holds during a window.
    pub fn during(
        what: FaultKind,
        place: &str,
        from_ms: u64,
        until_ms: u64,
    ) -> Result<Fault, PlaceError> {
        Ok(Fault {
            what,
            place: place.parse()?,
            from_ms,
            until_ms: Some(until_ms),
            at_point: None,
            nth: None,
            lasts_ms: None,
        })
    }

    /// A fault that strikes at the `nth` passing of a point and holds for a while.
    pub fn at(
        what: FaultKind,
        place: &str,
        point: &str,
        nth: u32,
        lasts_ms: u64,
    ) -> Result<Fault, PlaceError> {
        Ok(Fault {
            what,
            place: place.parse()?,
            from_ms: 0,
            until_ms: None,
            at_point: Some(point.to_owned()),
            nth: Some(nth),
            lasts_ms: Some(lasts_ms),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what.name())?;
        let parameters = self.what.parameters();
        if !parameters.is_empty() {
            write!(f, " ({parameters})")?;
        }
        write!(f, " at {}", self.place)?;
        match (&self.at_point, self.until_ms) {
            (Some(point), _) => {
                write!(
                    f,
                    " when {point} is passed the {}. time",
                    self.nth.unwrap_or(1)
                )?;
                match self.lasts_ms {
                    Some(lasts) => write!(f, ", for {lasts} ms"),
                    None => write!(f, ", until healed"),
                }
            }
            (None, Some(until)) => write!(f, ", {}–{until} ms", self.from_ms),
            (None, None) => write!(f, ", from {} ms until healed", self.from_ms),
        }
    }
}

/// A list of faults. A fault's number is its position here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Plan {
    /// The faults by number.
    pub faults: Vec<Fault>,
}

/// A fault that cannot be, with the key to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault #{fault}, `{key}`: {message}; {hint}")]
pub struct PlanError {
    /// Position in the plan.
    pub fault: usize,
    /// The key at fault.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Plan {
    /// Checks every fault against the nodes and fault points there are.
    ///
    /// # Errors
    /// The first fault that names an unknown node or point, or whose keys contradict each other.
    pub fn validate(&self, nodes: &[String], points: &[&str]) -> Result<(), PlanError> {
        for (number, fault) in self.faults.iter().enumerate() {
            validate(fault, nodes, points).map_err(|(key, message, hint)| PlanError {
                fault: number,
                key,
                message,
                hint,
            })?;
        }
        Ok(())
    }
}

type Complaint = (&'static str, String, String);

fn validate(fault: &Fault, nodes: &[String], points: &[&str]) -> Result<(), Complaint> {
    fault
        .place
        .check_names(nodes)
        .map_err(|error| ("where", error.to_string(), error.hint(nodes)))?;
    if fault.what.target() == Target::Sides && !fault.place.has_sides() {
        let message = format!(
            "a {} needs two sides, `{}` names one",
            fault.what.name(),
            fault.place
        );
        return Err((
            "where",
            message,
            "write `a -> b`, `a <-> b` or `a, b | c, d`".into(),
        ));
    }
    let on_nodes = !matches!(fault.what.target(), Target::Sides | Target::Links);
    if on_nodes && fault.place.has_sides() {
        let message = format!(
            "{} acts on nodes, `{}` names links",
            fault.what.name(),
            fault.place
        );
        return Err((
            "where",
            message,
            "name nodes, such as `core-1, core-2`".into(),
        ));
    }
    if let FaultKind::Slow { factor: 0 } = fault.what {
        return Err((
            "what",
            "a factor of 0 stops time".into(),
            "give at least 1".into(),
        ));
    }
    if let FaultKind::Bandwidth {
        bytes_per_second: 0,
    } = fault.what
    {
        let hint = "give at least 1, or use a partition";
        return Err((
            "what",
            "0 bytes per second carry nothing".into(),
            hint.into(),
        ));
    }
    match &fault.at_point {
        Some(point) => validate_point(fault, point, points),
        None => validate_window(fault),
    }
}

fn validate_point(fault: &Fault, point: &str, points: &[&str]) -> Result<(), Complaint> {
    if !fault.what.strikes_at_points() {
        let message = format!("{} cannot strike at a point", fault.what.name());
        return Err(("what", message, "use a window: from_ms and until_ms".into()));
    }
    if !points.contains(&point) {
        let hint = match crate::nearest::nearest(point, points.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the points are: {}", points.join(", ")),
        };
        return Err((
            "at_point",
            format!("there is no fault point `{point}`"),
            hint,
        ));
    }
    if fault.nth == Some(0) {
        return Err((
            "nth",
            "passings are counted from 1".into(),
            "give at least 1".into(),
        ));
    }
    if fault.what == FaultKind::Stall && fault.lasts_ms.is_none() {
        return Err((
            "lasts_ms",
            "a stall needs a length".into(),
            "add lasts_ms".into(),
        ));
    }
    Ok(())
}

fn validate_window(fault: &Fault) -> Result<(), Complaint> {
    if fault.what == FaultKind::Stall {
        return Err((
            "at_point",
            "a stall happens at a fault point".into(),
            "add at_point".into(),
        ));
    }
    for (key, given) in [
        ("nth", fault.nth.is_some()),
        ("lasts_ms", fault.lasts_ms.is_some()),
    ] {
        if given {
            let message = format!("`{key}` goes with `at_point`");
            return Err((key, message, "use from_ms and until_ms for a window".into()));
        }
    }
    match fault.until_ms {
        Some(until) if until <= fault.from_ms => Err((
            "until_ms",
            format!(
                "the fault ends ({until} ms) before it begins ({} ms)",
                fault.from_ms
            ),
            "until_ms must be later than from_ms".into(),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fault: Result<Fault, PlaceError>, expected: Option<(&str, &str)>) {
        let nodes = ["core-1", "core-2", "ledger"].map(str::to_owned);
        let plan = Plan {
            faults: vec![fault.expect("the place reads well")],
        };
        let found = plan.validate(&nodes, &["core.commit"]).err();
        let found = found.as_ref().map(|error| (error.key, error.hint.as_str()));
        assert_eq!(found, expected, "{:?}", plan.faults[0]);
    }

    #[test]
    fn a_plan_that_makes_sense_is_accepted() {
        check(Fault::during(FaultKind::Crash, "core-*", 5, 10), None);
        check(
            Fault::during(FaultKind::Partition, "core-1 -> ledger", 5, 10),
            None,
        );
        check(
            Fault::at(FaultKind::Stall, "core-1", "core.commit", 1, 10),
            None,
        );
    }

    #[test]
    fn a_plan_that_makes_none_is_refused_with_key_and_hint() {
        check(
            Fault::during(FaultKind::Crash, "cure-1", 5, 10),
            Some(("where", "did you mean `core-1`?")),
        );
        check(
            Fault::during(FaultKind::Partition, "core-1", 5, 10),
            Some(("where", "write `a -> b`, `a <-> b` or `a, b | c, d`")),
        );
        check(
            Fault::during(FaultKind::Pause, "core-1 <-> ledger", 5, 10),
            Some(("where", "name nodes, such as `core-1, core-2`")),
        );
        check(
            Fault::during(FaultKind::Crash, "ledger", 10, 10),
            Some(("until_ms", "until_ms must be later than from_ms")),
        );
        check(
            Fault::at(FaultKind::Crash, "ledger", "core.comit", 1, 10),
            Some(("at_point", "did you mean `core.commit`?")),
        );
        check(
            Fault::at(FaultKind::DiskFull, "ledger", "core.commit", 1, 10),
            Some(("what", "use a window: from_ms and until_ms")),
        );
    }

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
