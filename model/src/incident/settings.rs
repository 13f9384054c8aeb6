//! What can be set: by an operator during the incident, or before it as a measure of prevention.
//!
//! Every setting has bounds; a value outside them is refused before anything runs, so that no number from
//! outside can make a run long or large.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cause::CauseKind;

/// Connections the server has.
pub const CONNECTIONS_MAX: u32 = 100;

/// Of these, those for operators only.
pub const CONNECTIONS_RESERVED: u32 = 5;

/// Of these, those of the realtime service, which listens on one per shard and never lets go.
pub const CONNECTIONS_LISTENING: u32 = 40;

/// What remains for the shared pool and the reporting pool together.
pub const CONNECTIONS_SHARED: u32 = CONNECTIONS_MAX - CONNECTIONS_RESERVED - CONNECTIONS_LISTENING;

/// The value of every setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many verifications are worked on at a time.
    pub verification_workers: u32,
    /// How many deliveries are.
    pub delivery_workers: u32,
    /// The size of the shared pool.
    pub shared_pool: u32,
    /// The size of the reporting pool, which opens all its connections at once; as the last change says when not set.
    pub reporting_pool: Option<u32>,
    /// The most connections of one component that may take part of the shared pool for long.
    pub component_caps: BTreeMap<&'static str, u32>,
    /// Whether a delivery lets go of its connection before it asks an endpoint.
    pub release_before_http: bool,
    /// Whether evidence is asked for again after a pause that doubles, not at once.
    pub evidence_backoff: bool,
    /// How often an ordered lane tries one item at most; for ever when not set.
    pub lane_attempts: Option<u32>,
    /// How long a statement may take; as long as it likes when not set.
    pub statement_timeout: Option<Duration>,
    /// How long it may wait for a lock.
    pub lock_timeout: Option<Duration>,
    /// How long a transaction may stand idle.
    pub idle_in_transaction_timeout: Option<Duration>,
    /// How many requests for a verification are let in per minute; all when not set.
    pub intake_per_minute: Option<u32>,
    /// Whether receivers of effects recognise what they have had.
    pub idempotency: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            verification_workers: 40,
            delivery_workers: 70,
            shared_pool: CONNECTIONS_SHARED,
            reporting_pool: None,
            component_caps: BTreeMap::new(),
            release_before_http: false,
            evidence_backoff: false,
            lane_attempts: None,
            statement_timeout: None,
            lock_timeout: None,
            idle_in_transaction_timeout: None,
            intake_per_minute: None,
            idempotency: true,
        }
    }
}

/// A setting by its name, with the bounds of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// How it is called in actions and measures.
    pub name: &'static str,
    /// The smallest value.
    pub low: u32,
    /// The largest.
    pub high: u32,
}

const fn setting(name: &'static str, low: u32, high: u32) -> Setting {
    Setting { name, low, high }
}

/// The smallest pool of a component. The ordinary work of a component needs connections for milliseconds and is left out
/// of the model, so a pool of none would be free here, and a standstill in a real system.
const COMPONENT_POOL_MIN: u32 = 5;

/// All settings. Times are in milliseconds; switches are 0 or 1.
pub const SETTINGS: [Setting; 17] = [
    setting("verification.workers", 0, 400),
    setting("delivery.workers", 0, 400),
    setting("pool.shared", 1, 200),
    setting("pool.reporting", 0, 60),
    setting("pool.webhook", COMPONENT_POOL_MIN, 60),
    setting("pool.evidence", COMPONENT_POOL_MIN, 60),
    setting("pool.search", COMPONENT_POOL_MIN, 60),
    setting("pool.notification", COMPONENT_POOL_MIN, 60),
    setting("pool.import", COMPONENT_POOL_MIN, 60),
    setting("pool.verify", COMPONENT_POOL_MIN, 60),
    setting("webhook.release_before_http", 0, 1),
    setting("evidence.backoff", 0, 1),
    setting("import.attempts", 1, 100),
    setting("statement_timeout_ms", 10, 600_000),
    setting("lock_timeout_ms", 10, 600_000),
    setting("idle_in_transaction_timeout_ms", 10, 600_000),
    setting("intake_per_minute", 0, 100_000),
];

/// Why a setting cannot be set so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is none of that name.
    #[error("there is no setting `{0}`: `proveniq incident actions` lists them")]
    Unknown(String),
    /// The value is out of bounds.
    #[error("{name} = {value} is out of bounds: give {low} to {high}")]
    Bounds {
        /// The setting.
        name: &'static str,
        /// What was given.
        value: u64,
        /// The smallest value.
        low: u32,
        /// The largest.
        high: u32,
    },
}

/// The component whose pool has this name.
pub fn pool_component(pool: &str) -> Option<CauseKind> {
    Some(match pool {
        "webhook" => CauseKind::ConnectionHeldAcrossHttp,
        "evidence" => CauseKind::EvidenceRetryStorm,
        "search" => CauseKind::BlockingReindex,
        "notification" => CauseKind::SlowStatement,
        "import" => CauseKind::PoisonItem,
        "verify" => CauseKind::LostLease,
        _ => return None,
    })
}

impl Setting {
    /// The setting of this name, if the value is within its bounds.
    ///
    /// # Errors
    /// When there is none, or the value is out of bounds.
    pub fn check(name: &str, value: u64) -> Result<(Setting, u32), SettingError> {
        let found = SETTINGS.into_iter().find(|setting| setting.name == name);
        let setting = found.ok_or_else(|| SettingError::Unknown(name.to_owned()))?;
        let within = u32::try_from(value)
            .ok()
            .filter(|value| (setting.low..=setting.high).contains(value));
        let value = within.ok_or(SettingError::Bounds {
            name: setting.name,
            value,
            low: setting.low,
            high: setting.high,
        })?;
        Ok((setting, value))
    }
}

impl Settings {
    /// Sets one.
    ///
    /// # Panics
    /// When the setting is not one of [`SETTINGS`]: [`Setting::check`] makes no other.
    pub fn set(&mut self, setting: Setting, value: u32) {
        let span = Duration::from_millis(u64::from(value));
        match setting.name {
            "verification.workers" => self.verification_workers = value,
            "delivery.workers" => self.delivery_workers = value,
            "pool.shared" => self.shared_pool = value,
            "pool.reporting" => self.reporting_pool = Some(value),
            "webhook.release_before_http" => self.release_before_http = value == 1,
            "evidence.backoff" => self.evidence_backoff = value == 1,
            "import.attempts" => self.lane_attempts = Some(value),
            "statement_timeout_ms" => self.statement_timeout = Some(span),
            "lock_timeout_ms" => self.lock_timeout = Some(span),
            "idle_in_transaction_timeout_ms" => self.idle_in_transaction_timeout = Some(span),
            "intake_per_minute" => self.intake_per_minute = Some(value),
            name => {
                let pool = name.strip_prefix("pool.").and_then(pool_component);
                let kind = pool.expect("a setting is in the catalogue");
                self.component_caps
                    .insert(kind.description().component, value);
            }
        }
    }

    /// The most connections a component may keep.
    pub fn cap(&self, component: &str) -> u32 {
        let cap = self.component_caps.get(component).copied();
        cap.unwrap_or(CONNECTIONS_SHARED)
    }
}
