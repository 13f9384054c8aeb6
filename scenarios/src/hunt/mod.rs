//! Hunting: how soon the harness finds the bugs that are planted for it.
//!
//! For each defect and each strategy, runs are chosen and judged until the check that must catch the
//! defect does, again and again from other seeds. What is counted is *seeds to detection*; a defect that
//! is never caught, or only by a check that was not meant, is a fault of the harness. The unmodified
//! system is run on the same grounds and must be silent. [`situation`] tells where a defect is hunted,
//! [`trial`] is one search, [`tally`] what several of them amount to, and [`difference`] whether one strategy
//! needs more of them than another.
//!
//! Searches run on threads of this process: a run has its own bounds of steps and time, and planted bugs
//! are not expected to break them.

pub mod difference;
pub mod situation;
pub mod tally;
pub mod trial;

use std::collections::{BTreeMap, BTreeSet};
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
    /// How many runs of the unmodified system there are at least for each situation and strategy; none when
    /// it is 0.
    pub silence: u64,
    /// How many searches go on at a time.
    pub jobs: usize,
    /// Where the runs are saved in which something was caught.
    pub save: Option<PathBuf>,
    /// How many seconds of processor time each such run is shrunk for; not at all when not given.
    pub shrink_s: Option<u64>,
}

impl HuntOrder {
    /// Every search for a defect, in order.
    pub fn trials(&self) -> Vec<Trial> {
        let mut trials = Vec::new();
        for strategy in &self.strategies {
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
                    shrink_s: self.shrink_s,
                }));
            }
        }
        trials
    }

    /// Every search that shows that the unmodified system is silent, in order, once the defects were hunted:
    /// a catch says something only if the same seeds catch nothing without the defect. So each repetition of
    /// each situation has one, which goes at least as far as the farthest catch there.
    pub fn silent_trials(&self, searched: &[Searched]) -> Vec<Trial> {
        if self.silence == 0 {
            return Vec::new();
        }
        let at_least = self.silence.div_ceil(u64::from(self.repetitions.max(1)));
        let mut farthest: BTreeMap<(Strategy, u32, &str), u64> = BTreeMap::new();
        for search in searched.iter().filter(|it| it.defect.is_some()) {
            let place = (search.strategy, search.repetition, &*search.situation);
            let seeds = farthest.entry(place).or_default();
            *seeds = (*seeds).max(search.runs_to_detection.unwrap_or(0));
        }
        let situations = self.defects.iter().filter_map(|it| situation::of(*it));
        let situations: BTreeSet<_> = situations.collect();
        let mut trials = Vec::new();
        for strategy in &self.strategies {
            for situation in &situations {
                trials.extend((0..self.repetitions).map(|repetition| {
                    let there = farthest.get(&(*strategy, repetition, situation.name));
                    Trial {
                        defect: None,
                        situation,
                        strategy: *strategy,
                        repetition,
                        seeds: there.copied().unwrap_or(0).max(at_least),
                        save: self.save.clone(),
                        shrink_s: None,
                    }
                }));
            }
        }
        trials
    }
}

/// Makes all searches that are not among `done`, first those for defects, and gives all results, those of
/// `done` included as far as they belong to this hunt. Calls `on_searched` with each new one as it comes.
///
/// # Errors
/// When `on_searched` fails; no new search is begun then.
pub fn hunt(
    order: &HuntOrder,
    done: &[Searched],
    interrupted: &AtomicBool,
    mut on_searched: impl FnMut(&Searched) -> Result<(), Failure>,
) -> Result<Vec<Searched>, Failure> {
    let done: BTreeMap<&str, &Searched> = done.iter().map(|it| (&*it.name, it)).collect();
    let mut search_all = |trials: &[Trial], searched: &mut Vec<Searched>| {
        let known = trials.iter().filter_map(|trial| done.get(&*trial.name()));
        searched.extend(known.map(|search| (*search).clone()));
        let is_open = |trial: &&Trial| !done.contains_key(&*trial.name());
        let open: Vec<&Trial> = trials.iter().filter(is_open).collect();
        in_parallel(order.jobs, &open, interrupted, |search| {
            on_searched(&search)?;
            searched.push(search);
            Ok(())
        })
    };
    let mut searched = Vec::new();
    search_all(&order.trials(), &mut searched)?;
    search_all(&order.silent_trials(&searched), &mut searched)?;
    Ok(searched)
}

/// Makes searches on so many threads and calls `on_searched` with each result as it comes.
fn in_parallel(
    jobs: usize,
    trials: &[&Trial],
    interrupted: &AtomicBool,
    mut on_searched: impl FnMut(Searched) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (next, give_up) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let (results, inbox) = channel();
        for _ in 0..jobs {
            let (results, trials, next, give_up) = (results.clone(), trials, &next, &give_up);
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
        let heard = inbox.iter().try_for_each(|search| on_searched(search?));
        give_up.store(true, Ordering::Relaxed);
        heard
    })
}
