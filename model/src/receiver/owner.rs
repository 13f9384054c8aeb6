//! Who a receiver belongs to: exchanges its secret, and asks for its endpoint back after an outage.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::network::CallError;
use sim::record::value::Value as Note;

use super::node::Receiver;
use crate::core::protocol::{Answer, Ask, CoreRequest};
use crate::webhooks::signature::Secret;

const PATIENCE: Duration = Duration::from_secs(10);
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// How long after an outage somebody looks at the list of endpoints.
const NOTICES_AFTER: Duration = Duration::from_secs(60);

/// Does what its owner will do, at its time.
pub(super) fn attend(receiver: &Rc<Receiver>) {
    let config = &receiver.setup.config;
    for window in &config.down {
        let receiver = receiver.clone();
        let at = Duration::from_millis(window.until_ms) + NOTICES_AFTER;
        let context = receiver.context.clone();
        context.spawn("owner.enable", async move { enable(&receiver, at).await });
    }
    if let Some(at) = config.rotates_at_ms {
        let receiver = receiver.clone();
        let at = Duration::from_millis(at);
        let context = receiver.context.clone();
        context.spawn("owner.rotate", async move { rotate(&receiver, at).await });
    }
}

/// Leaves a note `endpoint_enabled` once Core has confirmed it.
async fn enable(receiver: &Receiver, at: Duration) {
    wait_until(receiver, at).await;
    let endpoint = receiver.context.name();
    let ask = Ask::EnableEndpoint(endpoint.clone());
    if insist(receiver, ask).await {
        let detail = Note::map([("endpoint", endpoint.into())]);
        receiver.context.note("endpoint_enabled", detail);
    }
}

/// Asks Core to sign with a new secret; when it does, puts it in place here. Until then the former one
/// holds, and Core signs with both.
async fn rotate(receiver: &Receiver, at: Duration) {
    wait_until(receiver, at).await;
    let endpoint = receiver.context.name();
    let fresh = Secret::made_of(&format!("second secret of {endpoint}"));
    let ask = Ask::RotateSecret {
        endpoint,
        secret: fresh.text(),
    };
    if insist(receiver, ask).await {
        let takes = Duration::from_millis(receiver.setup.config.rotation_takes_ms);
        receiver.context.sleep(takes).await;
        receiver.books.borrow_mut().secrets = vec![fresh];
        receiver.context.reached("secret_was_rotated");
    }
}

async fn wait_until(receiver: &Receiver, at: Duration) {
    let now = receiver.context.monotonic();
    receiver.context.sleep(at.saturating_sub(now)).await;
}

/// Asks one Core after the other until one says yes or no.
async fn insist(receiver: &Receiver, ask: Ask) -> bool {
    let context = &receiver.context;
    let cores = &receiver.setup.cores;
    let mut turn = 0;
    loop {
        let request = CoreRequest {
            budget_ms: PATIENCE.as_millis() as u64,
            ask: ask.clone(),
        };
        let core = context.find(&cores[turn % cores.len()]);
        let answer: Result<Arc<Answer>, CallError> = context.call(core, request, PATIENCE).await;
        match answer.as_deref() {
            Ok(answer) if answer.is_success() => return true,
            Ok(answer) if !answer.again => return false,
            _ => {}
        }
        turn += 1;
        context.sleep(ASK_AGAIN).await;
    }
}
