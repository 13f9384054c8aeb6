//! Anomalies that need no cycle: one read, or two transactions, are proof enough.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::{Access, Lists, Transaction};
use crate::checkers::history::OperationId;
use crate::checkers::transactions::isolation::Anomaly;
use crate::checkers::transactions::report::Report;
use crate::checkers::transactions::transaction::{Ending, list_in_words};

/// The committed reads of a history, with reader and key.
fn committed_reads<'a, 'h, Key, Value>(
    lists: &'a Lists<'h, Key, Value>,
) -> impl Iterator<Item = (&'a Transaction<'h, Value>, usize, &'h [Value])> {
    let committed = lists
        .transactions
        .iter()
        .filter(|one| one.ending == Ending::Committed);
    committed.flat_map(|transaction| {
        transaction
            .accesses
            .iter()
            .filter_map(move |(key, access)| match access {
                Access::Read(Some(seen)) => Some((transaction, *key, *seen)),
                Access::Read(None) | Access::Append(_) => None,
            })
    })
}

/// Reads of one key that cannot both be prefixes of one list.
pub(super) fn note_incompatible_orders<Key, Value>(
    lists: &Lists<'_, Key, Value>,
    report: &mut Report,
) where
    Key: Ord + Clone + Display,
    Value: Ord + Display,
{
    for (reader, key, seen) in committed_reads(lists) {
        let list = &lists.keys[key];
        if !list.order.starts_with(seen) {
            report.note(Anomaly::IncompatibleOrder, &[reader.id, OperationId(list.order_read_by)], || {
                format!(
                    "T{} read {} as {} and T{} read it as {}, and neither is a prefix of the other",
                    reader.id,
                    lists.name(key),
                    list_in_words(seen),
                    list.order_read_by,
                    list_in_words(list.order),
                )
            });
        }
    }
}

