//! The Ledger's state: tables, and the changes that transactions make to them.
//!
//! A single-version store as a pure value. A transaction is a list of [`Mutation`]s that applies as
//! a whole or not at all. Time is passed in, never read. The log, the network and everything slow
//! belong to the node (see [`super::node`]).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::ids::{
    AssetId, DeviceOperation, FencingToken, IdempotencyKey, LockerRef, SlotNumber, VerificationId,
};

/// Milliseconds on the Ledger's own clock.
pub type LedgerMillis = i64;

/// What a client wants registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AssetContent {
    /// The asset's name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// The Locker it shall be linked to.
    pub locker: LockerRef,
}

/// Where an asset stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AssetStatus {
    /// Registered; its link is being made.
    Pending,
    /// Registered and answered; its link will be made by a job.
    PendingLink,
    /// Linked to a slot.
    Linked,
}

impl AssetStatus {
    /// As clients read it.
    pub fn name(self) -> &'static str {
        match self {
            AssetStatus::Pending => "pending",
            AssetStatus::PendingLink => "pending_link",
            AssetStatus::Linked => "linked",
        }
    }
}

/// A registered asset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AssetRow {
    /// The key under which it was registered.
    pub key: IdempotencyKey,
    /// What was asked for.
    pub content: AssetContent,
    /// Where it stands.
    pub status: AssetStatus,
    /// Its slot once linked.
    pub slot: Option<SlotNumber>,
}

/// The answer given, and to be given again, for a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// The failure told with it.
    pub failure: Option<Failure>,
    /// The asset's status as told.
    pub asset_status: AssetStatus,
    /// The slot as told.
    pub slot: Option<SlotNumber>,
    /// The queued verification as told.
    pub verification: Option<VerificationId>,
}

/// What is known of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyRow {
    /// What the key was first used for.
    pub content: AssetContent,
    /// The asset registered under it.
    pub asset: AssetId,
    /// The answer once there is one.
    pub answer: Option<StoredAnswer>,
}

/// Where a link job stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobState {
    /// To be claimed from then on.
    Due {
        /// When it may be claimed.
        at: LedgerMillis,
    },
    /// Being worked on; claimable again once the lease has run out.
    Leased {
        /// When the lease runs out.
        until: LedgerMillis,
    },
    /// The asset is linked.
    Done,
    /// Given up; operations know.
    Dead,
}

/// A job that links an asset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JobRow {
    /// The asset's Locker.
    pub locker: LockerRef,
    /// The device operation, the same over all attempts.
    pub operation: DeviceOperation,
    /// Where it stands.
    pub state: JobState,
    /// How many attempts after the first have failed.
    pub retries: u32,
    /// The number of its latest claim.
    pub token: FencingToken,
}

/// A row for the people on call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlertRow {
    /// What it is about.
    pub asset: AssetId,
    /// Why.
    pub failure: Failure,
}

/// A row of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AuditRow {
    /// What it is about.
    pub asset: AssetId,
    /// What happened.
    pub action: AuditAction,
    /// The failure behind it.
    pub failure: Option<Failure>,
}

/// What the audit trail tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AuditAction {
    /// An asset was registered.
    Registered,
    /// It was linked.
    Linked,
    /// It was kept without its link, to be linked later.
    PartialCommit,
    /// A later attempt to link it failed.
    RetryFailed,
    /// Its link was given up.
    DeadLettered,
    /// It was deleted.
    Deleted,
}

