//! Runs whose metrics follow a script, watched by the node `ops` as it is.
//!
//! The metrics have the names and labels of the system's own, and their course is made up: a breaker
//! that stays open for six minutes needs six minutes of an outage anywhere else. A script is written
//! by hand, or drawn for a seed.

use std::rc::Rc;
use std::time::Duration;

use model::alerts;
use model::defects::Defects;
use sim::fault::{Fault, FaultKind};
use sim::random::{Lineage, Randomness, Root, Seeds, Stream};
use sim::ratio::Ratio;
use sim::record::Record;
use sim::{NodeContext, SimTime};

use crate::world::stage::{Stage, during, program};

/// What a node does to a metric, and when, in milliseconds from the start.
#[derive(Clone, Debug)]
pub struct Step {
    at_ms: u64,
    node: &'static str,
    name: &'static str,
    labels: Vec<(&'static str, &'static str)>,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Set(i64),
    Count(u64),
}

/// A breaker's state, as its Core tells it.
pub fn breaker(at_ms: u64, core: &'static str, circuit: &'static str, state: i64) -> Step {
    Step {
        at_ms,
        node: core,
        name: "core.circuit_breaker.state",
        labels: vec![("circuit", circuit), ("instance", core)],
        what: What::Set(state),
    }
}

/// How many dead letters a queue has.
pub fn dead_letters(at_ms: u64, queue: &'static str, depth: i64) -> Step {
    Step {
        at_ms,
        node: "core-1",
        name: "core.dlq.depth",
        labels: vec![("queue", queue)],
        what: What::Set(depth),
    }
}

/// So many steps of sagas are undone at once.
pub fn compensations(at_ms: u64, step: &'static str, count: u64) -> Step {
    Step {
        at_ms,
        node: "core-2",
        name: "core.saga.compensations",
        labels: vec![("saga", "registration"), ("step", step)],
        what: What::Count(count),
    }
}

/// A run of a script.
pub struct Watched {
    /// What happens to metrics.
    pub steps: Vec<Step>,
    /// What happens to the Cores that tell them.
    pub faults: Vec<Fault>,
    /// How long the run lasts, in milliseconds.
    pub lasts_ms: u64,
}

impl Watched {
    /// A script by hand; two minutes pass after its last step.
    pub fn of(steps: impl IntoIterator<Item = Step>) -> Watched {
        let steps: Vec<Step> = steps.into_iter().collect();
        let last = steps.iter().map(|step| step.at_ms).max();
        Watched {
            steps,
            faults: Vec::new(),
            lasts_ms: last.unwrap_or_default() + 120_000,
        }
    }

    /// The script of a seed: two hours in which everything comes and goes, at speeds near the limits.
    pub fn drawn(seed: u64) -> Watched {
        let randomness = Randomness::new(Seeds::derive(seed));
        let stream =
            |purpose: &str| randomness.stream(Root::Workload, Lineage::of("watched"), purpose);
        let mut steps = Vec::new();
        for (core, circuit) in [
            ("core-1", "locker"),
            ("core-1", "ledger"),
            ("core-2", "ledger"),
        ] {
            let mut stream = stream(&format!("{core} {circuit}"));
            steps.extend(walk(&mut stream, 20, 500, |stream, at| {
                breaker(at, core, circuit, *stream.pick(&[0, 0, 1, 2]))
            }));
        }
        for queue in ["locker", "webhook"] {
            steps.extend(walk(&mut stream(queue), 60, 1_500, |stream, at| {
                dead_letters(
                    at,
                    queue,
                    *stream.pick(&[0, 999, 1_000, 1_001, 1_001, 52_847]),
                )
            }));
        }
        for step in ["link_locker", "create_ledger_record"] {
            // Bursts of about thirty in five minutes, after a while in which there is no counter yet.
            steps.extend(walk(&mut stream(step), 1, 120, |stream, at| {
                compensations(at, step, stream.between(0, 12))
            }));
        }
        let mut stream = stream("faults");
        let mut faults = Vec::new();
        for what in [FaultKind::Crash, FaultKind::Pause] {
            let from = stream.between(1_000, 7_000_000);
            if stream.chance(Ratio::new(1, 2)) {
                let until = from + stream.between(1_000, 200_000);
                faults.push(during(what, "core-1", from, until));
            }
        }
        Watched {
            steps,
            faults,
            lasts_ms: 7_200_000,
        }
    }

    /// Runs it, with these bugs in who watches.
    pub fn run(self, defects: &Defects) -> Record {
        let watcher = Rc::new(defects.clone());
        let ops = program(move |node| alerts::node::run(node, watcher.clone()));
        let mut steps = self.steps;
        steps.sort_by_key(|step| step.at_ms);
        let steps = Rc::new(steps);
        let core = program(move |node| play(node, steps.clone()));
        let cast = [
            ("core-1", core.clone()),
            ("core-2", core),
            (alerts::node::OPS, ops),
        ];
        Stage::new(cast)
            .with(self.faults)
            .lasting(self.lasts_ms)
            .configured(|config| config.bounds.time = SimTime::from_millis(100_000_000))
            .play()
    }
}

/// Steps at random distances of so many seconds.
fn walk(
    stream: &mut Stream,
    low: u64,
    high: u64,
    step: impl Fn(&mut Stream, u64) -> Step,
) -> Vec<Step> {
    let mut at_ms = 0;
    let mut steps = Vec::new();
    while at_ms < 7_200_000 {
        at_ms += stream.between(low * 1_000, high * 1_000);
        steps.push(step(stream, at_ms));
    }
    steps
}

/// Does a node's own steps; after a restart, those that are still to come.
async fn play(node: NodeContext, steps: Rc<Vec<Step>>) {
    let name = node.name();
    for step in steps.iter().filter(|step| step.node == name) {
        let at = Duration::from_millis(step.at_ms);
        let Some(wait) = at.checked_sub(node.monotonic()) else {
            continue;
        };
        node.sleep(wait).await;
        match step.what {
            What::Set(value) => node.gauge(step.name, &step.labels, value),
            What::Count(times) => {
                for _ in 0..times {
                    node.count(step.name, &step.labels);
                }
            }
        }
    }
}
