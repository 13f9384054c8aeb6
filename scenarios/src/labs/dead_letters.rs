//! LAB-002: a receiver was down for a day, and five hundred deliveries to it have failed.
//!
//! Some can be brought back, some cannot: the receiver does not want them, or another one is gone for good.
//! The order that counts is that of each asset's events at each receiver, whether or not the endpoint was
//! configured to be sent them so: customers do not read our configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::client::intent::Intent;
use model::client::script::{self, Planned};
use model::ids::IdempotencyKey;
use model::webhooks::event;
use sim::SimTime;
use sim::random::Randomness;
use sim::record::value::Value;

use super::policy::{Kind, Knob, Policy};
use super::trial::Seen;
use super::{Criterion, Lab, no_defects};
use crate::scenario::Scenario;

/// The receiver that was down.
const DOWN: &str = "receiver-1";
/// How many deliveries have failed when it comes back, at least.
const FAILED_MIN: usize = 500;
/// Of letters up to so many nobody is woken; from so many on somebody is.
const QUIET_MAX: i64 = 10;
/// The most that may lie there before somebody is woken.
const WOKEN_BY: i64 = 100;
/// How many letters operators look at when they put away what nobody wants.
const PUT_AWAY_MAX: u64 = 150;

/// The lab.
pub const LAB: Lab = Lab {
    name: "LAB-002",
    title: "A receiver was down for a day, and five hundred deliveries to it have failed.",
    teaches: "Bring letters back in order, when somebody is there to take them; put away what nobody wants; and be \
              woken early.",
    scenario: include_str!("../../../fixtures/labs/lab-002.toml"),
    file: "fixtures/labs/lab-002.toml",
    knobs: KNOBS,
    follows: order,
    defects: no_defects,
    script: day_after,
    criteria: CRITERIA,
};

/// Whether an asset's events keep their order; [`order`] sets it.
pub(super) const ORDER: Knob = Knob {
    key: "order",
    sets: None,
    kind: Kind::Word(&["none", "per_asset"]),
    default: "\"none\"",
    meaning: "whether an asset's events are sent one after the other to each endpoint",
};

/// How many deliveries go to an endpoint at a time.
pub(super) const fn concurrent(default: &'static str) -> Knob {
    Knob {
        key: "concurrent",
        sets: Some("system.webhooks.concurrent"),
        kind: Kind::Number(1, 64),
        default,
        meaning: "how many deliveries a Core has under way to one endpoint",
    }
}

const KNOBS: &[Knob] = &[
    ORDER,
    concurrent("8"),
    Knob {
        key: "retry.waits_s",
        sets: Some("system.webhooks.waits_s"),
        kind: Kind::Numbers(20, 1, 86_400, 432_000),
        default: "[300, 600, 1200, 2400, 4800]",
        meaning: "how long is waited after each failed attempt, in seconds, five days in all at most; then it is a letter",
    },
    Knob {
        key: "replay.at_minute",
        sets: None,
        kind: Kind::Number(0, 1_800),
        default: "1460",
        meaning: "when the dead letters are replayed, in minutes from the start; the receiver is back at 1450",
    },
    Knob {
        key: "replay.per_second",
        sets: Some("system.webhooks.replays_per_second"),
        kind: Kind::Number(1, 1_000),
        default: "10",
        meaning: "how many letters a replay revives in a second",
    },
    Knob {
        key: "put_away.after_minutes",
        sets: None,
        kind: Kind::Number(0, 240),
        default: "60",
        meaning: "how long after the replay operators begin to discard what is a letter again",
    },
    Knob {
        key: "alert.above",
        sets: None,
        kind: Kind::Number(0, 100_000),
        default: "1000",
        meaning: "people are woken when more dead letters than this wait",
    },
    Knob {
        key: "alert.for_s",
        sets: None,
        kind: Kind::Number(0, 86_400),
        default: "900",
        meaning: "and have waited so long, in seconds",
    },
];

