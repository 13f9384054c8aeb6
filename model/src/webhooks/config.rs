//! The `[system.webhooks]` table of a scenario: which endpoints there are, and what their receivers do.
//!
//! Without endpoints nothing is written to the outbox and nobody looks at it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::latency::{Latency, LatencyError, LatencyTable};
use sim::ratio::Ratio;

use super::event::KINDS;
use super::schedule::{Profile, Schedule};
use crate::config::ConfigError;

/// The most waits of a schedule of one's own: an endpoint that failed so often is down, not busy.
pub const WAITS_MAX: usize = 30;

/// The longest of them, in seconds: 30 days.
const WAIT_MAX_S: u32 = 30 * 86_400;

/// What is told to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// How often an event may have its effect.
    #[serde(default, skip_serializing_if = "DeliveryMode::is_default")]
    pub delivery: DeliveryMode,
    /// Into how many partitions the assets of an ordered endpoint are put, by a hash of their names; what is in
    /// one partition is sent one after the other. Each asset is a partition of its own when not given. At least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<u32>,
    /// When a delivery is tried again.
    #[serde(default)]
    pub schedule: Profile,
    /// The waits after the first attempt, the second and so on, in place of the schedule's, in seconds. At most
    /// [`WAITS_MAX`] of them, each of 1 s to 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_s: Option<Vec<u32>>,
    /// After failing for so long an endpoint is disabled, in milliseconds; five days when not given, as
    /// Svix has it.
    #[serde(default = "five_days")]
    pub disable_after_ms: u64,
    /// How long a secret that was replaced still signs, in milliseconds; a day when not given.
    #[serde(default = "one_day")]
    pub rotation_overlap_ms: u64,
    /// How many deliveries one Core has under way to one endpoint at most.
    #[serde(default = "eight")]
    pub concurrent: u32,
    /// How many dead letters a replay of many revives in a second at most.
    #[serde(default = "ten")]
    pub replays_per_second: u32,
    /// The endpoints, one receiver each: `receiver-1` and so on. At least one.
    pub endpoints: Vec<EndpointConfig>,
}

/// How often an event may have its effect at a receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// Once or not at all: a delivery counts as made when it is sent, and what fails is lost. The promise of
    /// `webhook_conserved` is not kept so, nor meant to be.
    AtMostOnce,
    /// Once or more: what is not acknowledged is sent again, and receivers process whatever comes.
    AtLeastOnce,
    /// Once: what is not acknowledged is sent again, and receivers know by its id what they have processed, as far
    /// as they are configured to.
    #[default]
    EffectivelyOnce,
}

impl DeliveryMode {
    fn is_default(&self) -> bool {
        *self == DeliveryMode::default()
    }
}

fn five_days() -> u64 {
    432_000_000
}

fn one_day() -> u64 {
    86_400_000
}

fn eight() -> u32 {
    8
}

fn ten() -> u32 {
    10
}

/// An endpoint and the machine behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointConfig {
    /// Whose it is.
    pub organisation: String,
    /// The kinds of events it wants, such as `asset.linked`; all when none is named.
    #[serde(default)]
    pub events: Vec<String>,
    /// Whether it hears of each asset in the order of its events, one at a time.
    #[serde(default)]
    pub ordered: bool,
    /// What its receiver does.
    #[serde(default)]
    pub receiver: ReceiverConfig,
}

/// What a receiver does: the behaviour of a stranger's machine as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiverConfig {
    /// How long it works on an event before it answers.
    pub work: LatencyTable,
    /// The chance that it fails: 503, nothing done.
    pub fails: Ratio,
    /// What its failures ask for in `retry-after`, in seconds; nothing when not given.
    pub retry_after_s: Option<u64>,
    /// The chance that it does its work and its answer is lost.
    pub loses_answer: Ratio,
    /// The chance that it answers 200 and does nothing.
    pub drops: Ratio,
    /// The chance that it refuses an event for good: 422.
    pub rejects: Ratio,
    /// When it is down: it answers 503 to everything.
    pub down: Vec<Window>,
    /// From when on it is gone: 410 to everything, in milliseconds.
    pub gone_from_ms: Option<u64>,
    /// When its owner exchanges the secret, in milliseconds.
    pub rotates_at_ms: Option<u64>,
    /// How long its owner needs to put a new secret in place, in milliseconds.
    pub rotation_takes_ms: u64,
    /// Whether it processes an event once, however often it comes.
    pub deduplicates: bool,
}

/// A span of simulated time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its begin.
    pub from_ms: u64,
    /// Its end.
    pub until_ms: u64,
}

impl Default for ReceiverConfig {
    fn default() -> ReceiverConfig {
        ReceiverConfig {
            work: LatencyTable::of([5_000, 20_000, 60_000, 200_000, 400_000]),
            fails: Ratio::NEVER,
            retry_after_s: None,
            loses_answer: Ratio::NEVER,
            drops: Ratio::NEVER,
            rejects: Ratio::NEVER,
            down: Vec::new(),
            gone_from_ms: None,
            rotates_at_ms: None,
            rotation_takes_ms: 600_000,
            deduplicates: true,
        }
    }
}

