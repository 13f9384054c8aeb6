//! Strategies: how the runs of a search are chosen.
//!
//! | strategy | what it varies from seed to seed |
//! |---|---|
//! | `uniform` | faults of all kinds, each as likely |
//! | `swarm` | faults of a random few kinds, much of them (Groce et al., ISSTA 2012) |
//! | `priority` | as swarm, and a few moments at which what is due waits (`priority`) |
//! | `coverage` | what showed something new before, changed a little (`coverage`) |
//!
//! The first three are functions of the seed, so a seed found by them is a command. Coverage learns from
//! run to run: half of its runs are drawn as by swarm, and what it finds by others is saved whole (`--save` of
//! `hunt` and `sweep`). Which one finds most is measured by `proveniq hunt
//! --compare`; the default is the one that does.

pub mod coverage;
pub mod priority;

use serde::{Deserialize, Serialize};
use sim::fault::Plan;
use sim::random::Randomness;
use sim::world::Recording;

use crate::run::{JUDGEMENT_ONLY, Outcome, WITH_TRACE};
use crate::scenario::Scenario;
use crate::seeds::RunSeeds;
use crate::setup::Setup;
use coverage::{Coverage, Shown};
use reports::Seed;

/// How the runs of a search are chosen.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Faults of all kinds, each as likely.
    Uniform,
    /// Faults of a random few kinds, unevenly weighted.
    #[default]
    Swarm,
    /// As swarm, and a few moments at which what is due waits while all else goes on.
    Priority,
    /// Changes of earlier runs that showed something new.
    Coverage,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Strategy; 4] = [
        Strategy::Uniform,
        Strategy::Swarm,
        Strategy::Priority,
        Strategy::Coverage,
    ];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Uniform => "uniform",
            Strategy::Swarm => "swarm",
            Strategy::Priority => "priority",
            Strategy::Coverage => "coverage",
        }
    }

    /// The faults that it draws for a seed beside those that the scenario scripts.
    pub fn draw(self, scenario: &Scenario, randomness: &Randomness) -> Plan {
        let Some(swarm) = &scenario.faults.swarm else {
            return Plan::default();
        };
        let targets = model::system::targets(&scenario.system);
        match self {
            Strategy::Uniform => swarm.draw_uniformly(&targets, randomness),
            Strategy::Swarm | Strategy::Priority | Strategy::Coverage => {
                swarm.draw(&targets, randomness)
            }
        }
    }
}

/// Chooses one run after the other.
pub struct Explorer {
    strategy: Strategy,
    base: Setup,
    coverage: Coverage,
}

impl Explorer {
    /// An explorer of a setup; its seeds are replaced.
    pub fn new(strategy: Strategy, base: Setup) -> Explorer {
        Explorer {
            strategy,
            base,
            coverage: Coverage::default(),
        }
    }

    /// The run for a seed.
    pub fn next(&self, seed: Seed) -> Setup {
        let mut fresh = self.base.clone();
        fresh.seeds = RunSeeds::of(seed);
        fresh.given.strategy = match self.strategy {
            // A run that is drawn afresh is one of a swarm, and its seed alone tells it.
            Strategy::Coverage => Strategy::Swarm,
            other => other,
        };
        match self.strategy {
            Strategy::Coverage => self.coverage.next(fresh),
            Strategy::Uniform | Strategy::Swarm | Strategy::Priority => fresh,
        }
    }

    /// What must be recorded to learn from a run.
    pub fn recording(&self) -> Recording {
        match self.strategy {
            Strategy::Coverage => WITH_TRACE,
            Strategy::Uniform | Strategy::Swarm | Strategy::Priority => JUDGEMENT_ONLY,
        }
    }

    /// Learns from a run that it chose.
    pub fn learn(&mut self, setup: &Setup, outcome: &Outcome) {
        if self.strategy == Strategy::Coverage {
            self.learn_shown(setup, &Shown::by(&outcome.record));
        }
    }

    /// Learns from what a run showed that it chose.
    pub fn learn_shown(&mut self, setup: &Setup, shown: &Shown) {
        self.coverage.learn(setup, shown);
    }

    /// What of this no run showed that it has learnt from.
    pub fn news_of(&self, shown: &Shown) -> Shown {
        self.coverage.news_of(shown)
    }
}
