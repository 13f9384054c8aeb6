//! The `[system.realtime]` table of a scenario: who is told of things while they happen.
//!
//! Without it there are no users, and nothing is stored for any.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::latency::{Latency, LatencyError, LatencyTable};
use sim::ratio::Ratio;

use super::audience;
use crate::config::ConfigError;

/// Users, their devices, and what an instance does for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RealtimeConfig {
    /// How many users there are. At least 1.
    pub users: u32,
    /// How many sessions each user has, one device each: `listener-1` and so on. At least 1.
    #[serde(default = "one")]
    pub sessions_per_user: u32,
    /// How many notifications wait for one session at most. At least 1.
    #[serde(default = "sixteen")]
    pub buffer: u32,
    /// How long an instance waits at most until it looks for new events and notifications, in milliseconds.
    #[serde(default = "two_seconds")]
    pub poll_ms: u64,
    /// How long a device is busy with a notification before it takes the next.
    #[serde(default = "shows")]
    pub show: LatencyTable,
    /// The chance that a notification is marked as read once it was shown; half of the marks are of all
    /// up to it.
    #[serde(default = "never")]
    pub marks: Ratio,
}

fn one() -> u32 {
    1
}

fn sixteen() -> u32 {
    16
}

fn two_seconds() -> u64 {
    2_000
}

fn shows() -> LatencyTable {
    LatencyTable::of([1_000, 5_000, 20_000, 50_000, 100_000])
}

fn never() -> Ratio {
    Ratio::NEVER
}

impl RealtimeConfig {
    /// The names of the users.
    pub fn user_names(&self) -> Vec<String> {
        audience::users(self.users)
    }

    /// The names of the devices, each with its user's.
    pub fn devices(&self) -> Vec<(String, String)> {
        let users = self.user_names().into_iter();
        let of_all = users.flat_map(|user| (0..self.sessions_per_user).map(move |_| user.clone()));
        let numbered = (1..).zip(of_all);
        numbered
            .map(|(number, user)| (format!("listener-{number}"), user))
            .collect()
    }

    /// Checks that it can be built.
    ///
    /// # Errors
    /// The first impossible value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, message: String| ConfigError {
            key: format!("system.realtime.{key}"),
            message,
        };
        for (key, value) in [
            ("users", u64::from(self.users)),
            ("sessions_per_user", u64::from(self.sessions_per_user)),
            ("buffer", u64::from(self.buffer)),
            ("poll_ms", self.poll_ms),
        ] {
            if value == 0 {
                return Err(wrong(key, "0 is not possible here; give at least 1".into()));
            }
        }
        let show: Result<Latency, LatencyError> = self.show.try_into();
        show.map(|_| ())
            .map_err(|error| wrong("show", error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> RealtimeConfig {
        RealtimeConfig {
            users: 2,
            sessions_per_user: 2,
            buffer: 1,
            poll_ms: 1,
            show: shows(),
            marks: Ratio::NEVER,
        }
    }

    fn check(change: impl FnOnce(&mut RealtimeConfig), expected: Option<&str>) {
        let mut config = config();
        change(&mut config);
        let key = config.validate().err().map(|error| error.key);
        assert_eq!(key.as_deref(), expected);
    }

    #[test]
    fn impossible_values_are_refused_by_key() {
        check(|_| (), None);
        check(|it| it.users = 0, Some("system.realtime.users"));
        check(|it| it.buffer = 0, Some("system.realtime.buffer"));
        check(|it| it.show.p50_us = 0, Some("system.realtime.show"));
    }

    #[test]
    fn each_user_has_its_devices() {
        let devices = config().devices();
        let told: Vec<String> = devices
            .iter()
            .map(|(it, of)| format!("{it} {of}"))
            .collect();
        let expected = [
            "listener-1 user-1",
            "listener-2 user-1",
            "listener-3 user-2",
        ];
        assert_eq!(told[..3], expected);
        assert_eq!(told.len(), 4);
    }
}
