//! Defects: named bugs that can be switched on, to show that the checks catch them.
//!
//! All are off by default. In the code a defect is one fork in one place, a few lines beside the
//! right way, found by searching for its name here. What is known of each stands in the
//! [`catalogue`], what brings it out is its [`trigger`], and how soon it was found its [`difficulty`].

pub mod catalogue;
pub mod difficulty;
pub mod trigger;

use std::fmt;
use std::str::FromStr;

pub use self::catalogue::DEFECTS;
pub use self::difficulty::Difficulty;
pub use self::trigger::Trigger;

/// A bug on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Defect {
    /// Core answers before the commit that makes the answer true.
    AckBeforeCommit,
    /// The device executes a command again although it has executed that operation before.
    LinkNotIdempotent,
    /// The device moves its latch before the command is in its journal.
    LatchBeforeJournal,
    /// The device executes a link that was taken back, when it comes late.
    UnlinkForgetsLateLink,
    /// The device remembers no operation but the last.
    DedupMemoryOfOne,
    /// Core takes a Locker's silence for "did not happen" and forgets the asset.
    TimeoutTreatedAsFailure,
    /// A reused idempotency key returns the former answer even for another request.
    KeyIgnoresBody,
    /// No instance takes over the registration of one that crashed.
    SagaNotResumedAfterCrash,
    /// Core sends the audit after the change, in a transaction of its own.
    AuditFireAndForget,
    /// The audit's sealer asks for entries above the last it has sealed.
    SealSkipsLateCommits,
    /// An asset that is taken back takes its audit with it.
    AuditDeletedWithAsset,
    /// Compensations run in the order of the steps.
    CompensateInForwardOrder,
    /// A compensation that fails keeps the others from being tried.
    CompensationErrorStopsRest,
    /// A step of unknown outcome is taken for one that did not happen, and not taken back.
    OnlyKnownStepsCompensated,
    /// A worker writes without asking whether its claim still counts.
    LeaseWithoutFencing,
    /// The idempotency key of a registration that was taken back stays taken.
    KeyKeptAfterRollback,
    /// The answer is stored under its key before the saga has done what it says.
    SagaAnswerStoredBeforeItsSteps,
    /// Registrations take no idempotency key.
    NoIdempotencyKey,
    /// The idempotency key is looked up first and taken after the effect.
    UniqueCheckThenInsert,
    /// A rename writes without asking which version there is.
    LostUpdateBlindWrite,
    /// The version is compared before the transaction that writes.
    VersionCheckedOutsideTxn,
    /// Whoever loses a conflict is told that all went well.
    ConflictNotTold,
    /// Core answers reads from what it has read before.
    StaleCachedRead,
    /// The Ledger confirms a commit before its log is synced.
    WalAckBeforeSync,
    /// Recovery cuts one whole transaction too many.
    RecoveryDropsTail,
    /// A commit that was not answered is taken for done.
    UnknownCommitTakenForSuccess,
    /// Core takes note of a completion as often as it is reported.
    DuplicateCompletionWebhook,
    /// A verifier writes its result without asking whether its claim still counts.
    StaleVerifierOverwrites,
    /// A completion is reported once, and forgotten.
    CompletionLostOnRestart,
    /// Nothing is due for a verification that waits for a person.
    ReviewForgotten,
    /// A worker stops polling once it could not ask the Ledger.
    PollerDiesOnError,
    /// A verification's lease ends before the work can be done.
    LeaseShorterThanWork,
    /// A failed verification does not count its attempts.
    JobAttemptsNeverCounted,
    /// A link that failed for good is tried again.
    RetryAfterPermanentError,
    /// A failed link is tried again after a few seconds, each time.
    RetryWithoutBackoff,
    /// Work is given up and nobody is alerted.
    DeadLetterWithoutAlert,
    /// A dead letter is replayed or discarded although it was decided about before.
    ReplayTwice,
    /// A replay closes the letter and does not make its work due.
    ReplayRevivesNothing,
    /// The synchronous path waits for the hardware's own time limit instead of its budget.
    HardwareLimitOnSynchronousPath,
    /// An error that says nothing of a neighbour's health opens the circuit breaker before it.
    BreakerCountsValidationErrors,
    /// A half-open circuit breaker lets every call pass as a probe.
    HalfOpenAdmitsMany,
    /// A probe whose caller went away keeps its place in the half-open circuit breaker.
    BreakerNeverCloses,
    /// A connection whose user went away in the middle of a statement is lost to its pool.
    ConnectionLeakedOnTimeout,
    /// An alert fires as soon as its condition is found.
    AlertFiresWithoutWaiting,
    /// An alert that fired stays firing.
    AlertNeverResolves,
    /// An event is written to the outbox after the change, in a transaction of its own.
    EventPublishedOutsideTxn,
    /// An event is written to the outbox before the change, in a transaction of its own.
    EventPublishedBeforeCommit,
    /// The outbox is read from the last place seen onwards.
    OutboxPolledByPosition,
    /// A delivery counts as made when it is claimed.
    OutboxMarkedBeforeSend,
    /// A webhook without an answer counts as delivered.
    WebhookTimeoutCountedAsSuccess,
    /// A webhook without an answer is given up at once.
    AckLostMeansDead,
    /// A webhook is sent in the middle of a transaction, whose connection waits for the receiver.
    PoolHeldAcrossHttp,
    /// An endpoint that was disabled stays so, whatever its owner asks.
    EndpointNeverReenabled,
    /// Each attempt of a delivery has an id of its own.
    NewWebhookIdPerAttempt,
    /// A receiver notes an id after its work, not before.
    ReceiverDedupeCheckThenSet,
    /// A receiver remembers ids for five minutes.
    ReceiverForgetsTooSoon,
    /// What came of an attempt is written without asking whether its claim still counts.
    WebhookConclusionUnfenced,
    /// An endpoint that says it is gone is tried again.
    WebhookRetriedAfterGone,
    /// A receiver's wish for patience is not heard.
    RetryAfterIgnored,
    /// The attempts of a delivery are not counted.
    WebhookAttemptsNeverCounted,
    /// A delivery's lease ends before an answer must be there.
    WebhookLeaseShorterThanTimeout,
    /// The signature is made over the body parsed and written again.
    SignatureOverParsedBody,
    /// The timestamp that travels is not the one that was signed.
    SignatureWithoutTimestamp,
    /// A replaced secret stops signing at once.
    RotationWithoutOverlap,
    /// A delivery that waits for its retry lets the next one of its lane pass.
    OrderBrokenByRetry,
    /// A replay revives the latest letters first.
    ReplayOutOfOrder,
    /// A delivery is given up first, and its letter written after.
    DeadLetterDroppedOnCrash,
    /// A replay of many closes its letters first and revives their work after.
    LettersMarkedBeforeRevived,
    /// All endpoints share the places for deliveries under way.
    SlowEndpointStarvesOthers,
    /// A message without a signature that fits is believed.
    IncomingSignatureUnchecked,
    /// A message is believed whatever its age.
    IncomingTimestampUnchecked,
    /// A signature is compared with one over the body parsed and written again.
    IncomingOverParsedBody,
    /// A message is remembered by an id that its signature does not cover.
    IncomingTrustsUnsignedId,
    /// A message is acknowledged before it is processed.
    IncomingAckedBeforeProcessing,
    /// A message is marked as processed in one transaction, and processed in the next.
    IncomingMarkedBeforeEffect,
    /// A message is looked up, processed, and marked as processed after that.
    IncomingDedupeCheckThenAct,
    /// A replica is asked for what it has, whatever the session has seen.
    ReplicaReadIgnoresToken,
    /// A session's token tells of its writes only.
    TokenNotAdvancedByReads,
    /// A synchronous commit is confirmed when the primary alone is durable.
    SyncCommitNotAwaited,
    /// The server that lags most is named primary.
    PromotesMostLagging,
    /// A primary goes on without its lease, and when another leads.
    OldPrimaryNotFenced,
    /// A stream that is resumed begins at the newest notification.
    SseResumeSkipsEvent,
    /// A stream that is resumed begins with the notification the device has.
    SseResumeRepeats,
    /// A notification is sent to the devices before it is committed.
    PushBeforeCommit,
    /// A mark takes one off the count of the unread, whether or not it found one.
    MarkReadCountsTwice,
    /// What finds no room in a session's buffer is left out.
    SlowConsumerDropsSilently,
    /// An instance numbers notifications from what it remembers of the last number.
    SequenceFromMemory,
    /// Notifications are stored after the fan-out that makes them, in a transaction of their own.
    NotificationStoredOutsideTxn,
    /// The search index takes whatever update comes last.
    SearchUpdateAppliedOutOfOrder,
    /// An asset that is gone leaves nothing in the search index.
    SearchDeleteResurrected,
    /// A re-index writes over what came while it ran.
    ReindexOverwritesNewer,
    /// The search node acknowledges updates before they are durable.
    SearchAckBeforeDurable,
    /// The age of a search answer counts the feed only, not events that are not in it yet.
    SearchAgeIgnoresOutbox,
    /// The next page of an audit query begins one entry too late.
    AuditQuerySkipsPageBoundary,
    /// A device does not take over the token of who tells its user of a change.
    CausalTokenIgnored,
    /// Core counts the open verifications before the transaction that adds one.
    QueueCountedOutsideTxn,
    /// Verify's workers take whoever is due longest, whatever it belongs to.
    QueuePriorityIgnored,
    /// A verification that has failed is due at once, before all others.
    PoisonItemBlocksHead,
    /// As many requests wait at the door as come.
    UnboundedQueue,
    /// The least important request is called first.
    PriorityInverted,
    /// Who waited and has to make room for another is told nothing.
    ShedsAcceptedWork,
    /// A client that is asked to come back later comes back when it likes.
    RetryAfterIgnoredAtEdge,
    /// The limiter goes by the time of day.
    LimiterByWallClock,
    /// A cached answer is kept without end.
    CacheNeverExpires,
    /// A merge of edits forgets one field.
    MergeDropsField,
    /// A merge of edits takes what its user did not touch from the version that user saw.
    MergeTakesBase,
    /// The last writer overwrites others, and they are not told.
    LastWriterWithoutNotice,
    /// Who was overtaken is told in a transaction of its own, after the edit's.
    NoticeOutsideTxn,
}

