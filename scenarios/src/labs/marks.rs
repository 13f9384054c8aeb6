//! What a policy earned: how many criteria held under how many seeds, in whole points.

use std::collections::BTreeMap;

use reports::Seed;

use super::Lab;
use super::trial::Trial;

/// Where a criterion did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapses {
    /// Under how many seeds.
    pub count: u64,
    /// The first of them, which is hidden until it is revealed.
    pub seed: Seed,
    /// What was wrong there, which names no seed.
    pub told: String,
}

/// What a criterion earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its name.
    pub criterion: &'static str,
    /// The points it gives.
    pub points: u64,
    /// The most it could give.
    pub most: u64,
}

/// What a lab came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The lab's name.
    pub lab: &'static str,
    /// Under how many seeds it ran.
    pub seeds: u64,
    /// The names of its criteria, in order.
    pub criteria: Vec<&'static str>,
    /// Those that did not hold, by name.
    pub lapses: BTreeMap<&'static str, Lapses>,
}

impl Marks {
    /// Those of some trials.
    pub fn of(lab: &'static Lab, trials: &[Trial]) -> Marks {
        let mut lapses: BTreeMap<&str, Lapses> = BTreeMap::new();
        for (trial, lapse) in trials
            .iter()
            .flat_map(|trial| trial.lapses.iter().map(move |lapse| (trial, lapse)))
        {
            let known = lapses.entry(lapse.criterion).or_insert_with(|| Lapses {
                count: 0,
                seed: trial.seed,
                told: lapse.told.clone(),
            });
            known.count += 1;
        }
        Marks {
            lab: lab.name,
            seeds: trials.len() as u64,
            criteria: lab
                .criteria
                .iter()
                .map(|criterion| criterion.name)
                .collect(),
            lapses,
        }
    }

    /// Whether every criterion held under every seed, and there was one.
    pub fn is_clean(&self) -> bool {
        self.lapses.is_empty() && self.seeds > 0
    }

    /// Under how many seeds a criterion did not hold.
    pub fn lapsed(&self, criterion: &str) -> u64 {
        self.lapses.get(criterion).map_or(0, |lapses| lapses.count)
    }

    /// So many points, divided among the criteria as evenly as whole points can be, the first ones having one more; each gives
    /// the share of the seeds under which it held, rounded down.
    pub fn shares(&self, points: u64) -> impl Iterator<Item = Share> {
        let count = self.criteria.len() as u64;
        let (each, more) = (points / count.max(1), points % count.max(1));
        (0..).zip(&self.criteria).map(move |(place, criterion)| {
            let most = each + u64::from(place < more);
            let held = self.seeds - self.lapsed(criterion);
            Share {
                criterion,
                points: (most * held).checked_div(self.seeds).unwrap_or(0),
                most,
            }
        })
    }

    /// What of so many points was earned.
    pub fn share_of(&self, points: u64) -> u64 {
        self.shares(points).map(|share| share.points).sum()
    }
}
