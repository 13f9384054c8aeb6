//! Every asset traces to one client request, and one key gives one asset and one answer.
//!
//! Judged at the end of the run. For each asset: some client asked for exactly this content under
//! this key; its name may also be one that somebody asked to give it later. For each key: at most one
//! asset. For each registration answered with success: the asset it was told of, if it is there, has
//! the content it asked for, and all successes under one key were told the same. It does not judge
//! whether an asset that was asked for exists (see `acked_writes_survive`).

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::OperationId;
use sim::record::value::Value;

use super::{list, registrations};

pub(super) const CHECK: Check = Check {
    name: "no_phantom_writes",
    kind: Kind::Always,
    promise: "every record traces to one client request; one key gives at most one asset, and the same answer",
    judge,
};

/// What nobody can change later.
const FIXED: &str = "locker";

/// What users can change.
const CHANGEABLE: [&str; 2] = ["name", "category"];

/// What somebody wanted assets to say: by asset, field and value.
type Changes<'a> = BTreeSet<(&'a str, &'a str, &'a str)>;

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let rows = record.facts.table("assets")?;
    let mut asked: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (_, operation) in registrations(record) {
        let input = &operation.input;
        asked.entry(input.text("key")).or_default().push(input);
    }
    let changes = changes(record);
    let mut evidence = Vec::new();
    let mut by_key: BTreeMap<&str, &str> = BTreeMap::new();
    for row in rows {
        let (asset, key) = (row.text("asset"), row.text("key"));
        if let Some(other) = by_key.insert(key, asset) {
            let claim = format!("the key has two assets, {other} and {asset}");
            evidence.push(Evidence::new(key, claim));
        }
        let inputs = asked.get(key).map_or(&[][..], Vec::as_slice);
        if !inputs.iter().any(|input| same(input, row, &changes)) {
            let claim = format!("no client asked for this content under {key}");
            evidence.push(Evidence::new(asset, claim));
        }
    }
    let assets: BTreeMap<&str, &Value> = rows.iter().map(|row| (row.text("asset"), row)).collect();
    evidence.extend(wrong_assets(record, &assets, &changes));
    evidence.extend(differing_answers(record));
    Ok(evidence)
}

fn changes(record: &Record) -> Changes<'_> {
    let mut wanted = Changes::new();
    for (_, operation) in record.history.iter() {
        let input = &operation.input;
        match operation.function.as_str() {
            "rename" => {
                let changes = list(input.get("changes")).iter();
                wanted.extend(changes.map(|it| (it.text("asset"), "name", it.text("name"))));
            }
            "edit" => {
                let (asset, form) = (input.text("asset"), input.get("wanted"));
                wanted.extend(CHANGEABLE.map(|field| (asset, field, form.text(field))));
            }
            _ => {}
        }
    }
    wanted
}

fn same(asked: &Value, row: &Value, changes: &Changes<'_>) -> bool {
    let asset = row.text("asset");
    let wanted = |field: &&str| {
        let value = row.text(field);
        asked.text(field) == value || changes.contains(&(asset, *field, value))
    };
    asked.get(FIXED) == row.get(FIXED) && CHANGEABLE.iter().all(wanted)
}

/// Registrations that were answered with an asset of other content.
fn wrong_assets(
    record: &Record,
    assets: &BTreeMap<&str, &Value>,
    changes: &Changes<'_>,
) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for (id, operation) in registrations(record) {
        let asset = operation.answer().map(|answer| answer.text("asset"));
        if let Some(row) = asset.and_then(|asset| assets.get(asset))
            && !same(&operation.input, row, changes)
        {
            let claim = format!(
                "a request for {:?} was answered with the asset of {:?}",
                operation.input.text("name"),
                row.text("name")
            );
            evidence.push(Evidence::new(operation.input.text("key"), claim).shown_by(id));
        }
    }
    evidence
}

/// Successes under one key that were told different things.
fn differing_answers(record: &Record) -> Vec<Evidence> {
    let mut first: BTreeMap<&str, (OperationId, &Value)> = BTreeMap::new();
    let mut evidence = Vec::new();
    for (id, operation) in registrations(record) {
        let Some(answer) = operation.answer() else {
            continue;
        };
        let key = operation.input.text("key");
        let (earlier, told) = *first.entry(key).or_insert((id, answer));
        if told != answer {
            let claim = format!("one key, two answers: {told} and {answer}");
            evidence.push(Evidence::new(key, claim).shown_by(earlier).shown_by(id));
        }
    }
    evidence
}
