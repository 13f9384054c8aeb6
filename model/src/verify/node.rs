//! Verify as a node: workers that claim verifications, and report what came of them.
//!
//! A claim is a lease with a token, as for Core's jobs. The result is written under the token, so of
//! two workers on one verification only the later claimant's counts; then Core is told until it has
//! acknowledged. A row that is judged and not reported stays due, so a worker that dies in between
//! leaves a report that somebody else makes. Start at [`run`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::latency::Latency;
use sim::random::{Lineage, Root};
use sim::ratio::Ratio;
use sim::{NodeContext, NodeId};

use super::VerifyConfig;
use super::claim::{self, Claim};
use super::due::{by_priority, due};
use super::judgement::{Judgement, judge};
use super::queue::Turns;
use crate::config::Timing;
use crate::core::audit::Entry;
use crate::core::dead_letters::{Casualty, Queue};
use crate::core::protocol::{Answer, Ask, CoreRequest};
use crate::core::verification::VerificationState;
use crate::defects::{Defect, Defects};
use crate::failure::Failure;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::tables::verifications;
use crate::locker::protocol::{Evidence, LockerRequest, LockerResponse};
use crate::points;
use crate::resilience::deadline::Deadline;

const POLL_EVERY: Duration = Duration::from_secs(4);
/// While there is nothing to do it is asked more and more rarely, up to this.
const POLL_EVERY_MAX: Duration = Duration::from_secs(16);
const LEDGER_LIMIT: Duration = Duration::from_secs(5);
const EVIDENCE_LIMIT: Duration = Duration::from_secs(30);
const REPORT_LIMIT: Duration = Duration::from_secs(5);
/// Longer than evidence and analysis take together.
pub const LEASE: Duration = Duration::from_secs(120);
/// The first wait after a failed attempt; it doubles each time.
const RETRY_FIRST: Duration = Duration::from_secs(30);
const RETRIES_MAX: u32 = 5;
const CONNECTIONS_MAX: u32 = 8;

/// What a process of Verify is made of.
pub struct VerifySetup {
    /// Its size and what it meets.
    pub config: VerifyConfig,
    /// How long the analysis takes.
    pub analysis: Latency,
    /// The names of the Core instances.
    pub cores: Vec<String>,
    /// The bugs switched on.
    pub defects: Defects,
}

impl VerifySetup {
    /// Verify's part of the system's configuration.
    ///
    /// # Panics
    /// When a table does not ascend: configurations are validated before anything is built.
    pub fn of(
        timing: &Timing,
        config: &VerifyConfig,
        cores: &[String],
        defects: &Defects,
    ) -> VerifySetup {
        VerifySetup {
            config: config.clone(),
            analysis: Latency::try_from(timing.analysis).expect("validated tables ascend"),
            cores: cores.to_vec(),
            defects: defects.clone(),
        }
    }
}

struct Verify {
    context: NodeContext,
    setup: Rc<VerifySetup>,
    cores: Vec<NodeId>,
    ledger: LedgerClient,
    under_way: Cell<u32>,
    turns: Option<RefCell<Turns>>,
}

/// A process of Verify: polls for as long as it lives.
pub async fn run(context: NodeContext, setup: Rc<VerifySetup>) {
    let ledger = LedgerClient::new(context.clone(), CONNECTIONS_MAX, &setup.defects);
    let cores = setup.cores.iter().map(|name| context.find(name)).collect();
    let turns = setup.config.queue.as_ref().and_then(Turns::new);
    let verify = Rc::new(Verify {
        context: context.clone(),
        turns: turns.map(RefCell::new),
        setup,
        cores,
        ledger,
        under_way: Cell::new(0),
    });
    let mut wait = POLL_EVERY;
    loop {
        let spread = context
            .stream(Root::Schedule, "poll")
            .span(Duration::ZERO, wait / 2);
        context.sleep(wait - spread).await;
        let free = verify.setup.config.workers - verify.under_way.get();
        if free == 0 {
            continue;
        }
        if !verify.look().await {
            wait = (wait * 2).min(POLL_EVERY_MAX);
            continue;
        }
        wait = POLL_EVERY;
        // Unanswered, the claims' leases run out, and somebody claims again.
        for claim in verify.claim(free).await.unwrap_or_default() {
            claim.tell_taken(&context);
            let lineage = Lineage::of(&claim.verification.0).child("attempt", claim.token.0);
            verify.under_way.set(verify.under_way.get() + 1);
            context.spawn_for(lineage, verify.clone().work_on(claim));
        }
    }
}

impl Verify {
    /// Whether anything is due; a look costs one round trip and locks nothing.
    async fn look(&self) -> bool {
        // Until the Ledger was heard its time is unknown, and everything may be due.
        let at = self.ledger.clock().estimate().unwrap_or(LedgerMillis::MAX);
        let look = self
            .ledger
            .read("verifications.look", self.deadline(), due(at, 1));
        look.await.is_ok_and(|rows| !rows.is_empty())
    }

