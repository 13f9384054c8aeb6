//! What of a run is given instead of drawn: its faults, its operations, and how it is steered.
//!
//! A run that is told by its seed alone has none of it. Shrinking, replaying and exploring write
//! things down here, so that a run depends on nobody's luck any more; what is not given is drawn as
//! ever. It does not say where the rest of chance comes from: see [`seeds`](crate::seeds).

use model::client::script::Planned;
use model::config::ConfigError;
use serde::{Deserialize, Serialize};
use sim::fault::Plan;
use sim::steering::{Future, PutOff, Steering};

use crate::scenario::Scenario;

/// What of a run is given instead of drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What clients do, in the order of the times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<Vec<Planned>>,
    /// When all faults are lifted for good, in milliseconds, in place of the scenario's `bounds.chaos_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heal_at_ms: Option<u64>,
    /// Nothing takes longer than its median.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub calm: bool,
    /// All chance from a moment on is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub future: Option<Future>,
    /// What waits although it is due, by the number of agenda entries before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub put_off: Vec<PutOff>,
}

impl Given {
    /// Nothing is given; the seed alone decides.
    pub const NOTHING: Given = Given {
        plan: None,
        operations: None,
        heal_at_ms: None,
        calm: false,
        future: None,
        put_off: Vec::new(),
    };

    /// Whether the seed alone decides.
    pub fn is_nothing(&self) -> bool {
        *self == Given::NOTHING
    }

    /// How the world is to be steered.
    pub fn steering(&self) -> Steering {
        Steering {
            calm: self.calm,
            future: self.future,
            put_off: self.put_off.clone(),
        }
    }

    /// Checks the operations against the clients there are. Plans are checked where scenarios are, by
    /// [`validate_plan`](crate::file::validate::validate_plan).
    ///
    /// # Errors
    /// The first operation nobody can do.
    pub fn validate_operations(&self, scenario: &Scenario) -> Result<(), ConfigError> {
        let operations = self.operations.as_deref().unwrap_or_default();
        model::client::script::validate(operations, &scenario.workload)
    }
}
