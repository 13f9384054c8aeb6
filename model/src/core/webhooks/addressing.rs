//! From events to deliveries: one for each endpoint that wants an event, each exactly once.
//!
//! It is a part of the [fan-out](crate::core::outbox::fan_out): whoever makes deliveries holds the
//! turnstile. Two at once could put a later event of an asset into a lane before an earlier one.

use std::collections::BTreeSet;

use super::endpoints::Endpoint;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::Row;
use crate::ledger::engine::scalar::Expr;
use crate::ledger::engine::statement::{Direction, Select};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is, is_one_of};
use crate::ledger::row::Cells;
use crate::ledger::tables::{deliveries, outbox, webhook_endpoints};
use crate::webhooks::delivery::DeliveryState;
use crate::webhooks::{endpoint, event, ordering};

/// The endpoints as one transaction sees them, into how many partitions their assets are put, and the lanes
/// it has put something into.
pub(in crate::core) struct Addressees {
    endpoints: Vec<Endpoint>,
    partitions: Option<u32>,
    lanes: BTreeSet<String>,
}

impl Addressees {
    /// Reads them.
    ///
    /// # Errors
    /// As [`Transaction::flush`].
    pub(in crate::core) async fn read(
        transaction: &mut Transaction,
        partitions: Option<u32>,
    ) -> Result<Addressees, LedgerError> {
        let all = Select::all(webhook_endpoints::TABLE);
        let rows = transaction.query(all).await?;
        Ok(Addressees {
            endpoints: rows.iter().map(|row| Endpoint::of_row(row)).collect(),
            partitions,
            lanes: BTreeSet::new(),
        })
    }

    /// Makes the deliveries of one event.
    ///
    /// # Errors
    /// As [`Transaction::flush`].
    pub(in crate::core) async fn deliver(
        &mut self,
        transaction: &mut Transaction,
        event: &Row,
        at: LedgerMillis,
    ) -> Result<(), LedgerError> {
        let position = event.int(outbox::POSITION);
        for it in &self.endpoints {
            if !endpoint::wants(&it.events, event.text(outbox::KIND)) {
                continue;
            }
            let asset = event.text(outbox::ASSET);
            let lane = ordering::lane(&it.name, asset, it.ordered, self.partitions);
            let waits = match &lane {
                None => false,
                Some(lane) if self.lanes.contains(lane) => true,
                Some(lane) => is_held(transaction, lane).await?,
            };
            let run_at = if waits { Value::Null } else { at.into() };
            let values = [
                (
                    deliveries::DELIVERY,
                    Value::text(&event::delivery(position, &it.name)),
                ),
                (deliveries::POSITION, position.into()),
                (deliveries::ENDPOINT, Value::text(&it.name)),
                (deliveries::ASSET, asset.into()),
                (deliveries::LANE, query::text(lane.as_deref())),
                (deliveries::STATE, DeliveryState::Pending.name().into()),
                (deliveries::RUN_AT, run_at),
                (deliveries::TOKEN, 0.into()),
                (deliveries::ATTEMPTS, 0.into()),
            ];
            transaction.stage(query::insert(deliveries::TABLE, values));
            self.lanes.extend(lane);
        }
        Ok(())
    }
}

/// Whether something in a lane is not settled. The last of it stays locked: who settles it meanwhile
/// waits, and then sees what was put behind it.
async fn is_held(transaction: &mut Transaction, lane: &str) -> Result<bool, LedgerError> {
    let holding = is(deliveries::LANE, lane).and(is_one_of(deliveries::STATE, ordering::HOLDING));
    let mut last = query::select(deliveries::TABLE, holding).first_by(deliveries::POSITION, 1);
    last.order = vec![(Expr::column(deliveries::POSITION), Direction::Descending)];
    Ok(!transaction.query(last.locking()).await?.is_empty())
}
