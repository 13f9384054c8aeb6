//! Cycles in English.
//!
//! Each link of a cycle is a sentence that says what one transaction saw or missed of the next; the last one
//! contradicts the others. What was seen, only the workload knows; it answers through [`Explain`].

use super::cycles::Cycle;
use super::graph::Reason;
use super::isolation::Anomaly;
use super::report::Report;
use crate::checkers::history::OperationId;

/// A workload's knowledge of its own edges.
pub(super) trait Explain {
    /// A transaction in words.
    fn transaction(&self, transaction: u32) -> String;

    /// Why `earlier` comes before `later`, as a clause without a full stop.
    fn because(&self, earlier: u32, later: u32, reason: Reason) -> String;

    /// Whether two transactions wrote a key in common.
    fn share_a_written_key(&self, one: u32, other: u32) -> bool;
}

/// Notes every cycle with its proof.
pub(super) fn note_cycles(report: &mut Report, cycles: &[Cycle], explain: &impl Explain) {
    for cycle in cycles {
        let members: Vec<OperationId> = cycle
            .links
            .iter()
            .map(|link| OperationId(link.transaction))
            .collect();
        let is_skew = cycle.anomaly == Anomaly::G2Item
            && members.len() == 2
            && !explain.share_a_written_key(members[0].0, members[1].0);
        let anomaly = if is_skew {
            Anomaly::WriteSkew
        } else {
            cycle.anomaly
        };
        report.note(anomaly, &members, || statement(cycle, explain));
    }
}

fn statement(cycle: &Cycle, explain: &impl Explain) -> String {
    let count = cycle.links.len();
    let mut lines: Vec<String> = cycle
        .links
        .iter()
        .map(|link| {
            format!(
                "T{} = {{{}}}",
                link.transaction,
                explain.transaction(link.transaction)
            )
        })
        .collect();
    for (place, link) in cycle.links.iter().enumerate() {
        let (earlier, later) = (
            link.transaction,
            cycle.links[(place + 1) % count].transaction,
        );
        let because = explain.because(earlier, later, link.reason);
        let (opening, end) = if place + 1 == count {
            ("however, ", ": a contradiction")
        } else {
            ("", ";")
        };
        lines.push(format!("{opening}{because}, so T{earlier} < T{later}{end}"));
    }
    lines.join("\n")
}
