//! The nearest passing twin: of all runs that were had and pass, the one that is most like the failing one.
//!
//! Likeness is the share of events that are in both, by [`alignment`](super::alignment). What is in one of
//! them only is where the failure could still have been otherwise: the first such events, and of the later
//! ones those that concern the subject of the failure.

use std::collections::BTreeMap;

use sim::record::Record;
use sim::record::trace::{EventId, Happening};

use super::Twin;
use super::alignment::{Alignment, Lineage, lineages};
use super::story::{likeness, weight};

/// How many later differences are told of each run.
const LATER_MAX: usize = 3;

/// The nearest so far.
pub(crate) struct Nearest<'a> {
    failing: &'a Record,
    lineages: Vec<Lineage>,
    subject: &'a str,
    nearest: Option<Twin>,
}

impl<'a> Nearest<'a> {
    /// Nothing yet; the run to be near to, with its trace, and what its failure is about.
    pub(super) fn to(failing: &'a Record, subject: &'a str) -> Nearest<'a> {
        Nearest {
            failing,
            lineages: lineages(failing),
            subject,
            nearest: None,
        }
    }

    /// A run that passes, with its trace, and in what it is otherwise.
    pub(super) fn offer(&mut self, difference: String, passing: Record) {
        let alignment = Alignment::of_lineages(&self.lineages, &lineages(&passing));
        let is_nearer = self
            .nearest
            .as_ref()
            .is_none_or(|twin| alignment.likeness() > twin.alignment.likeness());
        if is_nearer {
            self.nearest = Some(Twin {
                difference,
                record: passing,
                alignment,
                later: [Vec::new(), Vec::new()],
            });
        }
    }

    /// The nearest of all, with the differences that matter.
    pub(super) fn found(self) -> Option<Twin> {
        let mut twin = self.nearest?;
        let runs = [self.failing, &twin.record];
        let told = [0, 1].map(|run: usize| {
            let alone = twin.alignment.alone[run].iter();
            let first = twin.alignment.first()[run];
            let later = alone.filter(|id| Some(**id) != first);
            let told = later.filter_map(|id| Some((*id, told_as(runs[run], *id, self.subject)?)));
            told.collect::<Vec<(EventId, String)>>()
        });
        twin.later = [
            in_one_only(&told[0], &told[1]),
            in_one_only(&told[1], &told[0]),
        ];
        Some(twin)
    }
}

/// How an event that matters to the subject is told, or nothing: that a client learned something, that a
/// process died, that something was lost, or what was said about the subject.
fn told_as(record: &Record, id: EventId, subject: &str) -> Option<String> {
    let event = record.trace.get(id)?;
    if let Happening::Invoked { .. } = event.what {
        return None;
    }
    weight(record, event, subject)?;
    Some(likeness(record, event))
}

/// Those of one run that are told of the other less often: what both tell as often happened in both, by
/// another way.
fn in_one_only(one: &[(EventId, String)], other: &[(EventId, String)]) -> Vec<EventId> {
    let mut also: BTreeMap<&str, u32> = BTreeMap::new();
    for (_, told) in other {
        *also.entry(told).or_default() += 1;
    }
    let only = one
        .iter()
        .filter(|(_, told)| match also.get_mut(told.as_str()) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        });
    only.map(|(id, _)| *id).take(LATER_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_tell_as_often_is_no_difference() {
        let told = |words: &[&str]| {
            let numbered = (0_u32..).zip(words);
            let told = numbered.map(|(number, word)| (EventId(number), (*word).to_owned()));
            told.collect::<Vec<_>>()
        };
        for (one, other, expected) in [
            (&["a", "b"][..], &["b", "a"][..], &[][..]),
            (&["a", "a", "b"], &["a"], &[1, 2]),
            (&[], &["a"], &[]),
            (&["a", "b", "c", "d"], &[], &[0, 1, 2]),
        ] {
            let found = in_one_only(&told(one), &told(other));
            let expected: Vec<EventId> = expected.iter().map(|it| EventId(*it)).collect();
            assert_eq!(found, expected, "{one:?} {other:?}");
        }
    }
}
