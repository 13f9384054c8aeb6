//! Compensations run in reverse order of the steps, each at most once in effect.
//!
//! Judged over the notes `saga`, of which each is written after its change is durable, and over the
//! sagas' final rows. A step is not taken back, nor tried, after one that was done before it, unless
//! it had failed already: then it may come later. No step is taken back twice. A compensation that
//! failed does not stop the rest: a saga is laid aside (`compensation_rested`) only when every step
//! that is left was tried and failed. A saga that says it is compensated has taken back every step
//! that was begun. A try that failed in the hands of whoever was overtaken meanwhile began before its successor's, and
//! wrote nothing: it is not judged. A note may be missing, because a process died or did not hear of its commit; what
//! is not noted is not judged. Whether the effects are gone is for `saga_all_or_parked`.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::note::Note;
use sim::record::value::Value;

use super::list;
use crate::core::saga::course::Step;

pub(super) const CHECK: Check = Check {
    name: "compensation_order",
    kind: Kind::Always,
    promise: "compensations run in reverse order, each at most once in effect; a failed one does not stop the rest",
    judge,
};

/// What is known of one saga's way back.
#[derive(Default)]
struct WayBack {
    /// The latest claim of those that have told something.
    token: i64,
    done: BTreeSet<Step>,
    /// Tried and failed, ever.
    failed: BTreeSet<Step>,
    /// Tried and failed since it was last laid aside.
    failed_now: BTreeSet<Step>,
}

impl WayBack {
    /// Takes in a note; gives what is wrong with it.
    fn hear(&mut self, note: &Note) -> Result<Option<String>, String> {
        let token = note.detail.get("token").as_int().unwrap_or(self.token);
        let is_overtaken = token < self.token;
        self.token = token.max(self.token);
        match note.detail.text("event") {
            "compensation_failed" if is_overtaken => Ok(None),
            "compensated" => {
                let step = step(note.detail.text("step"))?;
                let wrong = self.out_of_order(step);
                let twice = !self.done.insert(step);
                let twice = twice.then(|| format!("{} was taken back twice", step.name()));
                Ok(twice.or(wrong))
            }
            "compensation_failed" => {
                let step = step(note.detail.text("step"))?;
                let wrong = self.out_of_order(step);
                self.failed.insert(step);
                self.failed_now.insert(step);
                Ok(wrong)
            }
            "compensation_rested" => {
                let mut left = Vec::new();
                for name in list(note.detail.get("left")) {
                    left.push(step(name.as_text().unwrap_or_default())?);
                }
                let mut untried = left.iter().filter(|step| !self.failed_now.contains(step));
                let wrong = untried
                    .next()
                    .map(|step| format!("it was laid aside before {} was tried", step.name()));
                self.failed_now.clear();
                Ok(wrong)
            }
            _ => Ok(None),
        }
    }

    fn out_of_order(&self, step: Step) -> Option<String> {
        let earlier = self.done.iter().find(|done| **done < step)?;
        (!self.failed.contains(&step)).then(|| {
            let (step, earlier) = (step.name(), earlier.name());
            format!("{step} was taken back after {earlier}, which was done before it")
        })
    }
}

fn step(name: &str) -> Result<Step, String> {
    let found = Step::ALL.into_iter().find(|step| step.name() == name);
    found.ok_or_else(|| format!("a note names the step `{name}`, which there is not"))
}

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut ways: BTreeMap<&str, WayBack> = BTreeMap::new();
    let mut evidence = Vec::new();
    for note in record.notes.iter().filter(|note| note.name == "saga") {
        let saga = note.detail.text("saga");
        let wrong = ways.entry(saga).or_default().hear(note)?;
        evidence.extend(wrong.map(|claim| Evidence {
            at: Some(note.at),
            ..Evidence::new(saga, claim)
        }));
    }
    let rows = record.facts.table("sagas")?.iter();
    for saga in rows.filter(|saga| saga.text("state") == "compensated") {
        let missing = not_undone(saga)?;
        evidence.extend(missing.map(|step| {
            let claim = format!("it is compensated, and {} was not taken back", step.name());
            Evidence::new(saga.text("saga"), claim)
        }));
    }
    Ok(evidence)
}

/// The first step that was begun and is not taken back.
fn not_undone(saga: &Value) -> Result<Option<Step>, String> {
    let number = |name: &str| {
        let found = saga.get(name).as_int();
        found.ok_or_else(|| format!("{} has no `{name}`", saga.text("saga")))
    };
    let (begun, undone) = (number("begun")?, number("undone")?);
    let begun = Step::ALL
        .into_iter()
        .take(usize::try_from(begun).unwrap_or(0));
    let mut left = begun.filter(|step| undone & (1 << *step as i64) == 0);
    Ok(left.next())
}
