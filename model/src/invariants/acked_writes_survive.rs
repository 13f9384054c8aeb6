//! Every write answered 2xx is in the Ledger at the end.
//!
//! Judged at the end of the run, for each write answered with success. A registration: the asset it was
//! told of stands in the Ledger, and one that was told *linked* is linked in the slot it was told. A
//! rename: the asset has come at least to the version it was told. A request for a verification: the
//! verification is there. It does not judge whether the asset is the one that was asked for (see
//! `no_phantom_writes`), whose name it bears now (see `no_lost_update`), nor whether the device agrees
//! (see `link_agreement`); decisions about dead letters are for `dead_letters_accounted`.
//!
//! An operator may have accepted to lose the last commits of a primary that fell silent: its note
//! `ledger_failover` then has `may_lack_ms`, and what was answered within so many milliseconds before it, and
//! asked before it, may be missing. Where that is nothing, nothing may.

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::Operation;
use sim::record::note::Note;
use sim::record::value::Value;
use sim::time::SimTime;

use super::{list, rows_by, says_linked};

pub(super) const CHECK: Check = Check {
    name: "acked_writes_survive",
    kind: Kind::Always,
    promise: "every write answered 2xx is in the Ledger at the end",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let assets = rows_by("asset", record.facts.table("assets")?);
    let losses: Vec<Loss> = record.notes.iter().filter_map(accepted_loss).collect();
    let mut evidence = Vec::new();
    for (id, operation) in record.history.iter() {
        if losses.iter().any(|loss| loss.covers(operation)) {
            continue;
        }
        let Some(answer) = operation.answer() else {
            continue;
        };
        let lost = match operation.function.as_str() {
            "register" => registration(answer, &assets),
            "rename" => rename(answer, &assets),
            "request_verification" => {
                let rows = record.facts.table("verifications")?;
                let name = answer.text("verification");
                let is_there = rows.iter().any(|row| row.text("verification") == name);
                let claim = "its request was acknowledged, but the Ledger has none".to_owned();
                (!is_there).then_some((name, claim))
            }
            _ => None,
        };
        evidence.extend(lost.map(|(subject, claim)| Evidence::new(subject, claim).shown_by(id)));
    }
    Ok(evidence)
}

/// A stretch whose commits the operator gave up.
struct Loss {
    from: SimTime,
    until: SimTime,
}

impl Loss {
    fn covers(&self, operation: &Operation) -> bool {
        let answered = operation.completed.is_some_and(|at| at >= self.from);
        answered && operation.invoked <= self.until
    }
}

fn accepted_loss(note: &Note) -> Option<Loss> {
    let failover = note.name == "ledger_failover";
    let may_lack_ms = note
        .detail
        .get("may_lack_ms")
        .as_int()
        .filter(|_| failover)?;
    let span = may_lack_ms.max(0) as u64 * 1_000_000;
    Some(Loss {
        from: SimTime::from_nanos(note.at.nanos().saturating_sub(span)),
        until: note.at,
    })
}

fn registration<'a>(
    answer: &'a Value,
    assets: &BTreeMap<&str, &Value>,
) -> Option<(&'a str, String)> {
    let asset = answer.text("asset");
    let claim = match assets.get(asset) {
        None => format!(
            "answered {}, but the Ledger has no {asset}",
            answer.get("status")
        ),
        Some(row) if told_linked(answer) && !agrees(answer, row) => format!(
            "told linked in slot {}, but the Ledger says {} in slot {}",
            answer.get("slot"),
            row.text("status"),
            row.get("slot")
        ),
        Some(_) => return None,
    };
    Some((asset, claim))
}

fn rename<'a>(answer: &'a Value, assets: &BTreeMap<&str, &Value>) -> Option<(&'a str, String)> {
    list(answer.get("renamed")).iter().find_map(|change| {
        let asset = change.text("asset");
        let told = change.get("version").as_int();
        let there = assets.get(asset).map(|row| row.get("version").as_int());
        let claim = match there {
            Some(version) if version >= told => return None,
            Some(_) => format!(
                "told version {}, but the Ledger is not so far",
                change.get("version")
            ),
            None => format!("told of its new name, but the Ledger has no {asset}"),
        };
        Some((asset, claim))
    })
}

fn told_linked(answer: &Value) -> bool {
    answer.text("asset_status") == "linked"
}

fn agrees(answer: &Value, row: &Value) -> bool {
    says_linked(row) && row.get("slot") == answer.get("slot")
}
