//! Every committed change is told to everybody who asked for it, or it is known why not; nothing else is.
//!
//! Judged after heal. Changes, by the audit, and events are the same. Each event has one delivery to
//! each endpoint that wants its kind, and there is no other. A delivered one was taken: its endpoint
//! answered some arrival of its id with 2xx, and what it then said it had processed, it has. A pending
//! one waits for an endpoint that is disabled or gone, or stands behind another of its lane. What
//! receivers processed is an event, word for word. An endpoint whose owner was told that it is enabled
//! is not disabled without a failure since. It does not judge order, time or repetition, nor dead
//! letters (see `dead_letters_accounted`).

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::value::Value;

use super::audit_trail::AuditTrail;
use super::rows_by;
use crate::webhooks::{endpoint, event};

pub(super) const CHECK: Check = Check {
    name: "webhook_conserved",
    kind: Kind::Eventually,
    promise: "every committed event reaches each endpoint that wants it, or is dead, discarded or held for one that is disabled; none is invented",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let facts = &record.facts;
    let endpoints = rows_by("endpoint", facts.table("webhook_endpoints")?);
    if endpoints.is_empty() {
        // Nobody asked to be told anything.
        return Ok(Vec::new());
    }
    let events = facts.table("outbox")?;
    let deliveries = rows_by("delivery", facts.table("deliveries")?);
    let effects = facts.table("webhook_effects")?;
    let mut evidence = untold(&AuditTrail::of(record)?, events);
    evidence.extend(misaddressed(events, &endpoints, &deliveries));
    let lanes = Lanes::of(&deliveries);
    let arrivals = Arrivals::of(record, effects);
    for (name, row) in &deliveries {
        let claim = misplaced(row, &endpoints, &lanes, &arrivals);
        evidence.extend(claim.map(|claim| Evidence::new(*name, claim)));
    }
    evidence.extend(invented(events, &endpoints, effects));
    evidence.extend(left_alone(record, &endpoints));
    Ok(evidence)
}

fn position(row: &Value) -> i64 {
    row.get("position").as_int().unwrap_or(-1)
}

/// Changes without events, and events without changes.
fn untold(trail: &AuditTrail<'_>, events: &[Value]) -> Vec<Evidence> {
    let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for event in events {
        *told
            .entry((event.text("asset"), event.text("kind")))
            .or_default() += 1;
    }
    let assets: BTreeSet<&str> = trail
        .assets()
        .chain(told.keys().map(|(asset, _)| *asset))
        .collect();
    let mut evidence = Vec::new();
    for asset in assets {
        for (action, kind) in event::KINDS {
            let made = trail.count(asset, action);
            let events = told.get(&(asset, kind)).copied().unwrap_or(0);
            if made != events {
                let claim =
                    format!("it was {action} {made} times, and has {events} events `{kind}`");
                evidence.push(Evidence::new(asset, claim));
            }
        }
    }
    evidence
}

/// Events without a delivery to somebody who wants them, and deliveries nobody wants.
fn misaddressed(
    events: &[Value],
    endpoints: &BTreeMap<&str, &Value>,
    deliveries: &BTreeMap<&str, &Value>,
) -> Vec<Evidence> {
    let mut expected = BTreeSet::new();
    let mut evidence = Vec::new();
    for event in events {
        for (name, endpoint) in endpoints {
            if wants(endpoint, event.text("kind")) {
                let delivery = event::delivery(position(event), name);
                if !deliveries.contains_key(delivery.as_str()) {
                    let claim = format!("there is no delivery of it to {name}");
                    evidence.push(Evidence::new(event::id(position(event)), claim));
                }
                expected.insert(delivery);
            }
        }
    }
    for name in deliveries.keys().filter(|it| !expected.contains(**it)) {
        evidence.push(Evidence::new(*name, "nobody asked for it"));
    }
    evidence
}

fn wants(endpoint: &Value, kind: &str) -> bool {
    let subscribed = endpoint.text("events").split_whitespace();
    endpoint::wants(&subscribed.map(str::to_owned).collect::<Vec<_>>(), kind)
}