/// Elements that nobody appended, that are there twice, or whose writer aborted or was not done.
pub(super) fn note_reads<Key, Value>(lists: &Lists<'_, Key, Value>, report: &mut Report)
where
    Key: Ord + Clone + Display,
    Value: Ord + Display,
{
    // The places of bad elements are looked up once per key: looking at each element of each read would make the work
    // quadratic in the length of a list.
    let bad: Vec<Vec<usize>> = (0..lists.keys.len())
        .map(|key| bad_places(lists, key))
        .collect();
    for (reader, key, seen) in committed_reads(lists) {
        let list = &lists.keys[key];
        if list.order.starts_with(seen) {
            if let Some(&place) = bad[key].iter().find(|place| **place < seen.len()) {
                note_element(lists, report, reader, key, seen, place);
            }
        } else if let Some(place) =
            (0..seen.len()).find(|&place| is_bad(lists, key, &seen[..place], &seen[place]))
        {
            note_element(lists, report, reader, key, seen, place);
        }
        note_intermediate(lists, report, reader, key, seen);
    }
}

fn bad_places<Key: Ord + Clone + Display, Value: Ord + Display>(
    lists: &Lists<'_, Key, Value>,
    key: usize,
) -> Vec<usize> {
    let list = &lists.keys[key];
    let is_repeated = |place: usize| list.places[&list.order[place]] < place;
    (0..list.order.len())
        .filter(|&place| is_repeated(place) || is_bad(lists, key, &[], &list.order[place]))
        .collect()
}

fn is_bad<Key, Value: Ord>(
    lists: &Lists<'_, Key, Value>,
    key: usize,
    before: &[Value],
    value: &Value,
) -> bool {
    let append = lists.keys[key].appends.get(value);
    before.contains(value)
        || append.is_none_or(|append| {
            lists.transactions[append.transaction as usize].ending == Ending::Aborted
        })
}

fn note_element<Key, Value>(
    lists: &Lists<'_, Key, Value>,
    report: &mut Report,
    reader: &Transaction<'_, Value>,
    key: usize,
    seen: &[Value],
    place: usize,
) where
    Key: Ord + Clone + Display,
    Value: Ord + Display,
{
    let (id, name, value) = (reader.id, lists.name(key), &seen[place]);
    match lists.keys[key].appends.get(value) {
        _ if seen[..place].contains(value) => report.note(Anomaly::DuplicateElement, &[id], || {
            format!(
                "T{id} read {name} as {}, with {value} twice, though it was appended once",
                list_in_words(seen)
            )
        }),
        None => report.note(Anomaly::UnwrittenValue, &[id], || {
            format!("T{id} read {value} in {name}, which no transaction appended")
        }),
        Some(append) => report.note(Anomaly::G1a, &[id, OperationId(append.transaction)], || {
            format!(
                "T{id} read {value} in {name}, which T{} appended and took back by aborting",
                append.transaction
            )
        }),
    }
}

fn note_intermediate<Key, Value>(
    lists: &Lists<'_, Key, Value>,
    report: &mut Report,
    reader: &Transaction<'_, Value>,
    key: usize,
    seen: &[Value],
) where
    Key: Ord + Clone + Display,
    Value: Ord + Display,
{
    let Some(last) = seen.last() else { return };
    let Some(append) = lists.keys[key].appends.get(last) else {
        return;
    };
    if !append.is_final && append.transaction != reader.id.0 {
        report.note(Anomaly::G1b, &[reader.id, OperationId(append.transaction)], || {
            format!(
                "T{} read {} up to {last}, a state in the middle of T{}, which appended more to it",
                reader.id,
                lists.name(key),
                append.transaction
            )
        });
    }
}

/// What a transaction must see of a key, given what it did to it before.
enum Expected<'h, Value> {
    /// Exactly the list it read, and what it appended since.
    Exactly(&'h [Value], Vec<&'h Value>),
    /// Anything, ending in what it appended.
    EndingIn(Vec<&'h Value>),
}

impl<'h, Value: PartialEq> Expected<'h, Value> {
    fn allows(&self, seen: &[Value]) -> bool {
        let (base, own) = match self {
            Self::Exactly(base, own) => (Some(*base), own),
            Self::EndingIn(own) => (None, own),
        };
        let Some(split) = seen.len().checked_sub(own.len()) else {
            return false;
        };
        seen[split..].iter().eq(own.iter().copied())
            && base.is_none_or(|base| base == &seen[..split])
    }

    fn append(&mut self, value: &'h Value) {
        match self {
            Self::Exactly(_, own) | Self::EndingIn(own) => own.push(value),
        }
    }
}

/// Transactions that contradict themselves, or read what they append only later.
pub(super) fn note_contradictions<Key, Value>(lists: &Lists<'_, Key, Value>, report: &mut Report)
where
    Key: Ord + Clone + Display,
    Value: Ord + Display,
{
    for transaction in lists
        .transactions
        .iter()
        .filter(|one| one.ending == Ending::Committed)
    {
        let id = transaction.id;
        let mut expected: BTreeMap<usize, Expected<'_, Value>> = BTreeMap::new();
        for &(key, access) in &transaction.accesses {
            match (access, expected.get_mut(&key)) {
                (Access::Append(value), Some(Expected::Exactly(read, _)))
                    if read.contains(value) =>
                {
                    report.note(Anomaly::FutureRead, &[id], || {
                        format!(
                            "T{id} read {value} in {} before appending it itself",
                            lists.name(key)
                        )
                    });
                }
                (Access::Append(value), Some(known)) => known.append(value),
                (Access::Append(value), None) => {
                    drop(expected.insert(key, Expected::EndingIn(vec![value])))
                }
                (Access::Read(Some(seen)), known) => {
                    if known.is_some_and(|known| !known.allows(seen)) {
                        report.note(Anomaly::Internal, &[id], || {
                            let seen = list_in_words(seen);
                            format!(
                                "T{id} read {} as {seen}, against its own earlier steps",
                                lists.name(key)
                            )
                        });
                    }
                    expected.insert(key, Expected::Exactly(seen, Vec::new()));
                }
                (Access::Read(None), _) => {}
            }
        }
    }
}

/// Committed transactions that read one version of a key and then appended to it: all but one lost its premise.
pub(super) fn note_lost_updates<Key, Value>(lists: &Lists<'_, Key, Value>, report: &mut Report)
where
    Key: Ord + Clone + Display,
    Value: Ord + Display,
{
    let mut updates: BTreeMap<(usize, usize), Vec<OperationId>> = BTreeMap::new();
    for transaction in lists
        .transactions
        .iter()
        .filter(|one| one.ending == Ending::Committed)
    {
        let mut first_read: BTreeMap<usize, &[Value]> = BTreeMap::new();
        let mut appended = BTreeSet::new();
        for &(key, access) in &transaction.accesses {
            match access {
                Access::Read(Some(seen)) if !appended.contains(&key) => {
                    first_read.entry(key).or_insert(seen);
                }
                Access::Append(_) if appended.insert(key) => {
                    let read = first_read
                        .get(&key)
                        .filter(|seen| lists.keys[key].order.starts_with(seen));
                    if let Some(seen) = read {
                        updates
                            .entry((key, seen.len()))
                            .or_default()
                            .push(transaction.id);
                    }
                }
                Access::Append(_) | Access::Read(_) => {}
            }
        }
    }
    for ((key, length), transactions) in updates
        .into_iter()
        .filter(|(_, transactions)| transactions.len() > 1)
    {
        report.note(Anomaly::LostUpdate, &transactions, || {
            let names: Vec<_> = transactions.iter().map(|id| format!("T{id}")).collect();
            format!(
                "{} all read {} as {} and then appended to it, so that only one of them built on what it saw",
                names.join(", "),
                lists.name(key),
                list_in_words(&lists.keys[key].order[..length]),
            )
        });
    }
}
