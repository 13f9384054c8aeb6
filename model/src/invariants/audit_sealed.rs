//! Every entry of the audit is in its chain of seals, and the chain verifies.
//!
//! Judged after heal. An entry that was changed, taken out, left out or sealed twice breaks it. Where
//! the audit is not sealed at all there is nothing to judge. It does not judge whether the audit tells
//! everything (see `audit_complete`).

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::value::Value;

use crate::core::audit::chain::{self, Content, Link, Seal};
use crate::ledger::tables::audit;

pub(super) const CHECK: Check = Check {
    name: "audit_sealed",
    kind: Kind::Eventually,
    promise: "every audit entry is sealed once, and the chain of seals verifies from its first link to its head",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let [head] = record.facts.table("audit_heads")? else {
        return Ok(Vec::new());
    };
    let entries = record.facts.table("audit")?;
    let contents: BTreeMap<i64, Content<'_>> = entries
        .iter()
        .filter_map(|row| Some((row.get("entry").as_int()?, content(row))))
        .collect();
    let mut links: Vec<Link> = record
        .facts
        .table("audit_seals")?
        .iter()
        .map(link)
        .collect();
    links.sort_by_key(|link| link.position);
    let mut evidence = Vec::new();
    match chain::verify(&links, &contents) {
        Err(broken) => evidence.push(Evidence::new("audit", broken.to_string())),
        Ok(seal) if seal.0 != head.text("seal") => {
            let claim = "its head names another seal than its last link".to_owned();
            evidence.push(Evidence::new("audit", claim));
        }
        Ok(_) => {}
    }
    for entry in contents.keys() {
        if !links.iter().any(|link| link.entry == *entry) {
            let claim = "it was never sealed".to_owned();
            evidence.push(Evidence::new(format!("audit entry {entry}"), claim));
        }
    }
    Ok(evidence)
}

fn link(row: &Value) -> Link {
    Link {
        position: row.get("position").as_int().unwrap_or(0),
        entry: row.get("entry").as_int().unwrap_or(0),
        seal: Seal(row.text("seal").to_owned()),
    }
}

/// What is sealed of an entry, as the final tables tell it.
fn content(row: &Value) -> Content<'static> {
    let columns = audit::COLUMNS.iter().enumerate();
    let sealed = columns.filter(|(number, _)| *number != audit::UNSEALED);
    sealed
        .map(|(_, (name, _))| {
            let text = match row.get(name) {
                Value::Null => None,
                Value::Text(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            (*name, text)
        })
        .collect()
}
