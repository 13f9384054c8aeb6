//! `locker-timeout`: the first acceptance scenario of the course.
//!
//! The third link command is answered after 35 s, long past the 5 s of the request. The client gets
//! 202 `pending_link`; a job waits with retry count 0; the retry links the asset; and the first
//! command, executed late all the same, has not linked it twice.

use sim::record::trace::Happening;
use sim::record::value::Value;

use super::run_once::{complaints, run_once};

#[test]
fn the_third_request_is_kept_and_linked_once_by_its_job() {
    let outcome = run_once("locker-timeout", 1);
    assert_eq!(complaints(&outcome), Vec::<String>::new());
    let record = &outcome.record;

    let answers: Vec<(i64, String)> = record
        .history
        .iter()
        .filter_map(|(_, operation)| operation.answer())
        .map(|answer| {
            (
                answer.get("status").as_int().unwrap_or(0),
                answer.text("asset").to_owned(),
            )
        })
        .collect();
    let statuses: Vec<i64> = answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(
        statuses,
        [201, 201, 202, 201, 201],
        "only the third is kept without its link"
    );
    let kept = &answers[2].1;
    let told = record
        .history
        .iter()
        .nth(2)
        .and_then(|(_, it)| it.answer())
        .expect("it was answered");
    assert_eq!(told.text("asset_status"), "pending_link");
    assert_eq!(told.text("failure"), "E_LOCKER_TIMEOUT");

    let of = |table: &str| -> Vec<Value> {
        let rows = record.facts.table(table).expect("every table is read");
        rows.iter()
            .filter(|row| row.text("asset") == kept)
            .cloned()
            .collect()
    };
    assert_eq!(
        of("jobs")[0].get("retries").as_int(),
        Some(0),
        "the first retry succeeds"
    );
    assert_eq!(of("jobs")[0].text("state"), "done");
    assert_eq!(
        of("assets")[0].text("status"),
        "verified",
        "Verify found it there"
    );
    assert_eq!(
        of("device_links").len(),
        1,
        "the late command has not linked it twice"
    );
    let audit: Vec<String> = of("audit")
        .iter()
        .map(|row| row.text("action").to_owned())
        .collect();
    assert_eq!(
        audit,
        [
            "created",
            "link_postponed",
            "linked",
            "verification_queued",
            "verified"
        ]
    );
}

#[test]
fn the_timed_out_command_is_executed_late_and_recognised_by_the_retry() {
    let outcome = run_once("locker-timeout", 1);
    let record = &outcome.record;
    let executed: Vec<u64> = record
        .trace
        .events()
        .iter()
        .filter(|event| matches!(event.what, Happening::PointReached { point } if point == "locker.command.executed"))
        .map(|event| event.at.millis() / 1_000)
        .collect();
    assert_eq!(
        executed.len(),
        6,
        "five first commands and one retry: {executed:?}"
    );
    assert!(
        record
            .reached
            .contains("device_recognised_a_repeated_command")
    );
    // The retry comes five minutes after the registration gave up, at the next poll.
    let last = executed[5];
    assert!((305..=330).contains(&last), "the retry came at {last} s");
}
