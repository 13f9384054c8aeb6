//! Which operations a failure most likely needs, best guess first.
//!
//! Most failures concern one asset, one user or one delivery. Operations that name it, those that led to
//! a note about it, and those that show the failure come first; then the others, by how shortly before the
//! failure they were asked; last those that were asked after it. It is a guess and nothing more: whatever is
//! made of it is tried.

use std::collections::{BTreeMap, BTreeSet};

use model::client::script::Planned;
use sim::check::Evidence;
use sim::record::Record;
use sim::record::history::OperationId;
use sim::record::trace::{EventId, Happening};
use sim::time::SimTime;

use super::target::Target;

/// The numbers of all operations, the likeliest first. Each stands behind the registrations that it is
/// about. `record` is the failing run with its trace.
pub(super) fn ranked(
    target: &Target,
    evidence: Option<&Evidence>,
    operations: &[Planned],
    record: &Record,
) -> Vec<u64> {
    let related = related(target, evidence, record);
    let failed_at = failed_at(evidence, &related, operations, record);
    let place = |planned: &Planned| {
        let asked = SimTime::from_nanos(planned.after.as_nanos() as u64);
        let related = related.contains(&planned.number);
        let later = asked > failed_at;
        let apart = failed_at.nanos().abs_diff(asked.nanos());
        (!related, later, apart, planned.number)
    };
    let mut likeliest: Vec<&Planned> = operations.iter().collect();
    likeliest.sort_by_key(|planned| place(planned));
    with_what_they_are_about(&likeliest, operations)
}

/// Each operation behind the registrations it is about, which would be nothing without them.
fn with_what_they_are_about(likeliest: &[&Planned], operations: &[Planned]) -> Vec<u64> {
    let there: BTreeSet<u64> = operations.iter().map(|planned| planned.number).collect();
    let mut ranked: Vec<u64> = Vec::new();
    let mut taken: BTreeSet<u64> = BTreeSet::new();
    for planned in likeliest {
        let mut needed = planned.intent.registrations();
        needed.push(planned.number);
        let new = needed.into_iter();
        ranked.extend(new.filter(|number| there.contains(number) && taken.insert(*number)));
    }
    ranked
}

/// The operations that have to do with the subject: they name it in the history, led to a note about it, or
/// show the failure.
fn related(target: &Target, evidence: Option<&Evidence>, record: &Record) -> BTreeSet<u64> {
    let names = names(target, record);
    let mut ids: BTreeSet<OperationId> = evidence
        .iter()
        .flat_map(|evidence| evidence.operations.iter().copied())
        .collect();
    let named = record.history.iter().filter(|(_, operation)| {
        let told = format!("{} {:?}", operation.input, operation.outcome);
        names.iter().any(|name| told.contains(name))
    });
    ids.extend(named.map(|(id, _)| id));
    ids.extend(that_led_to(record, &shown_by(evidence, target, record)));
    ids.iter().filter_map(|id| number_of(record, *id)).collect()
}

/// What the subject is called, and the assets that it is about as far as the end of the run tells: a delivery
/// tells of an asset. A subject of which that is said of many, such as a user, is not narrowed down by them.
fn names(target: &Target, record: &Record) -> BTreeSet<String> {
    const ABOUT_MAX: usize = 4;
    let name = target.subject_name();
    let rows = record.facts.iter().flat_map(|(_, rows)| rows);
    let rows = rows.map(ToString::to_string);
    let about: BTreeSet<String> = rows
        .filter(|row| row.contains(name))
        .flat_map(|row| assets_in(&row))
        .collect();
    let mut names = BTreeSet::from([name.to_owned()]);
    if about.len() <= ABOUT_MAX {
        names.extend(about);
    }
    names
}

fn assets_in(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let assets = words.filter(|word| word.starts_with("asset-"));
    assets.map(str::to_owned).collect()
}

/// The number of an operation in the script, which its process tells: `client-3/14`.
fn number_of(record: &Record, id: OperationId) -> Option<u64> {
    let (_, number) = record.history.get(id)?.process.rsplit_once('/')?;
    number.parse().ok()
}

/// The events that show the failure: those that the check names, and what was noted about its subject.
fn shown_by(evidence: Option<&Evidence>, target: &Target, record: &Record) -> Vec<EventId> {
    let name = target.subject_name();
    let noted = (0_u32..).zip(record.trace.events());
    let noted = noted.filter_map(|(number, event)| match &event.what {
        Happening::Noted { detail, .. } => {
            detail.to_string().contains(name).then_some(EventId(number))
        }
        _ => None,
    });
    let shown = evidence.iter().flat_map(|it| it.events.iter().copied());
    shown.chain(noted).collect()
}

/// The operations whose asking is among the causes of some events.
fn that_led_to(record: &Record, events: &[EventId]) -> BTreeSet<OperationId> {
    let mut asked_by: BTreeMap<EventId, Vec<OperationId>> = BTreeMap::new();
    for (number, event) in (0_u32..).zip(record.trace.events()) {
        if let Happening::Invoked { operation } = event.what {
            // What its client does next has the same cause as its asking.
            asked_by.entry(event.cause).or_default().push(operation);
            asked_by.entry(EventId(number)).or_default().push(operation);
        }
    }
    let mut seen: BTreeSet<EventId> = BTreeSet::new();
    let mut found = BTreeSet::new();
    for event in events {
        let mut at = *event;
        while seen.insert(at) {
            found.extend(asked_by.get(&at).into_iter().flatten().copied());
            let Some(cause) = record.trace.get(at).map(|event| event.cause) else {
                break;
            };
            at = cause;
        }
    }
    found
}

/// When it went wrong, as far as that can be said: the check tells, or else the latest operation that has
/// to do with it does.
fn failed_at(
    evidence: Option<&Evidence>,
    related: &BTreeSet<u64>,
    operations: &[Planned],
    record: &Record,
) -> SimTime {
    let at_event = |id: &EventId| record.trace.get(*id).map(|event| event.at);
    let told = evidence.and_then(|evidence| {
        let shown = evidence.events.iter().filter_map(at_event).max();
        evidence.at.or(shown)
    });
    let asked = operations.iter().filter(|it| related.contains(&it.number));
    let asked = asked.map(|planned| SimTime::from_nanos(planned.after.as_nanos() as u64));
    told.or_else(|| asked.max()).unwrap_or(record.simulated)
}
