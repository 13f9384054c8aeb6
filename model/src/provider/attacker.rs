//! The attacker: overhears every message of the providers, and sends Core what can be made of them.
//!
//! It leaves a note `forgery_answered` for each that was answered: `provider`, `how`, whether it
//! `must_be_refused`, and the `status`.

use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;
use sim::random::{Lineage, Root};
use sim::record::value::Value as Note;

use super::forgery::FORGERIES;
use super::node::{Wire, send};
use crate::core::protocol::IncomingMessage;
use crate::webhooks::signature::unix_seconds;

/// The node's name.
pub const ATTACKER: &str = "attacker";

const PATIENCE: Duration = Duration::from_secs(10);

/// What the attacker is made of.
pub struct AttackerSetup {
    /// How many messages are forged.
    pub forgeries: u32,
    /// The mean time between two.
    pub every: Duration,
    /// What is overheard.
    pub wire: Wire,
    /// The names of the Core instances.
    pub cores: Vec<String>,
}

/// The attacker's program.
pub async fn run(context: NodeContext, setup: Rc<AttackerSetup>) {
    for number in 0..setup.forgeries {
        let cause = Lineage::of(ATTACKER).child("forgery", u64::from(number));
        let pause = context
            .stream_of(Root::Workload, cause, "forgery.pause")
            .exponential(setup.every);
        context.sleep(pause).await;
        forge(&context, &setup, cause, number).await;
    }
}

async fn forge(context: &NodeContext, setup: &AttackerSetup, cause: Lineage, number: u32) {
    let draw = |purpose| context.stream_of(Root::Workload, cause, purpose);
    let wire = setup.wire.borrow().clone();
    if wire.is_empty() {
        return;
    }
    let (provider, overheard) = draw("forgery.message").pick(&wire).clone();
    let forgery = *draw("forgery.how").pick(&FORGERIES);
    let now = unix_seconds(context.wall_clock());
    let must_be_refused = forgery.must_be_refused(overheard.convention, now - overheard.at);
    let (headers, body) = forgery.of(&overheard, now, number);
    let message = IncomingMessage {
        provider: provider.clone(),
        headers,
        body,
    };
    let core: &String = draw("forgery.core").pick(&setup.cores);
    let core = context.find(core);
    let Ok(answer) = send(context, core, message, PATIENCE).await else {
        return;
    };
    let detail = Note::map([
        ("provider", provider.into()),
        ("how", forgery.name().into()),
        ("must_be_refused", must_be_refused.into()),
        ("status", u32::from(answer.status).into()),
    ]);
    context.note("forgery_answered", detail);
}
