//! The catalogue of defects: for each its name, the mistake, a real system that made it, and its check.
//!
//! It is a list and nothing else; what a defect does stands where the bug is, found by its name.

use super::{Defect, DefectInfo};

mod edits;
mod incoming;
mod load;
mod realtime;
mod search;
mod webhooks;

/// The catalogue's parts, by what a system must have to show them.
const PARTS: &[&[DefectInfo]] = &[
    OF_EVERY_SYSTEM,
    webhooks::OF_WEBHOOKS,
    incoming::OF_INCOMING,
    realtime::OF_REALTIME,
    search::OF_SEARCH,
    edits::OF_EDITS,
    load::OF_LOAD,
];

/// Every defect.
pub const DEFECTS: &[DefectInfo] = &joined::<{ count() }>();

const fn count() -> usize {
    let (mut all, mut part) = (0, 0);
    while part < PARTS.len() {
        all += PARTS[part].len();
        part += 1;
    }
    all
}

const fn joined<const ALL: usize>() -> [DefectInfo; ALL] {
    let mut all = [OF_EVERY_SYSTEM[0]; ALL];
    let (mut at, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut own = 0;
        while own < PARTS[part].len() {
            all[at] = PARTS[part][own];
            at += 1;
            own += 1;
        }
        part += 1;
    }
    all
}

