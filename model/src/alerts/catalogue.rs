//! The alert rules of the system.
//!
//! Thresholds and waiting times are those of its operations handbook. A breaker counts as open by
//! its value 1 alone: while it probes (half-open, 2) the condition does not hold, and a scrape that
//! meets a probe starts the waiting anew. To add a rule, add an entry; its metric stands in
//! [`METRICS`](crate::metrics::METRICS).

use std::time::Duration;

use sim::alert::{AlertRule, Condition, Severity, Speed};

const MINUTE: Duration = Duration::from_secs(60);

/// The value of `core.circuit_breaker.state` while a breaker is open.
pub const BREAKER_OPEN: i64 = 1;

/// Every rule.
pub const RULES: &[AlertRule] = &[
    AlertRule {
        name: "LockerCircuitOpen",
        metric: "core.circuit_breaker.state",
        labels: &[("circuit", "locker")],
        condition: Condition::Equals(BREAKER_OPEN),
        held_for: MINUTE.saturating_mul(5),
        severity: Severity::Warning,
        summary: "A Core's breaker to the Lockers is open",
        description: "Assets are registered without their link. Look at the Lockers and the way to them.",
    },
    AlertRule {
        name: "LedgerCircuitOpen",
        metric: "core.circuit_breaker.state",
        labels: &[("circuit", "ledger")],
        condition: Condition::Equals(BREAKER_OPEN),
        held_for: MINUTE,
        severity: Severity::Critical,
        summary: "A Core's breaker to the Ledger is open",
        description: "Nothing can be registered. Look at the Ledger at once.",
    },
    AlertRule {
        name: "HighSagaCompensationRate",
        metric: "core.saga.compensations",
        labels: &[],
        condition: Condition::FasterThan(Speed {
            window: MINUTE.saturating_mul(5),
            events: 1,
            per: Duration::from_secs(10),
        }),
        held_for: MINUTE.saturating_mul(5),
        severity: Severity::Warning,
        summary: "Sagas are compensated too often",
        description: "A step is undone more than once in ten seconds. Look at what its saga failed on.",
    },
    AlertRule {
        name: "DLQBacklog",
        metric: "core.dlq.depth",
        labels: &[],
        condition: Condition::Above(1_000),
        held_for: MINUTE.saturating_mul(15),
        severity: Severity::Warning,
        summary: "Dead letters pile up",
        description: "More than a thousand wait for a decision. Look for a cause they have in common.",
    },
];