impl WebhookConfig {
    /// The names of the receivers, which are also those of their endpoints.
    pub fn names(&self) -> Vec<String> {
        let numbers = 1..=self.endpoints.len();
        numbers.map(|number| format!("receiver-{number}")).collect()
    }

    /// When and how often deliveries are tried again.
    pub fn retries(&self) -> Schedule {
        let schedule = self.schedule.schedule();
        match &self.waits_s {
            Some(waits_s) => schedule.with_waits(waits_s),
            None => schedule,
        }
    }

    fn waits_are_possible(&self) -> Result<(), String> {
        let waits = self.waits_s.as_deref().unwrap_or_default();
        let wrong = waits.iter().find(|wait| !(1..=WAIT_MAX_S).contains(wait));
        match (waits.len() > WAITS_MAX, wrong) {
            (true, _) => Err(format!(
                "{} waits are too many; give {WAITS_MAX} at most",
                waits.len()
            )),
            (_, Some(wait)) => Err(format!("{wait} s is no wait; give 1 to {WAIT_MAX_S}")),
            (false, None) => Ok(()),
        }
    }

    /// Checks that it can be built.
    ///
    /// # Errors
    /// The first impossible value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key: String, message: &str| {
            Err(ConfigError {
                key: format!("system.webhooks.{key}"),
                message: message.to_owned(),
            })
        };
        if self.endpoints.is_empty() {
            return wrong(
                "endpoints".into(),
                "there is nobody to tell anything; name an endpoint or leave the table out",
            );
        }
        for (key, value) in [
            ("concurrent", self.concurrent),
            ("replays_per_second", self.replays_per_second),
            ("partitions", self.partitions.unwrap_or(1)),
        ] {
            if value == 0 {
                return wrong(key.into(), "0 is not possible here; give at least 1");
            }
        }
        if let Err(message) = self.waits_are_possible() {
            return wrong("waits_s".into(), &message);
        }
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            let key = |key: &str| format!("endpoints[{index}].{key}");
            let known = |kind: &&String| !KINDS.iter().any(|(_, known)| known == kind);
            if let Some(kind) = endpoint.events.iter().find(known) {
                let kinds = KINDS.map(|(_, kind)| kind).join(", ");
                let message = format!("there is no event `{kind}`; the kinds are {kinds}");
                return wrong(key("events"), &message);
            }
            if endpoint.ordered && self.delivery == DeliveryMode::AtMostOnce {
                let message = "what is sent at most once keeps no order: nobody knows when the one before is done";
                return wrong(key("ordered"), message);
            }
            let work: Result<Latency, LatencyError> = endpoint.receiver.work.try_into();
            if let Err(error) = work {
                return wrong(key("receiver.work"), &error.to_string());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut WebhookConfig), expected: Option<&str>) {
        let mut config = WebhookConfig {
            delivery: DeliveryMode::default(),
            partitions: None,
            schedule: Profile::default(),
            waits_s: None,
            disable_after_ms: five_days(),
            rotation_overlap_ms: one_day(),
            concurrent: 1,
            replays_per_second: 1,
            endpoints: vec![EndpointConfig {
                organisation: "acme".into(),
                events: Vec::new(),
                ordered: false,
                receiver: ReceiverConfig::default(),
            }],
        };
        change(&mut config);
        let key = config.validate().err().map(|error| error.key);
        assert_eq!(key.as_deref(), expected);
    }

    #[test]
    fn impossible_webhooks_are_refused_by_key() {
        check(|_| (), None);
        check(|it| it.endpoints.clear(), Some("system.webhooks.endpoints"));
        check(
            |it| it.partitions = Some(0),
            Some("system.webhooks.partitions"),
        );
        check(|it| it.waits_s = Some(vec![1; WAITS_MAX]), None);
        for waits_s in [vec![0], vec![60, WAIT_MAX_S + 1], vec![1; WAITS_MAX + 1]] {
            check(
                |it| it.waits_s = Some(waits_s.clone()),
                Some("system.webhooks.waits_s"),
            );
        }
        check(|it| it.concurrent = 0, Some("system.webhooks.concurrent"));
        check(
            |it| it.endpoints[0].events.push("asset.sold".into()),
            Some("system.webhooks.endpoints[0].events"),
        );
        check(|it| it.endpoints[0].ordered = true, None);
        check(
            |it| {
                it.endpoints[0].ordered = true;
                it.delivery = DeliveryMode::AtMostOnce;
            },
            Some("system.webhooks.endpoints[0].ordered"),
        );
        check(
            |it| it.endpoints[0].receiver.work.p50_us = 1,
            Some("system.webhooks.endpoints[0].receiver.work"),
        );
    }
}
