//! Asset registration by partial commit: the synchronous path.
//!
//! ```text
//! validate → begin → write intent → COMMIT → link Locker → write outcome → COMMIT → answer
//!                                     │                                     │
//!        nothing happened before here ┘      the answer is stored with it ──┘
//! ```
//!
//! The intent (key, asset, leased link job) is durable before the Locker is asked, so whatever
//! happens afterwards, another instance finds the job when the lease has run out and finishes it.
//! When the Locker does not answer in time the asset is kept as `pending_link`, its job waits five
//! minutes, and the client is told 202.

use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;
use sim::latency::Latency;
use sim::random::Root;

use super::ledger_client::{LedgerClient, LedgerError};
use super::linking;
use super::protocol::{Answer, RegisterAsset};
use super::retry::link_retry_wait;
use crate::config::Timing;
use crate::defects::{Defect, Defects};
use crate::failure::Failure;
use crate::ids::{AssetId, DeviceOperation, FencingToken, SlotNumber, VerificationId};
use crate::ledger::store::{AssetStatus, KeyRow, Mutation, Refusal, StoredAnswer};
use crate::points;

/// How long the registering instance has before others may take over its link job.
const INTENT_LEASE: Duration = Duration::from_secs(30);
/// The claim that a registration gives its own instance.
const FIRST_CLAIM: FencingToken = FencingToken(1);

/// What Core's synchronous path needs.
#[derive(Clone)]
pub struct Registration {
    context: NodeContext,
    ledger: LedgerClient,
    setup: Rc<CoreSetup>,
}

/// What a Core is made of.
pub struct CoreSetup {
    /// How long validation takes.
    pub validate: Latency,
    /// How long writing the answer takes.
    pub respond: Latency,
    /// The bugs switched on.
    pub defects: Defects,
}

impl CoreSetup {
    /// Core's part of the system's timing.
    ///
    /// # Panics
    /// When a table does not ascend: configurations are validated before anything is built.
    pub fn of(timing: &Timing, defects: &Defects) -> CoreSetup {
        let latency = |table| Latency::try_from(table).expect("validated tables ascend");
        CoreSetup {
            validate: latency(timing.validate),
            respond: latency(timing.respond),
            defects: defects.clone(),
        }
    }
}

/// An intent in the making.
struct Intent {
    asset: AssetId,
    operation: DeviceOperation,
}

/// Why the path ends early: with this answer.
type Early = Answer;

impl Registration {
    /// The synchronous path of one Core.
    pub fn new(context: NodeContext, ledger: LedgerClient, setup: Rc<CoreSetup>) -> Registration {
        Registration {
            context,
            ledger,
            setup,
        }
    }

    /// Registers an asset. `answer_early` sends an answer ahead of its time, for a defect.
    pub async fn register(&self, request: &RegisterAsset, answer_early: impl Fn(Answer)) -> Answer {
        let answer = match self.commit_intent(request, answer_early).await {
            Ok(intent) => self.link_and_settle(request, &intent).await,
            Err(early) => early,
        };
        self.step("respond", self.context.work(&self.setup.respond))
            .await;
        answer
    }

    /// Everything before the Locker is asked.
    async fn commit_intent(
        &self,
        request: &RegisterAsset,
        answer_early: impl Fn(Answer),
    ) -> Result<Intent, Early> {
        self.step("validate", self.context.work(&self.setup.validate))
            .await;
        if request.content.name.is_empty() {
            return Err(Answer::failed(400, Failure::LedgerConstraint));
        }
        self.context.pass(points::REQUEST_VALIDATED).await;
        let down = |_| Answer::failed(503, Failure::LedgerDown);
        let transaction = self
            .step("begin", self.ledger.begin())
            .await
            .map_err(down)?;
        let intent = self.draw_intent();
        let mut staged = vec![self.intent_mutation(request, &intent)];
        let early = self
            .setup
            .defects
            .has(Defect::AckBeforeCommit)
            .then(|| postponed_stored(Failure::LockerTimeout));
        staged.extend(early.clone().map(|answer| Mutation::Answer {
            key: request.key.clone(),
            answer,
        }));
        let write = async {
            self.ledger.write(transaction, staged).await?;
            self.context.pass(points::INTENT_STAGED).await;
            if let Some(early) = &early {
                answer_early(Answer::stored(&intent.asset, early));
            }
            self.ledger.commit(transaction).await
        };
        match self.step("ledger_write", write).await {
            Ok(()) => {}
            Err(LedgerError::Down) => return Err(Answer::failed(503, Failure::LedgerDown)),
            Err(LedgerError::Refused(Refusal::KeyTaken(row))) => {
                return Err(self.answer_again(request, &row));
            }
            Err(LedgerError::Refused(Refusal::StaleClaim)) => panic!("an intent makes no claim"),
            Err(LedgerError::Unknown) => self.read_back(request, &intent).await?,
        }
        self.context.pass(points::INTENT_COMMITTED).await;
        Ok(intent)
    }

