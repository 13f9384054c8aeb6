//! A sweep: many seeds of one scenario, in worker processes, folded into one result.
//!
//! [`sweep`] is the coordinator. Each *lane* is a thread that owns one worker process at a time,
//! takes the next seed, and replaces the worker when it is lost or has served its batch. Results
//! come out in the order of the seeds, whatever the lanes do, so the output is the same with any
//! number of jobs. In reading order: [`worker`] (inside the process), [`protocol`],
//! [`worker_process`] (the process from outside), `lane`, [`limits`], [`progress`]. Which seeds there are is
//! told by [`share`] and [`regressions`]; which failures are the same by [`causal_shape`]; [`journal`] keeps
//! what is done, and [`merge`] makes one sweep of several. A sweep by coverage has a [`guide`], which chooses
//! later runs by what earlier ones showed.

pub mod causal_shape;
pub mod guide;
pub mod journal;
mod keeping;
mod lane;
pub mod limits;
pub mod merge;
pub mod progress;
pub mod protocol;
pub mod regressions;
pub mod share;
pub mod worker;
pub mod worker_process;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use reports::sweep::SweepScope;
use reports::{RunVerdict, Seed, SeedLine, Sweep};
use sim::check::NODES_BEHAVE;
use sim::ratio::Ratio;

use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::setup::Setup;
use crate::strategy::Strategy;
use journal::{Entry, Journal};
use lane::{LaneResult, Shared, run_lane};
use limits::Limits;
use share::Seeds;

/// What to sweep. There is no default: who starts a sweep states it all.
#[derive(Clone, Debug)]
pub struct SweepOrder {
    /// What each run depends on besides its seed.
    pub setup: Setup,
    /// Which seeds, in order.
    pub seeds: Seeds,
    /// How many workers at a time.
    pub jobs: usize,
    /// Stop at the first seed that does not hold.
    pub until_fail: bool,
    /// The share of seeds that are run twice and compared.
    pub recheck: Ratio,
    /// What one seed may take.
    pub limits: Limits,
    /// How many seeds a worker serves before it is replaced: what finished runs leave behind in a
    /// process adds up.
    pub batch: u32,
    /// How long the sweep may take; then it takes no new seeds.
    pub time: Option<Duration>,
    /// The folder in which runs are saved that did not hold and that no seed tells.
    pub save: Option<PathBuf>,
}

impl SweepOrder {
    /// Whether later runs depend on what earlier ones showed.
    pub fn is_led(&self) -> bool {
        self.setup.given.strategy == Strategy::Coverage
    }
}

/// What a sweep came to.
pub struct Swept {
    /// All results, folded.
    pub sweep: Sweep,
    /// What the exit code follows.
    pub conclusion: Conclusion,
    /// Whether it was stopped before its last seed, by a signal or because its time was over.
    pub interrupted: bool,
    /// The first seed, in order, that did not hold.
    pub first_failure: Option<SeedLine>,
}

/// Runs every seed that is not done and calls `on_line` with each result, in the order of the seeds.
///
/// # Errors
/// When worker processes cannot be had, or when `on_line` fails.
pub fn sweep(
    order: &SweepOrder,
    interrupted: &AtomicBool,
    journal: Option<&mut Journal>,
    done: &BTreeMap<Seed, Entry>,
    mut on_line: impl FnMut(&SeedLine) -> Result<(), Failure>,
) -> Result<Swept, Failure> {
    let mut result = Swept::new(order);
    let shared = Shared::new(order, interrupted, done);
    let setup = order.setup.to_text();
    let finished = thread::scope(|scope| {
        let (results, inbox) = channel();
        for _ in 0..order.jobs {
            let (shared, setup, results) = (&shared, &setup, results.clone());
            scope.spawn(move || run_lane(shared, setup, &results));
        }
        drop(results);
        let collected = collect(&inbox, &shared, journal, &mut result, &mut on_line);
        // Without a reader or on an error, lanes must not go on.
        shared.give_up.store(true, Ordering::Relaxed);
        collected
    });
    finished?;
    if interrupted.load(Ordering::Relaxed) || shared.ran_out_of_time() {
        result.sweep.stop();
        result.interrupted = true;
    }
    result.conclude(order);
    Ok(result)
}

/// Brings results into the order of the seeds.
fn collect(
    inbox: &Receiver<LaneResult>,
    shared: &Shared<'_>,
    mut journal: Option<&mut Journal>,
    result: &mut Swept,
    on_line: &mut impl FnMut(&SeedLine) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut early = shared.done_before();
    let mut next = 0;
    let mut inbox = inbox.iter();
    loop {
        while let Some(done) = early.remove(&next) {
            // What a lane finished beyond the first failure depends on luck.
            if shared.is_of_interest(next) {
                result.add(&done.line, done.conclusion)?;
                on_line(&done.line)?;
            }
            next += 1;
        }
        let Some(received) = inbox.next() else {
            break;
        };
        let (position, done) = received?;
        // What another try may mend is not done.
        if let Some(journal) = journal.as_deref_mut()
            && done.conclusion != Conclusion::RunKilled
        {
            journal.add(&Entry {
                line: done.line.clone(),
                conclusion: done.conclusion,
                added: done.added.clone(),
            })?;
        }
        early.insert(position, done);
    }
    // A seed that was stopped leaves a gap; what is done beyond it counts as far as it is of interest.
    for (position, done) in early {
        if shared.is_of_interest(position) {
            result.add(&done.line, done.conclusion)?;
            on_line(&done.line)?;
        }
    }
    Ok(())
}

