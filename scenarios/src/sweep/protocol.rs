//! What coordinator and worker say to each other: JSON, one document per line.
//!
//! The first line to a worker is the setup, every further one a request; each request is answered
//! by exactly one line, in order. A worker ends when its input does.

use reports::{Seed, SeedLine};
use serde::{Deserialize, Serialize};
use sim::record::fingerprint::Fingerprint;

/// What a worker is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Run a seed and judge it.
    Seed {
        /// Which.
        seed: Seed,
        /// Run it twice and compare.
        recheck: bool,
    },
    /// Run a seed and tell every event.
    Events {
        /// Which.
        seed: Seed,
    },
}

/// What a worker answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// A seed was judged.
    Seed {
        /// The result.
        line: Box<SeedLine>,
        /// Whether a second run of it was another run. The line then has no verdict.
        nondeterministic: bool,
    },
    /// A seed was run.
    Events {
        /// The identity of the run.
        fingerprint: Fingerprint,
        /// Every event as a line.
        lines: Vec<String>,
    },
}
