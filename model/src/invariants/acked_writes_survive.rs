//! Every registration answered 2xx is in the Ledger at the end.
//!
//! Judged at the end of the run, for each registration answered with success: the asset it was told of
//! stands in the Ledger, and one that was told *linked* is linked in the slot it was told. It does
//! not judge whether the asset is the one that was asked for (see `no_phantom_writes`), nor whether
//! the device agrees (see `link_agreement`).

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::value::Value;

use super::{registrations, says_linked};

pub(super) const CHECK: Check = Check {
    name: "acked_writes_survive",
    kind: Kind::Always,
    promise: "every write answered 2xx is in the Ledger at the end",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let rows = record.facts.table("assets")?;
    let assets: BTreeMap<&str, &Value> = rows.iter().map(|row| (row.text("asset"), row)).collect();
    let mut evidence = Vec::new();
    for (id, operation) in registrations(record) {
        let Some(answer) = operation.answer() else {
            continue;
        };
        let asset = answer.text("asset");
        let claim = match assets.get(asset) {
            None => Some(format!(
                "answered {}, but the Ledger has no {asset}",
                answer.get("status")
            )),
            Some(row) if told_linked(answer) && !agrees(answer, row) => Some(format!(
                "told linked in slot {}, but the Ledger says {} in slot {}",
                answer.get("slot"),
                row.text("status"),
                row.get("slot")
            )),
            Some(_) => None,
        };
        evidence.extend(claim.map(|claim| Evidence::new(asset, claim).shown_by(id)));
    }
    Ok(evidence)
}

fn told_linked(answer: &Value) -> bool {
    answer.text("asset_status") == "linked"
}

fn agrees(answer: &Value, row: &Value) -> bool {
    says_linked(row) && row.get("slot") == answer.get("slot")
}
