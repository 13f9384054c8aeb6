//! The relay of an instance where users or the search index hear of events: looks for new ones often, and
//! fans them out. Where only webhooks do, their own [relay](crate::core::webhooks::relay) looks rarely.

use std::rc::Rc;
use std::time::Duration;

use sim::random::Root;

use super::fan_out::{fan_out, waiting};
use crate::core::node::Core;
use crate::resilience::deadline::Deadline;

const LIMIT: Duration = Duration::from_secs(5);

/// Fans out for as long as the process lives, and looks so often.
pub async fn run(core: Rc<Core>, every: Duration) {
    let context = &core.context;
    loop {
        // Instances look at different moments, or they would all queue at the turnstile.
        let mut stream = context.stream(Root::Schedule, "outbox.relay");
        context.sleep(stream.span(every / 2, every)).await;
        if core.is_draining() {
            return;
        }
        let deadline = Deadline::within(LIMIT, context.monotonic());
        let look = core.ledger.read("outbox.look", deadline, waiting(1));
        if look.await.is_ok_and(|rows| !rows.is_empty()) {
            while fan_out(&core).await {}
        }
    }
}
