//! Asset registration: the synchronous path.
//!
//! ```text
//! validate → begin → write intent → COMMIT → saga: link, record, queue verification → answer
//!                                     │                     │
//!        nothing happened before here ┘      each step is durable with what it did
//! ```
//!
//! The intent (key, asset, saga, leased job) is durable before the Locker is asked, so whatever
//! happens afterwards another instance finds the job when its lease has run out. What comes of a link
//! that fails is the strategy's word: see [`runner`](super::saga::runner).

use std::time::Duration;

use sim::NodeContext;
use sim::random::Root;

use super::answers;
use super::asset::AssetStatus;
use super::audit::Entry;
use super::lockers::{HARDWARE_LIMIT, SYNCHRONOUS_LIMIT};
use super::node::Core;
use super::protocol::{Answer, RegisterAsset};
use super::saga::course::Course;
use super::saga::ledger::Claim;
use super::saga::runner::{End, Patience};
use super::steps::step;
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ids::{AssetId, DeviceOperation, FencingToken, IdempotencyKey, JobId, SagaId};
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::SqlState;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query;
use crate::ledger::tables::assets;
use crate::points;
use crate::resilience::deadline::Deadline;

/// How long the registering instance has before others may take over its saga.
const INTENT_LEASE: Duration = Duration::from_secs(30);
/// What is left of the client's patience must suffice to answer.
const TIME_TO_ANSWER: Duration = Duration::from_millis(500);
/// The claim that a registration gives its own instance.
const FIRST_CLAIM: FencingToken = FencingToken(1);

/// Registers an asset. `answer_early` sends an answer ahead of its time, for a defect.
pub async fn register(
    core: &Core,
    request: &RegisterAsset,
    deadline: Deadline,
    answer_early: impl Fn(Answer),
) -> Answer {
    let context = &core.context;
    step(context, "validate", context.work(&core.setup.validate)).await;
    if request.content.name.is_empty() {
        return Answer::refused(400, Failure::LedgerConstraint);
    }
    context.pass(points::REQUEST_VALIDATED).await;
    let digest = answers::digest(&(&request.content, request.strategy));
    let mut claim = draw_claim(context, request);
    let intent = commit_intent(core, request, &claim, &digest, deadline, answer_early);
    match intent.await {
        Ok(at) => claim.started_at = at,
        Err(early) => return early,
    }
    context.pass(points::INTENT_COMMITTED).await;
    let limit = if core
        .setup
        .defects
        .has(Defect::HardwareLimitOnSynchronousPath)
    {
        HARDWARE_LIMIT
    } else {
        let left = deadline.limit(SYNCHRONOUS_LIMIT, context.monotonic());
        left.saturating_sub(TIME_TO_ANSWER).max(TIME_TO_ANSWER)
    };
    let patience = Patience {
        locker: limit,
        resumed: false,
    };
    match core.sagas.run(claim, patience).await {
        End::Answered(answer) => answer,
        End::TakenBack(failure) => Answer::later(503, Some(failure)),
        End::Lost | End::Unsettled => after_commit(core, request, &digest, deadline).await,
    }
}

fn draw_claim(context: &NodeContext, request: &RegisterAsset) -> Claim {
    let bits = context.stream(Root::Schedule, "asset id").bits();
    Claim {
        saga: SagaId(format!("saga-{bits:016x}")),
        job: JobId(format!("job-{bits:016x}")),
        token: FIRST_CLAIM,
        retries: 0,
        asset: AssetId(format!("asset-{bits:016x}")),
        key: request.key.clone(),
        locker: request.content.locker.clone(),
        operation: DeviceOperation(format!("link-{bits:016x}")),
        strategy: request.strategy,
        started_at: 0,
        course: Course::begun_with_its_record(),
        withheld: None,
        slot: None,
    }
}

/// Everything before the Locker is asked; gives when it was written.
async fn commit_intent(
    core: &Core,
    request: &RegisterAsset,
    claim: &Claim,
    digest: &str,
    deadline: Deadline,
    answer_early: impl Fn(Answer),
) -> Result<LedgerMillis, Answer> {
    let defects = &core.setup.defects;
    let acks_early = defects.has(Defect::AckBeforeCommit);
    let stores_early = acks_early || defects.has(Defect::SagaAnswerStoredBeforeItsSteps);
    let early = stores_early.then(|| {
        let (failure, status) = (Some(Failure::LockerTimeout), AssetStatus::PendingLink);
        Answer::registered(202, failure, &claim.asset, status, None)
    });
    let looks_first = defects.has(Defect::UniqueCheckThenInsert);
    if looks_first && is_taken(core, &request.key, deadline).await {
        return Err(known(core, request, digest, deadline).await);
    }
    let written = core
        .ledger
        .transact("intent", deadline, async |transaction| {
            let at = step(&core.context, "begin", transaction.begin()).await?;
            let write = write_intent(
                core,
                transaction,
                request,
                claim,
                digest,
                at,
                early.as_ref(),
            );
            let fresh = step(&core.context, "ledger_write", write).await?;
            core.context.pass(points::INTENT_STAGED).await;
            if let Some(early) = early.as_ref().filter(|_| fresh && acks_early) {
                answer_early(early.clone());
            }
            if fresh {
                Ok(at)
            } else {
                Err(LedgerError::Stale)
            }
        });
    let written = written.await;
    if let (Ok(at), true) = (&written, looks_first) {
        let take = answers::take(&request.key, digest, Some(&claim.asset), None, *at);
        take_late(core, take, deadline).await;
    }
    match written {
        Ok(at) => Ok(at),
        Err(LedgerError::Stale) => Err(known(core, request, digest, deadline).await),
        Err(LedgerError::Unknown) => read_back(core, request, claim, digest, deadline).await,
        Err(LedgerError::Sql(error)) => {
            let answer = refused(error.state);
            if answer.failure == Some(Failure::LedgerConstraint) {
                core.context.reached("constraint_was_told");
            }
            Err(answer)
        }
        Err(LedgerError::Unavailable | LedgerError::CircuitOpen) => {
            Err(Answer::later(503, Some(Failure::LedgerDown)))
        }
    }
}

