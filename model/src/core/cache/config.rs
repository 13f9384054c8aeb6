//! What an instance keeps of its reads, as a scenario says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[system.cache]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// How long an answer is fresh at most, in milliseconds. At least 1.
    pub ttl_ms: u64,
    /// How much sooner it may expire, in hundredths: what was fetched together does not expire together.
    #[serde(default)]
    pub jitter_percent: u8,
    /// Whether reads of one thing share a fetch that is under way.
    #[serde(default)]
    pub coalesce: bool,
}
