//! The operator as a node: hears the servers' reports and answers each with the view in force.
//!
//! It decides when a report comes, for without a server that reports there is nobody to promote. A view is on disk
//! before anybody is told of it. The node stands for a service of several machines that outlives each of them, so no
//! swarm breaks it; one that a plan takes down is missed: the primary's lease runs out and nobody serves. What it
//! decides by is the [`overseer`](super::overseer).

use std::rc::Rc;
use std::sync::Arc;

use sim::NodeContext;
use sim::record::value::Value;

use super::config::ReplicaConfig;
use super::overseer::{Failover, Overseer};
use super::protocol::{Report, View};
use crate::defects::Defects;

/// The operator's node.
pub const OPERATOR: &str = "operator";

const FILE: &str = "operator.view";

/// What an operator is made of.
pub struct OperatorSetup {
    /// The Ledger's replicas.
    pub config: ReplicaConfig,
    /// Who leads first.
    pub first: String,
    /// The bugs switched on.
    pub defects: Defects,
}

/// The operator's program.
pub async fn run(context: NodeContext, setup: Rc<OperatorSetup>) {
    let view = last_view(&context).await.unwrap_or(View {
        number: 1,
        epoch: 1,
        primary: setup.first.clone(),
        in_sync: Vec::new(),
    });
    let mut overseer = Overseer::new(
        setup.config.clone(),
        setup.defects.clone(),
        view,
        context.monotonic(),
    );
    loop {
        let incoming = context.receive().await;
        let report: Arc<Report> = incoming
            .payload()
            .expect("the operator is told reports and nothing else");
        let known = overseer.view().number;
        overseer.hear(&report, context.monotonic());
        let failover = overseer.consider(context.monotonic());
        if overseer.view().number != known {
            write_down(&context, overseer.view()).await;
            note_view(&context, overseer.view());
        }
        if let Some(failover) = failover {
            tell(&context, &setup.config, &failover);
        }
        context.reply(&incoming, overseer.view().clone());
    }
}

/// The last view that was written down whole; what a crash has torn behind it is cut.
async fn last_view(context: &NodeContext) -> Option<View> {
    let bytes = match context.disk().read(FILE).await {
        Ok(bytes) => bytes,
        // Only a dead process is told so, and it does nothing more.
        Err(_) => std::future::pending().await,
    };
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    while context.disk().truncate(FILE, whole).await.is_err() {
        context.sleep(super::server::ASK_AGAIN).await;
    }
    let text = String::from_utf8_lossy(&bytes[..whole]);
    let mut words = text.lines().next_back()?.split(' ');
    Some(View {
        number: words.next()?.parse().ok()?,
        epoch: words.next()?.parse().ok()?,
        primary: words.next()?.to_owned(),
        in_sync: words.map(str::to_owned).collect(),
    })
}

/// Makes a view durable; a disk that fails is tried again, for without it nobody may be told.
async fn write_down(context: &NodeContext, view: &View) {
    let mut line = format!("{} {} {}", view.number, view.epoch, view.primary);
    for name in &view.in_sync {
        line.push(' ');
        line.push_str(name);
    }
    line.push('\n');
    loop {
        let disk = context.disk();
        let appended = disk.append(FILE, line.as_bytes()).await;
        if appended.is_ok() && disk.sync(FILE).await.is_ok() {
            return;
        }
        context.sleep(super::server::ASK_AGAIN).await;
    }
}

fn note_view(context: &NodeContext, view: &View) {
    let in_sync = view.in_sync.iter().map(|name| Value::from(name.as_str()));
    let detail = [
        ("number", Value::Int(view.number as i64)),
        ("epoch", Value::Int(view.epoch as i64)),
        ("primary", view.primary.as_str().into()),
        ("in_sync", Value::List(in_sync.collect())),
    ];
    context.note("ledger_view", Value::map(detail));
}

/// Leaves a note `ledger_failover`. Its `may_lack_ms` says how long before it the loss may begin that is accepted;
/// nothing when none is.
fn tell(context: &NodeContext, config: &ReplicaConfig, failover: &Failover) {
    tracing::warn!(
        from = failover.from,
        to = failover.to,
        "another server leads the Ledger"
    );
    let silent_ms = failover.silent.as_millis() as i64;
    let may_lack_ms = match config.mode {
        super::config::ReplicationMode::Synchronous => None,
        super::config::ReplicationMode::Asynchronous => {
            Some(silent_ms + config.loss_accepted_ms as i64)
        }
    };
    let detail = [
        ("epoch", Value::Int(failover.epoch as i64)),
        ("from", failover.from.as_str().into()),
        ("to", failover.to.as_str().into()),
        ("position", Value::Int(failover.position.0 as i64)),
        ("silent_ms", Value::Int(silent_ms)),
        ("may_lack_ms", may_lack_ms.map_or(Value::Null, Value::Int)),
    ];
    context.note("ledger_failover", Value::map(detail));
    context.count("ledger.failovers", &[]);
    context.reached("ledger_failed_over");
}
