//! Building the index anew, from a snapshot of the Ledger, while it is fed.
//!
//! The snapshot is taken after the search node has begun the build: so a change is in the snapshot, or its
//! update comes later than the begin, or both; and the versions tell which is newer. A document's version is
//! the last place in the outbox of any event of its asset that the snapshot has. Assets that are gone are
//! loaded as gone, or a late update would bring them back. A builder that dies leaves a build that the node
//! gives up after a while; the former index answers all the time.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use sim::record::value::Value as Note;

use super::Search;
use super::feeding::document;
use crate::core::node::Core;
use crate::core::protocol::{Answer, Body};
use crate::failure::Failure;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::Row;
use crate::ledger::engine::scalar::{BinaryOp, Expr};
use crate::ledger::engine::schema::TableId;
use crate::ledger::engine::statement::{Isolation, Select};
use crate::ledger::engine::value::Value;
use crate::ledger::query::{self, Refine};
use crate::ledger::row::Cells;
use crate::ledger::tables::{assets, outbox};
use crate::resilience::deadline::Deadline;
use crate::search::index::Update;
use crate::search::protocol::{SearchRequest, SearchResponse};

const LIMIT: Duration = Duration::from_secs(20);
/// How many rows of the snapshot one round trip brings at most.
const PAGE: u64 = 200;
/// How often a message of a build is sent.
const TRIES: u32 = 5;
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Has the index built anew, which takes longer than anybody waits for an answer.
pub fn begin(core: &Core) -> Answer {
    let Some(search) = core.search.clone() else {
        return Answer::refused(404, Failure::LedgerConstraint);
    };
    let built = async move { search.reindex().await };
    core.context.spawn("reindex", built);
    Answer::ok(202, Body::Nothing)
}

impl Search {
    /// Builds the index anew, unless somebody is at it. Leaves a note `search_reindexed`: the number of
    /// documents, and whether the build answers now.
    pub async fn reindex(self: &Rc<Self>) {
        let Ok(SearchResponse::Begun(build)) = self.ask(SearchRequest::Begin).await else {
            return;
        };
        let Ok(documents) = self.snapshot().await else {
            return;
        };
        let answers = self.load(build, &documents).await;
        let detail = [
            ("documents", Note::from(documents.len() as i64)),
            ("answers", answers.into()),
        ];
        self.context.note("search_reindexed", Note::map(detail));
    }

    async fn load(&self, build: u64, documents: &[Update]) -> bool {
        for some in documents.chunks(self.config.reindex_batch as usize) {
            let documents = some.to_vec();
            if !self.insist(SearchRequest::Load { build, documents }).await {
                return false;
            }
            let pause = Duration::from_millis(self.config.reindex_pause_ms);
            self.context.sleep(pause).await;
        }
        self.insist(SearchRequest::Swap { build }).await
    }

    /// Sends a message of a build until it is done, or the build is no more.
    async fn insist(&self, request: SearchRequest) -> bool {
        for _ in 0..TRIES {
            match self.ask(request.clone()).await {
                Ok(SearchResponse::Done) => return true,
                Ok(_) => return false,
                Err(_) => self.context.sleep(TRY_AGAIN).await,
            }
        }
        false
    }

    /// All assets there are or were, in one snapshot.
    async fn snapshot(&self) -> Result<Vec<Update>, LedgerError> {
        let deadline = Deadline::within(LIMIT, self.context.monotonic());
        let isolation = Isolation::RepeatableRead;
        let read = self
            .ledger
            .transact_at(isolation, "search.snapshot", deadline, read_snapshot);
        let (versions, mut documents) = read.await?;
        let update = |(asset, version)| Update {
            document: documents.remove(&asset),
            asset,
            version,
        };
        Ok(versions.into_iter().map(update).collect())
    }
}

type Snapshot = (
    BTreeMap<String, i64>,
    BTreeMap<String, crate::search::index::Document>,
);

async fn read_snapshot(transaction: &mut Transaction) -> Result<Snapshot, LedgerError> {
    let mut versions = BTreeMap::new();
    let events = pages(transaction, outbox::TABLE, outbox::POSITION, 0.into()).await?;
    for event in &events {
        // In the order of their places: the last one stays.
        versions.insert(
            event.text(outbox::ASSET).to_owned(),
            event.int(outbox::POSITION),
        );
    }
    let rows = pages(transaction, assets::TABLE, assets::ASSET, Value::text("")).await?;
    let named = rows
        .iter()
        .map(|row| (row.text(assets::ASSET).to_owned(), document(row)));
    Ok((versions, named.collect()))
}

/// A whole table in the order of its key, page by page.
async fn pages(
    transaction: &mut Transaction,
    table: TableId,
    key: usize,
    mut after: Value,
) -> Result<Vec<Row>, LedgerError> {
    let mut all: Vec<Row> = Vec::new();
    loop {
        let page = transaction.query(beyond(table, key, after)).await?;
        let last = page.last().map(|row| row[key].clone());
        let is_last = page.len() < PAGE as usize;
        all.extend(page);
        match last {
            Some(last) if !is_last => after = last,
            _ => return Ok(all),
        }
    }
}

fn beyond(table: TableId, key: usize, after: Value) -> Select {
    let further = Expr::binary(BinaryOp::Greater, Expr::column(key), Expr::Literal(after));
    query::select(table, further).first_by(key, PAGE)
}
