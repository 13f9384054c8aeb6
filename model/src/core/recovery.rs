//! Asynchronous recovery: link jobs whose time has come, or whose worker is gone.
//!
//! Each Core polls the Ledger for jobs that are due or whose lease ran out, whoever held it. A claim
//! comes with a fencing token; a worker that was thought dead and comes back writes with an old one
//! and is refused. The device is asked with the operation id of the first attempt, so a command that
//! was executed late is recognised and not executed again.

use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;
use sim::random::{Lineage, Root};

use super::ledger_client::LedgerClient;
use super::linking;
use super::registration::{CoreSetup, linked_answer, postponed_stored, verification_of};
use super::retry::link_retry_wait;
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ledger::store::{ClaimedJob, Mutation};
use crate::points;

/// Longer than the hardware's limit, so that a worker that only waits keeps its claim.
const JOB_LEASE: Duration = Duration::from_secs(60);
const POLL_EVERY: Duration = Duration::from_secs(10);
const CLAIM_MAX: u32 = 8;

/// Polls for jobs for as long as the process lives.
pub async fn run(context: NodeContext, ledger: LedgerClient, setup: Rc<CoreSetup>) {
    loop {
        // Instances poll at different moments, or they would all ask at once.
        let spread = context
            .stream(Root::Schedule, "poll")
            .span(Duration::ZERO, POLL_EVERY / 2);
        context.sleep(POLL_EVERY - spread).await;
        let claim = Mutation::Claim {
            limit: CLAIM_MAX,
            lease_ms: JOB_LEASE.as_millis() as i64,
            expired: !setup.defects.has(Defect::SagaNotResumedAfterCrash),
        };
        let Ok(claimed) = ledger.transact(vec![claim]).await else {
            continue;
        };
        for job in claimed {
            let lineage = Lineage::of(&job.asset.0).child("attempt", job.job.token.0);
            context.spawn_for(lineage, work_on(context.clone(), ledger.clone(), job));
        }
    }
}

async fn work_on(context: NodeContext, ledger: LedgerClient, claimed: ClaimedJob) {
    context.pass(points::JOB_CLAIMED).await;
    let job = &claimed.job;
    let limit = linking::HARDWARE_LIMIT;
    let linked = linking::link(&context, &job.locker, &job.operation, &claimed.asset, limit).await;
    context.pass(points::JOB_ANSWERED).await;
    let changes = match linked {
        Ok(slot) => {
            context.reached("recovery_linked_an_asset");
            let verification = verification_of(&claimed.asset);
            vec![
                Mutation::Link {
                    asset: claimed.asset.clone(),
                    slot,
                    token: job.token,
                },
                Mutation::QueueVerification {
                    asset: claimed.asset.clone(),
                    verification: verification.clone(),
                },
                Mutation::Answer {
                    key: claimed.key.clone(),
                    answer: linked_answer(slot, verification),
                },
            ]
        }
        Err(failure) => vec![
            after_failure(&context, &claimed, failure),
            Mutation::Answer {
                key: claimed.key.clone(),
                answer: postponed_stored(failure),
            },
        ],
    };
    // Refused, the job is another worker's; unanswered, its lease will run out. Nothing is lost.
    if ledger.transact(changes).await.is_err() {
        tracing::info!(asset = %claimed.asset, "the outcome of a link job was not accepted");
    }
}

fn after_failure(context: &NodeContext, claimed: &ClaimedJob, failure: Failure) -> Mutation {
    let retries = claimed.job.retries + 1;
    let wait = link_retry_wait(retries).filter(|_| failure != Failure::LockerHardware);
    match wait {
        Some(wait) => Mutation::Postpone {
            asset: claimed.asset.clone(),
            after_ms: wait.as_millis() as i64,
            retries,
            failure,
            token: claimed.job.token,
        },
        None => {
            context.reached("link_was_given_up");
            tracing::error!(asset = %claimed.asset, "link given up; operations are alerted");
            Mutation::GiveUp {
                asset: claimed.asset.clone(),
                failure,
                token: claimed.job.token,
            }
        }
    }
}
