//! Order in real time: a transaction answered before another was invoked comes before it.
//!
//! Saying so for every pair would take a number of edges quadratic in the history. Instead a chain of gates runs along
//! the history; a transaction enters it at its answer and those invoked later leave it, two edges each.

use super::graph::{GraphBuilder, Reason};
use crate::checkers::history::{History, OperationId};

/// When a transaction was invoked and answered; one that was never answered comes before nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetime {
    pub transaction: u32,
    pub invoked: u64,
    pub returned: Option<u64>,
}

/// Adds the order in real time between `lifetimes`.
pub(super) fn link(lifetimes: &[Lifetime], graph: &mut GraphBuilder) {
    let mut events: Vec<(u64, u32, bool)> = Vec::new();
    for lifetime in lifetimes {
        events.push((lifetime.invoked, lifetime.transaction, false));
        events.extend(lifetime.returned.map(|at| (at, lifetime.transaction, true)));
    }
    events.sort_unstable();
    let mut latest: Option<u32> = None;
    let mut was_left = true;
    for (_, transaction, is_return) in events {
        match (is_return, latest) {
            (false, None) => {}
            (false, Some(gate)) => {
                graph.link(gate, transaction, Reason::Gate);
                was_left = true;
            }
            (true, _) => {
                if was_left {
                    let gate = graph.gate();
                    latest
                        .iter()
                        .for_each(|&earlier| graph.link(earlier, gate, Reason::Gate));
                    latest = Some(gate);
                    was_left = false;
                }
                latest
                    .iter()
                    .for_each(|&gate| graph.link(transaction, gate, Reason::RealTime));
            }
        }
    }
}

/// Why an edge of real time holds, as a clause.
pub(super) fn because<Action, Output>(
    history: &History<Action, Output>,
    earlier: u32,
    later: u32,
) -> String {
    let answered = history.operation(OperationId(earlier)).returned_position();
    let answered =
        answered.expect("only an answered transaction comes before another in real time");
    let invoked = history.operation(OperationId(later)).invoked.position;
    format!(
        "T{earlier} was answered at event {answered}, before T{later} was invoked at event {invoked}"
    )
}
