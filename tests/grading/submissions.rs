//! The saved submissions and their known outcomes. Without promtool the alert's 60 points stay open; `rules` has them.

use super::table::{files, grade, lost};
use grading::document::{GradeStatus, ItemStatus};

const WORDS: [&str; 10] = [
    "communication.first",
    "communication.scope",
    "communication.rhythm",
    "communication.colleagues",
    "communication.next_update",
    "communication.figures",
    "communication.actions",
    "communication.customers",
    "communication.status",
    "communication.closure",
];

const NAMED: [&str; 5] = [
    "cause.necessary",
    "cause.sufficient",
    "cause.since",
    "cause.contributing",
    "cause.chain",
];

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
    check("right-fix-wrong-cause", GradeStatus::Failed, 765, &NAMED);
}

#[test]
fn a_symptom_is_no_cause() {
    check("symptom-as-cause", GradeStatus::Failed, 765, &NAMED);
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
    let figures = ["communication.figures"];
    check("lying-figures", GradeStatus::Incomplete, 910, &figures);
    let closure = ["communication.closure"];
    check(
        "told-loss-that-was-none",
        GradeStatus::Incomplete,
        920,
        &closure,
    );
    let early = [WORDS[3], WORDS[4], WORDS[6], WORDS[8]];
    check("false-all-clear", GradeStatus::Failed, 875, &early);
}

#[test]
fn refusing_everybody_prevents_nothing() {
    let expected = ["prevention.prevent", "prevention.healthy"];
    check(
        "prevention-refuses-all",
        GradeStatus::Failed,
        850,
        &expected,
    );
}

#[test]
fn effects_that_happen_twice_and_chains_that_run_backward_cost_their_points() {
    check(
        "duplicates",
        GradeStatus::Incomplete,
        900,
        &["integrity.once"],
    );
    check(
        "backward-chain",
        GradeStatus::Incomplete,
        890,
        &["cause.chain"],
    );
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
