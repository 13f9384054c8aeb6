//! Strongly connected components: a cycle lies inside one, and a component of two nodes has one.
//!
//! Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972) with its call stack kept in a vector, so
//! that a chain of a hundred thousand transactions cannot overflow the thread's.

use super::graph::{Graph, Reasons};

const UNSEEN: u32 = u32::MAX;

/// The components of two or more nodes in the graph of the given edges, each sorted, in order of their first node.
pub(super) fn components(graph: &Graph, reasons: Reasons) -> Vec<Vec<u32>> {
    let mut walk = Walk::new(graph, reasons);
    for root in 0..graph.nodes() {
        if walk.index[root as usize] == UNSEEN {
            walk.explore(root);
        }
    }
    walk.found.sort();
    walk.found
}

struct Walk<'a> {
    graph: &'a Graph,
    reasons: Reasons,
    /// When a node was first met.
    index: Vec<u32>,
    /// The earliest node on the stack that a node is known to lead to.
    low: Vec<u32>,
    on_stack: Vec<bool>,
    stack: Vec<u32>,
    /// The nodes being explored, each with the number of its edges already followed.
    calls: Vec<(u32, usize)>,
    next_index: u32,
    found: Vec<Vec<u32>>,
}

impl<'a> Walk<'a> {
    fn new(graph: &'a Graph, reasons: Reasons) -> Self {
        let nodes = graph.nodes() as usize;
        Self {
            graph,
            reasons,
            index: vec![UNSEEN; nodes],
            low: vec![UNSEEN; nodes],
            on_stack: vec![false; nodes],
            stack: Vec::new(),
            calls: Vec::new(),
            next_index: 0,
            found: Vec::new(),
        }
    }

    fn explore(&mut self, root: u32) {
        self.open(root);
        while let Some((node, followed)) = self.calls.last_mut() {
            let node = *node;
            let Some(&(to, reason)) = self.graph.from(node).get(*followed) else {
                self.close(node);
                continue;
            };
            *followed += 1;
            if !self.reasons.contains(reason) {
                continue;
            }
            if self.index[to as usize] == UNSEEN {
                self.open(to);
            } else if self.on_stack[to as usize] {
                self.low[node as usize] = self.low[node as usize].min(self.index[to as usize]);
            }
        }
    }

    fn open(&mut self, node: u32) {
        self.index[node as usize] = self.next_index;
        self.low[node as usize] = self.next_index;
        self.next_index += 1;
        self.on_stack[node as usize] = true;
        self.stack.push(node);
        self.calls.push((node, 0));
    }

    fn close(&mut self, node: u32) {
        self.calls.pop();
        if let Some(&(parent, _)) = self.calls.last() {
            self.low[parent as usize] = self.low[parent as usize].min(self.low[node as usize]);
        }
        if self.low[node as usize] != self.index[node as usize] {
            return;
        }
        let start = self
            .stack
            .iter()
            .rposition(|&member| member == node)
            .expect("an open node is on the stack");
        let mut members = self.stack.split_off(start);
        members
            .iter()
            .for_each(|&member| self.on_stack[member as usize] = false);
        if members.len() > 1 {
            members.sort_unstable();
            self.found.push(members);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::{GraphBuilder, Reason};
    use super::*;

    fn graph(nodes: usize, edges: &[(u32, u32, Reason)]) -> Graph {
        let mut builder = GraphBuilder::new(nodes);
        edges
            .iter()
            .for_each(|&(from, to, reason)| builder.link(from, to, reason));
        builder.finish()
    }

    #[test]
    fn components_are_cycles_of_the_allowed_edges() {
        use Reason::{ReadWrite, WriteRead, WriteWrite};
        let edges = [
            (0, 1, WriteWrite),
            (1, 0, WriteRead),
            (1, 2, WriteWrite),
            (2, 3, WriteWrite),
            (3, 4, ReadWrite),
            (4, 2, WriteWrite),
        ];
        let graph = graph(6, &edges);
        assert_eq!(
            components(&graph, Reasons::DATA),
            [vec![0, 1], vec![2, 3, 4]]
        );
        assert_eq!(components(&graph, Reasons::DEPENDENCIES), [vec![0, 1]]);
        assert!(components(&graph, Reasons::WRITES).is_empty());
    }

    #[test]
    fn a_ring_of_two_hundred_thousand_does_not_overflow_the_stack() {
        let size = 200_000;
        let ring: Vec<_> = (0..size)
            .map(|node| (node, (node + 1) % size, Reason::WriteWrite))
            .collect();
        let found = components(&graph(size as usize, &ring), Reasons::WRITES);
        assert_eq!((found.len(), found[0].len()), (1, size as usize));
    }
}
