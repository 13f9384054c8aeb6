//! EVENTS: one change, three receivers, each on its own.
//!
//! The catalogue's scenarios of webhooks in one: a slow receiver, one that loses answers, instances that crash.
//! The order that is asked for is that of [`dead_letters`](super::dead_letters).

use super::dead_letters::{ORDER, concurrent, in_order, order};
use super::policy::{Kind, Knob};
use super::{Criterion, Lab, no_defects};

/// The lab.
pub const LAB: Lab = Lab {
    name: "EVENTS",
    title: "Many changes, three receivers, and instances that crash.",
    teaches: "An event leaves with its change or not at all, and no receiver waits for another.",
    scenario: include_str!("../../../fixtures/labs/events.toml"),
    file: "fixtures/labs/events.toml",
    knobs: KNOBS,
    follows: order,
    defects: no_defects,
    script: |_, _, _| None,
    criteria: CRITERIA,
};

const KNOBS: &[Knob] = &[
    ORDER,
    concurrent("1"),
    Knob {
        key: "cores",
        sets: Some("system.cores"),
        kind: Kind::Number(1, 6),
        default: "2",
        meaning: "how many Core instances there are",
    },
];

const CRITERIA: &[Criterion] = &[
    Criterion {
        name: "conserved",
        promise: "every change is told to each receiver that wants it, and nothing else is",
        look: "tables outbox and deliveries; check webhook_conserved",
        judge: |seen| seen.held(&["webhook_conserved", "audit_complete"]),
    },
    Criterion {
        name: "one_effect",
        promise: "an event has one effect, and is not sent again once acknowledged",
        look: "tables attempts and webhook_effects; checks no_duplicate_effect and no_send_after_ack",
        judge: |seen| seen.held(&["no_duplicate_effect", "no_send_after_ack"]),
    },
    Criterion {
        name: "order",
        promise: "each receiver processes each asset's events in their order",
        look: "table webhook_effects by endpoint and asset; `order`",
        judge: in_order,
    },
    Criterion {
        name: "on_its_own",
        promise: "half of the events reach the receiver that is not slow within 15 s, crashes included",
        look: "metric core.webhook.latency{endpoint=\"receiver-2\"}; `concurrent`, `cores`",
        judge: |seen| seen.held(&["slo_met"]),
    },
    Criterion {
        name: "every_check",
        promise: "every other promise of the system holds",
        look: "proveniq list checks",
        judge: |seen| seen.held_but(&["slo_met"]),
    },
];
