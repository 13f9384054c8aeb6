//! Requests that need many answers are as slow as the slowest; a second copy takes the tail off.
//!
//! Dean and Barroso, "The Tail at Scale" (2013): of requests to 100 servers, each of which is slow once
//! in a hundred times, 63 % are slow. A hedged request costs as much more load as there are answers later
//! than its delay, and is slow only when both copies are.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use sim::NodeContext;
use sim::network::{Payload, Request};
use sim::random::{Lineage, Root};
use sim::ratio::Ratio;

use super::estimate::Estimate;
use super::quiet::{moments, run_until, world};
use super::times;

const FAST: Duration = Duration::from_millis(5);
const SLOW: Duration = Duration::from_secs(1);
/// What lies between a fast answer and a slow one.
const HEDGE_AFTER: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Hash)]
struct Ask;
#[derive(Debug, Hash)]
struct Done;

impl Payload for Ask {}
impl Payload for Done {}
impl Request for Ask {
    type Response = Done;
}

/// Answers after 5 ms, or, with a chance, after a second.
async fn serve(node: NodeContext, slow: Ratio) {
    for number in 0.. {
        let incoming = node.receive().await;
        let lineage = Lineage::of(&node.name()).child("answer", number);
        let context = node.clone();
        node.spawn_for(lineage, async move {
            let is_slow = context.stream(Root::Workload, "slow").chance(slow);
            context.sleep(if is_slow { SLOW } else { FAST }).await;
            context.reply(&incoming, Done);
        });
    }
}

/// What the caller saw.
#[derive(Default)]
struct Seen {
    slow: u64,
    second_copies: u64,
}

/// A world of some servers and one caller, who runs a task for each request.
fn run<Task>(
    servers: usize,
    slow: Ratio,
    requests: u64,
    request: impl Fn(NodeContext, Rc<Vec<sim::NodeId>>, Rc<RefCell<Seen>>) -> Task + 'static,
) -> Seen
where
    Task: Future<Output = ()>,
{
    let seen: Rc<RefCell<Seen>> = Rc::default();
    let over = Rc::new(Cell::new(false));
    let (end, tally, request) = (over.clone(), seen.clone(), Rc::new(request));
    run_until(world(4, moments()), over, |world| {
        for number in 0..servers {
            world.add_node(&format!("server-{number}"), move |node| serve(node, slow));
        }
        world.add_node("caller", move |node| {
            let (end, tally, request) = (end.clone(), tally.clone(), request.clone());
            async move {
                let names = (0..servers).map(|number| node.find(&format!("server-{number}")));
                let servers = Rc::new(names.collect::<Vec<_>>());
                for _ in 0..requests {
                    request(node.clone(), servers.clone(), tally.clone()).await;
                }
                end.set(true);
                pending::<()>().await;
            }
        });
    });
    seen.take()
}

#[test]
fn a_request_to_many_servers_is_slow_as_soon_as_one_of_them_is() {
    for (servers, slow, requests) in [(1, 100, 20_000), (10, 100, 5_000), (100, 100, 1_000)] {
        let requests = requests * times();
        let seen = run(
            servers,
            Ratio::new(1, slow),
            requests,
            |node, servers, seen| async move {
                let began = node.monotonic();
                let calls = servers
                    .iter()
                    .map(|server| node.call(*server, Ask, PATIENCE));
                let answers = join_all(calls).await;
                assert!(answers.iter().all(Result::is_ok), "nothing fails here");
                seen.borrow_mut().slow += u64::from(node.monotonic() - began >= SLOW);
            },
        );
        let exact = 1.0 - (1.0 - 1.0 / f64::from(slow)).powi(servers as i32);
        Estimate::of_count(seen.slow, requests).expect(
            &format!("slow requests to {servers} servers"),
            exact,
            0.1,
        );
    }
}

#[test]
fn a_hedged_request_costs_the_tail_in_load_and_is_slow_only_if_both_copies_are() {
    let requests = 60_000 * times();
    let seen = run(
        2,
        Ratio::new(2, 100),
        requests,
        |node, servers, seen| async move {
            let began = node.monotonic();
            let first = Box::pin(node.call(servers[0], Ask, PATIENCE));
            if let Either::Right((_, first)) = select(first, node.sleep(HEDGE_AFTER)).await {
                seen.borrow_mut().second_copies += 1;
                let second = Box::pin(node.call(servers[1], Ask, PATIENCE));
                select(first, second).await;
            }
            seen.borrow_mut().slow += u64::from(node.monotonic() - began >= SLOW);
        },
    );
    Estimate::of_count(seen.second_copies, requests).expect("second copies", 0.02, 0.05);
    Estimate::of_count(seen.slow, requests).expect("slow in spite of them", 0.02 * 0.02, 0.3);
}
