//! Lives: crash, restart, pause, slowness, handles of the dead.

use sim::NodeContext;
use sim::fault::FaultKind;
use sim::latency::Latency;
use sim::random::Root;
use sim::record::Record;

use super::cast::{CALLS, Question, WORK, hears, works};
use super::faults::Case;
use super::stage::{Program, Stage, during, expect_lines, ms, program, said, said_by, say};

pub(super) const CASES: &[Case] = &[
    Case {
        scene: &CALLS,
        fault: || during(FaultKind::Crash, "server", 18, 32),
        disturbed: &[
            "11 server does 0",
            "12 client 0 ok (life 0, 0 before)",
            "22 client 1 refused",
            "32 client 2 refused",
            "41 server does 3",
            "42 client 3 ok (life 1, 0 before)",
        ],
    },
    Case {
        scene: &CALLS,
        fault: || during(FaultKind::PowerLoss, "server", 18, 32),
        disturbed: &[
            "11 server does 0",
            "12 client 0 ok (life 0, 0 before)",
            "35 client 1 timed out",
            "41 server does 3",
            "42 client 3 ok (life 1, 0 before)",
            "45 client 2 timed out",
        ],
    },
    Case {
        scene: &CALLS,
        fault: || during(FaultKind::Pause, "server", 18, 32),
        disturbed: &[
            "11 server does 0",
            "12 client 0 ok (life 0, 0 before)",
            "32 server does 1",
            "32 server does 2",
            "33 client 1 ok (life 0, 1 before)",
            "33 client 2 ok (life 0, 2 before)",
            "41 server does 3",
            "42 client 3 ok (life 0, 3 before)",
        ],
    },
    Case {
        scene: &WORK,
        fault: || during(FaultKind::Slow { factor: 3 }, "worker", 8, 22),
        disturbed: &[
            "5 worker worked 0",
            "10 worker slept 0",
            "25 worker worked 1",
            "30 worker slept 1",
            "35 worker worked 2",
            "40 worker slept 2",
        ],
    },
];

/// Counts in memory and on disk every 10 ms; says both at each start.
fn counts() -> Program {
    program(|node| async move {
        let mut memory = 0;
        loop {
            let disk = node.disk().read("count").await.unwrap_or_default().len();
            let life = node.incarnation();
            say(
                &node,
                format!("life {life}: {memory} in memory, {disk} on disk"),
            );
            node.sleep(ms(9)).await;
            memory += 1;
            if node.disk().append("count", b"|").await.is_err() {
                say(&node, "cannot write");
            }
        }
    })
}

#[test]
fn a_crash_loses_memory_and_keeps_the_disk() {
    let crash = during(FaultKind::Crash, "node", 25, 30);
    expect_lines(
        &Stage::new([("node", counts())])
            .with([crash])
            .lasting(45)
            .lines(),
        &[
            "1 node life 0: 0 in memory, 0 on disk",
            "12 node life 0: 1 in memory, 1 on disk",
            "23 node life 0: 2 in memory, 2 on disk",
            "31 node life 1: 0 in memory, 2 on disk",
            "42 node life 1: 1 in memory, 3 on disk",
        ],
        "crashed from 25 to 30 ms",
    );
}

#[test]
fn a_process_restarts_when_the_last_fault_that_keeps_it_down_ends() {
    let born = program(|node| async move { say(&node, format!("life {}", node.incarnation())) });
    let faults = [
        during(FaultKind::Crash, "node", 10, 30),
        during(FaultKind::PowerLoss, "node", 20, 50),
        during(FaultKind::Crash, "node", 40, 45),
    ];
    let lines = Stage::new([("node", born)]).with(faults).lines();
    expect_lines(
        &lines,
        &["0 node life 0", "50 node life 1"],
        "three faults overlap",
    );
}

