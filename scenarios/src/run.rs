//! One run: from a scenario and its seeds to a judged record.
//!
//! [`run`] is the whole story. It is a pure function of its order: no file, no clock, no terminal,
//! hence the same in a test, in a worker and at a prompt. What is printed stands in
//! [`commands`](crate::commands).

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use model::client::script::Planned;
use model::defects::Defects;
use model::invariants::CHECKS;
use model::system::System;
use sim::check::objective::SLO_MET;
use sim::check::{Check, Judgement};
use sim::fault::Plan;
use sim::random::Randomness;
use sim::record::Record;
use sim::time::SimTime;
use sim::world::{Bounds, Recording, World, WorldConfig};

use crate::given::Given;
use crate::scenario::{self, Scenario};
use crate::seeds::RunSeeds;

/// What to run. There is no default: who starts a run states it all.
#[derive(Clone, Copy)]
pub struct RunOrder<'a> {
    /// The situation. It has passed [validation](crate::file::validate).
    pub scenario: &'a Scenario,
    /// Where all chance comes from.
    pub seeds: RunSeeds,
    /// What is given and not drawn.
    pub given: &'a Given,
    /// Bugs that are switched on.
    pub defects: &'a Defects,
    /// What is written down.
    pub recording: Recording,
}

/// What came of a run.
pub struct Outcome {
    /// What it left behind.
    pub record: Record,
    /// What the checks made of it.
    pub judgements: Vec<Judgement>,
}

/// Nothing but what the checks need.
pub const JUDGEMENT_ONLY: Recording = Recording {
    trace: false,
    log: false,
    draws: false,
};

/// Every event as well.
pub const WITH_TRACE: Recording = Recording {
    trace: true,
    ..JUDGEMENT_ONLY
};

/// Runs a scenario once and judges it: build the system, let faults strike while clients work,
/// heal, wait until all is quiet, ask the system what it holds, and judge.
pub fn run(order: &RunOrder<'_>) -> Outcome {
    let scenario = order.scenario.clone();
    let plan = order.given.plan.clone().unwrap_or_else(|| draw_plan(order));
    let script = operations_of(order);
    let randomness = Randomness::new(order.seeds.resolve());
    let record = sim::run(world_config(order), |world| {
        let (size, workload) = (&scenario.system, &scenario.workload);
        let system = System::build(world, &randomness, size, workload, &script, order.defects);
        world.install(plan);
        world.with_record(|record| record.objectives = scenario.objectives.clone());
        let world = world.clone();
        let heal_at_ms = order.given.heal_at_ms.unwrap_or(scenario.bounds.chaos_ms);
        async move {
            let chaos = Duration::from_millis(heal_at_ms);
            world.director().sleep(chaos).await;
            world.heal();
            let pending = settle(&world, &system, &scenario.bounds).await;
            world.with_record(|record| record.pending = Some(pending));
            system.take_facts().await;
        }
    });
    let judgements = sim::check::judge(&record, &expected_checks(order.scenario));
    Outcome { record, judgements }
}

/// The faults of a run: those the scenario scripts, then those its swarm draws for the seed.
pub fn draw_plan(order: &RunOrder<'_>) -> Plan {
    let scenario = order.scenario;
    let mut plan = Plan {
        faults: scenario.faults.plan.clone(),
    };
    if let Some(swarm) = &scenario.faults.swarm {
        let targets = model::system::targets(&scenario.system);
        let drawn = swarm.draw(&targets, &Randomness::new(order.seeds.resolve()));
        plan.faults.extend(drawn.faults);
    }
    plan
}

/// What the clients of a run do, in the order of the times: as it is given, or else as it is drawn.
pub fn operations_of(order: &RunOrder<'_>) -> Vec<Planned> {
    if let Some(given) = &order.given.operations {
        return given.clone();
    }
    let Scenario {
        system, workload, ..
    } = order.scenario;
    let randomness = Randomness::new(order.seeds.resolve());
    model::client::script::draw(system, workload, &randomness)
}

/// The promises a scenario expects, in the order in which the system lists them: all, unless it names
/// some. Without objectives there is nothing to meet.
pub fn expected_checks(scenario: &Scenario) -> Vec<Check> {
    let named = &scenario.checks.expected;
    let expected = |check: &&Check| match named.is_empty() {
        true => check.name != SLO_MET.name || !scenario.objectives.is_empty(),
        false => named.iter().any(|name| name == check.name),
    };
    CHECKS.iter().filter(expected).copied().collect()
}

/// A node that is polled so often within one instant spins: the busiest honest node of the largest
/// scenario stays far below.
const POLLS_PER_INSTANT_MAX: u64 = 100_000;

fn world_config(order: &RunOrder<'_>) -> WorldConfig {
    let Scenario {
        network,
        disk,
        bounds,
        ..
    } = order.scenario;
    const ASCENDING: &str = "validation lets only tables pass that ascend";
    WorldConfig {
        seeds: order.seeds.resolve(),
        links: network.profiles().expect(ASCENDING),
        disk: disk.profile().expect(ASCENDING),
        steering: order.given.steering(),
        bounds: Bounds {
            steps: bounds.steps,
            time: SimTime::from_millis(bounds.time_ms),
            polls_per_instant: POLLS_PER_INSTANT_MAX,
        },
        recording: order.recording,
    }
}

/// How long the director waits before it asks again what is unfinished.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Waits until clients are done and nothing is pending for a while, or the bound passes. Gives what
/// is still unfinished, by name.
async fn settle(world: &World, system: &System, bounds: &scenario::Bounds) -> Vec<String> {
    let settle = Duration::from_millis(bounds.settle_ms);
    let deadline = world.now() + settle;
    if !within(world, settle, system.clients_done()).await {
        let mut unfinished = open_operations(world);
        unfinished.extend(system.pending().await);
        return unfinished;
    }
    loop {
        let mut pending = system.pending().await;
        if pending.is_empty() {
            // What was delayed on its way may still land and make new work.
            let quiet = Duration::from_millis(bounds.quiet_ms);
            world.director().sleep(quiet).await;
            pending = system.pending().await;
            if pending.is_empty() {
                return pending;
            }
        }
        if world.now() >= deadline {
            return pending;
        }
        world.director().sleep(ASK_EVERY).await;
    }
}

/// Whether something happens within a span.
async fn within(world: &World, span: Duration, happens: impl Future<Output = ()>) -> bool {
    let mut happens = pin!(happens);
    let mut timer = pin!(world.director().sleep(span));
    std::future::poll_fn(|context| {
        // The awaited is looked at first: what happens at the last instant counts.
        if happens.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        timer.as_mut().poll(context).map(|()| false)
    })
    .await
}

fn open_operations(world: &World) -> Vec<String> {
    let mut open = Vec::new();
    world.with_record(|record| {
        for (id, operation) in record.history.open() {
            let (process, function) = (&operation.process, &operation.function);
            open.push(format!("operation {} ({function} by {process})", id.0));
        }
    });
    open
}
