//! The search index.
//!
//! At the end it holds each asset of the Ledger under its name, and no other. Of an answer that said that
//! nothing was missing, no asset shows an older version than somebody had been told of before the question
//! was asked, and unless it was cut short none is left out whose name, as it was last confirmed, has the word.
//! Left out of that are assets that somebody was renaming meanwhile, or may have renamed without learning it,
//! those that are edited, and those that were taken back.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::Evidence;
use sim::record::Record;
use sim::record::history::Outcome;
use sim::record::value::Value;
use sim::time::SimTime;

use crate::core::search::asking::HITS_MAX;
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
    evidence.extend(left_out(record, &assets));
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

/// What was asked to be an asset's name, and whether that is known to have been done.
struct Naming<'a> {
    invoked: SimTime,
    /// When it was confirmed, as which version.
    confirmed: Option<(SimTime, i64)>,
    name: &'a str,
}

/// Answers that claimed to miss nothing, and left an asset out.
fn left_out(record: &Record, assets: &BTreeMap<&str, &Value>) -> Vec<Evidence> {
    let namings = namings(record);
    let mut evidence = Vec::new();
    for (id, operation) in record.history.iter() {
        let answer = operation
            .answer()
            .filter(|_| operation.function == "search");
        let (Some(answer), Some(answered)) = (answer, operation.completed) else {
            continue;
        };
        let hits = list(answer.get("hits"));
        if !answer.get("lag_ms").is_null() || hits.len() >= HITS_MAX as usize {
            continue;
        }
        let word = operation.input.text("word");
        for (asset, namings) in namings
            .iter()
            .filter(|(asset, _)| assets.contains_key(*asset))
        {
            let name = name_between(namings, operation.invoked, answered);
            let has_word = name.is_some_and(|name| name.split_whitespace().any(|it| it == word));
            if has_word && !hits.iter().any(|hit| hit.text("asset") == *asset) {
                let claim = format!(
                    "an answer that missed nothing left it out, and its name had long been confirmed to have `{word}`"
                );
                evidence.push(Evidence::new(*asset, claim).shown_by(id));
            }
        }
    }
    evidence
}

/// An asset's name during a span in which nobody can have changed it.
fn name_between<'a>(namings: &[Naming<'a>], from: SimTime, until: SimTime) -> Option<&'a str> {
    let begun = || namings.iter().filter(|naming| naming.invoked <= until);
    let is_before = |naming: &Naming<'_>| naming.confirmed.is_some_and(|(at, _)| at < from);
    if !begun().all(is_before) {
        return None;
    }
    let last = begun().max_by_key(|naming| naming.confirmed.map(|(_, version)| version));
    last.map(|naming| naming.name)
}

/// Who gave which asset a name, but for those that are edited.
fn namings(record: &Record) -> BTreeMap<&str, Vec<Naming<'_>>> {
    let mut namings: BTreeMap<&str, Vec<Naming<'_>>> = BTreeMap::new();
    let mut edited = BTreeSet::new();
    for (_, operation) in record.history.iter() {
        let answer = operation.answer();
        let naming = |name, version| Naming {
            invoked: operation.invoked,
            confirmed: operation
                .completed
                .filter(|_| answer.is_some())
                .zip(version),
            name,
        };
        match operation.function.as_str() {
            "edit" => {
                edited.insert(operation.input.text("asset"));
            }
            "register" => {
                let asset = answer.map(|answer| answer.text("asset"));
                let named =
                    asset.map(|asset| (asset, naming(operation.input.text("name"), Some(1))));
                if let Some((asset, naming)) = named {
                    namings.entry(asset).or_default().push(naming);
                }
            }
            "rename" if !matches!(operation.outcome, Outcome::Fail(_)) => {
                for change in list(operation.input.get("changes")) {
                    let asset = change.text("asset");
                    let renamed = answer.map(|answer| list(answer.get("renamed")));
                    let mut renamed = renamed.unwrap_or_default().iter();
                    let told = renamed.find(|it| it.text("asset") == asset);
                    let version = told.and_then(|it| it.get("version").as_int());
                    let naming = naming(change.text("name"), version);
                    namings.entry(asset).or_default().push(naming);
                }
            }
            _ => {}
        }
    }
    namings.retain(|asset, _| !edited.contains(asset));
    namings
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
