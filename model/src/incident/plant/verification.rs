//! Verification: workers take items from one queue; each item needs four transactions, and evidence between
//! the first and the second.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Event, Plant};
use crate::incident::books::Standing;
use crate::incident::pool::Owner;
use sim::SimTime;

/// How long evidence and its analysis take, typically.
const EVIDENCE: Duration = Duration::from_millis(1_950);

/// Transactions per item.
const TRANSACTIONS: u8 = 4;

/// One item of so many is judged not to be what its owner says.
const REJECTED_ONE_OF: u64 = 97;

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    Waiting,
    Transaction,
    Evidence,
}

#[derive(Clone, Copy, Debug)]
struct Worker {
    doing: Doing,
    item: Option<u32>,
    done: u8,
}

/// The queue and its workers.
#[derive(Clone, Debug, Default)]
pub(super) struct Verification {
    queue: VecDeque<u32>,
    workers: Vec<Worker>,
    idle: Vec<u16>,
}

impl Plant {
    pub(super) fn enqueue(&mut self, item: u32) {
        self.books.hold(item, Standing::Queued);
        self.verification.queue.push_back(item);
        self.wake_verifier();
    }

    /// Takes every waiting item out.
    pub(super) fn take_queue(&mut self) -> Vec<u32> {
        self.verification.queue.drain(..).collect()
    }

    /// Takes the first item out, for a worker that is not one of these.
    pub(super) fn take_first(&mut self) -> Option<u32> {
        self.verification.queue.pop_front()
    }

    /// The first items of the queue, so many at most: each with its second of the run when it was accepted.
    pub fn queue_head(&self, most: usize) -> Vec<(u32, u32)> {
        let head = self.verification.queue.iter().take(most);
        head.map(|item| (*item, self.books.accepted_at_s(*item)))
            .collect()
    }

    /// Fits the workers to the number that is set, and puts those to work who have nothing to do.
    pub(super) fn fit_verifiers(&mut self) {
        let most = self.settings.verification_workers as usize;
        let verification = &mut self.verification;
        while verification.workers.len() < most {
            verification.workers.push(Worker {
                doing: Doing::Nothing,
                item: None,
                done: 0,
            });
        }
        let workers = verification.workers.iter().take(most).enumerate();
        let free = workers.filter(|(_, worker)| worker.doing == Doing::Nothing);
        verification.idle = free.map(|(at, _)| at as u16).rev().collect();
        for _ in 0..self.verification.queue.len().min(most) {
            self.wake_verifier();
        }
    }

    fn wake_verifier(&mut self) {
        if let Some(worker) = self.verification.idle.pop() {
            self.ask_for_verifier(worker);
        }
    }

    fn ask_for_verifier(&mut self, worker: u16) {
        self.verification.workers[usize::from(worker)].doing = Doing::Waiting;
        self.pool
            .enter(Owner::Verifier(worker), self.now, SimTime::NEVER);
    }

    pub(super) fn verifier_served(&mut self, number: u16) {
        let at = usize::from(number);
        if self.verification.workers[at].item.is_none() {
            let Some(item) = self.verification.queue.pop_front() else {
                self.pool.release();
                self.rest_verifier(number);
                return;
            };
            self.books.hold(item, Standing::InWork);
            self.verification.workers[at].item = Some(item);
            self.verification.workers[at].done = 0;
        }
        self.verification.workers[at].doing = Doing::Transaction;
        let (span, _) = self.verifier_transaction(number);
        self.after(span, Event::Verifier(number));
    }

    fn verifier_transaction(&self, number: u16) -> (Duration, bool) {
        let worker = self.verification.workers[usize::from(number)];
        let item = worker.item.expect("who works has an item");
        self.transaction("verification", u64::from(item) * 4 + u64::from(worker.done))
    }

    pub(super) fn verifier_goes_on(&mut self, number: u16) {
        let at = usize::from(number);
        if self.verification.workers[at].doing == Doing::Evidence {
            self.ask_for_verifier(number);
            return;
        }
        let (_, cut) = self.verifier_transaction(number);
        self.pool.release();
        if cut {
            // What a time-out ended is begun again: the worker gets nowhere.
            self.ask_for_verifier(number);
            return;
        }
        let worker = &mut self.verification.workers[at];
        worker.done += 1;
        let (item, done) = (worker.item.expect("who works has an item"), worker.done);
        if done == 1 {
            worker.doing = Doing::Evidence;
            let span = self.chance.around("evidence", u64::from(item), EVIDENCE);
            self.after(span, Event::Verifier(number));
        } else if done < TRANSACTIONS {
            self.ask_for_verifier(number);
        } else {
            worker.item = None;
            self.end_item(item);
            self.next_item(number);
        }
    }

    fn end_item(&mut self, item: u32) {
        let rejected = self
            .chance
            .below("judgement", u64::from(item), REJECTED_ONE_OF)
            == 0;
        let to = match rejected {
            true => Standing::Rejected,
            false => Standing::Completed,
        };
        self.books.end(item, to);
        self.counters.processed += 1;
        self.event_happened(item);
    }

    fn next_item(&mut self, number: u16) {
        let wanted = u32::from(number) < self.settings.verification_workers;
        match wanted && !self.verification.queue.is_empty() {
            true => self.ask_for_verifier(number),
            false => self.rest_verifier(number),
        }
    }

    fn rest_verifier(&mut self, number: u16) {
        self.verification.workers[usize::from(number)].doing = Doing::Nothing;
        if u32::from(number) < self.settings.verification_workers {
            self.verification.idle.push(number);
        }
    }
}