/// Writes key, asset, saga and job; tells whether the key was free.
async fn write_intent(
    core: &Core,
    transaction: &mut Transaction,
    request: &RegisterAsset,
    claim: &Claim,
    digest: &str,
    at: LedgerMillis,
    answer: Option<&Answer>,
) -> Result<bool, LedgerError> {
    let content = &request.content;
    let asset = [
        (assets::ASSET, Value::text(&claim.asset.0)),
        (assets::KEY, Value::text(&request.key.0)),
        (assets::NAME, content.name.as_str().into()),
        (assets::CATEGORY, content.category.as_str().into()),
        (assets::LOCKER, Value::text(&content.locker.0)),
        (assets::STATUS, AssetStatus::Pending.name().into()),
        (assets::VERSION, 1.into()),
    ];
    let claim_at = Claim {
        started_at: at,
        ..claim.clone()
    };
    let takes_no_key = [Defect::NoIdempotencyKey, Defect::UniqueCheckThenInsert]
        .map(|it| core.setup.defects.has(it));
    if !takes_no_key.contains(&true) {
        let asset = Some(&claim.asset);
        transaction.stage(answers::take(&request.key, digest, asset, answer, at));
    }
    transaction.stage(query::insert(assets::TABLE, asset));
    for statement in claim_at.insert(at + INTENT_LEASE.as_millis() as i64) {
        transaction.stage(statement);
    }
    let actor = core.context.name();
    let entry = Entry {
        asset: &claim.asset,
        action: "created",
        subject: None,
        failure: None,
        version: Some(1),
        actor: &actor,
        at,
    };
    transaction.stage(entry.statement());
    transaction.stage_all(core.outbox.event("created", &claim.asset, Some(1), at));
    let met = transaction.counts().await?;
    Ok(met.first() == Some(&1))
}

/// The defect's way: whether a key was taken a moment ago.
async fn is_taken(core: &Core, key: &IdempotencyKey, deadline: Deadline) -> bool {
    let select = answers::of_key(key);
    let rows = core.ledger.read("key.read", deadline, select).await;
    rows.is_ok_and(|rows| !rows.is_empty())
}

/// The defect's way: takes a key after its effect.
async fn take_late(core: &Core, take: Statement, deadline: Deadline) {
    let taken = core
        .ledger
        .transact("key.take", deadline, async |transaction| {
            transaction.stage(take.clone());
            Ok(())
        });
    drop(taken.await);
}

/// What a request breaks that the Ledger refuses.
fn refused(state: SqlState) -> Answer {
    match state {
        // The category of errors in the data: an unknown Locker, a null, a failed condition.
        SqlState::ForeignKeyViolation
        | SqlState::NotNullViolation
        | SqlState::CheckViolation
        | SqlState::UniqueViolation => Answer::refused(422, Failure::LedgerConstraint),
        SqlState::SerializationFailure
        | SqlState::DeadlockDetected
        | SqlState::LockNotAvailable => Answer::later(409, Some(Failure::LedgerConflict)),
        _ => Answer::later(503, Some(Failure::LedgerDown)),
    }
}

/// The intent's commit was not answered. It may be durable, it may become so: read, do not guess.
async fn read_back(
    core: &Core,
    request: &RegisterAsset,
    claim: &Claim,
    digest: &str,
    deadline: Deadline,
) -> Result<LedgerMillis, Answer> {
    let select = answers::of_key(&request.key);
    match core.ledger.read("intent.read_back", deadline, select).await {
        Ok(rows) => match rows.first() {
            Some(row) if answers::is_of_asset(row, &claim.asset) => {
                core.context.reached("unknown_commit_was_resolved_by_key");
                Ok(answers::taken_at(row))
            }
            Some(row) => Err(answers::again(
                &core.context,
                row,
                digest,
                &core.setup.defects,
            )),
            None => Err(Answer::later(503, Some(Failure::LedgerDown))),
        },
        Err(_) => Err(Answer::later(503, Some(Failure::TimeoutAfterCommit))),
    }
}

/// The key was used before.
async fn known(core: &Core, request: &RegisterAsset, digest: &str, deadline: Deadline) -> Answer {
    let select = answers::of_key(&request.key);
    match core.ledger.read("key.read", deadline, select).await {
        Ok(rows) => rows.first().map_or_else(
            // It was released a moment ago: its registration was taken back.
            || Answer::later(409, Some(Failure::LedgerConflict)),
            |row| answers::again(&core.context, row, digest, &core.setup.defects),
        ),
        Err(_) => Answer::later(503, Some(Failure::LedgerDown)),
    }
}

/// The asset is registered, but this instance does not know how its saga ended: the stored answer is
/// the one to give, once there is one.
async fn after_commit(
    core: &Core,
    request: &RegisterAsset,
    digest: &str,
    deadline: Deadline,
) -> Answer {
    let select = answers::of_key(&request.key);
    if let Ok(rows) = core.ledger.read("key.read", deadline, select).await
        && let Some(row) = rows.first()
    {
        let stored = answers::again(&core.context, row, digest, &core.setup.defects);
        if stored.is_success() {
            return stored;
        }
    }
    core.context
        .reached("client_was_told_that_the_outcome_is_open");
    Answer::later(503, Some(Failure::TimeoutAfterCommit))
}
