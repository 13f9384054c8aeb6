//! What an operator can do, with the time it takes; some of it does harm.
//!
//! An action names things as the telemetry shows them. It is refused when it asks for a value out of bounds; one
//! that names a thing that does not exist is carried out and does nothing, as at a real terminal.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::settings::{Setting, SettingError};

/// In which order dead letters are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayOrder {
    /// One after the other, as they came.
    InOrder,
    /// All together.
    AllAtOnce,
}

/// How a component tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryPolicy {
    /// At once.
    Immediate,
    /// After a pause that doubles.
    Backoff,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Sets how many verifications are worked on at a time.
    ScaleWorkers {
        /// How many.
        workers: u64,
    },
    /// Sets the size of a pool: shared, reporting, webhook, evidence, search, notification, import, verify.
    SetPoolSize {
        /// Which.
        pool: String,
        /// How many connections.
        size: u64,
    },
    /// Bounds how long a statement may take.
    SetStatementTimeout {
        /// The bound.
        ms: u64,
    },
    /// Bounds how long a statement may wait for a lock.
    SetLockTimeout {
        /// The bound.
        ms: u64,
    },
    /// Bounds how long a transaction may stand idle.
    SetIdleInTransactionTimeout {
        /// The bound.
        ms: u64,
    },
    /// Ends one database session.
    KillSession {
        /// Its number in the activity view.
        session: u64,
    },
    /// Ends all sessions of an application that are older than ten seconds.
    KillSessionsOf {
        /// The application's name in the activity view.
        application: String,
    },
    /// Pauses `webhooks`, `intake`, `reindex` or an endpoint.
    Pause {
        /// What.
        what: String,
    },
    /// Lets it go on.
    Resume {
        /// What.
        what: String,
    },
    /// Bounds how many verifications are accepted per minute; the others are told to come again.
    RateLimitIntake {
        /// How many.
        per_minute: u64,
    },
    /// Opens the circuit breaker to an endpoint or site.
    OpenBreaker {
        /// Which.
        circuit: String,
    },
    /// Closes it.
    CloseBreaker {
        /// Which.
        circuit: String,
    },
    /// Sets how `evidence-collection` tries again.
    SetRetryPolicy {
        /// Which component.
        component: String,
        /// How.
        policy: RetryPolicy,
    },
    /// Bounds how often `import-lane` tries one item.
    SetRetryLimit {
        /// Which component.
        component: String,
        /// How often.
        attempts: u64,
    },
    /// Takes an item out of its lane, kept for a person to look at.
    QuarantineItem {
        /// Which.
        item: String,
    },
    /// Takes a recent change back.
    RollBack {
        /// Which.
        change: String,
    },
    /// Restarts a worker node or a site's gateway.
    RestartNode {
        /// Which.
        node: String,
    },
    /// Lets a node that stands still go on where it stood.
    ResumeNode {
        /// Which.
        node: String,
    },
    /// Sends dead letters again.
    ReplayDeadLetters {
        /// How.
        order: ReplayOrder,
    },
    /// Deletes every queued verification. Harmful: it loses them.
    PurgeQueue {},
    /// Sets every queued verification to verified. Harmful: nobody verified them.
    MarkAllVerified {},
    /// Lets effects happen again when a message comes again. Harmful.
    DisableIdempotency {},
    /// Says that the incident is over.
    DeclareResolved {},
}

/// What the settings of an action are.
pub type SettingChange = (Setting, u32);

impl Action {
    /// The setting this action changes, if it changes one.
    ///
    /// # Errors
    /// When there is no such setting, or the value is out of bounds.
    pub fn setting(&self) -> Result<Option<SettingChange>, SettingError> {
        let check = |name: &str, value: u64| Setting::check(name, value).map(Some);
        match self {
            Action::ScaleWorkers { workers } => check("verification.workers", *workers),
            Action::SetPoolSize { pool, size } => check(&format!("pool.{pool}"), *size),
            Action::SetStatementTimeout { ms } => check("statement_timeout_ms", *ms),
            Action::SetLockTimeout { ms } => check("lock_timeout_ms", *ms),
            Action::SetIdleInTransactionTimeout { ms } => {
                check("idle_in_transaction_timeout_ms", *ms)
            }
            Action::RateLimitIntake { per_minute } => check("intake_per_minute", *per_minute),
            Action::SetRetryLimit {
                component,
                attempts,
            } if component == "import-lane" => check("import.attempts", *attempts),
            Action::SetRetryPolicy { component, policy } if component == "evidence-collection" => {
                let backoff = u64::from(*policy == RetryPolicy::Backoff);
                check("evidence.backoff", backoff)
            }
            _ => Ok(None),
        }
    }

    /// How long it takes to act.
    pub fn takes(&self) -> Duration {
        Duration::from_secs(match self {
            Action::RollBack { .. } => 240,
            Action::RestartNode { .. } => 90,
            Action::ScaleWorkers { .. } => 60,
            Action::SetPoolSize { .. }
            | Action::SetRetryPolicy { .. }
            | Action::SetRetryLimit { .. } => 10,
            Action::KillSession { .. }
            | Action::KillSessionsOf { .. }
            | Action::OpenBreaker { .. }
            | Action::CloseBreaker { .. } => 2,
            Action::DeclareResolved {} => 0,
            _ => 5,
        })
    }

    /// Its name, as submissions write it.
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).expect("an action is JSON");
        let name = value["action"].as_str();
        name.expect("an action has a name").to_owned()
    }
}
