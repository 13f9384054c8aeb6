//! A bulkhead of two places and a queue of two, under calls that come, stay and go away.

use std::rc::Rc;

use model::resilience::bulkhead::{Bulkhead, BulkheadLimits};
use sim::NodeContext;
use sim::random::Lineage;

use super::patience::within;
use crate::world::stage::{Program, Stage, expect_lines, ms, program, said_by, say};

/// One caller, in milliseconds: when it comes, how long it stays once inside, how long it queues, and
/// when it goes away whatever it is doing.
#[derive(Clone, Copy)]
struct Caller {
    at: u64,
    stays: u64,
    queues: u64,
    goes_after: u64,
}

const fn caller(at: u64, stays: u64) -> Caller {
    Caller {
        at,
        stays,
        queues: 1_000,
        goes_after: 1_000,
    }
}

fn server(callers: &[Caller]) -> Program {
    let callers: Rc<[Caller]> = callers.into();
    program(move |node| serve(node, callers.clone()))
}

async fn serve(node: NodeContext, callers: Rc<[Caller]>) {
    let limits = BulkheadLimits {
        concurrent: 2,
        waiting: 2,
    };
    let bulkhead = Bulkhead::new(limits);
    for (number, caller) in (0..).zip(callers.iter().copied()) {
        let (context, bulkhead) = (node.clone(), bulkhead.clone());
        node.spawn_for(Lineage::of("caller").child("number", number), async move {
            context.sleep(ms(caller.at)).await;
            let call = async {
                match bulkhead.enter(&context, ms(caller.queues)).await {
                    Ok(place) => {
                        say(&context, format!("{number} in"));
                        context.sleep(ms(caller.stays)).await;
                        drop(place);
                        say(&context, format!("{number} out"));
                    }
                    Err(crowded) => say(&context, format!("{number}: {crowded}")),
                }
            };
            if within(&context, ms(caller.goes_after), call)
                .await
                .is_none()
            {
                say(&context, format!("{number} goes away"));
            }
        });
    }
    node.sleep(ms(90)).await;
    let (running, waiting) = (bulkhead.running(), bulkhead.waiting());
    say(&node, format!("at rest {running} in, {waiting} waiting"));
}

#[track_caller]
fn check(claim: &str, callers: &[Caller], expected: &[&str]) {
    let record = Stage::new([("core-1", server(callers))]).play();
    let mut lines = said_by(&record, "core-1");
    assert_eq!(
        lines.pop().as_deref(),
        Some("90 at rest 0 in, 0 waiting"),
        "{claim}"
    );
    expect_lines(&lines, expected, claim);
}

#[test]
fn who_comes_first_is_served_first_and_the_rest_is_refused_at_once() {
    check(
        "five callers at two places and two turns",
        &[
            caller(1, 20),
            caller(2, 30),
            caller(3, 10),
            caller(4, 10),
            caller(5, 10),
        ],
        &[
            "1 0 in",
            "2 1 in",
            "5 4: 2 calls are under way and 2 wait already; ask again later",
            "21 0 out",
            "21 2 in",
            "31 2 out",
            "31 3 in",
            "32 1 out",
            "41 3 out",
        ],
    );
}

#[test]
fn nobody_queues_longer_than_patience_lasts() {
    const HASTY: Caller = Caller {
        queues: 5,
        ..caller(3, 10)
    };
    check(
        "the third gives up, the fourth gets the place",
        &[caller(1, 20), caller(2, 30), HASTY, caller(4, 10)],
        &[
            "1 0 in",
            "2 1 in",
            "8 2: no place came free within 5 ms; ask again later",
            "21 0 out",
            "21 3 in",
            "31 3 out",
            "32 1 out",
        ],
    );
}

#[test]
fn who_goes_away_takes_no_place_along() {
    const LEAVES_ITS_PLACE: Caller = Caller {
        goes_after: 10,
        ..caller(1, 50)
    };
    const LEAVES_THE_QUEUE: Caller = Caller {
        goes_after: 5,
        ..caller(3, 50)
    };
    const LEAVES_AS_ITS_TURN_COMES: Caller = Caller {
        goes_after: 7,
        ..caller(4, 50)
    };
    check(
        "from inside, from the queue, and at the moment it is called",
        &[
            LEAVES_ITS_PLACE,
            caller(2, 30),
            LEAVES_THE_QUEUE,
            LEAVES_AS_ITS_TURN_COMES,
            caller(9, 10),
        ],
        &[
            "1 0 in",
            "2 1 in",
            "8 2 goes away",
            "11 0 goes away",
            "11 3 in",
            "11 3 goes away",
            "11 4 in",
            "21 4 out",
            "32 1 out",
        ],
    );
}
