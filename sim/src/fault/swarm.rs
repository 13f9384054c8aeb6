//! The swarm: draws a plan for a seed.
//!
//! Most bugs need few kinds of fault but much of them, and some kinds hide others (a node that is
//! always down never corrupts anything). So each seed switches a random subset of kinds on, weights
//! them unevenly, and gives each fault a minimum duration, long enough to matter. (Groce et al.,
//! "Swarm Testing", ISSTA 2012.)
//!
//! Each fault is drawn from a stream of its own, named by its number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATALOGUE, Fault, FaultKind, Place, Plan, Target};
use crate::random::{Lineage, Randomness, Root, Stream};
use crate::ratio::Ratio;

/// What a swarm may draw from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Swarm {
    /// The kinds of fault, by name; without it all kinds.
    #[serde(default)]
    pub kinds: Option<Vec<String>>,
    /// The most faults in one plan.
    pub faults_max: u32,
    /// No fault begins before this, in milliseconds.
    pub from_ms: u64,
    /// Every fault has ended by then, in milliseconds.
    pub until_ms: u64,
    /// The shortest a fault lasts, in milliseconds.
    pub lasts_min_ms: u64,
    /// The longest a fault lasts, in milliseconds.
    pub lasts_max_ms: u64,
}

/// What there is to break.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Names of nodes whose process, links and clock may fail.
    pub nodes: Vec<String>,
    /// Names of nodes whose disk may fail.
    pub disks: Vec<String>,
    /// Fault points with the pattern of nodes that pass them, such as (`core.commit`, `core-*`).
    pub points: Vec<(String, String)>,
}

impl Swarm {
    /// The plan of a seed.
    pub fn draw(&self, targets: &Targets, randomness: &Randomness) -> Plan {
        let root = Lineage::of("swarm");
        let mut stream = randomness.stream(Root::Plan, root, "kinds");
        let kinds = self.choose_kinds(&mut stream);
        if kinds.is_empty() {
            return Plan::default();
        }
        let total: u64 = kinds.iter().map(|(_, weight)| weight).sum();
        let count = stream.between(1, u64::from(self.faults_max.max(1)));
        let faults = (0..count).filter_map(|number| {
            let mut stream = randomness.stream(Root::Plan, root.child("fault", number), "draw");
            let mut ticket = stream.below(total);
            let (name, _) = kinds.iter().find(|(_, weight)| {
                let hit = ticket < *weight;
                ticket = ticket.saturating_sub(*weight);
                hit
            })?;
            self.fault(name, targets, &mut stream)
        });
        Plan {
            faults: faults.collect(),
        }
    }

    /// A random subset of the kinds, at least one, each with an uneven weight.
    fn choose_kinds(&self, stream: &mut Stream) -> Vec<(&'static str, u64)> {
        let allowed = |name: &str| match &self.kinds {
            Some(kinds) => kinds.iter().any(|kind| kind == name),
            None => true,
        };
        let mut candidates: Vec<&'static str> = CATALOGUE
            .iter()
            .map(|(name, ..)| *name)
            .filter(|name| allowed(name))
            .collect();
        stream.shuffle(&mut candidates);
        let most = candidates.len().min(6) as u64;
        let count = if most == 0 {
            0
        } else {
            stream.between(1, most)
        };
        let chosen = candidates.into_iter().take(count as usize);
        chosen
            .map(|name| (name, 1 << stream.between(0, 3)))
            .collect()
    }

    fn fault(&self, name: &str, targets: &Targets, stream: &mut Stream) -> Option<Fault> {
        let lasts = stream.between(self.lasts_min_ms, self.lasts_max_ms);
        let latest = self.until_ms.saturating_sub(lasts).max(self.from_ms);
        let from_ms = stream.between(self.from_ms, latest);
        let what = draw_kind(name, stream);
        // Half of the faults that can strike at a point do: that is where the windows are narrow.
        let at_point = what.strikes_at_points()
            && !targets.points.is_empty()
            && (what == FaultKind::Stall || stream.chance(Ratio::new(1, 2)));
        if at_point {
            let (point, nodes) = stream.pick(&targets.points).clone();
            return Some(Fault {
                what,
                place: nodes.parse().ok()?,
                from_ms,
                until_ms: None,
                at_point: Some(point),
                nth: Some(stream.between(1, 8) as u32),
                lasts_ms: Some(lasts),
                drawn_as: None,
            });
        }
        Some(Fault {
            place: draw_place(&what, targets, stream)?,
            what,
            from_ms,
            until_ms: Some(from_ms + lasts),
            at_point: None,
            nth: None,
            lasts_ms: None,
            drawn_as: None,
        })
    }
}

