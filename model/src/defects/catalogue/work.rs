//! The catalogue's part about work that is due: what goes wrong between a row that says so and its end, as a
//! result, a retry or a dead letter.

use crate::defects::{Defect, DefectInfo, Trigger};

/// The defects of work in the background: any system has some.
pub(super) const OF_WORK: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::DuplicateCompletionWebhook,
        name: "duplicate_completion_webhook",
        mistake: "a report that was made before is not recognised",
        seen_in: Some(
            "outpost #276: an endpoint got an event again and again, because its success was not recorded",
        ),
        caught_by: "verification_conserved",
        trigger: Trigger::Duplicate,
    },
    DefectInfo {
        defect: Defect::StaleVerifierOverwrites,
        name: "stale_verifier_overwrites",
        mistake: "the result is written by the name of the verification alone, over whatever is there",
        seen_in: Some(
            "river #1302: a rescuer updated a finished job by its id alone, and it ran again",
        ),
        caught_by: "verification_conserved",
        trigger: Trigger::Clock,
    },
    DefectInfo {
        defect: Defect::CompletionLostOnRestart,
        name: "completion_lost_on_restart",
        mistake: "nothing is due any more once the result is written, so a report that is lost is never made again",
        seen_in: Some(
            "dbos-py #232: a crash between two writes left finished work where recovery did not look",
        ),
        caught_by: "verification_conserved",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::ReviewForgotten,
        name: "review_forgotten",
        mistake: "a verification that waits for a person is in a state for which no work ever falls due",
        seen_in: Some("convoy #1200: deliveries in a state that no handler matched stayed there"),
        caught_by: "verification_conserved",
        trigger: Trigger::Always,
    },
    DefectInfo {
        defect: Defect::PollerDiesOnError,
        name: "poller_dies_on_error",
        mistake: "a worker that could not reach the Ledger ends, and nobody starts it again",
        seen_in: Some(
            "outpost #719: workers gave up after five errors of the broker, and retries stopped for all",
        ),
        caught_by: "everything_settles",
        trigger: Trigger::Partition,
    },
    DefectInfo {
        defect: Defect::LeaseShorterThanWork,
        name: "lease_shorter_than_work",
        mistake: "the lease is shorter than the work, so each worker is fenced off by the next",
        seen_in: Some(
            "hexpm #1825: rescued after six minutes, jobs of nine and more ran two or three times; outpost #869",
        ),
        caught_by: "retry_policy_kept",
        trigger: Trigger::Clock,
    },
    DefectInfo {
        defect: Defect::JobAttemptsNeverCounted,
        name: "job_attempts_never_counted",
        mistake: "the counter of attempts is never advanced, so poisoned work is tried for ever",
        seen_in: Some(
            "convoy #1833: attempts at a failing endpoint were never counted, and it was retried for ever",
        ),
        caught_by: "retry_policy_kept",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::RetryAfterPermanentError,
        name: "retry_after_permanent_error",
        mistake: "a hardware error is retried like a time-out",
        seen_in: None,
        caught_by: "retry_policy_kept",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::RetryWithoutBackoff,
        name: "retry_without_backoff",
        mistake: "every retry comes after the same short wait",
        seen_in: None,
        caught_by: "retry_policy_kept",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::DeadLetterWithoutAlert,
        name: "dead_letter_without_alert",
        mistake: "the letter is written, and no alert",
        seen_in: None,
        caught_by: "dead_letters_accounted",
        trigger: Trigger::Refusal,
    },
    DefectInfo {
        defect: Defect::ReplayTwice,
        name: "replay_twice",
        mistake: "a decision does not look at the letter's state",
        seen_in: None,
        caught_by: "dead_letters_accounted",
        trigger: Trigger::Duplicate,
    },
    DefectInfo {
        defect: Defect::ReplayRevivesNothing,
        name: "replay_revives_nothing",
        mistake: "the letter is marked as replayed, and its work stays dead",
        seen_in: Some("outpost #670: replays after the first were accepted and did nothing"),
        caught_by: "dead_letters_accounted",
        trigger: Trigger::Refusal,
    },
];
