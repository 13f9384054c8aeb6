//! The table that is printed: speeds and ratios, one row per load.

use std::fmt;

use crate::Load;

/// Messages per second of each peer, in the order of [`PEERS`]; nothing where it was left out.
pub type Measured = [Option<f64>; 5];

/// The peers in the order of their columns. Ours comes first, the heap last.
pub const PEERS: [&str; 5] = ["ours", "NetSim", "turmoil", "packed", "heap"];

/// All rows measured so far.
#[derive(Default)]
pub struct Table {
    rows: Vec<(&'static str, Load, Measured)>,
}

impl Table {
    /// Adds one row.
    pub fn add(&mut self, workload: &'static str, load: Load, measured: Measured) {
        self.rows.push((workload, load, measured));
    }
}

/// Thousands of messages per second of processor time; then ours as a multiple of each peer, and as
/// a share of the bare heap.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<25} |{:^50} |{:^29} |    ours",
            "", "thousand messages per second", "ours as a multiple of"
        )?;
        write!(f, "{:<9} {:>6} {:>8} |", "workload", "pairs", "messages")?;
        PEERS.iter().try_for_each(|peer| write!(f, "{peer:>10}"))?;
        write!(f, " |")?;
        let rivals = &PEERS[1..PEERS.len() - 1];
        rivals.iter().try_for_each(|peer| write!(f, "{peer:>9} "))?;
        writeln!(f, "| of heap")?;
        for (workload, load, measured) in &self.rows {
            let (pairs, messages) = (load.pairs, load.messages());
            write!(f, "{workload:<9} {pairs:>6} {messages:>8} |")?;
            for speed in measured {
                cell(f, speed.map(|speed| speed / 1_000.0), "")?;
            }
            write!(f, " |")?;
            let ratio = |peer: &Option<f64>| measured[0].zip(*peer).map(|(ours, peer)| ours / peer);
            let (heap, rivals) = measured[1..].split_last().expect("the heap is a peer");
            for rival in rivals {
                cell(f, ratio(rival), "")?;
            }
            write!(f, "|")?;
            cell(f, ratio(heap).map(|share| 100.0 * share), "%")?;
            writeln!(f)?;
        }
        Ok(())
    }
}

fn cell(f: &mut fmt::Formatter<'_>, value: Option<f64>, unit: &str) -> fmt::Result {
    match value {
        Some(value) => write!(f, "{:>10}", format!("{value:.1}{unit}")),
        None => write!(f, "{:>10}", "-"),
    }
}
