//! What an analysis found, and what that says about each isolation level.

use std::collections::BTreeMap;

use super::isolation::{Anomaly, Isolation};
use crate::checkers::history::OperationId;
use crate::checkers::verdict::{Evidence, UnknownReason, Verdict};

/// How much an analysis may say and search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Proofs kept of each anomaly; further ones are only counted.
    pub proofs_max: usize,
    /// Edges visited while looking for the shortest cycle of one component. When it is used up, the shortest cycle found
    /// so far is reported; whether there is a cycle is always decided.
    pub edges_visited_max: u64,
}

impl Limits {
    /// A handful of proofs, and about a second of search per component at the most.
    pub const USUAL: Self = Self {
        proofs_max: 8,
        edges_visited_max: 20_000_000,
    };
}

/// The anomalies of one history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    proofs: BTreeMap<Anomaly, Vec<Evidence>>,
    counts: BTreeMap<Anomaly, u64>,
    proofs_max: usize,
    undecided: Option<UnknownReason>,
}

impl Report {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            proofs: BTreeMap::new(),
            counts: BTreeMap::new(),
            proofs_max: limits.proofs_max.max(1),
            undecided: None,
        }
    }

    /// A history that cannot be analysed.
    pub(super) fn undecided(reason: UnknownReason) -> Self {
        Self {
            undecided: Some(reason),
            ..Self::new(Limits::USUAL)
        }
    }

    /// Notes one occurrence; the statement is only made if it will be kept.
    pub(super) fn note(
        &mut self,
        anomaly: Anomaly,
        operations: &[OperationId],
        statement: impl FnOnce() -> String,
    ) {
        *self.counts.entry(anomaly).or_default() += 1;
        let proofs = self.proofs.entry(anomaly).or_default();
        if proofs.len() < self.proofs_max {
            proofs.push(Evidence {
                rule: anomaly.name(),
                statement: statement(),
                operations: operations.to_vec(),
            });
        }
    }

    /// The anomalies found, worst first.
    pub fn anomalies(&self) -> impl Iterator<Item = Anomaly> {
        self.counts.keys().copied()
    }

    /// How often an anomaly was found. Cycles are counted once per strongly connected component.
    pub fn count(&self, anomaly: Anomaly) -> u64 {
        self.counts.get(&anomaly).copied().unwrap_or(0)
    }

    /// Whether the history keeps `level`.
    pub fn verdict(&self, level: Isolation) -> Verdict {
        if let Some(reason) = &self.undecided {
            return Verdict::Unknown(reason.clone());
        }
        let broken = self
            .proofs
            .iter()
            .filter(|(anomaly, _)| level.forbids(**anomaly));
        Verdict::from_evidence(
            broken
                .flat_map(|(_, proofs)| proofs.iter().cloned())
                .collect(),
        )
    }

    /// The levels the history breaks, weakest first.
    pub fn broken_levels(&self) -> Vec<Isolation> {
        Isolation::ALL
            .into_iter()
            .filter(|&level| self.anomalies().any(|anomaly| level.forbids(anomaly)))
            .collect()
    }
}
