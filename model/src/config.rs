//! How large the system is, how fast its parts are, and what its clients do.
//!
//! These are the `[system]` and `[workload]` tables of a scenario file. There are no hidden figures:
//! what stands here by default comes from the system's own timing budget and subsystem profiles, and
//! every field can be overridden by a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::latency::{LatencyError, LatencyTable};
use sim::ratio::Ratio;

use crate::core::cache::config::CacheConfig;
use crate::core::conflicts::config::ConflictConfig;
use crate::core::edge::config::EdgeConfig;
use crate::core::intake::IntakeConfig;
use crate::ledger::replica::config::ReplicaConfig;
use crate::locker::trouble::HardwareConfig;
use crate::provider::config::IncomingConfig;
use crate::realtime::config::RealtimeConfig;
use crate::search::config::SearchConfig;
use crate::verify::VerifyConfig;
use crate::webhooks::config::WebhookConfig;

/// The system's size and speed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemConfig {
    /// How many Core instances share the Ledger. At least 1.
    pub cores: u32,
    /// How many Lockers there are. At least 1.
    pub lockers: u32,
    /// How many slots each Locker has. At least 1.
    pub slots_per_locker: u32,
    /// How long each step takes; the happy path's budget when not given.
    #[serde(default)]
    pub timing: Timing,
    /// What Lockers remember, and how their hardware fails; it does not when not given.
    #[serde(default)]
    pub hardware: HardwareConfig,
    /// How large Verify is, and what it meets.
    #[serde(default)]
    pub verify: VerifyConfig,
    /// How many connections to the Ledger one Core has at most.
    #[serde(default = "twenty")]
    pub connections_per_core: u32,
    /// How requests for a verification are written down together; one by one when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intake: Option<IntakeConfig>,
    /// When Core's instances are restarted one after the other, in milliseconds after the start; they
    /// are not when not given.
    #[serde(default)]
    pub redeploy_at_ms: Option<u64>,
    /// What is told to customers' machines, and how those behave; nothing when not given.
    #[serde(default)]
    pub webhooks: Option<WebhookConfig>,
    /// Whose webhooks Core believes; nobody's when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incoming: Option<IncomingConfig>,
    /// How long an audit entry waits at most until it is added to the chain of seals, in milliseconds; the
    /// audit is not sealed when not given.
    #[serde(default)]
    pub seal_audit_every_ms: Option<u64>,
    /// The Ledger's replicas; it is one server when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<ReplicaConfig>,
    /// The users who are told of things while they happen; there are none when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realtime: Option<RealtimeConfig>,
    /// The search index; there is none when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchConfig>,
    /// How conflicts of edits are resolved; nothing is edited when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<ConflictConfig>,
    /// What one instance of Core lets in; everything when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeConfig>,
    /// What one instance of Core keeps of its reads; nothing when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheConfig>,
}

fn twenty() -> u32 {
    20
}

/// Service times by step. Each table excludes network and disk time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timing {
    /// Core validates and authorises a request.
    pub validate: LatencyTable,
    /// The Ledger opens a transaction.
    pub begin: LatencyTable,
    /// The Ledger executes one write.
    pub write: LatencyTable,
    /// The Ledger commits, besides the sync of its log.
    pub commit: LatencyTable,
    /// The Ledger answers a read.
    pub read: LatencyTable,
    /// A Locker moves its hardware to link an asset.
    pub link: LatencyTable,
    /// A Locker takes evidence about an asset.
    pub evidence: LatencyTable,
    /// Verify analyses evidence.
    pub analysis: LatencyTable,
    /// Core writes its answer.
    pub respond: LatencyTable,
}