/// One change. A transaction is several, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mutation {
    /// Registers an asset with its key and a leased link job.
    Register {
        /// The key; taken keys are refused.
        key: IdempotencyKey,
        /// The new asset.
        asset: AssetId,
        /// What was asked for.
        content: AssetContent,
        /// The device operation of its link.
        operation: DeviceOperation,
        /// How long the registering instance has before others may take over, in milliseconds.
        lease_ms: i64,
    },
    /// The asset is linked; its job is done.
    Link {
        /// The asset.
        asset: AssetId,
        /// Its slot.
        slot: SlotNumber,
        /// The claim under which the link was made.
        token: FencingToken,
    },
    /// The asset is kept without its link, which is tried again later.
    Postpone {
        /// The asset.
        asset: AssetId,
        /// After how many milliseconds.
        after_ms: i64,
        /// The retries made so far.
        retries: u32,
        /// Why the attempt failed.
        failure: Failure,
        /// The claim under which the attempt was made.
        token: FencingToken,
    },
    /// The link is given up and operations are alerted.
    GiveUp {
        /// The asset.
        asset: AssetId,
        /// Why.
        failure: Failure,
        /// The claim under which the last attempt was made.
        token: FencingToken,
    },
    /// The asset is deleted with its job.
    Delete {
        /// The asset.
        asset: AssetId,
        /// The claim under which it was decided.
        token: FencingToken,
    },
    /// Queues a verification of the asset, once.
    QueueVerification {
        /// The asset.
        asset: AssetId,
        /// The verification's name.
        verification: VerificationId,
    },
    /// Stores the answer for a key, unless there is one.
    Answer {
        /// The key.
        key: IdempotencyKey,
        /// The answer.
        answer: StoredAnswer,
    },
    /// Claims jobs that are due or whose lease ran out.
    Claim {
        /// The most jobs claimed.
        limit: u32,
        /// How long each is leased, in milliseconds.
        lease_ms: i64,
        /// Whether jobs whose lease ran out are claimed too.
        expired: bool,
    },
}

/// Why a transaction was refused. Nothing of it was applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The idempotency key is in use.
    #[error("the idempotency key is taken")]
    KeyTaken(Box<KeyRow>),
    /// Another worker has claimed the job since.
    #[error("the claim is stale: another worker holds the job")]
    StaleClaim,
}

/// A claimed job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimedJob {
    /// The asset to link.
    pub asset: AssetId,
    /// The asset's key, under which the answer is stored.
    pub key: IdempotencyKey,
    /// The job as claimed.
    pub job: JobRow,
}

/// All tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    /// Registered assets.
    pub assets: BTreeMap<AssetId, AssetRow>,
    /// Idempotency keys.
    pub keys: BTreeMap<IdempotencyKey, KeyRow>,
    /// Link jobs by asset.
    pub jobs: BTreeMap<AssetId, JobRow>,
    /// The assets whose jobs are neither done nor given up: an index, so that a claim looks at no
    /// finished job.
    open: BTreeSet<AssetId>,
    /// Queued verifications by asset.
    pub verifications: BTreeMap<AssetId, VerificationId>,
    /// Alerts in order.
    pub alerts: Vec<AlertRow>,
    /// The audit trail in order.
    pub audit: Vec<AuditRow>,
}

impl Store {
    /// Applies a transaction as a whole. Gives the jobs it claimed.
    ///
    /// # Errors
    /// The refusal of its first impossible change; the store is then as before.
    pub fn apply(
        &mut self,
        mutations: &[Mutation],
        now: LedgerMillis,
    ) -> Result<Vec<ClaimedJob>, Refusal> {
        for mutation in mutations {
            self.check(mutation)?;
        }
        let mut claimed = Vec::new();
        for mutation in mutations {
            self.change(mutation, now, &mut claimed);
        }
        Ok(claimed)
    }

    /// Whether a transaction would be refused as things stand.
    ///
    /// # Errors
    /// The refusal it would meet.
    pub fn check(&self, mutation: &Mutation) -> Result<(), Refusal> {
        match mutation {
            Mutation::Register { key, .. } => match self.keys.get(key) {
                Some(row) => Err(Refusal::KeyTaken(Box::new(row.clone()))),
                None => Ok(()),
            },
            Mutation::Link { asset, token, .. }
            | Mutation::Postpone { asset, token, .. }
            | Mutation::GiveUp { asset, token, .. }
            | Mutation::Delete { asset, token } => match self.jobs.get(asset) {
                Some(job)
                    if job.token == *token && matches!(job.state, JobState::Leased { .. }) =>
                {
                    Ok(())
                }
                _ => Err(Refusal::StaleClaim),
            },
            Mutation::QueueVerification { .. }
            | Mutation::Answer { .. }
            | Mutation::Claim { .. } => Ok(()),
        }
    }

