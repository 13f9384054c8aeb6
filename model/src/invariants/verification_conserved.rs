//! No verification is lost, invented, stuck, or finished twice.
//!
//! Judged after heal. What was queued, by audit and by answers, is there. An open one has its next
//! work due; a verified or rejected one was reported to Core, which made exactly one entry of it; a
//! cancelled or dead one has none. The asset's status is that of the verification reported last. A
//! completion is final: over the notes `verification`, at most one change completes a verification, and
//! none is made under a later claim. (One that is dead may be replayed.) It does not judge how often an attempt may be
//! repeated (see `retry_policy_kept`), nor whether the judgement fits the evidence.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::OperationId;
use sim::record::value::Value;

use super::audit_trail::AuditTrail;
use super::rows_by;

pub(super) const CHECK: Check = Check {
    name: "verification_conserved",
    kind: Kind::Eventually,
    promise: "accepted verifications are completed, cancelled, dead-lettered, or have work due; none is stuck or finished twice",
    judge,
};

const COMPLETED: [&str; 2] = ["verified", "rejected"];

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let trail = AuditTrail::of(record)?;
    let rows = rows_by("verification", record.facts.table("verifications")?);
    let mut evidence = lost(record, &trail, &rows);
    for (name, row) in &rows {
        let claim = misplaced(row, &trail);
        evidence.extend(claim.map(|claim| Evidence::new(*name, claim)));
    }
    for asset in record.facts.table("assets")? {
        let claim = contradicted(asset, &trail);
        evidence.extend(claim.map(|claim| Evidence::new(asset.text("asset"), claim)));
    }
    evidence.extend(ended_twice(record));
    Ok(evidence)
}

/// Verifications that somebody was told of, and that are not there.
fn lost(record: &Record, trail: &AuditTrail<'_>, rows: &BTreeMap<&str, &Value>) -> Vec<Evidence> {
    let mut told: BTreeMap<&str, Option<OperationId>> = BTreeMap::new();
    for asset in trail.assets() {
        let entries = trail.of_asset(asset).iter();
        let queued = entries.filter(|entry| entry.text("action") == "verification_queued");
        told.extend(queued.map(|entry| (entry.text("subject"), None)));
    }
    for (id, operation) in record.history.iter() {
        let named = operation.answer().map(|answer| answer.text("verification"));
        told.extend(named.map(|named| (named, Some(id))));
    }
    let gone = told
        .into_iter()
        .filter(|(name, _)| !name.is_empty() && !rows.contains_key(name));
    gone.map(|(name, operation)| Evidence {
        operations: operation.into_iter().collect(),
        ..Evidence::new(name, "it was queued, and is not there")
    })
    .collect()
}

/// What is wrong with where a verification is.
fn misplaced(row: &Value, trail: &AuditTrail<'_>) -> Option<String> {
    let (name, state) = (row.text("verification"), row.text("state"));
    let is_due = !row.get("run_at").is_null();
    let reported = *row.get("reported") == Value::Bool(true);
    let entries: usize = COMPLETED
        .iter()
        .map(|action| trail.count_about(name, action))
        .sum();
    match state {
        "verified" | "rejected" => {
            let fitting = trail.count_about(name, state);
            match (reported, fitting, entries) {
                (true, 1, 1) | (false, 0, 0) if reported != is_due => None,
                (false, 0, 0) => Some(format!("it is {state}, and Core is never told")),
                _ => Some(format!(
                    "it is {state}, reported: {reported}, due: {is_due}, with {entries} entries of its completion"
                )),
            }
        }
        _ if entries > 0 => Some(format!("it was completed, and is {state} again")),
        "queued" | "review" => (!is_due).then(|| format!("it is {state}, and nothing is due")),
        "cancelled" | "dead" => is_due.then(|| format!("it is {state}, and work on it is due")),
        other => Some(format!("it is `{other}`, which is no state")),
    }
}

/// Whether an asset says another thing than the verification that was reported last.
fn contradicted(asset: &Value, trail: &AuditTrail<'_>) -> Option<String> {
    let entries = trail.of_asset(asset.text("asset")).iter();
    let actions = entries.map(|entry| entry.text("action"));
    let last = { actions }.rfind(|action| COMPLETED.contains(action));
    let status = asset.text("status");
    let says = COMPLETED.contains(&status).then_some(status);
    (last != says).then(|| match last {
        Some(last) => format!("it is {status}, and its last verification has {last} it"),
        None => format!("it is {status}, and no verification says so"),
    })
}

fn ended_twice(record: &Record) -> Vec<Evidence> {
    let mut ended: BTreeMap<&str, i64> = BTreeMap::new();
    let mut evidence = Vec::new();
    let notes = || {
        let notes = record
            .notes
            .iter()
            .filter(|note| note.name == "verification");
        notes.map(|note| {
            let name = note.detail.text("verification");
            (note, name, note.detail.get("token").as_int().unwrap_or(0))
        })
    };
    let mut twice = BTreeSet::new();
    for (note, name, token) in notes() {
        if COMPLETED.contains(&note.detail.text("state")) && ended.insert(name, token).is_some() {
            twice.insert(name);
            evidence.push(Evidence {
                at: Some(note.at),
                ..Evidence::new(name, "it was completed twice")
            });
        }
    }
    for (note, name, token) in notes() {
        let end = ended.get(name).copied().unwrap_or(i64::MAX);
        if token > end && !twice.contains(name) {
            let state = note.detail.text("state");
            let claim =
                format!("it was completed under claim {end}, and made {state} under {token}");
            evidence.push(Evidence {
                at: Some(note.at),
                ..Evidence::new(name, claim)
            });
        }
    }
    evidence
}
