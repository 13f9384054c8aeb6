//! The catalogue of defects: for each its name, the mistake, a real system that made it, its check, and what
//! brings it out.
//!
//! It is a list and nothing else; what a defect does stands where the bug is, found by its name.

use super::{Defect, DefectInfo, Trigger};

mod edits;
mod incoming;
mod load;
mod realtime;
mod replicas;
mod search;
mod webhooks;
mod work;

/// The catalogue's parts, by what a system must have to show them.
const PARTS: &[&[DefectInfo]] = &[
    OF_EVERY_SYSTEM,
    work::OF_WORK,
    replicas::OF_REPLICAS,
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
        trigger: Trigger::CrashWindow,
    },
    DefectInfo {
        defect: Defect::LinkNotIdempotent,
        name: "link_not_idempotent",
        mistake: "the device does not remember operation ids and links the same asset twice",
        seen_in: Some(
            "camunda #7995: a command resent until acknowledged, at a receiver that does not dedupe",
        ),
        caught_by: "link_agreement",
        trigger: Trigger::Duplicate,
    },
    DefectInfo {
        defect: Defect::LatchBeforeJournal,
        name: "latch_before_journal",
        mistake: "the latch moves first; a power failure before the journal knows leaves the asset \
                  in a slot that nothing accounts for, and the repeated command takes another",
        seen_in: None,
        caught_by: "link_agreement",
        trigger: Trigger::CrashWindow,
    },
    DefectInfo {
        defect: Defect::UnlinkForgetsLateLink,
        name: "unlink_forgets_late_link",
        mistake: "an unlink frees the slot and leaves no tombstone, so a link command that comes \
                  after its compensation is executed",
        seen_in: None,
        caught_by: "link_agreement",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::DedupMemoryOfOne,
        name: "dedup_memory_of_one",
        mistake: "the device remembers only its last operation, so one command in between makes \
                  it forget which links were taken back",
        seen_in: None,
        caught_by: "link_agreement",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::TimeoutTreatedAsFailure,
        name: "timeout_treated_as_failure",
        mistake: "a command without an answer is taken as not executed, and its asset is deleted",
        seen_in: None,
        caught_by: "link_agreement",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::KeyIgnoresBody,
        name: "key_ignores_body",
        mistake: "an idempotency key is looked up without comparing the request it was given for",
        seen_in: None,
        caught_by: "no_phantom_writes",
        trigger: Trigger::Always,
    },
    DefectInfo {
        defect: Defect::SagaNotResumedAfterCrash,
        name: "saga_not_resumed_after_crash",
        mistake: "expired leases are never claimed, so work in progress dies with its instance",
        seen_in: Some(
            "dbos-ts #716: recovery swallowed an error and left workflows pending for ever",
        ),
        caught_by: "everything_settles",
        trigger: Trigger::CrashWindow,
    },
    DefectInfo {
        defect: Defect::AuditFireAndForget,
        name: "audit_fire_and_forget",
        mistake: "the audit is not written with the change, but sent after it; a crash in between loses the entry",
        seen_in: Some(
            "outpost #1000: the attempt log could not be published and the message was acknowledged anyway",
        ),
        caught_by: "audit_complete",
        trigger: Trigger::CrashWindow,
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
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::AuditDeletedWithAsset,
        name: "audit_deleted_with_asset",
        mistake: "taking an asset back deletes all that refers to it, its audit included",
        seen_in: None,
        caught_by: "audit_complete",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::CompensateInForwardOrder,
        name: "compensate_in_forward_order",
        mistake: "steps are taken back in the order in which they were done",
        seen_in: None,
        caught_by: "compensation_order",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::CompensationErrorStopsRest,
        name: "compensation_error_stops_rest",
        mistake: "the first compensation that fails ends the attempt, and those before it are not tried",
        seen_in: None,
        caught_by: "compensation_order",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::OnlyKnownStepsCompensated,
        name: "only_known_steps_compensated",
        mistake: "a step that was begun and never answered is left as it is when the saga is taken back",
        seen_in: None,
        caught_by: "saga_all_or_parked",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::LeaseWithoutFencing,
        name: "lease_without_fencing",
        mistake: "a job is changed by its name alone, so a worker that lost its lease goes on beside its successor",
        seen_in: Some(
            "AxonFramework #422: a claim was extended without looking whose it was; conductor d8e8ec1: a lock released by a former owner",
        ),
        caught_by: "audit_complete",
        trigger: Trigger::Clock,
    },
    DefectInfo {
        defect: Defect::KeyKeptAfterRollback,
        name: "key_kept_after_rollback",
        mistake: "a rolled-back request keeps its key, which never gets an answer",
        seen_in: None,
        caught_by: "unknown_resolves",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::SagaAnswerStoredBeforeItsSteps,
        name: "saga_answer_stored_before_its_steps",
        mistake: "the success that a request hopes for is stored with its intent; whoever repeats the request is told it",
        seen_in: None,
        caught_by: "acked_writes_survive",
        trigger: Trigger::Duplicate,
    },
    DefectInfo {
        defect: Defect::NoIdempotencyKey,
        name: "no_idempotency_key",
        mistake: "the key is not looked at, and a request that is repeated is done again",
        seen_in: None,
        caught_by: "no_phantom_writes",
        trigger: Trigger::Duplicate,
    },
    DefectInfo {
        defect: Defect::UniqueCheckThenInsert,
        name: "unique_check_then_insert",
        mistake: "the key is looked up, then the effect is committed, then the key is taken: two at once both pass",
        seen_in: Some(
            "convoy #2747: an idempotency check and its insert in two steps let two equal requests pass",
        ),
        caught_by: "no_phantom_writes",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::LostUpdateBlindWrite,
        name: "lost_update_blind_write",
        mistake: "the version that the user saw is not part of the write",
        seen_in: None,
        caught_by: "no_lost_update",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::VersionCheckedOutsideTxn,
        name: "version_checked_outside_txn",
        mistake: "the version is read and compared first, in a transaction of its own",
        seen_in: Some(
            "MassTransit #3791: a row was read and decided about without a lock, by two at once",
        ),
        caught_by: "no_lost_update",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::ConflictNotTold,
        name: "conflict_not_told",
        mistake: "a rename that met no row is answered like one that did",
        seen_in: None,
        caught_by: "no_lost_update",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::StaleCachedRead,
        name: "stale_cached_read",
        mistake: "an instance keeps what it has read of an asset and answers from it for half a minute",
        seen_in: None,
        caught_by: "linearizable_assets",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::WalAckBeforeSync,
        name: "wal_ack_before_sync",
        mistake: "a commit is confirmed while its records are on their way to the disk",
        seen_in: None,
        caught_by: "link_agreement",
        trigger: Trigger::Disk,
    },
    DefectInfo {
        defect: Defect::RecoveryDropsTail,
        name: "recovery_drops_tail",
        mistake: "the last whole transaction of the log is taken for a part of what a crash has torn",
        seen_in: None,
        caught_by: "acked_writes_survive",
        trigger: Trigger::Disk,
    },
    DefectInfo {
        defect: Defect::UnknownCommitTakenForSuccess,
        name: "unknown_commit_taken_for_success",
        mistake: "a commit without an answer is taken as done",
        seen_in: None,
        caught_by: "link_agreement",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::HardwareLimitOnSynchronousPath,
        name: "hardware_limit_on_synchronous_path",
        mistake: "users wait for the 30 s hardware limit instead of the 5 s budget of the request",
        seen_in: None,
        caught_by: "slo_met",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::BreakerCountsValidationErrors,
        name: "breaker_counts_validation_errors",
        mistake: "a refused request counts as a failure of the neighbour that refused it",
        seen_in: None,
        caught_by: "breaker_legal",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::HalfOpenAdmitsMany,
        name: "half_open_admits_many",
        mistake: "every call that comes while the breaker is half-open passes as a probe",
        seen_in: Some(
            "resilience4j #1432, opossum #119: half-open let a flood pass instead of one probe",
        ),
        caught_by: "breaker_legal",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::BreakerNeverCloses,
        name: "breaker_never_closes",
        mistake: "a probe that is abandoned does not give its place back, and nobody gives it up",
        seen_in: Some(
            "resilience4j #544, #903, monix #1080: a cancelled or ignored probe kept its permit for ever",
        ),
        caught_by: "breaker_legal",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::ConnectionLeakedOnTimeout,
        name: "connection_leaked_on_timeout",
        mistake: "a lease dropped in the middle of a statement is neither returned nor discarded",
        seen_in: None,
        caught_by: "pool_bounded",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::AuditQuerySkipsPageBoundary,
        name: "audit_query_skips_page_boundary",
        mistake: "the entry that tells that another page follows is named as the one behind which it begins, so no page has it",
        seen_in: Some(
            "harper #2395: the entry that told where a page ends was read and given to no page",
        ),
        caught_by: "audit_query_exact",
        trigger: Trigger::Always,
    },
    DefectInfo {
        defect: Defect::AlertFiresWithoutWaiting,
        name: "alert_fires_without_waiting",
        mistake: "an alert does not wait until its condition has held for the rule's time",
        seen_in: None,
        caught_by: "alerts_right",
        trigger: Trigger::Clock,
    },
    DefectInfo {
        defect: Defect::AlertNeverResolves,
        name: "alert_never_resolves",
        mistake: "an alert whose condition has ended is not resolved",
        seen_in: None,
        caught_by: "alerts_right",
        trigger: Trigger::Always,
    },
];
