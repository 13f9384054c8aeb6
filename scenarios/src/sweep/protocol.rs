//! What coordinator and worker say to each other: JSON, one document per line.
//!
//! The first line to a worker is the setup, every further one a request; each request is answered
//! by exactly one line, in order. A worker ends when its input does.

use reports::{Seed, SeedLine};
use serde::{Deserialize, Serialize};
use sim::record::fingerprint::Fingerprint;

use crate::given::Given;
use crate::repro::Repro;
use crate::seeds::RunSeeds;
use crate::strategy::coverage::Shown;

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
    /// Run what is chosen and not drawn, judge it, and tell what it showed.
    Led {
        /// Its seeds; the run's own is its name.
        seeds: RunSeeds,
        /// What of it is given.
        given: Box<Given>,
        /// Run it twice and compare.
        recheck: bool,
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
    /// A chosen run was judged.
    Led {
        /// The result. It names no command: that depends on where the run is saved.
        line: Box<SeedLine>,
        /// Whether a second run of it was another run. The line then has no verdict.
        nondeterministic: bool,
        /// What it showed.
        shown: Shown,
        /// The run whole, when it did not hold and its seeds do not tell it.
        repro: Option<Box<Repro>>,
    },
}