impl Default for Timing {
    /// The synchronous path's budget: the median meets each step's target, the slowest its maximum.
    /// A link also takes its way there and back and two syncs, and the median of some hundred links
    /// scatters, by the more the wider the middle of the table is: both must fit below the target.
    fn default() -> Timing {
        Timing {
            validate: LatencyTable::of([8_000, 17_000, 26_000, 38_000, 48_000]),
            begin: LatencyTable::of([500, 2_500, 3_500, 4_500, 5_000]),
            write: LatencyTable::of([300, 900, 1_800, 3_500, 4_500]),
            commit: LatencyTable::of([500, 2_000, 4_000, 8_000, 12_000]),
            read: LatencyTable::of([200, 700, 1_500, 3_500, 4_500]),
            link: LatencyTable::of([50_000, 110_000, 300_000, 1_200_000, 1_800_000]),
            evidence: LatencyTable::of([100_000, 300_000, 1_000_000, 3_000_000, 5_000_000]),
            analysis: LatencyTable::of([500_000, 1_600_000, 8_000_000, 28_000_000, 40_000_000]),
            respond: LatencyTable::of([2_000, 8_000, 12_000, 20_000, 28_000]),
        }
    }
}

impl Timing {
    /// Every table with its key.
    pub fn tables(&self) -> [(&'static str, LatencyTable); 9] {
        [
            ("validate", self.validate),
            ("begin", self.begin),
            ("write", self.write),
            ("commit", self.commit),
            ("read", self.read),
            ("link", self.link),
            ("evidence", self.evidence),
            ("analysis", self.analysis),
            ("respond", self.respond),
        ]
    }
}

/// What the clients ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// How many clients there are. At least 1.
    pub clients: u32,
    /// How many operations they perform together.
    pub operations: u32,
    /// What they do, by weight; they only register when not given.
    #[serde(default)]
    pub mix: Mix,
    /// How reads of an asset are done, by weight; all are strong when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<ReadMix>,
    /// Of how many of the assets registered last an operation chooses one. At least 1; four when not given, so
    /// that operations meet.
    #[serde(default = "four")]
    pub among_latest: u32,
    /// The chance that a registration asks for all or nothing instead of a partial commit.
    #[serde(default = "never")]
    pub all_or_nothing: Ratio,
    /// The chance that a registration names a Locker that does not exist.
    #[serde(default = "never")]
    pub unknown_locker: Ratio,
    /// The mean time between two operations, over all clients, in milliseconds.
    pub every_ms: u64,
    /// A time during which they come faster; none when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surge: Option<Surge>,
    /// The chance that a user clicks twice: the same request, the same key, at nearly the same time.
    #[serde(default = "never")]
    pub double_click: Ratio,
    /// The chance that another user renames or edits the same assets at nearly the same time, from the last to the
    /// first: an intent, and a key, of its own.
    #[serde(default = "never")]
    pub rival: Ratio,
    /// The chance that a client wrongly uses its last key again for another request.
    #[serde(default = "never")]
    pub key_reuse: Ratio,
    /// How often a client sends one request before it gives up. At least 1.
    #[serde(default = "ten")]
    pub attempts_max: u32,
    /// How long a client waits for one answer, in milliseconds.
    #[serde(default = "ten_seconds")]
    pub attempt_timeout_ms: u64,
}

/// A time during which operations come faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Surge {
    /// When it begins, in milliseconds after the start.
    pub from_ms: u64,
    /// When it ends.
    pub until_ms: u64,
    /// The mean time between two operations while it lasts, in milliseconds. At least 1.
    pub every_ms: u64,
}

/// How often clients do what, by weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mix {
    /// Register an asset.
    pub register: u32,
    /// Look at an asset and rename it.
    pub rename: u32,
    /// Look at two assets and rename both or none.
    pub rename_pair: u32,
    /// Read an asset.
    pub read: u32,
    /// Ask for a verification.
    pub verify: u32,
    /// Ask what happened to an asset.
    pub audit: u32,
    /// As operations: list the dead letters and decide about the first.
    pub letters: u32,
    /// As operations: replay every dead letter of webhooks.
    pub replays: u32,
    /// As operations: tell one user, some or all of something.
    pub notify: u32,
    /// Find assets by a word in their name.
    pub search: u32,
    /// As operations: have the search index built anew.
    pub reindex: u32,
    /// Read all that the audit has of an asset, of an instance or of late, page by page.
    pub audit_pages: u32,
    /// Read all notifications of a user, page by page.
    pub inbox: u32,
    /// Look at an asset and edit some of its fields; needs `[system.conflicts]`. Edits are not mixed with
    /// renames, which write no revision.
    pub edit: u32,
}

