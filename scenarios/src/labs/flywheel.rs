//! LAB-001: ten thousand requests for a verification at once.
//!
//! What a burst meets first is the pool of connections, whose patience is two seconds; then the circuit, which opens
//! because of that; then the conflicts of serializable transactions with each other. More connections make the
//! third worse. What helps is a door ([`edge`](model::core::edge)) and to write many requests in
//! one transaction ([`intake`](model::core::intake)).

use std::collections::BTreeMap;
use std::time::Duration;

use model::client::intent::Intent;
use model::client::script::Planned;
use model::core::asset::{AssetContent, Strategy};
use model::core::protocol::RegisterAsset;
use model::ids::{IdempotencyKey, LockerRef};
use sim::random::{Lineage, Randomness, Root};
use sim::record::history::Operation;

use super::policy::{Kind, Knob, Policy};
use super::trial::Seen;
use super::{Criterion, Lab, no_defects, nothing_follows};
use crate::scenario::Scenario;

/// How many requests there are at once.
pub const REQUESTS: usize = 10_000;

/// How many of them must be answered within [`LIMIT`].
const WITHIN_LIMIT: usize = 9_900;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How far apart assets are registered before that.
const REGISTERED_EVERY: Duration = Duration::from_millis(25);

/// The lab.
pub const LAB: Lab = Lab {
    name: "LAB-001",
    title: "Ten thousand requests for a verification at once.",
    teaches: "Whatever has no door is its own queue. Limit what is let in, and do much with each transaction.",
    scenario: include_str!("../../../fixtures/labs/lab-001.toml"),
    file: "fixtures/labs/lab-001.toml",
    knobs: KNOBS,
    follows: nothing_follows,
    defects: no_defects,
    script: burst,
    criteria: CRITERIA,
};

const fn number(
    key: &'static str,
    sets: &'static str,
    (low, high): (i64, i64),
    default: &'static str,
    meaning: &'static str,
) -> Knob {
    Knob {
        key,
        sets: Some(sets),
        kind: Kind::Number(low, high),
        default,
        meaning,
    }
}

const KNOBS: &[Knob] = &[
    number(
        "cores",
        "system.cores",
        (1, 8),
        "3",
        "how many Core instances there are",
    ),
    number(
        "connections_per_core",
        "system.connections_per_core",
        (1, 64),
        "20",
        "how many connections to the Ledger each has; the Ledger takes 100 in all",
    ),
    number(
        "door.in_flight",
        "system.edge.in_flight_max",
        (1, 10_000),
        "20",
        "how many requests a Core works on at once",
    ),
    number(
        "door.waiting",
        "system.edge.waiting_max",
        (0, 10_000),
        "1000",
        "how many more may wait for that",
    ),
    number(
        "door.retry_after_ms",
        "system.edge.retry_after_ms",
        (1, 10_000),
        "1000",
        "when whoever is not let in is asked to come back",
    ),
    number(
        "intake.batch",
        "system.intake.batch",
        (1, 1_000),
        "1",
        "how many requests one transaction takes at most",
    ),
    number(
        "intake.clerks",
        "system.intake.clerks",
        (1, 64),
        "1",
        "how many such transactions a Core has under way",
    ),
    number(
        "verify.processes",
        "system.verify.processes",
        (1, 4),
        "1",
        "how many processes verify; each has 8 connections",
    ),
    number(
        "verify.workers",
        "system.verify.workers",
        (1, 64),
        "32",
        "how many verifications each works on at once",
    ),
    number(
        "queue.requested_max",
        "system.verify.queue.requested_max",
        (1, 100_000),
        "10000",
        "how many verifications that users asked for may be open, of each asset one; whoever comes beyond is refused",
    ),
    number(
        "queue.retry_after_ms",
        "system.verify.queue.retry_after_ms",
        (1, 60_000),
        "1000",
        "when whoever is refused so is asked to come back",
    ),
];

