//! Each asset's version is linearizable: every read and rename seems to happen at one instant.
//!
//! Judged over the history alone, asset by asset, by the generic checker for registers: a rename is a
//! compare-and-set from the version its user had seen to the next, a read gives the version, and so
//! does a conflict, to whoever lost. Attempts under one key are one rename, which happened before the
//! first answer. So a read never goes back behind what anybody was told before it began: reading one's
//! own writes, and reading monotonically, follow for everyone. Assets that are renamed together are
//! judged one by one; that they change together is not judged here, nor their names (see
//! `no_lost_update`).

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::checkers::history::{Outcome as Ended, ProcessId, Recorder};
use sim::checkers::linearizability::register::{
    RegisterAction, RegisterOutput, RegisterRequest, Registers,
};
use sim::checkers::linearizability::{self, Budget};
use sim::checkers::verdict::Verdict;
use sim::record::Record;
use sim::record::history::{Operation, OperationId, Outcome};
use sim::record::value::Value;
use sim::time::SimTime;

use super::list;

pub(super) const CHECK: Check = Check {
    name: "linearizable_assets",
    kind: Kind::Always,
    promise: "each asset's version is linearizable over reads and renames",
    judge,
};

/// A scenario has few operations on one asset: a search that needs more is told to be unknown.
const BUDGET: Budget = Budget {
    steps_max: 200_000,
    words_max: 4 << 20,
};

/// What one intent did to one asset.
struct Call {
    id: OperationId,
    request: RegisterRequest<i64>,
    invoked: SimTime,
    /// When it was known to have happened, and what was answered; nothing while that is not known.
    answered: Option<(SimTime, RegisterOutput<i64>)>,
}

/// The calls on one asset: renames by key and version seen, the rest as they are.
#[derive(Default)]
struct Calls<'a> {
    renames: BTreeMap<(&'a str, i64), Call>,
    observed: Vec<Call>,
}

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut assets: BTreeMap<&str, Calls<'_>> = BTreeMap::new();
    for (id, operation) in record.history.iter() {
        match operation.function.as_str() {
            // A read that asked for less promises less (see `session_guarantees`).
            "read"
                if !matches!(
                    operation.input.text("consistency"),
                    "eventual" | "session" | "causal"
                ) =>
            {
                if let Some(answer) = operation.answer() {
                    let call = observation(id, operation, answer)?;
                    let calls = assets.entry(answer.text("asset")).or_default();
                    calls.observed.push(call);
                }
            }
            "rename" => rename(&mut assets, id, operation)?,
            _ => {}
        }
    }
    let mut evidence = Vec::new();
    for (asset, calls) in assets {
        evidence.extend(judge_asset(asset, calls)?);
    }
    Ok(evidence)
}

fn version(id: OperationId, value: &Value) -> Result<i64, String> {
    let found = value.get("version").as_int();
    found.ok_or_else(|| format!("operation {} tells no version", id.0))
}

/// An operation that shows a version and changes nothing.
fn observation(id: OperationId, operation: &Operation, answer: &Value) -> Result<Call, String> {
    let seen = RegisterOutput::Value(Some(version(id, answer)?));
    Ok(Call {
        id,
        request: RegisterRequest::Read,
        invoked: operation.invoked,
        answered: operation.completed.map(|at| (at, seen)),
    })
}

fn rename<'a>(
    assets: &mut BTreeMap<&'a str, Calls<'a>>,
    id: OperationId,
    operation: &'a Operation,
) -> Result<(), String> {
    let answered = match &operation.outcome {
        Outcome::Ok(_) => operation
            .completed
            .map(|at| (at, RegisterOutput::Swapped(true))),
        Outcome::Unknown(_) => None,
        Outcome::Fail(answer) => {
            if answer.get("status").as_int() == Some(409) && !answer.get("version").is_null() {
                let lost = observation(id, operation, answer)?;
                let calls = assets.entry(answer.text("asset")).or_default();
                calls.observed.push(lost);
            }
            return Ok(());
        }
    };
    for change in list(operation.input.get("changes")) {
        let from = version(id, change)?;
        let intent = (operation.input.text("key"), from);
        let call = Call {
            id,
            request: RegisterRequest::CompareAndSet {
                from: Some(from),
                to: Some(from + 1),
            },
            invoked: operation.invoked,
            answered: answered.clone(),
        };
        let calls = assets.entry(change.text("asset")).or_default();
        let known = calls.renames.remove(&intent);
        calls.renames.insert(intent, merged(known, call));
    }
    Ok(())
}

/// Two attempts at one intent: it happened after the first was begun and before the first answer.
fn merged(known: Option<Call>, call: Call) -> Call {
    let Some(known) = known else { return call };
    let answered = match (known.answered, call.answered) {
        (Some(first), Some(second)) if second.0 < first.0 => Some(second),
        (Some(first), _) => Some(first),
        (None, second) => second,
    };
    Call {
        invoked: known.invoked.min(call.invoked),
        answered,
        ..known
    }
}

fn judge_asset(asset: &str, calls: Calls<'_>) -> Result<Vec<Evidence>, String> {
    let mut calls: Vec<Call> = calls.renames.into_values().chain(calls.observed).collect();
    if calls.iter().all(|call| call.answered.is_none()) {
        return Ok(Vec::new());
    }
    calls.sort_by_key(|call| call.invoked);
    // What happens at one instant counts as concurrent: invocations come first.
    let mut events: Vec<(SimTime, bool, usize)> = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        events.push((call.invoked, false, number));
        events.extend(call.answered.iter().map(|(at, _)| (*at, true, number)));
    }
    events.sort_unstable();
    let mut recorder = Recorder::new();
    for (at, is_answer, number) in events {
        let (process, call) = (ProcessId(number as u64), &calls[number]);
        let time = Some(at.nanos());
        let recorded = match (&call.answered, is_answer) {
            (Some((_, output)), true) => {
                recorder.complete(process, Ended::Ok(output.clone()), time)
            }
            _ => {
                let request = call.request.clone();
                recorder.invoke(process, RegisterAction { key: (), request }, time)
            }
        };
        recorded.expect("invariant: each call has a process of its own");
    }
    let verdict = linearizability::check(&Registers::new(Some(1)), &recorder.finish(), BUDGET);
    match verdict {
        Verdict::Held => Ok(Vec::new()),
        Verdict::Unknown(reason) => Err(format!("{asset}: {reason}")),
        Verdict::Violated(found) => Ok(found
            .iter()
            .map(|one| Evidence {
                operations: (one.operations.iter())
                    .map(|id| calls[id.0 as usize].id)
                    .collect(),
                ..Evidence::new(asset, one.statement.clone())
            })
            .collect()),
    }
}
