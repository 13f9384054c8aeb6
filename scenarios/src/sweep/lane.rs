//! A lane of a sweep: a thread that owns one worker process at a time, and what lanes share.

#![expect(
    clippy::disallowed_methods,
    reason = "how long a sweep may take is a matter of real time, outside any simulation"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use reports::{Seed, SeedLine};

use super::SweepOrder;
use super::guide::{Added, Guide};
use super::journal::Entry;
use super::keeping::keep;
use super::protocol::{Reply, Request};
use super::worker_process::{Lost, WorkerProcess};
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::repro::Repro;
use crate::setup::{Setup, SetupText};
use crate::strategy::coverage::Shown;

/// How long a lane that waits for the others of its generation goes without looking whether it must stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What became of a seed.
pub(super) struct Done {
    pub(super) line: SeedLine,
    pub(super) conclusion: Conclusion,
    /// What it added to what is known, in a sweep that is led by that.
    pub(super) added: Option<Added>,
}

/// What is to be run.
pub(super) struct Task {
    position: u64,
    /// The run that was chosen for the position, in a sweep that is led; else its seed tells it.
    chosen: Option<Setup>,
}

/// What a worker came to.
struct Judged {
    line: SeedLine,
    conclusion: Conclusion,
    shown: Shown,
    /// The run whole, where it did not hold and no seed tells it.
    repro: Option<Repro>,
}

pub(super) type LaneResult = Result<(u64, Done), Failure>;

/// What all lanes see.
pub(super) struct Shared<'a> {
    order: &'a SweepOrder,
    interrupted: &'a AtomicBool,
    pub(super) give_up: AtomicBool,
    /// What an earlier sweep has done, and can be believed.
    done: BTreeMap<Seed, &'a Entry>,
    deadline: Option<Instant>,
    out_of_time: AtomicBool,
    hand_out: Mutex<HandOut>,
    /// Wakes lanes when another generation has begun, or will not.
    news: Condvar,
}

/// Positions are handed out in order. Once one has failed under `until_fail`, none after it is, and
/// all before it have been: so the first failure is the same with any number of lanes.
struct HandOut {
    next: u64,
    end: u64,
    /// Chooses the runs, in a sweep that is led.
    guide: Option<Guide>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        order: &'a SweepOrder,
        interrupted: &'a AtomicBool,
        done: &'a BTreeMap<Seed, Entry>,
    ) -> Shared<'a> {
        let mut guide = order.is_led().then(|| Guide::new(order.setup.clone()));
        let shared = Shared {
            order,
            interrupted,
            give_up: AtomicBool::new(false),
            done: believed(order, guide.as_mut(), done),
            deadline: order.time.map(|time| Instant::now() + time),
            out_of_time: AtomicBool::new(false),
            hand_out: Mutex::new(HandOut {
                next: 0,
                end: order.seeds.count(),
                guide,
            }),
            news: Condvar::new(),
        };
        for (position, done) in shared.done_before() {
            if order.until_fail && done.conclusion != Conclusion::Held {
                shared.end_after(position);
            }
        }
        shared
    }

    /// What an earlier sweep has done, by position.
    pub(super) fn done_before(&self) -> BTreeMap<u64, Done> {
        if self.done.is_empty() {
            return BTreeMap::new();
        }
        let positions = 0..self.order.seeds.count();
        let done = positions.filter_map(|position| {
            let entry = self.done.get(&self.seed(position))?;
            let done = Done {
                line: entry.line.clone(),
                conclusion: entry.conclusion,
                added: entry.added.clone(),
            };
            Some((position, done))
        });
        done.collect()
    }

    /// Whether seeds are left because the time was over.
    pub(super) fn ran_out_of_time(&self) -> bool {
        self.out_of_time.load(Ordering::Relaxed)
    }

    fn must_stop(&self) -> bool {
        self.give_up.load(Ordering::Relaxed) || self.interrupted.load(Ordering::Relaxed)
    }

    fn take(&self) -> Option<Task> {
        let mut hand_out = self.hand_out.lock();
        while hand_out.next < hand_out.end {
            let position = hand_out.next;
            if self.done.contains_key(&self.seed(position)) {
                hand_out.next += 1;
                continue;
            }
            if self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
            {
                self.out_of_time.store(true, Ordering::Relaxed);
            }
            if self.must_stop() || self.ran_out_of_time() {
                return None;
            }
            let guide = hand_out.guide.as_ref();
            if guide.is_some_and(|guide| !guide.is_open(position)) {
                self.news.wait_for(&mut hand_out, LOOK_EVERY);
                continue;
            }
            let chosen = guide.map(|guide| guide.choose(self.seed(position)));
            hand_out.next += 1;
            return Some(Task { position, chosen });
        }
        None
    }

    /// Lets later runs depend on what this one showed. Gives what a journal must keep of it.
    fn learn(&self, task: Task, shown: &Shown) -> Option<Added> {
        let mut hand_out = self.hand_out.lock();
        let guide = hand_out.guide.as_mut()?;
        let added = guide.learn(task.position, task.chosen?, shown);
        self.news.notify_all();
        Some(added)
    }

    /// A position has failed: later ones are of no interest any more.
    pub(super) fn end_after(&self, position: u64) {
        let mut hand_out = self.hand_out.lock();
        hand_out.end = hand_out.end.min(position + 1);
        self.news.notify_all();
    }

    /// Whether the result at a position still counts.
    pub(super) fn is_of_interest(&self, position: u64) -> bool {
        position < self.hand_out.lock().end
    }
}

