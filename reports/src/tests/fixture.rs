//! One tiny run with something of everything: a fault that struck and one that did not, an answered
//! operation, a lost answer and a refusal, a held, a violated and an undecidable check.

use std::sync::Arc;
use std::time::Duration;

use sim::check::{Check, Evidence, Judgement, Kind, judge};
use sim::disk::DiskProfile;
use sim::fault::{Fault, FaultKind, Plan};
use sim::latency::Latency;
use sim::network::{LinkProfiles, Payload, Request};
use sim::random::Seeds;
use sim::ratio::Ratio;
use sim::record::Record;
use sim::record::fingerprint::Fingerprint;
use sim::record::history::{OperationId, Outcome};
use sim::record::log::LogLine;
use sim::record::value::Value;
use sim::steering::Steering;
use sim::world::{Bounds, Recording, World, WorldConfig};
use sim::{NodeContext, SimTime};

use crate::run::RunReport;

#[derive(Debug, Hash)]
struct Put {
    key: &'static str,
    amount: u64,
}

#[derive(Debug, Hash)]
struct Stored {
    version: u64,
}

impl Payload for Put {}
impl Payload for Stored {}
impl Request for Put {
    type Response = Stored;
}

/// The run. Its fingerprint is replaced by a fixed one: what it is made of is not tested here.
pub(super) fn record() -> Record {
    let milliseconds = |count| Latency::constant(Duration::from_millis(count));
    let config = WorldConfig {
        seeds: Seeds::derive(42),
        links: LinkProfiles::everywhere(milliseconds(2)),
        disk: DiskProfile {
            access: milliseconds(1),
            sync: milliseconds(5),
        },
        steering: Steering::NONE,
        bounds: Bounds {
            steps: 10_000,
            time: SimTime::from_millis(60_000),
            polls_per_instant: 1_000,
        },
        recording: Recording {
            trace: true,
            log: false,
            draws: false,
        },
    };
    let mut record = sim::run(config, build);
    record.fingerprint = Fingerprint(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
    record.log = log_lines();
    record
}

fn build(world: &World) -> impl Future<Output = ()> + use<> {
    world.add_node("store", store);
    world.install(plan());
    let director = world.director();
    let world = world.clone();
    async move {
        put(&director, "k1", 1).await;
        director.sleep(Duration::from_millis(40)).await;
        put(&director, "k2", 2).await;
        director.reached("answer_lost");
        world.heal();
        world.with_record(|recorder| recorder.pending = Some(vec!["job 7 of store".to_owned()]));
    }
}

fn plan() -> Plan {
    let lost = FaultKind::LoseReplies {
        ratio: Ratio::ALWAYS,
    };
    let faults = [
        Fault::during(lost, "store -> director", 30, 200),
        Fault::during(FaultKind::Crash, "store", 5_000, 6_000),
    ];
    let faults = faults.map(|fault| fault.expect("the places read well"));
    Plan {
        faults: faults.into(),
    }
}

async fn store(node: NodeContext) {
    let mut version = 0;
    loop {
        let incoming = node.receive().await;
        if let Some(put) = incoming.payload::<Put>() {
            version += put.amount;
            let written = node.disk().append("log", put.key.as_bytes()).await;
            written.expect("no disk fault is planned");
            node.note("stored", Value::map([("key", put.key.into())]));
            node.reply(&incoming, Stored { version });
        }
    }
}

async fn put(client: &NodeContext, key: &'static str, amount: u64) {
    let input = Value::map([("amount", Value::Int(1)), ("key", key.into())]);
    let operation = client.invoke("client-1".to_owned(), "put", input);
    let store = client.find("store");
    let deadline = Duration::from_millis(100);
    let answer = client.call(store, Put { key, amount }, deadline).await;
    let labels = [("operation", "put")];
    let span = answer.is_ok().then_some(Duration::from_micros(5_120));
    client.measure("store.latency", &labels, span);
    client.count("store.requests", &labels);
    client.gauge("store.open", &[], amount as i64);
    let outcome = match answer {
        Ok(stored) => Outcome::Ok(version_of(&stored)),
        Err(error) => Outcome::Unknown(error.to_string().into()),
    };
    client.complete(operation, outcome);
}

fn version_of(stored: &Arc<Stored>) -> Value {
    Value::map([("version", Value::Int(stored.version as i64))])
}

fn log_lines() -> Vec<LogLine> {
    let line = |millis, step, node: &str, level, text: &str| LogLine {
        at: SimTime::from_millis(millis),
        step,
        node: node.to_owned(),
        level,
        text: text.to_owned(),
    };
    vec![
        line(3, 3, "store", "INFO", "stored key=\"k1\""),
        line(145, 12, "director", "WARN", "no answer\u{1b}[31m in time"),
    ]
}

/// The checks that judge it.
pub(super) const CHECKS: [Check; 3] = [
    Check {
        name: "acked_writes_survive",
        kind: Kind::Always,
        promise: "every acknowledged write is in the store at the end",
        judge: |_| Ok(Vec::new()),
    },
    Check {
        name: "no_answer_lost",
        kind: Kind::Eventually,
        promise: "every operation is answered",
        judge: |record| {
            let unanswered = record.history.iter();
            let unanswered = unanswered.filter(|(_, operation)| !operation.is_ok());
            Ok(unanswered.map(|(id, _)| evidence_of(id)).collect())
        },
    },
    Check {
        name: "queue_bounded",
        kind: Kind::Always,
        promise: "limits are kept",
        judge: |record| record.facts.table("queues").map(|_| Vec::new()),
    },
];

fn evidence_of(id: OperationId) -> Evidence {
    Evidence::new(
        "key k2",
        "the client was told nothing, although the store kept the write",
    )
    .shown_by(id)
}

/// What they make of it.
pub(super) fn judgements(record: &Record) -> Vec<Judgement> {
    judge(record, &CHECKS)
}

/// The report over a record and what was made of it.
pub(super) fn report<'a>(record: &'a Record, judgements: &'a [Judgement]) -> RunReport<'a> {
    RunReport {
        scenario: "lost-answer",
        summary: "A client stores two keys while answers get lost.",
        seed: 42,
        record,
        judgements,
        checks: &CHECKS,
        defects: vec!["ack_lost_means_dead".to_owned()],
        reproduce: "proveniq run lost-answer --seed 0x2a --defect ack_lost_means_dead".to_owned(),
    }
}
