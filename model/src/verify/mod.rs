//! Verify: checks that assets are where they should be, on evidence from their Lockers.
//!
//! Its queue is the Ledger's table `verifications`, so nothing is lost with a process of Verify.
//! [`judgement`] is what evidence means, as a pure value; [`node`] the process whose workers claim,
//! collect, analyse, record, and report to Core; `due` what they may claim, and `claim` what one of them has
//! in its hands; [`queue`] who goes first, and how many may wait, where that is bounded.

mod claim;
mod due;
pub mod judgement;
pub mod node;
pub mod queue;

pub use self::queue::VerifyQueueConfig;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::ratio::Ratio;

/// Verify's size and what it meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyConfig {
    /// How many processes there are; without any, verifications wait.
    pub processes: u32,
    /// How many verifications one process works on at once.
    pub workers: u32,
    /// The chance that a person has to look at evidence that is right.
    pub review: Ratio,
    /// The longest a person takes, in milliseconds; a day at most.
    pub review_max_ms: u64,
    /// The chance that a verification is poison: its analysis fails each time.
    pub poison: Ratio,
    /// How long the queue may be and who goes first; any length, and whoever is due longest, when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<VerifyQueueConfig>,
}

impl Default for VerifyConfig {
    fn default() -> VerifyConfig {
        VerifyConfig {
            processes: 1,
            workers: 32,
            review: Ratio::NEVER,
            review_max_ms: 86_400_000,
            poison: Ratio::NEVER,
            queue: None,
        }
    }
}
