//! Ping-pong over our network: one node per client and server, trace off, fingerprint on as always.

use std::cell::Cell;
use std::rc::Rc;

use sim::disk::DiskProfile;
use sim::latency::Latency;
use sim::network::{LinkProfiles, Payload, Request};
use sim::random::Seeds;
use sim::steering::Steering;
use sim::world::{Bounds, DIRECTOR, Recording, WorldConfig};
use sim::{NodeContext, NodeId, SimTime};

use crate::{DEADLINE, LATENCY_MAX, LATENCY_MIN, Load, SEED};

#[derive(Debug, Hash)]
struct Ping(u64);
#[derive(Debug, Hash)]
struct Pong(u64);
impl Payload for Ping {}
impl Payload for Pong {}
impl Request for Ping {
    type Response = Pong;
}

/// One-way messages there and back; gives how many arrived.
pub fn datagrams(load: Load) -> usize {
    ping_pong(
        load,
        |node| async move {
            loop {
                let incoming = node.receive().await;
                let ping = incoming.payload::<Ping>().expect("clients send pings");
                node.send(incoming.from, Pong(ping.0));
            }
        },
        |node, server, rounds, arrived| async move {
            for round in 0..rounds {
                node.send(server, Ping(round as u64));
                let pong = node.receive().await.payload::<Pong>();
                assert_eq!(pong.expect("servers send pongs").0, round as u64);
                arrived.set(arrived.get() + 2);
            }
        },
    )
}

/// Requests with a deadline and their answers; gives how many messages arrived.
pub fn calls(load: Load) -> usize {
    ping_pong(
        load,
        |node| async move {
            loop {
                let incoming = node.receive().await;
                let ping = incoming.payload::<Ping>().expect("clients send pings");
                node.reply(&incoming, Pong(ping.0));
            }
        },
        |node, server, rounds, arrived| async move {
            for round in 0..rounds {
                let pong = node.call(server, Ping(round as u64), DEADLINE).await;
                assert_eq!(pong.expect("the server answers").0, round as u64);
                arrived.set(arrived.get() + 2);
            }
        },
    )
}

/// Runs a world of pairs until every client is through.
fn ping_pong<Serving, Playing>(
    load: Load,
    server: impl Fn(NodeContext) -> Serving + Copy + 'static,
    client: impl Fn(NodeContext, NodeId, usize, Rc<Cell<usize>>) -> Playing + Copy + 'static,
) -> usize
where
    Serving: Future<Output = ()> + 'static,
    Playing: Future<Output = ()> + 'static,
{
    let arrived = Rc::new(Cell::new(0));
    let seen = arrived.clone();
    let record = sim::run(config(), move |world| {
        for pair in 0..load.pairs {
            let server = world.add_node(&format!("server-{pair}"), server);
            let arrived = seen.clone();
            world.add_node(&format!("client-{pair}"), move |node| {
                let arrived = arrived.clone();
                async move {
                    client(node.clone(), server, load.rounds, arrived.clone()).await;
                    if arrived.get() == load.messages() {
                        node.send(DIRECTOR, Pong(0));
                    }
                }
            });
        }
        let director = world.director();
        async move { drop(director.receive().await) }
    });
    assert!(record.findings.is_empty(), "{:?}", record.findings);
    arrived.get()
}

fn config() -> WorldConfig {
    let latency = Latency::uniform(LATENCY_MIN, LATENCY_MAX);
    WorldConfig {
        seeds: Seeds::derive(SEED),
        links: LinkProfiles::everywhere(latency.clone()),
        disk: DiskProfile {
            access: latency.clone(),
            sync: latency,
        },
        steering: Steering::NONE,
        bounds: Bounds {
            steps: u64::MAX,
            time: SimTime::NEVER,
            polls_per_instant: 1_000_000,
        },
        recording: Recording {
            trace: false,
            log: false,
            draws: false,
        },
    }
}
