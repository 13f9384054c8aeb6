//! Why a run fails, told to people and to machines: `proveniq/explain/v1`.
//!
//! What was found out is given by [`ExplainReport`], as data about events of the record; the document
//! is that in words. How people read it stands in `explain_text`.

use serde::{Deserialize, Serialize};
use sim::record::Record;
use sim::record::trace::EventId;

use crate::happening::Narrator;
use crate::schema::{Document, Schema};
use crate::seed::Seed;

/// An explained failure.
pub struct ExplainReport<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The seed.
    pub seed: Seed,
    /// Bugs that were switched on.
    pub defects: Vec<String>,
    /// The violated check, its subject, and what is wrong.
    pub failure: [String; 3],
    /// The failing run, with its trace.
    pub record: &'a Record,
    /// What happened.
    pub story: &'a [StoryEvent],
    /// What the failure needs.
    pub necessity: &'a [Necessity],
    /// When it is decided.
    pub decision: Option<&'a Decision>,
    /// The nearest run that passes.
    pub twin: Option<TwinReport<'a>>,
    /// How many runs it took.
    pub runs: u32,
    /// The one command that runs the failing run.
    pub reproduce: String,
}

/// The nearest run that passes, beside the failing one.
#[derive(Clone, Copy)]
pub struct TwinReport<'a> {
    /// What is otherwise.
    pub difference: &'a str,
    /// It, with its trace.
    pub record: &'a Record,
    /// How many events both have.
    pub matched: usize,
    /// The first event of the failing run, and of this one, that the other has not.
    pub first: [Option<EventId>; 2],
    /// Later such events that matter to the subject of the failure.
    pub later: &'a [Vec<EventId>; 2],
}

/// An event of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoryEvent {
    /// Which one.
    pub event: EventId,
    /// For how many like it stands, itself included.
    pub count: u32,
    /// The line of the story, counted from 0, that led to it.
    pub after: Option<usize>,
}

/// A part of a run, and what becomes of the run without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Necessity {
    /// `fault` or `operation`.
    pub kind: String,
    /// What it is.
    pub what: String,
    /// What becomes of the run without it.
    pub without: Without,
}

/// What becomes of a run without one of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Without {
    /// No check is violated any more: it is needed. A check that could not judge the failing run either, or
    /// an objective that has nothing left to measure, is no objection.
    Passes,
    /// Not this failure, but another check is violated.
    FailsOtherwise,
    /// Nothing is violated, but a check that judged the failing run cannot judge this one.
    Undecided,
    /// The same failure: it is not needed.
    Fails,
}

/// How the chance of a failure goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// In the order of the events.
    pub course: Vec<Chance>,
    /// The event at which the chance jumps.
    pub decisive: Option<EventId>,
}

/// The chance of a failure, given all that happened up to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// The last event that is as it was.
    pub after: EventId,
    /// How many futures fail.
    pub failed: u32,
    /// Of how many.
    pub of: u32,
}

/// Why a run fails: `proveniq/explain/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainDocument {
    /// `proveniq/explain/v1`.
    pub schema: Schema<ExplainDocument>,
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: Seed,
    /// Bugs that were switched on.
    pub defects: Vec<String>,
    /// The violated check.
    pub check: String,
    /// The subject it is violated on.
    pub subject: String,
    /// What is wrong.
    pub claim: String,
    /// What happened, at most ten lines.
    pub story: Vec<StoryLine>,
    /// What the failure needs.
    pub necessity: Vec<Necessity>,
    /// The chance of the failure along the run.
    pub course: Vec<CourseEntry>,
    /// The event from which on the failure is decided, when one decides.
    pub decisive: Option<ToldEvent>,
    /// The nearest run that passes.
    pub twin: Option<TwinEntry>,
    /// How many runs it took.
    pub runs: u32,
    /// The one command that runs the failing run.
    pub reproduce: String,
}

/// An event in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldEvent {
    /// Its number.
    pub event: EventId,
    /// When, in simulated microseconds.
    pub at_us: u64,
    /// Where.
    pub node: String,
    /// What.
    pub what: String,
}

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoryLine {
    /// The event.
    pub event: ToldEvent,
    /// For how many like it stands, itself included.
    pub count: u32,
    /// The line, counted from 1, that led to it.
    pub after_line: Option<usize>,
}

