//! The guide of a sweep that is led by coverage: what earlier runs showed decides what later ones try.
//!
//! Which run follows must not depend on how many workers there are or on which is faster. So seeds come in
//! *generations* of a fixed size: every run of one is chosen from what all generations before it showed, and
//! what it shows itself counts, in the order of the seeds, when all of it is done. No run of the next generation
//! begins before that; with many workers some wait for the slowest at each end.
//!
//! A journal keeps for each run what it showed that was new to its generation, and the digest of what was known
//! then. A sweep that goes on comes to the same runs by itself; an entry whose digest is another was chosen from
//! something else, as after a run that was lost from outside the first time, and is not believed.
//!
//! A share has its own seeds only, so it is led by its own runs only: other shares make other runs.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use reports::Seed;
use serde::{Deserialize, Serialize};

use crate::setup::Setup;
use crate::strategy::coverage::Shown;
use crate::strategy::{Explorer, Strategy};

/// How many runs are chosen from the same knowledge. Few learn sooner, many keep more workers busy.
pub const GENERATION: u64 = 32;

/// What a run added to what is known, as a journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Added {
    /// The digest of what was known when the run was chosen.
    pub chosen_from: u64,
    /// What it showed that no earlier generation had.
    pub news: Shown,
}

/// Chooses the runs of a sweep.
pub(super) struct Guide {
    explorer: Explorer,
    /// The first position of the generation under way.
    begins: u64,
    digest: u64,
    /// What is done of the generation under way.
    done: BTreeMap<u64, (Setup, Shown)>,
}

impl Guide {
    /// A guide that knows nothing yet.
    pub(super) fn new(base: Setup) -> Guide {
        Guide {
            explorer: Explorer::new(Strategy::Coverage, base),
            begins: 0,
            digest: 0,
            done: BTreeMap::new(),
        }
    }

    /// Whether the run at a position can be chosen yet.
    pub(super) fn is_open(&self, position: u64) -> bool {
        position < self.begins + GENERATION
    }

    /// The run for a seed of the generation under way.
    pub(super) fn choose(&self, seed: Seed) -> Setup {
        self.explorer.next(seed)
    }

    /// Takes note of what a run showed. Gives what of it a journal must keep.
    pub(super) fn learn(&mut self, position: u64, setup: Setup, shown: &Shown) -> Added {
        let news = self.explorer.news_of(shown);
        let added = Added {
            chosen_from: self.digest,
            news: news.clone(),
        };
        self.note(position, setup, news);
        added
    }

    /// Takes note of what a journal keeps of a run. Whether it could be believed.
    pub(super) fn recall(&mut self, position: u64, setup: Setup, added: &Added) -> bool {
        let believed = added.chosen_from == self.digest && self.is_open(position);
        if believed {
            self.note(position, setup, added.news.clone());
        }
        believed
    }

    fn note(&mut self, position: u64, setup: Setup, news: Shown) {
        self.done.insert(position, (setup, news));
        if (self.done.len() as u64) < GENERATION {
            return;
        }
        for (position, (setup, news)) in std::mem::take(&mut self.done) {
            self.explorer.learn_shown(&setup, &news);
            let mut hasher = DefaultHasher::new();
            (self.digest, position, news).hash(&mut hasher);
            self.digest = hasher.finish();
        }
        self.begins += GENERATION;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::WITH_TRACE;
    use crate::seeds::RunSeeds;

    fn guide() -> Guide {
        Guide::new(Setup {
            selected: crate::file::select("chaos-registration", &[]).unwrap(),
            seeds: RunSeeds::of(Seed(1)),
            defects: model::defects::Defects::default(),
            given: crate::given::Given::NOTHING,
        })
    }

    fn seed(position: u64) -> Seed {
        Seed(100 + position)
    }

    /// Runs a generation, its positions in this order, and gives what a journal keeps of it.
    fn run(guide: &mut Guide, positions: &[u64]) -> BTreeMap<u64, Added> {
        let mut kept = BTreeMap::new();
        for position in positions {
            assert!(guide.is_open(*position));
            let setup = guide.choose(seed(*position));
            let shown = Shown::by(&setup.run(WITH_TRACE).record);
            kept.insert(*position, guide.learn(*position, setup, &shown));
        }
        kept
    }

    /// The runs that a guide would choose next, whole.
    fn next(guide: &Guide) -> Vec<String> {
        let positions = GENERATION..2 * GENERATION;
        let chosen = positions.map(|position| guide.choose(seed(position)).to_text());
        chosen
            .map(|text| serde_json::to_string(&text).unwrap())
            .collect()
    }

    #[test]
    fn runs_follow_from_what_others_showed_and_not_from_who_was_faster() {
        let forwards: Vec<u64> = (0..GENERATION).collect();
        let backwards: Vec<u64> = (0..GENERATION).rev().collect();
        let (mut one, mut other, mut recalling) = (guide(), guide(), guide());
        assert!(!one.is_open(GENERATION));
        let kept = run(&mut one, &forwards);
        run(&mut other, &backwards);
        for (position, added) in &kept {
            let setup = recalling.choose(seed(*position));
            assert!(recalling.recall(*position, setup, added));
        }
        assert!(one.is_open(GENERATION));
        let led = next(&one);
        assert_eq!(led, next(&other), "the order does not matter");
        assert_eq!(led, next(&recalling), "nor whether a journal tells it");
        assert_ne!(led, next(&guide()), "nothing was learnt");
    }

    #[test]
    fn each_run_is_named_by_its_own_seed_and_half_of_them_are_drawn_by_it() {
        let mut guide = guide();
        run(&mut guide, &(0..GENERATION).collect::<Vec<_>>());
        let chosen = (GENERATION..2 * GENERATION).map(|it| (seed(it), guide.choose(seed(it))));
        let chosen: Vec<_> = chosen.collect();
        assert!(chosen.iter().all(|(seed, setup)| setup.seeds.run == *seed));
        let drawn = chosen.iter().filter(|(_, it)| it.is_told_by_its_seeds());
        assert!((8..=24).contains(&drawn.count()));
    }

    #[test]
    fn what_was_chosen_from_something_else_is_not_believed() {
        let (mut one, mut recalling) = (guide(), guide());
        let kept = run(&mut one, &[0]);
        let elsewhere = Added {
            chosen_from: 1,
            ..kept[&0].clone()
        };
        let setup = recalling.choose(seed(0));
        assert!(!recalling.recall(0, setup.clone(), &elsewhere));
        assert!(
            !recalling.recall(GENERATION, setup.clone(), &kept[&0]),
            "not open yet"
        );
        assert!(recalling.recall(0, setup, &kept[&0]));
    }
}