    fn draw_intent(&self) -> Intent {
        let bits = self.context.stream(Root::Schedule, "asset id").bits();
        Intent {
            asset: AssetId(format!("asset-{bits:016x}")),
            operation: DeviceOperation(format!("link-{bits:016x}")),
        }
    }

    fn intent_mutation(&self, request: &RegisterAsset, intent: &Intent) -> Mutation {
        Mutation::Register {
            key: request.key.clone(),
            asset: intent.asset.clone(),
            content: request.content.clone(),
            operation: intent.operation.clone(),
            lease_ms: INTENT_LEASE.as_millis() as i64,
        }
    }

    /// The intent's commit was not answered. It may be durable, it may become so: read, do not guess.
    async fn read_back(&self, request: &RegisterAsset, intent: &Intent) -> Result<(), Early> {
        self.context.reached("commit_outcome_was_unknown");
        match self.ledger.look_up(&request.key).await {
            Ok(Some(row)) if row.asset == intent.asset => Ok(()),
            Ok(Some(row)) => Err(self.answer_again(request, &row)),
            Ok(None) | Err(_) => Err(Answer::failed(503, Failure::LedgerDown)),
        }
    }

    /// The key was used before: the same request gets the same answer, another one is refused.
    fn answer_again(&self, request: &RegisterAsset, row: &KeyRow) -> Answer {
        let same = row.content == request.content || self.setup.defects.has(Defect::KeyIgnoresBody);
        if !same {
            self.context.reached("key_reuse_was_refused");
            return Answer::failed(422, Failure::LedgerConstraint);
        }
        match &row.answer {
            Some(answer) => {
                self.context.reached("stored_answer_was_given_again");
                Answer::stored(&row.asset, answer)
            }
            None => Answer::failed(409, Failure::LedgerConflict),
        }
    }

    /// Asks the Locker and makes the outcome durable.
    async fn link_and_settle(&self, request: &RegisterAsset, intent: &Intent) -> Answer {
        let limit = if self
            .setup
            .defects
            .has(Defect::HardwareLimitOnSynchronousPath)
        {
            linking::HARDWARE_LIMIT
        } else {
            linking::SYNCHRONOUS_LIMIT
        };
        let locker = &request.content.locker;
        let link = linking::link(
            &self.context,
            locker,
            &intent.operation,
            &intent.asset,
            limit,
        );
        let linked = self.step("locker_link", link).await;
        self.context.pass(points::LINK_ANSWERED).await;
        let outcome = match linked {
            Ok(slot) => linked_outcome(&intent.asset, slot),
            Err(failure)
                if failure == Failure::LockerTimeout
                    && self.setup.defects.has(Defect::TimeoutTreatedAsFailure) =>
            {
                return self.forget(intent).await;
            }
            Err(failure) => {
                self.context.reached("asset_was_kept_without_its_link");
                failed_outcome(&intent.asset, failure)
            }
        };
        self.settle(request, intent, outcome).await
    }

