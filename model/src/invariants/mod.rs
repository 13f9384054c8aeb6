//! What the system promises: one file (or folder) per promise, each a [`Check`] over the record.
//!
//! To add one, write its file and name it in [`CHECKS`]; give it histories in the fixtures: one it
//! accepts, one it rejects, and one of which it is unsure. `audit_trail` and `revisions` are no promises: they are how
//! several of them read the audit and the versions of edited assets; `edit_chain` is a part of `no_lost_update`.

mod acked_writes_survive;
mod alerts_right;
mod audit_complete;
mod audit_query_exact;
mod audit_sealed;
mod breaker_legal;
mod cache_fresh;
mod causal_reads;
mod compensation_order;
mod conflict_told;
mod dead_letters_accounted;
mod delivery_order;
mod everything_settles;
mod incoming_once;
mod linearizable_assets;
mod link_agreement;
mod no_duplicate_effect;
mod no_lost_update;
mod no_phantom_writes;
mod no_send_after_ack;
mod no_split_brain;
mod notifications_in_order;
mod pool_bounded;
mod queue_bounded;
mod retry_policy_kept;
mod saga_all_or_parked;
mod session_guarantees;
mod signature_verified;
mod unknown_resolves;
mod verification_conserved;
mod views_converge;
mod webhook_conserved;
mod webhook_retries_kept;

mod audit_trail;
mod edit_chain;
mod revisions;

use std::collections::BTreeMap;

use sim::check::Check;
use sim::check::objective::SLO_MET;
use sim::record::Record;
use sim::record::history::{Operation, OperationId};
use sim::record::value::Value;

/// Every promise, in the order of reports.
pub const CHECKS: &[Check] = &[
    acked_writes_survive::CHECK,
    no_phantom_writes::CHECK,
    unknown_resolves::CHECK,
    saga_all_or_parked::CHECK,
    compensation_order::CHECK,
    link_agreement::CHECK,
    verification_conserved::CHECK,
    retry_policy_kept::CHECK,
    audit_complete::CHECK,
    audit_sealed::CHECK,
    audit_query_exact::CHECK,
    no_lost_update::CHECK,
    conflict_told::CHECK,
    linearizable_assets::CHECK,
    session_guarantees::CHECK,
    causal_reads::CHECK,
    no_split_brain::CHECK,
    dead_letters_accounted::CHECK,
    everything_settles::CHECK,
    breaker_legal::CHECK,
    pool_bounded::CHECK,
    queue_bounded::CHECK,
    cache_fresh::CHECK,
    alerts_right::CHECK,
    webhook_conserved::CHECK,
    no_duplicate_effect::CHECK,
    no_send_after_ack::CHECK,
    delivery_order::CHECK,
    webhook_retries_kept::CHECK,
    signature_verified::CHECK,
    incoming_once::CHECK,
    notifications_in_order::CHECK,
    views_converge::CHECK,
    SLO_MET,
];

/// The registrations of a history.
fn registrations(record: &Record) -> impl Iterator<Item = (OperationId, &Operation)> {
    let all = record.history.iter();
    all.filter(|(_, operation)| operation.function == "register")
}

/// Whether a row of `assets` says that the asset is in its slot.
fn says_linked(row: &Value) -> bool {
    matches!(row.text("status"), "linked" | "verified" | "rejected")
}

/// Rows by what one of their columns says; of several that say the same, the last.
fn rows_by<'a>(column: &str, rows: &'a [Value]) -> BTreeMap<&'a str, &'a Value> {
    rows.iter().map(|row| (row.text(column), row)).collect()
}

/// The values of a list; none when this is no list.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::List(values) => values,
        _ => &[],
    }
}

/// A state that a sweep must have reached in some run, or it has not tested what it claims to.
#[derive(Clone, Copy, Debug)]
pub struct Sometimes {
    /// Its name in [`Record::reached`](sim::record::Record::reached).
    pub name: &'static str,
    /// What was reached.
    pub promise: &'static str,
}

