//! The `[system.search]` table of a scenario: the search node, and how it is fed.
//!
//! Without it there is no such node, and nothing is written for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::latency::{Latency, LatencyError, LatencyTable};

use crate::config::ConfigError;

/// The search index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// How long an instance of Core waits at most until it looks for new events, in milliseconds.
    pub feed_every_ms: u64,
    /// How many events one message carries at most.
    pub batch: u32,
    /// How many documents one message of a re-index carries at most.
    pub reindex_batch: u32,
    /// How long a re-index pauses between two messages, so that live updates get their turn, in
    /// milliseconds.
    pub reindex_pause_ms: u64,
    /// How long the node works on a message.
    pub work: LatencyTable,
}

impl Default for SearchConfig {
    fn default() -> SearchConfig {
        SearchConfig {
            feed_every_ms: 500,
            batch: 16,
            reindex_batch: 8,
            reindex_pause_ms: 300,
            work: LatencyTable::of([500, 2_000, 5_000, 15_000, 30_000]),
        }
    }
}

impl SearchConfig {
    /// Checks that it can be built.
    ///
    /// # Errors
    /// The first impossible value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, message: String| ConfigError {
            key: format!("system.search.{key}"),
            message,
        };
        for (key, value) in [
            ("feed_every_ms", self.feed_every_ms),
            ("batch", u64::from(self.batch)),
            ("reindex_batch", u64::from(self.reindex_batch)),
        ] {
            if value == 0 {
                return Err(wrong(key, "0 is not possible here; give at least 1".into()));
            }
        }
        let work: Result<Latency, LatencyError> = self.work.try_into();
        work.map(|_| ())
            .map_err(|error| wrong("work", error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_values_are_refused_by_key() {
        let check = |change: &dyn Fn(&mut SearchConfig), expected: Option<&str>| {
            let mut config = SearchConfig::default();
            change(&mut config);
            let key = config.validate().err().map(|error| error.key);
            assert_eq!(key.as_deref(), expected);
        };
        check(&|_| (), None);
        check(&|it| it.batch = 0, Some("system.search.batch"));
        check(&|it| it.work.p90_us = 0, Some("system.search.work"));
    }
}
