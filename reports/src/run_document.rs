//! One run as a document for machines: `proveniq/run/v1`.
//!
//! The structs here are the format. They are filled from a report and never the other way round;
//! a change of theirs that an old reader would misread is a new version. Keys are in snake case and
//! keep their order; simulated times carry their unit in their name. The plan is written exactly as
//! in a scenario file, so that it can be copied into one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sim::check::{Evidence, Judgement, Kind, Verdict};
use sim::fault::Plan;
use sim::record::finding::{Finding, FindingKind};
use sim::record::fingerprint::Fingerprint;
use sim::record::history::{OperationCounts, OperationId, Outcome};
use sim::record::trace::EventId;
use sim::record::value::Value;
use sim::record::{Ending, Record};
use sim::time::SimTime;

use crate::happening::{Narrator, operation};
use crate::metrics_document::MetricsEntry;
use crate::run::RunReport;
use crate::schema::{Document, Schema};
use crate::seed::Seed;
use crate::verdict::RunVerdict;

/// One run: `proveniq/run/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunDocument {
    /// `proveniq/run/v1`.
    pub schema: Schema<RunDocument>,
    /// The scenario's name.
    pub scenario: String,
    /// The run's seed.
    pub seed: Seed,
    /// The identity of the run.
    pub fingerprint: Fingerprint,
    /// The verdict over all checks.
    pub verdict: RunVerdict,
    /// Defects that were switched on.
    pub defects: Vec<String>,
    /// Every check with its verdict, in the order in which they judged.
    pub checks: Vec<CheckEntry>,
    /// The faults of the run, by number.
    pub plan: Plan,
    /// The numbers of the faults that took hold.
    pub struck: Vec<u32>,
    /// How many client operations ended how.
    pub operations: OperationCounts,
    /// How many events there were.
    pub events: u64,
    /// Simulated milliseconds.
    pub simulated_ms: u64,
    /// How the run ended.
    pub ending: Ending,
    /// What was still unfinished when the run gave up waiting; null when it never got that far.
    pub pending: Option<Vec<String>>,
    /// Named interesting states that were reached.
    pub reached: BTreeSet<String>,
    /// What no node may do, yet one did.
    pub findings: Vec<FindingEntry>,
    /// What was measured.
    pub metrics: MetricsEntry,
    /// The one command that runs this again.
    pub reproduce: String,
    /// How it compares with the run that was saved, when it is a replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replayed>,
}

/// A replayed run beside the one that was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replayed {
    /// Whether they are the same, event for event.
    pub same: bool,
    /// Up to this event they are known to be the same.
    pub common_events: u64,
    /// The first thing that a person would tell otherwise; null when there is none.
    pub first_difference: Option<FirstDifference>,
    /// What the saved run came to.
    pub saved_verdict: RunVerdict,
}

/// Where two runs are told otherwise for the first time; null is the end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstDifference {
    /// How many milestones they have in common before.
    pub milestones_in_common: u64,
    /// What the saved run does then.
    pub saved: Option<String>,
    /// What this one does.
    pub now: Option<String>,
}

/// A check's verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckEntry {
    /// The check's name.
    pub name: String,
    /// When it must hold.
    pub kind: Kind,
    /// `held`, `violated` or `unknown`.
    pub verdict: RunVerdict,
    /// Why it could not judge, when it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What shows the violation; empty unless it is one.
    pub evidence: Vec<EvidenceEntry>,
}

/// One reason why a promise was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceEntry {
    /// What it is about.
    pub subject: String,
    /// What is wrong, in a sentence.
    pub claim: String,
    /// When it went wrong, where that is known.
    pub at_ns: Option<u64>,
    /// The operations that show it.
    pub operations: Vec<OperationEntry>,
    /// The events that show it; those of a run whose trace was not kept have a number only.
    pub events: Vec<EventEntry>,
}

/// A client operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationEntry {
    /// Its position in the history.
    pub operation: OperationId,
    /// Who asked.
    pub process: String,
    /// What was asked.
    pub function: String,
    /// With which arguments.
    pub input: Value,
    /// When it was asked.
    pub invoked_ns: u64,
    /// When the client stopped waiting; null while it is open.
    pub completed_ns: Option<u64>,
    /// How it ended, with the answer or the reason.
    pub outcome: Outcome,
}

