//! Asynchronous recovery: sagas whose time has come, or whose instance is gone.
//!
//! Each Core polls for jobs that are due or whose lease ran out, whoever held it. `SKIP LOCKED` keeps
//! two pollers off each other; the claim counts the token on, so a worker that was thought dead and
//! comes back writes with an old one and meets no row. The device is asked with the operation of the
//! first attempt, so a command that was executed late is recognised and not executed again.

use std::rc::Rc;
use std::time::Duration;

use sim::random::{Lineage, Root};

use super::dead_letters::{self, Queue};
use super::lockers::HARDWARE_LIMIT;
use super::node::Core;
use super::saga::course::SagaState;
use super::saga::ledger::Claim;
use super::saga::runner::{LEASE, Patience};
use crate::defects::Defect;
use crate::ids::FencingToken;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::statement::Select;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, at_most, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{dead_letters as letters, jobs, sagas};
use crate::points;
use crate::resilience::deadline::Deadline;

const POLL_EVERY: Duration = Duration::from_secs(10);
const POLL_LIMIT: Duration = Duration::from_secs(5);
const CLAIM_MAX: u64 = 8;

/// Polls for jobs for as long as the process lives.
pub async fn run(core: Rc<Core>) {
    let context = core.context.clone();
    loop {
        // Instances poll at different moments, or they would all ask at once.
        let spread = context
            .stream(Root::Schedule, "poll")
            .span(Duration::ZERO, POLL_EVERY / 2);
        context.sleep(POLL_EVERY - spread).await;
        if core.is_draining() {
            return;
        }
        let deadline = Deadline::within(POLL_LIMIT, context.monotonic());
        core.refusals
            .write(&core.ledger, &context.name(), deadline)
            .await;
        let expired_too = !core.setup.defects.has(Defect::SagaNotResumedAfterCrash);
        match look(&core, expired_too).await {
            Some(true) => claim_and_work(&core, expired_too).await,
            None if core.setup.defects.has(Defect::PollerDiesOnError) => return,
            Some(false) | None => {}
        }
    }
}

async fn claim_and_work(core: &Rc<Core>, expired_too: bool) {
    let deadline = Deadline::within(POLL_LIMIT, core.context.monotonic());
    let claimed = core
        .ledger
        .transact("jobs.claim", deadline, async |transaction| {
            claim(transaction, expired_too).await
        });
    // Unanswered, the claims' leases run out, and somebody claims again.
    for claim in claimed.await.unwrap_or_default() {
        let lineage = Lineage::of(&claim.saga.0).child("attempt", claim.token.0);
        core.context
            .spawn_for(lineage, work_on(core.clone(), claim));
    }
}

/// Whether anything is due, if that could be seen; a look costs one round trip and locks nothing. It
/// also shows how many dead letters wait for a decision.
async fn look(core: &Core, expired_too: bool) -> Option<bool> {
    let deadline = Deadline::within(POLL_LIMIT, core.context.monotonic());
    // Until the Ledger was heard its time is unknown, and everything may be due.
    let at = core.ledger.clock().estimate().unwrap_or(LedgerMillis::MAX);
    let mut due = due(at, expired_too);
    due.limit = Some(1);
    let looks = [due, dead_letters::open()];
    let seen = core.ledger.read_all("jobs.look", deadline, &looks).await;
    // What could not be seen stays as it was last seen.
    let Ok([due, open]) = seen.as_deref() else {
        return None;
    };
    let of_webhooks = core.webhooks.as_ref().map(|_| Queue::Webhook);
    for queue in Queue::ALWAYS.into_iter().chain(of_webhooks) {
        let depth = open
            .iter()
            .filter(|row| row.text(letters::QUEUE) == queue.name());
        let depth = i64::try_from(depth.count()).unwrap_or(i64::MAX);
        core.context
            .gauge("core.dlq.depth", &[("queue", queue.name())], depth);
    }
    Some(!due.is_empty())
}

fn due(at: LedgerMillis, expired_too: bool) -> Select {
    let due = at_most(jobs::RUN_AT, at);
    let due = match expired_too {
        true => due,
        false => due.and(is(jobs::STATE, "ready")),
    };
    query::select(jobs::TABLE, due).first_by(jobs::RUN_AT, CLAIM_MAX)
}

async fn work_on(core: Rc<Core>, claim: Claim) {
    let work = core.begin_work();
    core.context.pass(points::JOB_CLAIMED).await;
    if was_abandoned(&claim) {
        core.context.reached("saga_was_resumed");
    }
    let patience = Patience {
        locker: HARDWARE_LIMIT,
        resumed: true,
    };
    let saga = claim.saga.clone();
    let end = core.sagas.run(claim, patience).await;
    tracing::info!(%saga, ?end, "a worker has left a saga");
    drop(work);
}

/// Whether its instance is gone, rather than its time come.
fn was_abandoned(claim: &Claim) -> bool {
    match claim.course.state {
        SagaState::Running => true,
        SagaState::Compensating => claim.retries == 0,
        SagaState::Parked | SagaState::Completed | SagaState::Compensated => false,
    }
}

/// Leases what is due to this worker.
async fn claim(
    transaction: &mut Transaction,
    expired_too: bool,
) -> Result<Vec<Claim>, LedgerError> {
    let at = transaction.now().await?;
    let due = due(at, expired_too).claiming();
    let mut claims = Vec::new();
    for job in transaction.query(due).await? {
        let token = job.int(jobs::TOKEN) + 1;
        let values: [(usize, Value); 3] = [
            (jobs::STATE, "leased".into()),
            (jobs::RUN_AT, lease_end(at).into()),
            (jobs::TOKEN, token.into()),
        ];
        let this = is(jobs::JOB, job.text(jobs::JOB));
        transaction.stage_one(query::update(jobs::TABLE, values, this));
        let saga = query::select(sagas::TABLE, is(sagas::SAGA, job.text(jobs::SAGA)));
        let saga = transaction.query(saga).await?;
        let saga = saga
            .first()
            .unwrap_or_else(|| panic!("invariant: a job names a saga that exists: {job:?}"));
        let token = FencingToken(u64::try_from(token).expect("invariant: tokens count up from 1"));
        claims.push(Claim::of_rows(&job, token, saga));
    }
    Ok(claims)
}

fn lease_end(at: LedgerMillis) -> LedgerMillis {
    at + LEASE.as_millis() as i64
}
