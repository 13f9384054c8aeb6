//! Admission: how many requests of clients one instance works on at once, and how many may wait for a place.
//!
//! Without it a burst goes straight to the pool of connections, whose queue has no end and whose patience is two
//! seconds: everybody waits too long, the circuit opens, and even what could have been done is refused. It is a
//! [`Bulkhead`] in front of the whole, and knows nothing of what is asked. What one instance asks another is let
//! past, so that work that is done can be reported.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::NodeContext;

use super::protocol::{Answer, Ask};
use crate::resilience::bulkhead::{Bulkhead, BulkheadLimits, Compartment, Crowded};
use crate::resilience::deadline::Deadline;

/// The `[system.admission]` table of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdmissionConfig {
    /// How many requests one Core works on at once. At least 1.
    pub concurrent: u32,
    /// How many may wait; who comes after them is refused at once (503).
    pub waiting: u32,
    /// How long one waits at most, in milliseconds.
    pub patience_ms: u64,
}

/// The door of one process.
pub struct Admission {
    bulkhead: Option<Bulkhead>,
    patience: Duration,
}

impl Admission {
    /// As configured; everybody is let in when nothing is.
    pub fn new(config: Option<AdmissionConfig>) -> Admission {
        let limits = |config: AdmissionConfig| BulkheadLimits {
            concurrent: config.concurrent,
            waiting: config.waiting,
        };
        Admission {
            bulkhead: config.map(|config| Bulkhead::new(limits(config))),
            patience: Duration::from_millis(config.map_or(0, |config| config.patience_ms)),
        }
    }

    /// Lets a request in, until what is given is dropped; or the answer that it is to come again.
    ///
    /// # Errors
    /// 503 when too many wait, or this one has waited too long.
    pub async fn enter(
        &self,
        context: &NodeContext,
        ask: &Ask,
        deadline: Deadline,
    ) -> Result<Option<Compartment>, Answer> {
        let inside = matches!(ask, Ask::Health | Ask::VerificationCompleted { .. });
        let Some(bulkhead) = self.bulkhead.as_ref().filter(|_| !inside) else {
            return Ok(None);
        };
        let patience = deadline.limit(self.patience, context.monotonic());
        let entered = bulkhead.enter(context, patience).await;
        entered.map(Some).map_err(|crowded| {
            match crowded {
                Crowded::Full { .. } => context.count("core.admission.refused", &[("why", "full")]),
                Crowded::TimedOut { .. } => {
                    context.count("core.admission.refused", &[("why", "waited")]);
                }
            }
            Answer::later(503, None)
        })
    }
}
