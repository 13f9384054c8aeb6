//! Verifications as Core sees them: queued with a registration or on request, cancelled with a
//! rollback, and taken note of when Verify reports them finished. Verify itself is
//! [`verify`](crate::verify).

use std::collections::{BTreeMap, BTreeSet};

use sim::NodeContext;
use sim::random::Root;

use super::answers;
use super::asset::{AssetStatus, named_states};
use super::audit::Entry;
use super::outbox::Outbox;
use super::protocol::{Answer, Body};
use crate::defects::{Defect, Defects};
use crate::failure::Failure;
use crate::ids::{AssetId, IdempotencyKey, LockerRef, VerificationId};
use crate::ledger::client::transaction::Transaction;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::{Isolation, Statement};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, is, is_one_of};
use crate::ledger::row::Cells;
use crate::ledger::tables::{assets, verifications};
use crate::resilience::deadline::Deadline;

named_states! {
    /// Where a verification is.
    VerificationState {
        /// It waits for a worker, or a worker has it on lease.
        Queued = "queued",
        /// A person looks at its evidence.
        Review = "review",
        /// The evidence was found right.
        Verified = "verified",
        /// The evidence was found wrong.
        Rejected = "rejected",
        /// It was taken back with its registration.
        Cancelled = "cancelled",
        /// It was given up; a dead letter tells people.
        Dead = "dead",
    }
}

/// The states in which work on it is still to be done.
const OPEN: [&str; 2] = ["queued", "review"];

/// The verification that a registration queues: one for each asset, whoever finishes the saga.
pub fn first_of(asset: &AssetId) -> VerificationId {
    VerificationId(format!("verification-of-{asset}"))
}

/// Queues a verification.
pub fn queue(
    verification: &VerificationId,
    asset: &AssetId,
    locker: &LockerRef,
    at: LedgerMillis,
) -> Statement {
    let values = [
        (verifications::VERIFICATION, Value::text(&verification.0)),
        (verifications::ASSET, Value::text(&asset.0)),
        (verifications::LOCKER, Value::text(&locker.0)),
        (
            verifications::STATE,
            VerificationState::Queued.name().into(),
        ),
        (verifications::RUN_AT, at.into()),
        (verifications::TOKEN, 0.into()),
        (verifications::RETRIES, 0.into()),
        (verifications::REPORTED, false.into()),
        (verifications::QUEUED_AT, at.into()),
    ];
    query::insert(verifications::TABLE, values)
}

/// Takes the open verifications of an asset back.
pub fn cancel(asset: &AssetId) -> Statement {
    let open =
        is(verifications::ASSET, asset.0.as_str()).and(is_one_of(verifications::STATE, OPEN));
    let values = [
        (
            verifications::STATE,
            VerificationState::Cancelled.name().into(),
        ),
        (verifications::RUN_AT, Value::Null),
    ];
    query::update(verifications::TABLE, values, open)
}

/// Queues a verification on a user's request, unless one is open.
///
/// "Unless one is open" reads rows and inserts another, which only SERIALIZABLE keeps apart from a
/// second request that does the same.
///
/// # Errors
/// As [`LedgerClient::transact`].
pub async fn request(
    context: &NodeContext,
    ledger: &LedgerClient,
    key: &IdempotencyKey,
    asset: &AssetId,
    defects: &Defects,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let bits = context.stream(Root::Schedule, "verification id").bits();
    let fresh = VerificationId(format!("verification-{bits:016x}"));
    let digest = answers::digest(&("verify", asset));
    let isolation = Isolation::Serializable;
    let actor = context.name();
    ledger
        .transact_at(
            isolation,
            "verification.request",
            deadline,
            async |transaction| {
                let at = transaction.now().await?;
                let taken = transaction.query(answers::of_key(key)).await?;
                if let Some(row) = taken.first() {
                    return Ok(answers::again(context, row, &digest, defects));
                }
                let row = query::select(assets::TABLE, is(assets::ASSET, asset.0.as_str()));
                let rows = transaction.query(row).await?;
                let Some(locker) = rows.first().and_then(locker_if_linked) else {
                    return Ok(Answer::refused(422, Failure::LedgerConstraint));
                };
                let open = is(verifications::ASSET, asset.0.as_str())
                    .and(is_one_of(verifications::STATE, OPEN));
                let open = transaction
                    .query(query::select(verifications::TABLE, open))
                    .await?;
                let verification = match open.first() {
                    Some(row) => VerificationId(row.text(verifications::VERIFICATION).into()),
                    None => {
                        transaction.stage(queue(&fresh, asset, &locker, at));
                        let entry = Entry {
                            asset,
                            action: "verification_queued",
                            subject: Some(&fresh.0),
                            failure: None,
                            version: None,
                            actor: &actor,
                            at,
                        };
                        transaction.stage(entry.statement());
                        fresh.clone()
                    }
                };
                let answer = Answer::ok(202, Body::Verification(verification));
                transaction.stage_one(answers::take(key, &digest, Some(asset), Some(&answer), at));
                transaction.flush().await?;
                Ok(answer)
            },
        )
        .await
}

