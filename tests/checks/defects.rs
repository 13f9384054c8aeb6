//! The harness against itself: every planted defect is caught by the check that must catch it, and
//! the unmodified system is silent on the same seeds. To hunt a new defect where it shows more often,
//! give it a [`Situation`].

use std::collections::{BTreeMap, BTreeSet};

use model::defects::{DEFECTS, Defect, DefectInfo, Defects};
use model::invariants::CHECKS;
use reports::Seed;
use scenarios::file::source::Override;
use scenarios::run::{JUDGEMENT_ONLY, RunOrder};
use scenarios::scenario::Scenario;
use scenarios::seeds::RunSeeds;
use sim::check::{Check, Judgement};

use crate::prometheus::watched::Watched;

/// Within how many seeds a defect must be caught where it shows.
const SEEDS: u64 = 100;

/// Bugs that show only when somebody lets go of a call that is under way, which nobody in the system
/// does: `resilience` shows each caught in a world of its own.
const NOT_IN_THE_SYSTEM: [Defect; 2] = [
    Defect::BreakerNeverCloses,
    Defect::ConnectionLeakedOnTimeout,
];

/// Analyses that may outlast the lease of a verification: its holder is then fenced off, often.
const SLOW_ANALYSIS: &str = "system.timing.analysis={ min_us = 6_000_000, p50_us = 12_000_000, \
                             p90_us = 60_000_000, p99_us = 125_000_000, max_us = 150_000_000 }";

/// A batch of commits that was written and not synced, and goes with the power.
const UNSYNCED_BATCH_LOST: &str = "faults.plan[1]={ what = \"power-loss\", where = \"ledger\", \
                                   at_point = \"ledger.log.written\", nth = 80, lasts_ms = 500 }";

/// What Cores are told and tell arrives twice, often.
const MESSAGES_TWICE: &str = "faults.plan[1]={ what = { duplicate = { ratio = \"20%\" } }, \
                             where = \"core-*\", from_ms = 500, until_ms = 58_000 }";

/// The primary is well, and cut off from the operator that grants its lease.
const CUT_OFF: [&str; 2] = [
    r#"faults.plan[1].what="partition""#,
    r#"faults.plan[1].where="ledger <-> operator""#,
];

/// Commits that take long, of many users at once: an event's place is drawn long before it is seen.
const SLOW_COMMITS: [&str; 3] = [
    "system.timing.commit={ min_us = 500, p50_us = 100_000, p90_us = 900_000, p99_us = 1_800_000, \
     max_us = 2_000_000 }",
    "workload.every_ms=150",
    "objectives=[]",
];

/// Where a defect shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Situation {
    /// Everything that can break does.
    Everything,
    SlowAnalysis,
    UnsyncedBatchLost,
    MessagesTwice,
    /// A link command is executed long after it was taken back, with others in between.
    LateCommand,
    /// A device is silent, and there is an objective for what that may cost a user.
    SilentDevice,
    /// Replicas lag, and users read from them.
    ReplicaReads,
    /// The primary dies, and a replica takes over that must have all its commits.
    Failover,
    /// Two believe that they are the primary, if the old one is not fenced.
    CutOff,
    /// Everything that can break does, on both sides of the webhooks.
    Webhooks,
    /// A receiver that wants order fails often.
    OrderedReceiver,
    SlowEndpoint,
    SecretRotation,
    ReceiverDown,
    ReplayCrash,
    /// Commits take up to two seconds, so that they overtake each other.
    SlowCommits,
    /// Metrics of a made-up course are watched: no scenario breaks things for as long as an alert
    /// waits, on every seed.
    Watched,
}

impl Situation {
    fn of(info: &DefectInfo) -> Situation {
        match info.defect {
            _ if info.caught_by == "alerts_right" => Situation::Watched,
            _ if info.caught_by == "session_guarantees" => Situation::ReplicaReads,
            Defect::SyncCommitNotAwaited | Defect::PromotesMostLagging => Situation::Failover,
            Defect::OldPrimaryNotFenced => Situation::CutOff,
            Defect::StaleVerifierOverwrites => Situation::SlowAnalysis,
            Defect::WalAckBeforeSync
            | Defect::RecoveryDropsTail
            | Defect::UnknownCommitTakenForSuccess => Situation::UnsyncedBatchLost,
            Defect::DuplicateCompletionWebhook | Defect::ReplayTwice => Situation::MessagesTwice,
            Defect::UnlinkForgetsLateLink | Defect::DedupMemoryOfOne => Situation::LateCommand,
            Defect::HardwareLimitOnSynchronousPath => Situation::SilentDevice,
            Defect::OutboxPolledByPosition => Situation::SlowCommits,
            Defect::SlowEndpointStarvesOthers | Defect::WebhookLeaseShorterThanTimeout => {
                Situation::SlowEndpoint
            }
            Defect::RotationWithoutOverlap => Situation::SecretRotation,
            Defect::EndpointNeverReenabled | Defect::ReplayOutOfOrder => Situation::ReceiverDown,
            Defect::DeadLetterDroppedOnCrash | Defect::LettersMarkedBeforeRevived => {
                Situation::ReplayCrash
            }
            Defect::OutboxMarkedBeforeSend
            | Defect::ReceiverForgetsTooSoon
            | Defect::RetryAfterIgnored
            | Defect::WebhookAttemptsNeverCounted
            | Defect::OrderBrokenByRetry => Situation::OrderedReceiver,
            Defect::EventPublishedOutsideTxn
            | Defect::EventPublishedBeforeCommit
            | Defect::WebhookTimeoutCountedAsSuccess
            | Defect::NewWebhookIdPerAttempt
            | Defect::ReceiverDedupeCheckThenSet
            | Defect::WebhookConclusionUnfenced
            | Defect::WebhookRetriedAfterGone
            | Defect::SignatureOverParsedBody
            | Defect::SignatureWithoutTimestamp => Situation::Webhooks,
            _ => Situation::Everything,
        }
    }

