//! Situations: where each defect is hunted, because it shows there often.
//!
//! Most show where everything that can break does. Some need a situation of their own, such as a batch of
//! commits that goes with the power; it is a built-in scenario with some values set, so that whoever reads
//! of a caught defect can have the run. To hunt a new defect where it shows more often, give it a place
//! in [`of`].

use model::defects::Defect;

use crate::file::source::Override;
use crate::file::{self, Selected};

/// A built-in scenario with some values set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Situation {
    /// What it is called.
    pub name: &'static str,
    /// The scenario.
    pub scenario: &'static str,
    /// What is set in it.
    pub set: &'static [&'static str],
}

/// Everything that can break does.
static EVERYTHING: Situation = Situation {
    name: "everything",
    scenario: "chaos-orchestration",
    set: &[],
};

/// Analyses that may outlast the lease of a verification: its holder is then fenced off, often.
static SLOW_ANALYSIS: Situation = Situation {
    name: "slow analysis",
    scenario: "chaos-orchestration",
    set: &[
        "system.timing.analysis={ min_us = 6_000_000, p50_us = 12_000_000, \
            p90_us = 60_000_000, p99_us = 125_000_000, max_us = 150_000_000 }",
    ],
};

/// A batch of commits that was written and not synced, and goes with the power.
static UNSYNCED_BATCH_LOST: Situation = Situation {
    name: "unsynced batch lost",
    scenario: "chaos-orchestration",
    set: &[
        "faults.plan[1]={ what = \"power-loss\", where = \"ledger\", \
            at_point = \"ledger.log.written\", nth = 80, lasts_ms = 500 }",
    ],
};

/// What Cores are told and tell arrives twice, often.
static MESSAGES_TWICE: Situation = Situation {
    name: "messages twice",
    scenario: "chaos-orchestration",
    set: &[
        "faults.plan[1]={ what = { duplicate = { ratio = \"20%\" } }, \
            where = \"core-*\", from_ms = 500, until_ms = 58_000 }",
    ],
};

/// A link command is executed long after it was taken back, with others in between.
static LATE_COMMAND: Situation = Situation {
    name: "late command",
    scenario: "locker-timeout-rollback",
    set: &["system.lockers=1"],
};

/// A device is silent, and there is an objective for what that may cost a user.
static SILENT_DEVICE: Situation = Situation {
    name: "silent device",
    scenario: "locker-timeout",
    set: &[],
};

/// Replicas lag, and users read from them.
static REPLICA_READS: Situation = Situation {
    name: "replica reads",
    scenario: "replica-reads",
    set: &[],
};

/// Users tell each other of changes, and look at replicas that lag.
static CAUSAL_READS: Situation = Situation {
    name: "causal reads",
    scenario: "causal-reads",
    set: &[],
};

/// The primary dies, and a replica takes over that must have all its commits.
static FAILOVER: Situation = Situation {
    name: "failover",
    scenario: "ledger-failover",
    set: &[],
};

/// The primary is well, and cut off from the operator that grants its lease: two believe that they are
/// the primary, if the old one is not fenced.
static CUT_OFF: Situation = Situation {
    name: "cut off",
    scenario: "ledger-failover-lossy",
    set: &[
        r#"faults.plan[1].what="partition""#,
        r#"faults.plan[1].where="ledger <-> operator""#,
    ],
};

/// Many users at once, while new audit entries are sealed all the time: some commit in the midst of it.
/// A sealer that looks so often and never ends is not waited for as long as elsewhere.
static BUSY_SEALER: Situation = Situation {
    name: "busy sealer",
    scenario: "chaos-orchestration",
    set: &[
        "bounds.settle_ms=1_800_000",
        "system.seal_audit_every_ms=40",
        "workload.every_ms=50",
        "system.timing.commit={ min_us = 500, p50_us = 20_000, p90_us = 90_000, p99_us = 180_000, max_us = 200_000 }",
    ],
};

/// Everything that can break does, on both sides of the webhooks.
static WEBHOOKS: Situation = Situation {
    name: "webhooks",
    scenario: "chaos-webhooks",
    set: &[],
};

/// A receiver that wants order fails often.
static ORDERED_RECEIVER: Situation = Situation {
    name: "ordered receiver",
    scenario: "webhook-ordered",
    set: &[],
};

/// One receiver is slow, and the others must not wait for it.
static SLOW_ENDPOINT: Situation = Situation {
    name: "slow endpoint",
    scenario: "webhook-slow-endpoint",
    set: &[],
};