/// As [`request`], for many at once in one transaction: an answer for each, in their order.
///
/// # Errors
/// As [`LedgerClient::transact`]; then nothing was done for any.
pub async fn request_many(
    context: &NodeContext,
    ledger: &LedgerClient,
    asked: &[(IdempotencyKey, AssetId)],
    defects: &Defects,
    deadline: Deadline,
) -> Result<Vec<Answer>, LedgerError> {
    let isolation = Isolation::Serializable;
    let mut stream = context.stream(Root::Schedule, "verification ids");
    let fresh: Vec<VerificationId> = asked
        .iter()
        .map(|_| VerificationId(format!("verification-{:016x}", stream.bits())))
        .collect();
    ledger
        .transact_at(isolation, "verification.requests", deadline, async |it| {
            let at = it.now().await?;
            let mut desk = Desk::read(it, asked).await?;
            let mut answers = Vec::new();
            for ((key, asset), fresh) in asked.iter().zip(&fresh) {
                answers.push(desk.take(context, (key, asset), fresh, at, defects));
            }
            desk.stage(it);
            it.flush().await?;
            Ok(answers)
        })
        .await
}

/// What a transaction knows of the keys and assets it was asked about, its own rows included, and what it will
/// write.
struct Desk {
    answered: BTreeMap<String, Row>,
    given: BTreeMap<String, (String, Answer)>,
    lockers: BTreeMap<String, LockerRef>,
    open: BTreeMap<String, VerificationId>,
    queued: Vec<Statement>,
    entries: Vec<Statement>,
    taken: Vec<Statement>,
}

impl Desk {
    async fn read(
        transaction: &mut Transaction,
        asked: &[(IdempotencyKey, AssetId)],
    ) -> Result<Desk, LedgerError> {
        let named: BTreeSet<&str> = asked.iter().map(|(_, asset)| asset.0.as_str()).collect();
        let keys = answers::of_keys(asked.iter().map(|(key, _)| key));
        let answered = transaction.query(keys).await?;
        let these = is_one_of(assets::ASSET, named.iter().copied());
        let rows = transaction
            .query(query::select(assets::TABLE, these))
            .await?;
        let lockers = rows.iter().filter_map(|row| {
            let locker = locker_if_linked(row)?;
            Some((row.text(assets::ASSET).to_owned(), locker))
        });
        let lockers = lockers.collect();
        let open =
            is_one_of(verifications::ASSET, named).and(is_one_of(verifications::STATE, OPEN));
        let rows = transaction
            .query(query::select(verifications::TABLE, open))
            .await?;
        let open = rows.iter().map(|row| {
            let verification = VerificationId(row.text(verifications::VERIFICATION).into());
            (row.text(verifications::ASSET).to_owned(), verification)
        });
        let by_key = |row: Row| (answers::key_of(&row).to_owned(), row);
        Ok(Desk {
            answered: answered.into_iter().map(by_key).collect(),
            given: BTreeMap::new(),
            lockers,
            open: open.collect(),
            queued: Vec::new(),
            entries: Vec::new(),
            taken: Vec::new(),
        })
    }

