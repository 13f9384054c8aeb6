//! Milestones: what happened in a run, told so that it can be told again of another run.
//!
//! A fingerprint says that two runs differ, and no more. A saved run keeps a line for each event that a
//! person would tell: what clients asked and learned, which faults came and went, what was lost, which
//! processes died, which points in the code were passed. Replayed on newer code, the first line that
//! differs is where the run has become another one. Messages and timers are left out: they change with
//! every change of the system, and say little.

use sim::record::Record;
use sim::record::history::Outcome;
use sim::record::trace::{Event, Happening};

/// How many are kept: enough for any shrunk run, and a file a person can open for any other.
const KEPT_MAX: usize = 2_000;

/// The milestones of a run that kept its trace, each as `<milliseconds> <node> <what>`.
pub fn milestones(record: &Record) -> Vec<String> {
    let events = record.trace.events().iter();
    let told = events.filter_map(|event| {
        let what = told(record, event)?;
        let node = record.node_name(event.node);
        Some(format!("{} {node} {what}", event.at.millis()))
    });
    told.take(KEPT_MAX).collect()
}

fn told(record: &Record, event: &Event) -> Option<String> {
    match &event.what {
        Happening::FaultBegan { fault } | Happening::FaultEnded { fault } => {
            let planned = record.plan.faults.get(*fault as usize)?;
            let turn = match event.what {
                Happening::FaultBegan { .. } => "begins",
                _ => "ends",
            };
            Some(format!(
                "{turn}: {} at {}",
                planned.what.name(),
                planned.place
            ))
        }
        Happening::Invoked { operation } => {
            let operation = record.history.get(*operation)?;
            let (process, function) = (&operation.process, &operation.function);
            Some(format!("{process} asks {function} {}", operation.input))
        }
        Happening::Completed { operation } => {
            let operation = record.history.get(*operation)?;
            let outcome = match operation.outcome {
                Outcome::Ok(_) => "ok",
                Outcome::Fail(_) => "failed",
                Outcome::Unknown(_) => "unknown",
            };
            Some(format!(
                "{} learns {} {outcome}",
                operation.process, operation.function
            ))
        }
        Happening::Dropped { by, .. } => Some(format!("a message is lost ({by})")),
        Happening::Started { .. }
        | Happening::Crashed { .. }
        | Happening::Paused
        | Happening::Resumed
        | Happening::DiskFailed { .. }
        | Happening::PointReached { .. }
        | Happening::Panicked { .. }
        | Happening::Healed => Some(event.what.to_string()),
        Happening::Sent { .. }
        | Happening::Delivered { .. }
        | Happening::Duplicated { .. }
        | Happening::Woke
        | Happening::Wrote { .. }
        | Happening::Synced { .. }
        | Happening::Noted { .. } => None,
    }
}

/// The first milestone in which two runs differ: its position, and what each has there; nothing where
/// one has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// How many milestones they have in common.
    pub common: usize,
    /// The last of them.
    pub last_common: Option<String>,
    /// What came next in the saved run.
    pub saved: Option<String>,
    /// What comes next now.
    pub now: Option<String>,
}

/// Where two runs part; nothing when what is kept of both is the same. Times may differ: the same things
/// in the same order are the same story.
pub fn parting(saved: &[String], now: &[String]) -> Option<Parting> {
    let untimed = |line: &String| line.split_once(' ').map(|(_, what)| what.to_owned());
    let length = match (saved.len(), now.len()) {
        // What was cut off cannot be compared.
        (saved, now) if saved == KEPT_MAX || now == KEPT_MAX => saved.min(now),
        (saved, now) => saved.max(now),
    };
    let common = (0..length)
        .find(|at| saved.get(*at).and_then(untimed) != now.get(*at).and_then(untimed))?;
    Some(Parting {
        common,
        last_common: common
            .checked_sub(1)
            .and_then(|last| now.get(last))
            .cloned(),
        saved: saved.get(common).cloned(),
        now: now.get(common).cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_first_other_line_is_the_parting_whatever_the_times() {
        let saved = lines(&["1 core-1 starts", "5 core-1 passes x", "9 core-1 passes y"]);
        let late = lines(&["2 core-1 starts", "7 core-1 passes x", "8 core-1 passes y"]);
        assert_eq!(parting(&saved, &late), None);
        let other = lines(&["2 core-1 starts", "7 core-2 passes x"]);
        let found = parting(&saved, &other).unwrap();
        assert_eq!(found.last_common.as_deref(), Some("2 core-1 starts"));
        assert_eq!(found.saved.as_deref(), Some("5 core-1 passes x"));
        assert_eq!(found.now.as_deref(), Some("7 core-2 passes x"));
    }

    #[test]
    fn a_run_that_ends_early_parts_there_unless_it_was_cut_off() {
        let saved = lines(&["1 a starts", "2 a passes x"]);
        let found = parting(&saved, &saved[..1]).unwrap();
        assert_eq!((found.common, found.now), (1, None));
        let long: Vec<String> = (0..KEPT_MAX).map(|at| format!("{at} a passes x")).collect();
        assert_eq!(parting(&long, &[long.clone(), saved].concat()), None);
    }
}
