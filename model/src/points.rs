//! Fault points: the named places in the system's code at which a planned fault may strike.
//!
//! They mark the windows between two durable steps: a crash there leaves one done and the other not.

/// A place at which faults may strike.
#[derive(Clone, Copy, Debug)]
pub struct FaultPoint {
    /// The name by which plans refer to it.
    pub name: &'static str,
    /// The nodes that pass it.
    pub nodes: &'static str,
    /// Where in the work it is.
    pub place: &'static str,
}

/// A request is validated; nothing is written yet.
pub const REQUEST_VALIDATED: &str = "core.request.validated";
/// The intent is staged in a transaction that is not committed.
pub const INTENT_STAGED: &str = "core.intent.staged";
/// The intent is durable; the Locker has not been asked.
pub const INTENT_COMMITTED: &str = "core.intent.committed";
/// The Locker has answered; the Ledger does not know yet.
pub const LINK_ANSWERED: &str = "core.link.answered";
/// A saga's step is written in a transaction that is not committed.
pub const STEP_STAGED: &str = "core.step.staged";
/// A Locker has taken a link back; the Ledger does not know yet.
pub const UNLINK_ANSWERED: &str = "core.unlink.answered";
/// The outcome is durable; the client has no answer yet.
pub const OUTCOME_COMMITTED: &str = "core.outcome.committed";
/// A worker has claimed a link job and has not begun it.
pub const JOB_CLAIMED: &str = "core.job.claimed";
/// A verification's evidence is judged; the Ledger does not know yet.
pub const EVIDENCE_JUDGED: &str = "verify.evidence.judged";
/// A verification's result is durable; Core was not told.
pub const RESULT_COMMITTED: &str = "verify.result.committed";
/// Deliveries are made in a transaction that is not committed.
pub const FAN_OUT_STAGED: &str = "core.fan_out.staged";
/// An attempt is claimed and counted; nothing is sent.
pub const DELIVERY_CLAIMED: &str = "core.delivery.claimed";
/// A receiver has answered, or time has run out; the Ledger does not know yet.
pub const WEBHOOK_ANSWERED: &str = "core.webhook.answered";
/// What came of an attempt is staged, not committed.
pub const CONCLUSION_STAGED: &str = "core.conclusion.staged";
/// A delivery is given up durably.
pub const DELIVERY_GIVEN_UP: &str = "core.delivery.given_up";
/// A replay's step is staged, not committed.
pub const REPLAY_STAGED: &str = "core.replay.staged";
/// A replay's step is durable.
pub const REPLAY_COMMITTED: &str = "core.replay.committed";
/// Notifications that somebody sends are staged, not committed.
pub const NOTIFICATIONS_STAGED: &str = "core.notifications.staged";
/// The search node has written updates and answered nobody.
pub const INDEX_WRITTEN: &str = "search.index.written";
/// An edit is durable; its user has no answer yet.
pub const EDIT_COMMITTED: &str = "core.edit.committed";
/// A receiver has processed an event and not answered.
pub const EFFECT_MADE: &str = "receiver.effect.made";
/// Core believes somebody else's message and has written nothing.
pub const MESSAGE_BELIEVED: &str = "core.incoming.believed";
/// What it tells of is durable, its sender not answered.
pub const PAYMENT_CREDITED: &str = "core.incoming.credited";
/// The Ledger has written a batch to its log and not synced it.
pub const LOG_WRITTEN: &str = "ledger.log.written";
/// The Ledger has synced a batch and answered nobody.
pub const LOG_SYNCED: &str = "ledger.log.synced";
/// The Ledger has written a checkpoint and not synced it; the old log is whole.
pub const CHECKPOINT_WRITTEN: &str = "ledger.checkpoint.written";
/// A Locker has received a command and not begun it.
pub const COMMAND_RECEIVED: &str = "locker.command.received";
/// A Locker has journalled a command durably and moved no latch.
pub const COMMAND_JOURNALLED: &str = "locker.command.journalled";
/// A Locker has moved a latch, or found it moved, and not made that durable.
pub const LATCH_MOVED: &str = "locker.latch.moved";
/// A Locker has executed a command durably and not answered.
pub const COMMAND_EXECUTED: &str = "locker.command.executed";

