//! The search index.
//!
//! At the end it holds each asset of the Ledger under its name, and no other. Of an answer that said that
//! nothing was missing, no asset shows an older version than somebody had been told of before the question
//! was asked.

use std::collections::BTreeMap;

use sim::check::Evidence;
use sim::record::Record;
use sim::record::value::Value;
use sim::time::SimTime;

use crate::invariants::{list, rows_by};

pub(super) fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    if record.facts.table("search_feed")?.is_empty() {
        // There is no index, or nothing was ever written for it.
        return Ok(Vec::new());
    }
    let assets = rows_by("asset", record.facts.table("assets")?);
    let index = rows_by("asset", record.facts.table("search_index")?);
    let mut evidence = Vec::new();
    for (asset, row) in &assets {
        let claim = match index.get(asset) {
            None => Some("the search index does not have it".to_owned()),
            Some(document) => different(row, document),
        };
        evidence.extend(claim.map(|claim| Evidence::new(*asset, claim)));
    }
    for asset in index.keys().filter(|asset| !assets.contains_key(**asset)) {
        evidence.push(Evidence::new(
            *asset,
            "it is gone, and the search index has it",
        ));
    }
    evidence.extend(older_than_told(record));
    Ok(evidence)
}

fn different(row: &Value, document: &Value) -> Option<String> {
    for column in ["version", "name", "category", "locker"] {
        let (is, shown) = (row.get(column), document.get(column));
        if is != shown {
            return Some(format!(
                "its {column} is {is}, and the search index has {shown}"
            ));
        }
    }
    None
}

/// Answers that claimed to miss nothing, and showed something older than was known.
fn older_than_told(record: &Record) -> Vec<Evidence> {
    let renamed = renamings(record);
    let mut evidence = Vec::new();
    for (id, operation) in record.history.iter() {
        let answer = operation
            .answer()
            .filter(|_| operation.function == "search");
        let Some(answer) = answer.filter(|it| it.get("lag_ms").is_null()) else {
            continue;
        };
        for hit in list(answer.get("hits")) {
            let (asset, shown) = (hit.text("asset"), hit.get("version").as_int().unwrap_or(0));
            let told = renamed.get(asset).into_iter().flatten();
            let newer = told
                .filter(|(at, version)| *at < operation.invoked && *version > shown)
                .max();
            evidence.extend(newer.map(|(_, version)| {
                let claim = format!(
                    "an answer that missed nothing showed version {shown}, after version {version} was confirmed"
                );
                Evidence::new(asset, claim).shown_by(id)
            }));
        }
    }
    evidence
}

/// When somebody was told which version of an asset.
fn renamings(record: &Record) -> BTreeMap<&str, Vec<(SimTime, i64)>> {
    let mut renamed: BTreeMap<&str, Vec<(SimTime, i64)>> = BTreeMap::new();
    for (_, operation) in record.history.iter() {
        let (Some(answer), Some(at)) = (operation.answer(), operation.completed) else {
            continue;
        };
        for change in list(answer.get("renamed")) {
            let version = change.get("version").as_int().unwrap_or(0);
            renamed
                .entry(change.text("asset"))
                .or_default()
                .push((at, version));
        }
    }
    renamed
}
