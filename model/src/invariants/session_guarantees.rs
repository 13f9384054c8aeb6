//! A session reads what it has written, and never goes back behind what it has read.
//!
//! Judged over the history alone, for the reads that asked for it (`consistency` is `session`, `strong` or `causal`): the
//! version found is at least every version of the same asset that an earlier operation of the same session told of.
//! These are *read your writes* and *monotonic reads* of Terry et al. ("Session Guarantees for Weakly Consistent
//! Replicated Data", 1994). A session is a client, whatever it has under way at once; earlier is what was answered
//! before the read was asked. A read that found no asset found version 0. Reads that asked for less promise nothing,
//! but what they showed counts. What other sessions may see is not judged here (see `linearizable_assets`).

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::{Operation, OperationId, Outcome};
use sim::record::value::Value;
use sim::time::SimTime;

use super::list;

pub(super) const CHECK: Check = Check {
    name: "session_guarantees",
    kind: Kind::Always,
    promise: "a session reads its own writes, and its reads never go back",
    judge,
};

/// A version that a session was told of.
struct Told {
    id: OperationId,
    at: SimTime,
    version: i64,
    wrote: bool,
}

/// By session and asset.
type Past<'a> = BTreeMap<(&'a str, &'a str), Vec<Told>>;

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut past = Past::new();
    for (id, operation) in record.history.iter() {
        learn(&mut past, id, operation)?;
    }
    let mut evidence = Vec::new();
    for (id, operation) in record.history.iter() {
        if let Some((asset, found)) = promised_read(id, operation)? {
            let told = past.get(&(session(operation), asset));
            let newest = told
                .into_iter()
                .flatten()
                .filter(|told| told.at < operation.invoked && told.version > found)
                .max_by_key(|told| told.version);
            evidence.extend(newest.map(|told| {
                let (before, rule) = match told.wrote {
                    true => ("had written", "read your writes"),
                    false => ("had read", "monotonic reads"),
                };
                let claim = format!(
                    "{} read version {found}, although it {before} version {} ({rule})",
                    session(operation),
                    told.version
                );
                Evidence::new(asset, claim).shown_by(id).shown_by(told.id)
            }));
        }
    }
    Ok(evidence)
}

/// The client whose operation it is.
fn session(operation: &Operation) -> &str {
    let process = operation.process.as_str();
    process
        .split_once('/')
        .map_or(process, |(client, _)| client)
}

/// Takes note of every version an operation told of.
fn learn<'a>(past: &mut Past<'a>, id: OperationId, operation: &'a Operation) -> Result<(), String> {
    let (Some(at), Some(answer)) = (operation.completed, operation.answer()) else {
        return Ok(());
    };
    let mut versions = Vec::new();
    match operation.function.as_str() {
        "register" => versions.push((answer.text("asset"), 1)),
        "read" => versions.push((answer.text("asset"), version(id, answer)?)),
        "rename" => {
            for change in list(answer.get("renamed")) {
                versions.push((change.text("asset"), version(id, change)?));
            }
        }
        _ => {}
    }
    let wrote = operation.function != "read";
    for (asset, version) in versions {
        let told = Told {
            id,
            at,
            version,
            wrote,
        };
        past.entry((session(operation), asset))
            .or_default()
            .push(told);
    }
    Ok(())
}

/// The asset and the version that a read found which must show the session's past.
fn promised_read(id: OperationId, operation: &Operation) -> Result<Option<(&str, i64)>, String> {
    let promised = matches!(
        operation.input.text("consistency"),
        "session" | "strong" | "causal"
    );
    if operation.function != "read" || !promised {
        return Ok(None);
    }
    let asset = operation.input.text("asset");
    Ok(match &operation.outcome {
        Outcome::Ok(answer) => Some((asset, version(id, answer)?)),
        Outcome::Fail(answer) if answer.get("status").as_int() == Some(404) => Some((asset, 0)),
        _ => None,
    })
}

fn version(id: OperationId, value: &Value) -> Result<i64, String> {
    let found = value.get("version").as_int();
    found.ok_or_else(|| format!("operation {} tells no version", id.0))
}
