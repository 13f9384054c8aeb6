//! Alerts to operations that must not be lost: rows written in the transaction of what they tell of.
//!
//! Each tells once: its name is made of what it is about, and a second row of that name is not
//! written. Work that was given up alerts with its dead letter (see [`dead_letters`](super::dead_letters));
//! what is merely measured, such as an open circuit, alerts by [`alerts`](crate::alerts).

use std::time::Duration;

use crate::failure::Failure;
use crate::ids::AssetId;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query;
use crate::ledger::tables::alerts;

/// How long a link may wait for a Locker that refuses connections before people are told.
const LINK_OVERDUE_AFTER: Duration = Duration::from_secs(3_600);

/// Alerts operations of a failure by its code, unless an alert of this name was raised before.
pub fn raise(name: &str, asset: &AssetId, code: &str, at: LedgerMillis) -> Statement {
    let values = [
        (alerts::ALERT, Value::text(&format!("alert-{name}"))),
        (alerts::ASSET, Value::text(&asset.0)),
        (alerts::FAILURE, code.into()),
        (alerts::AT, at.into()),
    ];
    query::insert_if_absent(alerts::TABLE, values)
}

/// Whether a link that was asked for then, and whose Locker still refuses connections, is to be
/// escalated now.
pub fn is_overdue(started_at: LedgerMillis, failure: Failure, now: LedgerMillis) -> bool {
    failure == Failure::LockerUnreachable
        && now - started_at >= LINK_OVERDUE_AFTER.as_millis() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unreachable_locker_escalates_by_time_and_after_an_hour() {
        const HOUR: LedgerMillis = 3_600_000;
        for (failure, waited, expected) in [
            (Failure::LockerUnreachable, HOUR - 1, false),
            (Failure::LockerUnreachable, HOUR, true),
            (Failure::LockerTimeout, 2 * HOUR, false),
        ] {
            assert_eq!(
                is_overdue(77, failure, 77 + waited),
                expected,
                "{failure:?} {waited}"
            );
        }
    }
}