fn draw_kind(name: &str, stream: &mut Stream) -> FaultKind {
    let ratio = *stream.pick(&[
        Ratio::new(1, 20),
        Ratio::new(1, 5),
        Ratio::new(1, 2),
        Ratio::ALWAYS,
    ]);
    let some = *stream.pick(&[Ratio::new(1, 20), Ratio::new(1, 5), Ratio::new(1, 2)]);
    let extra_ms = *stream.pick(&[20, 200, 2_000, 10_000]);
    let offset_ms = *stream.pick(&[-60_000, -5_000, -200, 200, 5_000, 60_000]);
    match name {
        "loss" => FaultKind::Loss { ratio: some },
        "duplicate" => FaultKind::Duplicate { ratio },
        "delay" => FaultKind::Delay { extra_ms },
        "reorder" => FaultKind::Reorder {
            ratio: some,
            extra_ms,
        },
        "bandwidth" => FaultKind::Bandwidth {
            bytes_per_second: *stream.pick(&[500, 5_000, 50_000]),
        },
        "lose-requests" => FaultKind::LoseRequests { ratio },
        "lose-replies" => FaultKind::LoseReplies { ratio },
        "partition" => FaultKind::Partition,
        "isolate" => FaultKind::Isolate,
        "crash" => FaultKind::Crash,
        "power-loss" => FaultKind::PowerLoss,
        "torn-write" => FaultKind::TornWrite,
        "pause" => FaultKind::Pause,
        "slow" => FaultKind::Slow {
            factor: *stream.pick(&[2, 5, 20]),
        },
        "slow-sync" => FaultKind::SlowSync { extra_ms },
        "sync-error" => FaultKind::SyncError { ratio: some },
        "disk-full" => FaultKind::DiskFull,
        "bit-rot" => FaultKind::BitRot { ratio },
        "clock-skew" => FaultKind::ClockSkew { offset_ms },
        "clock-drift" => FaultKind::ClockDrift {
            parts_per_million: *stream.pick(&[-100_000, -500, 500, 100_000]),
        },
        "clock-jump" => FaultKind::ClockJump { offset_ms },
        "stall" => FaultKind::Stall,
        _ => unreachable!("the catalogue has no `{name}`"),
    }
}

fn draw_place(what: &FaultKind, targets: &Targets, stream: &mut Stream) -> Option<Place> {
    let text = match what.target() {
        Target::Disks => one_of(&targets.disks, stream)?,
        Target::Processes | Target::Clocks => one_of(&targets.nodes, stream)?,
        Target::Point => return None,
        Target::Links => match stream.below(4) {
            0 => "*".to_owned(),
            1 => one_of(&targets.nodes, stream)?,
            _ => two_sides(targets, "->", stream)?,
        },
        Target::Sides => match stream.below(3) {
            0 => two_sides(targets, "->", stream)?,
            1 => two_sides(targets, "<->", stream)?,
            _ => groups(targets, stream)?,
        },
    };
    text.parse().ok()
}

fn one_of(names: &[String], stream: &mut Stream) -> Option<String> {
    (!names.is_empty()).then(|| stream.pick(names).clone())
}

fn two_sides(targets: &Targets, arrow: &str, stream: &mut Stream) -> Option<String> {
    let from = one_of(&targets.nodes, stream)?;
    let others: Vec<String> = targets
        .nodes
        .iter()
        .filter(|name| **name != from)
        .cloned()
        .collect();
    Some(format!("{from} {arrow} {}", one_of(&others, stream)?))
}

/// Splits all nodes into two groups, neither empty.
fn groups(targets: &Targets, stream: &mut Stream) -> Option<String> {
    let mut names = targets.nodes.clone();
    if names.len() < 2 {
        return None;
    }
    stream.shuffle(&mut names);
    let cut = stream.between(1, names.len() as u64 - 1) as usize;
    Some(format!(
        "{} | {}",
        names[..cut].join(", "),
        names[cut..].join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seeds;
    use std::collections::BTreeSet;

    fn swarm() -> Swarm {
        Swarm {
            kinds: None,
            faults_max: 8,
            from_ms: 1_000,
            until_ms: 20_000,
            lasts_min_ms: 200,
            lasts_max_ms: 5_000,
        }
    }

    fn targets() -> Targets {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Targets {
            nodes: names(&["core-1", "core-2", "ledger"]),
            disks: names(&["ledger"]),
            points: vec![("core.commit".into(), "core-*".into())],
        }
    }

    #[test]
    fn every_plan_is_legal_and_together_they_use_every_kind() {
        let mut kinds = BTreeSet::new();
        for seed in 0..600 {
            let plan = swarm().draw(&targets(), &Randomness::new(Seeds::derive(seed)));
            plan.validate(&targets().nodes, &["core.commit"]).unwrap();
            for fault in &plan.faults {
                kinds.insert(fault.what.name());
                assert!(
                    fault.from_ms >= 1_000 && fault.until_ms.unwrap_or(0) <= 20_000,
                    "{fault}"
                );
            }
        }
        assert_eq!(kinds.len(), CATALOGUE.len());
    }

    #[test]
    fn only_the_kinds_asked_for_are_drawn() {
        let swarm = Swarm {
            kinds: Some(vec!["crash".into()]),
            ..swarm()
        };
        for seed in 0..50 {
            let plan = swarm.draw(&targets(), &Randomness::new(Seeds::derive(seed)));
            assert!(!plan.faults.is_empty());
            assert!(
                plan.faults
                    .iter()
                    .all(|fault| fault.what == FaultKind::Crash)
            );
        }
    }
}
