//! Ping-pong over turmoil, in two layouts.
//!
//! *Spread* is like for like: a host per client and per server, as the other peers have, so that each
//! could crash or be cut off by itself. turmoil runs every host at every tick and looks through every
//! link for each host, so its cost per tick grows with the cube of the hosts.
//!
//! *Packed* is what turmoil likes best: all clients are sockets of one host, all servers of another.
//! It can harm no single pair, but shows what its network costs without the hosts.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::spawn_local;
use tokio::time::timeout;
use turmoil::net::{TcpListener, TcpStream, UdpSocket};

use crate::{DEADLINE, LATENCY_MAX, LATENCY_MIN, Load, SEED};

const EVERY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const PORT_FIRST: u16 = 1_000;
/// turmoil's latency is min + (max − min) × Exp(λ), clipped at max; with this λ its mean is that of
/// the uniform distribution: (1 − e^−λ) / λ = 1/2.
const LATENCY_CURVE: f64 = 1.594;
/// A run of this much simulated time has gone wrong.
const TIME_MAX: Duration = Duration::from_secs(100_000);

/// UDP between hosts of their own; gives how many messages arrived.
pub fn spread_datagrams(load: Load) -> usize {
    datagrams(Layout::Spread, load)
}

/// UDP between sockets of two hosts; gives how many messages arrived.
pub fn packed_datagrams(load: Load) -> usize {
    datagrams(Layout::Packed, load)
}

/// An echo over TCP between hosts of their own; gives how many messages arrived.
pub fn spread_calls(load: Load) -> usize {
    calls(Layout::Spread, load)
}

/// An echo over TCP between sockets of two hosts; gives how many messages arrived.
pub fn packed_calls(load: Load) -> usize {
    calls(Layout::Packed, load)
}

/// Which hosts the pairs stand on.
#[derive(Clone, Copy)]
enum Layout {
    Spread,
    Packed,
}

impl Layout {
    /// How many hosts play clients (as many are servers), and how many pairs share one.
    fn hosts(self, pairs: usize) -> (usize, usize) {
        match self {
            Layout::Spread => (pairs, 1),
            Layout::Packed => (1, pairs),
        }
    }
}

fn datagrams(layout: Layout, load: Load) -> usize {
    ping_pong(
        layout,
        load,
        |port| async move {
            let socket = UdpSocket::bind((EVERY, port)).await?;
            let mut buffer = [0; 8];
            loop {
                let (_, from) = socket.recv_from(&mut buffer).await?;
                socket.send_to(&buffer, from).await?;
            }
        },
        |server, port, rounds, arrived| async move {
            let socket = UdpSocket::bind((EVERY, port)).await?;
            let mut buffer = [0; 8];
            for round in 0..rounds as u64 {
                socket.send_to(&round.to_le_bytes(), (server, port)).await?;
                socket.recv_from(&mut buffer).await?;
                assert_eq!(u64::from_le_bytes(buffer), round);
                arrived.set(arrived.get() + 2);
            }
            Ok(())
        },
    )
}

/// A connection for all rounds of a pair; its handshake and close are not counted.
fn calls(layout: Layout, load: Load) -> usize {
    ping_pong(
        layout,
        load,
        |port| async move {
            let (mut stream, _) = TcpListener::bind((EVERY, port)).await?.accept().await?;
            let mut buffer = [0; 8];
            while stream.read_exact(&mut buffer).await.is_ok() {
                stream.write_all(&buffer).await?;
            }
            Ok(())
        },
        |server, port, rounds, arrived| async move {
            let mut stream = TcpStream::connect((server, port)).await?;
            let mut buffer = [0; 8];
            for round in 0..rounds as u64 {
                timeout(DEADLINE, async {
                    stream.write_all(&round.to_le_bytes()).await?;
                    stream.read_exact(&mut buffer).await
                })
                .await??;
                assert_eq!(u64::from_le_bytes(buffer), round);
                arrived.set(arrived.get() + 2);
            }
            Ok(())
        },
    )
}

/// Runs a turmoil simulation with all pairs until every client is through.
fn ping_pong<Serving, Playing>(
    layout: Layout,
    load: Load,
    server: impl Fn(u16) -> Serving + Copy + 'static,
    client: impl Fn(IpAddr, u16, usize, Rc<Cell<usize>>) -> Playing + Copy + 'static,
) -> usize
where
    Serving: Future<Output = turmoil::Result> + 'static,
    Playing: Future<Output = turmoil::Result> + 'static,
{
    let (hosts, shared) = layout.hosts(load.pairs);
    let ports = PORT_FIRST..PORT_FIRST + u16::try_from(shared).expect("a port for each pair");
    let mut simulation = turmoil::Builder::new()
        .rng_seed(SEED)
        .min_message_latency(LATENCY_MIN)
        .max_message_latency(LATENCY_MAX)
        .simulation_duration(TIME_MAX)
        .udp_capacity(shared.max(64))
        .build();
    simulation.set_message_latency_curve(LATENCY_CURVE);
    let arrived = Rc::new(Cell::new(0));
    for host in 0..hosts {
        let name = format!("server-{host}");
        let served = ports.clone();
        simulation.host(name.as_str(), move || {
            for port in served.clone() {
                spawn_local(server(port));
            }
            std::future::pending()
        });
        let address = simulation.lookup(name);
        let (ports, seen) = (ports.clone(), arrived.clone());
        simulation.client(format!("client-{host}"), async move {
            let playing =
                ports.map(|port| spawn_local(client(address, port, load.rounds, seen.clone())));
            for client in playing.collect::<Vec<_>>() {
                client.await?.map_err(|error| error.to_string())?;
            }
            Ok(())
        });
    }
    simulation.run().expect("the simulation runs to its end");
    arrived.get()
}