    async fn claim(&self, free: u32) -> Result<Vec<Claim>, LedgerError> {
        let deadline = self.deadline();
        let kept = self.turns.as_ref();
        let kept = kept.map(|turns| turns.borrow().kept(free));
        let ignored = self.setup.defects.has(Defect::QueuePriorityIgnored);
        let claimed = self
            .ledger
            .transact("verifications.claim", deadline, async |transaction| {
                let at = transaction.now().await?;
                let rows = match kept {
                    Some(kept) if !ignored => by_priority(transaction, at, free, kept).await?,
                    _ => transaction.query(due(at, free.into()).claiming()).await?,
                };
                let claims: Vec<Claim> = rows.iter().map(Claim::of_row).collect();
                for claim in &claims {
                    let values = [
                        (verifications::RUN_AT, (at + millis(self.lease())).into()),
                        (verifications::TOKEN, (claim.token.0 as i64).into()),
                    ];
                    let this = is(verifications::VERIFICATION, claim.verification.0.as_str());
                    transaction.stage_one(query::update(verifications::TABLE, values, this));
                }
                Ok((at, claims))
            });
        let (at, claims) = claimed.await?;
        if let (Some(kept), Some(turns)) = (kept, &self.turns) {
            turns.borrow_mut().give(claims.len() as u32);
            claim::tell_all_taken(&self.context, at, kept, &claims);
        }
        Ok(claims)
    }

    fn lease(&self) -> Duration {
        match self.setup.defects.has(Defect::LeaseShorterThanWork) {
            true => Duration::from_secs(3),
            false => LEASE,
        }
    }

    async fn work_on(self: Rc<Self>, claim: Claim) {
        match claim.state {
            VerificationState::Queued => self.verify(&claim).await,
            VerificationState::Review => {
                self.context.reached("verification_was_reviewed");
                self.conclude(&claim, self.person_decides(&claim), None)
                    .await;
            }
            VerificationState::Verified | VerificationState::Rejected => self.report(&claim).await,
            // Cancelled between the claim's reading and its writing: nothing is to be done.
            VerificationState::Cancelled | VerificationState::Dead => {}
        }
        self.under_way.set(self.under_way.get() - 1);
    }

    async fn verify(&self, claim: &Claim) {
        let evidence = match self.collect(claim).await {
            Ok(evidence) => evidence,
            Err(failure) => return self.fail(claim, failure).await,
        };
        self.context.work(&self.setup.analysis).await;
        if self.chance(claim, "poison", self.setup.config.poison) {
            return self.fail(claim, Failure::LockerHardware).await;
        }
        self.context.pass(points::EVIDENCE_JUDGED).await;
        let digest = format!("{:016x}", evidence.photo);
        match judge(&evidence) {
            Judgement::Verified if self.chance(claim, "review", self.setup.config.review) => {
                self.send_to_review(claim, &digest).await;
            }
            Judgement::Verified => {
                self.conclude(claim, VerificationState::Verified, Some(&digest))
                    .await;
            }
            Judgement::Rejected => {
                self.context.reached("verification_was_rejected");
                self.conclude(claim, VerificationState::Rejected, Some(&digest))
                    .await;
            }
            Judgement::Review => self.send_to_review(claim, &digest).await,
            Judgement::TakeAgain => self.fail(claim, Failure::LockerHardware).await,
        }
    }

    async fn collect(&self, claim: &Claim) -> Result<Evidence, Failure> {
        let request = LockerRequest::CollectEvidence {
            asset: claim.asset.clone(),
        };
        let node = self.context.find(&claim.locker.0);
        let answer: Result<Arc<LockerResponse>, _> =
            self.context.call(node, request, EVIDENCE_LIMIT).await;
        match answer.as_deref() {
            Ok(LockerResponse::Evidence(evidence)) => Ok(evidence.clone()),
            Ok(LockerResponse::HardwareError(_)) => Err(Failure::LockerHardware),
            Ok(other) => {
                panic!("invariant: a Locker answers CollectEvidence in kind, not with {other:?}")
            }
            Err(sim::network::CallError::Refused) => Err(Failure::LockerUnreachable),
            Err(_) => Err(Failure::LockerTimeout),
        }
    }

    /// Writes the result, then reports it.
    async fn conclude(&self, claim: &Claim, state: VerificationState, evidence: Option<&str>) {
        let mut values = vec![(verifications::STATE, Value::text(state.name()))];
        if self.setup.defects.has(Defect::CompletionLostOnRestart) {
            values.push((verifications::RUN_AT, Value::Null));
        }
        values.extend(evidence.map(|digest| (verifications::EVIDENCE, digest.into())));
        if self.change(claim, values, LEASE, None).await {
            self.context.pass(points::RESULT_COMMITTED).await;
            self.report(claim).await;
        }
    }

