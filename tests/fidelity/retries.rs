//! What retries cost and what they save, at one layer and at three.
//!
//! With a chance of failure p and n tries, a request takes (1 − pⁿ)/(1 − p) tries on average and
//! fails for good with the chance pⁿ. Layers multiply: three that try four times each put 64 tries on the
//! last ("Site Reliability Engineering", chapter 22).

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use model::core::retry::Backoff;
use sim::NodeContext;
use sim::network::{Payload, Request};
use sim::random::{Lineage, Root};
use sim::ratio::Ratio;

use super::estimate::{Estimate, expect_near};
use super::quiet::{moments, run_until, world};
use super::times;

const PATIENCE: Duration = Duration::from_secs(3_600);

#[derive(Debug, Hash)]
struct Ask;
#[derive(Debug, Hash)]
struct Told {
    ok: bool,
}

impl Payload for Ask {}
impl Payload for Told {}
impl Request for Ask {
    type Response = Told;
}

fn backoff(attempts_max: u32) -> Backoff {
    Backoff {
        base: Duration::from_millis(10),
        cap: Duration::from_secs(1),
        attempts_max,
    }
}

/// Asks until it is told yes or no try is left.
async fn try_and_try(node: &NodeContext, whom: sim::NodeId, attempts_max: u32) -> bool {
    let mut waits = node.stream(Root::Schedule, "backoff");
    for failed in 1.. {
        let answer = node.call(whom, Ask, PATIENCE).await;
        if answer.expect("nothing is lost here").ok {
            return true;
        }
        match backoff(attempts_max).wait(failed, &mut waits) {
            Some(wait) => node.sleep(wait).await,
            None => break,
        }
    }
    false
}

/// The last layer: fails by chance, and counts what it is asked.
async fn fail(node: NodeContext, chance: Ratio, asked: Rc<Cell<u64>>) {
    let mut draws = node.stream(Root::Workload, "fails");
    loop {
        let incoming = node.receive().await;
        asked.set(asked.get() + 1);
        let ok = !draws.chance(chance);
        node.reply(&incoming, Told { ok });
    }
}

/// A layer between: passes on what it is asked, as often as it takes.
async fn pass_on(node: NodeContext, to: &str, attempts_max: u32) {
    let below = node.find(to);
    for number in 0.. {
        let incoming = node.receive().await;
        let context = node.clone();
        node.spawn_for(Lineage::of("asked").child("number", number), async move {
            let ok = try_and_try(&context, below, attempts_max).await;
            context.reply(&incoming, Told { ok });
        });
    }
}

/// Sends requests down through some layers that try so often each; gives how many were asked of the last
/// one, and how many requests failed.
fn descend(layers: usize, attempts_max: u32, chance: Ratio, requests: u64) -> (u64, u64) {
    let (over, asked, failed) = (
        Rc::new(Cell::new(false)),
        Rc::new(Cell::new(0)),
        Rc::new(Cell::new(0)),
    );
    let (end, tally, losses) = (over.clone(), asked.clone(), failed.clone());
    run_until(world(5, moments()), over, |world| {
        world.add_node("layer-0", move |node| fail(node, chance, tally.clone()));
        for layer in 1..layers {
            world.add_node(&format!("layer-{layer}"), move |node| async move {
                pass_on(node, &format!("layer-{}", layer - 1), attempts_max).await;
            });
        }
        world.add_node("user", move |node| -> Pin<Box<dyn Future<Output = ()>>> {
            let (end, losses) = (end.clone(), losses.clone());
            Box::pin(async move {
                let top = node.find(&format!("layer-{}", layers - 1));
                for _ in 0..requests {
                    let ok = try_and_try(&node, top, attempts_max).await;
                    losses.set(losses.get() + u64::from(!ok));
                }
                end.set(true);
                pending::<()>().await;
            })
        });
    });
    (asked.get(), failed.get())
}

#[test]
fn tries_and_failures_are_as_the_formula_says() {
    for (percent, attempts_max, error_max) in [(50, 5, 0.05), (30, 3, 0.06), (90, 6, 0.03)] {
        let requests = 20_000 * times();
        let (asked, failed) = descend(1, attempts_max, Ratio::new(percent, 100), requests);
        let p = f64::from(percent) / 100.0;
        let lost = p.powi(attempts_max as i32);
        let name = format!("{attempts_max} tries that fail with {p}");
        let tries = asked as f64 / requests as f64;
        expect_near(
            &format!("{name}: tries"),
            tries,
            (1.0 - lost) / (1.0 - p),
            0.02,
        );
        Estimate::of_count(failed, requests).expect(&format!("{name}: lost"), lost, error_max);
    }
}

#[test]
fn layers_multiply_their_tries() {
    for (layers, attempts_max, asked) in [(1, 5, 5), (2, 6, 36), (3, 4, 64), (5, 3, 243)] {
        assert_eq!(
            descend(layers, attempts_max, Ratio::ALWAYS, 1),
            (asked, 1),
            "{layers} layers of {attempts_max} tries"
        );
    }
}
