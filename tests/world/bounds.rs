//! Where a run ends that does not end by itself, and what the world finds fault with.

use sim::SimTime;
use sim::check::{Check, Evidence, Kind, NODES_BEHAVE, Verdict, judge, overall};
use sim::record::finding::FindingKind;
use sim::record::{Ending, Record};

use super::cast::works;
use super::stage::{Program, Stage, expect_lines, happenings, ms, program, said, said_by, say};

use sim::record::trace::Happening;

/// A promise that is kept in every run.
const KEPT: Check = Check {
    name: "kept",
    kind: Kind::Eventually,
    promise: "nothing",
    judge: |_| Ok(Vec::new()),
};

/// A promise that is broken in every run.
const BROKEN: Check = Check {
    name: "broken",
    kind: Kind::Always,
    promise: "everything",
    judge: |_| Ok(vec![Evidence::new("it", "is not so")]),
};

fn verdicts(record: &Record) -> Vec<&'static str> {
    let judgements = judge(record, &[KEPT, BROKEN]);
    judgements
        .iter()
        .map(|judgement| judgement.verdict.name())
        .collect()
}

/// A worker, and a director that waits for ever.
fn endless() -> Stage {
    Stage::new([("worker", works())]).directed(|_, director| async move {
        director.receive().await;
    })
}

#[test]
fn a_run_ends_at_each_of_its_bounds_and_then_nothing_counts_as_held() {
    let stalled = Stage::new([]).directed(|_, director| async move {
        director.receive().await;
    });
    let by_steps = endless().configured(|config| config.bounds.steps = 50);
    let by_time = endless().configured(|config| config.bounds.time = SimTime::from_millis(77));
    for (stage, ending, simulated_ms) in [
        (stalled, Ending::Stalled, 0),
        (by_steps, Ending::StepBound, 250),
        (by_time, Ending::TimeBound, 75),
    ] {
        let record = stage.play();
        assert_eq!(
            (&record.ending, record.simulated.millis()),
            (&ending, simulated_ms)
        );
        assert_eq!(
            verdicts(&record),
            ["unknown", "unknown", "violated"],
            "{ending:?}"
        );
    }
    let finished = Stage::new([]).play();
    assert_eq!(finished.ending, Ending::Finished);
    assert_eq!(verdicts(&finished), ["held", "held", "violated"]);
}

/// Panics at 15 ms of its first life.
fn panics() -> Program {
    program(|node| async move {
        node.sleep(ms(15)).await;
        if node.incarnation() == 0 {
            panic!("cannot count to {}", 3);
        }
    })
}

#[test]
fn a_panic_becomes_a_finding_with_message_and_place_and_the_run_goes_on() {
    let record = Stage::new([("faulty", panics()), ("worker", works())])
        .lasting(26)
        .play();
    let [finding] = &record.findings[..] else {
        panic!("one finding: {:?}", record.findings);
    };
    assert_eq!((&*finding.node, finding.at.millis()), ("faulty", 15));
    let FindingKind::Panic { message, place } = &finding.what else {
        panic!("a panic: {finding}");
    };
    assert_eq!(message, "cannot count to 3");
    assert!(place.contains("bounds.rs:"), "{place}");
    let events = happenings(&record, |what| {
        matches!(what, Happening::Panicked { .. } | Happening::Crashed { .. })
    });
    let expected = [
        "15 faulty panics: cannot count to 3",
        "15 faulty crashes (unsynced bytes kept)",
    ];
    expect_lines(&events, &expected, "its process is gone");
    assert_eq!(
        said_by(&record, "worker").last().map(String::as_str),
        Some("25 worked 2")
    );
    assert_eq!(record.ending, Ending::Finished);
    assert!(
        matches!(NODES_BEHAVE.verdict(&record), Verdict::Violated(evidence) if evidence.len() == 1)
    );
    assert_eq!(overall(&judge(&record, &[KEPT])), "violated");
}

#[test]
fn a_panic_outside_of_every_node_is_nobodys_finding() {
    let outside = std::panic::catch_unwind(|| panic!("outside"));
    assert!(outside.is_err());
    assert_eq!(Stage::new([("worker", works())]).play().findings, []);
}

#[test]
fn a_node_that_spins_is_found_and_stopped_and_the_run_goes_on() {
    let spins = program(|node| async move {
        node.sleep(ms(15)).await;
        say(&node, "begins to spin");
        std::future::poll_fn::<(), _>(|poll| {
            poll.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    });
    let record = Stage::new([("spinner", spins), ("worker", works())])
        .lasting(26)
        .play();
    let found: Vec<_> = record
        .findings
        .iter()
        .map(|finding| (&*finding.node, &finding.what))
        .collect();
    assert_eq!(found, [("spinner", &FindingKind::Spin { polls: 10_001 })]);
    assert_eq!(
        said(&record).last().map(String::as_str),
        Some("25 worker worked 2")
    );
    assert!(matches!(
        NODES_BEHAVE.verdict(&record),
        Verdict::Violated(_)
    ));
}

#[test]
fn a_busy_instant_is_no_spin() {
    let busy = program(|node| async move {
        for _ in 0..2_000 {
            let own = node.clone();
            node.spawn("short", async move { own.count("tasks", &[]) });
        }
    });
    let record = Stage::new([("busy", busy)]).play();
    assert_eq!(record.findings, []);
    assert_eq!(
        record
            .metrics
            .counters()
            .map(|(_, count)| count)
            .collect::<Vec<_>>(),
        [2_000]
    );
}