    async fn send_to_review(&self, claim: &Claim, digest: &str) {
        self.context.reached("verification_went_to_review");
        let longest = Duration::from_millis(self.setup.config.review_max_ms);
        let cause = Lineage::of(&claim.verification.0);
        let patience = self.context.stream_of(Root::Workload, cause, "review.span");
        let span = { patience }.span(longest / 10, longest);
        let mut values = vec![
            (
                verifications::STATE,
                VerificationState::Review.name().into(),
            ),
            (verifications::EVIDENCE, digest.into()),
        ];
        if self.setup.defects.has(Defect::ReviewForgotten) {
            values.push((verifications::RUN_AT, Value::Null));
        }
        self.change(claim, values, span, None).await;
    }

    /// Tells Core. Unanswered, the row stays due, and it is told again.
    async fn report(&self, claim: &Claim) {
        let turn = claim.token.0 as usize % self.cores.len();
        let request = CoreRequest {
            budget_ms: REPORT_LIMIT.as_millis() as u64,
            ask: Ask::VerificationCompleted {
                verification: claim.verification.clone(),
            },
        };
        let answer: Result<Arc<Answer>, _> = self
            .context
            .call(self.cores[turn], request, REPORT_LIMIT)
            .await;
        if !answer.is_ok_and(|answer| answer.is_success()) {
            tracing::info!(verification = %claim.verification, "Core has not acknowledged a completion");
        }
    }

    /// An attempt has failed: later again, or never.
    async fn fail(&self, claim: &Claim, failure: Failure) {
        failure.log("verify", &claim.asset.0);
        if claim.retries < RETRIES_MAX {
            let counts = !self.setup.defects.has(Defect::JobAttemptsNeverCounted);
            let retries = claim.retries + u32::from(counts);
            let values = vec![(verifications::RETRIES, i64::from(retries).into())];
            let wait = match self.setup.defects.has(Defect::PoisonItemBlocksHead) {
                true => Duration::ZERO,
                false => RETRY_FIRST * 2_u32.pow(claim.retries),
            };
            self.change(claim, values, wait, None).await;
            return;
        }
        let values = vec![
            (verifications::STATE, VerificationState::Dead.name().into()),
            (verifications::RUN_AT, Value::Null),
        ];
        if self
            .change(claim, values, Duration::ZERO, Some(failure))
            .await
        {
            self.context.reached("verification_was_given_up");
        }
    }

    /// Writes under the claim's token; tells whether the claim still counted.
    async fn change(
        &self,
        claim: &Claim,
        values: Vec<(usize, Value)>,
        due_after: Duration,
        given_up: Option<Failure>,
    ) -> bool {
        let deadline = self.deadline();
        let actor = self.context.name();
        let changed = self
            .ledger
            .transact("verification.change", deadline, async |transaction| {
                let at = transaction.now().await?;
                let fenced = !self.setup.defects.has(Defect::StaleVerifierOverwrites);
                let changed = claim.changed(values.clone(), at + millis(due_after), fenced);
                transaction.stage_one(changed);
                if let Some(failure) = given_up {
                    let casualty = Casualty {
                        queue: Queue::Verification,
                        subject: &claim.verification.0,
                        asset: &claim.asset,
                        token: claim.token,
                        cause: failure.code(),
                    };
                    for statement in casualty.bury(at, &self.setup.defects) {
                        transaction.stage(statement);
                    }
                    let entry = Entry {
                        asset: &claim.asset,
                        action: "verification_given_up",
                        subject: Some(&claim.verification.0),
                        failure: Some(failure),
                        version: None,
                        actor: &actor,
                        at,
                    };
                    transaction.stage(entry.statement());
                }
                transaction.flush().await?;
                Ok(())
            });
        match changed.await {
            Ok(()) => {
                claim.tell_changed(&self.context, &values, due_after);
                true
            }
            Err(LedgerError::Stale) => {
                self.context.reached("stale_verifier_was_fenced");
                false
            }
            // Its lease runs out, and somebody does it again.
            Err(_) => false,
        }
    }

    /// What a person says who was asked: once decided, always the same.
    fn person_decides(&self, claim: &Claim) -> VerificationState {
        let half = Ratio::new(1, 2);
        if self.chance(claim, "person", half) {
            VerificationState::Verified
        } else {
            VerificationState::Rejected
        }
    }

    /// A property of the verification itself, the same at each attempt.
    fn chance(&self, claim: &Claim, purpose: &'static str, ratio: Ratio) -> bool {
        let cause = Lineage::of(&claim.verification.0);
        let stream = self.context.stream_of(Root::Workload, cause, purpose);
        { stream }.chance(ratio)
    }

    fn deadline(&self) -> Deadline {
        Deadline::within(LEDGER_LIMIT, self.context.monotonic())
    }
}

fn millis(span: Duration) -> LedgerMillis {
    i64::try_from(span.as_millis()).expect("invariant: spans are shorter than an age")
}
