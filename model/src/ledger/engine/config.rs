//! Settings of a store, under PostgreSQL's names, and the choices that a simulation may make for it.
//!
//! Start at [`EngineConfig::postgresql_15`].

use super::predicate_locks::Granularity;
use super::statement::Isolation;

/// Settings of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// `max_connections`.
    pub connections_max: usize,
    /// `superuser_reserved_connections`: the last slots are for superusers.
    pub connections_reserved: usize,
    /// `deadlock_timeout`, nanoseconds: how long a session waits before it looks for a deadlock.
    pub deadlock_timeout_ns: u64,
    /// The isolation level of statements outside a transaction block.
    pub default_isolation: Isolation,
    /// How finely serializable reads are tracked.
    pub granularity: Granularity,
    /// How races between woken sessions come out.
    pub wake_order: WakeOrder,
}

/// How races between sessions that one event wakes come out.
///
/// PostgreSQL wakes them in the order in which they began to wait, which is the default, but as processes
/// they then race, so any order can be met. A simulation may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WakeOrder {
    /// Which of the sessions that can go on does so next, choice by choice: the remainder by their number is
    /// the position of the first choice, the quotient holds the further choices. 0 means first come, first
    /// served.
    pub choices: u32,
    /// Of waits that began at the same moment, whether the last one's timer goes off first.
    pub last_wait_first: bool,
}

impl EngineConfig {
    /// The settings PostgreSQL 15 comes with.
    pub fn postgresql_15() -> Self {
        Self {
            connections_max: 100,
            connections_reserved: 3,
            deadlock_timeout_ns: 1_000_000_000,
            default_isolation: Isolation::ReadCommitted,
            granularity: Granularity::PostgreSql,
            wake_order: WakeOrder::default(),
        }
    }
}
