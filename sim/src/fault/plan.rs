//! Plans: which faults strike when, and whether a plan can be.
//!
//! A plan is plain data, written by people as well as drawn by the swarm, hence checked against the
//! nodes and fault points of a run before it starts. It makes nothing happen: see [`super::injector`].

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FaultKind, Place, PlaceError, Target};

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
    /// The name under which its chance is drawn; what it says above when not given. Whoever shortens or
    /// moves a fault and keeps the name gets the same draws for the same messages and writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn_as: Option<String>,
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
            drawn_as: None,
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
            drawn_as: None,
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
                if self.from_ms > 0 {
                    write!(f, " from {} ms on", self.from_ms)?;
                }
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

impl Plan {
    /// The names under which the chances of the faults are drawn, in order, each another: by content
    /// and not position, so that removing one fault renames no other, twins aside.
    pub fn draw_names(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        let names = self.faults.iter().map(|fault| {
            let name = fault.drawn_as.clone();
            let name = name.unwrap_or_else(|| fault.to_string());
            let earlier = seen.entry(name.clone()).or_default();
            *earlier += 1;
            match *earlier {
                1 => name,
                count => format!("{name} ({count})"),
            }
        });
        names.collect()
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
        return Err(("where", message, "name nodes, such as `a, b-*`".into()));
    }
    validate_strength(&fault.what)?;
    match &fault.at_point {
        Some(point) => validate_point(fault, point, points),
        None => validate_window(fault),
    }
}

/// Ten years: further off a clock shows nothing that a smaller offset does not.
const OFFSET_MS_MAX: u64 = 10 * 365 * 24 * 3_600 * 1_000;
/// A clock may run at a tenth of its rate or at ten times of it; it may not stand still.
const DRIFT_PPM: std::ops::RangeInclusive<i64> = -900_000..=9_000_000;

/// Parameters that would break the world rather than the system.
fn validate_strength(what: &FaultKind) -> Result<(), Complaint> {
    let complaint = |message: &str, hint: &str| Err(("what", message.to_owned(), hint.to_owned()));
    match what {
        FaultKind::Slow { factor: 0 } => complaint("a factor of 0 stops time", "give at least 1"),
        FaultKind::Bandwidth {
            bytes_per_second: 0,
        } => complaint(
            "0 bytes per second carry nothing",
            "give at least 1, or use a partition",
        ),
        FaultKind::ClockSkew { offset_ms } | FaultKind::ClockJump { offset_ms }
            if offset_ms.unsigned_abs() > OFFSET_MS_MAX =>
        {
            complaint(
                "the clock would be off by more than ten years",
                "give a smaller offset_ms",
            )
        }
        FaultKind::ClockDrift { parts_per_million } if !DRIFT_PPM.contains(parts_per_million) => {
            complaint(
                "the clock would stand still or race",
                "give between -900000 and 9000000 parts per million",
            )
        }
        _ => Ok(()),
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
            Some(("where", "name nodes, such as `a, b-*`")),
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
            Fault::during(
                FaultKind::ClockJump {
                    offset_ms: i64::MIN,
                },
                "ledger",
                5,
                10,
            ),
            Some(("what", "give a smaller offset_ms")),
        );
        check(
            Fault::at(FaultKind::DiskFull, "ledger", "core.commit", 1, 10),
            Some(("what", "use a window: from_ms and until_ms")),
        );
    }
}
