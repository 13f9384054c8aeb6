//! Who asked for order gets it: per endpoint and asset, in the order of the events; and replays of many
//! go in that order for everybody.
//!
//! Judged over what ordered receivers have processed, first effects only, in the order in which they
//! did; the order of events is that of their places. An event that was discarded may be missing, or come
//! late: its last attempt may still have been at work when people decided not to wait for it. A
//! replay's letters are revived in the order of their deliveries, over the notes `webhook_replayed`, by the
//! Ledger's time of each step: when its instance came to tell of it does not matter. Where a parallel endpoint's attempts overtake each other after that, nothing was promised.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::note::Note;
use sim::record::value::Value;

use super::rows_by;
use crate::webhooks::delivery::DeliveryState;
use crate::webhooks::event;

pub(super) const CHECK: Check = Check {
    name: "delivery_order",
    kind: Kind::Always,
    promise: "an ordered endpoint processes each asset's events in their order, replays included",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let facts = &record.facts;
    let endpoints = rows_by("endpoint", facts.table("webhook_endpoints")?);
    let position = |event: &Value| event.get("position").as_int().unwrap_or(-1);
    let events: BTreeMap<String, (&str, i64)> = facts
        .table("outbox")?
        .iter()
        .map(|it| (event::id(position(it)), (it.text("asset"), position(it))))
        .collect();
    let deliveries = facts.table("deliveries")?.iter();
    let discarded: BTreeSet<(&str, i64)> = deliveries
        .filter(|it| it.text("state") == DeliveryState::Discarded.name())
        .map(|it| (it.text("endpoint"), position(it)))
        .collect();
    let mut last: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut evidence = Vec::new();
    for effect in facts.table("webhook_effects")? {
        let (endpoint, id) = (effect.text("endpoint"), effect.text("id"));
        let ordered = endpoints.get(endpoint).map(|it| it.get("ordered"));
        let Some((asset, position)) = events.get(id) else {
            continue;
        };
        if ordered != Some(&true.into()) || !seen.insert((endpoint, id)) {
            continue;
        }
        if discarded.contains(&(endpoint, *position)) {
            continue;
        }
        let before = last.insert((endpoint, asset), *position);
        if let Some(before) = before.filter(|before| before > position) {
            let later = event::id(before);
            let claim = format!("{endpoint} processed it after {later}, which is later of {asset}");
            evidence.push(Evidence::new(id, claim));
        }
    }
    evidence.extend(replays(record)?);
    Ok(evidence)
}

fn replays(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut steps: Vec<(i64, &Note)> = Vec::new();
    for note in { &record.notes }
        .iter()
        .filter(|it| it.name == "webhook_replayed")
    {
        let at = note.detail.get("at_ms").as_int();
        let at = at.ok_or_else(|| format!("{} does not say when it revived", note.node))?;
        steps.push((at, note));
    }
    // Stable: what one step revived stays in its order.
    steps.sort_by_key(|(at, _)| *at);
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    let mut evidence = Vec::new();
    for (_, note) in steps {
        let (replay, delivery) = (note.detail.text("replay"), note.detail.text("delivery"));
        let before = last.insert(replay, delivery);
        if let Some(before) = before.filter(|before| *before >= delivery) {
            evidence.push(Evidence {
                at: Some(note.at),
                ..Evidence::new(delivery, format!("{replay} revived it after {before}"))
            });
        }
    }
    Ok(evidence)
}
