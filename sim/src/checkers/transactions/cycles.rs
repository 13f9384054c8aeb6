//! Cycles, and which anomaly each one is.
//!
//! Whether a forbidden cycle exists is decided by strongly connected components, in linear time and for certain. The
//! search for the shortest one to show is bounded; when the bound is met, a longer proof is shown.
//!
//! Snapshot isolation needs care: it forbids the cycles in which no two anti-dependencies follow each other (Fekete et
//! al., "Making Snapshot Isolation Serializable", 2005). Those are exactly the cycles of a graph of two layers, where
//! an anti-dependency leads to the upper layer and only from the lower one.

use std::collections::VecDeque;

use super::components::components;
use super::graph::{Graph, GraphBuilder, Reason, Reasons};
use super::isolation::Anomaly;

/// One transaction of a cycle, and why it comes before the next (the last before the first).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub transaction: u32,
    pub reason: Reason,
}

/// A cycle and what it is called. The write skew and the other G2 cycles are told apart by the caller, who knows the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cycle {
    pub anomaly: Anomaly,
    pub links: Vec<Link>,
}

/// The worst cycles of each component: of dependencies alone, and with anti-dependencies. Cycles of real time are only
/// looked for where the data shows none.
pub(super) fn find(graph: &Graph, edges_visited_max: u64) -> Vec<Cycle> {
    let mut found = Vec::new();
    for members in components(graph, Reasons::DATA) {
        let part = graph.within(&members, Reasons::DATA);
        found.extend(
            in_component(&part, edges_visited_max)
                .into_iter()
                .map(|cycle| renamed(cycle, &members)),
        );
    }
    let data_cycles = found.len();
    for members in components(graph, Reasons::ALL) {
        let part = graph.within(&members, Reasons::ALL);
        if data_cycles == 0 || components(&part, Reasons::DATA).is_empty() {
            let mut search = Search::new(&part, edges_visited_max);
            let links = search.shortest(Reason::RealTime, Route::Any, |_, _| true);
            found.extend(links.map(|links| {
                renamed(
                    Cycle {
                        anomaly: Anomaly::RealTime,
                        links,
                    },
                    &members,
                )
            }));
        }
    }
    found
}

fn renamed(mut cycle: Cycle, members: &[u32]) -> Cycle {
    cycle
        .links
        .iter_mut()
        .for_each(|link| link.transaction = members[link.transaction as usize]);
    cycle
}

fn in_component(part: &Graph, edges_visited_max: u64) -> Vec<Cycle> {
    let mut found = Vec::new();
    let mut search = Search::new(part, edges_visited_max);
    let mut add = |anomaly, links: Option<Vec<Link>>| {
        let is_found = links.is_some();
        found.extend(links.map(|links| Cycle { anomaly, links }));
        is_found
    };
    let overwritten = membership(part, &components(part, Reasons::WRITES));
    let same = |places: &[u32], from: u32, to: u32| {
        places[from as usize] != NONE && places[from as usize] == places[to as usize]
    };
    let is_g0 = search.shortest(Reason::WriteWrite, Route::Overwrites, |from, to| {
        same(&overwritten, from, to)
    });
    if !add(Anomaly::G0, is_g0) {
        let flowing = membership(part, &components(part, Reasons::DEPENDENCIES));
        add(
            Anomaly::G1c,
            search.shortest(Reason::WriteRead, Route::Dependencies, |from, to| {
                same(&flowing, from, to)
            }),
        );
    }
    let skipping = Layers::new(part);
    let is_snapshot_cycle = |from, to| skipping.closes(from, to);
    if !add(
        Anomaly::GSingle,
        search.shortest(Reason::ReadWrite, Route::Dependencies, is_snapshot_cycle),
    ) && !add(
        Anomaly::GNonadjacent,
        search.shortest(Reason::ReadWrite, Route::Nonadjacent, is_snapshot_cycle),
    ) && !skipping.has_cycle
    {
        let is_cyclic = membership(part, &components(part, Reasons::DATA));
        // With no cycle in the layers, every cycle through an anti-dependency has two of them in a row.
        let links = search.shortest(Reason::ReadWrite, Route::Any, |from, to| {
            same(&is_cyclic, from, to)
        });
        add(Anomaly::G2Item, links);
    }
    found
}

const NONE: u32 = u32::MAX;

fn membership(graph: &Graph, components: &[Vec<u32>]) -> Vec<u32> {
    let mut places = vec![NONE; graph.nodes() as usize];
    for (place, members) in (0..).zip(components) {
        members
            .iter()
            .for_each(|&member| places[member as usize] = place);
    }
    places
}

/// The components of the two-layer graph: node n below at 2n, above at 2n + 1.
struct Layers {
    places: Vec<u32>,
    has_cycle: bool,
}

