//! Which verifications are due, as the workers ask for them: by age, or by priority.
//!
//! [`queue`](super::queue) says whose turn it is; here is what that means in statements.

use std::collections::BTreeSet;

use crate::core::verification::VerificationPriority;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::Select;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, at_most, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::verifications;

/// Claims by priority: so many places are kept for requested verifications, the others go to those of
/// registrations, and what these leave to whoever there is.
pub(super) async fn by_priority(
    transaction: &mut Transaction,
    at: LedgerMillis,
    free: u32,
    kept: u32,
) -> Result<Vec<Row>, LedgerError> {
    let (free, kept) = (free as usize, kept as usize);
    let requested = due_with(VerificationPriority::Requested, at, kept);
    let mut rows = transaction.query(requested.claiming()).await?;
    let left = free - rows.len();
    let registered = due_with(VerificationPriority::Registered, at, left);
    rows.extend(transaction.query(registered.claiming()).await?);
    let left = free - rows.len();
    if left > 0 {
        // The same ones again, and those behind them.
        let requested = due_with(VerificationPriority::Requested, at, kept + left);
        let again = transaction.query(requested.claiming()).await?;
        let name = |row: &Row| row.text(verifications::VERIFICATION).to_owned();
        let had: BTreeSet<String> = rows.iter().map(name).collect();
        let more = again.into_iter().filter(|row| !had.contains(&name(row)));
        rows.extend(more.take(left));
    }
    Ok(rows)
}

fn due_with(priority: VerificationPriority, at: LedgerMillis, rows: usize) -> Select {
    let these = is(verifications::PRIORITY, priority.name());
    let due = these.and(at_most(verifications::RUN_AT, at));
    query::select(verifications::TABLE, due).first_by(verifications::RUN_AT, rows as u64)
}

/// Those that are due at a time, the longest first.
pub(super) fn due(at: LedgerMillis, rows: u64) -> Select {
    query::select(verifications::TABLE, at_most(verifications::RUN_AT, at))
        .first_by(verifications::RUN_AT, rows)
}
