//! The simulated network's speed against its peers, all in one run.
//!
//! The same ping-pong runs over our network ([`ours`]), madsim's own `NetSim` ([`netsim`]), turmoil
//! ([`turmoil_net`]) and a bare heap of events ([`heap`]), which does nothing but order them and so
//! bounds what any simulator could reach. A *message* is one delivery: a round trip counts two,
//! everywhere. Each run is timed as a whole, set-up and tear-down included.
//!
//! Two workloads, because networks offer two things:
//!
//! - *datagrams*: one-way messages there and back. The counterparts are madsim's `Endpoint::send_to`
//!   and turmoil's `UdpSocket`: unreliable, uncorrelated, no deadline, as ours are.
//! - *calls*: a typed request with a deadline, and its answer. The counterparts are madsim's RPC with
//!   a timeout (`call_timeout`) and, since turmoil has no RPC, an echo over its TCP under a timeout.
//!
//! Latencies are uniform from 1 to 10 ms where the peer can do that. `NetSim` adds a millisecond at
//! each end of its own; turmoil only knows a clipped exponential, here given the same mean. turmoil
//! runs in two layouts, see [`turmoil_net`]; with a host per node it plays fewer rounds, and is left
//! out of the largest load, for which it would build a link for each two of 20,000 hosts.
//!
//! The columns *turmoil* and *packed* are turmoil's two layouts.
//!
//! Repetitions of the peers alternate, and the median of processor time counts, so that neither a
//! busy machine nor a slow minute favours anyone. It is no regression test: it fails when a peer
//! does not deliver every message, never for being slow.
//!
//! `cargo bench -p sim --bench peers [-- --quick]`

mod heap;
mod netsim;
mod ours;
mod table;
mod turmoil_net;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::table::{Measured, PEERS, Table};

/// How much is sent, and among how many.
#[derive(Clone, Copy)]
pub struct Load {
    /// Clients, each with a server of its own.
    pub pairs: usize,
    /// Round trips of each pair.
    pub rounds: usize,
}

impl Load {
    /// How many messages are delivered, over all pairs.
    pub fn messages(self) -> usize {
        2 * self.pairs * self.rounds
    }
}

/// The fastest a message arrives.
pub const LATENCY_MIN: Duration = Duration::from_millis(1);
/// The slowest a message arrives.
pub const LATENCY_MAX: Duration = Duration::from_millis(10);
/// When a call is given up; far beyond any answer.
pub const DEADLINE: Duration = Duration::from_secs(1);
/// Where the peers' generators start; every repetition does the same.
pub const SEED: u64 = 1;

/// One way to play ping-pong; gives the messages it saw delivered.
type Peer = fn(Load) -> usize;

const DATAGRAMS: [Peer; 5] = [
    ours::datagrams,
    netsim::datagrams,
    turmoil_net::spread_datagrams,
    turmoil_net::packed_datagrams,
    heap::events,
];
const CALLS: [Peer; 5] = [
    ours::calls,
    netsim::calls,
    turmoil_net::spread_calls,
    turmoil_net::packed_calls,
    heap::events,
];

/// The peer whose cost per message grows with the square of the pairs.
const SPREAD: &str = "turmoil";

fn main() {
    // `cargo bench` passes `--bench`, which says nothing here.
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (loads, repetitions) = if quick {
        ([(1, 200), (100, 2), (1_000, 2)], 1)
    } else {
        ([(1, 10_000), (100, 1_000), (10_000, 4)], 3)
    };
    let mut table = Table::default();
    for (name, peers) in [("datagrams", DATAGRAMS), ("calls", CALLS)] {
        for (pairs, rounds) in loads {
            let load = Load { pairs, rounds };
            table.add(name, load, measure(&peers, load, repetitions));
        }
    }
    print!("{table}");
}

/// Median speed of each peer over interleaved repetitions; nothing for one left out.
fn measure(peers: &[Peer; 5], load: Load, repetitions: usize) -> Measured {
    let mut speeds = peers.map(|_| Vec::with_capacity(repetitions));
    for _ in 0..repetitions {
        for ((peer, name), speeds) in peers.iter().zip(PEERS).zip(&mut speeds) {
            let Some(load) = bearable(name, load) else {
                continue;
            };
            let begin = processor_time();
            let delivered = peer(load);
            let spent = processor_time() - begin;
            assert_eq!(delivered, load.messages(), "every message is delivered");
            speeds.push(delivered as f64 / spent.as_secs_f64());
        }
    }
    speeds.map(|mut speeds| {
        speeds.sort_by(f64::total_cmp);
        speeds.get(speeds.len() / 2).copied()
    })
}

/// The load as a peer can bear it; nothing when it cannot.
fn bearable(peer: &str, load: Load) -> Option<Load> {
    match load.pairs {
        _ if peer != SPREAD => Some(load),
        0..10 => Some(load),
        10..=100 => Some(Load {
            rounds: load.rounds.min(3),
            ..load
        }),
        _ => None,
    }
}

/// What this thread has spent computing. All peers run on the calling thread alone.
fn processor_time() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}
