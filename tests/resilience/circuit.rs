//! A circuit under calls whose ends are known beforehand.
//!
//! A [`Call`] is data: when it comes, how long its work takes, how that ends, and how long its caller
//! waits. What is compared are the circuit's notes, its gauge, and the verdict of `breaker_legal`.

use std::collections::BTreeSet;
use std::rc::Rc;

use model::defects::{Defect, Defects};
use model::invariants::CHECKS;
use model::resilience::breaker::BreakerPolicy;
use model::resilience::breaker::Settlement::{self, Failure, Ignored, Success};
use model::resilience::circuit::Circuit;
use sim::check::Verdict;
use sim::fault::FaultKind;
use sim::random::{Lineage, Randomness, Root, Seeds};
use sim::record::Record;
use sim::world::WorldConfig;

use super::patience::within;
use crate::world::stage::{Program, Stage, during, expect_lines, ms, program, said_by, say};

/// One call, in milliseconds.
#[derive(Clone, Copy)]
struct Call {
    at: u64,
    takes: u64,
    ends: Settlement,
    patience: u64,
}

/// A call that takes 10 ms.
const fn call(at: u64, ends: Settlement) -> Call {
    Call {
        at,
        takes: 10,
        ends,
        patience: 1_000_000,
    }
}

/// A call that would take a second and whose caller goes away after 100 ms.
const fn cancelled(at: u64) -> Call {
    Call {
        at,
        takes: 1_000,
        ends: Success,
        patience: 100,
    }
}

/// A call that takes long.
const fn long(at: u64, takes: u64, ends: Settlement) -> Call {
    Call {
        takes,
        ..call(at, ends)
    }
}

/// Makes these calls through the circuit `ledger`, at each of its starts.
fn caller(calls: &[Call], defects: &[Defect]) -> Program {
    let calls: Rc<[Call]> = calls.into();
    let defects = Defects::of(defects.iter().copied());
    program(move |node| {
        let calls = calls.clone();
        let policy = BreakerPolicy::LEDGER;
        let circuit = Circuit::new(node.clone(), "ledger", policy, &defects);
        async move {
            for (number, call) in (0..).zip(calls.iter().copied()) {
                let (caller, circuit) = (node.clone(), circuit.clone());
                node.spawn_for(Lineage::of("call").child("number", number), async move {
                    caller.sleep(ms(call.at)).await;
                    let work = async {
                        caller.sleep(ms(call.takes)).await;
                        call.ends
                    };
                    let guarded = circuit.call(work, |ends| *ends);
                    let words = match within(&caller, ms(call.patience), guarded).await {
                        Some(Ok(ends)) => format!("{number} {ends:?}"),
                        Some(Err(rejected)) => {
                            let after = rejected.retry_after.as_millis();
                            format!("{number} rejected for {after} ms")
                        }
                        None => format!("{number} cancelled"),
                    };
                    say(&caller, words);
                });
            }
        }
    })
}

fn stage(calls: &[Call], defects: &[Defect]) -> Stage {
    Stage::new([("core-1", caller(calls, defects))]).lasting(90_000)
}

/// The circuit's notes: milliseconds, event, and what else they tell but the clock.
fn told(record: &Record) -> Vec<String> {
    let notes = record.notes.iter().filter(|note| note.name == "breaker");
    let lines = notes.map(|note| {
        let mut line = format!("{} {}", note.at.millis(), note.detail.text("event"));
        for part in ["probe", "outcome", "failures", "requests"] {
            let value = note.detail.get(part);
            if !value.is_null() {
                line.push_str(&format!(" {part}={value}"));
            }
        }
        line
    });
    lines.collect()
}

/// The changes of the state's gauge: milliseconds and value.
fn shown(record: &Record) -> Vec<(u64, i64)> {
    let key = r#"core.circuit_breaker.state{circuit="ledger",instance="core-1"}"#;
    let mut gauges = record.metrics.gauges();
    let (_, samples) = gauges
        .find(|(found, _)| found.to_string() == key)
        .expect("the circuit shows its state");
    samples
        .iter()
        .map(|(at, value)| (at.millis(), *value))
        .collect()
}

fn verdict(record: &Record) -> Verdict {
    let check = CHECKS.iter().find(|check| check.name == "breaker_legal");
    check.expect("the check is listed").verdict(record)
}

/// Two successes and three failures: it opens at 510 ms and may probe from 10,510 ms on.
const OUTAGE: [Call; 5] = [
    call(100, Success),
    call(200, Success),
    call(300, Failure),
    call(400, Failure),
    call(500, Failure),
];

fn outage_and(then: &[Call]) -> Vec<Call> {
    [&OUTAGE, then].concat()
}

