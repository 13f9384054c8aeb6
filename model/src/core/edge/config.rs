//! What an instance of Core lets in, as a scenario says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[system.edge]`: what one instance lets in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeConfig {
    /// How many requests it works on at once, at most. At least 1.
    pub in_flight_max: u32,
    /// How many requests wait for a place, at most; without bound when not given.
    #[serde(default)]
    pub waiting_max: Option<u32>,
    /// When whoever is not let in is asked to come back, in milliseconds.
    #[serde(default = "one_second")]
    pub retry_after_ms: u64,
    /// How the number at once follows the latency it makes; it is fixed when not given.
    #[serde(default)]
    pub adaptive: Option<AdaptiveConfig>,
    /// How fast requests may come; as fast as they like when not given.
    #[serde(default)]
    pub limiter: Option<LimiterConfig>,
}

/// `[system.edge.adaptive]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveConfig {
    /// The latency above which there are too many at once, in milliseconds.
    pub target_ms: u64,
    /// There are never fewer than so many at once. At least 1.
    pub in_flight_min: u32,
}

/// `[system.edge.limiter]`: a token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimiterConfig {
    /// How many requests a second come to be allowed. At least 1.
    pub per_second: u32,
    /// How many may come at once after a pause. At least 1.
    pub burst: u32,
    /// By which clock.
    #[serde(default)]
    pub clock: LimiterClock,
}

/// The clock of a limiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimiterClock {
    /// The machine's count of time since its start, which no correction moves.
    #[default]
    Monotonic,
    /// The time of day, which is corrected now and then.
    Wall,
}

fn one_second() -> u64 {
    1_000
}
