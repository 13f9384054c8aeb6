//! Doing a saga's steps, and making each durable with the saga's own progress.
//!
//! Start at [`SagaRunner::run`]: it asks the course what comes next, until nothing does. After every
//! write whose outcome is not known it reads the saga again instead of guessing. Here is the way forward;
//! `compensation` is the way back.

mod compensation;

use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;
use sim::random::Root;

use super::course::{Course, Next, SagaState, Step};
use super::fate::Fate;
use super::ledger::Claim;
use super::telling;
use crate::core::answers;
use crate::core::asset::{AssetStatus, Strategy};
use crate::core::audit::Entry;
use crate::core::dead_letters::{Casualty, Queue};
use crate::core::escalation;
use crate::core::lockers::{Lockers, Unanswered};
use crate::core::outbox::Outbox;
use crate::core::protocol::Answer;
use crate::core::retry::{LinkRetry, link_retry, link_retry_wait};
use crate::core::steps::step;
use crate::core::verification::{self, VerificationPriority};
use crate::defects::{Defect, Defects};
use crate::failure::Failure;
use crate::ids::SlotNumber;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::ledger::engine::SqlState;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{assets, jobs, sagas};
use crate::points;
use crate::resilience::deadline::Deadline;

/// Longer than the hardware's limit, so that a worker that only waits keeps its claim.
pub const LEASE: Duration = Duration::from_secs(60);
/// How often a saga is read again without any progress before it is left to its lease.
const READ_AGAIN_MAX: u32 = 3;

/// Over which time work that the circuit withheld comes back.
const WITHHELD_SPREAD: Duration = Duration::from_secs(60);

/// What a saga came to in one instance's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It is completed, parked or given up, and the client may be told this.
    Answered(Answer),
    /// It is or will be taken back.
    TakenBack(Failure),
    /// Another instance has it.
    Lost,
    /// The Ledger could not be asked; when the lease ends, another instance goes on.
    Unsettled,
}

/// Who asks for a run, and how patient they are.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long one command to a Locker may take.
    pub locker: Duration,
    /// Whether the saga was left by another instance.
    pub resumed: bool,
}

/// Runs sagas in one process.
#[derive(Clone)]
pub struct SagaRunner {
    context: NodeContext,
    ledger: LedgerClient,
    lockers: Lockers,
    outbox: Outbox,
    defects: Defects,
    actor: Rc<str>,
}

/// How one step went.
enum Stepped {
    /// The claim has a new course.
    On,
    /// It is over for this instance.
    Ended(End),
    /// Nobody knows; read the saga again.
    Unclear,
}

impl SagaRunner {
    /// For one process.
    pub fn new(
        context: NodeContext,
        ledger: LedgerClient,
        lockers: Lockers,
        outbox: Outbox,
        defects: &Defects,
    ) -> SagaRunner {
        SagaRunner {
            actor: Rc::from(context.name()),
            context,
            ledger,
            lockers,
            outbox,
            defects: defects.clone(),
        }
    }

    /// Takes a saga as far as it goes.
    pub async fn run(&self, mut claim: Claim, patience: Patience) -> End {
        claim.course = claim.course.resumed();
        let mut unclear = 0;
        if self.is_to_be_turned_back(&claim, patience) {
            // Nobody waits for it any more, and half of it is not what was asked for.
            self.context.reached("abandoned_saga_was_taken_back");
            match self.turn_back(&mut claim, Failure::PartialCommit).await {
                Stepped::On => {}
                Stepped::Ended(end) => return end,
                Stepped::Unclear => return End::Unsettled,
            }
        }
        loop {
            let stepped = match self.next(&claim.course) {
                Next::Execute(Step::CreateLedgerRecord) => {
                    unreachable!("a saga is created together with its record")
                }
                // The device is asked again by a worker that does not know the slot: it remembers.
                Next::Execute(Step::LinkLocker | Step::UpdateStatus) => {
                    self.link(&mut claim, patience).await
                }
                Next::Execute(Step::QueueVerification) => self.complete(&mut claim).await,
                Next::Compensate(step) => self.compensate(&mut claim, step, patience).await,
                Next::FinishCompensation => self.finish_compensation(&mut claim).await,
                Next::Rest => self.rest(&mut claim, patience).await,
            };
            match stepped {
                Stepped::On => unclear = 0,
                Stepped::Ended(end) => return end,
                Stepped::Unclear => {
                    unclear += 1;
                    if unclear > READ_AGAIN_MAX {
                        return End::Unsettled;
                    }
                    if let Some(end) = self.read_again(&mut claim).await {
                        return end;
                    }
                }
            }
        }
    }

