//! Every dead letter has a cause and an alert, and leaves only by one decision of a person.
//!
//! Judged after heal. A dead job, verification or delivery has exactly one letter that is open or was
//! discarded; a letter that is open is about work that is dead. Each letter names its cause, has its
//! alert, and has one entry of audit for the decision that closed it; nobody was told twice that it
//! was decided, and what they were told is what it says. It does not judge whether work was given up
//! too early or too late (see `retry_policy_kept`).

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::OperationId;
use sim::record::value::Value;

use super::audit_trail::AuditTrail;
use super::rows_by;

pub(super) const CHECK: Check = Check {
    name: "dead_letters_accounted",
    kind: Kind::Eventually,
    promise: "every dead letter has a cause and an alert, and leaves only by one replay or discard, with audit",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let facts = &record.facts;
    let letters = facts.table("dead_letters")?;
    let dead = work_that_is_dead(record)?;
    let mut standing: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for letter in letters.iter().filter(|it| it.text("state") != "replayed") {
        standing
            .entry(letter.text("subject"))
            .or_default()
            .push(letter);
    }
    let mut evidence = Vec::new();
    for (subject, is_dead) in &dead {
        let letters = standing.remove(subject).unwrap_or_default();
        let open = letters
            .iter()
            .filter(|it| it.text("state") == "open")
            .count();
        let claim = match (is_dead, letters.len(), open) {
            (true, 1, _) | (false, _, 0) => None,
            (true, count, _) => Some(format!(
                "it is dead, with {count} letters that are open or discarded"
            )),
            (false, ..) => Some("its letter is open, and it is not dead".to_owned()),
        };
        evidence.extend(claim.map(|claim| Evidence::new(*subject, claim)));
    }
    for (subject, letters) in standing {
        let claim = format!(
            "{} is about it, and it is nowhere",
            letters[0].text("letter")
        );
        evidence.push(Evidence::new(subject, claim));
    }
    let trail = AuditTrail::of(record)?;
    let alerts = rows_by("alert", facts.table("alerts")?);
    for letter in letters {
        let claim = wrong_with(letter, &trail, &alerts);
        evidence.extend(claim.map(|claim| Evidence::new(letter.text("letter"), claim)));
    }
    evidence.extend(decisions(record, &rows_by("letter", letters)));
    Ok(evidence)
}

/// Every job, verification and delivery, and whether it is dead.
fn work_that_is_dead(record: &Record) -> Result<BTreeMap<&str, bool>, String> {
    let mut work = BTreeMap::new();
    for (table, name) in [
        ("jobs", "job"),
        ("verifications", "verification"),
        ("deliveries", "delivery"),
    ] {
        for row in record.facts.table(table)? {
            work.insert(row.text(name), row.text("state") == "dead");
        }
    }
    Ok(work)
}

fn wrong_with(
    letter: &Value,
    trail: &AuditTrail<'_>,
    alerts: &BTreeMap<&str, &Value>,
) -> Option<String> {
    let name = letter.text("letter");
    if letter.text("cause").is_empty() {
        return Some("it has no cause".to_owned());
    }
    if !alerts.contains_key(format!("alert-{name}").as_str()) {
        return Some("nobody was alerted".to_owned());
    }
    let replayed = trail.count_about(name, "replayed");
    let discarded = trail.count_about(name, "discarded");
    let replays = letter.get("replays").as_int().unwrap_or(0);
    let state = letter.text("state");
    let expected = match state {
        "open" => (0, 0, 0),
        "replayed" => (1, 0, 1),
        "discarded" => (0, 1, 0),
        other => return Some(format!("it is `{other}`, which is no state")),
    };
    ((replayed, discarded, replays) != expected).then(|| {
        format!(
            "it is {state} with {replays} replays; the audit knows {replayed} replays and {discarded} discards"
        )
    })
}

/// Decisions of which people were told that they were carried out.
fn decisions(record: &Record, letters: &BTreeMap<&str, &Value>) -> Vec<Evidence> {
    let mut first: BTreeMap<&str, OperationId> = BTreeMap::new();
    let mut evidence = Vec::new();
    for (id, operation) in record.history.iter().filter(|(_, it)| it.is_ok()) {
        let decided = match operation.function.as_str() {
            "replay_dead_letter" => "replayed",
            "discard_dead_letter" => "discarded",
            _ => continue,
        };
        let letter = operation.input.text("letter");
        if let Some(earlier) = first.insert(letter, id) {
            let claim = "two people were told that they had decided about it";
            evidence.push(Evidence::new(letter, claim).shown_by(earlier).shown_by(id));
        }
        let state = letters.get(letter).map_or("nowhere", |it| it.text("state"));
        if state != decided {
            let claim = format!("its decider was told that it is {decided}, and it is {state}");
            evidence.push(Evidence::new(letter, claim).shown_by(id));
        }
    }
    evidence
}
