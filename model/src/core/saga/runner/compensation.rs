//! Taking a saga back: its compensations in reverse, and what becomes of one that fails.
//!
//! Start at [`SagaRunner::turn_back`]. A compensation that fails does not stop those before it; what
//! could not be taken back stays a job, and people are told.

use super::{End, Patience, SagaRunner, Stepped};
use crate::core::answers;
use crate::core::asset::AssetStatus;
use crate::core::lockers::Unanswered;
use crate::core::retry::link_retry_wait;
use crate::core::saga::course::{SagaState, Step};
use crate::core::saga::fate::Fate;
use crate::core::saga::ledger::Claim;
use crate::core::saga::telling;
use crate::core::verification;
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ledger::engine::value::Value;
use crate::ledger::query::{self, is};
use crate::ledger::tables::{assets, audit};
use crate::points;

impl SagaRunner {
    /// From here on everything is taken back.
    pub(super) async fn turn_back(&self, claim: &mut Claim, failure: Failure) -> Stepped {
        let mut to = claim.course.turned_back(failure);
        if self.defects.has(Defect::OnlyKnownStepsCompensated) {
            to.begun = to.done;
        }
        let written = self
            .write(claim, &to, Fate::Keep, |at| {
                let mut statements = vec![self.entry(claim, "turned_back", Some(failure), at)];
                if failure == Failure::LockerHardware {
                    statements.push(self.alert(claim, "hardware", failure, at));
                }
                statements
            })
            .await;
        self.stepped(claim, to, written)
    }

    pub(super) async fn compensate(
        &self,
        claim: &mut Claim,
        step: Step,
        patience: Patience,
    ) -> Stepped {
        let asset = is(assets::ASSET, claim.asset.0.as_str());
        let (undo, action) = match step {
            Step::QueueVerification => (
                vec![verification::cancel(&claim.asset)],
                "verification_cancelled",
            ),
            Step::UpdateStatus => {
                let pending = AssetStatus::Pending.name().into();
                let values = [(assets::STATUS, pending), (assets::SLOT, Value::Null)];
                (
                    vec![query::update(assets::TABLE, values, asset)],
                    "status_reset",
                )
            }
            Step::LinkLocker => {
                let (locker, link, limit) = (&claim.locker, &claim.operation, patience.locker);
                let unlinked = self.lockers.unlink(locker, link, &claim.asset, limit).await;
                if let Err(why) = unlinked {
                    return self.compensation_failed(claim, step, why);
                }
                self.context.pass(points::UNLINK_ANSWERED).await;
                (Vec::new(), "unlinked")
            }
            Step::CreateLedgerRecord => {
                let mut deletes = vec![query::delete(assets::TABLE, asset)];
                if self.defects.has(Defect::AuditDeletedWithAsset) {
                    let entries = is(audit::ASSET, claim.asset.0.as_str());
                    deletes.push(query::delete(audit::TABLE, entries));
                }
                (deletes, "deleted")
            }
        };
        let to = claim.course.after_compensation(step);
        let failure = claim.course.failure;
        let written = self
            .write(claim, &to, Fate::Keep, |at| {
                let mut statements = undo.clone();
                statements.push(self.entry(claim, action, failure, at));
                statements.extend(self.event(claim, action, at));
                statements
            })
            .await;
        let stepped = self.stepped(claim, to, written);
        if let Stepped::On = stepped {
            telling::compensation(&self.context, claim, "compensated", step);
            let labels = [("saga", "asset_registration"), ("step", step.name())];
            self.context.count("core.saga.compensations", &labels);
        }
        stepped
    }

    fn compensation_failed(&self, claim: &mut Claim, step: Step, why: Unanswered) -> Stepped {
        let code = why.failure().code();
        tracing::error!(saga = %claim.saga, step = step.name(), code, "a compensation failed");
        if let Unanswered::Withheld { again_after } = why {
            claim.withheld = Some(again_after);
        }
        self.context
            .reached("compensation_failed_and_the_rest_went_on");
        telling::compensation(&self.context, claim, "compensation_failed", step);
        claim.course = claim.course.after_failed_compensation(step);
        Stepped::On
    }

    pub(super) async fn finish_compensation(&self, claim: &mut Claim) -> Stepped {
        let failure = claim.course.failure.unwrap_or(Failure::PartialCommit);
        let to = claim.course.moved_to(SagaState::Compensated, Some(failure));
        let released = !self.defects.has(Defect::KeyKeptAfterRollback);
        let release = released.then(|| answers::release(&claim.key));
        let written = self
            .write(claim, &to, Fate::Finish, |at| {
                let entry = self.entry(claim, "rolled_back", Some(failure), at);
                release.clone().into_iter().chain([entry]).collect()
            })
            .await;
        match self.stepped(claim, to, written) {
            Stepped::On => {
                self.context.reached("saga_was_compensated");
                Stepped::Ended(End::TakenBack(failure))
            }
            other => other,
        }
    }

    /// Something could not be taken back now: later, or never. People are told the first time.
    pub(super) async fn rest(&self, claim: &mut Claim, patience: Patience) -> Stepped {
        if claim.course.state != SagaState::Compensating {
            return Stepped::Ended(End::Lost);
        }
        let failure = Failure::PartialCommit;
        let retries = claim.retries + u32::from(patience.resumed);
        let to = claim.course.clone();
        let fate = match (claim.withheld, link_retry_wait(retries)) {
            (Some(again_after), _) => Fate::Postpone(self.spread(again_after), claim.retries),
            (None, Some(wait)) => Fate::Postpone(wait, retries),
            (None, None) => Fate::GiveUp(failure),
        };
        let action = match fate {
            Fate::GiveUp(_) => "compensation_given_up",
            _ => "compensation_postponed",
        };
        let written = self
            .write(claim, &to, fate, |at| {
                vec![
                    self.entry(claim, action, Some(failure), at),
                    self.alert(claim, "compensation", failure, at),
                ]
            })
            .await;
        match self.stepped(claim, to, written) {
            Stepped::On => {
                telling::compensation_rested(&self.context, claim);
                Stepped::Ended(End::TakenBack(failure))
            }
            other => other,
        }
    }
}