/// How much reads must show, by weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReadMix {
    /// Anything that once was.
    pub eventual: u32,
    /// What the session has written and read.
    pub session: u32,
    /// Everything that was answered to anybody.
    pub strong: u32,
    /// What the session has written and read, and what another one has told it of.
    pub causal: u32,
}

impl Default for Mix {
    fn default() -> Mix {
        Mix {
            register: 1,
            rename: 0,
            rename_pair: 0,
            read: 0,
            verify: 0,
            audit: 0,
            letters: 0,
            replays: 0,
            notify: 0,
            search: 0,
            reindex: 0,
            audit_pages: 0,
            inbox: 0,
            edit: 0,
        }
    }
}

fn never() -> Ratio {
    Ratio::NEVER
}

fn four() -> u32 {
    4
}

fn ten() -> u32 {
    10
}

fn ten_seconds() -> u64 {
    10_000
}

/// A configuration no system can have, with the key to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {message}")]
pub struct ConfigError {
    /// The key's path below the scenario's root, such as `system.cores`.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl SystemConfig {
    /// Checks that such a system can be built.
    ///
    /// # Errors
    /// The first impossible value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (key, count) in [
            ("cores", self.cores),
            ("lockers", self.lockers),
            ("slots_per_locker", self.slots_per_locker),
            ("connections_per_core", self.connections_per_core),
            ("verify.workers", self.verify.workers),
        ] {
            at_least_one(&format!("system.{key}"), u64::from(count))?;
        }
        let (batch, clerks) = self.intake.map_or((1, 1), |it| (it.batch, it.clerks));
        at_least_one("system.intake.batch", u64::from(batch))?;
        at_least_one("system.intake.clerks", u64::from(clerks))?;
        at_least_one(
            "system.seal_audit_every_ms",
            self.seal_audit_every_ms.unwrap_or(1),
        )?;
        for (key, table) in self.timing.tables() {
            let checked: Result<sim::latency::Latency, LatencyError> = table.try_into();
            checked.map_err(|error| ConfigError {
                key: format!("system.timing.{key}"),
                message: error.to_string(),
            })?;
        }
        if let Some(webhooks) = &self.webhooks {
            webhooks.validate()?;
        }
        if let Some(incoming) = &self.incoming {
            incoming.validate()?;
        }
        if let Some(edge) = &self.edge {
            validate_edge(edge)?;
        }
        if let Some(queue) = &self.verify.queue {
            let key = |key: &str| format!("system.verify.queue.{key}");
            at_least_one(&key("requested_max"), queue.requested_max.into())?;
            at_least_one(&key("retry_after_ms"), queue.retry_after_ms)?;
            at_least_one(&key("one_in"), queue.one_in.into())?;
        }
        if let Some(cache) = &self.cache {
            at_least_one("system.cache.ttl_ms", cache.ttl_ms)?;
        }
        if let Some(replicas) = &self.replicas {
            validate_replicas(replicas)?;
        }
        if let Some(realtime) = &self.realtime {
            realtime.validate()?;
        }
        if let Some(search) = &self.search {
            search.validate()?;
        }
        self.hardware
            .validate(&crate::system::locker_names(self.lockers))
    }
}

impl SystemConfig {
    /// Checks that this system can do what a workload asks for.
    ///
    /// # Errors
    /// The first thing it cannot do.
    pub fn validate_for(&self, workload: &Workload) -> Result<(), ConfigError> {
        let Mix {
            edit,
            rename,
            rename_pair,
            ..
        } = workload.mix;
        let refused = |message: &str| {
            Err(ConfigError {
                key: "workload.mix.edit".to_owned(),
                message: message.to_owned(),
            })
        };
        if edit > 0 && self.conflicts.is_none() {
            return refused("nothing can be edited without `[system.conflicts]`");
        }
        if edit > 0 && rename + rename_pair > 0 {
            return refused("a rename writes no revision, so it cannot be mixed with edits");
        }
        Ok(())
    }
}