/// Every such state.
pub const SOMETIMES: &[Sometimes] = &[
    Sometimes {
        name: "asset_was_kept_without_its_link",
        promise: "a Locker failed on the synchronous path and the asset was kept (202)",
    },
    Sometimes {
        name: "recovery_linked_an_asset",
        promise: "a job linked an asset after its registration had been answered or lost",
    },
    Sometimes {
        name: "device_recognised_a_repeated_command",
        promise: "a device was asked again for what it had done",
    },
    Sometimes {
        name: "device_resumed_a_command",
        promise: "a device finished after a start what an earlier life had accepted",
    },
    Sometimes {
        name: "device_refused_a_cancelled_link",
        promise: "a link command came after it had been taken back",
    },
    Sometimes {
        name: "stored_answer_was_given_again",
        promise: "a repeated request got the answer of the first",
    },
    Sometimes {
        name: "key_reuse_was_refused",
        promise: "a key used for another request was refused (422)",
    },
    Sometimes {
        name: "commit_outcome_was_unknown",
        promise: "a commit was not answered and had to be read back",
    },
    Sometimes {
        name: "recovery_cut_a_torn_tail",
        promise: "a crash left a torn log and recovery cut it",
    },
    Sometimes {
        name: "ledger_ended_on_a_disk_error",
        promise: "the Ledger could not trust its log and ended itself",
    },
    Sometimes {
        name: "breaker_opened",
        promise: "a circuit breaker opened before a failing neighbour",
    },
    Sometimes {
        name: "breaker_half_opened",
        promise: "a circuit breaker sent a probe after its open span",
    },
    Sometimes {
        name: "breaker_closed_again",
        promise: "a circuit breaker closed after its probes had succeeded",
    },
    Sometimes {
        name: "constraint_was_told",
        promise: "a registration that the Ledger's constraints refuse was told so (422)",
    },
    Sometimes {
        name: "version_conflict_was_told",
        promise: "a change of what somebody else had changed was refused (409)",
    },
    Sometimes {
        name: "conflict_was_rejected",
        promise: "an edit of a version that was no longer current was refused with both versions (409)",
    },
    Sometimes {
        name: "conflict_was_merged",
        promise: "two users' edits of different fields were merged",
    },
    Sometimes {
        name: "edit_looked_again",
        promise: "somebody else's edit came between an edit's look and its write",
    },
    Sometimes {
        name: "overtaken_user_was_told",
        promise: "a user was shown that somebody else's edit had not seen theirs",
    },
    Sometimes {
        name: "overload_was_told",
        promise: "a request was turned away at the edge and told when to come back (429 or 503)",
    },
    Sometimes {
        name: "lesser_request_made_room",
        promise: "a request that waited at the edge was turned away for a more important one",
    },
    Sometimes {
        name: "too_fast_was_told",
        promise: "a request came faster than the limiter allows (429)",
    },
    Sometimes {
        name: "edge_let_fewer_in",
        promise: "an instance found its requests slow and let fewer in at once",
    },
    Sometimes {
        name: "cache_answered_a_read",
        promise: "a read was answered from what an instance had kept",
    },
    Sometimes {
        name: "reads_shared_a_fetch",
        promise: "a read waited for another one's fetch instead of asking the Ledger itself",
    },
    Sometimes {
        name: "serialization_failure_was_retried",
        promise: "the Ledger rolled a transaction back because of others (40001)",
    },
    Sometimes {
        name: "deadlock_was_retried",
        promise: "two transactions waited for each other, and the Ledger broke one off (40P01)",
    },
    Sometimes {
        name: "unknown_commit_was_resolved_by_key",
        promise: "an unanswered commit was found by its idempotency key",
    },
    Sometimes {
        name: "client_was_told_that_the_outcome_is_open",
        promise: "a registration was kept and its client told to ask again (503)",
    },
    Sometimes {
        name: "saga_was_resumed",
        promise: "an instance went on with a saga whose instance was gone",
    },
    Sometimes {
        name: "abandoned_saga_was_taken_back",
        promise: "an abandoned saga of all or nothing was taken back",
    },
    Sometimes {
        name: "saga_was_compensated",
        promise: "everything that a saga had done was taken back",
    },
    Sometimes {
        name: "compensation_failed_and_the_rest_went_on",
        promise: "a compensation failed, and those before it were done all the same",
    },
    Sometimes {
        name: "stale_worker_was_fenced",
        promise: "a worker that had lost its lease could write nothing",
    },
    Sometimes {
        name: "stale_verifier_was_fenced",
        promise: "a verifier that had lost its lease could write nothing",
    },
    Sometimes {
        name: "link_was_given_up",
        promise: "a link job or a compensation became a dead letter with an alert",
    },
    Sometimes {
        name: "overdue_link_was_escalated",
        promise: "a link waited for an unreachable Locker for an hour, and people were told",
    },
    Sometimes {
        name: "dead_letter_was_decided",
        promise: "somebody replayed or discarded a dead letter",
    },
    Sometimes {
        name: "verification_went_to_review",
        promise: "evidence did not tell, and a person was asked",
    },
    Sometimes {
        name: "verification_was_reviewed",
        promise: "a person had decided about a verification",
    },
    Sometimes {
        name: "verification_was_rejected",
        promise: "evidence showed that an asset is not where it should be",
    },
    Sometimes {
        name: "verification_was_given_up",
        promise: "a verification failed each time and became a dead letter",
    },
    Sometimes {
        name: "verification_queue_was_full",
        promise: "a user who asked for a verification was told that too many are open",
    },
    Sometimes {
        name: "completion_was_reported_again",
        promise: "Core was told again of a verification it knew to be finished",
    },
    Sometimes {
        name: "instance_was_drained",
        promise: "an instance finished what it had begun before its restart",
    },
    Sometimes {
        name: "every_instance_was_redeployed",
        promise: "a rolling restart came to its end",
    },
    Sometimes {
        name: "delivery_was_given_up",
        promise: "a delivery failed at each attempt, or for good, and became a dead letter",
    },
    Sometimes {
        name: "delivery_was_lost_with_its_last_attempt",
        promise: "the last attempt of a delivery died with its sender",
    },
    Sometimes {
        name: "dead_letters_were_replayed_in_order",
        promise: "a replay of many dead letters revived some",
    },
    Sometimes {
        name: "endpoint_is_gone",
        promise: "a receiver answered that it is gone (410)",
    },
    Sometimes {
        name: "endpoint_was_disabled",
        promise: "an endpoint failed for so long that it was left alone",
    },
    Sometimes {
        name: "endpoint_was_enabled_again",
        promise: "the owner of an endpoint that was disabled asked for it, and got it back",
    },
    Sometimes {
        name: "replay_was_carried_on_by_another",
        promise: "an instance went on with a replay that another had begun",
    },
    Sometimes {
        name: "dead_letter_was_delivered",
        promise: "a delivery that had been given up was replayed and acknowledged",
    },
    Sometimes {
        name: "message_carried_two_signatures",
        promise: "a message was signed with the new secret and with the one before",
    },
    Sometimes {
        name: "acknowledgement_was_lost_after_the_effect",
        promise: "a receiver processed an event and its answer was lost",
    },
    Sometimes {
        name: "slow_endpoint_was_left_to_itself",
        promise: "all places of one endpoint were taken, and the others went on",
    },
    Sometimes {
        name: "stale_sender_was_fenced",
        promise: "a sender that had lost its lease could write nothing",
    },
    Sometimes {
        name: "receiver_recognised_a_repetition",
        promise: "a receiver was sent again what it had processed",
    },
    Sometimes {
        name: "receiver_was_still_at_it",
        promise: "a receiver was sent again what it was working on",
    },
    Sometimes {
        name: "receiver_refused_a_message",
        promise: "a receiver did not believe a message",
    },
    Sometimes {
        name: "secret_was_rotated",
        promise: "a receiver exchanged its secret",
    },
    Sometimes {
        name: "incoming_repetition_was_recognised",
        promise: "a provider, or somebody who overheard it, sent again what was processed",
    },
    Sometimes {
        name: "stale_message_was_refused",
        promise: "a message came with a right signature and long after its time",
    },
    Sometimes {
        name: "unsigned_message_was_refused",
        promise: "a message came without a signature that fits",
    },
    Sometimes {
        name: "replica_answered_a_read",
        promise: "a read was answered by a replica of the Ledger",
    },
    Sometimes {
        name: "session_read_waited_for_its_replica",
        promise: "a replica had not yet applied what a session had seen",
    },
    Sometimes {
        name: "read_went_to_the_primary",
        promise: "no replica answered a read in time, and the primary did",
    },
    Sometimes {
        name: "commit_waited_for_a_replica",
        promise: "a commit was durable on the primary before it was on every replica that counts",
    },
    Sometimes {
        name: "replica_began_anew",
        promise: "a replica was too far behind, or had gone another way, and began with a checkpoint",
    },
    Sometimes {
        name: "ledger_failed_over",
        promise: "the Ledger's primary fell silent and another server was named",
    },
    Sometimes {
        name: "old_primary_stepped_down",
        promise: "a primary learned that another leads",
    },
    Sometimes {
        name: "commits_were_lost",
        promise: "a former primary came back with commits that its successor does not have",
    },
    Sometimes {
        name: "sse_resumed_on_another_instance",
        promise: "a device that had shown something was connected to another instance and went on",
    },
    Sometimes {
        name: "slow_consumer_was_closed",
        promise: "a device took notifications too slowly, and its stream was closed",
    },
    Sometimes {
        name: "search_update_came_late_or_again",
        promise: "the search index was sent what it had, or something older",
    },
    Sometimes {
        name: "reindex_raced_an_update",
        promise: "a re-index came with a document that was older than an update that it met",
    },
    Sometimes {
        name: "search_answer_was_stale",
        promise: "a search was answered while events were on their way to the index, and said so",
    },
    Sometimes {
        name: "notification_was_marked_again",
        promise: "a mark found nothing unread: it had come before, or from another device",
    },
];
