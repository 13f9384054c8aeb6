//! Every change of state has its audit entry, as far as the final tables and the history prove a change.
//!
//! Judged at the end of the run. An asset has one entry `created`, one `renamed` for each version from
//! 2 to its own, and one `linked` if it is linked (one more for each `status_reset`); one that is
//! parked has an entry that says so. An asset that is gone, by audit, sagas or answers, has one
//! `deleted`, and its saga `turned_back` and `rolled_back`. Each verification was queued once, and
//! given up as often as it has letters; so for jobs and deliveries; each letter that was decided about has its
//! decision. An endpoint was disabled as often as enabled again, once more if it is disabled, and was gone once if
//! it is; one with a former secret had it exchanged; each payment that Core holds was credited once. What clients
//! were told is in the audit too. It does not judge the order of entries, nor
//! entries for which there is no change.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::value::Value;

use super::audit_trail::AuditTrail;
use super::{list, rows_by, says_linked};

pub(super) const CHECK: Check = Check {
    name: "audit_complete",
    kind: Kind::Always,
    promise: "every change of state has one audit entry; deletions included",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let trail = AuditTrail::of(record)?;
    let facts = &record.facts;
    let assets = rows_by("asset", facts.table("assets")?);
    let mut evidence = Vec::new();
    for (asset, row) in &assets {
        let claim = of_present(asset, row, &trail);
        evidence.extend(claim.map(|claim| Evidence::new(*asset, claim)));
    }
    let sagas = facts.table("sagas")?;
    let known = sagas.iter().map(|saga| saga.text("asset"));
    let known: BTreeSet<&str> = known.chain(trail.assets()).collect();
    for asset in known {
        if !assets.contains_key(asset) {
            let claim = of_gone(asset, &trail);
            evidence.extend(claim.map(|claim| Evidence::new(asset, claim)));
        }
    }
    for saga in sagas.iter().filter(|it| it.text("state") == "compensated") {
        for action in ["turned_back", "rolled_back"] {
            if trail.count(saga.text("asset"), action) == 0 {
                let claim = format!("it is compensated, and no entry says `{action}`");
                evidence.push(Evidence::new(saga.text("saga"), claim));
            }
        }
    }
    evidence.extend(of_work(record, &trail)?);
    evidence.extend(of_answers(record, &trail));
    Ok(evidence)
}

fn of_present(asset: &str, row: &Value, trail: &AuditTrail<'_>) -> Option<String> {
    let count = |action| trail.count(asset, action);
    let (created, deleted) = (count("created"), count("deleted"));
    if (created, deleted) != (1, 0) {
        return Some(format!(
            "it exists, with {created} entries `created` and {deleted} `deleted`"
        ));
    }
    let version = row.get("version").as_int().unwrap_or(1);
    let mut renamed = trail.versions(asset);
    renamed.sort_unstable();
    if !renamed.iter().copied().eq(2..=version) {
        return Some(format!(
            "its version is {version}, and its entries `renamed` are of {renamed:?}"
        ));
    }
    let (linked, reset) = (count("linked"), count("status_reset"));
    if linked != usize::from(says_linked(row)) + reset {
        let status = row.text("status");
        return Some(format!(
            "it is {status}, with {linked} entries `linked` and {reset} `status_reset`"
        ));
    }
    let parked = count("link_postponed") + count("link_given_up");
    let says_parked = row.text("status") == "pending_link";
    (says_parked && parked == 0).then(|| "it is pending_link, and no entry says why".to_owned())
}

fn of_gone(asset: &str, trail: &AuditTrail<'_>) -> Option<String> {
    let created = trail.count(asset, "created");
    let deleted = trail.count(asset, "deleted");
    ((created, deleted) != (1, 1))
        .then(|| format!("it is gone, with {created} entries `created` and {deleted} `deleted`"))
}

