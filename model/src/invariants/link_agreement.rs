//! The Ledger says linked if and only if the device says linked, to that asset, in that slot.
//!
//! Judged after heal. An asset stands in at most one slot. Where the link or its compensation was given
//! up, there is a dead letter and an alert, and people must look at the device: it may hold an asset
//! that the Ledger does not call linked, or does not know any more. Where the job is still open it may
//! too, and that it is open is for `everything_settles` to report. What the Ledger calls linked no job
//! excuses. It does not judge the way there, only where it ended.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::value::Value;

use super::says_linked;

pub(super) const CHECK: Check = Check {
    name: "link_agreement",
    kind: Kind::Eventually,
    promise: "the Ledger says linked if and only if the device does; an asset has one slot",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let assets = record.facts.table("assets")?;
    let jobs = record.facts.table("jobs")?;
    let open_or_dead = jobs.iter().filter(|job| job.text("state") != "done");
    let unlinked_by_right: BTreeSet<&str> = open_or_dead.map(|job| job.text("asset")).collect();
    let mut on_devices: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for link in record.facts.table("device_links")? {
        on_devices.entry(link.text("asset")).or_default().push(link);
    }
    let mut evidence = Vec::new();
    for row in assets {
        let asset = row.text("asset");
        let links = on_devices.remove(asset).unwrap_or_default();
        let claim = disagreement(row, &links, unlinked_by_right.contains(asset));
        evidence.extend(claim.map(|claim| Evidence::new(asset, claim)));
    }
    for (asset, links) in on_devices {
        let claim = unknown_asset(&links, unlinked_by_right.contains(asset));
        evidence.extend(claim.map(|claim| Evidence::new(asset, claim)));
    }
    Ok(evidence)
}

fn linked_twice(first: &Value, second: &Value) -> Option<String> {
    let (first, second) = (place(first), place(second));
    Some(format!("it is linked twice: {first} and {second}"))
}

/// What is wrong with an asset that the Ledger does not know.
fn unknown_asset(links: &[&Value], may_differ: bool) -> Option<String> {
    match links {
        [first, second, ..] => linked_twice(first, second),
        [link] if !may_differ => {
            let place = place(link);
            Some(format!("{place} holds it, but the Ledger does not know it"))
        }
        _ => None,
    }
}

fn disagreement(row: &Value, links: &[&Value], may_differ: bool) -> Option<String> {
    let linked = says_linked(row);
    match links {
        [first, second, ..] => linked_twice(first, second),
        [] if linked => Some("the Ledger says linked, but no device holds it".to_owned()),
        [link] if !linked && !may_differ => Some(format!(
            "{} holds it, but the Ledger says {}",
            place(link),
            row.text("status")
        )),
        [link]
            if linked
                && (link.get("slot") != row.get("slot")
                    || link.get("locker") != row.get("locker")) =>
        {
            Some(format!(
                "the Ledger says {} slot {}, but {} holds it",
                row.text("locker"),
                row.get("slot"),
                place(link)
            ))
        }
        _ => None,
    }
}

fn place(link: &Value) -> String {
    format!("{} slot {}", link.text("locker"), link.get("slot"))
}