/// A trace event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventEntry {
    /// Its position in the trace.
    pub event: EventId,
    /// When, where and what; null when the trace was not kept.
    pub happening: Option<HappeningEntry>,
}

/// What an event was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HappeningEntry {
    /// When.
    pub at_ns: u64,
    /// The node's name.
    pub node: String,
    /// What, in words.
    pub what: String,
    /// The event without which it would not have happened.
    pub cause: EventId,
}

/// What no node may do, yet one did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingEntry {
    /// The node's name.
    pub node: String,
    /// When.
    pub at_ns: u64,
    /// `panic` or `spin`.
    pub kind: FindingName,
    /// The whole finding in words.
    pub message: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingName {
    /// A task panicked.
    Panic,
    /// Tasks kept waking each other while no time passed.
    Spin,
}

impl Document for RunDocument {
    const SCHEMA: &'static str = "proveniq/run/v1";
}

impl RunDocument {
    /// The document of a report.
    pub fn of(report: &RunReport<'_>) -> RunDocument {
        let record = report.record;
        let narrator = Narrator::new(record);
        RunDocument {
            schema: Schema::new(),
            scenario: report.scenario.to_owned(),
            seed: Seed(report.seed),
            fingerprint: record.fingerprint,
            verdict: report.verdict(),
            defects: report.defects.clone(),
            checks: report
                .judgements
                .iter()
                .map(|judgement| check_entry(judgement, record, &narrator))
                .collect(),
            plan: record.plan.clone(),
            struck: record.struck.iter().copied().collect(),
            operations: record.history.counts(),
            events: record.events,
            simulated_ms: record.simulated.millis(),
            ending: record.ending.clone(),
            pending: record.pending.clone(),
            reached: record.reached.clone(),
            findings: record.findings.iter().map(finding_entry).collect(),
            metrics: MetricsEntry::of(&record.metrics),
            reproduce: report.reproduce.clone(),
            replay: None,
        }
    }
}

fn check_entry(judgement: &Judgement, record: &Record, narrator: &Narrator<'_>) -> CheckEntry {
    let (reason, evidence) = match &judgement.verdict {
        Verdict::Held => (None, &[][..]),
        Verdict::Violated(evidence) => (None, evidence.as_slice()),
        Verdict::Unknown(reason) => (Some(reason.clone()), &[][..]),
    };
    CheckEntry {
        name: judgement.check.to_owned(),
        kind: judgement.kind,
        verdict: RunVerdict::named(judgement.verdict.name()),
        reason,
        evidence: evidence
            .iter()
            .map(|evidence| evidence_entry(evidence, record, narrator))
            .collect(),
    }
}

fn evidence_entry(evidence: &Evidence, record: &Record, narrator: &Narrator<'_>) -> EvidenceEntry {
    EvidenceEntry {
        subject: evidence.subject.clone(),
        claim: evidence.claim.clone(),
        at_ns: evidence.at.map(SimTime::nanos),
        operations: evidence
            .operations
            .iter()
            .filter_map(|id| operation_entry(*id, record))
            .collect(),
        events: evidence
            .events
            .iter()
            .map(|id| event_entry(*id, record, narrator))
            .collect(),
    }
}

fn operation_entry(id: OperationId, record: &Record) -> Option<OperationEntry> {
    let operation = operation(record, id)?;
    Some(OperationEntry {
        operation: id,
        process: operation.process.clone(),
        function: operation.function.clone(),
        input: operation.input.clone(),
        invoked_ns: operation.invoked.nanos(),
        completed_ns: operation.completed.map(SimTime::nanos),
        outcome: operation.outcome.clone(),
    })
}

fn event_entry(id: EventId, record: &Record, narrator: &Narrator<'_>) -> EventEntry {
    let happening = record.trace.get(id).map(|event| HappeningEntry {
        at_ns: event.at.nanos(),
        node: record.node_name(event.node).to_owned(),
        what: narrator.tell(event).in_words(record),
        cause: event.cause,
    });
    EventEntry {
        event: id,
        happening,
    }
}

fn finding_entry(finding: &Finding) -> FindingEntry {
    FindingEntry {
        node: finding.node.clone(),
        at_ns: finding.at.nanos(),
        kind: match finding.what {
            FindingKind::Panic { .. } => FindingName::Panic,
            FindingKind::Spin { .. } => FindingName::Spin,
        },
        message: finding.to_string(),
    }
}
