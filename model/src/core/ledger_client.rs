//! How a Core talks to the Ledger: deadline, retries, and what a silence means.
//!
//! A question whose repetition is harmless is retried. A commit without an answer is *unknown*: it
//! may have happened, and may yet, so the caller must read back instead of guessing.

use std::sync::Arc;
use std::time::Duration;

use sim::network::CallError;
use sim::random::Root;
use sim::{NodeContext, NodeId};

use super::retry::Backoff;
use crate::ids::IdempotencyKey;
use crate::ledger::node::LEDGER;
use crate::ledger::protocol::{LedgerRequest, LedgerResponse, TransactionId};
use crate::ledger::store::{ClaimedJob, KeyRow, Mutation, Refusal};

/// The Ledger's time limit for one question.
pub const TIMEOUT: Duration = Duration::from_secs(5);

const RETRY: Backoff = Backoff {
    base: Duration::from_millis(50),
    cap: Duration::from_secs(2),
    attempts_max: 4,
};

/// Why the Ledger did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// Nothing was done, and nothing will be.
    Down,
    /// It may have been done, or may yet be.
    Unknown,
    /// It was refused as a whole.
    Refused(Refusal),
}

/// A Core's connection to the Ledger.
#[derive(Clone)]
pub struct LedgerClient {
    context: NodeContext,
    ledger: NodeId,
}

impl LedgerClient {
    /// Connects a Core.
    pub fn new(context: NodeContext) -> LedgerClient {
        let ledger = context.find(LEDGER);
        LedgerClient { context, ledger }
    }

    /// Opens a transaction. Opening one too many does no harm, so it is retried.
    ///
    /// # Errors
    /// [`LedgerError::Down`] when no attempt was answered.
    pub async fn begin(&self) -> Result<TransactionId, LedgerError> {
        match &*self.ask_repeatedly(LedgerRequest::Begin).await? {
            LedgerResponse::Begun(transaction) => Ok(*transaction),
            other => unexpected("Begin", other),
        }
    }

    /// Stages changes. What is only staged is forgotten when it is not committed.
    ///
    /// # Errors
    /// [`LedgerError::Down`], or the refusal.
    pub async fn write(
        &self,
        transaction: TransactionId,
        mutations: Vec<Mutation>,
    ) -> Result<(), LedgerError> {
        let request = LedgerRequest::Write {
            transaction,
            mutations,
        };
        match self
            .context
            .call(self.ledger, request, TIMEOUT)
            .await
            .as_deref()
        {
            Ok(LedgerResponse::Written) => Ok(()),
            Ok(LedgerResponse::Refused(refusal)) => Err(LedgerError::Refused(refusal.clone())),
            Ok(LedgerResponse::NoSuchTransaction) | Err(_) => Err(LedgerError::Down),
            Ok(other) => unexpected("Write", other),
        }
    }

    /// Commits. Asked once only: a second answer could not tell "committed before" from "lost".
    ///
    /// # Errors
    /// Any [`LedgerError`].
    pub async fn commit(&self, transaction: TransactionId) -> Result<(), LedgerError> {
        let answer = self
            .context
            .call(self.ledger, LedgerRequest::Commit { transaction }, TIMEOUT)
            .await;
        match answer.as_deref() {
            Ok(LedgerResponse::Committed(_)) => Ok(()),
            Ok(LedgerResponse::Refused(refusal)) => Err(LedgerError::Refused(refusal.clone())),
            Ok(LedgerResponse::NoSuchTransaction) | Err(CallError::Refused) => {
                Err(LedgerError::Down)
            }
            Err(CallError::Reset | CallError::TimedOut) => Err(LedgerError::Unknown),
            Ok(other) => unexpected("Commit", other),
        }
    }

    /// A whole transaction whose changes are fenced, hence safe to repeat: applied twice, the second
    /// is refused as stale.
    ///
    /// # Errors
    /// [`LedgerError::Unknown`] when no attempt was answered, or the refusal.
    pub async fn transact(&self, mutations: Vec<Mutation>) -> Result<Vec<ClaimedJob>, LedgerError> {
        let answer = self
            .ask_repeatedly(LedgerRequest::Transact { mutations })
            .await;
        match answer.as_deref().map_err(|_| LedgerError::Unknown)? {
            LedgerResponse::Committed(claimed) => Ok(claimed.clone()),
            LedgerResponse::Refused(refusal) => Err(LedgerError::Refused(refusal.clone())),
            other => unexpected("Transact", other),
        }
    }

    /// What is known of a key.
    ///
    /// # Errors
    /// [`LedgerError::Down`] when no attempt was answered.
    pub async fn look_up(&self, key: &IdempotencyKey) -> Result<Option<KeyRow>, LedgerError> {
        let request = LedgerRequest::LookUp { key: key.clone() };
        match &*self.ask_repeatedly(request).await? {
            LedgerResponse::Key(row) => Ok(row.as_deref().cloned()),
            other => unexpected("LookUp", other),
        }
    }

    async fn ask_repeatedly(
        &self,
        request: LedgerRequest,
    ) -> Result<Arc<LedgerResponse>, LedgerError> {
        let mut failed = 0;
        loop {
            if let Ok(answer) = self
                .context
                .call(self.ledger, request.clone(), TIMEOUT)
                .await
            {
                return Ok(answer);
            }
            failed += 1;
            let mut stream = self.context.stream(Root::Schedule, "ledger.retry");
            let wait = RETRY.wait(failed, &mut stream).ok_or(LedgerError::Down)?;
            self.context.sleep(wait).await;
        }
    }
}

fn unexpected(asked: &str, answer: &LedgerResponse) -> ! {
    panic!("the Ledger answers {asked} in kind, not with {answer:?}")
}