/// The fault points of every system.
pub const FAULT_POINTS: &[FaultPoint] = &[
    point(
        REQUEST_VALIDATED,
        "core-*",
        "after validation, before anything is written",
    ),
    point(
        INTENT_STAGED,
        "core-*",
        "the intent is staged, not committed",
    ),
    point(
        INTENT_COMMITTED,
        "core-*",
        "the intent is durable, the Locker not asked",
    ),
    point(
        LINK_ANSWERED,
        "core-*",
        "the Locker has answered, the Ledger does not know",
    ),
    point(
        OUTCOME_COMMITTED,
        "core-*",
        "the outcome is durable, the client not answered",
    ),
    point(JOB_CLAIMED, "core-*", "a link job is claimed, not begun"),
    point(
        STEP_STAGED,
        "core-*",
        "a saga's step is staged, not committed",
    ),
    point(
        UNLINK_ANSWERED,
        "core-*",
        "a link is taken back, the Ledger does not know",
    ),
    point(
        EVIDENCE_JUDGED,
        "verify-*",
        "evidence is judged, the Ledger does not know",
    ),
    point(
        RESULT_COMMITTED,
        "verify-*",
        "a result is durable, Core was not told",
    ),
    point(
        LOG_WRITTEN,
        "ledger",
        "a batch is written to the log, not synced",
    ),
    point(LOG_SYNCED, "ledger", "a batch is durable, nobody answered"),
    point(
        CHECKPOINT_WRITTEN,
        "ledger",
        "a checkpoint is written beside the log, not synced",
    ),
    point(
        COMMAND_RECEIVED,
        "locker-*",
        "a command is received, not begun",
    ),
    point(
        COMMAND_JOURNALLED,
        "locker-*",
        "a command is durable in the journal, the latch not moved",
    ),
    point(
        LATCH_MOVED,
        "locker-*",
        "the latch has moved, its completion is not durable",
    ),
    point(
        COMMAND_EXECUTED,
        "locker-*",
        "a command is executed, the caller not answered",
    ),
];

/// The fault points that only a system with webhooks passes.
pub const WEBHOOK_POINTS: &[FaultPoint] = &[
    point(
        FAN_OUT_STAGED,
        "core-*",
        "deliveries are made in a transaction that is not committed",
    ),
    point(
        DELIVERY_CLAIMED,
        "core-*",
        "an attempt is claimed and counted, nothing sent",
    ),
    point(
        WEBHOOK_ANSWERED,
        "core-*",
        "a receiver has answered, the Ledger does not know",
    ),
    point(
        CONCLUSION_STAGED,
        "core-*",
        "what came of an attempt is staged, not committed",
    ),
    point(
        DELIVERY_GIVEN_UP,
        "core-*",
        "a delivery is given up durably",
    ),
    point(
        REPLAY_STAGED,
        "core-*",
        "a replay's step is staged, not committed",
    ),
    point(REPLAY_COMMITTED, "core-*", "a replay's step is durable"),
    point(
        EFFECT_MADE,
        "receiver-*",
        "a receiver has processed an event, and not answered",
    ),
];

/// The fault points that only a system passes which is sent webhooks.
pub const INCOMING_POINTS: &[FaultPoint] = &[
    point(
        MESSAGE_BELIEVED,
        "core-*",
        "somebody else's message is believed, nothing written",
    ),
    point(
        PAYMENT_CREDITED,
        "core-*",
        "what it tells of is durable, its sender not answered",
    ),
];

/// The fault points that only a system with users has.
pub const REALTIME_POINTS: &[FaultPoint] = &[
    point(
        FAN_OUT_STAGED,
        "core-*",
        "notifications are made in a transaction that is not committed",
    ),
    point(
        NOTIFICATIONS_STAGED,
        "core-*",
        "notifications that somebody sends are staged, not committed",
    ),
];

/// The fault points that only a system with a search index has.
pub const SEARCH_POINTS: &[FaultPoint] = &[point(
    INDEX_WRITTEN,
    "search",
    "updates are written to the index, and nobody is answered",
)];

/// The fault points that only a system passes whose assets are edited.
pub const EDIT_POINTS: &[FaultPoint] = &[point(
    EDIT_COMMITTED,
    "core-*",
    "an edit is durable, its user not answered",
)];

/// Every fault point there is in any system.
pub fn all() -> impl Iterator<Item = &'static FaultPoint> {
    let further = |point: &&FaultPoint| point.name != FAN_OUT_STAGED;
    let of_realtime = REALTIME_POINTS.iter().filter(further);
    FAULT_POINTS
        .iter()
        .chain(WEBHOOK_POINTS)
        .chain(INCOMING_POINTS)
        .chain(of_realtime)
        .chain(SEARCH_POINTS)
        .chain(EDIT_POINTS)
}

const fn point(name: &'static str, nodes: &'static str, place: &'static str) -> FaultPoint {
    FaultPoint { name, nodes, place }
}