    /// What comes next by the course, or by a defect's idea of it.
    fn next(&self, course: &Course) -> Next {
        let next = course.next();
        let Next::Compensate(_) = next else {
            return next;
        };
        if self.defects.has(Defect::CompensateInForwardOrder) {
            return course.untried().next().map_or(next, Next::Compensate);
        }
        let one_failed = course.untried().count() < course.not_undone().count();
        if one_failed && self.defects.has(Defect::CompensationErrorStopsRest) {
            return Next::Rest;
        }
        next
    }

    fn is_to_be_turned_back(&self, claim: &Claim, patience: Patience) -> bool {
        patience.resumed
            && claim.strategy == Strategy::FullRollback
            && claim.course.state == SagaState::Running
    }

    async fn link(&self, claim: &mut Claim, patience: Patience) -> Stepped {
        let (locker, limit) = (&claim.locker, patience.locker);
        telling::link_asked(&self.context, claim, patience.resumed);
        let linked = self
            .lockers
            .link(locker, &claim.operation, &claim.asset, limit);
        let linked = match patience.resumed {
            false => step(&self.context, "locker_link", linked).await,
            true => linked.await,
        };
        self.context.pass(points::LINK_ANSWERED).await;
        match linked {
            Ok(slot) => self.record_link(claim, slot, patience).await,
            Err(why) => self.after_failed_link(claim, why, patience).await,
        }
    }

    /// Steps two and three in one transaction: nothing could fall between them but a crash.
    async fn record_link(
        &self,
        claim: &mut Claim,
        slot: SlotNumber,
        patience: Patience,
    ) -> Stepped {
        claim.slot = Some(slot);
        let to = claim.course.after_step();
        let to = if to.done == 2 { to.after_step() } else { to };
        let values = [
            (assets::STATUS, AssetStatus::Linked.name().into()),
            (assets::SLOT, i64::from(slot.0).into()),
        ];
        let record = query::update(
            assets::TABLE,
            values,
            is(assets::ASSET, claim.asset.0.as_str()),
        );
        let written = self.write(claim, &to, Fate::Keep, |at| {
            let written = [record.clone(), self.entry(claim, "linked", None, at)];
            written
                .into_iter()
                .chain(self.event(claim, "linked", at))
                .collect()
        });
        let written = step(&self.context, "record_link", written).await;
        if patience.resumed && written.is_ok() {
            self.context.reached("recovery_linked_an_asset");
        }
        match written {
            Err(LedgerError::Sql(error)) if error.state == SqlState::UniqueViolation => {
                // The Ledger knows another asset in this slot: the two systems contradict each other.
                self.context.reached("slot_was_contradicted");
                self.turn_back(claim, Failure::PartialCommit).await
            }
            written => self.stepped(claim, to, written),
        }
    }

    async fn after_failed_link(
        &self,
        claim: &mut Claim,
        why: Unanswered,
        patience: Patience,
    ) -> Stepped {
        let failure = why.failure();
        if self.defects.has(Defect::TimeoutTreatedAsFailure) && failure == Failure::LockerTimeout {
            return self.forget(claim, failure).await;
        }
        if claim.strategy == Strategy::FullRollback {
            return self.turn_back(claim, failure).await;
        }
        self.context.reached("asset_was_kept_without_its_link");
        let retry = self.retry(why, claim.retries, patience.resumed);
        let asset = query::update(
            assets::TABLE,
            [(assets::STATUS, AssetStatus::PendingLink.name().into())],
            is(assets::ASSET, claim.asset.0.as_str()),
        );
        let status = AssetStatus::PendingLink;
        let answer = Answer::registered(202, Some(failure), &claim.asset, status, None);
        let stored = answers::store_first(&claim.key, &answer);
        let (fate, action) = match retry {
            Some(LinkRetry::Counted { wait, retries }) => {
                (Fate::Postpone(wait, retries), "link_postponed")
            }
            Some(LinkRetry::Uncounted { wait }) => (
                Fate::Postpone(self.spread(wait), claim.retries),
                "link_postponed",
            ),
            None => (Fate::GiveUp(failure), "link_given_up"),
        };
        let to = claim.course.moved_to(SagaState::Parked, Some(failure));
        let written = self
            .write(claim, &to, fate, |at| {
                let entry = self.entry(claim, action, Some(failure), at);
                let mut statements = vec![asset.clone(), stored.clone(), entry];
                if escalation::is_overdue(claim.started_at, failure, at) {
                    self.context.reached("overdue_link_was_escalated");
                    statements.push(self.alert(claim, "overdue", failure, at));
                }
                statements
            })
            .await;
        self.context.pass(points::OUTCOME_COMMITTED).await;
        match self.stepped(claim, to, written) {
            Stepped::On => {
                let failed = claim.retries + u32::from(patience.resumed);
                telling::link_failed(&self.context, claim, failure, retry, failed);
                Stepped::Ended(End::Answered(answer))
            }
            other => other,
        }
    }

