//! The saved submissions and their known outcomes. Without promtool the alert's 60 points stay open; `rules` has them.
//!
//! No item but those in a line has more than 25 points, so that one mistake is one reason.

use super::table::{files, grade, lost};
use grading::criteria::{CRITERIA, CRITERION};
use grading::document::{GradeStatus, ItemStatus};
use grading::evidence::{Evidence, Seeds};

const WORDS: [&str; 11] = [
    "communication.first",
    "communication.scope",
    "communication.rhythm",
    "communication.colleagues",
    "communication.next_update",
    "communication.figures_told",
    "communication.figures_true",
    "communication.actions",
    "communication.customers",
    "communication.status",
    "communication.closure",
];

const CHAIN: [&str; 7] = [
    "cause.chain_connections_held",
    "cause.chain_pool_exhausted",
    "cause.chain_pool_wait",
    "cause.chain_verification_starved",
    "cause.chain_request_errors",
    "cause.chain_webhook_lag",
    "cause.chain_queue_growth",
];

const NAMED: [&str; 7] = [
    "cause.component",
    "cause.fault_class",
    "cause.parameter",
    "cause.necessary",
    "cause.sufficient",
    "cause.since",
    "cause.contributing",
];

/// All that hangs on the named cause.
fn named() -> Vec<&'static str> {
    [&NAMED[..], &CHAIN[..]].concat()
}

/// Grades a submission, twice.
#[track_caller]
fn check(name: &str, status: GradeStatus, points: u32, expected: &[&str]) {
    let files = files(name);
    let grade_of = grade(&files);
    assert_eq!(
        grade_of.to_json(),
        grade(&files).to_json(),
        "{name}: byte for byte"
    );
    assert_eq!(lost(&grade_of), expected, "{name}");
    assert_eq!(
        (grade_of.status, grade_of.points),
        (status, points),
        "{name}"
    );
    for item in &grade_of.items {
        let told = !item.explain.is_empty() && item.replay.is_some();
        let full = item.status == ItemStatus::Full;
        assert!(
            told != full,
            "{name}: {} is explained when points are lost",
            item.id
        );
        assert!(!item.evidence.is_empty(), "{name}: {}", item.id);
        assert_eq!(item.category.is_empty(), full, "{name}: {}", item.id);
    }
}

#[test]
fn an_expert_loses_nothing() {
    check("expert", GradeStatus::Incomplete, 940, &[]);
}

#[test]
fn doing_nothing_keeps_the_data_and_nothing_else() {
    let grade_of = grade(&files("nothing"));
    assert_eq!(grade_of.status, GradeStatus::Failed);
    let points = |criterion| grade_of.criterion(criterion).0;
    assert_eq!(points("integrity"), 200);
    for criterion in ["stabilisation", "communication", "cause", "prevention"] {
        assert_eq!(points(criterion), 0, "{criterion}");
    }
}

#[test]
fn a_fast_purge_fails_whatever_else_was_right() {
    let purge = grade(&files("fast-lossy-purge"));
    assert!(purge.data_lost && purge.status == GradeStatus::Failed);
    assert_eq!(purge.criterion("integrity").0, 0);
    let time = purge
        .items
        .iter()
        .find(|item| item.id == "stabilisation.time");
    assert_eq!(time.map(|item| item.points), Some(160), "it was fast");
}

#[test]
fn the_right_fix_does_not_pay_for_the_wrong_cause() {
    check("right-fix-wrong-cause", GradeStatus::Failed, 765, &named());
}

#[test]
fn a_symptom_is_no_cause() {
    check("symptom-as-cause", GradeStatus::Failed, 765, &named());
    let grade = grade(&files("symptom-as-cause"));
    let explained = &grade.items.iter().find(|item| item.id == NAMED[0]);
    assert!(
        explained
            .expect("there")
            .explain
            .contains("a symptom cannot be injected")
    );
}

#[test]
fn silence_costs_all_of_communication() {
    check("right-cause-no-word", GradeStatus::Failed, 740, &WORDS);
}

