//! No cache answers with what is older than its time to live.
//!
//! Judged over the notes of caches: each answer from memory was fetched no longer ago than the instance's time to
//! live, measured from the moment the fetch was asked for. How stale an answer may be is thereby bounded, and
//! nothing else is promised of it: reads that must show more do not come here.

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;

pub(super) const CHECK: Check = Check {
    name: "cache_fresh",
    kind: Kind::Always,
    promise: "no cached answer is older than its time to live",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut lives: BTreeMap<&str, i64> = BTreeMap::new();
    let mut evidence = Vec::new();
    for note in &record.notes {
        let node = note.node.as_str();
        let number = |key: &str| {
            let found = note.detail.get(key).as_int();
            found.ok_or_else(|| format!("a note `{}` of {node} tells no {key}", note.name))
        };
        match note.name.as_str() {
            "cache_opened" => {
                lives.insert(node, number("ttl_ms")?);
            }
            "cache_hit" => {
                let ttl = lives
                    .get(node)
                    .ok_or_else(|| format!("{node} has no cache"))?;
                let age = number("age_ms")?;
                if age > *ttl {
                    let claim =
                        format!("{node} answered with what was {age} ms old, of {ttl} at most");
                    evidence.push(Evidence::new(note.detail.text("asset"), claim));
                }
            }
            _ => {}
        }
    }
    Ok(evidence)
}
