//! Writers that get in each other's way, and how they wait before they try again.
//!
//! Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015): clients read the version of a
//! row, write if it is still the same, and start again otherwise; a message takes 10 ± 2 ms. The figures
//! are those of his simulator (aws-samples/aws-arch-backoff-simulator at 66cb169), a hundred runs for each.
//! Full jitter is the system's own way of waiting.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use model::core::retry::Backoff;
use sim::NodeContext;
use sim::network::{Payload, Request};
use sim::random::{Root, Stream};

use super::estimate::Estimate;
use super::quiet::{moments, run_until, world};
use super::times;

const CLIENTS: usize = 100;
const BASE: Duration = Duration::from_millis(5);
const CAP: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);

/// How a client waits.
#[derive(Clone, Copy, Debug)]
enum Policy {
    None,
    Exponential,
    EqualJitter,
    FullJitter,
    Decorrelated,
}

/// The row: read its version, or write when it has this version.
#[derive(Debug, Hash)]
enum Ask {
    Read,
    WriteIf(u64),
}
#[derive(Debug, Hash)]
struct Version {
    now: u64,
    written: bool,
}

impl Payload for Ask {}
impl Payload for Version {}
impl Request for Ask {
    type Response = Version;
}

/// A client's waits.
struct Waits {
    policy: Policy,
    failed: u32,
    last: Duration,
}

impl Waits {
    fn next(&mut self, stream: &mut Stream) -> Duration {
        self.failed += 1;
        // The first wait is drawn below twice the base, as in the original.
        let backoff = Backoff {
            base: BASE * 2,
            cap: CAP,
            attempts_max: u32::MAX,
        };
        let doublings = self.failed.min(20);
        let bound = BASE.saturating_mul(1 << doublings).min(CAP);
        self.last = match self.policy {
            Policy::None => Duration::ZERO,
            Policy::Exponential => bound,
            Policy::EqualJitter => bound / 2 + stream.span(Duration::ZERO, bound / 2),
            Policy::FullJitter => backoff
                .wait(self.failed, stream)
                .expect("there is always another attempt"),
            Policy::Decorrelated => stream.span(BASE, self.last.max(BASE) * 3).min(CAP),
        };
        self.last
    }
}

/// How long a message takes: 10 ± 2 ms, normally distributed as the sum of twelve even draws is.
fn transit(stream: &mut Stream) -> Duration {
    let sum: Duration = (0..12)
        .map(|_| stream.span(Duration::ZERO, Duration::from_millis(2)))
        .sum();
    sum - Duration::from_millis(2)
}

/// Counts the writes that are tried until every client has written once, and the milliseconds that takes.
fn run(policy: Policy, seed: u64) -> (f64, f64) {
    let (over, writes, ended) = (
        Rc::new(Cell::new(false)),
        Rc::new(Cell::new(0_u32)),
        Rc::new(RefCell::new(Vec::new())),
    );
    let (end, tally, ends) = (over.clone(), writes.clone(), ended.clone());
    run_until(world(seed, moments()), over, |world| {
        world.add_node("row", move |node| keep(node, tally.clone()));
        for number in 0..CLIENTS {
            let (end, ends) = (end.clone(), ends.clone());
            world.add_node(&format!("client-{number}"), move |node| {
                let (end, ends) = (end.clone(), ends.clone());
                async move {
                    write_once(&node, policy).await;
                    ends.borrow_mut().push(node.monotonic());
                    end.set(ends.borrow().len() == CLIENTS);
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    let last = ended.borrow().iter().copied().max().unwrap_or_default();
    (f64::from(writes.get()), last.as_secs_f64() * 1_000.0)
}

async fn keep(node: NodeContext, writes: Rc<Cell<u32>>) {
    let mut now = 0;
    loop {
        let incoming = node.receive().await;
        let ask = incoming.payload::<Ask>().expect("clients read and write");
        let written = matches!(*ask, Ask::WriteIf(version) if version == now);
        writes.set(writes.get() + u32::from(matches!(*ask, Ask::WriteIf(_))));
        now += u64::from(written);
        node.reply(&incoming, Version { now, written });
    }
}

async fn write_once(node: &NodeContext, policy: Policy) {
    let row = node.find("row");
    let mut stream = node.stream(Root::Workload, "client");
    let mut waits = Waits {
        policy,
        failed: 0,
        last: Duration::ZERO,
    };
    loop {
        let mut version = 0;
        for step in 0..2 {
            let ask = if step == 0 {
                Ask::Read
            } else {
                Ask::WriteIf(version)
            };
            node.sleep(transit(&mut stream)).await;
            let answer = node.call(row, ask, PATIENCE).await;
            let answer = answer.expect("nothing is lost here");
            node.sleep(transit(&mut stream)).await;
            if answer.written {
                return;
            }
            version = answer.now;
        }
        node.sleep(waits.next(&mut stream)).await;
    }
}

#[test]
fn a_hundred_clients_call_and_wait_as_often_as_in_the_original() {
    // Policy, writes tried, milliseconds until all have written.
    let figures = [
        (Policy::None, 2_421.9, 2_026.2),
        (Policy::Exponential, 1_861.0, 63_572.4),
        (Policy::EqualJitter, 812.6, 6_619.7),
        (Policy::FullJitter, 795.4, 4_925.4),
        (Policy::Decorrelated, 1_000.4, 4_576.2),
    ];
    for (policy, calls, completion_ms) in figures {
        let runs: Vec<(f64, f64)> = (1..=12 * times()).map(|seed| run(policy, seed)).collect();
        let (writes, ends): (Vec<f64>, Vec<f64>) = runs.into_iter().unzip();
        let of = |what| format!("{policy:?}: {what}");
        Estimate::of_independent(&writes).expect(&of("calls"), calls, 0.02);
        Estimate::of_independent(&ends).expect(&of("completion in ms"), completion_ms, 0.06);
    }
}
