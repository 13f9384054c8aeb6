//! Reading from a replica, as far as that is good enough for the reader.
//!
//! A read that must show what its session has seen carries the session's position in the log; a replica that is not
//! so far waits a little, and then the primary is asked. Start at [`LedgerClient::read_as_of`].

use std::sync::Arc;
use std::time::Duration;

use sim::random::Root;

use super::super::engine::Row;
use super::super::engine::log::frame::Lsn;
use super::super::engine::statement::Select;
use super::super::protocol::Consistency;
use super::super::replica::protocol::{ServerRequest, ServerResponse};
use super::{LedgerClient, LedgerError};
use crate::defects::Defect;
use crate::resilience::deadline::Deadline;

/// How long a replica may wait until it has applied what the session has seen.
const WAIT: Duration = Duration::from_millis(500);
/// How long its answer is waited for, its own waiting included.
const READ_LIMIT: Duration = Duration::from_millis(1_500);

impl LedgerClient {
    /// Whether there are replicas.
    pub fn is_replicated(&self) -> bool {
        self.servers.len() > 1
    }

    /// A position in the log behind everything that this process was told to be committed.
    pub fn position(&self) -> Lsn {
        self.heard.get()
    }

    /// Reads one statement's rows, and tells as of which position, or an earlier one.
    ///
    /// # Errors
    /// As [`LedgerClient::read_all`].
    pub async fn read_as_of(
        &self,
        purpose: &'static str,
        deadline: Deadline,
        select: Select,
        consistency: Consistency,
        seen: Lsn,
    ) -> Result<(Vec<Row>, Lsn), LedgerError> {
        if consistency != Consistency::Strong && self.is_replicated() {
            let ignores = self.defects.has(Defect::ReplicaReadIgnoresToken);
            let needed = match consistency {
                Consistency::Session if !ignores => seen,
                Consistency::Causal => seen,
                _ => Lsn(0),
            };
            if let Some(read) = self.ask_a_replica(deadline, &select, needed).await {
                self.context.reached("replica_answered_a_read");
                return Ok(read);
            }
            self.context.reached("read_went_to_the_primary");
        }
        let rows = self.read(purpose, deadline, select).await?;
        Ok((rows, self.position()))
    }

    /// Asks one of the servers that were not the primary last; nothing when it does not answer, or not so far.
    async fn ask_a_replica(
        &self,
        deadline: Deadline,
        select: &Select,
        at_least: Lsn,
    ) -> Option<(Vec<Row>, Lsn)> {
        let others =
            (1..self.servers.len()).map(|step| (self.primary.get() + step) % self.servers.len());
        let others: Vec<usize> = others.collect();
        let mut stream = self.context.stream(Root::Schedule, "replica");
        let replica = self.servers[*stream.pick(&others)];
        let request = ServerRequest::Read {
            selects: vec![select.clone()],
            at_least,
            wait_ms: WAIT.as_millis() as u64,
        };
        let limit = deadline.limit(READ_LIMIT, self.context.monotonic());
        let answer: Result<Arc<ServerResponse>, _> =
            self.context.call(replica, request, limit).await;
        match answer.ok()?.as_ref() {
            ServerResponse::Rows { rows, applied } => Some((rows.first()?.clone(), *applied)),
            _ => None,
        }
    }
}
