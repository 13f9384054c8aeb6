//! Search in Core: the index is fed from the outbox, built anew from the Ledger, and asked.
//!
//! [`feeding`] writes, in the fan-out, what each event's asset is now, and sends it to the search node until
//! that has it; [`reindex`] builds the index anew while it is fed; [`asking`] passes a user's question on,
//! and says how old the answer may be.

pub mod asking;
pub mod feeding;
pub mod reindex;

use std::time::Duration;

use sim::network::CallError;
use sim::{NodeContext, NodeId};

use crate::defects::Defects;
use crate::ledger::client::LedgerClient;
use crate::search::config::SearchConfig;
use crate::search::node::SEARCH;
use crate::search::protocol::{SearchRequest, SearchResponse};

/// How long the search node has to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// One process's way to the search node.
pub struct Search {
    /// How long it waits at most until it looks for what is to be fed.
    pub feed_every: Duration,
    context: NodeContext,
    ledger: LedgerClient,
    config: SearchConfig,
    defects: Defects,
    node: NodeId,
}

impl Search {
    /// For one process.
    pub fn new(
        context: &NodeContext,
        config: &SearchConfig,
        ledger: &LedgerClient,
        defects: &Defects,
    ) -> Search {
        Search {
            feed_every: Duration::from_millis(config.feed_every_ms),
            context: context.clone(),
            ledger: ledger.clone(),
            config: config.clone(),
            defects: defects.clone(),
            node: context.find(SEARCH),
        }
    }

    async fn ask(&self, request: SearchRequest) -> Result<SearchResponse, CallError> {
        let answer = self.context.call(self.node, request, PATIENCE).await?;
        Ok((*answer).clone())
    }
}
