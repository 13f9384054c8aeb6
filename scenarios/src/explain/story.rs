//! The story of a failure: the few events of a run that tell what happened, each with the one before it
//! that led there.
//!
//! Of a run's thousand events those count that a person would name: what clients asked and were told,
//! faults and what they took, processes that died, and messages and notes about the subject of the
//! failure. Like events that follow each other are one line. When there are still too many, those of
//! least weight go.

use std::collections::{BTreeMap, BTreeSet};

use reports::explain::StoryEvent;
use sim::check::Judgement;
use sim::network::MessageKind;
use sim::record::Record;
use sim::record::trace::{Event, EventId, Happening};

use crate::shrink::target::Target;

/// How many events a story has at most; the verdict is its last line.
pub const EVENTS_MAX: usize = 9;

/// How much a story loses without an event; nothing when the event is none of its.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// What was said about the subject.
    Said,
    /// What a process went through.
    Suffered,
    /// What clients saw.
    Seen,
    /// What was broken on purpose.
    Broken,
}

/// The story of a run that kept its trace.
pub fn story(record: &Record, target: &Target, judgements: &[Judgement]) -> Vec<StoryEvent> {
    let subject = target.subject_name();
    let shown: BTreeSet<EventId> = target
        .evidence_in(judgements)
        .map(|evidence| evidence.events.iter().copied().collect())
        .unwrap_or_default();
    let mut told: Vec<Told> = Vec::new();
    for (number, event) in (0_u32..).zip(record.trace.events()) {
        let id = EventId(number);
        let weight = match shown.contains(&id) {
            true => Some(Weight::Broken),
            false => weight(record, event, subject),
        };
        let Some(weight) = weight else {
            continue;
        };
        let likeness = likeness(record, event);
        match told
            .iter_mut()
            .rev()
            .take(3)
            .find(|last| last.likeness == likeness)
        {
            Some(last) => last.count += 1,
            None => told.push(Told {
                id,
                weight,
                likeness,
                count: 1,
            }),
        }
    }
    let told = shortened(told);
    with_causes(record, &told)
}

struct Told {
    id: EventId,
    weight: Weight,
    likeness: String,
    count: u32,
}

pub(super) fn weight(record: &Record, event: &Event, subject: &str) -> Option<Weight> {
    let about =
        |text: String| (!subject.is_empty() && text.contains(subject)).then_some(Weight::Said);
    match &event.what {
        Happening::FaultBegan { .. } | Happening::Dropped { .. } | Happening::Duplicated { .. } => {
            Some(Weight::Broken)
        }
        Happening::Panicked { .. } => Some(Weight::Broken),
        Happening::Invoked { .. } | Happening::Completed { .. } => Some(Weight::Seen),
        Happening::Started { incarnation } if *incarnation > 0 => Some(Weight::Suffered),
        Happening::Crashed { .. }
        | Happening::Paused
        | Happening::Resumed
        | Happening::DiskFailed { .. } => Some(Weight::Suffered),
        // What the Ledger is told and answers repeats what its clients say to each other.
        Happening::Sent {
            kind, to, payload, ..
        } => match (kind, record.node_name(*to)) {
            (MessageKind::Request(_) | MessageKind::OneWay, to)
                if to != model::ledger::node::LEDGER =>
            {
                about(format!("{payload:?}"))
            }
            _ => None,
        },
        Happening::Noted { detail, .. } => about(detail.to_string()),
        _ => None,
    }
}

/// Events of which one stands for all in a row.
pub(super) fn likeness(record: &Record, event: &Event) -> String {
    let node = record.node_name(event.node);
    match &event.what {
        Happening::Dropped { by, .. } => format!("lost by {by}"),
        Happening::Duplicated { .. } => "copied".to_owned(),
        Happening::Sent { to, payload, .. } => {
            let payload = format!("{payload:?}");
            let kind = payload.split([' ', '{', '(']).next().unwrap_or_default();
            format!("{node} to {} {kind}", to.index())
        }
        Happening::Noted { name, .. } => format!("{node} notes {name}"),
        other => format!("{node} {other}"),
    }
}

/// Without what weighs least: of equals the latest go, since a story is told from its beginning.
fn shortened(mut told: Vec<Told>) -> Vec<Told> {
    while told.len() > EVENTS_MAX {
        let lightest = told.iter().map(|it| it.weight).min();
        let Some(at) = told.iter().rposition(|it| Some(it.weight) == lightest) else {
            break;
        };
        told.remove(at);
    }
    told
}

/// Each event with the nearest one of the story that led to it: one of its causes, or one that the same
/// cause brought about before it.
fn with_causes(record: &Record, told: &[Told]) -> Vec<StoryEvent> {
    let lines: BTreeMap<EventId, usize> = told.iter().map(|it| it.id).zip(0..).collect();
    let cause_of = |id: EventId| record.trace.get(id).map(|event| event.cause);
    let after = |id: EventId| {
        let mut at = id;
        loop {
            let cause = cause_of(at).filter(|cause| *cause < at)?;
            let same_step = lines.range(cause..at).rev();
            let mut same_step =
                same_step.filter(|(other, _)| **other == cause || cause_of(**other) == Some(cause));
            if let Some((_, line)) = same_step.next() {
                return Some(*line);
            }
            at = cause;
        }
    };
    told.iter()
        .map(|it| StoryEvent {
            event: it.id,
            count: it.count,
            after: after(it.id),
        })
        .collect()
}