#[test]
fn untrue_words_are_found() {
    let figures = ["communication.figures_true"];
    check("lying-figures", GradeStatus::Incomplete, 920, &figures);
    let closure = ["communication.closure"];
    check(
        "told-loss-that-was-none",
        GradeStatus::Incomplete,
        920,
        &closure,
    );
    let early = [WORDS[3], WORDS[4], WORDS[7], WORDS[9]];
    check("false-all-clear", GradeStatus::Failed, 875, &early);
}

#[test]
fn refusing_everybody_prevents_nothing() {
    let expected = [
        "prevention.prevent_milder",
        "prevention.prevent_gone",
        "prevention.healthy_work",
        "prevention.healthy_errors",
    ];
    check(
        "prevention-refuses-all",
        GradeStatus::Failed,
        860,
        &expected,
    );
}

#[test]
fn effects_that_happen_twice_and_chains_that_run_backward_cost_their_points() {
    check(
        "duplicates",
        GradeStatus::Incomplete,
        908,
        &["integrity.once", "integrity.seldom_twice"],
    );
    check("backward-chain", GradeStatus::Incomplete, 890, &CHAIN);
}

#[track_caller]
fn check_not_graded(name: &str, told: &str) {
    let grade = grade(&files(name));
    assert_eq!(grade.status, GradeStatus::NotGraded, "{name}");
    let malformed = grade.malformed.expect("it says why").to_string();
    assert!(malformed.starts_with(told), "{name}: {malformed}");
    assert!(grade.items.is_empty(), "{name}: no item is scored zero");
}

#[test]
fn what_cannot_be_read_is_not_graded_and_says_where() {
    check_not_graded("malformed-json", "actions.jsonl:2: EOF while parsing");
    check_not_graded(
        "malformed-field",
        "updates.jsonl:1: audience: unknown variant `press`",
    );
    check_not_graded(
        "malformed-bounds",
        "postmortem.toml:48: measures[0].change: pool.verify",
    );
}

#[test]
fn criteria_have_their_points_in_small_parts() {
    let grade = grade(&files("nothing"));
    for criterion in CRITERIA {
        assert_eq!(grade.criterion(criterion).1, CRITERION, "{criterion}");
    }
    for item in &grade.items {
        let in_a_line = item.id == "stabilisation.time";
        assert!(item.max_points <= 25 || in_a_line, "{}", item.id);
    }
}

#[test]
fn a_loss_refers_to_what_shows_it() {
    let grade_of = grade(&files("lying-figures"));
    let items = &grade_of.items;
    let figures = items
        .iter()
        .find(|it| it.id == "communication.figures_true");
    let was = |it: &Evidence| matches!(it, Evidence::Figure { name, at_s: 120, thousandths: 54_238_000 } if name == "queue_depth");
    assert!(figures.expect("an item").evidence.iter().any(was));
    let refusing = grade(&files("prevention-refuses-all"));
    let gone = refusing
        .items
        .iter()
        .find(|it| it.id == "prevention.prevent_gone");
    let gone = gone.expect("an item");
    let run = |it: &Evidence| matches!(it, Evidence::Runs { seeds: Seeds::Hidden, what, good: 0, of: 2 } if what.contains("intake_per_minute"));
    assert!(gone.evidence.iter().any(run), "{:?}", gone.evidence);
    assert!(
        gone.category.ends_with("on hidden seeds"),
        "{}",
        gone.category
    );
    assert!(
        gone.explain.ends_with("on 2 of 2 hidden seeds"),
        "{}",
        gone.explain
    );
}

#[test]
fn a_grade_says_of_what_it_is() {
    let of = |name: &str| grade(&files(name));
    let (expert, nothing) = (of("expert"), of("nothing"));
    assert_eq!(expert.scenario, nothing.scenario);
    assert_eq!(expert.course, nothing.course);
    assert_ne!(expert.submission, nothing.submission);
    for hash in [&expert.scenario, &expert.course, &expert.submission] {
        assert!(hash.starts_with("sha256:") && hash.len() == 71, "{hash}");
    }
}