    /// When the link is tried again, by the policy or by a defect's idea of it.
    fn retry(&self, why: Unanswered, failed: u32, is_retry: bool) -> Option<LinkRetry> {
        let retries = failed + u32::from(is_retry);
        let is_final = why.failure() == Failure::LockerHardware;
        if is_final && self.defects.has(Defect::RetryAfterPermanentError) {
            return link_retry_wait(retries).map(|wait| LinkRetry::Counted { wait, retries });
        }
        match link_retry(why, failed, is_retry) {
            Some(LinkRetry::Counted { retries, .. })
                if self.defects.has(Defect::RetryWithoutBackoff) =>
            {
                let wait = Duration::from_secs(5);
                Some(LinkRetry::Counted { wait, retries })
            }
            retry => retry,
        }
    }

    /// The defect's way: a silent Locker has surely not acted, so the asset can go.
    async fn forget(&self, claim: &mut Claim, failure: Failure) -> Stepped {
        let to = claim.course.moved_to(SagaState::Compensated, Some(failure));
        let delete = query::delete(assets::TABLE, is(assets::ASSET, claim.asset.0.as_str()));
        let release = answers::release(&claim.key);
        let written = self
            .write(claim, &to, Fate::Finish, |at| {
                let entry = self.entry(claim, "deleted", Some(failure), at);
                let written = [delete.clone(), release.clone(), entry];
                written
                    .into_iter()
                    .chain(self.event(claim, "deleted", at))
                    .collect()
            })
            .await;
        match self.stepped(claim, to, written) {
            Stepped::On => Stepped::Ended(End::TakenBack(failure)),
            other => other,
        }
    }

    /// Step four, and the answer.
    async fn complete(&self, claim: &mut Claim) -> Stepped {
        let to = claim.course.after_step();
        let Some(slot) = self.slot_of(claim).await else {
            return Stepped::Unclear;
        };
        let queued = verification::first_of(&claim.asset);
        let linked = Some((slot, queued.clone()));
        let answer = Answer::registered(201, None, &claim.asset, AssetStatus::Linked, linked);
        let stored = answers::store_first(&claim.key, &answer);
        let written = self.write(claim, &to, Fate::Finish, |at| {
            let priority = VerificationPriority::Registered;
            let queue = verification::queue(&queued, &claim.asset, &claim.locker, priority, at);
            let subject = Some(queued.0.as_str());
            let entry = self.entry_about(claim, subject, "verification_queued", None, at);
            vec![queue, stored.clone(), entry]
        });
        let written = step(&self.context, "queue_verification", written).await;
        self.context.pass(points::OUTCOME_COMMITTED).await;
        match self.stepped(claim, to, written) {
            Stepped::On => Stepped::Ended(End::Answered(answer)),
            other => other,
        }
    }

    /// The slot that the record says, after step three.
    async fn slot_of(&self, claim: &Claim) -> Option<SlotNumber> {
        if claim.slot.is_some() {
            return claim.slot;
        }
        let row = query::select(assets::TABLE, is(assets::ASSET, claim.asset.0.as_str()));
        let deadline = self.deadline(Step::QueueVerification);
        let rows = self.ledger.read("saga.slot", deadline, row).await.ok()?;
        let slot = rows.first()?.maybe_int(assets::SLOT)?;
        Some(SlotNumber(
            u32::try_from(slot).expect("invariant: slots are counted from 0"),
        ))
    }