/// A point of the course of the chance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseEntry {
    /// The last event that is as it was.
    pub after: ToldEvent,
    /// How many futures fail.
    pub failed: u32,
    /// Of how many.
    pub of: u32,
}

/// The nearest run that passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwinEntry {
    /// What is otherwise.
    pub difference: String,
    /// How many events are in both runs, wherever they stand: those with the same causes.
    pub common_events: u64,
    /// How many events the failing run has.
    #[serde(default)]
    pub failing_events: u64,
    /// How many events the passing run has.
    #[serde(default)]
    pub passing_events: u64,
    /// The first event of the failing run that the passing one has not.
    pub fails: Option<ToldEvent>,
    /// The first event of the passing run that the failing one has not.
    pub passes: Option<ToldEvent>,
    /// Later events that only the failing run has and that matter to the subject of the failure.
    #[serde(default)]
    pub only_fails: Vec<ToldEvent>,
    /// Later events that only the passing run has and that matter to it.
    #[serde(default)]
    pub only_passes: Vec<ToldEvent>,
}

impl Document for ExplainDocument {
    const SCHEMA: &'static str = "proveniq/explain/v1";
}

/// How much of an event is told, in characters: what a message carries can be long.
const EVENT_SHOWN_MAX: usize = 110;

impl ExplainReport<'_> {
    /// In words.
    pub fn to_document(&self) -> ExplainDocument {
        let failing = Teller::of(self.record);
        let story = self.story.iter().filter_map(|line| {
            Some(StoryLine {
                event: failing.tell(line.event)?,
                count: line.count,
                after_line: line.after.map(|line| line + 1),
            })
        });
        let course = self.decision.iter().flat_map(|decision| &decision.course);
        let course = course.filter_map(|chance| {
            Some(CourseEntry {
                after: failing.tell(chance.after)?,
                failed: chance.failed,
                of: chance.of,
            })
        });
        let decisive = self.decision.and_then(|decision| decision.decisive);
        let [check, subject, claim] = self.failure.clone();
        ExplainDocument {
            schema: Schema::new(),
            scenario: self.scenario.to_owned(),
            seed: self.seed,
            defects: self.defects.clone(),
            check,
            subject,
            claim,
            story: story.collect(),
            necessity: self.necessity.to_vec(),
            course: course.collect(),
            decisive: decisive.and_then(|event| failing.tell(event)),
            twin: self.twin.map(|twin| self.twin_entry(&failing, twin)),
            runs: self.runs,
            reproduce: self.reproduce.clone(),
        }
    }
}

impl ExplainReport<'_> {
    fn twin_entry(&self, failing: &Teller<'_>, twin: TwinReport<'_>) -> TwinEntry {
        let passing = Teller::of(twin.record);
        let [fails, passes] = twin.first;
        let [only_fails, only_passes] = twin.later;
        TwinEntry {
            difference: twin.difference.to_owned(),
            common_events: twin.matched as u64,
            failing_events: self.record.trace.events().len() as u64,
            passing_events: twin.record.trace.events().len() as u64,
            fails: fails.and_then(|event| failing.tell(event)),
            passes: passes.and_then(|event| passing.tell(event)),
            only_fails: only_fails
                .iter()
                .filter_map(|it| failing.tell(*it))
                .collect(),
            only_passes: only_passes
                .iter()
                .filter_map(|it| passing.tell(*it))
                .collect(),
        }
    }
}

struct Teller<'a> {
    record: &'a Record,
    narrator: Narrator<'a>,
}

impl<'a> Teller<'a> {
    fn of(record: &'a Record) -> Teller<'a> {
        Teller {
            record,
            narrator: Narrator::new(record),
        }
    }

    fn tell(&self, id: EventId) -> Option<ToldEvent> {
        let event = self.record.trace.get(id)?;
        let mut what = self.narrator.tell(event).in_words(self.record);
        if let Some((end, _)) = what.char_indices().nth(EVENT_SHOWN_MAX) {
            what.truncate(end);
            what.push('…');
        }
        Some(ToldEvent {
            event: id,
            at_us: event.at.nanos() / 1_000,
            node: self.record.node_name(event.node).to_owned(),
            what,
        })
    }
}
