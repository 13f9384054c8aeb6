//! What is told of a failing run that was made small and explained, and of a hunt.

use sim::record::trace::EventId;

use super::fixture;
use crate::explain::{Chance, Decision, ExplainReport, Necessity, StoryEvent, Without};
use crate::hunt::{Compared, HuntDocument, Hunted, Noise};
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
    insta::assert_snapshot!(document.to_text(Style::PLAIN), @"");
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
    assert!(text.contains("more may be taken away (--runs)"), "{text}");
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
        twin: Some(("without the fault: lose-replies", &twin, 10)),
        runs: 77,
        reproduce: "proveniq run lost-answer --seed 0x2a".to_owned(),
    };
    let document = report.to_document();
    round_trip(&document);
    insta::assert_snapshot!(document.to_text(Style::PLAIN), @"");
}

fn hunted(defect: &str, strategy: &str, caught: u32, seeds: Option<u64>) -> Hunted {
    Hunted {
        defect: defect.to_owned(),
        strategy: strategy.to_owned(),
        situation: "everything".to_owned(),
        caught: caught > 0,
        searches: 6,
        searches_that_caught: caught,
        seeds_to_detection: seeds,
        seeds_to_detection_95: Some([Some(1), seeds.map(|seeds| 3 * seeds)]),
        check: (caught > 0).then(|| "link_agreement".to_owned()),
        expected_check: "link_agreement".to_owned(),
        reproduce: None,
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
        compared: vec![Compared {
            strategy: "swarm".to_owned(),
            defects: 3,
            defects_caught: 2,
            searches: 18,
            searches_that_caught: 8,
            median_of_medians: Some(2),
            sum_of_medians: 2,
        }],
        noise: vec![Noise {
            situation: "everything".to_owned(),
            strategy: "swarm".to_owned(),
            runs: 20,
            first_check: first_check.map(str::to_owned),
            reproduce: Some("proveniq run chaos-orchestration --seed 0x14".to_owned()),
        }],
        passed_over: vec!["breaker_never_closes".to_owned()],
    }
}

#[test]
fn a_hunt_tells_what_escaped_and_whether_the_system_is_silent() {
    let quiet = hunt(None);
    round_trip(&quiet);
    assert!(quiet.is_silent() && !quiet.all_caught());
    insta::assert_snapshot!(quiet.to_text(Style::PLAIN), @"");
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
