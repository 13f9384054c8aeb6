//! Ping-pong over madsim's `NetSim`: one madsim node per client and server, as ours has.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use madsim::net::Endpoint;
use madsim::runtime::{NodeHandle, Runtime};
use serde::{Deserialize, Serialize};

use crate::{DEADLINE, LATENCY_MAX, LATENCY_MIN, Load, SEED};

#[derive(Serialize, Deserialize)]
struct Ping(u64);
impl madsim::net::rpc::Request for Ping {
    type Response = u64;
    const ID: u64 = 1;
}

/// What a datagram is told apart by; all are alike here.
const TAG: u64 = 1;
const PORT: u16 = 1;
/// Until every server is bound: madsim's clock moves at each poll, so that among thousands of tasks
/// a client could otherwise send to a server that is not there yet.
const SETTLE: Duration = Duration::from_millis(100);

/// Datagrams there and back; gives how many arrived.
pub fn datagrams(load: Load) -> usize {
    ping_pong(
        load,
        |endpoint| async move {
            let mut buffer = [0; 8];
            loop {
                let (_, from) = endpoint.recv_from(TAG, &mut buffer).await.expect("bound");
                endpoint.send_to(from, TAG, &buffer).await.expect("bound");
            }
        },
        |endpoint, server, rounds, arrived| async move {
            let mut buffer = [0; 8];
            for round in 0..rounds as u64 {
                let ping = round.to_le_bytes();
                endpoint.send_to(server, TAG, &ping).await.expect("bound");
                endpoint.recv_from(TAG, &mut buffer).await.expect("bound");
                assert_eq!(u64::from_le_bytes(buffer), round);
                arrived.fetch_add(2, Ordering::Relaxed);
            }
        },
    )
}

/// RPCs with a timeout; gives how many messages arrived.
pub fn calls(load: Load) -> usize {
    ping_pong(
        load,
        |endpoint| async move {
            endpoint.add_rpc_handler(|ping: Ping| async move { ping.0 });
            std::future::pending::<()>().await;
        },
        |endpoint, server, rounds, arrived| async move {
            for round in 0..rounds as u64 {
                let pong = endpoint.call_timeout(server, Ping(round), DEADLINE).await;
                assert_eq!(pong.expect("the server answers"), round);
                arrived.fetch_add(2, Ordering::Relaxed);
            }
        },
    )
}

/// Runs a madsim runtime with all pairs until every client is through.
fn ping_pong<Serving, Playing>(
    load: Load,
    server: impl Fn(Endpoint) -> Serving + Copy + Send + Sync + 'static,
    client: impl Fn(Endpoint, SocketAddr, usize, Arc<AtomicUsize>) -> Playing
    + Copy
    + Send
    + Sync
    + 'static,
) -> usize
where
    Serving: Future<Output = ()> + Send + 'static,
    Playing: Future<Output = ()> + Send + 'static,
{
    let mut config = madsim::Config::default();
    config.net.send_latency = LATENCY_MIN..LATENCY_MAX;
    let runtime = Runtime::with_seed_and_config(SEED, config);
    let arrived = Arc::new(AtomicUsize::new(0));
    let mut clients = Vec::with_capacity(load.pairs);
    for pair in 0..load.pairs {
        let (server_node, address) = node(&runtime, 2 * pair);
        server_node.spawn(async move { server(bind(address).await).await });
        let (client_node, own) = node(&runtime, 2 * pair + 1);
        let arrived = arrived.clone();
        clients.push(client_node.spawn(async move {
            let endpoint = bind(own).await;
            madsim::time::sleep(SETTLE).await;
            client(endpoint, address, load.rounds, arrived).await;
        }));
    }
    runtime.block_on(async move {
        for client in clients {
            client.await.expect("a client ends by itself");
        }
    });
    arrived.load(Ordering::Relaxed)
}

fn node(runtime: &Runtime, number: usize) -> (NodeHandle, SocketAddr) {
    let base = u32::from(Ipv4Addr::new(10, 0, 0, 1));
    let ip = IpAddr::V4(Ipv4Addr::from(base + number as u32));
    (
        runtime.create_node().ip(ip).build(),
        SocketAddr::new(ip, PORT),
    )
}

async fn bind(address: SocketAddr) -> Endpoint {
    Endpoint::bind(address)
        .await
        .expect("the address is the node's own")
}
