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

/// The points of what is stated, of firing and of silence; and what is said of those that are lost.
#[track_caller]
fn check(rule: &str, points: [u32; 3], told: &str) {
    let Some(grade) = graded(rule) else { return };
    let detect = |item: &&Item| item.id.starts_with("prevention.detect_");
    let items: Vec<&Item> = grade.items.iter().filter(detect).collect();
    let found: Vec<u32> = items.iter().map(|item| item.points).collect();
    assert_eq!(found, points, "{rule}");
    for item in items.iter().filter(|item| !item.explain.is_empty()) {
        assert!(item.explain.contains(told), "{rule}: {}", item.explain);
        assert!(
            !item.category.contains(" of 2"),
            "{rule}: {}",
            item.category
        );
    }
}

#[test]
fn a_rule_that_fires_in_time_and_only_then_has_all_points() {
    check("db_connections_in_use > 90", [10, 25, 25], "");
    check(
        "rate(http_requests_failed_total[2m]) / rate(http_requests_total[2m]) > 0.05",
        [10, 25, 25],
        "",
    );
    if let Some(grade) = graded("db_pool_wait_seconds > 1") {
        assert_eq!((grade.points, grade.status), (1_000, GradeStatus::Passed));
    }
}

#[test]
fn rules_that_cry_wolf_sleep_or_make_no_sense_have_none() {
    let wolf = "it fires on 2 of 2 hidden healthy systems";
    check("vector(1)", [10, 0, 0], wolf);
    check("verification_queue_depth > 1000000", [10, 0, 0], "fire");
    check("sum by (", [0, 0, 0], "does not take the rule");
}