    /// The link jobs that are neither done nor given up.
    pub fn open_jobs(&self) -> impl Iterator<Item = (&AssetId, &JobRow)> {
        self.open.iter().map(|asset| (asset, &self.jobs[asset]))
    }

    fn change(&mut self, mutation: &Mutation, now: LedgerMillis, claimed: &mut Vec<ClaimedJob>) {
        match mutation {
            Mutation::Register {
                key,
                asset,
                content,
                operation,
                lease_ms,
            } => self.register(key, asset, content, operation, now + lease_ms),
            Mutation::Link { asset, slot, .. } => {
                self.set_status(asset, AssetStatus::Linked, Some(*slot));
                self.job(asset).state = JobState::Done;
                self.open.remove(asset);
                self.write_audit(asset, AuditAction::Linked, None);
            }
            Mutation::Postpone {
                asset,
                after_ms,
                retries,
                failure,
                ..
            } => {
                self.set_status(asset, AssetStatus::PendingLink, None);
                let job = self.job(asset);
                job.state = JobState::Due { at: now + after_ms };
                job.retries = *retries;
                let action = if *retries == 0 {
                    AuditAction::PartialCommit
                } else {
                    AuditAction::RetryFailed
                };
                self.write_audit(asset, action, Some(*failure));
            }
            Mutation::GiveUp { asset, failure, .. } => {
                self.set_status(asset, AssetStatus::PendingLink, None);
                self.job(asset).state = JobState::Dead;
                self.open.remove(asset);
                self.alerts.push(AlertRow {
                    asset: asset.clone(),
                    failure: *failure,
                });
                self.write_audit(asset, AuditAction::DeadLettered, Some(*failure));
            }
            Mutation::Delete { asset, .. } => {
                self.assets.remove(asset);
                self.jobs.remove(asset);
                self.open.remove(asset);
                self.write_audit(asset, AuditAction::Deleted, None);
            }
            Mutation::QueueVerification {
                asset,
                verification,
            } => {
                self.verifications
                    .entry(asset.clone())
                    .or_insert_with(|| verification.clone());
            }
            Mutation::Answer { key, answer } => {
                if let Some(row) = self.keys.get_mut(key) {
                    row.answer.get_or_insert_with(|| answer.clone());
                }
            }
            Mutation::Claim {
                limit,
                lease_ms,
                expired,
            } => claimed.extend(self.claim(*limit, now, *lease_ms, *expired)),
        }
    }

    fn register(
        &mut self,
        key: &IdempotencyKey,
        asset: &AssetId,
        content: &AssetContent,
        operation: &DeviceOperation,
        lease_until: LedgerMillis,
    ) {
        self.keys.insert(
            key.clone(),
            KeyRow {
                content: content.clone(),
                asset: asset.clone(),
                answer: None,
            },
        );
        self.assets.insert(
            asset.clone(),
            AssetRow {
                key: key.clone(),
                content: content.clone(),
                status: AssetStatus::Pending,
                slot: None,
            },
        );
        self.open.insert(asset.clone());
        self.jobs.insert(
            asset.clone(),
            JobRow {
                locker: content.locker.clone(),
                operation: operation.clone(),
                state: JobState::Leased { until: lease_until },
                retries: 0,
                token: FencingToken(1),
            },
        );
        self.write_audit(asset, AuditAction::Registered, None);
    }

