//! What is told of a failing run that was made small and explained, and of a hunt.

use sim::record::trace::EventId;

use super::fixture;
use crate::explain::{Chance, Decision, ExplainReport, Necessity, StoryEvent, TwinReport, Without};
use crate::hunt::{ByTrigger, Compared, Difference, HuntDocument, Hunted, Noise};
use crate::hunt_shrinking::{Shrinking, ShrunkRun};
use crate::schema::{Document, Schema};
use crate::seed::Seed;
use crate::shrink::{RunSize, ShrinkDocument};
use crate::style::Style;

fn shrunk() -> ShrinkDocument {
    let record = fixture::record();
    ShrinkDocument {
        schema: Schema::new(),
        scenario: "lost-answer".to_owned(),
        seed: Seed(42),
        defects: vec!["ack_lost_means_dead".to_owned()],
        check: "no_answer_lost".to_owned(),
        subject: "key k2".to_owned(),
        claim: "the client was told nothing".to_owned(),
        before: RunSize {
            faults: 7,
            operations: 212,
            events: 25_083,
            simulated_ms: 61_000,
        },
        after: RunSize {
            faults: 1,
            operations: 1,
            events: 41,
            simulated_ms: 900,
        },
        faults: record.plan.faults[..1].to_vec(),
        operations: vec!["client-1/0 at 40 ms puts k2".to_owned()],
        calm: true,
        runs: 58,
        processor_ms: 1_240,
        minimal: true,
        reproduce: "proveniq replay small.json".to_owned(),
    }
}

fn round_trip<D: Document + PartialEq + std::fmt::Debug>(document: &D) {
    assert_eq!(
        D::parse(&document.to_line()).expect("just written"),
        *document
    );
}

