//! Hunting: how soon the harness finds the bugs that are planted for it.
//!
//! For each defect and each strategy, runs are chosen and judged until the check that must catch the
//! defect does, again and again from other seeds. What is counted is *seeds to detection*; a defect that
//! is never caught, or only by a check that was not meant, is a fault of the harness. The unmodified
//! system is run on the same grounds and must be silent. [`situation`] tells where a defect is hunted,
//! [`trial`] is one search, [`tally`] what several of them amount to.
//!
//! Searches run on threads of this process: a run has its own bounds of steps and time, and planted bugs
//! are not expected to break them.

pub mod situation;
pub mod tally;
pub mod trial;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use model::defects::Defect;

use crate::failure::Failure;
use crate::strategy::Strategy;
use trial::{Searched, Trial};

/// What to hunt.
#[derive(Clone, Debug)]
pub struct HuntOrder {
    /// Which defects.
    pub defects: Vec<Defect>,
    /// By which strategies.
    pub strategies: Vec<Strategy>,
    /// How many runs a search has at most.
    pub seeds: u64,
    /// How many searches there are for each defect and strategy.
    pub repetitions: u32,
    /// How many runs of the unmodified system there are for each situation and strategy.
    pub silence: u64,
    /// How many searches go on at a time.
    pub jobs: usize,
    /// Where the runs are saved in which something was caught.
    pub save: Option<PathBuf>,
}

impl HuntOrder {
    /// Every search, in order: first those that show that the unmodified system is silent.
    pub fn trials(&self) -> Vec<Trial> {
        let mut trials = Vec::new();
        let situations: BTreeSet<_> = self
            .defects
            .iter()
            .filter_map(|it| situation::of(*it))
            .collect();
        for strategy in &self.strategies {
            let silent = situations.iter().map(|situation| Trial {
                defect: None,
                situation,
                strategy: *strategy,
                repetition: 0,
                seeds: self.silence,
                save: self.save.clone(),
            });
            trials.extend(silent.filter(|trial| trial.seeds > 0));
            for defect in &self.defects {
                let Some(situation) = situation::of(*defect) else {
                    continue;
                };
                trials.extend((0..self.repetitions).map(|repetition| Trial {
                    defect: Some(*defect),
                    situation,
                    strategy: *strategy,
                    repetition,
                    seeds: self.seeds,
                    save: self.save.clone(),
                }));
            }
        }
        trials
    }
}

/// Makes all searches that are not `done` and calls `on_searched` with each result as it comes.
///
/// # Errors
/// When `on_searched` fails; no new search is begun then.
pub fn hunt(
    order: &HuntOrder,
    done: &BTreeSet<String>,
    interrupted: &AtomicBool,
    mut on_searched: impl FnMut(Searched) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let trials: Vec<Trial> = order.trials();
    let trials: Vec<&Trial> = trials
        .iter()
        .filter(|trial| !done.contains(&trial.name()))
        .collect();
    let (next, give_up) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let (results, inbox) = channel();
        for _ in 0..order.jobs {
            let (results, trials, next, give_up) = (results.clone(), &trials, &next, &give_up);
            scope.spawn(move || {
                let stop =
                    || give_up.load(Ordering::Relaxed) || interrupted.load(Ordering::Relaxed);
                while let Some(trial) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(searched) = trial.search(&stop).transpose() else {
                        return;
                    };
                    if results.send(searched).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let heard = inbox.iter().try_for_each(|searched| on_searched(searched?));
        give_up.store(true, Ordering::Relaxed);
        heard
    })
}