/// One receiver is slow, and there are no more connections to the Ledger than it may have deliveries.
static SLOW_ENDPOINT_FEW_CONNECTIONS: Situation = Situation {
    name: "slow endpoint, few connections",
    scenario: "webhook-slow-endpoint",
    set: &["system.connections_per_core=4"],
};

/// A receiver changes its secret while deliveries are on their way.
static SECRET_ROTATION: Situation = Situation {
    name: "secret rotation",
    scenario: "webhook-secret-rotation",
    set: &[],
};

/// A receiver is down for hours, and its deliveries are replayed.
static RECEIVER_DOWN: Situation = Situation {
    name: "receiver down",
    scenario: "webhook-receiver-down",
    set: &[],
};

/// Who replays dead letters dies in the midst of it.
static REPLAY_CRASH: Situation = Situation {
    name: "replay crash",
    scenario: "dead-letter-replay-crash",
    set: &[],
};

/// Providers tell of payments, somebody forges what was overheard, and Cores crash.
static INCOMING: Situation = Situation {
    name: "incoming webhooks",
    scenario: "incoming-webhooks",
    set: &[],
};

/// Commits of many users take up to two seconds: an event's place is drawn long before it is seen.
static SLOW_COMMITS: Situation = Situation {
    name: "slow commits",
    scenario: "webhook-delivery",
    set: &[
        "system.timing.commit={ min_us = 500, p50_us = 100_000, p90_us = 900_000, p99_us = 1_800_000, max_us = 2_000_000 }",
        "workload.every_ms=150",
        "objectives=[]",
    ],
};

/// Everything that can break does, while users watch.
static REALTIME: Situation = Situation {
    name: "realtime",
    scenario: "chaos-realtime",
    set: &[],
};

/// The search index lags, loses power and is built anew, while assets are renamed and taken back.
static SEARCH: Situation = Situation {
    name: "search",
    scenario: "search-lag",
    set: &[],
};

/// Users search all the time, and events wait for seconds until they are fanned out.
static SEARCH_ASKED: Situation = Situation {
    name: "search asked",
    scenario: "search-lag",
    set: &["system.search.feed_every_ms=3000", "workload.mix.search=12"],
};

/// People page through the audit while others write it.
static AUDIT_QUERIES: Situation = Situation {
    name: "audit queries",
    scenario: "audit-queries",
    set: &[],
};

/// Two users edit one asset, and what does not clash is merged.
static MERGED_EDITS: Situation = Situation {
    name: "merged edits",
    scenario: "conflict-merge",
    set: &[],
};

/// Two users edit one asset, the last one wins, and instances die with their edits made.
static LAST_WRITER: Situation = Situation {
    name: "last writer",
    scenario: "conflict-last-writer",
    set: &[],
};

/// More requests come than the instances can work on.
static SURGE: Situation = Situation {
    name: "surge",
    scenario: "backlog-surge",
    set: &[],
};

/// Users ask for more verifications than the workers can make.
static VERIFICATIONS: Situation = Situation {
    name: "verifications",
    scenario: "verification-surge",
    set: &[],
};

/// Clocks are set back and forward under a limiter.
static CLOCKS_UNDER_A_LIMITER: Situation = Situation {
    name: "clocks under a limiter",
    scenario: "limiter-clock-skew",
    set: &[],
};

/// Reads are answered from memory.
static CACHED_READS: Situation = Situation {
    name: "cached reads",
    scenario: "hot-key",
    set: &[],
};

