//! Sealing: every so often an instance adds the new entries of the audit to its chain of seals.
//!
//! Entries are written by transactions that run side by side, and must not wait for each other only for
//! the chain's sake; so an entry is sealed after its commit. Which entries are new is written in them and
//! not guessed from their numbers: a transaction that commits late has drawn its numbers early, and
//! whoever asks for numbers above the last would never see its entries. Instances take turns at the
//! chain's head, whose row they lock.

use std::rc::Rc;
use std::time::Duration;

use sim::random::Root;

use super::chain::{Content, Link, Seal};
use crate::core::node::Core;
use crate::defects::Defect;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::statement::{Select, Statement};
use crate::ledger::engine::value::Value;
use crate::ledger::query::{self, Refine, above, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{audit, audit_heads as heads, audit_seals as seals};
use crate::resilience::deadline::Deadline;

const LIMIT: Duration = Duration::from_secs(5);
const SEALED_AT_ONCE: u64 = 100;
/// The one row of `audit_heads`.
const HEAD: i64 = 1;

/// The rows that an audit with a chain begins with.
pub fn first_rows() -> Vec<Statement> {
    let values: [(usize, Value); 4] = [
        (heads::HEAD, HEAD.into()),
        (heads::POSITION, 0.into()),
        (heads::ENTRY, 0.into()),
        (heads::SEAL, Value::Text(Seal::genesis().0)),
    ];
    vec![query::insert(heads::TABLE, values)]
}

/// Seals what is new for as long as the process lives.
pub async fn run(core: Rc<Core>, every: Duration) {
    let context = &core.context;
    loop {
        // Instances seal at different moments, or all but one would only wait for the head.
        let mut stream = context.stream(Root::Schedule, "seal");
        context.sleep(stream.span(every / 2, every)).await;
        if core.is_draining() {
            return;
        }
        let deadline = Deadline::within(LIMIT, context.monotonic());
        let mut look = unsealed();
        look.limit = Some(1);
        let news = core.ledger.read("audit.look", deadline, look).await;
        if news.is_ok_and(|rows| !rows.is_empty()) {
            let skips = core.setup.defects.has(Defect::SealSkipsLateCommits);
            let sealed = core
                .ledger
                .transact("audit.seal", deadline, async |transaction| {
                    seal(transaction, skips).await
                });
            // What could not be sealed now is still new the next time.
            if let Ok(count) = sealed.await {
                tracing::debug!(count, "the audit is sealed");
            }
        }
    }
}

fn unsealed() -> Select {
    query::select(audit::TABLE, is(audit::UNSEALED, true))
}

/// Adds what is new to the chain; gives how many entries that were.
async fn seal(transaction: &mut Transaction, skips: bool) -> Result<usize, LedgerError> {
    let head = query::select(heads::TABLE, is(heads::HEAD, HEAD)).locking();
    let head = transaction.query(head).await?;
    let head = head
        .first()
        .expect("invariant: an audit that is sealed has a head");
    let mut link = Link {
        position: head.int(heads::POSITION),
        entry: head.int(heads::ENTRY),
        seal: Seal(head.text(heads::SEAL).to_owned()),
    };
    let new = match skips {
        false => unsealed(),
        true => query::select(audit::TABLE, above(audit::ENTRY, link.entry)),
    };
    let new = new.first_by(audit::ENTRY, SEALED_AT_ONCE);
    let entries = transaction.query(new).await?;
    for entry in &entries {
        link = Link {
            position: link.position + 1,
            entry: entry.int(audit::ENTRY),
            seal: link.seal.then(&content(entry)),
        };
        transaction.stage(insert(&link));
        let sealed = [(audit::UNSEALED, Value::Null)];
        let this = is(audit::ENTRY, link.entry);
        transaction.stage_one(query::update(audit::TABLE, sealed, this));
    }
    let values: [(usize, Value); 3] = [
        (heads::POSITION, link.position.into()),
        (heads::ENTRY, link.entry.into()),
        (heads::SEAL, Value::Text(link.seal.0)),
    ];
    let this = is(heads::HEAD, HEAD);
    transaction.stage_one(query::update(heads::TABLE, values, this));
    Ok(entries.len())
}

fn insert(link: &Link) -> Statement {
    let values: [(usize, Value); 3] = [
        (seals::POSITION, link.position.into()),
        (seals::ENTRY, link.entry.into()),
        (seals::SEAL, link.seal.0.as_str().into()),
    ];
    query::insert(seals::TABLE, values)
}

/// What of an entry is sealed: all of it, but the mark that it is not sealed yet.
fn content(row: &[Value]) -> Content<'static> {
    let columns = audit::COLUMNS.iter().zip(row).enumerate();
    let sealed = columns.filter(|(number, _)| *number != audit::UNSEALED);
    sealed
        .map(|(_, ((name, _), value))| {
            let text = match value {
                Value::Null => None,
                Value::Bool(flag) => Some(flag.to_string()),
                Value::Int(number) => Some(number.to_string()),
                Value::Text(text) => Some(text.clone()),
            };
            (*name, text)
        })
        .collect()
}