    /// The built-in scenario, with what is set in it; nothing when it is none.
    fn scenario(self) -> Option<Scenario> {
        let (name, set): (_, &[&str]) = match self {
            Situation::Everything => ("chaos-orchestration", &[]),
            Situation::SlowAnalysis => ("chaos-orchestration", &[SLOW_ANALYSIS]),
            Situation::UnsyncedBatchLost => ("chaos-orchestration", &[UNSYNCED_BATCH_LOST]),
            Situation::MessagesTwice => ("chaos-orchestration", &[MESSAGES_TWICE]),
            Situation::LateCommand => ("locker-timeout-rollback", &["system.lockers=1"]),
            Situation::SilentDevice => ("locker-timeout", &[]),
            Situation::ReplicaReads => ("replica-reads", &[]),
            Situation::Failover => ("ledger-failover", &[]),
            Situation::CutOff => ("ledger-failover-lossy", &CUT_OFF),
            Situation::Webhooks => ("chaos-webhooks", &[]),
            Situation::OrderedReceiver => ("webhook-ordered", &[]),
            Situation::SlowEndpoint => ("webhook-slow-endpoint", &[]),
            Situation::SecretRotation => ("webhook-secret-rotation", &[]),
            Situation::ReceiverDown => ("webhook-receiver-down", &[]),
            Situation::ReplayCrash => ("dead-letter-replay-crash", &[]),
            Situation::SlowCommits => ("webhook-delivery", &SLOW_COMMITS),
            Situation::Watched => return None,
        };
        let parsed = |text: &&str| text.parse().expect("an override is KEY=VALUE");
        let overrides: Vec<Override> = set.iter().map(parsed).collect();
        let selected = scenarios::file::select(name, &overrides);
        Some(selected.expect("a built-in scenario is valid").scenario)
    }

    fn ground(self) -> Ground {
        self.scenario()
            .map_or(Ground::Watched, |it| Ground::System(Box::new(it)))
    }
}

/// A situation made ready to be run under any seed.
enum Ground {
    System(Box<Scenario>),
    Watched,
}

/// The names of the checks that do not hold under a seed.
fn complaints(ground: &Ground, seed: u64, defects: &Defects) -> BTreeSet<&'static str> {
    let judgements = match ground {
        Ground::System(scenario) => judged_run(scenario, seed, defects),
        Ground::Watched => sim::check::judge(&Watched::drawn(seed).run(defects), &[alerts_right()]),
    };
    judgements
        .iter()
        .filter(|judgement| judgement.verdict.name() != "held")
        .map(|judgement| judgement.check)
        .collect()
}

fn alerts_right() -> Check {
    let found = CHECKS.iter().find(|check| check.name == "alerts_right");
    *found.expect("the check is registered")
}

fn judged_run(scenario: &Scenario, seed: u64, defects: &Defects) -> Vec<Judgement> {
    let order = RunOrder {
        scenario,
        seeds: RunSeeds::of(Seed(seed)),
        given: &scenarios::given::Given::NOTHING,
        defects,
        recording: JUDGEMENT_ONLY,
    };
    scenarios::run::run(&order).judgements
}

#[test]
fn every_defect_is_caught_by_its_check_on_seeds_on_which_the_unmodified_system_is_silent() {
    let mut hunted: BTreeMap<Situation, (Ground, u64)> = BTreeMap::new();
    let in_the_system = |info: &&DefectInfo| !NOT_IN_THE_SYSTEM.contains(&info.defect);
    for info in DEFECTS.iter().filter(in_the_system) {
        let situation = Situation::of(info);
        let (ground, farthest) = hunted
            .entry(situation)
            .or_insert_with(|| (situation.ground(), 0));
        let defects = Defects::of([info.defect]);
        let caught =
            (1..=SEEDS).find(|seed| complaints(ground, *seed, &defects).contains(info.caught_by));
        let Some(seed) = caught else {
            panic!("{} escapes {SEEDS} seeds of {situation:?}", info.name);
        };
        println!("{:<36} {:<22} seed {seed}", info.name, info.caught_by);
        *farthest = seed.max(*farthest);
    }
    let none = Defects::default();
    for (situation, (ground, farthest)) in &hunted {
        for seed in 1..=*farthest {
            let complaints = complaints(ground, seed, &none);
            assert!(
                complaints.is_empty(),
                "{situation:?}, seed {seed}: {complaints:?}"
            );
        }
    }
}

#[test]
fn every_check_of_the_system_has_a_defect_it_must_catch() {
    for check in CHECKS {
        assert!(
            DEFECTS.iter().any(|info| info.caught_by == check.name),
            "{}",
            check.name
        );
    }
}
