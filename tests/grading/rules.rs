//! Learners' alert rules before the real promtool; said loudly when there is none here.

use super::table::{SEED, files, grader};
use crate::prometheus::promtool::Promtool as Found;
use grading::document::{Grade, GradeStatus, Item};
use scenarios::promtool::Promtool;

fn graded(rule: &str) -> Option<Grade> {
    Found::find("grading of alert rules")?;
    let tool = Promtool::of_this_machine();
    let mut files = files("expert");
    let text = std::str::from_utf8(&files.postmortem).expect("a fixture is text");
    let changed = text.replace("db_pool_wait_seconds > 1", rule);
    files.postmortem = changed.into_bytes();
    let grade = grader(&tool).grade("learner", SEED, &files);
    Some(grade.expect("the seed has an incident"))
}

#[track_caller]
fn check(rule: &str, told: &str) {
    let Some(grade) = graded(rule) else { return };
    let detect = |item: &&Item| item.id == "prevention.detect";
    let item = grade.items.iter().find(detect).expect("it is graded");
    assert!(item.explain.contains(told), "{rule}: {}", item.explain);
    assert_eq!(item.points, if told.is_empty() { 60 } else { 0 }, "{rule}");
}

#[test]
fn a_rule_that_fires_in_time_and_only_then_has_all_points() {
    check("db_connections_in_use > 90", "");
    check(
        "rate(http_requests_failed_total[2m]) / rate(http_requests_total[2m]) > 0.05",
        "",
    );
    if let Some(grade) = graded("db_pool_wait_seconds > 1") {
        assert_eq!((grade.points, grade.status), (1_000, GradeStatus::Passed));
    }
}

#[test]
fn rules_that_cry_wolf_sleep_or_make_no_sense_have_none() {
    check("vector(1)", "it fires on 2 of 2 hidden healthy systems");
    check(
        "verification_queue_depth > 1000000",
        "does not fire within 600 s",
    );
    check("sum by (", "does not take the rule");
}
