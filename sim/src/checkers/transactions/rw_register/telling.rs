//! Why one transaction comes before another, found again in the history when a cycle has to be told.
//!
//! The graph keeps no reasons beyond their kind: almost no edge is ever told, and a reason would cost more than the edge.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{Access, External, Registers, Version};
use crate::checkers::history::OperationId;
use crate::checkers::transactions::explanation::Explain;
use crate::checkers::transactions::graph::Reason;
use crate::checkers::transactions::realtime;
use crate::checkers::transactions::transaction::{RegisterStep, ending_and_steps};

impl<Key: Ord + Clone + Display, Value: Ord + Clone + Display> Registers<'_, Key, Value> {
    fn external(&self, transaction: u32) -> impl Iterator<Item = (usize, External)> {
        self.transactions[transaction as usize]
            .external
            .iter()
            .map(|(key, external)| (*key, *external))
    }

    fn read_by_other(&self, earlier: u32, later: u32) -> Option<String> {
        self.external(later).find_map(|(key, external)| {
            let found = external.found?;
            let write = self.keys[key].writes.get(&found)?;
            let (value, name) = (self.show(key, found), self.name(key));
            (write.transaction == earlier)
                .then(|| format!("T{later} observed T{earlier}'s write of {value} to {name}"))
        })
    }

    /// The versions `later` wrote that replaced `version`.
    fn replaced(&self, key: usize, version: Version, later: u32) -> Option<Version> {
        let newer = self.keys[key]
            .order
            .range((version, 0)..=(version, Version::MAX));
        newer
            .map(|&(_, newer)| newer)
            .find(|&newer| self.writer(key, newer) == Some(later))
    }

    fn missed_by(&self, earlier: u32, later: u32) -> Option<String> {
        self.external(earlier).find_map(|(key, external)| {
            let found = external.found?;
            let newer = self.show(key, self.replaced(key, found, later)?);
            let (name, found) = (self.name(key), self.show(key, found));
            Some(format!(
                "T{earlier} read {name} as {found}, which T{later}'s write of {newer} replaced"
            ))
        })
    }

    fn overwritten_by(&self, earlier: u32, later: u32) -> Option<String> {
        self.transactions[earlier as usize]
            .accesses
            .iter()
            .find_map(|&(key, access)| {
                let Access::Write(version) = access else {
                    return None;
                };
                let newer = self.show(key, self.replaced(key, version, later)?);
                let (name, old) = (self.name(key), self.show(key, version));
                Some(format!(
                    "T{later}'s write of {newer} to {name} replaced T{earlier}'s {old}"
                ))
            })
    }
}

impl<Key: Ord + Clone + Display, Value: Ord + Clone + Display> Explain
    for Registers<'_, Key, Value>
{
    fn transaction(&self, transaction: u32) -> String {
        let (_, steps) = ending_and_steps(self.history.operation(OperationId(transaction)));
        steps
            .iter()
            .map(RegisterStep::to_string)
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
        let written = |transaction| -> BTreeSet<usize> {
            self.external(transaction)
                .filter(|(_, external)| external.left.is_some())
                .map(|(key, _)| key)
                .collect()
        };
        !written(one).is_disjoint(&written(other))
    }
}
