//! How many servers the Ledger has, and what they promise together: the table `[system.replicas]` of a scenario.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::latency::LatencyTable;

/// The Ledger's replicas. Without this table it has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicaConfig {
    /// How many replicas there are besides the primary. At least 1.
    pub count: u32,
    /// When the primary confirms a commit.
    #[serde(default)]
    pub mode: ReplicationMode,
    /// How long after it is durable on a replica a commit shows there.
    #[serde(default = "short_lag")]
    pub apply_lag: LatencyTable,
    /// How long the primary may be silent before another takes its place, in milliseconds. At least 1,000.
    #[serde(default = "three_seconds")]
    pub lease_ms: u64,
    /// In asynchronous mode: a server that lacks a commit older than this, counted back from the primary's last
    /// sign of life, does not take its place, in milliseconds.
    #[serde(default = "three_seconds")]
    pub loss_accepted_ms: u64,
}

/// When the primary confirms a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplicationMode {
    /// Once its own log is durable. A failover may lose the last commits (`synchronous_commit = local`).
    #[default]
    Asynchronous,
    /// Once every replica that keeps up has made it durable too (PostgreSQL's `synchronous_commit = on` with all of
    /// them in `synchronous_standby_names`). A replica that falls silent leaves the set by the operator's word, as
    /// Patroni's `synchronous_mode` has it, and can then not become primary until it has caught up.
    Synchronous,
}

fn short_lag() -> LatencyTable {
    LatencyTable::of([1_000, 5_000, 20_000, 100_000, 250_000])
}

fn three_seconds() -> u64 {
    3_000
}

impl ReplicaConfig {
    /// How long the primary's lease lasts.
    pub fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }
}
