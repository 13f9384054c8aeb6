//! An overload that outlives its cause, and what ends it.
//!
//! The example of Bronson and others, "Metastable failures in distributed systems" (HotOS 2021): a
//! database serves 300 requests a second, users time out after a second and try once more. It carries
//! 280 a second with ease. After ten seconds' standstill every answer comes too late, every request is
//! sent twice, and 560 a second keep it so for ever. The boundary is where twice the load is what it
//! serves: 150 a second.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use model::resilience::bulkhead::{Bulkhead, BulkheadLimits};
use model::resilience::deadline::Deadline;
use sim::NodeContext;
use sim::fault::{Fault, FaultKind, Plan};
use sim::network::{Payload, Request};
use sim::random::{Lineage, Root};

use super::estimate::expect_near;
use super::quiet::{moments, run_until, world};

const CAPACITY: u32 = 300;
const PATIENCE: Duration = Duration::from_secs(1);
/// There and back.
const ON_THE_WAY: Duration = Duration::from_micros(2);
const OUTAGE_MS: (u64, u64) = (20_000, 30_000);
const END: Duration = Duration::from_secs(240);
/// What counts. 140 a second, sent twice, leave 20 a second to work off the 2,800 of the outage: that takes
/// until 170 s, and longer the nearer the load is to the boundary.
const JUDGED_FROM: Duration = Duration::from_secs(200);

#[derive(Debug, Hash)]
struct Query {
    /// What is left of the user's patience.
    budget: Duration,
}
#[derive(Debug, Hash)]
struct Rows;

impl Payload for Query {}
impl Payload for Rows {}
impl Request for Query {
    type Response = Rows;
}

/// A defence, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defence {
    /// Users try once more, and the database serves whatever comes.
    None,
    /// Users do not try again.
    NoRetry,
    /// The database looks at the deadline first, and drops what it can no longer answer in time.
    DropsLate,
}

/// What happens a second, long after the outage.
#[derive(Debug, Default)]
struct Late {
    /// Users with a request.
    users: f64,
    /// Requests, second tries included.
    sent: f64,
    /// Requests answered in time.
    answered: f64,
}

fn run(load: u32, defence: Defence) -> Late {
    let late: Rc<RefCell<Late>> = Rc::default();
    let over = Rc::new(Cell::new(false));
    let (tally, end) = (late.clone(), over.clone());
    run_until(world(6, moments()), over, |world| {
        world.add_node("database", move |node| serve(node, defence));
        world.add_node("users", move |node| {
            use_it(node, load, defence, tally.clone(), end.clone())
        });
        let (from, until) = OUTAGE_MS;
        let outage = Fault::during(FaultKind::Pause, "database", from, until);
        world.install(Plan {
            faults: vec![outage.expect("the place reads well")],
        });
    });
    let late = late.take();
    let seconds = (END - JUDGED_FROM).as_secs_f64();
    Late {
        users: late.users / seconds,
        sent: late.sent / seconds,
        answered: late.answered / seconds,
    }
}

/// First come, first served.
async fn serve(node: NodeContext, defence: Defence) {
    let line = Bulkhead::new(BulkheadLimits {
        concurrent: 1,
        waiting: u32::MAX,
    });
    for number in 0.. {
        let message = node.receive().await;
        let query = message.payload::<Query>().expect("users only query");
        let deadline = Deadline::within(query.budget, node.monotonic());
        let (context, line) = (node.clone(), line.clone());
        node.spawn_for(Lineage::of("query").child("number", number), async move {
            let place = line.enter(&context, END).await;
            let place = place.expect("the line has no end, and the database has time");
            let service = Duration::from_secs(1) / CAPACITY;
            let in_time = deadline.remaining(context.monotonic()) > service + ON_THE_WAY;
            if defence != Defence::DropsLate || in_time {
                context.sleep(service).await;
                context.reply(&message, Rows);
            }
            drop(place);
        });
    }
}

async fn use_it(
    node: NodeContext,
    load: u32,
    defence: Defence,
    late: Rc<RefCell<Late>>,
    over: Rc<Cell<bool>>,
) {
    let database = node.find("database");
    let mut gaps = node.stream(Root::Workload, "gaps");
    for number in 0.. {
        let gap = gaps.exponential(Duration::from_secs(1) / load);
        node.sleep(gap).await;
        if node.monotonic() >= END {
            break;
        }
        let (context, late) = (node.clone(), late.clone());
        let lineage = Lineage::of("user").child("number", number);
        node.spawn_for(lineage, async move {
            let counts = f64::from(u8::from(context.monotonic() >= JUDGED_FROM));
            late.borrow_mut().users += counts;
            let tries = if defence == Defence::NoRetry { 1 } else { 2 };
            for _ in 0..tries {
                let counts = f64::from(u8::from(context.monotonic() >= JUDGED_FROM));
                late.borrow_mut().sent += counts;
                let query = Query { budget: PATIENCE };
                if context.call(database, query, PATIENCE).await.is_ok() {
                    late.borrow_mut().answered += counts;
                    return;
                }
            }
        });
    }
    over.set(true);
    std::future::pending().await
}

#[track_caller]
fn check(load: u32, defence: Defence, recovers: bool) {
    let late = run(load, defence);
    println!("{load} a second, {defence:?}: {late:?}");
    let Late {
        users,
        sent,
        answered,
    } = late;
    if recovers {
        expect_near("answered", answered, users, 0.02);
        expect_near("sent", sent, users, 0.02);
    } else {
        expect_near("sent", sent, 2.0 * users, 0.03);
        assert_eq!(answered, 0.0, "{load} {defence:?}: no answer comes in time");
    }
}

#[test]
fn an_overload_with_retries_stays_above_half_the_capacity_and_ends_below() {
    for (load, recovers) in [(100, true), (140, true), (160, false), (280, false)] {
        check(load, Defence::None, recovers);
    }
}

#[test]
fn without_retries_or_with_deadlines_that_are_looked_at_every_overload_ends() {
    for load in [160, 280] {
        check(load, Defence::NoRetry, true);
        check(load, Defence::DropsLate, true);
    }
}
