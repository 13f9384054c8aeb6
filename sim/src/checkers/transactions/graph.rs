//! The graph of who must come before whom.
//!
//! Nodes below [`GraphBuilder::new`]'s count are transactions, by their place in the history. Higher ones are *gates*,
//! which stand for a set of edges from many transactions to many others: a hundred thousand readers of one version and
//! as many later writers need two hundred thousand edges through gates, and ten thousand million without. A gate is
//! left only through [`Reason::Gate`] edges; the reason for the whole hop is that of the edge into the first gate.

use std::collections::BTreeSet;

/// Why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// It wrote a version that the other replaced.
    WriteWrite,
    /// It wrote what the other read.
    WriteRead,
    /// It read a version that the other replaced (anti-dependency).
    ReadWrite,
    /// It was answered before the other was invoked.
    RealTime,
    /// The way out of a gate.
    Gate,
}

/// A set of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reasons(u8);

impl Reasons {
    pub const WRITES: Self = Self::of(&[Reason::WriteWrite]);
    pub const DEPENDENCIES: Self = Self::of(&[Reason::WriteWrite, Reason::WriteRead]);
    pub const DATA: Self = Self::of(&[Reason::WriteWrite, Reason::WriteRead, Reason::ReadWrite]);
    pub const ALL: Self = Self::of(&[
        Reason::WriteWrite,
        Reason::WriteRead,
        Reason::ReadWrite,
        Reason::RealTime,
    ]);

    /// Gates belong to every set: what lets an edge in decides whether it counts.
    const fn of(reasons: &[Reason]) -> Self {
        let mut bits = 1 << Reason::Gate as u8;
        let mut index = 0;
        while index < reasons.len() {
            bits |= 1 << reasons[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    pub fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u8) != 0
    }
}

/// Collects edges.
pub(super) struct GraphBuilder {
    transactions: u32,
    nodes: u32,
    edges: Vec<(u32, u32, Reason)>,
}

/// Edges grouped by source, sorted and without repetition.
#[derive(Debug)]
pub(super) struct Graph {
    /// Nodes from here on are gates.
    pub transactions: u32,
    starts: Vec<u32>,
    edges: Vec<(u32, Reason)>,
}

impl GraphBuilder {
    pub fn new(transactions: usize) -> Self {
        let transactions =
            u32::try_from(transactions).expect("a history has fewer than 2^32 operations");
        Self {
            transactions,
            nodes: transactions,
            edges: Vec::new(),
        }
    }

    /// Says that `from` comes before `to`. An edge from a transaction to itself says nothing and is dropped: whoever
    /// reads a version and replaces it is not in conflict with itself.
    pub fn link(&mut self, from: u32, to: u32, reason: Reason) {
        if from != to {
            self.edges.push((from, to, reason));
        }
    }

    /// A new gate.
    pub fn gate(&mut self) -> u32 {
        self.nodes += 1;
        self.nodes - 1
    }

    /// Says that each of `from` comes before each of `to` other than itself, with edges linear in their number.
    ///
    /// A plain gate would let a transaction that is in both sets come before itself. So the gates form two chains, one
    /// towards the start of `to` and one towards its end, and such a transaction enters them on either side of itself.
    pub fn link_all(&mut self, from: &BTreeSet<u32>, to: &BTreeSet<u32>, reason: Reason) {
        if from.len() <= 2 || to.len() <= 2 {
            for &earlier in from {
                to.iter()
                    .for_each(|&later| self.link(earlier, later, reason));
            }
            return;
        }
        let to: Vec<u32> = to.iter().copied().collect();
        let upwards = self.chain(to.iter().rev());
        let downwards = self.chain(to.iter());
        for &earlier in from {
            // `upwards[n]` leads to the last n + 1 of `to`, `downwards[n]` to the first n + 1.
            let (before, after) = match to.binary_search(&earlier) {
                Ok(own) => (own, to.len() - own - 1),
                Err(_) => (to.len(), 0),
            };
            if before > 0 {
                self.link(earlier, downwards[before - 1], reason);
            }
            if after > 0 {
                self.link(earlier, upwards[after - 1], reason);
            }
        }
    }

