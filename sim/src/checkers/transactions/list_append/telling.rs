//! Why one transaction comes before another, found again in the history when a cycle has to be told.
//!
//! The graph keeps no reasons beyond their kind: almost no edge is ever told, and a reason would cost more than the edge.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{Access, Lists};
use crate::checkers::history::OperationId;
use crate::checkers::transactions::explanation::Explain;
use crate::checkers::transactions::graph::Reason;
use crate::checkers::transactions::realtime;
use crate::checkers::transactions::transaction::{ListStep, ending_and_steps, list_in_words};

impl<'h, Key: Ord + Clone + Display, Value: Ord + Display> Lists<'h, Key, Value> {
    /// The append of `writer` to `key` that comes right after the first `length` elements, or was never read.
    fn next_append(&self, writer: u32, key: usize, length: usize) -> Option<&'h Value> {
        let list = &self.keys[key];
        let own = self.transactions[writer as usize]
            .accesses
            .iter()
            .filter(|(of, _)| *of == key);
        own.filter_map(|(_, access)| match access {
            Access::Append(value) => Some(*value),
            Access::Read(_) => None,
        })
        .find(|value| list.places.get(value).is_none_or(|&place| place >= length))
    }

    fn read_by_other(&self, earlier: u32, later: u32) -> Option<String> {
        self.transactions[later as usize]
            .accesses
            .iter()
            .find_map(|(key, access)| {
                let Access::Read(Some(seen)) = access else {
                    return None;
                };
                let last = seen.last()?;
                (self.keys[*key].appends.get(last)?.transaction == earlier).then(|| {
                    format!(
                        "T{later} observed T{earlier}'s append of {last} to {}",
                        self.name(*key)
                    )
                })
            })
    }

    fn missed_by(&self, earlier: u32, later: u32) -> Option<String> {
        self.transactions[earlier as usize]
            .accesses
            .iter()
            .find_map(|(key, access)| {
                let Access::Read(Some(seen)) = access else {
                    return None;
                };
                let list = &self.keys[*key];
                let next = self.next_append(later, *key, seen.len())?;
                let is_next = match self
                    .writers(*key)
                    .iter()
                    .find(|(place, _)| *place >= seen.len())
                {
                    Some(&(_, writer)) => writer == later,
                    None => true,
                };
                (is_next && list.order.starts_with(seen)).then(|| {
                    let seen = list_in_words(seen);
                    format!(
                        "T{earlier} read {} as {seen}, without T{later}'s append of {next}",
                        self.name(*key)
                    )
                })
            })
    }

    fn overwritten_by(&self, earlier: u32, later: u32) -> Option<String> {
        self.transactions[earlier as usize]
            .accesses
            .iter()
            .find_map(|(key, access)| {
                let Access::Append(value) = access else {
                    return None;
                };
                let place = *self.keys[*key].places.get(value)?;
                let next = self.next_append(later, *key, place + 1)?;
                Some(format!(
                    "T{later} appended {next} to {} after T{earlier}'s {value}",
                    self.name(*key)
                ))
            })
    }
}

impl<Key: Ord + Clone + Display, Value: Ord + Display> Explain for Lists<'_, Key, Value> {
    fn transaction(&self, transaction: u32) -> String {
        let (_, steps) = ending_and_steps(self.history.operation(OperationId(transaction)));
        steps
            .iter()
            .map(ListStep::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn because(&self, earlier: u32, later: u32, reason: Reason) -> String {
        let why = match reason {
            Reason::WriteWrite => self.overwritten_by(earlier, later),
            Reason::WriteRead => self.read_by_other(earlier, later),
            Reason::ReadWrite => self.missed_by(earlier, later),
            Reason::RealTime => Some(realtime::because(self.history, earlier, later)),
            Reason::Gate => None,
        };
        why.unwrap_or_else(|| {
            panic!("the edge {reason:?} from T{earlier} to T{later} has a cause in the history")
        })
    }

    fn share_a_written_key(&self, one: u32, other: u32) -> bool {
        let written = |transaction: u32| -> BTreeSet<usize> {
            let accesses = &self.transactions[transaction as usize].accesses;
            accesses
                .iter()
                .filter(|(_, access)| matches!(access, Access::Append(_)))
                .map(|(key, _)| *key)
                .collect()
        };
        !written(one).is_disjoint(&written(other))
    }
}