const CRITERIA: &[Criterion] = &[
    Criterion {
        name: "order",
        promise: "each receiver processes each asset's events in their order, replays included",
        look: "table webhook_effects by endpoint and asset; `order`; check delivery_order",
        judge: in_order,
    },
    Criterion {
        name: "recovered",
        promise: "everything the receiver wants has reached it in the end",
        look: "table deliveries where endpoint = receiver-1 by state; dead_letters by cause; replay.at_minute",
        judge: recovered,
    },
    Criterion {
        name: "no_repetition",
        promise: "nothing is sent again that was acknowledged, and no event has two effects",
        look: "table attempts by delivery; checks no_send_after_ack and no_duplicate_effect",
        judge: |seen| seen.held(&["no_send_after_ack", "no_duplicate_effect"]),
    },
    Criterion {
        name: "permanent_recorded",
        promise: "what nobody wants is put away: no letter is open, each has its cause, its alert and its audit",
        look: "table dead_letters where state = open; put_away.after_minutes; check dead_letters_accounted",
        judge: permanent_recorded,
    },
    Criterion {
        name: "growth_alert",
        promise: "people are woken while 11 to 100 letters wait, and not by fewer",
        look: "metric core.dlq.depth; alert.above and alert.for_s",
        judge: growth_alert,
    },
    Criterion {
        name: "audit",
        promise: "every change of state has its entry in the audit",
        look: "table audit; check audit_complete",
        judge: |seen| seen.held(&["audit_complete"]),
    },
    Criterion {
        name: "every_check",
        promise: "every other promise of the system holds",
        look: "proveniq list checks",
        judge: |seen| seen.held_but(&[]),
    },
];

/// Sets what [`ORDER`] asks for at each endpoint.
pub(super) fn order(policy: &Policy) -> Vec<String> {
    let ordered = policy.is("order", "per_asset");
    (0..3)
        .map(|endpoint| format!("system.webhooks.endpoints[{endpoint}].ordered={ordered}"))
        .collect()
}

/// The day as the scenario draws it; then the operators' replay, and after it what they put away.
fn day_after(
    scenario: &Scenario,
    policy: &Policy,
    randomness: &Randomness,
) -> Option<Vec<Planned>> {
    let mut planned = script::draw(&scenario.system, &scenario.workload, randomness);
    let beyond = 4 * u64::from(scenario.workload.operations);
    let minute = |minutes: u64| Duration::from_secs(60 * minutes);
    let mut add = |number: u64, after: Duration, intent: Intent| {
        planned.push(Planned {
            number: beyond + 2 * number,
            client: 0,
            after,
            intent,
        });
    };
    let given = |key: &str, otherwise: u64| match policy.values().any(|(known, _)| known == key) {
        true => policy.number(key),
        false => otherwise,
    };
    if policy.values().any(|(key, _)| key == "replay.at_minute") {
        let at = minute(policy.number("replay.at_minute"));
        let key = IdempotencyKey("replay-of-the-day".to_owned());
        add(0, at, Intent::ReplayAll { key });
    }
    if policy
        .values()
        .any(|(key, _)| key == "put_away.after_minutes")
    {
        let begins = given("replay.at_minute", 1_460) + policy.number("put_away.after_minutes");
        for letter in 0..PUT_AWAY_MAX {
            let at = minute(begins) + Duration::from_secs(10) * letter as u32;
            add(1 + letter, at, Intent::Letters { replay: false });
        }
    }
    planned.sort_by_key(|operation| operation.after);
    Some(planned)
}

pub(super) fn in_order(seen: &Seen<'_>) -> Result<(), String> {
    let facts = &seen.record().facts;
    let position = |row: &Value| row.get("position").as_int().unwrap_or(-1);
    let events: BTreeMap<String, (&str, i64)> = facts
        .table("outbox")?
        .iter()
        .map(|row| (event::id(position(row)), (row.text("asset"), position(row))))
        .collect();
    let mut last: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut overtaken = Vec::new();
    for effect in facts.table("webhook_effects")? {
        let (endpoint, id) = (effect.text("endpoint"), effect.text("id"));
        let Some((asset, position)) = events.get(id).filter(|_| known.insert((endpoint, id)))
        else {
            continue;
        };
        let before = last.entry((endpoint, asset)).or_insert(*position);
        if *before > *position {
            overtaken.push(format!(
                "{endpoint} had evt_{before} of {asset} before {id}"
            ));
        }
        *before = (*before).max(*position);
    }
    match overtaken.first() {
        None => seen.held(&["delivery_order"]),
        Some(first) => Err(format!(
            "{} events came late, the first: {first}",
            overtaken.len()
        )),
    }
}