#[test]
fn a_process_that_ends_itself_is_started_again_by_its_supervisor() {
    let gives_up = program(|node| async move {
        say(&node, format!("life {}", node.incarnation()));
        node.sleep(ms(10)).await;
        if node.incarnation() < 2 {
            node.abort(ms(15)).await;
        }
        say(&node, "stays");
    });
    expect_lines(
        &Stage::new([("node", gives_up)]).lines(),
        &[
            "0 node life 0",
            "25 node life 1",
            "50 node life 2",
            "60 node stays",
        ],
        "it ends itself after 10 ms and is down for 15",
    );
}

#[test]
fn a_crash_ends_the_tasks_of_its_own_process_only() {
    /// Starts twenty tasks, each for so long, and says how many came to their end.
    fn starts_twenty(span_ms: u64) -> Program {
        program(move |node| async move {
            node.sleep(ms(5)).await;
            for _ in 0..20 {
                let own = node.clone();
                node.spawn("one of twenty", async move {
                    own.sleep(ms(span_ms)).await;
                    own.count("ended", &[("node", &own.name())]);
                });
            }
        })
    }
    let cast = [
        ("short", starts_twenty(1)),
        ("long", starts_twenty(60)),
        ("late", starts_twenty(61)),
    ];
    let crashes = [10, 20, 30].map(|at| during(FaultKind::Crash, "short", at, at + 1));
    let record = Stage::new(cast).with(crashes).play();
    let ended: Vec<_> = record
        .metrics
        .counters()
        .map(|(key, count)| (key.to_string(), count))
        .collect();
    let expected = [("late", 20), ("long", 20), ("short", 80)]
        .map(|(node, count)| (format!("ended{{node=\"{node}\"}}"), count));
    assert_eq!(
        ended, expected,
        "short lives four times, long and late once"
    );
}

/// Tells everybody when it is dropped, by every means a handle has.
struct LastWords(NodeContext);

impl Drop for LastWords {
    fn drop(&mut self) {
        let node = &self.0;
        say(node, "last words");
        node.send(node.find("other"), Question(9));
        node.count("last.words", &[]);
        node.gauge("last.words", &[], 1);
        node.measure("last.words", &[], None);
        node.reached("last words");
        node.spawn("last", async {});
        let _ = node.stream(Root::Plan, "last").bits();
    }
}

/// A node with last words, which it speaks at 20 ms if it lives so long.
fn with_last_words(fault: Option<FaultKind>, until_ms: u64) -> Record {
    let speaker = program(|node| async move {
        let words = LastWords(node.clone());
        node.sleep(ms(20)).await;
        drop(words);
    });
    let fault = fault.map(|what| during(what, "node", 10, 90));
    let cast = [("node", speaker), ("other", hears())];
    Stage::new(cast).with(fault).lasting(until_ms).play()
}

fn heard_of(record: &Record) -> (usize, usize, usize) {
    let metrics = &record.metrics;
    let measured =
        metrics.counters().count() + metrics.gauges().count() + metrics.histograms().count();
    (said(record).len(), measured, record.reached.len())
}

#[test]
fn what_a_dead_process_still_does_is_without_effect() {
    let alive = with_last_words(None, 50);
    assert_eq!(
        heard_of(&alive),
        (2, 3, 1),
        "alive, it is heard: {:?}",
        said(&alive)
    );
    for (about, record) in [
        ("crashed", with_last_words(Some(FaultKind::Crash), 50)),
        (
            "without power",
            with_last_words(Some(FaultKind::PowerLoss), 50),
        ),
        ("the run is over", with_last_words(None, 15)),
    ] {
        assert_eq!(heard_of(&record), (0, 0, 0), "{about}: {:?}", said(&record));
        assert_eq!(record.findings, [], "{about}");
    }
}