const CRITERIA: &[Criterion] = &[
    Criterion {
        name: "latency",
        promise: "the 9,900th fastest of 10,000 answers took less than 5 s, where a failure took for ever",
        look: "metric core.orchestration.latency{operation=\"request_verification\"}; the notes of the door; \
               how many transactions a request takes",
        judge: latency,
    },
    Criterion {
        name: "nothing_lost",
        promise: "every request that was answered has its verification, and no check of conservation fails",
        look: "tables idempotency_keys and verifications; check verification_conserved",
        judge: nothing_lost,
    },
    Criterion {
        name: "all_processed",
        promise: "every verification comes to its end",
        look: "table verifications by state; verify.workers; check everything_settles",
        judge: all_processed,
    },
    Criterion {
        name: "no_exhaustion",
        promise: "nobody waits in vain for a connection, and connections stay within their limits",
        look: "state pool_was_exhausted; metric of the pool; what stands before it (the door)",
        judge: no_exhaustion,
    },
    Criterion {
        name: "no_deadlock",
        promise: "no two transactions wait for each other",
        look: "state deadlock_was_broken; how many clerks write at once",
        judge: |seen| {
            seen.never(
                "deadlock_was_broken",
                "the Ledger broke off a transaction that waited in a circle",
            )
        },
    },
    Criterion {
        name: "every_check",
        promise: "every other promise of the system holds",
        look: "proveniq list checks",
        judge: |seen| seen.held_but(&[]),
    },
];

fn latency(seen: &Seen<'_>) -> Result<(), String> {
    let mut took: Vec<Option<Duration>> = requests(seen).map(span).collect();
    if took.len() != REQUESTS {
        return Err(format!("only {} requests were sent", took.len()));
    }
    // Who has no answer comes last.
    took.sort_by_key(|took| took.unwrap_or(Duration::MAX));
    match took[WITHIN_LIMIT - 1] {
        Some(found) if found < LIMIT => Ok(()),
        Some(found) => Err(format!("it took {} ms", found.as_millis())),
        None => {
            let answered = took.iter().flatten().count();
            Err(format!("only {answered} of {REQUESTS} were answered"))
        }
    }
}

fn requests<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = &'a Operation> {
    let all = seen.record().history.iter().map(|(_, operation)| operation);
    all.filter(|operation| operation.function == "request_verification")
}

fn span(operation: &Operation) -> Option<Duration> {
    let completed = operation.completed.filter(|_| operation.is_ok())?;
    Some(completed.since(operation.invoked))
}

fn nothing_lost(seen: &Seen<'_>) -> Result<(), String> {
    let rows = seen.record().facts.table("verifications")?;
    let there: BTreeMap<&str, ()> = rows
        .iter()
        .map(|row| (row.text("verification"), ()))
        .collect();
    let lost = requests(seen)
        .filter_map(Operation::answer)
        .filter(|answer| !there.contains_key(answer.text("verification")))
        .count();
    if lost > 0 {
        return Err(format!("{lost} answered requests have no verification"));
    }
    seen.held(&["acked_writes_survive", "verification_conserved"])
}

fn all_processed(seen: &Seen<'_>) -> Result<(), String> {
    let rows = seen.record().facts.table("verifications")?;
    let open = rows
        .iter()
        .filter(|row| matches!(row.text("state"), "queued" | "review"));
    match open.count() {
        0 => seen.held(&["everything_settles"]),
        open => Err(format!("{open} of {} verifications are open", rows.len())),
    }
}

fn no_exhaustion(seen: &Seen<'_>) -> Result<(), String> {
    seen.never(
        "pool_was_exhausted",
        "somebody waited two seconds for a connection in vain",
    )?;
    seen.never(
        "breaker_opened",
        "a circuit opened, so that requests were refused unheard",
    )?;
    seen.held(&["pool_bounded", "breaker_legal"])
}

/// Some hundred assets are registered one after the other; when all stand in their slots, everybody wants one of them
/// verified.
fn burst(scenario: &Scenario, _: &Policy, randomness: &Randomness) -> Option<Vec<Planned>> {
    let mut stream = randomness.stream(Root::Workload, Lineage::of("flywheel"), "burst");
    let assets = stream.between(200, 300);
    let clients = u64::from(scenario.workload.clients);
    let lockers = u64::from(scenario.system.lockers);
    let registered = (0..assets).map(|asset| Planned {
        number: 2 * asset,
        client: (asset % clients) as u32,
        after: REGISTERED_EVERY * asset as u32,
        intent: Intent::Register(RegisterAsset {
            key: IdempotencyKey(format!("register-{asset}")),
            content: AssetContent {
                name: format!("asset {asset}"),
                category: "tool".to_owned(),
                locker: LockerRef(format!("locker-{}", asset % lockers + 1)),
            },
            strategy: Strategy::PartialCommit,
        }),
    });
    let mut script: Vec<Planned> = registered.collect();
    let at = Duration::from_millis(stream.between(30_000, 50_000));
    script.extend((0..REQUESTS as u64).map(|request| Planned {
        number: 2 * (assets + request),
        client: (request % clients) as u32,
        after: at,
        intent: Intent::Verify {
            key: IdempotencyKey(format!("verify-{request}")),
            of: 2 * stream.below(assets),
        },
    }));
    Some(script)
}
