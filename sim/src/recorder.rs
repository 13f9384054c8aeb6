//! Writes the record while the run goes.
//!
//! The recorder is the only writer of what a [`Record`] holds. It numbers events, gives each its
//! cause, and feeds the fingerprint whether or not the trace is kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::objective::Objective;
use crate::fault::Plan;
use crate::node::NodeId;
use crate::random::Lineage;
use crate::record::facts::Facts;
use crate::record::finding::Finding;
use crate::record::fingerprint::Fingerprinter;
use crate::record::history::{History, OperationId, Outcome};
use crate::record::log::LogLine;
use crate::record::metrics::Metrics;
use crate::record::note::Note;
use crate::record::trace::{Event, EventId, Happening, Trace};
use crate::record::{Ending, Record};
use crate::time::SimTime;

/// The record in the making.
#[derive(Default)]
pub struct Recorder {
    /// What clients saw.
    pub history: History,
    /// What nodes said of themselves.
    pub notes: Vec<Note>,
    /// What was measured.
    pub metrics: Metrics,
    /// What the system says of itself at the end.
    pub facts: Facts,
    /// What was still unfinished when the director gave up waiting.
    pub pending: Option<Vec<String>>,
    /// Objectives the scenario sets.
    pub objectives: Vec<Objective>,
    /// Named interesting states that were reached.
    pub reached: BTreeSet<String>,
    /// How many operations of the history are completed.
    completed: usize,
    pub(crate) findings: Vec<Finding>,
    draws: BTreeMap<(Lineage, String), u64>,
    trace: Trace,
    keep_trace: bool,
    fingerprinter: Fingerprinter,
    events: u32,
    cause: Option<EventId>,
}

impl Recorder {
    pub(crate) fn new(keep_trace: bool) -> Recorder {
        Recorder {
            keep_trace,
            ..Recorder::default()
        }
    }

    /// How many operations of the history are completed.
    pub fn completed_operations(&self) -> usize {
        self.completed
    }

    pub(crate) fn complete(&mut self, operation: OperationId, outcome: Outcome, at: SimTime) {
        self.history.complete(operation, outcome, at);
        self.completed += 1;
    }

    /// The event that causes whatever happens now.
    pub(crate) fn cause(&self) -> EventId {
        self.cause.unwrap_or(EventId(0))
    }

    pub(crate) fn set_cause(&mut self, event: EventId) {
        self.cause = Some(event);
    }

    pub(crate) fn trace(&mut self, at: SimTime, node: NodeId, what: Happening) -> EventId {
        let event = Event {
            at,
            cause: self.cause(),
            node,
            what,
        };
        self.fingerprinter.absorb(&event);
        if self.keep_trace {
            self.trace.push(event);
        }
        self.events = self
            .events
            .checked_add(1)
            .expect("fewer than 2^32 events in a run");
        EventId(self.events - 1)
    }

    pub(crate) fn note_draw(&mut self, lineage: Lineage, purpose: &str, bits: u64) {
        self.draws.insert((lineage, purpose.to_owned()), bits);
    }

    pub(crate) fn into_record(
        self,
        nodes: Vec<String>,
        plan: Plan,
        struck: BTreeSet<u32>,
        log: Vec<LogLine>,
        simulated: SimTime,
        ending: Ending,
    ) -> Record {
        Record {
            nodes,
            history: self.history,
            trace: self.trace,
            notes: self.notes,
            metrics: self.metrics,
            facts: self.facts,
            pending: self.pending,
            reached: self.reached,
            objectives: self.objectives,
            plan,
            struck,
            draws: self.draws,
            findings: self.findings,
            log,
            fingerprint: self.fingerprinter.fingerprint(),
            checkpoints: self.fingerprinter.checkpoints().to_vec(),
            events: u64::from(self.events),
            simulated,
            ending,
        }
    }
}