    fn claim(
        &mut self,
        limit: u32,
        now: LedgerMillis,
        lease_ms: i64,
        expired: bool,
    ) -> Vec<ClaimedJob> {
        let claimable = self.open_jobs().filter(|(_, job)| match job.state {
            JobState::Due { at } => at <= now,
            JobState::Leased { until } => expired && until <= now,
            JobState::Done | JobState::Dead => false,
        });
        let claimable = claimable
            .take(limit as usize)
            .map(|(asset, _)| asset.clone());
        let claimable: Vec<AssetId> = claimable.collect();
        let claim = |asset: AssetId| {
            let job = self.job(&asset);
            job.token.0 += 1;
            job.state = JobState::Leased {
                until: now + lease_ms,
            };
            let job = job.clone();
            let key = self.assets[&asset].key.clone();
            ClaimedJob { asset, key, job }
        };
        claimable.into_iter().map(claim).collect()
    }

    fn set_status(&mut self, asset: &AssetId, status: AssetStatus, slot: Option<SlotNumber>) {
        let row = self
            .assets
            .get_mut(asset)
            .expect("a job's asset stands in the assets table");
        row.status = status;
        row.slot = slot;
    }

    fn job(&mut self, asset: &AssetId) -> &mut JobRow {
        self.jobs
            .get_mut(asset)
            .expect("a checked claim has its job")
    }

    fn write_audit(&mut self, asset: &AssetId, action: AuditAction, failure: Option<Failure>) {
        self.audit.push(AuditRow {
            asset: asset.clone(),
            action,
            failure,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset() -> AssetId {
        AssetId("a1".into())
    }

    fn registered() -> Store {
        let mut store = Store::default();
        store.apply(&[register("k1", "a1")], 0).unwrap();
        store
    }

    fn register(key: &str, asset: &str) -> Mutation {
        Mutation::Register {
            key: IdempotencyKey(key.into()),
            asset: AssetId(asset.into()),
            content: AssetContent {
                name: "drill".into(),
                category: "tool".into(),
                locker: LockerRef("locker-1".into()),
            },
            operation: DeviceOperation(format!("link-{asset}")),
            lease_ms: 30_000,
        }
    }

    fn link(token: u64) -> Mutation {
        Mutation::Link {
            asset: asset(),
            slot: SlotNumber(0),
            token: FencingToken(token),
        }
    }

    fn claim(store: &mut Store, now: LedgerMillis) -> Vec<ClaimedJob> {
        let claim = Mutation::Claim {
            limit: 8,
            lease_ms: 60_000,
            expired: true,
        };
        store.apply(&[claim], now).unwrap()
    }

    #[test]
    fn a_taken_key_refuses_the_whole_transaction() {
        let mut store = registered();
        let before = store.clone();
        let refused = store.apply(&[register("k2", "a2"), register("k1", "a3")], 0);
        assert!(matches!(refused, Err(Refusal::KeyTaken(_))));
        assert_eq!(store, before);
    }

    #[test]
    fn a_lease_keeps_others_out_until_it_runs_out() {
        let mut store = registered();
        assert_eq!(claim(&mut store, 29_999), []);
        let claimed = claim(&mut store, 30_000);
        assert_eq!(claimed[0].job.token, FencingToken(2));
        assert_eq!(claim(&mut store, 30_001), []);
    }

    #[test]
    fn a_stale_claim_changes_nothing() {
        let mut store = registered();
        claim(&mut store, 30_000);
        let before = store.clone();
        assert_eq!(store.apply(&[link(1)], 30_001), Err(Refusal::StaleClaim));
        assert_eq!(store, before);
        store.apply(&[link(2)], 30_002).unwrap();
        assert_eq!(store.assets[&asset()].status, AssetStatus::Linked);
        assert_eq!(
            store.apply(&[link(2)], 30_003),
            Err(Refusal::StaleClaim),
            "done is final"
        );
    }

    #[test]
    fn the_first_answer_for_a_key_stays() {
        let mut store = registered();
        let answer = |status| Mutation::Answer {
            key: IdempotencyKey("k1".into()),
            answer: StoredAnswer {
                status,
                failure: None,
                asset_status: AssetStatus::Linked,
                slot: None,
                verification: None,
            },
        };
        store.apply(&[answer(202), answer(201)], 0).unwrap();
        let row = &store.keys[&IdempotencyKey("k1".into())];
        assert_eq!(row.answer.as_ref().unwrap().status, 202);
    }
}