/// What is known of a defect.
#[derive(Clone, Copy, Debug)]
pub struct DefectInfo {
    /// The defect.
    pub defect: Defect,
    /// The name by which it is switched on.
    pub name: &'static str,
    /// The mistake, in a sentence.
    pub mistake: &'static str,
    /// A real system that made it, where one is known.
    pub seen_in: Option<&'static str>,
    /// The check that must catch it.
    pub caught_by: &'static str,
    /// What has to happen before it shows.
    pub trigger: Trigger,
}

impl Defect {
    /// What is known of it.
    pub fn info(self) -> &'static DefectInfo {
        DEFECTS
            .iter()
            .find(|info| info.defect == self)
            .expect("every defect stands in the list")
    }
}

/// No defect has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no defect `{name}`{}", .near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownDefect {
    /// What was asked for.
    pub name: String,
    /// The nearest name there is.
    pub near: Option<&'static str>,
}

impl FromStr for Defect {
    type Err = UnknownDefect;

    fn from_str(name: &str) -> Result<Defect, UnknownDefect> {
        let found = DEFECTS.iter().find(|info| info.name == name);
        found.map(|info| info.defect).ok_or_else(|| UnknownDefect {
            name: name.to_owned(),
            near: sim::nearest::nearest(name, DEFECTS.iter().map(|info| info.name)),
        })
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

/// The defects switched on in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defects(Vec<Defect>);

impl Defects {
    /// These and no others.
    pub fn of(defects: impl IntoIterator<Item = Defect>) -> Defects {
        let mut defects: Vec<Defect> = defects.into_iter().collect();
        defects.sort_unstable();
        defects.dedup();
        Defects(defects)
    }

    /// Whether this one is on.
    pub fn has(&self, defect: Defect) -> bool {
        self.0.contains(&defect)
    }

    /// Those that are on, in order.
    pub fn iter(&self) -> impl Iterator<Item = Defect> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_is_listed_once_under_a_name_that_reads_back() {
        for (index, info) in DEFECTS.iter().enumerate() {
            assert_eq!(info.name.parse(), Ok(info.defect));
            assert!(DEFECTS[..index].iter().all(|other| other.name != info.name));
        }
        let error = "ack_befor_commit".parse::<Defect>().unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("did you mean `ack_before_commit`?"),
            "{error}"
        );
    }
}
