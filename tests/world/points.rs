//! Fault points: strikes at the nth passing of a place in the code.

use sim::fault::{Fault, FaultKind};

use super::cast::{Answer, WORK, asks};
use super::faults::Case;
use super::stage::{Program, Stage, at_point, expect_lines, ms, program, said, said_by, say};

pub(super) const CASES: &[Case] = &[
    Case {
        scene: &WORK,
        fault: || at_point(FaultKind::Stall, "worker", "work.done", 2, 7),
        disturbed: &[
            "5 worker worked 0",
            "10 worker slept 0",
            "15 worker worked 1",
            "27 worker slept 1",
            "32 worker worked 2",
            "37 worker slept 2",
        ],
    },
    Case {
        scene: &WORK,
        fault: || at_point(FaultKind::Crash, "worker", "work.done", 2, 7),
        disturbed: &[
            "5 worker worked 0",
            "10 worker slept 0",
            "15 worker worked 1",
            "32 worker worked 0",
            "37 worker slept 0",
        ],
    },
    Case {
        scene: &WORK,
        fault: || at_point(FaultKind::Pause, "worker", "work.done", 2, 7),
        disturbed: &[
            "5 worker worked 0",
            "10 worker slept 0",
            "15 worker worked 1",
            "27 worker slept 1",
            "32 worker worked 2",
            "37 worker slept 2",
        ],
    },
];

/// A server that passes a point before the effect, one between effect and answer, and one after.
fn serves_in_steps() -> Program {
    program(|node| async move {
        loop {
            let incoming = node.receive().await;
            node.pass("before.effect").await;
            say(&node, "effect");
            node.pass("before.answer").await;
            let life = node.incarnation();
            node.reply(&incoming, Answer { life, before: 0 });
            node.pass("after.answer").await;
        }
    })
}

#[test]
fn a_crash_strikes_exactly_between_two_steps() {
    for (point, expected) in [
        ("before.effect", &["12 client 0 reset"][..]),
        ("before.answer", &["11 server effect", "12 client 0 reset"]),
        (
            "after.answer",
            &["11 server effect", "12 client 0 ok (life 0, 0 before)"],
        ),
    ] {
        let cast = [
            ("client", asks("server", &[10], 50)),
            ("server", serves_in_steps()),
        ];
        let crash = at_point(FaultKind::Crash, "server", point, 1, 20);
        expect_lines(&Stage::new(cast).with([crash]).lines(), expected, point);
    }
}

/// Passes a point every 10 ms, first after this long.
fn passes(first_ms: u64) -> Program {
    program(move |node| async move {
        node.sleep(ms(first_ms)).await;
        for number in 1.. {
            node.pass("here").await;
            say(&node, format!("passing {number}"));
            node.sleep(ms(10)).await;
        }
    })
}

#[test]
fn passings_are_counted_over_all_nodes_of_the_place_from_its_time_on() {
    for (nth, from_ms, stalled) in [
        (1, 0, "13 x passing 1"),
        (2, 0, "17 y passing 1"),
        (3, 0, "23 x passing 2"),
        (1, 12, "17 y passing 1"),
        (2, 12, "23 x passing 2"),
    ] {
        let stall = Fault {
            from_ms,
            ..at_point(FaultKind::Stall, "x, y", "here", nth, 3)
        };
        let about = format!("{stall} from {from_ms} ms");
        let cast = [("z", passes(8)), ("x", passes(10)), ("y", passes(14))];
        let record = Stage::new(cast).with([stall]).lasting(25).play();
        let lines = said(&record);
        let first_late = lines.iter().find(|line| line.starts_with(stalled));
        assert!(first_late.is_some(), "{about}: {lines:?}");
        assert_eq!(record.struck.len(), 1);
        assert!(
            said_by(&record, "z")[0].starts_with("8 "),
            "z is not of the place"
        );
    }
}

#[test]
fn a_stall_stops_the_task_a_pause_the_whole_process() {
    let two_tasks = || {
        program(|node| async move {
            let own = node.clone();
            node.spawn("other", async move {
                own.sleep(ms(12)).await;
                say(&own, "the other task");
            });
            node.sleep(ms(10)).await;
            node.pass("here").await;
            say(&node, "past the point");
        })
    };
    for (what, expected) in [
        (FaultKind::Stall, ["12 the other task", "15 past the point"]),
        (FaultKind::Pause, ["15 past the point", "15 the other task"]),
    ] {
        let fault = at_point(what, "node", "here", 1, 5);
        let about = fault.to_string();
        let mut lines = said_by(
            &Stage::new([("node", two_tasks())]).with([fault]).play(),
            "node",
        );
        lines.sort();
        expect_lines(&lines, &expected, &about);
    }
}

#[test]
fn a_node_isolated_at_a_point_goes_on_alone() {
    let cast = [
        ("client", asks("server", &[10, 40], 20)),
        ("server", serves_in_steps()),
    ];
    let isolate = at_point(FaultKind::Isolate, "server", "before.answer", 1, 15);
    expect_lines(
        &Stage::new(cast).with([isolate]).lines(),
        &[
            "11 server effect",
            "30 client 0 timed out",
            "41 server effect",
            "42 client 1 ok (life 0, 0 before)",
        ],
        "the first answer is lost",
    );
}
