//! The causal shape of a failure: by which kinds of steps it came about.
//!
//! Two seeds that fail by one bug tell of it in other words when a number or a list in them differs, and two
//! bugs that break one promise are often told in the same. What led there says more: from the event that
//! shows the failure its causes are followed back, and of each step the milestones are taken: points that
//! were passed, notes, what clients asked, processes that died. Of nodes only the role counts, of all else
//! only the kind; what repeats counts once. It is a name for a group, not an explanation: that is
//! [`explain`](crate::explain).

use std::collections::{BTreeMap, BTreeSet};

use sim::check::Evidence;
use sim::record::Record;
use sim::record::trace::{Event, EventId, Happening};

use crate::shrink::target::subject_name;

/// How many kinds of steps a shape has at most, the last ones: what lies farther back differs from seed to
/// seed by how the work came to be, and not by how it failed.
const STEPS_MAX: usize = 4;
/// How many causes are followed back at most.
const CAUSES_MAX: usize = 200;

/// The shape of a failure of a run that kept its trace, such as `core notes saga_parked < core passes
/// saga.recorded`, latest step first; empty when no event shows the failure.
pub fn causal_shape(record: &Record, evidence: &Evidence) -> String {
    let Some(shown) = shown_at(record, evidence) else {
        return String::new();
    };
    let path = path_to(record, shown);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let steps = path.iter().flat_map(|steps| steps.iter().rev());
    let kinds = steps.filter_map(|id| kind_of(record, record.trace.get(*id)?));
    let new = kinds.filter(|kind| seen.insert(kind.clone()));
    new.take(STEPS_MAX).collect::<Vec<_>>().join(" < ")
}

/// The event that shows the failure: the last that its check names, or else the last that was noted about
/// its subject until then, or else the last answer that shows it.
fn shown_at(record: &Record, evidence: &Evidence) -> Option<EventId> {
    let events = || (0_u32..).zip(record.trace.events());
    let named = evidence.events.iter().max().copied();
    let name = subject_name(&evidence.subject);
    let until = |event: &Event| evidence.at.is_none_or(|at| event.at <= at);
    let noted = || {
        let about = events().filter(|(_, event)| match &event.what {
            Happening::Noted { detail, .. } => until(event) && detail.to_string().contains(name),
            _ => false,
        });
        let last = if name.is_empty() { None } else { about.last() };
        last.map(|(number, _)| EventId(number))
    };
    let answered = || {
        let answers = events().filter(|(_, event)| match &event.what {
            Happening::Completed { operation } => evidence.operations.contains(operation),
            _ => false,
        });
        answers.last().map(|(number, _)| EventId(number))
    };
    named.or_else(noted).or_else(answered)
}

/// The steps that led to an event, the last first; of each, its events up to the one that led on.
fn path_to(record: &Record, shown: EventId) -> Vec<Vec<EventId>> {
    let mut causes = vec![shown];
    let cause_of = |id: EventId| Some(record.trace.get(id)?.cause).filter(|cause| *cause < id);
    let mut at = shown;
    while let Some(cause) = cause_of(at)
        && causes.len() < CAUSES_MAX
    {
        causes.push(cause);
        at = cause;
    }
    let mut steps: BTreeMap<EventId, Vec<EventId>> = BTreeMap::new();
    let last_of: BTreeMap<EventId, EventId> = causes.windows(2).map(|it| (it[1], it[0])).collect();
    for (number, event) in (0_u32..=shown.0).zip(record.trace.events()) {
        if last_of
            .get(&event.cause)
            .is_some_and(|last| number <= last.0)
        {
            steps.entry(event.cause).or_default().push(EventId(number));
        }
    }
    steps.into_values().rev().collect()
}

/// The kind of a milestone, without names and numbers; nothing for what is none.
fn kind_of(record: &Record, event: &Event) -> Option<String> {
    let role = role(record.node_name(event.node));
    let what = match &event.what {
        Happening::PointReached { point } => format!("passes {point}"),
        Happening::Noted { name, .. } => format!("notes {name}"),
        Happening::Invoked { operation } => {
            format!("asks {}", record.history.get(*operation)?.function)
        }
        Happening::Crashed { .. } => "dies".to_owned(),
        Happening::Started { incarnation } if *incarnation > 0 => "starts again".to_owned(),
        Happening::DiskFailed { .. } => "loses its disk".to_owned(),
        Happening::Panicked { .. } => "panics".to_owned(),
        Happening::FaultBegan { fault } => record
            .plan
            .faults
            .get(*fault as usize)?
            .what
            .name()
            .to_owned(),
        _ => return None,
    };
    Some(format!("{role} {what}"))
}

/// What a node is, whichever of its kind it is.
fn role(node: &str) -> &str {
    match node.rsplit_once('-') {
        Some((role, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => role,
        _ => node,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::WITH_TRACE;
    use crate::seeds::RunSeeds;
    use crate::setup::Setup;
    use model::defects::{Defect, Defects};
    use reports::Seed;
    use sim::check::Verdict;

    fn shape(defect: Defect, seed: u64) -> Option<String> {
        let setup = Setup {
            selected: crate::file::select("chaos-orchestration", &[]).unwrap(),
            seeds: RunSeeds::of(Seed(seed)),
            defects: Defects::of([defect]),
            given: crate::given::Given::NOTHING,
        };
        let outcome = setup.run(WITH_TRACE);
        let judged = outcome.judgements.iter();
        let mut judged = judged.filter(|it| it.check == defect.info().caught_by);
        match &judged.next()?.verdict {
            Verdict::Violated(evidence) => Some(causal_shape(&outcome.record, &evidence[0])),
            _ => None,
        }
    }

    #[test]
    fn one_bug_has_few_shapes_and_none_tells_a_name() {
        let shapes = (1..=12).filter_map(|seed| shape(Defect::AckBeforeCommit, seed));
        let shapes: Vec<String> = shapes.collect();
        let distinct: BTreeSet<&String> = shapes.iter().collect();
        assert!(
            shapes.len() >= 4 && distinct.len() < shapes.len(),
            "{shapes:?}"
        );
        for shape in distinct {
            assert!(!shape.is_empty());
            assert!(!shape.contains(|c: char| c.is_ascii_digit()), "{shape}");
            assert!(shape.split(" < ").count() <= STEPS_MAX, "{shape}");
        }
    }

    #[test]
    fn the_role_of_a_node_is_its_name_without_its_number() {
        for (node, expected) in [
            ("core-2", "core"),
            ("ledger", "ledger"),
            ("client-17", "client"),
            ("dead-letter", "dead-letter"),
        ] {
            assert_eq!(role(node), expected, "{node}");
        }
    }
}
