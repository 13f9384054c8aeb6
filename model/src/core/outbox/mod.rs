//! The outbox: what is told outside, written in the transaction of the change it tells of.
//!
//! An event is staged after the statement that locks its asset's row, so that the events of one asset
//! take their places in the order of their commits. [`fan_out`] makes of them what everybody is owed who
//! hears of events: customers' machines ([`webhooks`](super::webhooks)), users
//! ([`realtime`](super::realtime)), the index ([`search`](super::search)); [`relay`] has it done soon. A system in which nobody hears of
//! events writes none.

pub mod fan_out;
pub mod relay;

use crate::ids::AssetId;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query;
use crate::ledger::tables::outbox;
use crate::webhooks::event;

/// Whether events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outbox {
    /// Somebody wants to hear of them.
    Open,
    /// Nobody does.
    Closed,
}

impl Outbox {
    /// The insert that tells of a change, by the audit's word for it; nothing when it is not told.
    pub fn event(
        self,
        action: &str,
        asset: &AssetId,
        version: Option<i64>,
        at: LedgerMillis,
    ) -> Option<Statement> {
        let kind = event::kind_of(action).filter(|_| self == Outbox::Open)?;
        let body = event::body(kind, at, &asset.0, version);
        let values = [
            (outbox::KIND, kind.into()),
            (outbox::ASSET, Value::text(&asset.0)),
            (outbox::BODY, Value::text(&body)),
            (outbox::FANNED_OUT, false.into()),
            (outbox::AT, at.into()),
        ];
        Some(query::insert(outbox::TABLE, values))
    }
}