impl Layers {
    fn new(graph: &Graph) -> Self {
        let mut layered = GraphBuilder::new(2 * graph.nodes() as usize);
        for node in 0..graph.nodes() {
            for &(to, reason) in graph.from(node) {
                match reason {
                    Reason::ReadWrite => layered.link(2 * node, 2 * to + 1, reason),
                    Reason::Gate => {
                        layered.link(2 * node, 2 * to, reason);
                        layered.link(2 * node + 1, 2 * to + 1, reason);
                    }
                    Reason::WriteWrite | Reason::WriteRead | Reason::RealTime => {
                        layered.link(2 * node, 2 * to, reason);
                        layered.link(2 * node + 1, 2 * to, reason);
                    }
                }
            }
        }
        let layered = layered.finish();
        let components = components(&layered, Reasons::DATA);
        Self {
            has_cycle: !components.is_empty(),
            places: membership(&layered, &components),
        }
    }

    /// Whether the anti-dependency between two nodes lies on a cycle of the layers.
    fn closes(&self, from: u32, to: u32) -> bool {
        let (below, above) = (
            self.places[2 * from as usize],
            self.places[2 * to as usize + 1],
        );
        below != NONE && below == above
    }
}

/// Which edges may lead back to the start of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Overwrites,
    Dependencies,
    /// Any, but no anti-dependency right after another, the first edge of the cycle included.
    Nonadjacent,
    Any,
}

impl Route {
    /// Whether an edge may follow; `after_rw` says whether the edge before it was an anti-dependency.
    fn allows(self, reason: Reason, after_rw: bool) -> bool {
        match self {
            Self::Overwrites => Reasons::WRITES.contains(reason),
            Self::Dependencies => Reasons::DEPENDENCIES.contains(reason),
            Self::Nonadjacent => !(after_rw && reason == Reason::ReadWrite),
            Self::Any => true,
        }
    }
}

struct Search<'a> {
    graph: &'a Graph,
    edges_left: u64,
    /// How each state was reached in the current round; kept between rounds, since most rounds reach few states.
    reached: Vec<Reached>,
    round: u32,
}

/// The shortest way to a state known in a round.
#[derive(Clone, Copy)]
struct Reached {
    round: u32,
    before: u32,
    reason: Reason,
    length: usize,
}

impl<'a> Search<'a> {
    fn new(graph: &'a Graph, edges_visited_max: u64) -> Self {
        let nowhere = Reached {
            round: 0,
            before: NONE,
            reason: Reason::Gate,
            length: 0,
        };
        Self {
            graph,
            edges_left: edges_visited_max,
            reached: vec![nowhere; 2 * graph.nodes() as usize],
            round: 0,
        }
    }

    fn length(&self, state: u32) -> Option<usize> {
        let reached = self.reached[state as usize];
        (reached.round == self.round).then_some(reached.length)
    }

    fn reach(&mut self, state: u32, before: u32, reason: Reason, length: usize) {
        self.reached[state as usize] = Reached {
            round: self.round,
            before,
            reason,
            length,
        };
    }

    /// The shortest cycle that starts with an edge of `first` that `anchor` admits and returns by `route`.
    ///
    /// Anchors are tried in order until the allowance is spent; the first is always followed to its end, so that a cycle
    /// the components promise is always shown.
    fn shortest(
        &mut self,
        first: Reason,
        route: Route,
        anchor: impl Fn(u32, u32) -> bool,
    ) -> Option<Vec<Link>> {
        let mut best: Option<Vec<Link>> = None;
        for from in 0..self.graph.transactions {
            for &(to, reason) in self.graph.from(from) {
                if reason != first || !anchor(from, to) {
                    continue;
                }
                let length_max = best.as_ref().map_or(usize::MAX, |links| links.len() - 1);
                if let Some(links) = self.back(from, to, first, route, length_max) {
                    best = Some(links);
                }
                if self.edges_left == 0 || best.as_ref().is_some_and(|links| links.len() == 2) {
                    return best;
                }
            }
        }
        best
    }