/// Those that any system can have.
const OF_EVERY_SYSTEM: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::AckBeforeCommit,
        name: "ack_before_commit",
        mistake: "the answer is sent once the write is staged, before its commit is known",
        seen_in: None,
        caught_by: "acked_writes_survive",
    },
    DefectInfo {
        defect: Defect::LinkNotIdempotent,
        name: "link_not_idempotent",
        mistake: "the device does not remember operation ids and links the same asset twice",
        seen_in: Some(
            "camunda #7995: a command resent until acknowledged, at a receiver that does not dedupe",
        ),
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::LatchBeforeJournal,
        name: "latch_before_journal",
        mistake: "the latch moves first; a power failure before the journal knows leaves the asset \
                  in a slot that nothing accounts for, and the repeated command takes another",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::UnlinkForgetsLateLink,
        name: "unlink_forgets_late_link",
        mistake: "an unlink frees the slot and leaves no tombstone, so a link command that comes \
                  after its compensation is executed",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::DedupMemoryOfOne,
        name: "dedup_memory_of_one",
        mistake: "the device remembers only its last operation, so one command in between makes \
                  it forget which links were taken back",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::TimeoutTreatedAsFailure,
        name: "timeout_treated_as_failure",
        mistake: "a command without an answer is taken as not executed, and its asset is deleted",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::KeyIgnoresBody,
        name: "key_ignores_body",
        mistake: "an idempotency key is looked up without comparing the request it was given for",
        seen_in: None,
        caught_by: "no_phantom_writes",
    },
    DefectInfo {
        defect: Defect::SagaNotResumedAfterCrash,
        name: "saga_not_resumed_after_crash",
        mistake: "expired leases are never claimed, so work in progress dies with its instance",
        seen_in: Some(
            "dbos-ts #716: recovery swallowed an error and left workflows pending for ever",
        ),
        caught_by: "everything_settles",
    },
    DefectInfo {
        defect: Defect::AuditFireAndForget,
        name: "audit_fire_and_forget",
        mistake: "the audit is not written with the change, but sent after it; a crash in between loses the entry",
        seen_in: Some(
            "outpost #1000: the attempt log could not be published and the message was acknowledged anyway",
        ),
        caught_by: "audit_complete",
    },
    DefectInfo {
        defect: Defect::SealSkipsLateCommits,
        name: "seal_skips_late_commits",
        mistake: "new entries are those with a number above the last; numbers are drawn before the commit, so what \
                  commits late is never seen",
        seen_in: Some(
            "kamu-cli #1398, Eventuous #222: a reader of `id > last` skipped what a later commit wrote under a lower id",
        ),
        caught_by: "audit_sealed",
    },
    DefectInfo {
        defect: Defect::AuditDeletedWithAsset,
        name: "audit_deleted_with_asset",
        mistake: "taking an asset back deletes all that refers to it, its audit included",
        seen_in: None,
        caught_by: "audit_complete",
    },
    DefectInfo {
        defect: Defect::CompensateInForwardOrder,
        name: "compensate_in_forward_order",
        mistake: "steps are taken back in the order in which they were done",
        seen_in: None,
        caught_by: "compensation_order",
    },
    DefectInfo {
        defect: Defect::CompensationErrorStopsRest,
        name: "compensation_error_stops_rest",
        mistake: "the first compensation that fails ends the attempt, and those before it are not tried",
        seen_in: None,
        caught_by: "compensation_order",
    },
    DefectInfo {
        defect: Defect::OnlyKnownStepsCompensated,
        name: "only_known_steps_compensated",
        mistake: "a step that was begun and never answered is left as it is when the saga is taken back",
        seen_in: None,
        caught_by: "saga_all_or_parked",
    },
    DefectInfo {
        defect: Defect::LeaseWithoutFencing,
        name: "lease_without_fencing",
        mistake: "a job is changed by its name alone, so a worker that lost its lease goes on beside its successor",
        seen_in: Some(
            "AxonFramework #422: a claim was extended without looking whose it was; conductor d8e8ec1: a lock released by a former owner",
        ),
        caught_by: "audit_complete",
    },
    DefectInfo {
        defect: Defect::KeyKeptAfterRollback,
        name: "key_kept_after_rollback",
        mistake: "a rolled-back request keeps its key, which never gets an answer",
        seen_in: None,
        caught_by: "unknown_resolves",
    },
    DefectInfo {
        defect: Defect::SagaAnswerStoredBeforeItsSteps,
        name: "saga_answer_stored_before_its_steps",
        mistake: "the success that a request hopes for is stored with its intent; whoever repeats the request is told it",
        seen_in: None,
        caught_by: "acked_writes_survive",
    },
    DefectInfo {
        defect: Defect::NoIdempotencyKey,
        name: "no_idempotency_key",
        mistake: "the key is not looked at, and a request that is repeated is done again",
        seen_in: None,
        caught_by: "no_phantom_writes",
    },
    DefectInfo {
        defect: Defect::UniqueCheckThenInsert,
        name: "unique_check_then_insert",
        mistake: "the key is looked up, then the effect is committed, then the key is taken: two at once both pass",
        seen_in: Some(
            "convoy #2747: an idempotency check and its insert in two steps let two equal requests pass",
        ),
        caught_by: "no_phantom_writes",
    },
    DefectInfo {
        defect: Defect::LostUpdateBlindWrite,
        name: "lost_update_blind_write",
        mistake: "the version that the user saw is not part of the write",
        seen_in: None,
        caught_by: "no_lost_update",
    },
    DefectInfo {
        defect: Defect::VersionCheckedOutsideTxn,
        name: "version_checked_outside_txn",
        mistake: "the version is read and compared first, in a transaction of its own",
        seen_in: Some(
            "MassTransit #3791: a row was read and decided about without a lock, by two at once",
        ),
        caught_by: "no_lost_update",
    },
    DefectInfo {
        defect: Defect::ConflictNotTold,
        name: "conflict_not_told",
        mistake: "a rename that met no row is answered like one that did",
        seen_in: None,
        caught_by: "no_lost_update",
    },
    DefectInfo {
        defect: Defect::StaleCachedRead,
        name: "stale_cached_read",
        mistake: "an instance keeps what it has read of an asset and answers from it for half a minute",
        seen_in: None,
        caught_by: "linearizable_assets",
    },
    DefectInfo {
        defect: Defect::WalAckBeforeSync,
        name: "wal_ack_before_sync",
        mistake: "a commit is confirmed while its records are on their way to the disk",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::RecoveryDropsTail,
        name: "recovery_drops_tail",
        mistake: "the last whole transaction of the log is taken for a part of what a crash has torn",
        seen_in: None,
        caught_by: "acked_writes_survive",
    },
    DefectInfo {
        defect: Defect::UnknownCommitTakenForSuccess,
        name: "unknown_commit_taken_for_success",
        mistake: "a commit without an answer is taken as done",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::DuplicateCompletionWebhook,
        name: "duplicate_completion_webhook",
        mistake: "a report that was made before is not recognised",
        seen_in: Some(
            "outpost #276: an endpoint got an event again and again, because its success was not recorded",
        ),
        caught_by: "verification_conserved",
    },
    DefectInfo {
        defect: Defect::StaleVerifierOverwrites,
        name: "stale_verifier_overwrites",
        mistake: "the result is written by the name of the verification alone, over whatever is there",
        seen_in: Some(
            "river #1302: a rescuer updated a finished job by its id alone, and it ran again",
        ),
        caught_by: "verification_conserved",
    },
    DefectInfo {
        defect: Defect::CompletionLostOnRestart,
        name: "completion_lost_on_restart",
        mistake: "nothing is due any more once the result is written, so a report that is lost is never made again",
        seen_in: Some(
            "dbos-py #232: a crash between two writes left finished work where recovery did not look",
        ),
        caught_by: "verification_conserved",
    },
    DefectInfo {
        defect: Defect::ReviewForgotten,
        name: "review_forgotten",
        mistake: "a verification that waits for a person is in a state for which no work ever falls due",
        seen_in: Some("convoy #1200: deliveries in a state that no handler matched stayed there"),
        caught_by: "verification_conserved",
    },
    DefectInfo {
        defect: Defect::PollerDiesOnError,
        name: "poller_dies_on_error",
        mistake: "a worker that could not reach the Ledger ends, and nobody starts it again",
        seen_in: Some(
            "outpost #719: workers gave up after five errors of the broker, and retries stopped for all",
        ),
        caught_by: "everything_settles",
    },
    DefectInfo {
        defect: Defect::LeaseShorterThanWork,
        name: "lease_shorter_than_work",
        mistake: "the lease is shorter than the work, so each worker is fenced off by the next",
        seen_in: Some(
            "hexpm #1825: rescued after six minutes, jobs of nine and more ran two or three times; outpost #869",
        ),
        caught_by: "retry_policy_kept",
    },
    DefectInfo {
        defect: Defect::JobAttemptsNeverCounted,
        name: "job_attempts_never_counted",
        mistake: "the counter of attempts is never advanced, so poisoned work is tried for ever",
        seen_in: Some(
            "convoy #1833: attempts at a failing endpoint were never counted, and it was retried for ever",
        ),
        caught_by: "retry_policy_kept",
    },
    DefectInfo {
        defect: Defect::RetryAfterPermanentError,
        name: "retry_after_permanent_error",
        mistake: "a hardware error is retried like a time-out",
        seen_in: None,
        caught_by: "retry_policy_kept",
    },
    DefectInfo {
        defect: Defect::RetryWithoutBackoff,
        name: "retry_without_backoff",
        mistake: "every retry comes after the same short wait",
        seen_in: None,
        caught_by: "retry_policy_kept",
    },
    DefectInfo {
        defect: Defect::DeadLetterWithoutAlert,
        name: "dead_letter_without_alert",
        mistake: "the letter is written, and no alert",
        seen_in: None,
        caught_by: "dead_letters_accounted",
    },
    DefectInfo {
        defect: Defect::ReplayTwice,
        name: "replay_twice",
        mistake: "a decision does not look at the letter's state",
        seen_in: None,
        caught_by: "dead_letters_accounted",
    },
    DefectInfo {
        defect: Defect::ReplayRevivesNothing,
        name: "replay_revives_nothing",
        mistake: "the letter is marked as replayed, and its work stays dead",
        seen_in: Some("outpost #670: replays after the first were accepted and did nothing"),
        caught_by: "dead_letters_accounted",
    },
    DefectInfo {
        defect: Defect::HardwareLimitOnSynchronousPath,
        name: "hardware_limit_on_synchronous_path",
        mistake: "users wait for the 30 s hardware limit instead of the 5 s budget of the request",
        seen_in: None,
        caught_by: "slo_met",
    },
    DefectInfo {
        defect: Defect::BreakerCountsValidationErrors,
        name: "breaker_counts_validation_errors",
        mistake: "a refused request counts as a failure of the neighbour that refused it",
        seen_in: None,
        caught_by: "breaker_legal",
    },
    DefectInfo {
        defect: Defect::HalfOpenAdmitsMany,
        name: "half_open_admits_many",
        mistake: "every call that comes while the breaker is half-open passes as a probe",
        seen_in: Some(
            "resilience4j #1432, opossum #119: half-open let a flood pass instead of one probe",
        ),
        caught_by: "breaker_legal",
    },
    DefectInfo {
        defect: Defect::BreakerNeverCloses,
        name: "breaker_never_closes",
        mistake: "a probe that is abandoned does not give its place back, and nobody gives it up",
        seen_in: Some(
            "resilience4j #544, #903, monix #1080: a cancelled or ignored probe kept its permit for ever",
        ),
        caught_by: "breaker_legal",
    },
    DefectInfo {
        defect: Defect::ConnectionLeakedOnTimeout,
        name: "connection_leaked_on_timeout",
        mistake: "a lease dropped in the middle of a statement is neither returned nor discarded",
        seen_in: None,
        caught_by: "pool_bounded",
    },
    DefectInfo {
        defect: Defect::AuditQuerySkipsPageBoundary,
        name: "audit_query_skips_page_boundary",
        mistake: "the entry that tells that another page follows is named as the one behind which it begins, so no page has it",
        seen_in: Some(
            "harper #2395: the entry that told where a page ends was read and given to no page",
        ),
        caught_by: "audit_query_exact",
    },
    DefectInfo {
        defect: Defect::AlertFiresWithoutWaiting,
        name: "alert_fires_without_waiting",
        mistake: "an alert does not wait until its condition has held for the rule's time",
        seen_in: None,
        caught_by: "alerts_right",
    },
    DefectInfo {
        defect: Defect::AlertNeverResolves,
        name: "alert_never_resolves",
        mistake: "an alert whose condition has ended is not resolved",
        seen_in: None,
        caught_by: "alerts_right",
    },
    DefectInfo {
        defect: Defect::ReplicaReadIgnoresToken,
        name: "replica_read_ignores_token",
        mistake: "a session's read goes to any replica and is not made to wait for what the session \
                  has written",
        seen_in: Some(
            "MongoDB 3.6.4: causal sessions missed their own writes below majority concerns (Jepsen, 2018)",
        ),
        caught_by: "session_guarantees",
    },
    DefectInfo {
        defect: Defect::TokenNotAdvancedByReads,
        name: "token_not_advanced_by_reads",
        mistake: "the token is moved on by a session's writes and not by its reads, so the next \
                  replica may show an older state than the last one",
        seen_in: None,
        caught_by: "session_guarantees",
    },
    DefectInfo {
        defect: Defect::CausalTokenIgnored,
        name: "causal_token_ignored",
        mistake: "a device carries the tokens it was given itself and no others; what one user tells another is not there when the other looks",
        seen_in: None,
        caught_by: "causal_reads",
    },
    DefectInfo {
        defect: Defect::SyncCommitNotAwaited,
        name: "sync_commit_not_awaited",
        mistake: "replication is called synchronous, but a commit is confirmed once the primary \
                  alone has made it durable",
        seen_in: None,
        caught_by: "acked_writes_survive",
    },
    DefectInfo {
        defect: Defect::PromotesMostLagging,
        name: "promotes_most_lagging",
        mistake: "a failover names a server without comparing how far the logs reach",
        seen_in: None,
        caught_by: "acked_writes_survive",
    },
    DefectInfo {
        defect: Defect::OldPrimaryNotFenced,
        name: "old_primary_not_fenced",
        mistake: "a primary that lost its lease goes on serving while another leads",
        seen_in: Some("Elasticsearch 1.1.0: two primaries during a partition (Jepsen, 2014)"),
        caught_by: "no_split_brain",
    },
];
