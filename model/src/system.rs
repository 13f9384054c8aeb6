//! The whole system: which nodes there are, how they are wired, and what may be broken.
//!
//! [`System::build`] is the place to see all parts side by side.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use sim::World;
use sim::fault::swarm::Targets;
use sim::random::Randomness;

use crate::alerts::node::OPS;
use crate::client::board::Board;
use crate::client::node::ClientSetup;
use crate::client::script::Planned;
use crate::config::{SystemConfig, Workload};
use crate::core::audit::sealing;
use crate::core::node::CoreSetup;
use crate::defects::Defects;
use crate::deployer::{DEPLOYER, DeployerSetup};
use crate::inspection::Ends;
use crate::ledger::engine::statement::Statement;
use crate::ledger::node::{LEDGER, LedgerSetup};
use crate::ledger::replica::config::ReplicaConfig;
use crate::ledger::replica::operator::{OPERATOR, OperatorSetup};
use crate::ledger::replica::server::ServerSetup;
use crate::ledger::tables::{self, Purposes};
use crate::ledger::timing::LedgerTiming;
use crate::listener::node::{ListenerSetup, Storage};
use crate::locker::hardware::Hardware;
use crate::locker::node::LockerSetup;
use crate::metrics::METRICS;
use crate::points::{
    EDIT_POINTS, FAULT_POINTS, INCOMING_POINTS, REALTIME_POINTS, SEARCH_POINTS, WEBHOOK_POINTS,
};
use crate::provider::attacker::{ATTACKER, AttackerSetup};
use crate::provider::config::IncomingConfig;
use crate::provider::node::{Books as ProviderBooks, ProviderSetup, Wire};
use crate::realtime::config::RealtimeConfig;
use crate::receiver::node::{Books, ReceiverSetup};
use crate::search::node::{SEARCH, SearchSetup};
use crate::verify::node::VerifySetup;
use crate::webhooks::config::{DeliveryMode, WebhookConfig};
use crate::{
    alerts, client, core, deployer, inspection, ledger, listener, locker, provider, receiver,
    search, verify,
};

/// The system in a world.
pub struct System {
    world: World,
    lockers: Vec<String>,
    receivers: Vec<String>,
    listeners: Vec<String>,
    providers: Vec<String>,
    purposes: Purposes,
    operations: usize,
    board: Board,
}

fn numbered(role: &str, count: u32) -> Vec<String> {
    (1..=count)
        .map(|number| format!("{role}-{number}"))
        .collect()
}

/// The names of so many Lockers.
pub fn locker_names(count: u32) -> Vec<String> {
    numbered("locker", count)
}

/// The names of the customers' machines, in the order of their endpoints.
fn receiver_names(system: &SystemConfig) -> Vec<String> {
    let names = system.webhooks.as_ref().map(WebhookConfig::names);
    names.unwrap_or_default()
}

/// The names of those who send webhooks.
fn provider_names(system: &SystemConfig) -> Vec<String> {
    let names = system.incoming.as_ref().map(IncomingConfig::names);
    names.unwrap_or_default()
}

/// The name of the one who forges them, where somebody does.
fn attacker_name(system: &SystemConfig) -> Option<String> {
    let forged = system.incoming.as_ref().is_some_and(|it| it.forgeries > 0);
    forged.then(|| ATTACKER.to_owned())
}

/// Users' devices, each with its user.
fn devices(system: &SystemConfig) -> Vec<(String, String)> {
    let devices = system.realtime.as_ref().map(RealtimeConfig::devices);
    devices.unwrap_or_default()
}

fn device_names(system: &SystemConfig) -> Vec<String> {
    devices(system).into_iter().map(|(name, _)| name).collect()
}

/// The names of the Ledger's servers; the first one leads at the start.
fn ledger_names(system: &SystemConfig) -> Vec<String> {
    let replicas = system.replicas.as_ref().map_or(0, |it| it.count);
    let further = (2..=replicas + 1).map(|number| format!("{LEDGER}-{number}"));
    [LEDGER.to_owned()].into_iter().chain(further).collect()
}

/// The names of all nodes, in the order of their creation.
pub fn node_names(system: &SystemConfig, workload: &Workload) -> Vec<String> {
    let mut names = ledger_names(system);
    names.extend(system.replicas.as_ref().map(|_| OPERATOR.to_owned()));
    names.extend(locker_names(system.lockers));
    names.extend(receiver_names(system));
    names.extend(provider_names(system));
    names.extend(attacker_name(system));
    names.extend(system.search.as_ref().map(|_| SEARCH.to_owned()));
    names.extend(numbered("core", system.cores));
    names.extend(numbered("verify", system.verify.processes));
    names.extend(system.redeploy_at_ms.map(|_| DEPLOYER.to_owned()));
    names.extend(numbered("client", workload.clients));
    names.extend(device_names(system));
    names.push(OPS.to_owned());
    names
}

