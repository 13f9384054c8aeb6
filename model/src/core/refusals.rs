//! Requests that came to nothing, for the audit.
//!
//! A change's entry is written in the transaction of the change ([`audit`]). A request that was refused
//! or failed has no transaction, least of all when the Ledger is down; its entry waits here until the
//! worker's next poll finds the Ledger again. An instance that dies forgets what waits: nothing was
//! changed, and the failure is in log and metrics. After a commit of unknown outcome an entry may stand
//! twice.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::audit;
use super::protocol::{Answer, Ask, Body};
use crate::failure::Failure;
use crate::ids::AssetId;
use crate::ledger::client::LedgerClient;
use crate::resilience::deadline::Deadline;

/// A Ledger that stays away must not fill the instance's memory: further ones are in log and metrics only.
const KEPT_MAX: usize = 1_000;
/// How many are written in one transaction.
const WRITTEN_AT_ONCE: usize = 50;

/// What waits to be written.
#[derive(Debug, Default)]
pub struct Refusals {
    waiting: RefCell<VecDeque<Refusal>>,
}

/// A request that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    action: String,
    asset: Option<AssetId>,
    failure: Failure,
}

impl Refusals {
    /// Keeps what was answered, when it was a failure to change something.
    pub fn keep(&self, ask: &Ask, answer: &Answer) {
        let Some(failure) = answer.failure.filter(|_| !answer.is_success()) else {
            return;
        };
        let asset = match ask {
            Ask::Register(_) | Ask::VerificationCompleted { .. } => None,
            Ask::ReplayDeadLetter(_) | Ask::DiscardDeadLetter(_) => None,
            Ask::ReplayDeliveries { .. } | Ask::Notify { .. } => None,
            Ask::EnableEndpoint(_) | Ask::RotateSecret { .. } => None,
            Ask::Rename { changes, .. } => match &answer.body {
                Body::Conflict(asset, _) => Some(asset.clone()),
                _ => changes.first().map(|change| change.asset.clone()),
            },
            Ask::RequestVerification { asset, .. } => Some(asset.clone()),
            Ask::Edit(asked) => Some(asked.asset.clone()),
            // These change nothing, done or not.
            Ask::Read(_) | Ask::ReadAt { .. } | Ask::ListDeadLetters | Ask::QueryAudit(_) => return,
            Ask::Look(_) | Ask::TakeNotices { .. } => return,
            Ask::Health | Ask::Drain => return,
            // Whoever sends forgeries would fill the audit.
            Ask::ReceiveWebhook(_) => return,
            // What a user has seen is the user's own affair.
            Ask::Subscribe { .. }
            | Ask::MarkRead { .. }
            | Ask::ListNotifications { .. }
            | Ask::Ring(_) => return,
            Ask::Search(_) | Ask::Reindex | Ask::PageAudit { .. } => return,
        };
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() < KEPT_MAX {
            let action = format!("{}_failed", ask.name());
            waiting.push_back(Refusal {
                action,
                asset,
                failure,
            });
        }
    }

    /// Writes what waits, as far as the Ledger takes it.
    pub async fn write(&self, ledger: &LedgerClient, actor: &str, deadline: Deadline) {
        loop {
            let some = self.take();
            if some.is_empty() {
                return;
            }
            let written = ledger.transact("audit.refusals", deadline, async |transaction| {
                let at = transaction.now().await?;
                for it in &some {
                    let asset = it.asset.as_ref();
                    let entry = audit::refusal(&it.action, asset, it.failure, actor, at);
                    transaction.stage(entry);
                }
                Ok(())
            });
            if written.await.is_err() {
                self.put_back(some);
                return;
            }
        }
    }

    fn take(&self) -> Vec<Refusal> {
        let mut waiting = self.waiting.borrow_mut();
        let some = waiting.len().min(WRITTEN_AT_ONCE);
        waiting.drain(..some).collect()
    }

    fn put_back(&self, some: Vec<Refusal>) {
        let mut waiting = self.waiting.borrow_mut();
        for refusal in some.into_iter().rev() {
            waiting.push_front(refusal);
        }
    }
}
