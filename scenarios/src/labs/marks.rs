//! What a policy earned: how many criteria held under how many seeds, in whole points.

use std::collections::BTreeMap;

use super::Lab;
use super::trial::Trial;

/// What a lab came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The lab's name.
    pub lab: &'static str,
    /// Under how many seeds it ran.
    pub seeds: u64,
    /// How many criteria it has.
    pub criteria: u64,
    /// Under how many seeds each did not hold, by its name.
    pub lapses: BTreeMap<&'static str, u64>,
}

impl Marks {
    /// Those of some trials.
    pub fn of(lab: &'static Lab, trials: &[Trial]) -> Marks {
        let mut lapses = BTreeMap::new();
        for lapse in trials.iter().flat_map(|trial| &trial.lapses) {
            *lapses.entry(lapse.criterion).or_insert(0) += 1;
        }
        Marks {
            lab: lab.name,
            seeds: trials.len() as u64,
            criteria: lab.criteria.len() as u64,
            lapses,
        }
    }

    /// Whether every criterion held under every seed, and there was one.
    pub fn is_clean(&self) -> bool {
        self.lapses.is_empty() && self.seeds > 0
    }

    /// The share of so many points that was earned, rounded down.
    pub fn share_of(&self, points: u64) -> u64 {
        let all = self.seeds * self.criteria;
        let lost: u64 = self.lapses.values().sum();
        (points * (all - lost)).checked_div(all).unwrap_or(0)
    }
}