    fn chain<'a>(&mut self, to: impl Iterator<Item = &'a u32>) -> Vec<u32> {
        let mut gates: Vec<u32> = Vec::new();
        for &later in to {
            let gate = self.gate();
            self.link(gate, later, Reason::Gate);
            if let Some(&shorter) = gates.last() {
                self.link(gate, shorter, Reason::Gate);
            }
            gates.push(gate);
        }
        gates
    }

    pub fn finish(mut self) -> Graph {
        self.edges.sort_unstable();
        self.edges.dedup();
        let mut starts = vec![0; self.nodes as usize + 1];
        for &(from, _, _) in &self.edges {
            starts[from as usize + 1] += 1;
        }
        for node in 1..starts.len() {
            starts[node] += starts[node - 1];
        }
        let edges = self
            .edges
            .into_iter()
            .map(|(_, to, reason)| (to, reason))
            .collect();
        Graph {
            transactions: self.transactions,
            starts,
            edges,
        }
    }
}

impl Graph {
    pub fn nodes(&self) -> u32 {
        self.starts.len() as u32 - 1
    }

    pub fn is_gate(&self, node: u32) -> bool {
        node >= self.transactions
    }

    /// Where `node` leads, in order.
    pub fn from(&self, node: u32) -> &[(u32, Reason)] {
        &self.edges[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// The part of the graph between `members` (sorted), with the edges `reasons` allows. Node n is `members[n]`.
    pub fn within(&self, members: &[u32], reasons: Reasons) -> Graph {
        debug_assert!(members.is_sorted(), "members are numbered in their order");
        let transactions = members.partition_point(|&member| !self.is_gate(member)) as u32;
        let mut part = GraphBuilder {
            transactions,
            nodes: members.len() as u32,
            edges: Vec::new(),
        };
        for (from, &member) in (0..).zip(members) {
            for &(to, reason) in self.from(member) {
                if let (true, Ok(to)) = (reasons.contains(reason), members.binary_search(&to)) {
                    part.link(from, to as u32, reason);
                }
            }
        }
        part.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(graph: &Graph, from: u32) -> BTreeSet<u32> {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            for &(to, _) in graph
                .from(node)
                .iter()
                .filter(|(_, reason)| node == from || *reason == Reason::Gate)
            {
                if seen.insert(to) && graph.is_gate(to) {
                    open.push(to);
                }
            }
        }
        seen.into_iter()
            .filter(|&node| !graph.is_gate(node))
            .collect()
    }

    #[test]
    fn gates_lead_to_all_others_and_never_back() {
        let cases: [(&[u32], &[u32]); 4] = [
            (&[0, 1, 2, 3], &[4, 5, 6, 7]),
            (&[0, 1, 2, 3], &[0, 1, 2, 3]),
            (&[1, 5, 7, 9], &[0, 5, 9]),
            (&[0], &[0, 1, 2]),
        ];
        for (from, to) in cases {
            let (from, to) = (
                from.iter().copied().collect(),
                to.iter().copied().collect::<BTreeSet<_>>(),
            );
            let mut builder = GraphBuilder::new(10);
            builder.link_all(&from, &to, Reason::ReadWrite);
            let graph = builder.finish();
            for &earlier in &from {
                let others = to
                    .iter()
                    .copied()
                    .filter(|&later| later != earlier)
                    .collect();
                assert_eq!(
                    reached(&graph, earlier),
                    others,
                    "from {earlier} of {from:?} to {to:?}"
                );
            }
        }
    }

    #[test]
    fn gates_keep_the_number_of_edges_linear() {
        let (from, to) = ((0..1000).collect(), (500..1500).collect());
        let mut builder = GraphBuilder::new(1500);
        builder.link_all(&from, &to, Reason::ReadWrite);
        assert!(builder.edges.len() <= 6000, "{} edges", builder.edges.len());
    }

    #[test]
    fn a_part_keeps_only_its_own_edges() {
        let mut builder = GraphBuilder::new(4);
        for (from, to, reason) in [
            (0, 2, Reason::WriteWrite),
            (2, 3, Reason::ReadWrite),
            (2, 0, Reason::WriteRead),
        ] {
            builder.link(from, to, reason);
        }
        let part = builder.finish().within(&[0, 2], Reasons::DEPENDENCIES);
        assert_eq!(
            (part.from(0), part.from(1)),
            (
                &[(1, Reason::WriteWrite)][..],
                &[(0, Reason::WriteRead)][..]
            )
        );
    }
}
