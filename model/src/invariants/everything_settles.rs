//! After heal all work reaches a terminal state within the bound; what has not is named.
//!
//! Judged at the end of the run: nothing was pending when the run stopped waiting, every asset is
//! linked or its link was given up, and whoever gave up has alerted operations. It does not judge
//! how long it took, nor whether the terminal state is the right one.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;

use super::says_linked;

pub(super) const CHECK: Check = Check {
    name: "everything_settles",
    kind: Kind::Eventually,
    promise: "after heal all work reaches a terminal state within the bound",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let pending = record
        .pending
        .as_ref()
        .ok_or("the run never got as far as waiting for quiet")?;
    let mut evidence: Vec<Evidence> = pending
        .iter()
        .map(|what| Evidence::new(what.as_str(), format!("{what} when the bound passed")))
        .collect();
    let jobs: BTreeMap<&str, &str> = record
        .facts
        .table("jobs")?
        .iter()
        .map(|job| (job.text("asset"), job.text("state")))
        .collect();
    let alerted: BTreeSet<&str> = record
        .facts
        .table("alerts")?
        .iter()
        .map(|alert| alert.text("asset"))
        .collect();
    for row in record.facts.table("assets")? {
        let asset = row.text("asset");
        let job = jobs.get(asset).copied().unwrap_or("missing");
        let claim = match (row.text("status"), job) {
            _ if says_linked(row) => None,
            (_, "dead") if alerted.contains(asset) => None,
            (_, "dead") => Some("its link was given up and nobody was alerted".to_owned()),
            (status, job) => Some(format!("it is {status} for ever: its link job is {job}")),
        };
        evidence.extend(claim.map(|claim| Evidence::new(asset, claim)));
    }
    Ok(evidence)
}
