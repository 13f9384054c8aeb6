//! Webhooks in Core: from the outbox to the customers' machines.
//!
//! ```text
//! outbox ──addressing──► deliveries ──claim──► attempt ──sending──► receiver
//!                            ▲                    │
//!                            └────conclusion──────┘    replay: dead letters, many at a time
//! ```
//!
//! [`relay`] is the loop of each instance that drives all this; [`addressing`] makes a delivery for each
//! endpoint that wants an event; [`claim`] leases what is due, endpoint by endpoint, so that a slow one
//! takes nobody's place but its own; [`sending`] makes one attempt; [`conclusion`] writes what came of
//! it; [`replay`] revives dead letters in order; [`endpoints`] is what owners ask for. What an answer
//! means, and when to try again, are values of [`webhooks`](crate::webhooks).

pub mod addressing;
pub mod claim;
pub mod conclusion;
pub mod endpoints;
pub mod relay;
pub mod replay;
pub mod sending;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use sim::{NodeContext, NodeId};

use crate::defects::{Defect, Defects};
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{deliveries, replays};
use crate::resilience::bulkhead::{Bulkhead, BulkheadLimits};
use crate::webhooks::config::WebhookConfig;
use crate::webhooks::delivery::DeliveryState;
use crate::webhooks::schedule::Schedule;

/// What one process of Core needs to deliver.
pub struct Webhooks {
    /// When a delivery is tried again.
    pub schedule: Schedule,
    /// After failing for so long an endpoint is disabled.
    pub disable_after: Duration,
    /// For how long a secret that was replaced still signs.
    pub overlap: Duration,
    /// How many dead letters one step of a replay revives.
    pub replays_per_second: u32,
    lines: Vec<Line>,
    /// The replays that this process has taken a step of.
    replays: RefCell<BTreeSet<String>>,
}

/// The way to one endpoint.
pub struct Line {
    /// The endpoint, which is also its receiver's name.
    pub endpoint: String,
    /// Where its receiver is.
    pub node: NodeId,
    /// How many deliveries may be under way to it.
    pub bulkhead: Bulkhead,
    /// The same, as a number.
    pub concurrent: u32,
}

impl Webhooks {
    /// For one process.
    pub fn new(context: &NodeContext, config: &WebhookConfig, defects: &Defects) -> Webhooks {
        let limits = BulkheadLimits {
            concurrent: config.concurrent,
            waiting: 0,
        };
        let shared = Bulkhead::new(limits);
        let line = |endpoint: String| Line {
            node: context.find(&endpoint),
            endpoint,
            bulkhead: match defects.has(Defect::SlowEndpointStarvesOthers) {
                true => shared.clone(),
                false => Bulkhead::new(limits),
            },
            concurrent: config.concurrent,
        };
        Webhooks {
            schedule: config.retries(),
            disable_after: Duration::from_millis(config.disable_after_ms),
            overlap: Duration::from_millis(config.rotation_overlap_ms),
            replays_per_second: config.replays_per_second,
            lines: config.names().into_iter().map(line).collect(),
            replays: RefCell::default(),
        }
    }

    /// For how long a secret that was replaced still signs, in milliseconds.
    pub fn overlap_ms(&self) -> i64 {
        i64::try_from(self.overlap.as_millis()).unwrap_or(i64::MAX)
    }

    /// Whether a replay is under way of which this process has taken no step.
    fn is_of_another(&self, replay: &Row) -> bool {
        let is_begun = !replay.text(replays::CURSOR).is_empty();
        is_begun && !self.replays.borrow().contains(replay.text(replays::REPLAY))
    }

    fn line(&self, endpoint: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.endpoint == endpoint)
    }
}

/// Makes a dead delivery due again, with all its attempts.
pub(super) fn revived(delivery: &str, at: LedgerMillis) -> Statement {
    let dead =
        is(deliveries::DELIVERY, delivery).and(is(deliveries::STATE, DeliveryState::Dead.name()));
    let values = [
        (deliveries::STATE, DeliveryState::Pending.name().into()),
        (deliveries::RUN_AT, at.into()),
        (deliveries::ATTEMPTS, 0.into()),
    ];
    query::update(deliveries::TABLE, values, dead)
}

/// A dead delivery is not to be sent: what waits behind it goes on.
pub(super) async fn discard(
    transaction: &mut Transaction,
    delivery: &str,
    at: LedgerMillis,
) -> Result<(), LedgerError> {
    let this = is(deliveries::DELIVERY, delivery);
    let rows = transaction.query(query::select(deliveries::TABLE, this.clone()).locking());
    let rows = rows.await?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let values = [
        (deliveries::STATE, DeliveryState::Discarded.name().into()),
        (deliveries::RUN_AT, Value::Null),
    ];
    let dead = this.and(is(deliveries::STATE, DeliveryState::Dead.name()));
    transaction.stage(query::update(deliveries::TABLE, values, dead));
    if let Some(lane) = row.maybe_text(deliveries::LANE) {
        release(transaction, lane, at).await?;
    }
    Ok(())
}

/// Makes the first that waits in a lane due, once nothing before it holds the lane any more. Whoever
/// settles a delivery has its row locked, and [`addressing`] locks the last of a lane before it puts
/// another behind it: so of the two, the later sees the other's work, and nothing waits unseen.
pub(super) async fn release(
    transaction: &mut Transaction,
    lane: &str,
    at: LedgerMillis,
) -> Result<(), LedgerError> {
    release_after(transaction, lane, 0, at).await
}

/// As [`release`], for the one behind so many that wait; past any but none only for a defect.
async fn release_after(
    transaction: &mut Transaction,
    lane: &str,
    skipped: usize,
    at: LedgerMillis,
) -> Result<(), LedgerError> {
    let waiting =
        is(deliveries::LANE, lane).and(is(deliveries::STATE, DeliveryState::Pending.name()));
    let first = query::select(deliveries::TABLE, waiting);
    let first = first.first_by(deliveries::POSITION, skipped as u64 + 1);
    let rows = transaction.query(first).await?;
    if let Some(next) = rows.get(skipped) {
        let this = is(deliveries::DELIVERY, next.text(deliveries::DELIVERY));
        let values = [(deliveries::RUN_AT, at.into())];
        transaction.stage(query::update(deliveries::TABLE, values, this));
    }
    Ok(())
}

fn millis(span: Duration) -> LedgerMillis {
    i64::try_from(span.as_millis()).expect("invariant: spans are shorter than an age")
}