#[test]
fn it_leaves_a_failing_neighbour_alone_and_comes_back_by_probes() {
    let calls = outage_and(&[
        call(600, Success),
        call(11_000, Failure),
        call(21_010, Success),
        call(21_015, Success),
        call(22_000, Success),
        call(23_000, Success),
    ]);
    let record = stage(&calls, &[]).play();
    let expected = [
        "310 failure",
        "410 failure",
        "510 failure",
        "510 opened failures=3 requests=5",
        "11000 half_opened",
        "11000 probe probe=0",
        "11010 probe_ended probe=0 outcome=failure",
        "11010 opened failures=1 requests=1",
        "21010 half_opened",
        "21010 probe probe=1",
        "21015 refused",
        "21020 probe_ended probe=1 outcome=success",
        "22000 probe probe=2",
        "22010 probe_ended probe=2 outcome=success",
        "22010 closed",
    ];
    expect_lines(&told(&record), &expected, "the circuit's notes");
    let expected = [
        "110 0 Success",
        "210 1 Success",
        "310 2 Failure",
        "410 3 Failure",
        "510 4 Failure",
        "600 5 rejected for 9910 ms",
        "11010 6 Failure",
        "21015 8 rejected for 1000 ms",
        "21020 7 Success",
        "22010 9 Success",
        "23010 10 Success",
    ];
    expect_lines(&said_by(&record, "core-1"), &expected, "what callers saw");
    let changes = [
        (0, 0),
        (510, 1),
        (11_000, 2),
        (11_010, 1),
        (21_010, 2),
        (22_010, 0),
    ];
    assert_eq!(shown(&record), changes);
    for state in [
        "breaker_opened",
        "breaker_half_opened",
        "breaker_closed_again",
    ] {
        assert!(record.reached.contains(state), "{state}");
    }
    assert_eq!(verdict(&record), Verdict::Held);
}

#[test]
fn a_cancelled_probe_leaves_its_place_to_the_next() {
    let calls = outage_and(&[
        cancelled(11_000),
        call(11_050, Success),
        call(11_200, Ignored),
        call(11_300, Success),
        call(11_400, Success),
    ]);
    let record = stage(&calls, &[]).play();
    let expected = [
        "11000 half_opened",
        "11000 probe probe=0",
        "11050 refused",
        "11100 probe_ended probe=0 outcome=abandoned",
        "11200 probe probe=1",
        "11210 probe_ended probe=1 outcome=ignored",
        "11300 probe probe=2",
        "11310 probe_ended probe=2 outcome=success",
        "11400 probe probe=3",
        "11410 probe_ended probe=3 outcome=success",
        "11410 closed",
    ];
    expect_lines(&told(&record)[4..], &expected, "after it opened");
    assert_eq!(verdict(&record), Verdict::Held);
}

#[test]
fn a_probe_nobody_hears_of_is_given_up_and_its_late_end_decides_nothing() {
    let calls = outage_and(&[
        long(11_000, 62_000, Failure),
        call(70_999, Success),
        call(71_000, Success),
        call(74_000, Success),
    ]);
    let record = stage(&calls, &[]).play();
    let expected = [
        "11000 half_opened",
        "11000 probe probe=0",
        "70999 refused",
        "71000 probe_ended probe=0 outcome=given_up",
        "71000 probe probe=1",
        "71010 probe_ended probe=1 outcome=success",
        "74000 probe probe=2",
        "74010 probe_ended probe=2 outcome=success",
        "74010 closed",
    ];
    expect_lines(&told(&record)[4..], &expected, "after it opened");
    assert_eq!(verdict(&record), Verdict::Held);
}

#[test]
fn refusals_are_noted_once_a_second() {
    let refused = (0..40).map(|number| call(11_100 + 50 * number, Success));
    let then: Vec<Call> = [long(11_000, 5_000, Success)]
        .into_iter()
        .chain(refused)
        .collect();
    let record = stage(&outage_and(&then), &[]).play();
    let expected = [
        "11000 half_opened",
        "11000 probe probe=0",
        "11100 refused",
        "12100 refused",
        "16000 probe_ended probe=0 outcome=success",
    ];
    expect_lines(&told(&record)[4..], &expected, "after it opened");
}

#[test]
fn a_process_that_dies_forgets_and_begins_closed() {
    let calls = outage_and(&[long(11_000, 1_000, Success)]);
    let crash = during(FaultKind::Crash, "core-1", 11_500, 20_000);
    let record = stage(&calls, &[]).with([crash]).play();
    assert_eq!(record.findings, []);
    assert_eq!(
        shown(&record),
        [
            (0, 0),
            (510, 1),
            (11_000, 2),
            (20_000, 0),
            (20_510, 1),
            (31_000, 2),
            (32_000, 2)
        ][..6]
    );
    assert_eq!(verdict(&record), Verdict::Held);
}

#[test]
fn its_time_is_the_nodes_own() {
    // Twice as fast, it has counted its ten seconds after five.
    let calls = outage_and(&[call(5_500, Success), call(5_510, Success)]);
    let twice_as_fast = FaultKind::ClockDrift {
        parts_per_million: 1_000_000,
    };
    let drift = during(twice_as_fast, "core-1", 0, 60_000);
    let record = stage(&calls, &[]).with([drift]).play();
    let expected = [
        "505 opened failures=3 requests=5",
        "5510 half_opened",
        "5510 probe probe=0",
        "5515 probe_ended probe=0 outcome=success",
    ];
    expect_lines(&told(&record)[3..], &expected, "once it opened");
    assert_eq!(verdict(&record), Verdict::Held);
}