    /// One transaction: the fence, the saga's new course, and what belongs to it.
    async fn write(
        &self,
        claim: &Claim,
        to: &Course,
        fate: Fate,
        statements: impl Fn(LedgerMillis) -> Vec<Statement>,
    ) -> Result<(), LedgerError> {
        let deadline = self.deadline(Step::UpdateStatus);
        let wrote = self
            .ledger
            .transact("saga.step", deadline, async |transaction| {
                let at = transaction.now().await?;
                let fenced = !self.defects.has(Defect::LeaseWithoutFencing);
                transaction.stage_one(claim.job_moved(fate.at(at), fenced));
                transaction.stage_one(claim.moved(to, fenced));
                for statement in statements(at) {
                    transaction.stage(statement);
                }
                if let Fate::GiveUp(failure) = fate {
                    let casualty = Casualty {
                        queue: Queue::Link,
                        subject: &claim.job.0,
                        asset: &claim.asset,
                        token: claim.token,
                        cause: failure.code(),
                    };
                    for statement in casualty.bury(at, &self.defects) {
                        transaction.stage(statement);
                    }
                }
                transaction.flush().await?;
                self.context.pass(points::STEP_STAGED).await;
                Ok(at)
            });
        let at = wrote.await?;
        if to.state.is_over() {
            let outcome = [("saga", "asset_registration"), ("outcome", to.state.name())];
            let span = u64::try_from(at - claim.started_at).unwrap_or(0);
            let span = Some(Duration::from_millis(span));
            self.context.measure("core.saga.duration", &outcome, span);
        }
        if let Fate::GiveUp(failure) = fate {
            self.context.reached("link_was_given_up");
            tracing::error!(saga = %claim.saga, code = failure.code(), "given up; operations are alerted");
        }
        Ok(())
    }

    /// What a write's result means for the claim. One that met no row is another instance's, or an
    /// earlier write of this one has had its effect after all: reading again tells which.
    fn stepped(&self, claim: &mut Claim, to: Course, written: Result<(), LedgerError>) -> Stepped {
        match written {
            Ok(()) => {
                claim.course = to;
                Stepped::On
            }
            Err(LedgerError::Stale) => {
                self.context.reached("stale_worker_was_fenced");
                Stepped::Unclear
            }
            Err(_) => Stepped::Unclear,
        }
    }

    /// After a write of unknown outcome: what does the Ledger say?
    async fn read_again(&self, claim: &mut Claim) -> Option<End> {
        let deadline = self.deadline(Step::UpdateStatus);
        let read = self
            .ledger
            .transact("saga.read", deadline, async |transaction| {
                let job = query::select(jobs::TABLE, is(jobs::JOB, claim.job.0.as_str()));
                let saga = query::select(sagas::TABLE, is(sagas::SAGA, claim.saga.0.as_str()));
                Ok((
                    transaction.query(job).await?,
                    transaction.query(saga).await?,
                ))
            });
        match read.await {
            Ok((job, saga)) => {
                let (job, saga) = (job.first()?, saga.first()?);
                if job.int(jobs::TOKEN) != claim.token.0 as i64 || job.text(jobs::STATE) != "leased"
                {
                    return Some(self.end_of(saga, claim));
                }
                *claim = Claim::of_rows(job, claim.token, saga);
                claim.course = claim.course.resumed();
                None
            }
            Err(_) => Some(End::Unsettled),
        }
    }

    /// The write that nobody answered was the last one.
    fn end_of(&self, saga: &[Value], claim: &Claim) -> End {
        match SagaState::from_name(saga.text(sagas::STATE)) {
            SagaState::Compensated | SagaState::Compensating => {
                End::TakenBack(claim.course.failure.unwrap_or(Failure::PartialCommit))
            }
            _ => End::Lost,
        }
    }

    /// Work that was withheld together must not come back together.
    fn spread(&self, after: Duration) -> Duration {
        let mut stream = self.context.stream(Root::Schedule, "withheld");
        after + stream.span(Duration::ZERO, WITHHELD_SPREAD)
    }

    fn deadline(&self, step: Step) -> Deadline {
        Deadline::within(step.timeout(), self.context.monotonic())
    }

    fn entry(
        &self,
        claim: &Claim,
        action: &'static str,
        failure: Option<Failure>,
        at: LedgerMillis,
    ) -> Statement {
        self.entry_about(claim, Some(&claim.job.0), action, failure, at)
    }

    fn entry_about(
        &self,
        claim: &Claim,
        subject: Option<&str>,
        action: &'static str,
        failure: Option<Failure>,
        at: LedgerMillis,
    ) -> Statement {
        if let Some(failure) = failure {
            failure.log(action, &claim.asset.0);
        }
        let entry = Entry {
            asset: &claim.asset,
            action,
            subject,
            failure,
            version: None,
            actor: &self.actor,
            at,
        };
        entry.statement()
    }

    /// What is told outside of a change, if it is told.
    fn event(&self, claim: &Claim, action: &str, at: LedgerMillis) -> Option<Statement> {
        self.outbox.event(action, &claim.asset, None, at)
    }

    fn alert(
        &self,
        claim: &Claim,
        occasion: &str,
        failure: Failure,
        at: LedgerMillis,
    ) -> Statement {
        let name = format!("{occasion}-{}", claim.job);
        escalation::raise(&name, &claim.asset, failure.code(), at)
    }
}