pub(super) fn run_lane(shared: &Shared<'_>, setup: &SetupText, results: &Sender<LaneResult>) {
    let mut worker: Option<(WorkerProcess, u32)> = None;
    while let Some(task) = shared.take() {
        let position = task.position;
        let (mut process, served) = match worker.take() {
            Some((process, served)) if served < shared.order.batch => (process, served),
            _ => match WorkerProcess::start(setup) {
                Ok(process) => (process, 0),
                Err(error) => {
                    let _ = results.send(Err(error));
                    return;
                }
            },
        };
        let request = shared.request(position, task.chosen.as_ref());
        let stop = || shared.must_stop() || !shared.is_of_interest(position);
        let reply = process.ask(&request, &shared.order.limits, &stop);
        if reply.is_ok() {
            worker = Some((process, served + 1));
        }
        let Some(judged) = shared.judge(&task, reply) else {
            continue;
        };
        let done = match shared.done(task, judged) {
            Ok(done) => done,
            Err(error) => {
                let _ = results.send(Err(error));
                return;
            }
        };
        if shared.order.until_fail && done.conclusion != Conclusion::Held {
            shared.end_after(position);
        }
        if results.send(Ok((position, done))).is_err() {
            return;
        }
    }
}

impl Shared<'_> {
    fn seed(&self, position: u64) -> Seed {
        self.order.seeds.at(position)
    }

    pub(super) fn request(&self, position: u64, chosen: Option<&Setup>) -> Request {
        let numerator = u64::from(self.order.recheck.numerator());
        let denominator = u64::from(self.order.recheck.denominator());
        // Evenly spread, and the same seeds in every sweep.
        let in_range = self.order.seeds.in_range(position);
        let recheck = (in_range % denominator) * numerator % denominator < numerator;
        match chosen {
            None => Request::Seed {
                seed: self.seed(position),
                recheck,
            },
            Some(setup) => Request::Led {
                seeds: setup.seeds,
                given: Box::new(setup.given.clone()),
                recheck,
            },
        }
    }

    /// A reply, or the lack of one, as the run's result; nothing for a run that was stopped.
    fn judge(&self, task: &Task, reply: Result<Reply, Lost>) -> Option<Judged> {
        let (line, nondeterministic, shown, repro) = match reply {
            Ok(Reply::Seed {
                line,
                nondeterministic,
            }) => (line, nondeterministic, Shown::default(), None),
            Ok(Reply::Led {
                line,
                nondeterministic,
                shown,
                repro,
            }) => (line, nondeterministic, shown, repro),
            Ok(Reply::Events { .. }) => {
                let how = "it answered what it was not asked".to_owned();
                return Some(self.lost(task, &Lost::Ended { how }));
            }
            Err(Lost::Stopped) => return None,
            Err(lost) => return Some(self.lost(task, &lost)),
        };
        let conclusion = match nondeterministic {
            true => Conclusion::Nondeterministic,
            false => line.verdict.into(),
        };
        Some(Judged {
            line: *line,
            conclusion,
            shown,
            repro: repro.map(|repro| *repro),
        })
    }

    /// The result of a run that left none.
    fn lost(&self, task: &Task, lost: &Lost) -> Judged {
        let setup = self.setup(task);
        let name = &setup.selected.scenario.name;
        let line = SeedLine {
            lost_from_outside: matches!(lost, Lost::Killed { .. }),
            ..SeedLine::failed_to_run(name, setup.seeds.run, lost.to_string(), setup.reproduce())
        };
        let conclusion = match lost {
            Lost::TimedOut(_) | Lost::OutOfMemory { .. } | Lost::Stopped => {
                Conclusion::Inconclusive
            }
            Lost::Ended { .. } => Conclusion::RunAborted,
            Lost::Killed { .. } => Conclusion::RunKilled,
        };
        Judged {
            line,
            conclusion,
            shown: Shown::default(),
            repro: (!setup.is_told_by_its_seeds()).then(|| Repro::of_lost(&setup)),
        }
    }

    fn setup(&self, task: &Task) -> Setup {
        let drawn = || self.order.setup.at(self.seed(task.position));
        task.chosen.clone().unwrap_or_else(drawn)
    }

    /// The run's result as it is told and kept: with the command that has it again, and with what it added.
    fn done(&self, task: Task, judged: Judged) -> Result<Done, Failure> {
        let Judged {
            mut line,
            conclusion,
            shown,
            repro,
        } = judged;
        if let Some(setup) = &task.chosen {
            line.led = !setup.is_told_by_its_seeds();
            line.reproduce = match (&repro, line.led) {
                (Some(repro), _) => keep(self.order.save.as_deref(), &line, repro)?,
                (None, true) => String::new(),
                (None, false) => setup.reproduce(),
            };
        }
        Ok(Done {
            added: self.learn(task, &shown),
            line,
            conclusion,
        })
    }
}

/// What of a journal can be believed: all of it, or in a sweep that is led what was chosen from the same. The
/// guide then knows what that showed.
fn believed<'a>(
    order: &SweepOrder,
    guide: Option<&mut Guide>,
    done: &'a BTreeMap<Seed, Entry>,
) -> BTreeMap<Seed, &'a Entry> {
    let Some(guide) = guide else {
        return done.iter().map(|(seed, entry)| (*seed, entry)).collect();
    };
    let mut believed = BTreeMap::new();
    for position in 0..order.seeds.count() {
        // Nothing is done beyond a generation that is not whole.
        if !guide.is_open(position) {
            break;
        }
        let seed = order.seeds.at(position);
        if let Some(entry) = done.get(&seed)
            && let Some(added) = &entry.added
            && guide.recall(position, guide.choose(seed), added)
        {
            believed.insert(seed, entry);
        }
    }
    believed
}