/// In each lane, the deliveries that hold it: one that is dead, or has its next attempt due.
///
/// In a lane that several assets share, a delivery may stand behind one with a later place: places are drawn before
/// the commit that fans out.
struct Lanes<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Lanes<'a> {
    fn of(deliveries: &BTreeMap<&'a str, &'a Value>) -> Lanes<'a> {
        let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, row) in deliveries {
            let lane = row.text("lane");
            let holds = match row.text("state") {
                "dead" => true,
                "pending" => !row.get("run_at").is_null(),
                _ => false,
            };
            if !lane.is_empty() && holds {
                held.entry(lane).or_default().insert(name);
            }
        }
        Lanes(held)
    }

    fn holds_back(&self, row: &Value) -> bool {
        let holders = self.0.get(row.text("lane"));
        let mut holders = holders.into_iter().flatten();
        holders.any(|holder| *holder != row.text("delivery"))
    }
}

/// What receivers said and did, by endpoint and id.
struct Arrivals<'a> {
    taken: BTreeSet<(&'a str, &'a str)>,
    said_processed: BTreeSet<(&'a str, &'a str)>,
    processed: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Arrivals<'a> {
    fn of(record: &'a Record, effects: &'a [Value]) -> Arrivals<'a> {
        let key = |row: &'a Value| (row.text("endpoint"), row.text("id"));
        let notes = || {
            let notes = record.notes.iter();
            notes
                .filter(|note| note.name == "webhook_arrival")
                .map(|note| &*note.detail)
        };
        let status = |row: &Value| row.get("status").as_int().unwrap_or(0);
        let taken = notes().filter(|row| (200..300).contains(&status(row)));
        let said_processed = notes().filter(|row| row.text("act") == "processed");
        Arrivals {
            taken: taken.map(key).collect(),
            said_processed: said_processed.map(key).collect(),
            processed: effects.iter().map(key).collect(),
        }
    }
}

fn misplaced(
    row: &Value,
    endpoints: &BTreeMap<&str, &Value>,
    lanes: &Lanes<'_>,
    arrivals: &Arrivals<'_>,
) -> Option<String> {
    let endpoint = row.text("endpoint");
    let id = event::id(position(row));
    let key = (endpoint, id.as_str());
    match row.text("state") {
        "delivered" if !arrivals.taken.contains(&key) => {
            Some("it counts as delivered, and its receiver never took it".to_owned())
        }
        "delivered" | "dead" | "discarded" => {
            let lost = arrivals.said_processed.contains(&key) && !arrivals.processed.contains(&key);
            lost.then(|| "its receiver said that it processed it, and has not".to_owned())
        }
        "pending" => {
            let state = endpoints.get(endpoint).map_or("", |it| it.text("state"));
            let left_alone = matches!(state, "disabled" | "gone");
            let waits = lanes.holds_back(row) && row.get("run_at").is_null();
            (!left_alone && !waits).then(|| format!("it is pending, and {endpoint} is {state}"))
        }
        other => Some(format!("it is `{other}`, which is no state")),
    }
}

/// What receivers processed without there being such an event for them.
fn invented(
    events: &[Value],
    endpoints: &BTreeMap<&str, &Value>,
    effects: &[Value],
) -> Vec<Evidence> {
    let by_id: BTreeMap<String, &Value> = events
        .iter()
        .map(|event| (event::id(position(event)), event))
        .collect();
    let wrong = |effect: &Value| {
        let Some(event) = by_id.get(effect.text("id")) else {
            return Some("there is no such event");
        };
        let endpoint = endpoints.get(effect.text("endpoint"));
        if !endpoint.is_some_and(|it| wants(it, event.text("kind"))) {
            return Some("its receiver did not ask for it");
        }
        (event.text("body") != effect.text("body")).then_some("its body was changed on the way")
    };
    let judged = effects.iter().filter_map(|effect| {
        let claim = wrong(effect)?;
        let claim = format!("{} processed it: {claim}", effect.text("endpoint"));
        Some(Evidence::new(effect.text("id"), claim))
    });
    judged.collect()
}

/// Endpoints whose owners believe that they are enabled.
fn left_alone(record: &Record, endpoints: &BTreeMap<&str, &Value>) -> Vec<Evidence> {
    let told = record
        .notes
        .iter()
        .filter(|it| it.name == "endpoint_enabled");
    let told: BTreeSet<&str> = told.map(|note| note.detail.text("endpoint")).collect();
    let is_wrong = |name: &&str| {
        let row = endpoints.get(name);
        row.is_some_and(|it| it.text("state") == "disabled" && it.get("failing_since").is_null())
    };
    let wrong = told.into_iter().filter(is_wrong).map(|name| {
        let claim =
            "its owner was told that it is enabled; it is disabled, and nothing has failed since";
        Evidence::new(name, claim)
    });
    wrong.collect()
}