    /// Has all of it written: a statement for each table.
    fn stage(self, transaction: &mut Transaction) {
        transaction.stage_all(query::together(self.queued));
        transaction.stage_all(query::together(self.entries));
        let rows = self.taken.len() as u64;
        if let Some(taken) = query::together(self.taken) {
            transaction.stage_rows(taken, rows);
        }
    }

    /// One request: what it is told, and what will be written for it.
    fn take(
        &mut self,
        context: &NodeContext,
        (key, asset): (&IdempotencyKey, &AssetId),
        fresh: &VerificationId,
        at: LedgerMillis,
        defects: &Defects,
    ) -> Answer {
        let digest = answers::digest(&("verify", asset));
        if let Some(row) = self.answered.get(&key.0) {
            return answers::again(context, row, &digest, defects);
        }
        if let Some((former, answer)) = self.given.get(&key.0) {
            return match *former == digest {
                true => answer.clone(),
                false => Answer::refused(422, Failure::LedgerConstraint),
            };
        }
        let Some(locker) = self.lockers.get(&asset.0) else {
            return Answer::refused(422, Failure::LedgerConstraint);
        };
        let verification = self.open.entry(asset.0.clone()).or_insert_with(|| {
            self.queued.push(queue(fresh, asset, locker, at));
            let entry = Entry {
                asset,
                action: "verification_queued",
                subject: Some(&fresh.0),
                failure: None,
                version: None,
                actor: &context.name(),
                at,
            };
            self.entries.push(entry.statement());
            fresh.clone()
        });
        let answer = Answer::ok(202, Body::Verification(verification.clone()));
        self.taken
            .push(answers::take(key, &digest, Some(asset), Some(&answer), at));
        self.given.insert(key.0.clone(), (digest, answer.clone()));
        answer
    }
}

fn locker_if_linked(row: &Row) -> Option<LockerRef> {
    let linked = AssetStatus::from_name(row.text(assets::STATUS)).is_linked();
    linked.then(|| LockerRef(row.text(assets::LOCKER).into()))
}

/// Takes note of a finished verification. Said again, it changes nothing and is answered alike.
///
/// # Errors
/// As [`LedgerClient::transact`].
pub async fn completed(
    context: &NodeContext,
    ledger: &LedgerClient,
    outbox: Outbox,
    verification: &VerificationId,
    defects: &Defects,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let looks = !defects.has(Defect::DuplicateCompletionWebhook);
    let actor = context.name();
    ledger
        .transact("verification.completed", deadline, async |transaction| {
            let at = transaction.now().await?;
            let this = is(verifications::VERIFICATION, verification.0.as_str());
            let row = query::select(verifications::TABLE, this.clone());
            let rows = transaction.query(query::Refine::locking(row)).await?;
            let Some(row) = rows.first() else {
                return Ok(Answer::refused(404, Failure::LedgerConstraint));
            };
            let state = VerificationState::from_name(row.text(verifications::STATE));
            let (status, action) = match state {
                VerificationState::Verified => (AssetStatus::Verified, "verified"),
                VerificationState::Rejected => (AssetStatus::Rejected, "rejected"),
                _ => return Ok(Answer::refused(409, Failure::LedgerConflict)),
            };
            if looks && row.flag(verifications::REPORTED) {
                context.reached("completion_was_reported_again");
                return Ok(Answer::ok(200, Body::Nothing));
            }
            let reported = [
                (verifications::REPORTED, true.into()),
                (verifications::RUN_AT, Value::Null),
            ];
            transaction.stage_one(query::update(verifications::TABLE, reported, this));
            let asset = AssetId(row.text(verifications::ASSET).into());
            let linked = is(assets::ASSET, asset.0.as_str()).and(is_one_of(
                assets::STATUS,
                ["linked", "verified", "rejected"],
            ));
            let values = [(assets::STATUS, status.name().into())];
            transaction.stage(query::update(assets::TABLE, values, linked));
            let entry = Entry {
                asset: &asset,
                action,
                subject: Some(&verification.0),
                failure: None,
                version: None,
                actor: &actor,
                at,
            };
            transaction.stage(entry.statement());
            transaction.stage_all(outbox.event(action, &asset, None, at));
            Ok(Answer::ok(200, Body::Nothing))
        })
        .await
}
