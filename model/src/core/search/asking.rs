//! Asking the index, and how old its answer may be.
//!
//! What is not in the index yet is read before the index is asked: if there is nothing, the answer has
//! everything that was committed when the question came.

use super::Search;
use crate::core::node::Core;
use crate::core::outbox::fan_out;
use crate::core::protocol::{Answer, Body};
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ledger::client::LedgerError;
use crate::ledger::engine::scalar::Expr;
use crate::ledger::engine::statement::{Direction, Select};
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, at_most};
use crate::ledger::row::Cells;
use crate::ledger::tables::{outbox, search_feed};
use crate::resilience::deadline::Deadline;
use crate::search::protocol::{SearchRequest, SearchResponse};

/// How many assets one answer has at most.
pub const HITS_MAX: u32 = 100;

/// Finds assets with a word in their name.
///
/// # Errors
/// As [`LedgerClient::read`](crate::ledger::client::LedgerClient::read).
pub async fn find(core: &Core, word: &str, deadline: Deadline) -> Result<Answer, LedgerError> {
    match &core.search {
        Some(search) => search.find(word, deadline).await,
        None => Ok(Answer::refused(404, Failure::LedgerConstraint)),
    }
}

impl Search {
    async fn find(&self, word: &str, deadline: Deadline) -> Result<Answer, LedgerError> {
        let unfed = at_most(search_feed::RUN_AT, LedgerMillis::MAX);
        let unfed = query::select(search_feed::TABLE, unfed).first_by(search_feed::POSITION, 1);
        let selects = [fan_out::waiting(1), unfed, last_event()];
        let read = self.ledger.read_all("search.age", deadline, &selects);
        let read = read.await?;
        let at = |table: usize, column| read[table].first().map(|row| row.int(column));
        let unfanned = match self.defects.has(Defect::SearchAgeIgnoresOutbox) {
            true => None,
            false => at(0, outbox::AT),
        };
        let missing = [unfanned, at(1, search_feed::AT)];
        let oldest = missing.into_iter().flatten().min();
        let now = self.ledger.clock().estimate();
        let lag_ms = oldest.map(|oldest| (now.unwrap_or(oldest) - oldest).max(0));
        let request = SearchRequest::Find {
            word: word.to_owned(),
            limit: HITS_MAX,
        };
        let Ok(SearchResponse::Found { hits, newest }) = self.ask(request).await else {
            return Ok(Answer::later(503, None));
        };
        if lag_ms.is_some() {
            self.context.reached("search_answer_was_stale");
        }
        let body = Body::Found {
            hits,
            newest,
            asked: at(2, outbox::POSITION).unwrap_or(0),
            lag_ms,
        };
        Ok(Answer::ok(200, body))
    }
}

fn last_event() -> Select {
    let mut last = Select::all(outbox::TABLE);
    last.order = vec![(Expr::column(outbox::POSITION), Direction::Descending)];
    last.limit = Some(1);
    last
}
