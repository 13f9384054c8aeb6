//! Each sub-seed decides its own part of a run, and nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use sim::fault::FaultKind;
use sim::latency::Latency;
use sim::network::LinkProfiles;
use sim::random::{Lineage, Root, Seeds};
use sim::ratio::Ratio;
use sim::record::Record;
use sim::record::trace::Happening;

use super::busy;
use crate::world::cast::{Question, hears};
use crate::world::stage::{Stage, during, ms, program};

/// The seed of one part moved, the others held.
fn moved(part: Root) -> Seeds {
    let held = Seeds::derive(1);
    let other = Seeds::derive(2);
    match part {
        Root::Workload => Seeds {
            workload: other.workload,
            ..held
        },
        Root::Plan => Seeds {
            plan: other.plan,
            ..held
        },
        Root::Schedule => Seeds {
            schedule: other.schedule,
            ..held
        },
    }
}

/// A sender whose thirty messages and their times are drawn, and a line that loses half of them.
fn sends(seeds: Seeds) -> Record {
    let sender = program(|node| async move {
        for number in 0..30 {
            let mut drawn = node.stream(Root::Workload, "message");
            node.sleep(drawn.span(ms(1), ms(20))).await;
            let lineage = Lineage::of("message").child("number", number);
            let own = node.clone();
            node.spawn_for(lineage, async move {
                own.send(own.find("receiver"), Question(drawn.below(1_000)));
            });
        }
    });
    let half = FaultKind::Loss {
        ratio: Ratio::new(1, 2),
    };
    let stage = Stage::new([("sender", sender), ("receiver", hears())]);
    let stage = stage
        .with([during(half, "sender -> receiver", 0, 5_000)])
        .lasting(2_000);
    stage
        .configured(|config| {
            config.seeds = seeds;
            config.links = LinkProfiles::everywhere(Latency::uniform(ms(1), ms(50)));
        })
        .play()
}

/// What was sent when; which of it was lost; how long the rest took. The parts the seeds decide.
fn parts(record: &Record) -> (Vec<(u64, String)>, Vec<usize>, Vec<Duration>) {
    let mut sent = Vec::new();
    let mut lost = Vec::new();
    let mut took = Vec::new();
    let mut ids = Vec::new();
    for event in record.trace.events() {
        let index = |message| {
            ids.iter()
                .position(|(id, _)| *id == message)
                .expect("sent before")
        };
        match &event.what {
            Happening::Sent {
                message, payload, ..
            } => {
                ids.push((*message, event.at));
                sent.push((event.at.nanos(), format!("{payload:?}")));
            }
            Happening::Dropped { message, .. } => lost.push(index(*message)),
            Happening::Delivered { message } => took.push(event.at - ids[index(*message)].1),
            _ => {}
        }
    }
    (sent, lost, took)
}

#[test]
fn each_seed_moves_its_own_part_and_holds_the_others() {
    let (sent, lost, took) = parts(&sends(Seeds::derive(1)));
    assert!(sent.len() == 30 && lost.len() > 5 && took.len() > 5);
    let (same_sent, same_lost, other_took) = parts(&sends(moved(Root::Schedule)));
    assert_eq!(
        (&same_sent, &same_lost),
        (&sent, &lost),
        "the schedule decides latencies only"
    );
    assert_ne!(other_took, took);
    let (same_sent, other_lost, _) = parts(&sends(moved(Root::Plan)));
    assert_eq!(same_sent, sent, "the plan does not decide what is asked");
    assert_ne!(other_lost, lost);
    let (other_sent, same_lost, _) = parts(&sends(moved(Root::Workload)));
    assert_ne!(other_sent, sent);
    assert_eq!(
        same_lost, lost,
        "the third message is lost whatever it says"
    );
}

#[test]
fn the_plan_seed_alone_decides_the_plan() {
    let plan = busy::plan(Seeds::derive(1));
    assert_eq!(busy::plan(moved(Root::Workload)), plan);
    assert_eq!(busy::plan(moved(Root::Schedule)), plan);
    assert_ne!(busy::plan(moved(Root::Plan)), plan);
}

/// The order in which four tasks that are ready at once run.
fn order(seeds: Seeds) -> String {
    let racers = program(|node| async move {
        node.sleep(ms(1)).await;
        for name in ["a", "b", "c", "d"] {
            let own = node.clone();
            node.spawn(name, async move { crate::world::stage::say(&own, name) });
        }
    });
    let stage = Stage::new([("racers", racers)]).configured(|config| config.seeds = seeds);
    let lines = stage.lines();
    lines
        .iter()
        .filter_map(|line| line.rsplit(' ').next())
        .collect()
}

#[test]
fn the_schedule_seed_decides_which_ready_task_runs_next() {
    let orders: BTreeSet<String> = (0..200)
        .map(|schedule| {
            order(Seeds {
                schedule,
                ..Seeds::derive(1)
            })
        })
        .collect();
    assert!(orders.len() >= 20, "of 24 possible orders: {orders:?}");
    assert_eq!(order(moved(Root::Plan)), order(Seeds::derive(1)));
    assert_eq!(order(moved(Root::Workload)), order(Seeds::derive(1)));
}
