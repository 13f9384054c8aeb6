//! A run as people read it: the whole report, the timeline and the log.

use std::time::Duration;

use sim::check::{Evidence, Judgement, Kind, Verdict};
use sim::record::Ending;
use sim::record::metrics::MetricKey;

use super::fixture;
use crate::style::Style;
use crate::timeline::Timeline;

#[test]
fn a_run_is_told_from_what_was_tried_to_the_command_that_repeats_it() {
    let record = fixture::record();
    let judgements = fixture::judgements(&record);
    let text = fixture::report(&record, &judgements).to_text(Style::PLAIN);
    insta::assert_snapshot!(text, @r#"
    lost-answer  seed 0x2a
    A client stores two keys while answers get lost.

      simulated    145 ms, 25 events
      fingerprint  0123456789abcdef0011223344556677
      defects      ack_lost_means_dead
      reached      answer_lost
      pending      job 7 of store

    Faults  1 of 2 took hold
      ●  #0  lose-replies (100%) at store -> director, 30–200 ms
      ○  #1  crash at store, 5000–6000 ms — never took hold

    Operations  2: 1 ok, 0 failed, 1 unknown

    Latency
      count      p50    p95    p99    max
          2  5.12 ms  never  never  never  store.latency{operation="put"}

    Checks  2 held, 1 violated, 1 unknown
      ✓  nodes_behave          always
      ✓  acked_writes_survive  always
      ✗  no_answer_lost        eventually  key k2
      ?  queue_bounded         always      the table `queues` could not be read at the end of the run

    ✗ no_answer_lost
      promised: every operation is answered

      key k2: the client was told nothing, although the store kept the write
        o1  client-1  0.045s – 0.145s  put {amount: 1, key: k2} ⇒ unknown (no answer before the
                                       deadline)
        e18  0.048000s  store     notes stored {key: k2}
        e19  0.048000s  store     → director  response m3 Stored { version: 3 }
        e20  0.048000s  store     response m3 store → director is lost (lose-replies)
        ⋮
      ▸ e22  0.145000s  director  client-1 completes o1 put: unknown (no answer before the deadline)
        e23  0.145000s  director  all faults are lifted
        e24  0.145000s  director  fault #0 ends: lose-replies (100%) at store -> director, 30–200 ms

    ✗  1 of 4 checks violated: no_answer_lost. 1 could not judge: queue_bounded.

    run it again:  proveniq run lost-answer --seed 0x2a --defect ack_lost_means_dead
    "#);
}

#[test]
fn colour_marks_verdicts_faults_and_parties_and_changes_no_word() {
    let record = fixture::record();
    let judgements = fixture::judgements(&record);
    let report = fixture::report(&record, &judgements);
    let colour = true;
    let coloured = report.to_text(Style {
        colour,
        ..Style::PLAIN
    });
    assert_eq!(uncoloured(&coloured), report.to_text(Style::PLAIN));
    insta::assert_snapshot!(coloured.replace('\u{1b}', "␛"), @r#"
    ␛[1mlost-answer␛[0m  seed 0x2a
    A client stores two keys while answers get lost.

      ␛[2msimulated␛[0m    145 ms, 25 events
      ␛[2mfingerprint␛[0m  0123456789abcdef0011223344556677
      ␛[2mdefects␛[0m      ack_lost_means_dead
      ␛[2mreached␛[0m      answer_lost
      ␛[2mpending␛[0m      job 7 of store

    ␛[1mFaults␛[0m  1 of 2 took hold
      ␛[33m●␛[0m  ␛[2m#0␛[0m  lose-replies (100%) at store -> director, 30–200 ms
      ␛[2m○␛[0m  ␛[2m#1␛[0m  ␛[2mcrash at store, 5000–6000 ms — never took hold␛[0m

    ␛[1mOperations␛[0m  2: 1 ok, 0 failed, 1 unknown

    ␛[1mLatency␛[0m
      ␛[2mcount␛[0m      ␛[2mp50␛[0m    ␛[2mp95␛[0m    ␛[2mp99␛[0m    ␛[2mmax␛[0m
          2  5.12 ms  ␛[33mnever␛[0m  ␛[33mnever␛[0m  ␛[33mnever␛[0m  store.latency{operation="put"}

    ␛[1mChecks␛[0m  2 held, 1 violated, 1 unknown
      ␛[32m✓␛[0m  nodes_behave          ␛[2malways␛[0m
      ␛[32m✓␛[0m  acked_writes_survive  ␛[2malways␛[0m
      ␛[1m␛[31m✗␛[0m  ␛[1m␛[31mno_answer_lost␛[0m        ␛[2meventually␛[0m  key k2
      ␛[33m?␛[0m  ␛[33mqueue_bounded␛[0m         ␛[2malways␛[0m      the table `queues` could not be read at the end of the run

    ␛[1m␛[31m✗␛[0m ␛[1mno_answer_lost␛[0m
      ␛[2mpromised: every operation is answered␛[0m

      key k2: the client was told nothing, although the store kept the write
        ␛[2mo1␛[0m  client-1  ␛[2m0.045s – 0.145s␛[0m  put {amount: 1, key: k2} ⇒ unknown (no answer before the
                                       deadline)
        ␛[2me18␛[0m  ␛[2m0.048000s␛[0m  ␛[34mstore␛[0m     notes stored {key: k2}
        ␛[2me19␛[0m  ␛[2m0.048000s␛[0m  ␛[34mstore␛[0m     → ␛[36mdirector␛[0m  response m3 Stored { version: 3 }
        ␛[2me20␛[0m  ␛[2m0.048000s␛[0m  ␛[34mstore␛[0m     ␛[33mresponse m3 store → director is lost (lose-replies)␛[0m
        ␛[2m⋮␛[0m
      ␛[1m␛[31m▸␛[0m ␛[2me22␛[0m  ␛[2m0.145000s␛[0m  ␛[36mdirector␛[0m  ␛[1mclient-1 completes o1 put: unknown (no answer before the deadline)␛[0m
        ␛[2me23␛[0m  ␛[2m0.145000s␛[0m  ␛[36mdirector␛[0m  ␛[32mall faults are lifted␛[0m
        ␛[2me24␛[0m  ␛[2m0.145000s␛[0m  ␛[36mdirector␛[0m  ␛[33mfault #0 ends: lose-replies (100%) at store -> director, 30–200 ms␛[0m

    ␛[1m␛[31m✗␛[0m  ␛[1m␛[31m1 of 4 checks violated: no_answer_lost. 1 could not judge: queue_bounded.␛[0m

    run it again:  ␛[1m␛[36mproveniq run lost-answer --seed 0x2a --defect ack_lost_means_dead␛[0m
    "#);
}

fn uncoloured(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (_, rest) = piece.split_once('m').expect("a colour code ends in `m`");
        plain.push_str(rest);
    }
    plain
}

#[test]
fn the_timeline_tells_every_event_with_names() {
    let record = fixture::record();
    let text = Timeline::new(&record, Style::PLAIN).to_string();
    assert_eq!(text.lines().count() as u64, record.events);
    insta::assert_snapshot!(text, @r#"
     e0  0.000000s  director  starts
     e1  0.000000s  store     starts
     e2  0.000000s  director  client-1 invokes o0 put {amount: 1, key: k1}
     e3  0.000000s  director  → store     request m0 Put { key: "k1", amount: 1 }
     e4  0.002000s  store     ← director  request m0 Put
     e5  0.003000s  store     wakes
     e6  0.003000s  store     writes 2 bytes to log
     e7  0.003000s  store     notes stored {key: k1}
     e8  0.003000s  store     → director  response m1 Stored { version: 1 }
     e9  0.005000s  director  ← store     response m1 Stored
    e10  0.005000s  director  client-1 completes o0 put: ok {version: 1}
    e11  0.030000s  director  fault #0 begins: lose-replies (100%) at store -> director, 30–200 ms
    e12  0.045000s  director  wakes
    e13  0.045000s  director  client-1 invokes o1 put {amount: 1, key: k2}
    e14  0.045000s  director  → store     request m2 Put { key: "k2", amount: 2 }
    e15  0.047000s  store     ← director  request m2 Put
    e16  0.048000s  store     wakes
    e17  0.048000s  store     writes 2 bytes to log
    e18  0.048000s  store     notes stored {key: k2}
    e19  0.048000s  store     → director  response m3 Stored { version: 3 }
    e20  0.048000s  store     response m3 store → director is lost (lose-replies)
    e21  0.145000s  director  wakes
    e22  0.145000s  director  client-1 completes o1 put: unknown (no answer before the deadline)
    e23  0.145000s  director  all faults are lifted
    e24  0.145000s  director  fault #0 ends: lose-replies (100%) at store -> director, 30–200 ms
    "#);
}

#[test]
fn log_lines_align_and_cannot_steer_the_terminal() {
    let text = crate::log::render(&fixture::record(), Style::PLAIN);
    insta::assert_snapshot!(text, @r#"
    0.003s   step 3  INFO  store     stored key="k1"
    0.145s  step 12  WARN  director  no answer\u{1b}[31m in time
    "#);
}

#[test]
fn a_clean_run_is_short() {
    let mut record = fixture::record();
    record.plan.faults.clear();
    record.struck.clear();
    record.pending = Some(Vec::new());
    record.metrics = sim::record::metrics::Metrics::default();
    let judgements = [Judgement {
        check: "nodes_behave",
        kind: Kind::Always,
        verdict: Verdict::Held,
    }];
    let mut report = fixture::report(&record, &judgements);
    report.defects.clear();
    insta::assert_snapshot!(report.to_text(Style::PLAIN), @r"
    lost-answer  seed 0x2a
    A client stores two keys while answers get lost.

      simulated    145 ms, 25 events
      fingerprint  0123456789abcdef0011223344556677
      reached      answer_lost

    Faults  none planned

    Operations  2: 1 ok, 0 failed, 1 unknown

    Checks  1 held
      ✓  nodes_behave  always

    ✓  Every check held (1 check).

    run it again:  proveniq run lost-answer --seed 0x2a --defect ack_lost_means_dead
    ");
}

#[test]
fn a_run_that_was_given_up_says_why_and_long_evidence_is_cut_with_its_count() {
    let mut record = fixture::record();
    record.ending = Ending::StepBound;
    record.pending = None;
    let slow = record.metrics.histogram(MetricKey::new("disk", &[]));
    slow.record(Duration::from_secs(3));
    let piece = |number: usize| Evidence::new(format!("key k{number}"), "lost");
    let mut explained = piece(0);
    explained.claim =
        "Let T1 write k0.\n  Then T1 < T2, because T2 read what T1 wrote, and yet T2 \
                       ended before T1 began, which is a contradiction."
            .to_owned();
    explained.at = Some(sim::SimTime::from_millis(48));
    let evidence = std::iter::once(explained).chain((1..7).map(piece));
    let judgements = [Judgement {
        check: "no_answer_lost",
        kind: Kind::Eventually,
        verdict: Verdict::Violated(evidence.collect()),
    }];
    let style = Style {
        width: 72,
        ..Style::PLAIN
    };
    let text = fixture::report(&record, &judgements).to_text(style);
    insta::assert_snapshot!(text, @r#"
    lost-answer  seed 0x2a
    A client stores two keys while answers get lost.

      simulated    145 ms, 25 events
      fingerprint  0123456789abcdef0011223344556677
      defects      ack_lost_means_dead
      reached      answer_lost
      pending      not asked: the run did not get that far
      ending       the run exceeded its step bound (`bounds.steps`)

    Faults  1 of 2 took hold
      ●  #0  lose-replies (100%) at store -> director, 30–200 ms
      ○  #1  crash at store, 5000–6000 ms — never took hold

    Operations  2: 1 ok, 0 failed, 1 unknown

    Latency
      count      p50    p95    p99    max
          1      3 s    3 s    3 s    3 s  disk
          2  5.12 ms  never  never  never  store.latency{operation="put"}

    Checks  1 violated
      ✗  no_answer_lost  eventually  key k0, key k1, key k2 and 4 more

    ✗ no_answer_lost
      promised: every operation is answered

      key k0: Let T1 write k0.
        Then T1 < T2, because T2 read what T1 wrote, and yet T2 ended before
        T1 began, which is a contradiction. (at 0.048s)
        e17  0.048000s  store     writes 2 bytes to log
        e18  0.048000s  store     notes stored {key: k2}
        e19  0.048000s  store     → director  response m3 Stored { version: 3 }
      ▸ e20  0.048000s  store     response m3 store → director is lost (lose-replies)
        ⋮
        e22  0.145000s  director  client-1 completes o1 put: unknown (no answer before the deadline)

      key k1: lost

      key k2: lost

      key k3: lost

      … and 3 more pieces of evidence

    ✗  1 of 1 check violated: no_answer_lost.

    run it again:  proveniq run lost-answer --seed 0x2a --defect ack_lost_means_dead
    "#);
}