/// Calls on which a defect shows, and what the check then says.
const DEFECTS: [(Defect, &[Call], &str); 4] = [
    (
        Defect::BreakerCountsValidationErrors,
        &[
            call(600, Ignored),
            call(700, Success),
            call(800, Ignored),
            call(900, Failure),
            call(1_000, Success),
            call(1_100, Ignored),
        ],
        "it opened for 4 failures, of which 1 in 60 s were failures of the neighbour",
    ),
    (
        Defect::BreakerCountsValidationErrors,
        &[
            call(600, Success),
            call(700, Success),
            call(800, Failure),
            call(900, Failure),
            call(1_000, Failure),
            call(12_000, Ignored),
        ],
        "it opened again without a failed probe",
    ),
    (
        Defect::HalfOpenAdmitsMany,
        &[
            call(600, Success),
            call(700, Success),
            call(800, Failure),
            call(900, Failure),
            call(1_000, Failure),
            call(12_000, Success),
            call(12_005, Success),
        ],
        "2 probes were under way at once; 1 may be",
    ),
    (
        Defect::BreakerNeverCloses,
        &[
            call(600, Success),
            call(700, Success),
            call(800, Failure),
            call(900, Failure),
            call(1_000, Failure),
            cancelled(12_000),
            call(13_000, Success),
        ],
        "it refused a call although no probe was under way",
    ),
];

#[test]
fn each_defect_shows_and_nothing_does_without_it() {
    for (defect, calls, claim) in DEFECTS {
        assert_eq!(defect.info().caught_by, "breaker_legal");
        assert_eq!(
            verdict(&stage(calls, &[]).play()),
            Verdict::Held,
            "without {defect}"
        );
        let Verdict::Violated(evidence) = verdict(&stage(calls, &[defect]).play()) else {
            panic!("{defect} is caught");
        };
        let found: Vec<_> = evidence
            .iter()
            .map(|one| (&*one.subject, &*one.claim))
            .collect();
        assert_eq!(found, [("core-1/ledger", claim)], "{defect}");
    }
}

#[test]
fn a_breaker_that_never_closes_refuses_for_ever() {
    let calls = outage_and(&[cancelled(11_000), call(88_000, Success)]);
    let last = |defects: &[Defect]| said_by(&stage(&calls, defects).play(), "core-1").pop();
    assert_eq!(last(&[]).as_deref(), Some("88010 6 Success"));
    let defective = last(&[Defect::BreakerNeverCloses]);
    assert_eq!(defective.as_deref(), Some("88000 6 rejected for 1000 ms"));
}

/// Calls by chance: bad times and good ones, short and long, some whose caller goes away.
fn drawn_calls(seed: u64) -> Vec<Call> {
    let randomness = Randomness::new(Seeds::derive(seed));
    let mut stream = randomness.stream(Root::Workload, Lineage::of("calls"), "calls");
    let mut calls: Vec<Call> = (0..120)
        .map(|_| {
            let at = stream.below(80_000);
            let bad = (at / 15_000).is_multiple_of(2);
            let healthy = [Success, Success, Success, Success, Ignored, Failure];
            let sick = [Failure, Failure, Failure, Failure, Ignored, Success];
            Call {
                at,
                takes: *stream.pick(&[5, 50, 500, 5_000]),
                ends: *stream.pick(if bad { &sick } else { &healthy }),
                patience: *stream.pick(&[20, 1_000, 30_000]),
            }
        })
        .collect();
    calls.sort_by_key(|call| call.at);
    calls
}

/// How many seeds are tried.
const SEEDS: u64 = 40;

fn drawn(seed: u64, defects: &[Defect]) -> Record {
    let faults = [
        during(FaultKind::Pause, "core-1", 20_000, 24_000),
        during(FaultKind::Crash, "core-1", 50_000, 50_500),
    ];
    let stage = stage(&drawn_calls(seed), defects).with(faults);
    let seeded = |config: &mut WorldConfig| config.seeds = Seeds::derive(seed);
    stage.configured(seeded).play()
}

#[test]
fn calls_by_chance_keep_it_legal_and_take_it_through_every_state() {
    let mut reached = BTreeSet::new();
    for seed in 1..=SEEDS {
        let record = drawn(seed, &[]);
        assert_eq!(verdict(&record), Verdict::Held, "seed {seed}");
        assert_eq!(record.findings, [], "seed {seed}");
        reached.extend(record.reached);
    }
    for state in [
        "breaker_opened",
        "breaker_half_opened",
        "breaker_closed_again",
    ] {
        assert!(reached.contains(state), "{state} in {SEEDS} seeds");
    }
}

#[test]
fn calls_by_chance_show_each_defect() {
    for defect in DEFECTS.map(|(defect, ..)| defect) {
        let caught = |seed: &u64| matches!(verdict(&drawn(*seed, &[defect])), Verdict::Violated(_));
        let seed = (1..=SEEDS).find(caught);
        println!("{defect}: seed {seed:?}");
        assert!(seed.is_some(), "{defect} escapes {SEEDS} seeds");
    }
}
