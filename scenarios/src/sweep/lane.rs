//! A lane of a sweep: a thread that owns one worker process at a time, and what lanes share.

#![expect(
    clippy::disallowed_methods,
    reason = "how long a sweep may take is a matter of real time, outside any simulation"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

use parking_lot::Mutex;
use reports::{Seed, SeedLine};

use super::SweepOrder;
use super::journal::Entry;
use super::protocol::{Reply, Request};
use super::worker_process::{Lost, WorkerProcess};
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::setup::SetupText;

/// What became of a seed.
pub(super) struct Done {
    pub(super) line: SeedLine,
    pub(super) conclusion: Conclusion,
}

pub(super) type LaneResult = Result<(u64, Done), Failure>;

/// What all lanes see.
pub(super) struct Shared<'a> {
    order: &'a SweepOrder,
    interrupted: &'a AtomicBool,
    pub(super) give_up: AtomicBool,
    /// What an earlier sweep has done.
    done: &'a BTreeMap<Seed, Entry>,
    deadline: Option<Instant>,
    out_of_time: AtomicBool,
    hand_out: Mutex<HandOut>,
}

/// Positions are handed out in order. Once one has failed under `until_fail`, none after it is, and
/// all before it have been: so the first failure is the same with any number of lanes.
struct HandOut {
    next: u64,
    end: u64,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        order: &'a SweepOrder,
        interrupted: &'a AtomicBool,
        done: &'a BTreeMap<Seed, Entry>,
    ) -> Shared<'a> {
        let shared = Shared {
            order,
            interrupted,
            give_up: AtomicBool::new(false),
            done,
            deadline: order.time.map(|time| Instant::now() + time),
            out_of_time: AtomicBool::new(false),
            hand_out: Mutex::new(HandOut {
                next: 0,
                end: order.seeds.count(),
            }),
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

    fn take(&self) -> Option<u64> {
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
            hand_out.next += 1;
            return Some(position);
        }
        None
    }

    /// A position has failed: later ones are of no interest any more.
    pub(super) fn end_after(&self, position: u64) {
        let mut hand_out = self.hand_out.lock();
        hand_out.end = hand_out.end.min(position + 1);
    }

    /// Whether the result at a position still counts.
    pub(super) fn is_of_interest(&self, position: u64) -> bool {
        position < self.hand_out.lock().end
    }
}

pub(super) fn run_lane(shared: &Shared<'_>, setup: &SetupText, results: &Sender<LaneResult>) {
    let mut worker: Option<(WorkerProcess, u32)> = None;
    while let Some(position) = shared.take() {
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
        let request = shared.request(position);
        let stop = || shared.must_stop() || !shared.is_of_interest(position);
        let reply = process.ask(&request, &shared.order.limits, &stop);
        if reply.is_ok() {
            worker = Some((process, served + 1));
        }
        let Some(done) = shared.judge(position, reply) else {
            continue;
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

    pub(super) fn request(&self, position: u64) -> Request {
        let numerator = u64::from(self.order.recheck.numerator());
        let denominator = u64::from(self.order.recheck.denominator());
        // Evenly spread, and the same seeds in every sweep.
        let in_range = self.order.seeds.in_range(position);
        let recheck = (in_range % denominator) * numerator % denominator < numerator;
        Request::Seed {
            seed: self.seed(position),
            recheck,
        }
    }

    /// A reply, or the lack of one, as the seed's result; nothing for a seed that was stopped.
    fn judge(&self, position: u64, reply: Result<Reply, Lost>) -> Option<Done> {
        let lost = match reply {
            Ok(Reply::Seed {
                line,
                nondeterministic,
            }) => {
                let conclusion = match nondeterministic {
                    true => Conclusion::Nondeterministic,
                    false => line.verdict.into(),
                };
                return Some(Done {
                    line: *line,
                    conclusion,
                });
            }
            Ok(Reply::Events { .. }) => Lost::Ended {
                how: "it answered what it was not asked".to_owned(),
            },
            Err(Lost::Stopped) => return None,
            Err(lost) => lost,
        };
        let setup = self.order.setup.at(self.seed(position));
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
        Some(Done { line, conclusion })
    }
}
