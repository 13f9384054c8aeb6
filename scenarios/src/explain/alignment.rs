//! Two runs side by side, event by event: what happened in both, and what in one only.
//!
//! Counting from the start, two runs have nothing in common any more once a single message is more or less.
//! So events are matched by *lineage*: an event is the same in both runs when its cause is, and it is the same
//! kind of event at the same node, and as many like it followed from that cause before. Times, and what
//! messages carry, may differ. What one thing more or less brings about thus differs too, and all else
//! matches, wherever it stands.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash, Hasher};

use sim::record::Record;
use sim::record::trace::{Event, EventId, Happening};

/// How two runs compare. Both kept their trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// How many events are in both.
    pub matched: usize,
    /// How many there are in the one, and in the other.
    pub events: [usize; 2],
    /// The events of each that the other has not, in order.
    pub alone: [Vec<EventId>; 2],
}

impl Alignment {
    /// Aligns two runs.
    pub fn of(one: &Record, other: &Record) -> Alignment {
        Alignment::of_lineages(&lineages(one), &lineages(other))
    }

    /// Aligns two runs by the lineages of their events.
    pub(super) fn of_lineages(one: &[Lineage], other: &[Lineage]) -> Alignment {
        let alone = [not_in(one, other), not_in(other, one)];
        Alignment {
            matched: one.len() - alone[0].len(),
            events: [one.len(), other.len()],
            alone,
        }
    }

    /// How much of both runs is the same, in millionths.
    pub fn likeness(&self) -> usize {
        let [one, other] = self.events;
        (2 * self.matched * 1_000_000)
            .checked_div(one + other)
            .unwrap_or(1_000_000)
    }

    /// The first event of each that the other has not.
    pub fn first(&self) -> [Option<EventId>; 2] {
        [0, 1].map(|run: usize| self.alone[run].first().copied())
    }
}

/// An event's lineage, hashed. Within a run no two events have the same.
pub(super) type Lineage = u64;

/// The lineages of all events of a run, in order.
pub(super) fn lineages(record: &Record) -> Vec<Lineage> {
    let mut lineages: Vec<Lineage> = Vec::new();
    let mut followed: BTreeMap<Lineage, u64> = BTreeMap::new();
    for event in record.trace.events() {
        let mut hash = DefaultHasher::new();
        lineages.get(event.cause.0 as usize).hash(&mut hash);
        record.node_name(event.node).hash(&mut hash);
        hash_kind(record, event, &mut hash);
        let before = followed.entry(hash.finish()).or_default();
        before.hash(&mut hash);
        *before += 1;
        lineages.push(hash.finish());
    }
    lineages
}

fn not_in(one: &[Lineage], other: &[Lineage]) -> Vec<EventId> {
    let mut others = other.to_vec();
    others.sort_unstable();
    let numbered = (0_u32..).zip(one);
    let alone = numbered.filter(|(_, lineage)| others.binary_search(lineage).is_err());
    alone.map(|(number, _)| EventId(number)).collect()
}

/// What kind of event it is: all of it but times, numbers of messages and what they carry.
fn hash_kind(record: &Record, event: &Event, hash: &mut DefaultHasher) {
    std::mem::discriminant(&event.what).hash(hash);
    match &event.what {
        Happening::Sent {
            kind, to, payload, ..
        } => {
            std::mem::discriminant(kind).hash(hash);
            record.node_name(*to).hash(hash);
            first_word(payload).hash(hash);
        }
        Happening::Dropped { by, .. } => by.hash(hash),
        Happening::Wrote { file, .. }
        | Happening::Synced { file }
        | Happening::DiskFailed { file, .. } => file.hash(hash),
        Happening::PointReached { point } => point.hash(hash),
        Happening::Noted { name, .. } => name.hash(hash),
        Happening::Invoked { operation } => {
            let operation = record.history.get(*operation);
            operation.map(|it| (&it.process, &it.function)).hash(hash);
        }
        Happening::Completed { operation } => {
            let operation = record.history.get(*operation);
            let outcome = operation.map(|it| std::mem::discriminant(&it.outcome));
            operation.map(|it| &it.process).hash(hash);
            outcome.hash(hash);
        }
        Happening::FaultBegan { fault } | Happening::FaultEnded { fault } => {
            // By what it is, since in another plan it may have another number.
            let fault = record.plan.faults.get(*fault as usize);
            fault
                .map(|it| format!("{} {}", it.what.name(), it.place))
                .hash(hash);
        }
        Happening::Delivered { .. }
        | Happening::Duplicated { .. }
        | Happening::Woke
        | Happening::Started { .. }
        | Happening::Crashed { .. }
        | Happening::Paused
        | Happening::Resumed
        | Happening::Panicked { .. }
        | Happening::Healed => {}
    }
}

/// The first word of how a value shows itself, which is the name of its type or variant. The rest is not
/// even rendered.
pub(super) fn first_word(value: &impl fmt::Debug) -> String {
    struct FirstWord(String);
    impl Write for FirstWord {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = text.find([' ', '{', '(']);
            self.0.push_str(&text[..end.unwrap_or(text.len())]);
            end.map_or(Ok(()), |_| Err(fmt::Error))
        }
    }
    let mut word = FirstWord(String::new());
    // It ends with an error where the word does.
    let _ended = write!(word, "{value:?}");
    word.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_both_matches_wherever_it_stands() {
        for (one, other, matched, first) in [
            (&[1, 2, 3][..], &[1, 2, 3][..], 3, [None, None]),
            (&[1, 2, 3], &[1, 9, 2, 3], 3, [None, Some(EventId(1))]),
            (&[1, 2, 3], &[1, 3], 2, [Some(EventId(1)), None]),
            (&[1, 2], &[8, 9], 0, [Some(EventId(0)), Some(EventId(0))]),
            (&[], &[], 0, [None, None]),
        ] {
            let found = Alignment::of_lineages(one, other);
            assert_eq!(
                (found.matched, found.first()),
                (matched, first),
                "{one:?} {other:?}"
            );
            let turned = Alignment::of_lineages(other, one);
            assert_eq!(turned.likeness(), found.likeness());
        }
    }

    #[test]
    fn a_value_is_told_by_its_first_word() {
        assert_eq!(first_word(&Some(4)), "Some");
        assert_eq!(first_word(&EventId(3)), "EventId");
        assert_eq!(first_word(&fmt::Error), "Error");
    }
}
