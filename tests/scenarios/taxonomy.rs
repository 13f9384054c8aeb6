//! The taxonomy of failures: each has a fixed code that shows in answer, audit, metric and log, and
//! each escalates as the recovery matrix says.

use model::failure::{Failure, Severity};
use sim::record::value::Value;

use super::story::Story;

const MINUTE: i64 = 60_000;

/// What becomes of a failure that lasts.
enum Escalation {
    /// Nobody is told but its user.
    Never,
    /// An alert about the registration whose name begins so, within this span after the failure's
    /// first audit entry of the same asset, in milliseconds.
    Alert(&'static str, std::ops::RangeInclusive<i64>),
    /// An alert rule fires while it lasts and resolves by itself.
    Rule(&'static str),
}

/// A row of the taxonomy and of the recovery matrix.
struct Row {
    failure: Failure,
    /// Where it happens; values are set where its answer would otherwise not be the last one.
    scenario: (&'static str, &'static [&'static str]),
    operation: &'static str,
    status: i64,
    audit: &'static str,
    /// Where it lasts long enough to escalate, and how it does.
    escalates: (&'static str, Escalation),
}

const TAXONOMY: [Row; 8] = [
    Row {
        failure: Failure::LockerTimeout,
        scenario: ("locker-timeout", &[]),
        operation: "register",
        status: 202,
        audit: "link_postponed",
        // The first attempt, and five retries after 5, 10, 20, 40 and 80 minutes.
        escalates: (
            "dead-letter-replay",
            Escalation::Alert("alert-letter-", 155 * MINUTE..=160 * MINUTE),
        ),
    },
    Row {
        failure: Failure::LockerUnreachable,
        scenario: ("locker-unreachable", &[]),
        operation: "register",
        status: 202,
        audit: "link_postponed",
        escalates: (
            "locker-unreachable",
            Escalation::Alert("alert-overdue-", 59 * MINUTE..=63 * MINUTE),
        ),
    },
    Row {
        failure: Failure::LockerHardware,
        scenario: ("locker-hardware", &[]),
        operation: "register",
        status: 202,
        audit: "link_given_up",
        escalates: ("locker-hardware", Escalation::Alert("alert-letter-", 0..=0)),
    },
    Row {
        failure: Failure::LedgerConstraint,
        scenario: ("ledger-constraint", &[]),
        operation: "register",
        status: 422,
        audit: "register_failed",
        escalates: ("ledger-constraint", Escalation::Never),
    },
    Row {
        failure: Failure::LedgerConflict,
        scenario: ("ledger-conflict", &[]),
        operation: "rename",
        status: 409,
        audit: "rename_failed",
        escalates: ("ledger-conflict", Escalation::Never),
    },
    Row {
        failure: Failure::LedgerDown,
        scenario: ("ledger-down", &[]),
        operation: "register",
        status: 503,
        audit: "register_failed",
        escalates: ("ledger-down", Escalation::Rule("LedgerCircuitOpen")),
    },
    Row {
        failure: Failure::PartialCommit,
        scenario: ("partial-commit", &[]),
        operation: "register",
        status: 503,
        audit: "compensation_postponed",
        escalates: (
            "partial-commit",
            Escalation::Alert("alert-compensation-", 0..=0),
        ),
    },
    Row {
        failure: Failure::TimeoutAfterCommit,
        scenario: ("timeout-after-commit", &["workload.attempts_max=1"]),
        operation: "register",
        status: 503,
        audit: "register_failed",
        escalates: ("timeout-after-commit", Escalation::Never),
    },
];

fn check_shown(row: &Row, seed: u64) {
    let (scenario, set) = row.scenario;
    let story = Story::with(scenario, set, seed);
    let code = row.failure.code();
    let context = format!("{code} in {scenario}, seed {seed}");

    let answers = story.asked(row.operation);
    let answer = answers.iter().find(|it| it.failure() == code);
    let status = answer.map(|it| it.status());
    assert_eq!(status, Some(row.status), "the answer of {context}");

    let audited = story.table("audit").iter();
    let audited = audited.filter(|entry| entry.text("failure") == code);
    let actions: Vec<&str> = audited.map(|entry| entry.text("action")).collect();
    assert!(
        actions.contains(&row.audit),
        "the audit of {context}: {actions:?}"
    );

    let labels = [
        ("subsystem", "core"),
        ("operation", row.operation),
        ("status", code),
    ];
    let counted = story.counted("core.orchestration.requests", &labels);
    assert!(counted > 0, "the metric of {context}");

    let level = match row.failure.severity() {
        Severity::Critical => "ERROR",
        _ => "WARN",
    };
    let message = row.failure.user_message();
    let line = story.record().log.iter().find(|line| {
        line.text.contains(code) && line.text.contains(message) && line.level == level
    });
    assert!(line.is_some(), "the log of {context}");
}

#[test]
fn every_failure_shows_its_code_in_answer_audit_metric_and_log() {
    for row in &TAXONOMY {
        for seed in 1..=3 {
            check_shown(row, seed);
        }
    }
}

fn check_escalation(row: &Row, seed: u64) {
    let (scenario, escalation) = &row.escalates;
    let story = Story::of(scenario, seed);
    let code = row.failure.code();
    let context = format!("{code} in {scenario}, seed {seed}");
    let alerts = story.alerts(code);
    match escalation {
        Escalation::Never => assert!(alerts.is_empty(), "{context}: {alerts:?}"),
        Escalation::Alert(name, span) => {
            // A verification that cannot have its evidence fails for the same reason, and has a
            // policy of its own.
            let of_sagas = alerts.into_iter().filter(|alert| {
                let name = alert.text("alert");
                !name.starts_with("alert-letter-verification-")
            });
            let alerts: Vec<&Value> = of_sagas.collect();
            assert!(!alerts.is_empty(), "{context} alerts nobody");
            for alert in alerts {
                assert!(alert.text("alert").starts_with(name), "{context}: {alert}");
                let entries = story.about("audit", alert.text("asset"));
                let first = entries
                    .iter()
                    .filter(|entry| entry.text("failure") == code)
                    .filter_map(|entry| entry.get("at").as_int())
                    .min();
                let after = alert.get("at").as_int().unwrap() - first.expect("it is in the audit");
                assert!(span.contains(&after), "{context}: alerted after {after} ms");
            }
        }
        Escalation::Rule(rule) => {
            let firings = story.firings(rule);
            assert!(!firings.is_empty(), "{context}: {rule} does not fire");
            let over = firings.iter().all(|firing| firing.until.is_some());
            assert!(over, "{context}: {rule} does not resolve: {firings:?}");
        }
    }
}

#[test]
fn every_failure_escalates_as_the_recovery_matrix_says() {
    for row in &TAXONOMY {
        for seed in 1..=3 {
            check_escalation(row, seed);
        }
    }
}

#[test]
fn the_table_is_the_whole_taxonomy() {
    let listed: Vec<Failure> = TAXONOMY.iter().map(|row| row.failure).collect();
    assert_eq!(listed, Failure::ALL);
}