/// Why each delivery that is not delivered is not, by its letter.
fn causes<'a>(seen: &'a Seen<'_>) -> Result<BTreeMap<&'a str, &'a str>, String> {
    let letters = seen.record().facts.table("dead_letters")?;
    Ok(letters
        .iter()
        .map(|letter| (letter.text("subject"), letter.text("cause")))
        .collect())
}

fn recovered(seen: &Seen<'_>) -> Result<(), String> {
    let causes = causes(seen)?;
    let deliveries = seen.record().facts.table("deliveries")?;
    let failed = failed_at_recovery(seen)?;
    if failed < FAILED_MIN {
        return Err(format!(
            "only {failed} deliveries had failed when the receiver came back: this seed is no test"
        ));
    }
    let wanted = |row: &&Value| {
        let refused = causes.get(row.text("delivery"));
        row.text("endpoint") == DOWN
            && row.text("state") != "delivered"
            && refused != Some(&"E_WEBHOOK_REJECTED")
    };
    let missing: Vec<&Value> = deliveries.iter().filter(wanted).collect();
    match missing.first() {
        None => seen.held(&["webhook_conserved"]),
        Some(first) => Err(format!(
            "{} events never reached {DOWN}, such as {} ({})",
            missing.len(),
            first.text("delivery"),
            first.text("state")
        )),
    }
}

/// How many events waited for the receiver, dead or behind one that is, at the end of the outage.
fn failed_at_recovery(seen: &Seen<'_>) -> Result<usize, String> {
    let webhooks = seen.scenario.system.webhooks.as_ref();
    let down = webhooks.and_then(|it| it.endpoints[0].receiver.down.first());
    let window = down.ok_or("the receiver is never down")?;
    let rows = seen.record().facts.table("outbox")?;
    let at = |row: &Value| row.get("at").as_int().unwrap_or(0).unsigned_abs();
    let during = rows
        .iter()
        .filter(|row| (window.from_ms..window.until_ms).contains(&at(row)));
    Ok(during.count())
}

fn permanent_recorded(seen: &Seen<'_>) -> Result<(), String> {
    let letters = seen.record().facts.table("dead_letters")?;
    let open = letters
        .iter()
        .filter(|letter| letter.text("state") == "open");
    if let Some(count) = Some(open.count()).filter(|count| *count > 0) {
        return Err(format!("{count} letters still wait for a decision"));
    }
    let permanent = letters
        .iter()
        .filter(|letter| letter.text("cause") != "E_WEBHOOK_EXHAUSTED");
    if permanent.count() == 0 {
        return Err("nothing was refused for good: this seed is no test".to_owned());
    }
    seen.held(&["dead_letters_accounted", "alerts_right"])
}

/// The rule of the policy, put to what was scraped: more letters than so many, for so long.
fn growth_alert(seen: &Seen<'_>) -> Result<(), String> {
    if !seen.policy.values().any(|(key, _)| key == "alert.above") {
        return Err("there is no alert".to_owned());
    }
    let above = i64::try_from(seen.policy.number("alert.above")).expect("within its bounds");
    let wait = Duration::from_secs(seen.policy.number("alert.for_s"));
    let mut since: Option<SimTime> = None;
    let mut most = 0;
    for (at, depth) in depths(seen) {
        most = most.max(depth);
        since = match depth > above {
            true => since.or(Some(at)),
            false => None,
        };
        let fires = since.is_some_and(|since| at.since(since) >= wait);
        match (fires, depth) {
            (true, ..=QUIET_MAX) => {
                return Err(format!("it woke people at {at}, for {depth} letters"));
            }
            (true, _) => return Ok(()),
            (false, depth) if depth > WOKEN_BY => {
                return Err(format!("nobody was woken at {at}, with {depth} letters"));
            }
            _ => {}
        }
    }
    // A schedule without an end in sight keeps everything from becoming a letter, and everybody asleep.
    Err(format!(
        "nobody was woken: at most {most} letters ever waited"
    ))
}

/// How many letters waited, at each scrape.
fn depths(seen: &Seen<'_>) -> Vec<(SimTime, i64)> {
    let scrapes = &seen.record().metrics.scrapes;
    let times = scrapes.times().iter().enumerate();
    let all: Vec<_> = scrapes.gauges("core.dlq.depth").collect();
    let depth = |scrape: usize| {
        let values = all.iter().filter_map(|(_, series)| series.at(scrape));
        values.sum::<i64>()
    };
    times.map(|(scrape, at)| (*at, depth(scrape))).collect()
}
