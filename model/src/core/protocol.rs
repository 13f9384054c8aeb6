//! Core's interface for clients.

use sim::network::{Payload, Request};

use crate::failure::Failure;
use crate::ids::{AssetId, IdempotencyKey, SlotNumber, VerificationId};
use crate::ledger::store::{AssetContent, AssetStatus, StoredAnswer};

/// `POST /api/assets` with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RegisterAsset {
    /// One per intent; the same over all retries of it.
    pub key: IdempotencyKey,
    /// What to register.
    pub content: AssetContent,
}

/// Core's answer, in HTTP's terms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// 201 linked, 202 kept without its link; 4xx certainly not done; 409 and 5xx may be retried.
    pub status: u16,
    /// The failure told with it.
    pub failure: Option<Failure>,
    /// The asset, when there is one.
    pub asset: Option<AssetId>,
    /// Its status.
    pub asset_status: Option<AssetStatus>,
    /// Its slot.
    pub slot: Option<SlotNumber>,
    /// Its queued verification.
    pub verification: Option<VerificationId>,
}

impl Answer {
    /// An answer that tells of a failure and no asset.
    pub fn failed(status: u16, failure: Failure) -> Answer {
        Answer {
            status,
            failure: Some(failure),
            asset: None,
            asset_status: None,
            slot: None,
            verification: None,
        }
    }

    /// A stored answer, given (again).
    pub fn stored(asset: &AssetId, stored: &StoredAnswer) -> Answer {
        Answer {
            status: stored.status,
            failure: stored.failure,
            asset: Some(asset.clone()),
            asset_status: Some(stored.asset_status),
            slot: stored.slot,
            verification: stored.verification.clone(),
        }
    }

    /// Whether the client was told that its asset is registered.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether trying again may help.
    pub fn may_be_retried(&self) -> bool {
        self.status == 409 || self.status >= 500
    }
}

impl Payload for RegisterAsset {}
impl Payload for Answer {}
impl Request for RegisterAsset {
    type Response = Answer;
}