    /// The cycle that goes from `from` to `to` and back by the route with the fewest transactions.
    fn back(
        &mut self,
        from: u32,
        to: u32,
        first: Reason,
        route: Route,
        length_max: usize,
    ) -> Option<Vec<Link>> {
        // States are 2 * node, plus 1 right after an anti-dependency if the route minds; gates cost nothing.
        let minds = route == Route::Nonadjacent;
        let state = |node: u32, after_rw: bool| 2 * node + u32::from(minds && after_rw);
        self.round += 1;
        let start = state(to, first == Reason::ReadWrite);
        self.reach(
            start,
            start,
            first,
            1 + usize::from(!self.graph.is_gate(to)),
        );
        let mut open = VecDeque::from([start]);
        while let Some(here) = open.pop_front() {
            let length = self.length(here).expect("every open state was reached");
            for &(next, reason) in self.graph.from(here / 2) {
                self.edges_left = self.edges_left.saturating_sub(1);
                if !route.allows(reason, here % 2 == 1) {
                    continue;
                }
                let after_rw =
                    reason == Reason::ReadWrite || (reason == Reason::Gate && here % 2 == 1);
                if next == from && !(minds && after_rw) {
                    return Some(self.unwind(from, here, reason));
                }
                let (there, cost) = (
                    state(next, after_rw),
                    usize::from(!self.graph.is_gate(next)),
                );
                let length = length + cost;
                if length <= length_max && self.length(there).is_none_or(|known| length < known) {
                    self.reach(there, here, reason, length);
                    if cost == 0 {
                        open.push_front(there)
                    } else {
                        open.push_back(there)
                    }
                }
            }
        }
        None
    }

    /// Walks back from the last state to the start, dropping gates: a hop through gates has the reason of its entrance.
    fn unwind(&self, from: u32, last: u32, closing: Reason) -> Vec<Link> {
        let mut steps = vec![(last / 2, closing)];
        let mut here = last;
        loop {
            let Reached { before, reason, .. } = self.reached[here as usize];
            if before == here {
                steps.push((from, reason));
                break;
            }
            steps.push((before / 2, reason));
            here = before;
        }
        steps.reverse();
        let is_transaction = |(node, _): &(u32, Reason)| !self.graph.is_gate(*node);
        steps
            .into_iter()
            .filter(is_transaction)
            .map(|(transaction, reason)| Link {
                transaction,
                reason,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Reason::{ReadWrite, RealTime, WriteRead, WriteWrite};
    use super::*;

    fn found(edges: &[(u32, u32, Reason)]) -> Vec<(Anomaly, Vec<u32>)> {
        let mut builder = GraphBuilder::new(8);
        edges
            .iter()
            .for_each(|&(from, to, reason)| builder.link(from, to, reason));
        let cycles = find(&builder.finish(), 1_000_000).into_iter();
        cycles
            .map(|cycle| {
                (
                    cycle.anomaly,
                    cycle.links.iter().map(|link| link.transaction).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn a_shorter_cycle_of_another_kind_is_not_taken_for_the_one_sought() {
        // The cycle that breaks snapshot isolation takes the long way round; the short cut has two anti-dependencies in
        // a row, as write skew has.
        let skew = [(0, 1, ReadWrite), (1, 0, ReadWrite)];
        let fork = [
            (0, 1, ReadWrite),
            (1, 2, WriteRead),
            (2, 3, ReadWrite),
            (3, 0, WriteRead),
        ];
        let short_cut = [(1, 3, ReadWrite)];
        let long = [(Anomaly::GNonadjacent, vec![0, 1, 2, 3])];
        assert_eq!(found(&[&fork[..], &short_cut[..]].concat()), long);
        assert_eq!(found(&[&fork[..], &skew[..]].concat()), long);
        assert_eq!(found(&skew), [(Anomaly::G2Item, vec![0, 1])]);
    }

    #[test]
    fn the_shortest_cycle_is_shown() {
        let long = [
            (0, 1, WriteWrite),
            (1, 2, WriteRead),
            (2, 3, WriteWrite),
            (3, 0, WriteWrite),
        ];
        let short = [(2, 5, WriteRead), (5, 2, WriteWrite)];
        assert_eq!(
            found(&[&long[..], &short[..]].concat()),
            [(Anomaly::G1c, vec![2, 5])]
        );
    }

    #[test]
    fn real_time_counts_only_where_the_data_shows_no_cycle() {
        let missed = [(0, 1, RealTime), (1, 0, ReadWrite)];
        assert_eq!(found(&missed), [(Anomaly::RealTime, vec![0, 1])]);
        let read = [(0, 1, WriteRead)];
        assert_eq!(
            found(&[&missed[..], &read[..]].concat()),
            [(Anomaly::GSingle, vec![1, 0])]
        );
    }

    #[test]
    fn without_allowance_a_cycle_is_still_shown() {
        let edges: Vec<_> = (0..8)
            .map(|node| (node, (node + 1) % 8, WriteWrite))
            .collect();
        let mut builder = GraphBuilder::new(8);
        edges
            .iter()
            .for_each(|&(from, to, reason)| builder.link(from, to, reason));
        let cycles = find(&builder.finish(), 0);
        assert_eq!(
            (cycles.len(), cycles[0].anomaly, cycles[0].links.len()),
            (1, Anomaly::G0, 8)
        );
    }
}