/// What a swarm may break: every machine of the service, and the links of all. Providers are other
/// people's services; they are slow or silent when their links are. Clients are people's devices; a crash of one would only mean that its user starts anew. Operations watch from outside, and the
/// operator of the Ledger's servers stands for more machines than one.
pub fn targets(system: &SystemConfig) -> Targets {
    let mut nodes = ledger_names(system);
    nodes.extend(locker_names(system.lockers));
    nodes.extend(system.search.as_ref().map(|_| SEARCH.to_owned()));
    let disks = nodes.clone();
    nodes.extend(receiver_names(system));
    nodes.extend(numbered("core", system.cores));
    nodes.extend(numbered("verify", system.verify.processes));
    let of_webhooks = system.webhooks.as_ref().map(|_| WEBHOOK_POINTS);
    let of_incoming = system.incoming.as_ref().map(|_| INCOMING_POINTS);
    let of_realtime = system.realtime.as_ref().map(|_| REALTIME_POINTS);
    let of_search = system.search.as_ref().map(|_| SEARCH_POINTS);
    let of_edits = system.conflicts.map(|_| EDIT_POINTS);
    let points = FAULT_POINTS
        .iter()
        .chain(of_webhooks.unwrap_or_default())
        .chain(of_incoming.unwrap_or_default())
        .chain(of_realtime.unwrap_or_default())
        .chain(of_search.unwrap_or_default())
        .chain(of_edits.unwrap_or_default())
        .map(|point| (point.name.to_owned(), point.nodes.to_owned()));
    Targets {
        nodes,
        disks,
        points: points.collect(),
    }
}

/// The rows that a new Ledger begins with.
fn first_rows(config: &SystemConfig, lockers: &[String]) -> Vec<Statement> {
    let mut rows = tables::first_rows(lockers);
    if let Some(webhooks) = &config.webhooks {
        rows.extend(core::webhooks::endpoints::first_rows(webhooks));
    }
    if Purposes::of(config).has_outbox() {
        rows.push(core::outbox::fan_out::turnstile());
    }
    if let Some(realtime) = &config.realtime {
        rows.extend(core::realtime::first_rows(realtime));
    }
    if let Some(incoming) = &config.incoming {
        rows.extend(core::incoming::first_rows(incoming));
    }
    if config.seal_audit_every_ms.is_some() {
        rows.extend(sealing::first_rows());
    }
    rows
}

/// Adds the customers' machines.
fn add_receivers(world: &World, config: &SystemConfig, cores: &[String], defects: &Defects) {
    let Some(webhooks) = &config.webhooks else {
        return;
    };
    for (name, endpoint) in webhooks.names().into_iter().zip(&webhooks.endpoints) {
        let mut receiver = endpoint.receiver.clone();
        receiver.deduplicates &= webhooks.delivery != DeliveryMode::AtLeastOnce;
        let setup = Rc::new(ReceiverSetup::of(&receiver, cores, defects));
        let secret = core::webhooks::endpoints::first_secret(&name);
        let books = Rc::new(RefCell::new(Books::new(secret, defects)));
        world.add_node(&name, move |context| {
            receiver::node::run(context, setup.clone(), books.clone())
        });
    }
}

/// Adds those who send webhooks, and the one who forges them.
fn add_providers(world: &World, config: &SystemConfig, cores: &[String]) {
    let Some(incoming) = &config.incoming else {
        return;
    };
    let wire = Wire::default();
    for (index, name) in incoming.names().iter().enumerate() {
        let setup = Rc::new(ProviderSetup::of(incoming, index, cores, &wire));
        let books = ProviderBooks::default();
        world.add_node(name, move |context| {
            provider::node::run(context, setup.clone(), books.clone())
        });
    }
    if incoming.forgeries == 0 {
        return;
    }
    let setup = Rc::new(AttackerSetup {
        forgeries: incoming.forgeries,
        every: Duration::from_millis(incoming.forgery_every_ms),
        wire,
        cores: cores.to_vec(),
    });
    world.add_node(ATTACKER, move |context| {
        provider::attacker::run(context, setup.clone())
    });
}

/// Adds users' devices.
fn add_listeners(world: &World, config: &SystemConfig, cores: &[String]) {
    let Some(realtime) = &config.realtime else {
        return;
    };
    for (name, user) in realtime.devices() {
        let setup = Rc::new(ListenerSetup::of(realtime, user, cores));
        let storage = Storage::default();
        world.add_node(&name, move |context| {
            listener::node::run(context, setup.clone(), storage.clone())
        });
    }
}

/// Adds the Ledger's servers, and the operator that names their primary.
fn add_servers(
    world: &World,
    config: &SystemConfig,
    replicas: &ReplicaConfig,
    ledger: Rc<LedgerSetup>,
) {
    let operator = Rc::new(OperatorSetup {
        config: replicas.clone(),
        first: LEDGER.to_owned(),
        defects: ledger.defects.clone(),
    });
    let setup = Rc::new(ServerSetup {
        ledger,
        config: replicas.clone(),
    });
    for name in ledger_names(config) {
        let setup = setup.clone();
        world.add_node(&name, move |context| {
            ledger::replica::server::run(context, setup.clone())
        });
    }
    world.add_node(OPERATOR, move |context| {
        ledger::replica::operator::run(context, operator.clone())
    });
}

