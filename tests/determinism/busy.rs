//! A small busy world in which everything that can differ would.
//!
//! Clients ask servers through lossy links at times of their own choosing, servers work, write and
//! pass points, tasks race within one instant, and a plan with a fault of every kind strikes. It is
//! the subject of the contract; what it does means nothing.

use std::time::Duration;

use sim::disk::DiskProfile;
use sim::fault::{CATALOGUE, Plan, swarm};
use sim::latency::Latency;
use sim::network::LinkProfiles;
use sim::random::{Lineage, Randomness, Root, Seeds};
use sim::record::Record;
use sim::steering::Steering;
use sim::world::{Bounds, Recording, WorldConfig};
use sim::{NodeContext, SimTime};

use crate::world::cast::{Answer, Question};
use crate::world::stage::{ms, say};

/// What is written down of a busy run.
pub const EVERYTHING: Recording = Recording {
    trace: true,
    log: true,
    draws: true,
};

/// Only what every run leaves.
pub const NOTHING: Recording = Recording {
    trace: false,
    log: false,
    draws: false,
};

/// How long things take here; drawn each time.
pub fn config(seeds: Seeds, recording: Recording) -> WorldConfig {
    let spread = Latency::quantiles([1, 2, 5, 20, 30].map(ms)).expect("an ascending table");
    WorldConfig {
        seeds,
        links: LinkProfiles::everywhere(spread),
        disk: DiskProfile {
            access: Latency::uniform(Duration::from_micros(50), ms(1)),
            sync: Latency::uniform(ms(1), ms(8)),
        },
        steering: Steering::NONE,
        bounds: Bounds {
            steps: 200_000,
            time: SimTime::from_millis(60_000),
            polls_per_instant: 10_000,
        },
        recording,
    }
}

const CLIENTS: [&str; 3] = ["client-1", "client-2", "client-3"];
const SERVERS: [&str; 2] = ["server-1", "server-2"];

/// The plan that the plan seed draws, of all kinds.
pub fn plan(seeds: Seeds) -> Plan {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let swarm = swarm::Swarm {
        kinds: None,
        faults_max: CATALOGUE.len() as u32,
        from_ms: 50,
        until_ms: 1_500,
        lasts_min_ms: 50,
        lasts_max_ms: 600,
    };
    let targets = swarm::Targets {
        nodes: names(&[&CLIENTS[..], &SERVERS[..]].concat()),
        disks: names(&SERVERS),
        points: vec![("written".to_owned(), "server-*".to_owned())],
    };
    swarm.draw(&targets, &Randomness::new(seeds))
}

/// Runs the busy world with the plan of its seeds.
pub fn run(seeds: Seeds, recording: Recording) -> Record {
    run_with(seeds, plan(seeds), recording)
}

/// Runs the busy world with this plan.
pub fn run_with(seeds: Seeds, plan: Plan, recording: Recording) -> Record {
    sim::run(config(seeds, recording), |world| {
        for name in CLIENTS {
            world.add_node(name, client);
        }
        for name in SERVERS {
            world.add_node(name, server);
        }
        world.install(plan);
        let (world, director) = (world.clone(), world.director());
        async move {
            director.sleep(ms(1_600)).await;
            world.heal();
            director.sleep(ms(400)).await;
        }
    })
}

/// Asks a random server twelve questions, each in a task of its own, with one retry.
async fn client(node: NodeContext) {
    for number in 0..12 {
        let mut choice = node.stream(Root::Workload, "choice");
        node.sleep(choice.span(ms(10), ms(200))).await;
        let to = node.find(choice.pick::<&str>(&SERVERS));
        let asker = node.clone();
        let cause = Lineage::of(&node.name()).child("operation", number);
        node.spawn_for(cause, async move {
            for attempt in 0..2 {
                let question = Question(number * 2 + attempt);
                let asked = asker.monotonic();
                tracing::debug!(number, attempt, "asks");
                match asker.call(to, question, ms(120)).await {
                    Ok(answer) => return say(&asker, format!("{number}: {answer:?}")),
                    Err(error) => say(&asker, format!("{number}: {error}")),
                }
                asker.measure("asked", &[], Some(asker.monotonic() - asked));
            }
        });
    }
}

/// Serves each question in a task of its own: works, writes, syncs, passes a point, answers.
async fn server(node: NodeContext) {
    loop {
        let incoming = node.receive().await;
        let own = node.clone();
        node.spawn_for(incoming.lineage, async move {
            own.work(&Latency::uniform(ms(1), ms(10))).await;
            // Three tasks that are ready at once: which one speaks first is the schedule's choice.
            for racer in ["left", "middle", "right"] {
                let racing = own.clone();
                own.spawn(racer, async move { say(&racing, racer) });
            }
            let written = own.disk().append("log", b"entry").await;
            let synced = own.disk().sync("log").await;
            own.pass("written").await;
            let length = own.disk().read("log").await.map_or(0, |bytes| bytes.len());
            let wall = own.wall_clock().millis();
            say(
                &own,
                format!("{:?} {length} at {wall}", written.and(synced)),
            );
            let life = own.incarnation();
            own.reply(&incoming, Answer { life, before: 0 });
        });
    }
}
