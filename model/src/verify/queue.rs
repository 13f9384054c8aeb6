//! Verify's queue where it has a bound and priorities: how long it may be, and who goes first.
//!
//! Plain values: the table is the Ledger's (`verifications`), the bound is kept by Core
//! ([`requesting`](crate::core::verification::requesting)), and the workers ask [`Turns`] whom to turn to.
//! Without a `[system.verify.queue]` whoever is due longest goes first, and everybody is let in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::protocol::Answer;

/// `[system.verify.queue]`: verifications that users ask for are bounded, and those of registrations go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyQueueConfig {
    /// How many verifications that users asked for are open at most. At least 1.
    pub requested_max: u32,
    /// When a user who finds the queue full is asked to come back, in milliseconds. At least 1.
    #[serde(default = "half_a_minute")]
    pub retry_after_ms: u64,
    /// Who goes first.
    #[serde(default)]
    pub order: QueueOrder,
    /// By priority: of so many places of workers one turns to requested verifications first, so that a stream of registrations
    /// does not keep them waiting for ever. At least 1.
    #[serde(default = "four")]
    pub one_in: u32,
}

/// Who goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueOrder {
    /// Verifications of registrations.
    #[default]
    Priority,
    /// Whoever is due longest.
    Age,
}

fn half_a_minute() -> u64 {
    30_000
}

fn four() -> u32 {
    4
}

impl VerifyQueueConfig {
    /// What a user is told who finds the queue full.
    pub fn full(&self) -> Answer {
        let mut answer = Answer::later(503, None);
        answer.retry_after_ms = Some(self.retry_after_ms);
        answer
    }
}

/// Whose turn it is, place by place.
#[derive(Clone, Debug)]
pub struct Turns {
    one_in: u32,
    /// How many places were given since a requested verification had its turn.
    given: u32,
}

impl Turns {
    /// Before the first place; nothing where age decides.
    pub fn new(config: &VerifyQueueConfig) -> Option<Turns> {
        (config.order == QueueOrder::Priority).then_some(Turns {
            one_in: config.one_in,
            given: 0,
        })
    }

    /// How many of the next places turn to requested verifications first.
    pub fn kept(&self, places: u32) -> u32 {
        (self.given + places) / self.one_in
    }

    /// So many places were given.
    pub fn give(&mut self, places: u32) {
        self.given = (self.given + places) % self.one_in;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one_in: u32, places: &[u32], kept: &[u32]) {
        let config = VerifyQueueConfig {
            requested_max: 1,
            retry_after_ms: 1,
            order: QueueOrder::Priority,
            one_in,
        };
        let mut turns = Turns::new(&config).expect("an order by priority has turns");
        let found = places.iter().map(|places| {
            let kept = turns.kept(*places);
            turns.give(*places);
            kept
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            kept,
            "one in {one_in} of {places:?}"
        );
    }

    #[test]
    fn one_place_in_so_many_is_kept_however_they_come() {
        check(4, &[4], &[1]);
        check(4, &[1, 1, 1, 1, 1, 1, 1, 1], &[0, 0, 0, 1, 0, 0, 0, 1]);
        check(4, &[3, 3, 3, 3], &[0, 1, 1, 1]);
        check(2, &[32], &[16]);
        check(4, &[0, 0], &[0, 0]);
    }

    #[test]
    fn who_finds_the_queue_full_is_told_when_to_come_back() {
        let config = VerifyQueueConfig {
            requested_max: 1,
            retry_after_ms: 250,
            order: QueueOrder::Age,
            one_in: 4,
        };
        let answer = config.full();
        assert_eq!(
            (answer.status, answer.again, answer.retry_after_ms),
            (503, true, Some(250))
        );
    }
}
