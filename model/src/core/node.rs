//! Core as a node: serves clients and works on link jobs. It keeps nothing that a crash would lose.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use sim::NodeContext;
use sim::network::Incoming;

use super::ledger_client::LedgerClient;
use super::protocol::{Answer, RegisterAsset};
use super::recovery;
use super::registration::{CoreSetup, Registration};

/// A Core's program.
pub async fn run(context: NodeContext, setup: Rc<CoreSetup>) {
    let ledger = LedgerClient::new(context.clone());
    context.spawn(
        "recovery",
        recovery::run(context.clone(), ledger.clone(), setup.clone()),
    );
    let registration = Registration::new(context.clone(), ledger, setup);
    loop {
        let incoming = context.receive().await;
        let serve = serve(context.clone(), registration.clone(), incoming);
        // The task's cause is the request, whatever else this instance does meanwhile.
        context.spawn_for(serve.0, serve.1);
    }
}

fn serve(
    context: NodeContext,
    registration: Registration,
    incoming: Incoming,
) -> (sim::random::Lineage, impl Future<Output = ()> + 'static) {
    let lineage = incoming.lineage;
    let served = async move {
        let request: Arc<RegisterAsset> = incoming
            .payload()
            .expect("Core is asked in its own protocol");
        let began = context.monotonic();
        let answered = Cell::new(false);
        let answer_early = |answer: Answer| {
            answered.set(true);
            context.reply(&incoming, answer);
        };
        let answer = registration.register(&request, answer_early).await;
        measure(&context, &answer, context.monotonic() - began);
        if !answered.get() {
            context.reply(&incoming, answer);
        }
    };
    (lineage, served)
}

fn measure(context: &NodeContext, answer: &Answer, span: std::time::Duration) {
    let status = answer.failure.map_or("ok", |failure| failure.code());
    let labels = [
        ("subsystem", "core"),
        ("operation", "register"),
        ("status", status),
    ];
    context.count("core.orchestration.requests", &labels);
    context.measure("core.orchestration.latency", &labels, Some(span));
}