impl Swept {
    fn new(order: &SweepOrder) -> Swept {
        let scenario = &order.setup.selected.scenario;
        let checks = crate::run::expected_checks(scenario);
        let checks = std::iter::once(NODES_BEHAVE).chain(checks);
        Swept {
            sweep: Sweep::new(SweepScope {
                scenario: scenario.name.clone(),
                checks: checks.map(|check| check.name.to_owned()).collect(),
                sometimes: scenario.checks.sometimes.clone(),
                chosen: order.seeds.chosen().collect(),
                is_share: order.seeds.share != share::Share::WHOLE,
            }),
            conclusion: match order.seeds.count() {
                0 => Conclusion::NothingSelected,
                _ => Conclusion::Told,
            },
            interrupted: false,
            first_failure: None,
        }
    }

    fn add(&mut self, line: &SeedLine, conclusion: Conclusion) -> Result<(), Failure> {
        let added = self.sweep.add(line);
        added.map_err(|error| Failure::Internal(error.to_string()))?;
        self.conclusion = self.conclusion.or_graver(conclusion);
        if self.first_failure.is_none() && line.verdict != RunVerdict::Held {
            self.first_failure = Some(line.clone());
        }
        Ok(())
    }

    fn conclude(&mut self, order: &SweepOrder) {
        let unreached = self.sweep.unreached().next().is_some();
        if order.seeds.count() > 0 && (self.interrupted || unreached) {
            self.conclusion = self.conclusion.or_graver(Conclusion::Inconclusive);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::lane::Done;
    use super::*;
    use crate::seeds::RunSeeds;

    fn order(seeds: u64) -> SweepOrder {
        SweepOrder {
            setup: Setup {
                selected: crate::file::select("happy-path", &[]).unwrap(),
                seeds: RunSeeds::of(Seed(10)),
                defects: model::defects::Defects::default(),
                given: crate::given::Given::NOTHING,
            },
            seeds: Seeds::range(Seed(10), seeds),
            jobs: 1,
            until_fail: true,
            recheck: Ratio::new(2, 5),
            limits: Limits {
                wall: Duration::from_secs(1),
                memory: u64::MAX,
            },
            batch: 1,
            time: None,
            save: None,
        }
    }

    fn done(position: u64, verdict: RunVerdict) -> Done {
        let failed = SeedLine::failed_to_run("happy-path", Seed(10 + position), "", "");
        let line = SeedLine { verdict, ..failed };
        Done {
            line,
            conclusion: verdict.into(),
            added: None,
        }
    }

    /// Gives the seeds told, in order, when results come in as listed.
    fn collected(results: &[(u64, RunVerdict)]) -> (Vec<u64>, Swept) {
        let order = order(6);
        let interrupted = AtomicBool::new(false);
        let shared = Shared::new(&order, &interrupted, &NOTHING);
        let mut swept = Swept::new(&order);
        let (sender, inbox) = channel();
        for (position, verdict) in results {
            if *verdict != RunVerdict::Held {
                shared.end_after(*position);
            }
            let result = Ok((*position, done(*position, *verdict)));
            sender.send(result).unwrap();
        }
        drop(sender);
        let mut told = Vec::new();
        collect(&inbox, &shared, None, &mut swept, &mut |line| {
            told.push(line.seed.0);
            Ok(())
        })
        .unwrap();
        (told, swept)
    }

    static NOTHING: BTreeMap<Seed, Entry> = BTreeMap::new();
    const HELD: RunVerdict = RunVerdict::Held;
    const VIOLATED: RunVerdict = RunVerdict::Violated;

    #[test]
    fn results_come_out_in_the_order_of_the_seeds() {
        let (told, swept) = collected(&[(2, HELD), (0, HELD), (3, HELD), (1, HELD)]);
        assert_eq!(told, [10, 11, 12, 13]);
        assert_eq!(swept.conclusion, Conclusion::Held);
        // A gap, as an interrupt leaves it, hides nothing that was done.
        assert_eq!(collected(&[(4, HELD), (0, HELD)]).0, [10, 14]);
    }

    #[test]
    fn the_first_failure_does_not_depend_on_which_lane_was_faster() {
        let fast = [(0, HELD), (3, VIOLATED), (2, HELD), (1, VIOLATED)];
        let slow = [(1, VIOLATED), (0, HELD)];
        // Position 2 was stopped once 1 had failed.
        let stopped = [(0, HELD), (3, VIOLATED), (1, VIOLATED)];
        for results in [&fast[..], &slow[..], &stopped[..]] {
            let (told, swept) = collected(results);
            assert_eq!(told, [10, 11]);
            assert_eq!(swept.conclusion, Conclusion::Violated);
            assert_eq!(swept.first_failure.unwrap().seed, Seed(11));
        }
    }

    #[test]
    fn the_asked_share_of_seeds_is_run_twice() {
        let order = order(100);
        let interrupted = AtomicBool::new(false);
        let shared = Shared::new(&order, &interrupted, &NOTHING);
        let twice = (0..100).filter(|position| match shared.request(*position, None) {
            protocol::Request::Seed { recheck, .. } => recheck,
            protocol::Request::Events { .. } | protocol::Request::Led { .. } => false,
        });
        assert_eq!(twice.count(), 40);
    }
}