/// Verifications, jobs, deliveries and letters.
fn of_work(record: &Record, trail: &AuditTrail<'_>) -> Result<Vec<Evidence>, String> {
    let letters = record.facts.table("dead_letters")?;
    let mut died: BTreeMap<&str, usize> = BTreeMap::new();
    for letter in letters {
        *died.entry(letter.text("subject")).or_default() += 1;
    }
    let mut evidence = Vec::new();
    let mut expect = |subject: &str, actions: &[&str], expected: usize| {
        let entries = actions.iter().map(|it| trail.count_about(subject, it));
        let found: usize = entries.sum();
        if found != expected {
            let actions = actions.join("` or `");
            let claim = format!("{found} entries say `{actions}` of it, not {expected}");
            evidence.push(Evidence::new(subject, claim));
        }
    };
    for row in record.facts.table("verifications")? {
        let name = row.text("verification");
        let deaths = died.get(name).copied().unwrap_or(0);
        expect(name, &["verification_queued"], 1);
        expect(name, &["verification_given_up"], deaths);
    }
    for row in record.facts.table("jobs")? {
        let name = row.text("job");
        let deaths = died.get(name).copied().unwrap_or(0);
        expect(name, &["link_given_up", "compensation_given_up"], deaths);
    }
    for row in record.facts.table("deliveries")? {
        let name = row.text("delivery");
        let deaths = died.get(name).copied().unwrap_or(0);
        expect(name, &["delivery_given_up"], deaths);
    }
    // Systems that tell nobody, or hear of nothing, have no such tables.
    for row in record.facts.table("incoming").unwrap_or_default() {
        expect(row.text("message"), &["payment_credited"], 1);
    }
    for row in record.facts.table("webhook_endpoints").unwrap_or_default() {
        let (name, state) = (row.text("endpoint"), row.text("state"));
        let enabled = trail.count_about(name, "endpoint_enabled");
        let disabled = enabled + usize::from(state == "disabled");
        if state != "gone" {
            expect(name, &["endpoint_disabled"], disabled);
        }
        expect(name, &["endpoint_gone"], usize::from(state == "gone"));
        let exchanged = trail.count_about(name, "secret_rotated");
        if !row.get("former_secret").is_null() && exchanged == 0 {
            expect(name, &["secret_rotated"], 1);
        }
    }
    for letter in letters {
        let decided = usize::from(letter.text("state") != "open");
        expect(letter.text("letter"), &["replayed", "discarded"], decided);
    }
    Ok(evidence)
}

/// What clients were told.
fn of_answers(record: &Record, trail: &AuditTrail<'_>) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for (id, operation) in record.history.iter() {
        let Some(answer) = operation.answer() else {
            continue;
        };
        let missing = match operation.function.as_str() {
            "register" => {
                let asset = answer.text("asset");
                (trail.count(asset, "created") == 0).then_some((asset, "created"))
            }
            "rename" => {
                let renamed = list(answer.get("renamed")).iter();
                let unknown = |change: &&Value| {
                    let made = change.get("version").as_int().unwrap_or(0);
                    !trail.versions(change.text("asset")).contains(&made)
                };
                let missing = { renamed }.find(unknown);
                missing.map(|change| (change.text("asset"), "renamed"))
            }
            "edit" => {
                let made = answer.get("version").as_int().unwrap_or(0);
                let asset = answer.text("asset");
                (!trail.versions(asset).contains(&made)).then_some((asset, "edited"))
            }
            "replay_dead_letter" => {
                missing_about(trail, operation.input.text("letter"), "replayed")
            }
            "discard_dead_letter" => {
                missing_about(trail, operation.input.text("letter"), "discarded")
            }
            "request_verification" => {
                missing_about(trail, answer.text("verification"), "verification_queued")
            }
            _ => None,
        };
        evidence.extend(missing.map(|(subject, action)| {
            let claim = format!("its client was told so, and no entry says `{action}`");
            Evidence::new(subject, claim).shown_by(id)
        }));
    }
    evidence
}

fn missing_about<'a>(
    trail: &AuditTrail<'_>,
    subject: &'a str,
    action: &'static str,
) -> Option<(&'a str, &'static str)> {
    (trail.count_about(subject, action) == 0).then_some((subject, action))
}