    async fn settle(&self, request: &RegisterAsset, intent: &Intent, outcome: Outcome) -> Answer {
        let Outcome {
            change,
            verification,
            answer,
        } = outcome;
        let stored = Mutation::Answer {
            key: request.key.clone(),
            answer: answer.clone(),
        };
        let settled = self
            .commit_outcome(vec![change], verification, stored)
            .await;
        self.context.pass(points::OUTCOME_COMMITTED).await;
        if settled.is_ok() {
            return Answer::stored(&intent.asset, &answer);
        }
        // Refused as stale, another instance took over; or nobody answered. Either way the asset is
        // registered, and the stored answer is the one to give once there is one.
        match self.ledger.look_up(&request.key).await {
            Ok(Some(row)) => match &row.answer {
                Some(answer) => Answer::stored(&row.asset, answer),
                None => Answer::failed(503, Failure::TimeoutAfterCommit),
            },
            Ok(None) | Err(_) => Answer::failed(503, Failure::TimeoutAfterCommit),
        }
    }

    async fn commit_outcome(
        &self,
        mut changes: Vec<Mutation>,
        verification: Option<Mutation>,
        stored: Mutation,
    ) -> Result<(), LedgerError> {
        let transaction = self.ledger.begin().await?;
        if let Some(verification) = verification {
            let queue = self.ledger.write(transaction, vec![verification]);
            self.step("queue_verification", queue).await?;
        }
        changes.push(stored);
        self.ledger.write(transaction, changes).await?;
        self.step("commit", self.ledger.commit(transaction)).await
    }

    /// The defect's way: a silent Locker has surely not acted, so the asset can go.
    async fn forget(&self, intent: &Intent) -> Answer {
        let delete = Mutation::Delete {
            asset: intent.asset.clone(),
            token: FIRST_CLAIM,
        };
        match self.ledger.transact(vec![delete]).await {
            Ok(_) => Answer::failed(400, Failure::LockerTimeout),
            Err(_) => Answer::failed(503, Failure::LedgerDown),
        }
    }

    /// Measures a step on the instance's own clock.
    async fn step<T>(&self, step: &str, work: impl Future<Output = T>) -> T {
        let began = self.context.monotonic();
        let done = work.await;
        let span = self.context.monotonic() - began;
        self.context
            .measure("core.registration.step", &[("step", step)], Some(span));
        done
    }
}

/// What a finished link attempt writes and answers.
struct Outcome {
    change: Mutation,
    verification: Option<Mutation>,
    answer: StoredAnswer,
}

fn linked_outcome(asset: &AssetId, slot: SlotNumber) -> Outcome {
    let verification = verification_of(asset);
    Outcome {
        change: Mutation::Link {
            asset: asset.clone(),
            slot,
            token: FIRST_CLAIM,
        },
        verification: Some(Mutation::QueueVerification {
            asset: asset.clone(),
            verification: verification.clone(),
        }),
        answer: linked_answer(slot, verification),
    }
}

fn failed_outcome(asset: &AssetId, failure: Failure) -> Outcome {
    let change = match (failure, link_retry_wait(0)) {
        (Failure::LockerHardware, _) | (_, None) => Mutation::GiveUp {
            asset: asset.clone(),
            failure,
            token: FIRST_CLAIM,
        },
        (_, Some(wait)) => Mutation::Postpone {
            asset: asset.clone(),
            after_ms: wait.as_millis() as i64,
            retries: 0,
            failure,
            token: FIRST_CLAIM,
        },
    };
    Outcome {
        change,
        verification: None,
        answer: postponed_stored(failure),
    }
}

/// The one verification of an asset.
pub fn verification_of(asset: &AssetId) -> VerificationId {
    VerificationId(format!("verification-of-{asset}"))
}

/// 201: the asset is linked.
pub fn linked_answer(slot: SlotNumber, verification: VerificationId) -> StoredAnswer {
    StoredAnswer {
        status: 201,
        failure: None,
        asset_status: AssetStatus::Linked,
        slot: Some(slot),
        verification: Some(verification),
    }
}

/// 202: the asset is kept, its link comes later.
pub fn postponed_stored(failure: Failure) -> StoredAnswer {
    StoredAnswer {
        status: 202,
        failure: Some(failure),
        asset_status: AssetStatus::PendingLink,
        slot: None,
        verification: None,
    }
}