#[test]
fn a_shrunk_run_is_told_whole() {
    let document = shrunk();
    round_trip(&document);
    insta::assert_snapshot!(document.to_text(Style::PLAIN), @r#"
        lost-answer  seed 0x2a
        with ack_lost_means_dead

        no_answer_lost on key k2: the client was told nothing

          faults           7  →  1
          operations     212  →  1
          events      25,083  →  41
          in 58 runs and 1.2 s of processor time

        Faults
          lose-replies (100%) at store -> director, 30–200 ms

        Operations
          client-1/0 at 40 ms puts k2

        Chance has no part in how long things take: all take their median.
        No fault and no operation can be taken away alone.

        run it again:  proveniq replay small.json
        "#);
}

#[test]
fn a_search_that_ran_out_of_runs_says_so() {
    let document = ShrinkDocument {
        minimal: false,
        calm: false,
        faults: Vec::new(),
        ..shrunk()
    };
    let text = document.to_text(Style::PLAIN);
    assert!(
        text.contains("more may be taken away (--budget, --runs)"),
        "{text}"
    );
    assert!(text.contains("Faults\n  none\n"), "{text}");
}

#[test]
fn an_explanation_tells_story_need_decision_and_twin() {
    let (record, twin) = (fixture::record(), fixture::record());
    let story = [(3, 1, None), (12, 2, Some(0))];
    let story = story.map(|(event, count, after)| StoryEvent {
        event: EventId(event),
        count,
        after,
    });
    let necessity = [
        ("fault", "lose-replies", Without::Passes),
        ("fault", "crash", Without::Fails),
        ("operation", "puts k2", Without::FailsOtherwise),
    ];
    let necessity = necessity.map(|(kind, what, without)| Necessity {
        kind: kind.to_owned(),
        what: what.to_owned(),
        without,
    });
    let chance = |(after, failed)| Chance {
        after: EventId(after),
        failed,
        of: 16,
    };
    let decision = Decision {
        course: [(0, 0), (9, 3), (12, 16)].map(chance).to_vec(),
        decisive: Some(EventId(12)),
    };
    let report = ExplainReport {
        scenario: "lost-answer",
        seed: Seed(42),
        defects: Vec::new(),
        failure: ["no_answer_lost", "key k2", "the client was told nothing"].map(str::to_owned),
        record: &record,
        story: &story,
        necessity: &necessity,
        decision: Some(&decision),
        twin: Some(TwinReport {
            difference: "without the fault: lose-replies",
            record: &twin,
            matched: 10,
            first: [Some(EventId(10)), Some(EventId(10))],
            later: &[vec![EventId(12)], Vec::new()],
        }),
        runs: 77,
        reproduce: "proveniq run lost-answer --seed 0x2a".to_owned(),
    };
    let document = report.to_document();
    round_trip(&document);
    insta::assert_snapshot!(document.to_text(Style::PLAIN), @r#"
        lost-answer  seed 0x2a

        What happened
         1.     0.000 s  director  → store request m0 Put { key: "k1", amount: 1 }
         2.     0.045 s  director  wakes, and 1 more like it  (after 1)
         3.  at the end            no_answer_lost is violated on key k2: the client was told nothing

        What it needs
          nothing fails without    fault      lose-replies
          not needed               fault      crash
          fails otherwise without  operation  puts k2

        When it is decided
              0/16  ········  0.000 s  director starts
              3/16  ██······  0.005 s  director ← store response m1 Stored
          ▸  16/16  ████████  0.045 s  director wakes

        The nearest run that passes
          without the fault: lose-replies
          10 events in common, of 25 that fail and 25 that pass; first otherwise:
            fails   0.005 s director client-1 completes o0 put: ok {version: 1}
            passes  0.005 s director client-1 completes o0 put: ok {version: 1}
          later, as far as it matters here, only in the run that:
            fails  0.045 s director wakes

        Found out by 77 runs.

        run it again:  proveniq run lost-answer --seed 0x2a
        "#);
}

#[test]
fn what_is_shrunk_is_told_with_its_medians() {
    let run = |defect: &str, operations, processor_ms, minimal| ShrunkRun {
        defect: defect.to_owned(),
        strategy: "swarm".to_owned(),
        repetition: 0,
        faults: 1,
        operations,
        runs: 40,
        processor_ms,
        minimal,
    };
    assert_eq!(
        Shrinking::of(10, Vec::new()),
        None,
        "of nothing there is no middle"
    );
    let shrunk = vec![
        run("latch_before_journal", 2, 740, true),
        run("order_broken_by_retry", 30, 10_450, false),
        run("link_not_idempotent", 1, 90, true),
    ];
    let document = HuntDocument {
        shrinking: Shrinking::of(10, shrunk),
        ..hunt(None)
    };
    round_trip(&document);
    let text = document.to_text(Style::PLAIN);
    let (_, told) = text.split_once("Shrunk").expect("it has that part");
    insta::assert_snapshot!(told, @r#"

      latch_before_journal   swarm  1 fault   2 operations  40 runs   0.7 s  minimal
      order_broken_by_retry  swarm  1 fault  30 operations  40 runs  10.4 s  budget spent
      link_not_idempotent    swarm  1 fault    1 operation  40 runs   0.0 s  minimal
      median 1 fault, 2 operations, 0.7 s of processor time; 2 of 3 minimal within 10 s each

    not shown by runs of the whole system: breaker_never_closes
    "#);
}

fn hunted(defect: &str, strategy: &str, caught: u32, seeds: Option<u64>) -> Hunted {
    Hunted {
        defect: defect.to_owned(),
        trigger: "duplicate".to_owned(),
        strategy: strategy.to_owned(),
        situation: "everything".to_owned(),
        caught: caught > 0,
        searches: 6,
        searches_that_caught: caught,
        seeds_to_detection: seeds,
        seeds_to_detection_95: Some([Some(1), seeds.map(|seeds| 3 * seeds)]),
        difficulty: if seeds.is_some() { "easy" } else { "hard" }.to_owned(),
        difficulty_known: "easy".to_owned(),
        difficulty_differs: caught == 0,
        check: (caught > 0).then(|| "link_agreement".to_owned()),
        searches_misled: 0,
        expected_check: "link_agreement".to_owned(),
        reproduce: None,
    }
}

fn compared(strategy: &str, against_default: Option<Difference>) -> Compared {
    Compared {
        strategy: strategy.to_owned(),
        defects: 3,
        defects_caught: 2,
        searches: 18,
        searches_that_caught: 8,
        median_of_medians: Some(2),
        sum_of_medians: 2,
        mean_runs_hundredths: 5_633,
        against_default,
    }
}

fn hunt(first_check: Option<&str>) -> HuntDocument {
    HuntDocument {
        schema: Schema::new(),
        seeds_max: 100,
        repetitions: 6,
        hunted: vec![
            hunted("link_not_idempotent", "swarm", 6, Some(2)),
            hunted("dedup_memory_of_one", "swarm", 2, None),
            hunted("latch_before_journal", "swarm", 0, None),
        ],
        by_trigger: vec![ByTrigger {
            trigger: "duplicate".to_owned(),
            strategy: "swarm".to_owned(),
            defects: 3,
            defects_caught: 2,
            median_of_medians: None,
            worst_median: None,
            worst_defect: "latch_before_journal".to_owned(),
        }],
        compared: vec![
            compared("swarm", None),
            compared(
                "uniform",
                Some(Difference {
                    mean_hundredths: -50,
                    interval_hundredths: [-108, 8],
                }),
            ),
        ],
        noise: vec![Noise {
            situation: "everything".to_owned(),
            strategy: "swarm".to_owned(),
            repetition: 0,
            runs: 20,
            first_check: first_check.map(str::to_owned),
            reproduce: Some("proveniq run chaos-orchestration --seed 0x14".to_owned()),
        }],
        shrinking: None,
        passed_over: vec!["breaker_never_closes".to_owned()],
    }
}

#[test]
fn a_hunt_tells_what_escaped_and_whether_the_system_is_silent() {
    let quiet = hunt(None);
    round_trip(&quiet);
    assert!(quiet.is_silent() && !quiet.all_caught());
    insta::assert_snapshot!(quiet.to_text(Style::PLAIN), @r#"
           defect                trigger    by     caught  seeds  95 %    is    first check
        ✓  link_not_idempotent   duplicate  swarm     6/6      2  1–6     easy  link_agreement
        ~  dedup_memory_of_one   duplicate  swarm     2/6   >100  1–>100  hard  link_agreement
        ✗  latch_before_journal  duplicate  swarm     0/6   >100  1–>100  hard  none (expected
                                                                                link_agreement)

        latch_before_journal is hard here, with a median of >100 seeds (1–>100), and easy to the catalogue.

        Triggers
          trigger    by     caught  median  worst
          duplicate  swarm     2/3    >100   >100  latch_before_journal

        Strategies
          swarm    2/3 defects  8/18 searches  median 2 seeds, all medians 2  mean 56.33
          uniform  2/3 defects  8/18 searches  median 2 seeds, all medians 2  mean 56.33, −0.50 (−1.08 to
                                                                              0.08) to the default

        The unmodified system was silent in 20 runs on the same grounds.

        not shown by runs of the whole system: breaker_never_closes
        "#);
    assert!(quiet.all_caught_rightly());
    let mut misled = hunt(None);
    for (searches_misled, rightly, mark) in [(3, true, "✓  link"), (4, false, "✗  link")] {
        misled.hunted[0].searches_misled = searches_misled;
        assert_eq!(misled.all_caught_rightly(), rightly);
        let text = misled.to_text(Style::PLAIN);
        assert!(text.contains(mark), "{text}");
    }
    let noisy = hunt(Some("link_agreement"));
    assert!(!noisy.is_silent());
    let text = noisy.to_text(Style::PLAIN);
    assert!(
        text.contains("is not silent: link_agreement in everything by swarm, run 20"),
        "{text}"
    );
}

#[test]
fn github_reads_no_command_out_of_a_claim() {
    let (_, _, mut summary) = super::documents_round_trip::documents();
    summary.failures[0].claim = "50 %\n::error::not mine".to_owned();
    summary.failures[0].signature = "a: b, c".to_owned();
    let told = crate::github::annotations(&summary);
    let first = told.lines().next().expect("a failure");
    assert!(
        first.starts_with("::error title=a%3A b%2C c::50 %25%0A::error::not mine%0A"),
        "{told}"
    );
    assert!(
        told.lines()
            .all(|line| line.starts_with("::error title=") || line.starts_with("::warning title="))
    );
    summary.failures[0].signature = "a|b".to_owned();
    let table = crate::github::step_summary(&summary);
    assert!(table.contains("| a\\|b | 1 |"), "{table}");
}