/// Where a defect shows; nothing when no run of the whole system shows it, or only after hours: tests
/// show it in a world of its own.
pub fn of(defect: Defect) -> Option<&'static Situation> {
    match (defect, defect.info().caught_by) {
        // No scenario breaks things for as long as an alert waits, on every seed.
        (_, "alerts_right") => None,
        // They show only when somebody lets go of a call that is under way, which nobody here does.
        (Defect::BreakerNeverCloses | Defect::ConnectionLeakedOnTimeout, _) => None,
        (_, "causal_reads") => Some(&CAUSAL_READS),
        (_, "session_guarantees") => Some(&REPLICA_READS),
        (Defect::SyncCommitNotAwaited | Defect::PromotesMostLagging, _) => Some(&FAILOVER),
        (Defect::OldPrimaryNotFenced, _) => Some(&CUT_OFF),
        (Defect::StaleVerifierOverwrites, _) => Some(&SLOW_ANALYSIS),
        (Defect::MergeDropsField | Defect::MergeTakesBase, _) => Some(&MERGED_EDITS),
        (Defect::LimiterByWallClock, _) => Some(&CLOCKS_UNDER_A_LIMITER),
        (
            Defect::QueueCountedOutsideTxn
            | Defect::QueuePriorityIgnored
            | Defect::PoisonItemBlocksHead,
            _,
        ) => Some(&VERIFICATIONS),
        (_, "queue_bounded") => Some(&SURGE),
        (_, "cache_fresh") => Some(&CACHED_READS),
        (_, "conflict_told") => Some(&LAST_WRITER),
        (
            Defect::WalAckBeforeSync
            | Defect::RecoveryDropsTail
            | Defect::UnknownCommitTakenForSuccess,
            _,
        ) => Some(&UNSYNCED_BATCH_LOST),
        (Defect::DuplicateCompletionWebhook | Defect::ReplayTwice, _) => Some(&MESSAGES_TWICE),
        (Defect::UnlinkForgetsLateLink | Defect::DedupMemoryOfOne, _) => Some(&LATE_COMMAND),
        (Defect::HardwareLimitOnSynchronousPath, _) => Some(&SILENT_DEVICE),
        (Defect::SealSkipsLateCommits, _) => Some(&BUSY_SEALER),
        (Defect::OutboxPolledByPosition, _) => Some(&SLOW_COMMITS),
        (Defect::SlowEndpointStarvesOthers | Defect::WebhookLeaseShorterThanTimeout, _) => {
            Some(&SLOW_ENDPOINT)
        }
        (Defect::PoolHeldAcrossHttp, _) => Some(&SLOW_ENDPOINT_FEW_CONNECTIONS),
        (Defect::RotationWithoutOverlap, _) => Some(&SECRET_ROTATION),
        (Defect::EndpointNeverReenabled | Defect::ReplayOutOfOrder, _) => Some(&RECEIVER_DOWN),
        (Defect::DeadLetterDroppedOnCrash | Defect::LettersMarkedBeforeRevived, _) => {
            Some(&REPLAY_CRASH)
        }
        (
            Defect::OutboxMarkedBeforeSend
            | Defect::ReceiverForgetsTooSoon
            | Defect::RetryAfterIgnored
            | Defect::WebhookAttemptsNeverCounted
            | Defect::OrderBrokenByRetry,
            _,
        ) => Some(&ORDERED_RECEIVER),
        (
            Defect::EventPublishedOutsideTxn
            | Defect::EventPublishedBeforeCommit
            | Defect::WebhookTimeoutCountedAsSuccess
            | Defect::AckLostMeansDead
            | Defect::NewWebhookIdPerAttempt
            | Defect::ReceiverDedupeCheckThenSet
            | Defect::WebhookConclusionUnfenced
            | Defect::WebhookRetriedAfterGone
            | Defect::SignatureOverParsedBody
            | Defect::SignatureWithoutTimestamp,
            _,
        ) => Some(&WEBHOOKS),
        (
            Defect::IncomingSignatureUnchecked
            | Defect::IncomingTimestampUnchecked
            | Defect::IncomingOverParsedBody
            | Defect::IncomingTrustsUnsignedId
            | Defect::IncomingAckedBeforeProcessing
            | Defect::IncomingMarkedBeforeEffect
            | Defect::IncomingDedupeCheckThenAct,
            _,
        ) => Some(&INCOMING),
        (
            Defect::SseResumeSkipsEvent
            | Defect::SseResumeRepeats
            | Defect::PushBeforeCommit
            | Defect::MarkReadCountsTwice
            | Defect::SlowConsumerDropsSilently
            | Defect::SequenceFromMemory
            | Defect::NotificationStoredOutsideTxn,
            _,
        ) => Some(&REALTIME),
        (
            Defect::SearchUpdateAppliedOutOfOrder
            | Defect::SearchDeleteResurrected
            | Defect::ReindexOverwritesNewer
            | Defect::SearchAckBeforeDurable,
            _,
        ) => Some(&SEARCH),
        (Defect::SearchAgeIgnoresOutbox, _) => Some(&SEARCH_ASKED),
        (Defect::AuditQuerySkipsPageBoundary, _) => Some(&AUDIT_QUERIES),
        _ => Some(&EVERYTHING),
    }
}

impl Situation {
    /// The scenario with all that is set.
    ///
    /// # Panics
    /// When a situation does not fit the built-in scenarios; a test selects each.
    pub fn select(&self) -> Selected {
        let parsed = |text: &&str| text.parse().expect("an override is KEY=VALUE");
        let overrides: Vec<Override> = self.set.iter().map(parsed).collect();
        file::select(self.scenario, &overrides).expect("a situation is valid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_has_a_situation_that_can_be_run_or_none() {
        for info in model::defects::DEFECTS {
            if let Some(situation) = of(info.defect) {
                assert_eq!(situation.select().asked, situation.scenario);
            }
        }
    }
}