impl System {
    /// Adds every node to the world. The configuration must be valid (see
    /// [`SystemConfig::validate`]), and the script be of its clients (see [`client::script`]): what
    /// they do, in the order of its times.
    pub fn build(
        world: &World,
        randomness: &Randomness,
        config: &SystemConfig,
        workload: &Workload,
        script: &[Planned],
        defects: &Defects,
    ) -> System {
        let lockers = locker_names(config.lockers);
        let setup = Rc::new(LedgerSetup {
            timing: LedgerTiming::of(&config.timing),
            catalog: tables::catalog(Purposes::of(config)),
            first_rows: first_rows(config, &lockers),
            defects: defects.clone(),
        });
        match &config.replicas {
            None => {
                world.add_node(LEDGER, move |context| {
                    ledger::node::run(context, setup.clone())
                });
            }
            Some(replicas) => add_servers(world, config, replicas, setup),
        }

        let setup = Rc::new(LockerSetup::of(&config.timing, &config.hardware, defects));
        for name in &lockers {
            let (slots, trouble) = (config.slots_per_locker, &config.hardware);
            let hardware = Hardware::new(name, slots, trouble, *randomness);
            let (setup, hardware) = (setup.clone(), Rc::new(RefCell::new(hardware)));
            world.add_node(name, move |context| {
                locker::node::run(context, setup.clone(), hardware.clone())
            });
        }

        let cores = numbered("core", config.cores);
        add_receivers(world, config, &cores, defects);
        add_providers(world, config, &cores);
        if let Some(search) = &config.search {
            let setup = Rc::new(SearchSetup::of(search, defects));
            world.add_node(SEARCH, move |context| {
                search::node::run(context, setup.clone())
            });
        }
        let setup = Rc::new(CoreSetup::of(config, defects));
        for name in &cores {
            let setup = setup.clone();
            world.add_node(name, move |context| core::node::run(context, setup.clone()));
        }

        let setup = Rc::new(VerifySetup::of(
            &config.timing,
            &config.verify,
            &cores,
            defects,
        ));
        for name in &numbered("verify", config.verify.processes) {
            let setup = setup.clone();
            world.add_node(name, move |context| {
                verify::node::run(context, setup.clone())
            });
        }
        if let Some(begins) = config.redeploy_at_ms {
            let setup = Rc::new(DeployerSetup {
                cores: cores.clone(),
                begins: Duration::from_millis(begins),
            });
            world.add_node(DEPLOYER, move |context| {
                deployer::run(context, setup.clone())
            });
        }

        let board = Board::default();
        let operations = script.len();
        for (index, name) in numbered("client", workload.clients).iter().enumerate() {
            let own = script
                .iter()
                .filter(|planned| planned.client as usize == index);
            let setup = Rc::new(ClientSetup {
                script: own.cloned().collect(),
                workload: workload.clone(),
                cores: cores.clone(),
                board: board.clone(),
                defects: defects.clone(),
            });
            world.add_node(name, move |context| {
                client::node::run(context, setup.clone())
            });
        }

        add_listeners(world, config, &cores);
        let watched = Rc::new(defects.clone());
        world.add_node(OPS, move |context| {
            alerts::node::run(context, watched.clone())
        });
        world.with_record(|record| {
            for metric in METRICS {
                record.metrics.describe(*metric);
            }
        });
        System {
            world: world.clone(),
            lockers,
            receivers: receiver_names(config),
            listeners: device_names(config),
            providers: provider_names(config),
            purposes: Purposes::of(config),
            operations,
            board,
        }
    }

    /// Waits until every client knows the outcome of each of its operations or has given up.
    pub async fn clients_done(&self) {
        while self.open_operations() > 0 {
            self.world
                .director()
                .sleep(Duration::from_millis(500))
                .await;
        }
    }

    /// What is unfinished, each by name.
    pub async fn pending(&self) -> Vec<String> {
        let open = self.open_operations();
        let unfinished = inspection::unfinished(&self.world.director(), &self.ends()).await;
        let mut pending =
            unfinished.unwrap_or_else(|| vec!["the Ledger does not answer".to_owned()]);
        if open > 0 {
            pending.push(format!("{open} client intents are open"));
        }
        pending
    }

    /// Puts the end-of-run tables into the record.
    pub async fn take_facts(&self) {
        let facts = inspection::read_facts(&self.world.director(), &self.ends()).await;
        self.world.with_record(|record| record.facts = facts);
    }

    fn ends(&self) -> Ends<'_> {
        Ends {
            purposes: self.purposes,
            lockers: &self.lockers,
            receivers: &self.receivers,
            listeners: &self.listeners,
            providers: &self.providers,
        }
    }

    fn open_operations(&self) -> usize {
        self.operations - self.board.finished_count()
    }
}
