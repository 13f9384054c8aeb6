//! One of several servers: it recovers its log, asks the operator who leads, and follows or leads.
//!
//! A server never decides by itself that it is the primary, whatever its disk says: another may lead since. Start at
//! [`run`]. The reigns that its log was written in stand in a file of their own ([`Server::adopt`]).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;
use sim::network::Incoming;

use super::super::engine::log::frame::Lsn;
use super::super::engine::log::record::Image;
use super::super::engine::log::recovery::empty_image;
use super::super::engine::{Engine, EngineConfig};
use super::super::log_file::LogFile;
use super::super::node::{Ledger, LedgerSetup};
use super::super::protocol::{LedgerRequest, LedgerResponse};
use super::config::ReplicaConfig;
use super::epochs::Epochs;
use super::follower::Follower;
use super::leadership::Leadership;
use super::operator::OPERATOR;
use super::protocol::{Report, ServerRequest, ServerResponse, View};
use crate::defects::Defect;

const EPOCHS_FILE: &str = "ledger.epochs";

/// How often a server reports to the operator.
pub const REPORT_EVERY: Duration = Duration::from_millis(500);
/// How long it waits for the answer.
pub const REPORT_LIMIT: Duration = Duration::from_millis(1_000);
/// How long it waits before it repeats what failed or had no news.
pub const ASK_AGAIN: Duration = Duration::from_millis(100);
/// How long a server that ended itself stays down.
pub const RESTART_AFTER: Duration = Duration::from_secs(1);

/// What one of several servers is made of.
pub struct ServerSetup {
    /// The Ledger that it is or may become.
    pub ledger: Rc<LedgerSetup>,
    /// The Ledger's replicas.
    pub config: ReplicaConfig,
}

/// One process of one server.
pub struct Server {
    pub(super) context: NodeContext,
    pub(super) setup: Rc<ServerSetup>,
    /// The reigns its log was written in.
    pub(super) epochs: RefCell<Epochs>,
    /// The end of its log.
    pub(super) durable: Cell<Lsn>,
    role: RefCell<Role>,
}

#[derive(Clone)]
enum Role {
    /// It does not know yet.
    Undecided,
    Follows(Rc<Follower>),
    Leads(Rc<Ledger>),
}

/// A server's program.
pub async fn run(context: NodeContext, setup: Rc<ServerSetup>) {
    let drops_tail = setup.ledger.defects.has(Defect::RecoveryDropsTail);
    let (log, image) = LogFile::open(&context, &setup.ledger.catalog, drops_tail).await;
    let epochs = read_epochs(&context).await;
    let server = Rc::new(Server {
        context: context.clone(),
        setup,
        epochs: RefCell::new(epochs),
        durable: Cell::new(log.end()),
        role: RefCell::new(Role::Undecided),
    });
    context.spawn("role", server.clone().live(log, image));
    loop {
        let incoming = context.receive().await;
        let server = server.clone();
        context.spawn_for(
            incoming.lineage,
            async move { server.serve(incoming).await },
        );
    }
}

impl Server {
    async fn serve(self: Rc<Self>, incoming: Incoming) {
        let role = self.role.borrow().clone();
        if let Role::Leads(ledger) = role {
            ledger.serve(incoming).await;
        } else if let Some(request) = incoming.payload::<LedgerRequest>() {
            match &*request {
                LedgerRequest::Connect { .. } | LedgerRequest::Activity => {
                    self.context.reply(&incoming, LedgerResponse::NotPrimary);
                }
                LedgerRequest::Execute { .. } => {
                    self.context.reply(&incoming, LedgerResponse::NotConnected);
                }
                LedgerRequest::Close { .. } => {}
            }
        } else if let Some(request) = incoming.payload::<ServerRequest>() {
            let response = match (&*request, role) {
                (
                    ServerRequest::Read {
                        selects,
                        at_least,
                        wait_ms,
                    },
                    Role::Follows(follower),
                ) => follower.read(selects, *at_least, *wait_ms).await,
                _ => ServerResponse::NotMine,
            };
            self.context.reply(&incoming, response);
        }
    }

