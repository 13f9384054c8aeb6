//! Feeding: each event's row says what its asset is now, and goes to the index until the index has it.
//!
//! A row is leased by whoever sends it, and is due again when the lease runs out: so an update may come
//! twice, late, and after a newer one, which the index knows by the version. Nothing is fenced: that the
//! index has an update is true whoever says so.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use sim::random::Root;

use super::Search;
use crate::core::node::Core;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::{Select, Statement};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, at_most, is, is_one_of};
use crate::ledger::row::Cells;
use crate::ledger::tables::{assets, outbox, search_feed};
use crate::resilience::deadline::Deadline;
use crate::search::index::{Document, Update};
use crate::search::protocol::{SearchRequest, SearchResponse};

const LIMIT: Duration = Duration::from_secs(5);
/// Longer than the search node is given to answer.
const LEASE_MS: LedgerMillis = 8_000;

/// What is due to the index.
fn due(at: LedgerMillis, limit: u64) -> Select {
    let due = at_most(search_feed::RUN_AT, at);
    query::select(search_feed::TABLE, due).first_by(search_feed::RUN_AT, limit)
}

/// An asset's row as the index has it.
pub fn document(row: &[Value]) -> Document {
    Document {
        name: row.text(assets::NAME).to_owned(),
        category: row.text(assets::CATEGORY).to_owned(),
        locker: row.text(assets::LOCKER).to_owned(),
        revision: row.int(assets::VERSION),
    }
}

/// In the fan-out: writes what the assets of these events are now. That is at least as new as the event.
///
/// # Errors
/// As [`Transaction::flush`].
pub async fn write(
    core: &Core,
    transaction: &mut Transaction,
    events: &[Row],
    at: LedgerMillis,
) -> Result<(), LedgerError> {
    if core.search.is_none() || events.is_empty() {
        return Ok(());
    }
    let named: BTreeSet<&str> = events.iter().map(|it| it.text(outbox::ASSET)).collect();
    let these = query::select(assets::TABLE, is_one_of(assets::ASSET, named));
    let mut documents = BTreeMap::new();
    for row in transaction.query(these).await? {
        documents.insert(row.text(assets::ASSET).to_owned(), document(&row));
    }
    for event in events {
        let document = documents.get(event.text(outbox::ASSET));
        let told = document.map(|it| serde_json::to_string(it).expect("documents serialise"));
        let values = [
            (search_feed::POSITION, event.int(outbox::POSITION).into()),
            (search_feed::ASSET, event.text(outbox::ASSET).into()),
            (search_feed::DOCUMENT, query::text(told.as_deref())),
            (search_feed::RUN_AT, at.into()),
            (search_feed::AT, event.int(outbox::AT).into()),
        ];
        transaction.stage(query::insert(search_feed::TABLE, values));
    }
    Ok(())
}

impl Search {
    /// Feeds the index for as long as the process lives.
    pub async fn feed(self: Rc<Self>) {
        loop {
            let mut stream = self.context.stream(Root::Schedule, "feed");
            let wait = stream.span(self.feed_every / 2, self.feed_every);
            self.context.sleep(wait).await;
            let deadline = Deadline::within(LIMIT, self.context.monotonic());
            // Until the Ledger was heard its time is unknown, and everything may be due.
            let at = self.ledger.clock().estimate().unwrap_or(LedgerMillis::MAX);
            let look = self.ledger.read("search.look", deadline, due(at, 1)).await;
            if look.is_ok_and(|rows| !rows.is_empty()) {
                let search = self.clone();
                let fed = async move { search.feed_some().await };
                // Whoever waits for the index keeps nobody from looking again.
                self.context.spawn("feed.batch", fed);
            }
        }
    }

    /// Sends what is due. Unanswered, the leases run out, and somebody sends again.
    async fn feed_some(self: &Rc<Self>) {
        let Ok(updates) = self.claim().await else {
            return;
        };
        if updates.is_empty() {
            return;
        }
        let positions: Vec<i64> = updates.iter().map(|update| update.version).collect();
        match self.ask(SearchRequest::Apply(updates)).await {
            Ok(SearchResponse::Applied { is_built }) => {
                self.conclude(&positions).await;
                if !is_built {
                    self.reindex().await;
                }
            }
            Ok(other) => panic!("invariant: Apply is answered in kind, not with {other:?}"),
            Err(_) => {}
        }
    }

    async fn claim(&self) -> Result<Vec<Update>, LedgerError> {
        let deadline = Deadline::within(LIMIT, self.context.monotonic());
        let claim = self
            .ledger
            .transact("search.claim", deadline, async |transaction| {
                let at = transaction.now().await?;
                let due = due(at, self.config.batch.into()).claiming();
                let rows = transaction.query(due).await?;
                for row in &rows {
                    transaction.stage(run_at(
                        row.int(search_feed::POSITION),
                        (at + LEASE_MS).into(),
                    ));
                }
                Ok(rows.iter().map(|row| update(row)).collect())
            });
        claim.await
    }

    async fn conclude(&self, positions: &[i64]) {
        let deadline = Deadline::within(LIMIT, self.context.monotonic());
        let concluded = self
            .ledger
            .transact("search.conclude", deadline, async |transaction| {
                for position in positions {
                    transaction.stage(run_at(*position, Value::Null));
                }
                Ok(())
            });
        if concluded.await.is_err() {
            tracing::debug!("updates will be sent again that the index has");
        }
    }
}

fn run_at(position: i64, run_at: Value) -> Statement {
    let values = [(search_feed::RUN_AT, run_at)];
    let this = is(search_feed::POSITION, position);
    query::update(search_feed::TABLE, values, this)
}

fn update(row: &[Value]) -> Update {
    let told = row.maybe_text(search_feed::DOCUMENT);
    Update {
        asset: row.text(search_feed::ASSET).to_owned(),
        version: row.int(search_feed::POSITION),
        document: told.map(|it| serde_json::from_str(it).expect("invariant: written by `write`")),
    }
}
