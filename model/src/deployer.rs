//! A rolling restart: Core's instances are drained and restarted one after the other, while the others
//! serve.
//!
//! The deployer tells an instance to drain, then asks until it serves again, and only then goes on to
//! the next, as an orchestrator with a readiness probe does. It gives up waiting after a while: an
//! instance that does not come back must not hold up the others for ever.

use std::rc::Rc;
use std::time::Duration;

use sim::network::Request;
use sim::{NodeContext, NodeId};

use crate::core::protocol::{Ask, CoreRequest};

/// The name of the deployer's node.
pub const DEPLOYER: &str = "deployer";

const PATIENCE: Duration = Duration::from_secs(2);
const ASK_EVERY: Duration = Duration::from_secs(1);
const ASK_MAX: u32 = 60;

/// What a deployer is made of.
pub struct DeployerSetup {
    /// The instances, in the order of their restart.
    pub cores: Vec<String>,
    /// How long after the start the rolling restart begins.
    pub begins: Duration,
}

/// The deployer's program: one rolling restart.
pub async fn run(context: NodeContext, setup: Rc<DeployerSetup>) {
    context.sleep(setup.begins).await;
    for name in &setup.cores {
        let node = context.find(name);
        if ask(&context, node, Ask::Drain).await {
            wait_until_it_serves(&context, node).await;
        }
    }
    context.reached("every_instance_was_redeployed");
}

async fn wait_until_it_serves(context: &NodeContext, node: NodeId) {
    for _ in 0..ASK_MAX {
        context.sleep(ASK_EVERY).await;
        if ask(context, node, Ask::Health).await {
            return;
        }
    }
}

/// Whether it was answered with success.
async fn ask(context: &NodeContext, node: NodeId, ask: Ask) -> bool {
    let request = CoreRequest {
        budget_ms: PATIENCE.as_millis() as u64,
        ask,
    };
    let answer: Result<std::sync::Arc<<CoreRequest as Request>::Response>, _> =
        context.call(node, request, PATIENCE).await;
    answer.is_ok_and(|answer| answer.is_success())
}