#[test]
fn a_panic_in_drop_code_is_a_finding_and_the_run_goes_on() {
    struct Explosive;
    impl Drop for Explosive {
        fn drop(&mut self) {
            panic!("dropped the bomb");
        }
    }
    let carrier = program(|node| async move {
        let _bomb = Explosive;
        node.sleep(ms(50)).await;
    });
    let cast = [("node", carrier), ("worker", works())];
    let record = Stage::new(cast)
        .with([during(FaultKind::Crash, "node", 10, 30)])
        .lasting(36)
        .play();
    let found: Vec<_> = record
        .findings
        .iter()
        .map(|finding| (&*finding.node, finding.at.millis()))
        .collect();
    assert_eq!(
        found,
        [("node", 10), ("node", 36)],
        "at the crash, and at the end in its second life"
    );
    assert_eq!(
        said_by(&record, "worker").last().map(String::as_str),
        Some("35 worked 3")
    );
}

/// Renews a lease at `keeper` every 10 ms for 40 ms, then says whether it believes to hold it.
fn leaseholder() -> Program {
    program(|node| async move {
        let keeper = node.find("keeper");
        let begun = node.monotonic();
        for _ in 0..4 {
            node.send(keeper, Question(0));
            node.sleep(ms(10)).await;
        }
        say(
            &node,
            format!("acts after {} ms", (node.monotonic() - begun).as_millis()),
        );
    })
}

/// Gives the lease up when nothing came for 25 ms.
fn lease_keeper() -> Program {
    program(|node| async move {
        let renewed = std::rc::Rc::new(std::cell::Cell::new(0));
        let (seen, receiver) = (renewed.clone(), node.clone());
        node.spawn("renewals", async move {
            loop {
                receiver.receive().await;
                seen.set(receiver.monotonic().as_millis());
            }
        });
        while node.monotonic().as_millis() - renewed.get() < 25 {
            node.sleep(ms(1)).await;
        }
        say(&node, "the lease is over");
    })
}

#[test]
fn a_pause_stops_one_node_while_a_lease_expires_elsewhere() {
    let play = |fault| {
        let cast = [("holder", leaseholder()), ("keeper", lease_keeper())];
        Stage::new(cast).with(fault).lines()
    };
    expect_lines(
        &play(None),
        &["40 holder acts after 40 ms", "56 keeper the lease is over"],
        "undisturbed, it acts in time",
    );
    expect_lines(
        &play(Some(during(FaultKind::Pause, "holder", 5, 60))),
        &["26 keeper the lease is over", "90 holder acts after 90 ms"],
        "paused, it acts when the lease is long over",
    );
}

#[test]
fn what_was_due_during_a_pause_comes_in_its_order_when_it_ends() {
    let sleeper = program(|node| async move {
        for span in [30, 20, 40] {
            let own = node.clone();
            node.spawn("sleep", async move {
                own.sleep(ms(span)).await;
                say(&own, format!("slept {span}"));
            });
        }
        node.receive().await;
        say(&node, "a message");
    });
    let teller = super::cast::tells("node", &[24]);
    let cast = [("node", sleeper), ("teller", teller)];
    let lines = Stage::new(cast)
        .with([during(FaultKind::Pause, "node", 10, 35)])
        .lines();
    let mut at_once = lines[..3].to_vec();
    at_once.sort();
    expect_lines(
        &at_once,
        &["35 node a message", "35 node slept 20", "35 node slept 30"],
        "at 35",
    );
    expect_lines(&lines[3..], &["40 node slept 40"], "later");
}

#[test]
fn slowness_multiplies_work_and_leaves_sleep_alone() {
    let worker = program(|node| async move {
        // The slowness begins after the first steps of a run, hence before the second sleep.
        node.sleep(ms(5)).await;
        node.sleep(ms(5)).await;
        say(&node, "slept");
        node.work(&Latency::constant(ms(3))).await;
        say(&node, "worked");
    });
    for (factors, expected) in [
        (&[][..], ["10 node slept", "13 node worked"]),
        (&[2], ["10 node slept", "16 node worked"]),
        (&[2, 5], ["10 node slept", "40 node worked"]),
    ] {
        let slow = |factor: &u32| during(FaultKind::Slow { factor: *factor }, "node", 0, 90);
        let stage = Stage::new([("node", worker.clone())]).with(factors.iter().map(slow));
        expect_lines(&stage.lines(), &expected, "slow");
    }
}
