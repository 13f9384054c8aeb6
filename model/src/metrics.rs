//! What the system measures: the meaning of each metric, and the boundaries of each span.
//!
//! Nodes measure under a name where the thing happens; here stands what the name means, for who
//! reads it elsewhere. Labels are in braces. To add a metric, add a line.

use std::time::Duration;

use sim::record::description::Description;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The boundaries of everything a user waits for.
const REQUEST: &[Duration] = &[
    ms(10),
    ms(50),
    ms(100),
    ms(250),
    ms(500),
    ms(1_000),
    ms(2_500),
    ms(5_000),
    ms(10_000),
];

/// The boundaries of work that may be retried for an hour.
const WORK: &[Duration] = &[
    ms(100),
    ms(500),
    ms(1_000),
    ms(5_000),
    ms(10_000),
    ms(30_000),
    ms(60_000),
    ms(300_000),
    ms(3_600_000),
];

/// Every metric.
pub const METRICS: &[Description] = &[
    span(
        "client.registration.latency",
        REQUEST,
        "How long a user waited for a registration, all attempts together.",
    ),
    span(
        "core.orchestration.latency",
        REQUEST,
        "How long a request to a subsystem took, by subsystem, operation and status.",
    ),
    figure(
        "core.orchestration.requests",
        "Requests to a subsystem, by subsystem, operation and status.",
    ),
    span(
        "core.registration.step",
        REQUEST,
        "How long a step of a registration took, by step.",
    ),
    figure(
        "core.circuit_breaker.state",
        "Whether a Core's breaker lets requests pass: closed 0, open 1, half-open 2.",
    ),
    span(
        "core.saga.duration",
        WORK,
        "How long a saga took from its first step to its end, by saga and outcome.",
    ),
    figure(
        "core.saga.compensations",
        "Steps of sagas that were undone, by saga and step.",
    ),
    figure(
        "core.dlq.depth",
        "How many dead letters wait for a decision, by queue.",
    ),
    span(
        "core.webhook.latency",
        WORK,
        "How long an event took until its receiver had acknowledged it, by endpoint.",
    ),
    figure(
        "core.webhook.attempts",
        "Attempts to deliver an event, by endpoint and outcome.",
    ),
    figure(
        "core.edge.waiting",
        "How many requests wait at the edge, by instance.",
    ),
    figure(
        "core.edge.turned_away",
        "Requests that the edge did not let in, by why and priority.",
    ),
    figure(
        "core.cache.reads",
        "Reads of the cache, by what came of them.",
    ),
    span(
        "core.cache.age",
        WORK,
        "How old a cached answer was when it was given.",
    ),
    figure(
        "ledger.failovers",
        "How often another server was named the Ledger's primary.",
    ),
    figure(
        "ledger.commits_lost",
        "Commits of a former primary that its successor does not have.",
    ),
    figure(
        "ops.alerts.firing",
        "How many alerts of a rule are firing, by alert.",
    ),
];

const fn span(name: &'static str, bounds: &'static [Duration], help: &'static str) -> Description {
    Description { name, help, bounds }
}

const fn figure(name: &'static str, help: &'static str) -> Description {
    Description {
        name,
        help,
        bounds: &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::catalogue::RULES;

    #[test]
    fn every_name_is_described_once_and_its_boundaries_ascend() {
        for (index, metric) in METRICS.iter().enumerate() {
            let others = &METRICS[..index];
            assert!(others.iter().all(|other| other.name != metric.name));
            assert!(metric.bounds.is_sorted_by(|a, b| a < b), "{}", metric.name);
        }
    }

    #[test]
    fn every_rule_looks_at_a_metric_there_is() {
        for rule in RULES {
            assert!(
                METRICS.iter().any(|metric| metric.name == rule.metric),
                "{}",
                rule.name
            );
        }
    }
}
