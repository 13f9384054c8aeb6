//! The catalogue's part about webhooks: what goes wrong between a change and the customer who is told.

use crate::defects::{Defect, DefectInfo};

/// The defects that only a system with webhooks can have.
pub(super) const OF_WEBHOOKS: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::EventPublishedOutsideTxn,
        name: "event_published_outside_txn",
        mistake: "the outbox is written once the change is committed; a crash in between loses the event",
        seen_in: Some(
            "conductor #098949e: the queue and the store were written one after the other, and a worker saw one without the other",
        ),
        caught_by: "webhook_conserved",
    },
    DefectInfo {
        defect: Defect::EventPublishedBeforeCommit,
        name: "event_published_before_commit",
        mistake: "the outbox is written ahead of the change, so a change that is rolled back is told all the same",
        seen_in: None,
        caught_by: "webhook_conserved",
    },
    DefectInfo {
        defect: Defect::OutboxPolledByPosition,
        name: "outbox_polled_by_position",
        mistake: "places are taken for the order of commits; an event that commits late under an earlier place is passed over for ever",
        seen_in: Some(
            "kamu-cli #1398, Eventuous #222, postgresql-event-sourcing #2: an outbox polled by id skipped what committed late",
        ),
        caught_by: "webhook_conserved",
    },
    DefectInfo {
        defect: Defect::OutboxMarkedBeforeSend,
        name: "outbox_marked_before_send",
        mistake: "the delivery is marked before it is sent; a sender that dies, or an answer that is no, loses it",
        seen_in: None,
        caught_by: "webhook_conserved",
    },
    DefectInfo {
        defect: Defect::WebhookTimeoutCountedAsSuccess,
        name: "webhook_timeout_counted_as_success",
        mistake: "silence is taken for an acknowledgement",
        seen_in: None,
        caught_by: "webhook_conserved",
    },
    DefectInfo {
        defect: Defect::AckLostMeansDead,
        name: "ack_lost_means_dead",
        mistake: "silence is taken for a final no, so one lost answer makes a dead letter of what \
                  may have arrived",
        seen_in: None,
        caught_by: "webhook_retries_kept",
    },
    DefectInfo {
        defect: Defect::PoolHeldAcrossHttp,
        name: "pool_held_across_http",
        mistake: "a webhook is sent in the middle of a transaction, so a slow receiver holds \
                  connections to the Ledger, and everybody else waits for one",
        seen_in: None,
        caught_by: "slo_met",
    },
    DefectInfo {
        defect: Defect::EndpointNeverReenabled,
        name: "endpoint_never_reenabled",
        mistake: "its failures are forgotten when its owner asks for it, and its state is not",
        seen_in: None,
        caught_by: "webhook_conserved",
    },
    DefectInfo {
        defect: Defect::NewWebhookIdPerAttempt,
        name: "new_webhook_id_per_attempt",
        mistake: "the id names the attempt and not the event, so the receiver cannot know a repetition",
        seen_in: None,
        caught_by: "no_duplicate_effect",
    },
    DefectInfo {
        defect: Defect::ReceiverDedupeCheckThenSet,
        name: "receiver_dedupe_check_then_set",
        mistake: "the id is looked up, the work done, then the id noted: two copies at once both pass",
        seen_in: Some(
            "chatwoot #13523: a duplicate was looked for and noted in separate steps, and two at once both passed",
        ),
        caught_by: "no_duplicate_effect",
    },
    DefectInfo {
        defect: Defect::ReceiverForgetsTooSoon,
        name: "receiver_forgets_too_soon",
        mistake: "ids are forgotten before the last retry can come",
        seen_in: None,
        caught_by: "no_duplicate_effect",
    },
    DefectInfo {
        defect: Defect::WebhookConclusionUnfenced,
        name: "webhook_conclusion_unfenced",
        mistake: "a sender that comes back late makes a delivered webhook pending again",
        seen_in: Some(
            "river #1302: a rescuer set finished work back by its id alone, and it ran again",
        ),
        caught_by: "no_send_after_ack",
    },
    DefectInfo {
        defect: Defect::WebhookRetriedAfterGone,
        name: "webhook_retried_after_gone",
        mistake: "410 is taken for a passing trouble",
        seen_in: None,
        caught_by: "webhook_retries_kept",
    },
    DefectInfo {
        defect: Defect::RetryAfterIgnored,
        name: "retry_after_ignored",
        mistake: "`retry-after` is not read",
        seen_in: None,
        caught_by: "webhook_retries_kept",
    },
    DefectInfo {
        defect: Defect::WebhookAttemptsNeverCounted,
        name: "webhook_attempts_never_counted",
        mistake: "the counter of attempts is never advanced, so a failing endpoint is tried at the first wait for ever",
        seen_in: Some(
            "convoy #1833: attempts at a failing endpoint were never counted, and it was retried for ever",
        ),
        caught_by: "webhook_retries_kept",
    },
    DefectInfo {
        defect: Defect::WebhookLeaseShorterThanTimeout,
        name: "webhook_lease_shorter_than_timeout",
        mistake: "the lease is shorter than the time a receiver is given, so another instance sends while the first waits",
        seen_in: Some(
            "outpost #869: visibility was shorter than the handler's time, and messages were delivered at once by two",
        ),
        caught_by: "webhook_retries_kept",
    },
    DefectInfo {
        defect: Defect::SignatureOverParsedBody,
        name: "signature_over_parsed_body",
        mistake: "the body is parsed and serialised before it is signed; the bytes that travel are others",
        seen_in: None,
        caught_by: "signature_verified",
    },
    DefectInfo {
        defect: Defect::SignatureWithoutTimestamp,
        name: "signature_without_timestamp",
        mistake: "the timestamp is put on after signing, so nothing tells an old message from a new one",
        seen_in: None,
        caught_by: "signature_verified",
    },
    DefectInfo {
        defect: Defect::RotationWithoutOverlap,
        name: "rotation_without_overlap",
        mistake: "from the moment of the exchange only the new secret signs, which the receiver does not have yet",
        seen_in: None,
        caught_by: "signature_verified",
    },
    DefectInfo {
        defect: Defect::OrderBrokenByRetry,
        name: "order_broken_by_retry",
        mistake: "the lane goes on when an attempt is over, not when the delivery is",
        seen_in: None,
        caught_by: "delivery_order",
    },
    DefectInfo {
        defect: Defect::ReplayOutOfOrder,
        name: "replay_out_of_order",
        mistake: "dead letters are replayed from the last to the first",
        seen_in: None,
        caught_by: "delivery_order",
    },
    DefectInfo {
        defect: Defect::DeadLetterDroppedOnCrash,
        name: "dead_letter_dropped_on_crash",
        mistake: "the letter is written in a transaction of its own; a crash in between leaves a dead delivery nobody is told of",
        seen_in: Some(
            "cadence #6143: an event was dropped while its shard closed, and left no entry in the dead letter queue",
        ),
        caught_by: "dead_letters_accounted",
    },
    DefectInfo {
        defect: Defect::LettersMarkedBeforeRevived,
        name: "letters_marked_before_revived",
        mistake: "letters are marked as replayed in one transaction and their deliveries made due in another; a crash in between leaves them dead",
        seen_in: Some("outpost #670: replays were accepted, marked as done, and did nothing"),
        caught_by: "dead_letters_accounted",
    },
    DefectInfo {
        defect: Defect::SlowEndpointStarvesOthers,
        name: "slow_endpoint_starves_others",
        mistake: "one bulkhead holds the deliveries to every endpoint, and a slow one fills it",
        seen_in: None,
        caught_by: "slo_met",
    },
];