impl Workload {
    /// Checks that such a workload can be run.
    ///
    /// # Errors
    /// The first impossible value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        at_least_one("workload.mix.register", u64::from(self.mix.register))?;
        if let Some(ReadMix {
            eventual,
            session,
            strong,
            causal,
        }) = self.reads
        {
            let weights = [eventual, session, strong, causal].map(u64::from);
            at_least_one("workload.reads", weights.iter().sum())?;
        }
        for (key, count) in [
            ("clients", u64::from(self.clients)),
            ("every_ms", self.every_ms),
            ("surge.every_ms", self.surge.map_or(1, |it| it.every_ms)),
            ("attempts_max", u64::from(self.attempts_max)),
            ("among_latest", u64::from(self.among_latest)),
            ("attempt_timeout_ms", self.attempt_timeout_ms),
        ] {
            at_least_one(&format!("workload.{key}"), count)?;
        }
        Ok(())
    }
}

fn validate_edge(edge: &EdgeConfig) -> Result<(), ConfigError> {
    at_least_one("system.edge.in_flight_max", edge.in_flight_max.into())?;
    at_least_one("system.edge.retry_after_ms", edge.retry_after_ms)?;
    if let Some(adaptive) = &edge.adaptive {
        let (min, max) = (adaptive.in_flight_min, edge.in_flight_max);
        at_least_one("system.edge.adaptive.in_flight_min", min.into())?;
        if min > max {
            return Err(ConfigError {
                key: "system.edge.adaptive.in_flight_min".to_owned(),
                message: format!("{min} is more than `in_flight_max`, which is {max}"),
            });
        }
    }
    if let Some(limiter) = &edge.limiter {
        at_least_one("system.edge.limiter.per_second", limiter.per_second.into())?;
        at_least_one("system.edge.limiter.burst", limiter.burst.into())?;
    }
    Ok(())
}

fn validate_replicas(replicas: &ReplicaConfig) -> Result<(), ConfigError> {
    at_least_one("system.replicas.count", u64::from(replicas.count))?;
    let checked: Result<sim::latency::Latency, LatencyError> = replicas.apply_lag.try_into();
    checked.map_err(|error| ConfigError {
        key: "system.replicas.apply_lag".to_owned(),
        message: error.to_string(),
    })?;
    if replicas.lease_ms < LEASE_MS_MIN {
        return Err(ConfigError {
            key: "system.replicas.lease_ms".to_owned(),
            message: format!(
                "a lease of {} ms is not renewed in time; give at least {LEASE_MS_MIN}",
                replicas.lease_ms
            ),
        });
    }
    Ok(())
}

/// A lease is renewed twice a second.
const LEASE_MS_MIN: u64 = 1_000;

fn at_least_one(key: &str, value: u64) -> Result<(), ConfigError> {
    if value > 0 {
        return Ok(());
    }
    Err(ConfigError {
        key: key.to_owned(),
        message: "0 is not possible here; give at least 1".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(change: impl FnOnce(&mut SystemConfig)) -> Option<String> {
        let mut config = SystemConfig {
            cores: 3,
            lockers: 2,
            slots_per_locker: 8,
            timing: Timing::default(),
            hardware: HardwareConfig::default(),
            verify: VerifyConfig::default(),
            connections_per_core: 20,
            intake: None,
            redeploy_at_ms: None,
            webhooks: None,
            incoming: None,
            seal_audit_every_ms: None,
            replicas: None,
            realtime: None,
            search: None,
            conflicts: None,
            edge: None,
            cache: None,
        };
        change(&mut config);
        config.validate().err().map(|error| error.key)
    }

    #[test]
    fn impossible_systems_are_refused_by_key() {
        assert_eq!(system(|_| ()), None);
        assert_eq!(
            system(|config| config.cores = 0).as_deref(),
            Some("system.cores")
        );
        assert_eq!(
            system(|config| config.timing.link.p99_us = 1).as_deref(),
            Some("system.timing.link")
        );
    }
}
