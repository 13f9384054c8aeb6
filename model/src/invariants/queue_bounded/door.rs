//! The door of an instance: what waits at it is bounded, called by importance, and answered.
//!
//! At each moment no more requests are in and wait than the door's limits say. Nobody is called while a more
//! important one waits, nor turned away while a lesser one does. Who is turned away is told 429 or 503 and when to
//! come back, and comes back no sooner. Everybody who was let in to wait is called, turned away or leaves, and who
//! has a place gives it back, unless the process died. The limiter lets through what its rate and burst allow by
//! true time, and turns nobody away who had a token to spare, but for what the plan makes clocks drift.

use std::collections::BTreeMap;
use std::time::Duration;

use sim::check::Evidence;
use sim::record::Record;
use sim::record::note::Note;

use super::{number, shown, untold};
use crate::invariants::retry_policy_kept;

/// A token in parts.
const TOKEN: i128 = 1_000_000_000;

/// One life of a door.
struct Door {
    in_flight_max: i64,
    waiting_max: Option<i64>,
    limiter: Option<Limiter>,
    /// Who is at the door: whether they wait, or else have a place.
    here: BTreeMap<i64, bool>,
}

/// The bucket as it is by true time.
struct Limiter {
    per_second: i128,
    capacity: i128,
    level: i128,
    /// By how many tokens it may be off.
    off: i128,
    at: i128,
}

/// What is wrong with what doors did.
pub(super) fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let drifted = retry_policy_kept::clocks_drifted(record);
    let mut doors: BTreeMap<(&str, u32), Door> = BTreeMap::new();
    let mut evidence = Vec::new();
    for note in &record.notes {
        let life = (note.node.as_str(), note.incarnation);
        match note.name.as_str() {
            "door_opened" => {
                doors.insert(life, Door::of(note, drifted)?);
            }
            "door" => {
                let door = doors.get_mut(&life);
                let door = door.ok_or_else(|| format!("{} has no door", note.node))?;
                evidence.extend(door.see(note)?.into_iter().map(|claim| shown(note, claim)));
            }
            "came_back" => evidence.extend(too_soon(note)?.map(|claim| shown(note, claim))),
            _ => {}
        }
    }
    evidence.extend(forgotten(&doors));
    Ok(evidence)
}

fn too_soon(note: &Note) -> Result<Option<String>, String> {
    let (asked, waited) = (number(note, "asked_ms")?, number(note, "waited_ms")?);
    Ok((waited < asked)
        .then(|| format!("was asked to wait {asked} ms and came back after {waited}")))
}

/// Who was never told what became of them, at doors that stayed open.
fn forgotten(doors: &BTreeMap<(&str, u32), Door>) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for ((node, life), door) in doors {
        if doors.contains_key(&(*node, life + 1)) || door.here.is_empty() {
            continue;
        }
        let waiting = door.here.values().filter(|waits| **waits).count();
        let inside = door.here.len() - waiting;
        let claim =
            format!("{waiting} who waited were told nothing, {inside} places were not given back");
        evidence.push(Evidence::new(*node, claim));
    }
    evidence
}

impl Door {
    /// As it opened, by clocks that drift by so much in all.
    fn of(note: &Note, drifted: Duration) -> Result<Door, String> {
        let limit = |key: &str| note.detail.get(key).as_int().map(i128::from);
        let limiter = limit("per_second").zip(limit("burst"));
        Ok(Door {
            in_flight_max: number(note, "in_flight_max")?,
            waiting_max: note.detail.get("waiting_max").as_int(),
            limiter: limiter.map(|(per_second, burst)| Limiter {
                per_second,
                capacity: burst * TOKEN,
                level: burst * TOKEN,
                off: i128::try_from(drifted.as_nanos())
                    .unwrap_or(i128::MAX)
                    .saturating_mul(per_second)
                    / TOKEN
                    + i128::from(!drifted.is_zero()),
                at: note.at.nanos().into(),
            }),
            here: BTreeMap::new(),
        })
    }

    /// What is wrong with what a door did.
    fn see(&mut self, note: &Note) -> Result<Vec<String>, String> {
        let waiting = [
            number(note, "high")?,
            number(note, "normal")?,
            number(note, "low")?,
        ];
        let (did, priority) = (note.detail.text("did"), note.detail.text("priority"));
        let rank = ["high", "normal", "low"]
            .iter()
            .position(|it| *it == priority);
        let rank = rank.ok_or_else(|| format!("{priority:?} is no priority"))?;
        let mut claims = vec![self.crowded(waiting.iter().sum(), number(note, "in_flight")?)];
        let more_important: i64 = waiting[..rank].iter().sum();
        let lesser: i64 = waiting[rank + 1..].iter().sum();
        claims.push(match did {
            "called" if more_important > 0 => Some(format!(
                "a {priority} request was called before {more_important} more important ones"
            )),
            "refused" if lesser > 0 => Some(format!(
                "a {priority} request was refused while {lesser} lesser ones waited"
            )),
            _ => None,
        });
        if matches!(did, "limited" | "refused" | "shed" | "gave_up") {
            claims.push(untold(note));
        }
        claims.push(self.limited(note, did));
        self.move_on(number(note, "visitor")?, did);
        Ok(claims.into_iter().flatten().collect())
    }

    fn crowded(&self, waiting: i64, in_flight: i64) -> Option<String> {
        if let Some(max) = self.waiting_max.filter(|max| waiting > *max) {
            return Some(format!("{waiting} wait, of {max} at most"));
        }
        let max = self.in_flight_max;
        (in_flight > max).then(|| format!("{in_flight} are in, of {max} at most"))
    }

    fn move_on(&mut self, visitor: i64, did: &str) {
        match did {
            "waits" => {
                self.here.insert(visitor, true);
            }
            "begins" | "called" => {
                self.here.insert(visitor, false);
            }
            _ => {
                self.here.remove(&visitor);
            }
        }
    }

    /// Whether the limiter did what true time allows.
    fn limited(&mut self, note: &Note, did: &str) -> Option<String> {
        let limiter = self.limiter.as_mut()?;
        let comes = matches!(did, "begins" | "waits" | "refused" | "limited");
        if !comes {
            return None;
        }
        let now = i128::from(note.at.nanos());
        let filled = (now - limiter.at) * limiter.per_second;
        limiter.level = (limiter.level + filled).min(limiter.capacity);
        limiter.at = now;
        if did == "limited" {
            let spare = limiter.level / TOKEN;
            return (spare > limiter.off).then(|| {
                format!("a request was told that it comes too fast, with {spare} tokens to spare")
            });
        }
        limiter.level -= TOKEN;
        let missing = -limiter.level / TOKEN;
        (missing > limiter.off)
            .then(|| format!("{missing} requests more were let through than the limiter allows"))
    }
}
