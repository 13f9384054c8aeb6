//! After a write of unknown outcome the client can learn, by its key, whether it happened.
//!
//! Judged after heal, for each keyed write (`register`, `rename`, `edit`, `request_verification`, `notify`) whose client
//! was left without an outcome: either its key has a stored answer; or the key is free and nothing of
//! the write is there: no asset under the key, no live saga, no name that only it asked for, no revision and no notification under it. A key
//! that waits for an answer is in order only while an open dead letter of its asset waits for people.
//! It does not judge whether a stored answer is true (see `acked_writes_survive`).

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::{Operation, Outcome};
use sim::record::value::Value;

use super::{list, rows_by};

pub(super) const CHECK: Check = Check {
    name: "unknown_resolves",
    kind: Kind::Eventually,
    promise: "after a timed-out write the client can learn, by its key, whether it happened",
    judge,
};

const KEYED_WRITES: [&str; 5] = [
    "register",
    "rename",
    "edit",
    "request_verification",
    "notify",
];

struct Held<'a> {
    keys: BTreeMap<&'a str, &'a Value>,
    assets: &'a [Value],
    sagas: &'a [Value],
    revisions: &'a [Value],
    notifications: &'a [Value],
    /// The assets that an open dead letter is about.
    left_to_people: BTreeSet<&'a str>,
}

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let facts = &record.facts;
    let letters = facts.table("dead_letters")?.iter();
    let open = letters.filter(|letter| letter.text("state") == "open");
    let held = Held {
        keys: rows_by("key", facts.table("idempotency_keys")?),
        assets: facts.table("assets")?,
        sagas: facts.table("sagas")?,
        // Systems without edits or users to be told have no such table.
        revisions: facts.table("asset_revisions").unwrap_or_default(),
        notifications: facts.table("notifications").unwrap_or_default(),
        left_to_people: open.map(|letter| letter.text("asset")).collect(),
    };
    let mut evidence = Vec::new();
    for (id, operation) in record.history.iter() {
        let unknown = matches!(operation.outcome, Outcome::Unknown(_));
        if !unknown || !KEYED_WRITES.contains(&operation.function.as_str()) {
            continue;
        }
        let key = operation.input.text("key");
        let claim = match held.keys.get(key) {
            Some(row) if !row.get("answer").is_null() => None,
            Some(row) if held.left_to_people.contains(row.text("asset")) => None,
            Some(_) => Some("the key is taken, and no answer is stored under it".to_owned()),
            None => effect(record, &held, operation)
                .map(|effect| format!("the key is free, and yet there is {effect}")),
        };
        evidence.extend(claim.map(|claim| Evidence::new(key, claim).shown_by(id)));
    }
    Ok(evidence)
}

/// What is there of a write.
fn effect(record: &Record, held: &Held<'_>, operation: &Operation) -> Option<String> {
    let key = operation.input.text("key");
    match operation.function.as_str() {
        "register" => {
            let asset = held.assets.iter().find(|row| row.text("key") == key);
            let is_live = |row: &&Value| !matches!(row.text("state"), "completed" | "compensated");
            let mut live = held.sagas.iter().filter(is_live);
            let saga = live.find(|row| row.text("key") == key);
            let asset = asset.map(|row| format!("{} under it", row.text("asset")));
            asset.or_else(|| saga.map(|row| format!("{}, still under way", row.text("saga"))))
        }
        "rename" => list(operation.input.get("changes"))
            .iter()
            .find(|change| {
                let named = |row: &&Value| {
                    row.text("asset") == change.text("asset")
                        && row.text("name") == change.text("name")
                };
                held.assets.iter().any(|row| named(&row)) && !others_ask(record, key, change)
            })
            .map(|change| format!("{} by its name", change.text("asset"))),
        "edit" => {
            let mut revisions = held.revisions.iter();
            let made = revisions.find(|row| row.text("key") == key);
            made.map(|row| format!("revision {} of it", row.text("revision")))
        }
        "notify" => {
            let mut notifications = held.notifications.iter();
            let sent = notifications.find(|row| row.text("source") == key);
            sent.map(|row| format!("a notification of {} from it", row.text("user")))
        }
        _ => None,
    }
}

/// Whether another intent asks for the same name.
fn others_ask(record: &Record, key: &str, change: &Value) -> bool {
    let mut renames = record
        .history
        .iter()
        .filter(|(_, other)| other.function == "rename" && other.input.text("key") != key);
    renames.any(|(_, other)| {
        let changes = list(other.input.get("changes")).iter();
        changes
            .map(|it| it.text("name"))
            .any(|name| name == change.text("name"))
    })
}
