//! From the outbox to deliveries: one for each endpoint that wants an event, each exactly once.
//!
//! One transaction reads events, makes their deliveries and marks them; there is nothing to repeat and
//! nothing to lose. Instances take turns at a turnstile, a row that is locked for the length of the
//! transaction: two at once could put a later event of an asset into a lane before an earlier one.

use std::collections::BTreeSet;
use std::time::Duration;

use super::endpoints::Endpoint;
use crate::core::node::Core;
use crate::defects::Defect;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::Row;
use crate::ledger::engine::scalar::{BinaryOp, Expr};
use crate::ledger::engine::statement::{Direction, Select, Statement};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is, is_one_of};
use crate::ledger::row::Cells;
use crate::ledger::tables::{deliveries, outbox, relays, webhook_endpoints};
use crate::points;
use crate::resilience::deadline::Deadline;
use crate::webhooks::delivery::DeliveryState;
use crate::webhooks::{endpoint, event, ordering};

const LIMIT: Duration = Duration::from_secs(5);
const BATCH: u64 = 64;
/// The turnstile's name.
const OUTBOX: &str = "outbox";

/// The turnstile, which every new Ledger begins with.
pub fn turnstile() -> Statement {
    let values = [(relays::RELAY, OUTBOX.into()), (relays::CURSOR, 0.into())];
    query::insert(relays::TABLE, values)
}

/// The events whose deliveries are not made, in their order.
pub fn waiting(limit: u64) -> Select {
    let fresh = query::select(outbox::TABLE, is(outbox::FANNED_OUT, false));
    fresh.first_by(outbox::POSITION, limit)
}

/// Makes deliveries; gives whether more events may be waiting.
pub(super) async fn fan_out(core: &Core) -> bool {
    let deadline = Deadline::within(LIMIT, core.context.monotonic());
    let by_position = core.setup.defects.has(Defect::OutboxPolledByPosition);
    let made = core
        .ledger
        .transact("outbox.fan_out", deadline, async |transaction| {
            let at = transaction.now().await?;
            let turnstile = query::select(relays::TABLE, is(relays::RELAY, OUTBOX)).claiming();
            let rows = transaction.query(turnstile).await?;
            let Some(relay) = rows.first() else {
                return Ok(0);
            };
            let next = match by_position {
                true => beyond(relay.int(relays::CURSOR)),
                false => waiting(BATCH),
            };
            let events = transaction.query(next).await?;
            let all = transaction
                .query(Select::all(webhook_endpoints::TABLE))
                .await?;
            let endpoints: Vec<Endpoint> = all.iter().map(|row| Endpoint::of_row(row)).collect();
            let mut lanes = BTreeSet::new();
            for event in &events {
                deliver(transaction, event, &endpoints, &mut lanes, at).await?;
            }
            if let Some(last) = events.last().filter(|_| by_position) {
                let values = [(relays::CURSOR, last.int(outbox::POSITION).into())];
                let this = is(relays::RELAY, OUTBOX);
                transaction.stage(query::update(relays::TABLE, values, this));
            }
            transaction.flush().await?;
            core.context.pass(points::FAN_OUT_STAGED).await;
            Ok(events.len())
        });
    made.await.is_ok_and(|made| made as u64 == BATCH)
}

/// The defect's way: what comes after the last place that was seen.
fn beyond(cursor: i64) -> Select {
    let later = Expr::binary(
        BinaryOp::Greater,
        Expr::column(outbox::POSITION),
        Expr::literal(cursor),
    );
    query::select(outbox::TABLE, later).first_by(outbox::POSITION, BATCH)
}

/// The deliveries of one event. `lanes` are those that this transaction has put something into.
async fn deliver(
    transaction: &mut Transaction,
    event: &Row,
    endpoints: &[Endpoint],
    lanes: &mut BTreeSet<String>,
    at: LedgerMillis,
) -> Result<(), LedgerError> {
    let position = event.int(outbox::POSITION);
    for it in endpoints {
        if !endpoint::wants(&it.events, event.text(outbox::KIND)) {
            continue;
        }
        let lane = ordering::lane(&it.name, event.text(outbox::ASSET), it.ordered);
        let waits = match &lane {
            None => false,
            Some(lane) if lanes.contains(lane) => true,
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
            (deliveries::ASSET, event.text(outbox::ASSET).into()),
            (deliveries::LANE, query::text(lane.as_deref())),
            (deliveries::STATE, DeliveryState::Pending.name().into()),
            (deliveries::RUN_AT, run_at),
            (deliveries::TOKEN, 0.into()),
            (deliveries::ATTEMPTS, 0.into()),
        ];
        transaction.stage(query::insert(deliveries::TABLE, values));
        lanes.extend(lane);
    }
    let values = [(outbox::FANNED_OUT, true.into())];
    let this = is(outbox::POSITION, position);
    transaction.stage(query::update(outbox::TABLE, values, this));
    Ok(())
}

/// Whether something in a lane is not settled. The last of it stays locked: who settles it meanwhile
/// waits, and then sees what was put behind it.
async fn is_held(transaction: &mut Transaction, lane: &str) -> Result<bool, LedgerError> {
    let holding = is(deliveries::LANE, lane).and(is_one_of(deliveries::STATE, ordering::HOLDING));
    let mut last = query::select(deliveries::TABLE, holding).first_by(deliveries::POSITION, 1);
    last.order = vec![(Expr::column(deliveries::POSITION), Direction::Descending)];
    Ok(!transaction.query(last.locking()).await?.is_empty())
}