    /// Follows until it is named, and leads from then on.
    async fn live(self: Rc<Self>, log: LogFile, image: Option<Image>) {
        let (view, asked_at) = self.ask_operator().await;
        let image = image.unwrap_or_else(|| empty_image(&self.setup.ledger.catalog));
        let is_new = image.is_untouched();
        if view.primary == self.context.name() {
            let catalog = self.setup.ledger.catalog.clone();
            let engine = Engine::from_image(catalog, EngineConfig::postgresql_15(), &image)
                .expect("invariant: an image from recovery fits the schema it was recovered for");
            self.lead(log, engine, is_new, view, asked_at).await;
        } else {
            let follower = Rc::new(Follower::new(self.clone(), &image, log.end(), &view));
            *self.role.borrow_mut() = Role::Follows(follower.clone());
            let (log, engine, view, asked_at) = follower.follow(log).await;
            self.context.reached("replica_was_promoted");
            self.lead(log, engine, false, view, asked_at).await;
        }
    }

    async fn lead(
        self: &Rc<Self>,
        log: LogFile,
        engine: Engine,
        is_new: bool,
        view: View,
        asked_at: Duration,
    ) {
        let mut epochs = self.epochs.borrow().clone();
        if epochs.current() < view.epoch {
            epochs.begin(view.epoch, log.end());
            self.adopt(&epochs).await;
        }
        tracing::info!(
            epoch = view.epoch,
            at = log.end().0,
            "this server leads the Ledger"
        );
        let (context, setup) = (self.context.clone(), self.setup.clone());
        let leads = Leadership::new(context.clone(), setup.clone(), epochs, &view, asked_at);
        let leads = Rc::new(leads);
        let recovered = log.end();
        let ledger = Ledger::leading(context, setup.ledger.clone(), engine, log, leads.clone());
        *self.role.borrow_mut() = Role::Leads(ledger.clone());
        let (durable, changed) = (ledger.clone(), ledger.clone());
        let report = leads.clone().report(
            move || durable.durable(),
            move || changed.replicas_changed(),
        );
        self.context.spawn("report", report);
        if is_new {
            ledger.fill_in_first_rows().await;
        }
        // What an earlier life of this server made durable and did not confirm must not be seen and lost.
        ledger.replicated(recovered).await;
        leads.serve_clients();
    }

    /// Asks the operator until it answers; gives its word, and when it was asked for.
    pub(super) async fn ask_operator(&self) -> (View, Duration) {
        let operator = self.context.find(OPERATOR);
        loop {
            let asked_at = self.context.monotonic();
            let report = Report {
                server: self.context.name(),
                life: self.context.incarnation(),
                epoch: self.epochs.borrow().current(),
                durable: self.durable.get(),
                view: 0,
                joining: Vec::new(),
                lagging: Vec::new(),
            };
            if let Ok(view) = self.context.call(operator, report, REPORT_LIMIT).await {
                return ((*view).clone(), asked_at);
            }
            self.context.sleep(ASK_AGAIN).await;
        }
    }

    /// Takes a history of reigns for that of its log, durably.
    pub(super) async fn adopt(&self, epochs: &Epochs) {
        if *self.epochs.borrow() == *epochs {
            return;
        }
        let disk = self.context.disk();
        let written = async {
            disk.truncate(EPOCHS_FILE, 0).await?;
            disk.append(EPOCHS_FILE, &epochs.encode()).await?;
            disk.sync(EPOCHS_FILE).await
        };
        if written.await.is_err() {
            // Without its history a log is a stranger's: the next start begins it anew.
            self.context.abort(RESTART_AFTER).await;
        }
        self.epochs.replace(epochs.clone());
    }
}

async fn read_epochs(context: &NodeContext) -> Epochs {
    match context.disk().read(EPOCHS_FILE).await {
        Ok(bytes) => Epochs::decode(&bytes),
        // Only a dead process is told so, and it does nothing more.
        Err(_) => std::future::pending().await,
    }
}
