//! Verifications as Core sees them: queued with a registration or on request, cancelled with a
//! rollback, and taken note of when Verify reports them finished. Verify itself is
//! [`verify`](crate::verify).
//!
//! [`requesting`] is what a user's request comes to, the bound on their number included.

pub mod requesting;

use sim::NodeContext;

use super::asset::{AssetStatus, named_states};
use super::audit::Entry;
use super::outbox::Outbox;
use super::protocol::{Answer, Body};
use crate::defects::{Defect, Defects};
use crate::failure::Failure;
use crate::ids::{AssetId, LockerRef, VerificationId};
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::ledger::engine::statement::Statement;
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

named_states! {
    /// What a verification belongs to, and so who goes first where Verify's queue has priorities.
    VerificationPriority {
        /// A registration: nobody can rely on the asset before. Never turned away, and goes first.
        Registered = "registered",
        /// A user who wants to be sure again. May be asked to come back later.
        Requested = "requested",
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
    priority: VerificationPriority,
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
        (verifications::PRIORITY, priority.name().into()),
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
