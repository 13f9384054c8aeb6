//! From the outbox to everybody who hears of events, each event exactly once.
//!
//! One transaction reads events, makes of them what each audience is owed (deliveries of webhooks,
//! notifications of users, updates of the search index), and marks them; there is nothing to repeat and nothing to lose. Instances take
//! turns at a turnstile, a row that is locked for the length of the transaction: so the events of an asset
//! reach every audience in their order.

use std::time::Duration;

use crate::core::node::Core;
use crate::core::realtime;
use crate::core::search;
use crate::core::webhooks::addressing::Addressees;
use crate::defects::Defect;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::Row;
use crate::ledger::engine::scalar::{BinaryOp, Expr};
use crate::ledger::engine::statement::{Select, Statement};
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{outbox, relays};
use crate::points;
use crate::resilience::deadline::Deadline;

const LIMIT: Duration = Duration::from_secs(5);
const BATCH: u64 = 64;
/// The turnstile's name.
const OUTBOX: &str = "outbox";

/// The turnstile, which a new Ledger begins with where events are told.
pub fn turnstile() -> Statement {
    let values = [(relays::RELAY, OUTBOX.into()), (relays::CURSOR, 0.into())];
    query::insert(relays::TABLE, values)
}

/// The events that are not fanned out, in their order.
pub fn waiting(limit: u64) -> Select {
    let fresh = query::select(outbox::TABLE, is(outbox::FANNED_OUT, false));
    fresh.first_by(outbox::POSITION, limit)
}

/// What one fan-out has made.
#[derive(Default)]
struct Made {
    events: usize,
    /// The users for whom there is something new.
    told: Vec<String>,
}

/// Fans out; gives whether more events may be waiting.
pub async fn fan_out(core: &Core) -> bool {
    let deadline = Deadline::within(LIMIT, core.context.monotonic());
    let by_position = core.setup.defects.has(Defect::OutboxPolledByPosition);
    let made = core
        .ledger
        .transact("outbox.fan_out", deadline, async |transaction| {
            let at = transaction.now().await?;
            let turnstile = query::select(relays::TABLE, is(relays::RELAY, OUTBOX)).claiming();
            let rows = transaction.query(turnstile).await?;
            let Some(relay) = rows.first() else {
                return Ok(Made::default());
            };
            let next = match by_position {
                true => beyond(relay.int(relays::CURSOR)),
                false => waiting(BATCH),
            };
            let events = transaction.query(next).await?;
            let told = tell(core, transaction, &events, at).await?;
            if let Some(last) = events.last().filter(|_| by_position) {
                let values = [(relays::CURSOR, last.int(outbox::POSITION).into())];
                let this = is(relays::RELAY, OUTBOX);
                transaction.stage(query::update(relays::TABLE, values, this));
            }
            transaction.flush().await?;
            core.context.pass(points::FAN_OUT_STAGED).await;
            let events = events.len();
            Ok(Made { events, told })
        });
    let made = made.await.unwrap_or_default();
    if let Some(realtime) = &core.realtime {
        realtime.ring(&made.told);
    }
    made.events as u64 == BATCH
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

/// Makes what each audience is owed; gives the users for whom there is something new.
async fn tell(
    core: &Core,
    transaction: &mut Transaction,
    events: &[Row],
    at: LedgerMillis,
) -> Result<Vec<String>, LedgerError> {
    let mut addressees = match &core.setup.webhooks {
        Some(config) => Some(Addressees::read(transaction, config.partitions).await?),
        None => None,
    };
    for event in events {
        if let Some(addressees) = &mut addressees {
            addressees.deliver(transaction, event, at).await?;
        }
        let values = [(outbox::FANNED_OUT, true.into())];
        let this = is(outbox::POSITION, event.int(outbox::POSITION));
        transaction.stage(query::update(outbox::TABLE, values, this));
    }
    search::feeding::write(core, transaction, events, at).await?;
    realtime::storing::of_events(core, transaction, events, at).await
}
