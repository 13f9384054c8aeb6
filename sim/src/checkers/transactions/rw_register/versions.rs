//! The order of a register's versions, as far as it is known.
//!
//! Each source of knowledge adds pairs "older, newer". A source that contradicts what is already known is itself the
//! anomaly: it is reported, and its pairs are left out, so that later conclusions do not rest on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::{Assumptions, EMPTY, External, Registers, Version};
use crate::checkers::history::ProcessId;
use crate::checkers::transactions::components::components;
use crate::checkers::transactions::graph::{GraphBuilder, Reason, Reasons};
use crate::checkers::transactions::isolation::Anomaly;
use crate::checkers::transactions::report::Report;
use crate::checkers::transactions::transaction::Ending;

type Pairs = BTreeSet<(Version, Version)>;

impl<Key: Ord + Clone + Display, Value: Ord + Clone + Display> Registers<'_, Key, Value> {
    /// Collects what is known of the order of versions.
    pub(super) fn order_versions(
        &mut self,
        assumptions: &Assumptions<Key, Value>,
        report: &mut Report,
    ) {
        for key in 0..self.keys.len() {
            let mut sources = vec![("an empty register comes first", self.after_empty(key))];
            if let Some(known) = assumptions.known_orders.get(self.name(key)) {
                sources.push(("the order the store recorded", self.known(key, known)));
            }
            if assumptions.writes_follow_reads {
                sources.push(("that writes follow reads", self.writes_after_reads(key)));
            }
            if assumptions.sequential_keys {
                sources.push(("that keys are sequential", self.along_processes(key)));
            }
            if assumptions.linearizable_keys {
                sources.push(("that keys are linearizable", self.along_real_time(key)));
            }
            for (source, pairs) in sources {
                self.admit(key, source, pairs, report);
            }
        }
    }

    fn admit(&mut self, key: usize, source: &str, pairs: Pairs, report: &mut Report) {
        let joined: Pairs = self.keys[key].order.union(&pairs).copied().collect();
        let mut graph = GraphBuilder::new(self.keys[key].values.len() + 1);
        joined
            .iter()
            .for_each(|&(older, newer)| graph.link(older, newer, Reason::WriteWrite));
        let Some(circle) = components(&graph.finish(), Reasons::WRITES)
            .into_iter()
            .next()
        else {
            self.keys[key].order = joined;
            return;
        };
        report.note(Anomaly::CyclicVersions, &[], || {
            let versions: Vec<_> = circle
                .iter()
                .map(|&version| self.show(key, version))
                .collect();
            format!(
                "assuming {source}, the versions {} of {} follow each other in a circle",
                versions.join(", "),
                self.name(key)
            )
        });
    }

    /// What committed transactions found and left of a key, in order of invocation.
    fn touches(&self, key: usize) -> impl Iterator<Item = (u32, External)> {
        let touched_by = self.keys[key]
            .touched_by
            .iter()
            .map(|&transaction| &self.transactions[transaction as usize]);
        let committed = touched_by.filter(|one| one.ending == Ending::Committed);
        committed.filter_map(move |one| Some((one.id.0, *one.external.get(&key)?)))
    }

    fn after_empty(&self, key: usize) -> Pairs {
        let written = self
            .touches(key)
            .flat_map(|(_, external)| external.found.into_iter().chain(external.left));
        written
            .filter(|&version| version != EMPTY)
            .map(|version| (EMPTY, version))
            .collect()
    }

    fn known(&self, key: usize, known: &[Value]) -> Pairs {
        let versions: Vec<_> = known
            .iter()
            .filter_map(|value| Some(self.keys[key].values.find(value)? + 1))
            .collect();
        versions.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }

    fn writes_after_reads(&self, key: usize) -> Pairs {
        self.touches(key)
            .filter_map(|(_, external)| Some((external.found?, external.left?)))
            .collect()
    }

    fn along_processes(&self, key: usize) -> Pairs {
        let mut latest: BTreeMap<ProcessId, Version> = BTreeMap::new();
        let mut pairs = Pairs::new();
        for (transaction, external) in self.touches(key) {
            let operation = &self.history.operations()[transaction as usize];
            // Without an answer, its effect may fall behind later transactions of the same process.
            if operation.returned_position().is_none() {
                continue;
            }
            let (first, last) = (
                external.found.or(external.left),
                external.left.or(external.found),
            );
            if let Some(earlier) = latest.get(&operation.process) {
                pairs.extend(
                    first
                        .filter(|first| first != earlier)
                        .map(|first| (*earlier, first)),
                );
            }
            last.map(|last| latest.insert(operation.process, last));
        }
        // A process that reads and then writes in one transaction meets the two versions in that order, too.
        pairs.append(&mut self.writes_after_reads(key));
        pairs
    }

    /// Keeps, at each moment, the answered transactions that no other answered one is known to follow.
    fn along_real_time(&self, key: usize) -> Pairs {
        let mut events: Vec<(u64, u32, bool, External)> = Vec::new();
        for (transaction, external) in self.touches(key) {
            let operation = &self.history.operations()[transaction as usize];
            events.push((operation.invoked.position, transaction, false, external));
            events.extend(
                operation
                    .returned_position()
                    .map(|at| (at, transaction, true, external)),
            );
        }
        events.sort_unstable_by_key(|&(position, ..)| position);
        let mut pairs = Pairs::new();
        let mut frontier: BTreeMap<u32, Version> = BTreeMap::new();
        let mut preceded_by: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (_, transaction, is_return, external) in events {
            if is_return {
                for implied in preceded_by.remove(&transaction).unwrap_or_default() {
                    frontier.remove(&implied);
                }
                external
                    .left
                    .or(external.found)
                    .map(|last| frontier.insert(transaction, last));
            } else if let Some(first) = external.found.or(external.left) {
                pairs.extend(
                    frontier
                        .values()
                        .filter(|&&last| last != first)
                        .map(|&last| (last, first)),
                );
                preceded_by.insert(transaction, frontier.keys().copied().collect());
            }
        }
        pairs.append(&mut self.writes_after_reads(key));
        pairs
    }
}
