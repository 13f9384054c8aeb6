//! The alert rules of the system.
//!
//! Thresholds and waiting times are those of its operations handbook. A breaker counts as open until
//! it is closed again: while it probes (half-open) it still refuses all but one call, and a breaker of
//! a dead neighbour probes every few scrapes. If a probe ended the condition, waiting would begin anew
//! with each scrape that met one, and an outage of hours could pass in silence. To add a rule, add an
//! entry; its metric stands in [`METRICS`](crate::metrics::METRICS).

use std::time::Duration;

use sim::alert::{AlertRule, Condition, Severity, Speed};

const MINUTE: Duration = Duration::from_secs(60);

/// The value of `core.circuit_breaker.state` while a breaker is closed; open and half-open are above.
pub const BREAKER_CLOSED: i64 = 0;

/// Every rule.
pub const RULES: &[AlertRule] = &[
    AlertRule {
        name: "LockerCircuitOpen",
        metric: "core.circuit_breaker.state",
        labels: &[("circuit", "locker")],
        condition: Condition::Above(BREAKER_CLOSED),
        held_for: MINUTE.saturating_mul(5),
        severity: Severity::Warning,
        summary: "A Core's breaker to the Lockers is open",
        description: "Assets are registered without their link. Look at the Lockers and the way to them.",
    },
    AlertRule {
        name: "LedgerCircuitOpen",
        metric: "core.circuit_breaker.state",
        labels: &[("circuit", "ledger")],
        condition: Condition::Above(BREAKER_CLOSED),
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
