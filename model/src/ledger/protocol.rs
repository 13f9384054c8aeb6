//! What is asked of the Ledger and what it answers.

use sim::network::{Payload, Request};

use super::store::{ClaimedJob, JobState, KeyRow, Mutation, Refusal, Store};
use crate::ids::{AssetId, IdempotencyKey};

/// Names an open transaction of one incarnation of the Ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub u64);

/// A question to the Ledger.
#[derive(Clone, Debug, Hash)]
pub enum LedgerRequest {
    /// Open a transaction.
    Begin,
    /// Stage changes in it. Refused at once when they cannot be.
    Write {
        /// The transaction.
        transaction: TransactionId,
        /// The changes, after those staged before.
        mutations: Vec<Mutation>,
    },
    /// Make everything staged durable, or nothing.
    Commit {
        /// The transaction.
        transaction: TransactionId,
    },
    /// A whole transaction in one question.
    Transact {
        /// Its changes.
        mutations: Vec<Mutation>,
    },
    /// What is known of a key.
    LookUp {
        /// The key.
        key: IdempotencyKey,
    },
    /// The link jobs that are neither done nor given up.
    ReadOpenJobs,
    /// All tables.
    ReadTables,
}

/// The Ledger's answer. Whatever it tells is durable.
#[derive(Clone, Debug, Hash)]
pub enum LedgerResponse {
    /// The transaction is open.
    Begun(TransactionId),
    /// The changes are staged.
    Written,
    /// The transaction is durable; the jobs it claimed.
    Committed(Vec<ClaimedJob>),
    /// Nothing of the transaction was applied.
    Refused(Refusal),
    /// There is no such transaction: it was finished, or the Ledger restarted.
    NoSuchTransaction,
    /// What is known of the key.
    Key(Option<Box<KeyRow>>),
    /// The open link jobs.
    OpenJobs(Vec<(AssetId, JobState)>),
    /// All tables.
    Tables(Box<Store>),
}

impl Payload for LedgerRequest {}
impl Payload for LedgerResponse {}
impl Request for LedgerRequest {
    type Response = LedgerResponse;
}
