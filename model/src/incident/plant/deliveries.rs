//! Webhook deliveries: an event waits for a worker, which takes it in one transaction, asks the endpoint, and records
//! the answer in another.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use sim::SimTime;

use super::{Event, Plant};
use crate::incident::action::ReplayOrder;
use crate::incident::case::TARGETS;
use crate::incident::cause::CauseKind;
use crate::incident::pool::Owner;

/// How long an endpoint takes, typically.
const ENDPOINT: Duration = Duration::from_millis(640);

/// One answer of so many is lost after the endpoint did its work, so that the delivery is tried again.
const ANSWER_LOST_ONE_OF: u64 = 200;

/// Assets whose two events each are among the dead letters from before.
const DEAD_ASSETS: u32 = 20;

/// What deliveries of the last minute are remembered for.
const REMEMBERED: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug)]
struct Delivery {
    number: u32,
    asset: u32,
    since: SimTime,
}

impl Delivery {
    /// One asset of 256 belongs to each of the small customers, all others to the large one, number 0.
    fn endpoint(&self) -> u16 {
        let mixed = self.asset.wrapping_mul(0x9e37_79b1) >> 24;
        match mixed < u32::from(TARGETS) {
            true => mixed as u16 + 1,
            false => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    Taking,
    Asking,
    Recording,
}

#[derive(Clone, Copy, Debug)]
struct Worker {
    doing: Doing,
    delivery: Option<Delivery>,
}

/// What waits, who works on it, and how long the last ones took.
#[derive(Clone, Debug, Default)]
pub(super) struct Deliveries {
    waiting: VecDeque<Delivery>,
    aside: Vec<Delivery>,
    dead: Vec<Delivery>,
    workers: Vec<Worker>,
    idle: Vec<u16>,
    events: u32,
    latencies: VecDeque<(SimTime, u32)>,
}

impl Deliveries {
    pub(super) fn waiting(&self) -> u64 {
        (self.waiting.len() + self.aside.len()) as u64
    }

    pub(super) fn dead(&self) -> u64 {
        self.dead.len() as u64
    }

    /// The 95th percentile over the last minute, in whole seconds; the age of what waits longest when nothing was
    /// delivered.
    pub(super) fn p95_s(&mut self, now: SimTime) -> u64 {
        while let Some((at, _)) = self.latencies.front()
            && now.since(*at) > REMEMBERED
        {
            self.latencies.pop_front();
        }
        if self.latencies.is_empty() {
            let oldest = self.waiting.front();
            return oldest.map_or(0, |delivery| now.since(delivery.since).as_secs());
        }
        let mut all: Vec<u32> = self.latencies.iter().map(|(_, took)| *took).collect();
        let rank = (all.len() * 95).div_ceil(100) - 1;
        let (_, found, _) = all.select_nth_unstable(rank);
        u64::from(*found)
    }
}

impl Plant {
    /// Something happened to an asset that its customer is to be told.
    pub(super) fn event_happened(&mut self, asset: u32) {
        let number = self.deliveries.events;
        self.deliveries.events += 1;
        let since = self.now;
        let delivery = Delivery {
            number,
            asset,
            since,
        };
        self.submit(delivery);
    }

    fn submit(&mut self, delivery: Delivery) {
        let slow = self.lanes.iter().position(|lane| {
            lane.cause.kind == CauseKind::ConnectionHeldAcrossHttp
                && lane.cause.target == delivery.endpoint()
        });
        if let Some(lane) = slow {
            // An endpoint that never answers in time keeps its deliveries waiting, connection or not.
            self.deliveries.aside.push(delivery);
            self.lane_gets_work(lane);
            return;
        }
        self.deliveries.waiting.push_back(delivery);
        self.wake_deliverer();
    }

    /// Fits the workers to the number that is set, and puts those to work who have nothing to do.
    pub(super) fn fit_deliverers(&mut self) {
        let most = self.settings.delivery_workers as usize;
        let deliveries = &mut self.deliveries;
        while deliveries.workers.len() < most {
            deliveries.workers.push(Worker {
                doing: Doing::Nothing,
                delivery: None,
            });
        }
        let workers = deliveries.workers.iter().take(most).enumerate();
        let free = workers.filter(|(_, worker)| worker.doing == Doing::Nothing);
        deliveries.idle = free.map(|(at, _)| at as u16).rev().collect();
        for _ in 0..self.deliveries.waiting.len().min(most) {
            self.wake_deliverer();
        }
    }

    fn wake_deliverer(&mut self) {
        if self.controls.paused.contains("webhooks") {
            return;
        }
        if let Some(worker) = self.deliveries.idle.pop() {
            self.ask_for_deliverer(worker, Doing::Taking);
        }
    }

    fn ask_for_deliverer(&mut self, number: u16, doing: Doing) {
        self.deliveries.workers[usize::from(number)].doing = doing;
        self.pool
            .enter(Owner::Deliverer(number), self.now, SimTime::NEVER);
    }

    pub(super) fn deliverer_served(&mut self, number: u16) {
        let at = usize::from(number);
        if self.deliveries.workers[at].doing == Doing::Taking {
            let paused = self.controls.paused.contains("webhooks");
            let next = match paused {
                true => None,
                false => self.deliveries.waiting.pop_front(),
            };
            if next.is_none() {
                self.pool.release();
                self.rest_deliverer(number);
                return;
            }
            self.deliveries.workers[at].delivery = next;
        }
        let (span, _) = self.delivery_transaction(number);
        self.after(span, Event::Deliverer(number));
    }

    fn delivery_transaction(&self, number: u16) -> (Duration, bool) {
        let worker = self.deliveries.workers[usize::from(number)];
        let delivery = worker.delivery.expect("who works has a delivery");
        let index = u64::from(delivery.number) * 2 + u64::from(worker.doing == Doing::Recording);
        self.transaction("delivery", index)
    }

    /// What a time-out ended is begun again: a delivery that was being taken waits as before, one whose answer was being
    /// recorded is still to be recorded.
    fn begin_delivery_again(&mut self, number: u16, delivery: Delivery) {
        self.pool.release();
        let worker = &mut self.deliveries.workers[usize::from(number)];
        if worker.doing == Doing::Recording {
            self.ask_for_deliverer(number, Doing::Recording);
            return;
        }
        worker.delivery = None;
        self.deliveries.waiting.push_front(delivery);
        self.next_delivery(number);
    }

    fn next_delivery(&mut self, number: u16) {
        let wanted = u32::from(number) < self.settings.delivery_workers;
        match wanted && !self.deliveries.waiting.is_empty() {
            true => self.ask_for_deliverer(number, Doing::Taking),
            false => self.rest_deliverer(number),
        }
    }

    pub(super) fn deliverer_goes_on(&mut self, number: u16) {
        let at = usize::from(number);
        let worker = self.deliveries.workers[at];
        let delivery = worker.delivery.expect("who works has a delivery");
        if worker.doing != Doing::Asking && self.delivery_transaction(number).1 {
            self.begin_delivery_again(number, delivery);
            return;
        }
        match worker.doing {
            Doing::Taking => {
                self.pool.release();
                self.deliveries.workers[at].doing = Doing::Asking;
                let span = self
                    .chance
                    .around("endpoint", u64::from(delivery.number), ENDPOINT);
                self.after(span, Event::Deliverer(number));
            }
            Doing::Asking => self.ask_for_deliverer(number, Doing::Recording),
            Doing::Recording => {
                self.pool.release();
                self.acknowledged(delivery);
                self.deliveries.workers[at].delivery = None;
                self.next_delivery(number);
            }
            Doing::Nothing => unreachable!("who does nothing has no span that ends"),
        }
    }

    fn rest_deliverer(&mut self, number: u16) {
        self.deliveries.workers[usize::from(number)].doing = Doing::Nothing;
        if u32::from(number) < self.settings.delivery_workers {
            self.deliveries.idle.push(number);
        }
    }

    fn acknowledged(&mut self, delivery: Delivery) {
        self.counters.delivered += 1;
        let took = self.now.since(delivery.since).as_secs();
        let took = u32::try_from(took).expect("a run is shorter than a century");
        self.deliveries.latencies.push_back((self.now, took));
        let lost = self
            .chance
            .below("answer", u64::from(delivery.number), ANSWER_LOST_ONE_OF);
        if lost == 0 && !self.settings.idempotency {
            self.books.duplicates += 1;
        }
    }

    /// The dead letters, in the order they came: of which asset each is, and the number of the endpoint it is for, 0 being that
    /// of the large customer.
    pub fn dead_letters(&self) -> impl Iterator<Item = (u32, u16)> {
        let dead = self.deliveries.dead.iter();
        dead.map(|delivery| (delivery.asset, delivery.endpoint()))
    }

    /// The dead letters that were there before: two events each of some assets.
    pub(super) fn lay_dead_letters(&mut self) {
        for event in 0..2 * DEAD_ASSETS {
            self.deliveries.dead.push(Delivery {
                number: u32::MAX - event,
                asset: event / 2,
                since: SimTime::START,
            });
        }
    }

    /// Sends dead letters again. Sent all at once, the later event of an asset may overtake the earlier one.
    pub(super) fn replay_dead(&mut self, order: ReplayOrder) {
        let dead = std::mem::take(&mut self.deliveries.dead);
        let mut arrived: BTreeMap<u32, Duration> = BTreeMap::new();
        for delivery in &dead {
            let index = u64::from(delivery.number);
            let took = self.chance.around("replay", index, ENDPOINT);
            let before = arrived.insert(delivery.asset, took);
            let overtakes = before.is_some_and(|before| took < before);
            if order == ReplayOrder::AllAtOnce && overtakes {
                self.books.disordered += 1;
            }
            let had = self.chance.below("answer", index, 4) == 0;
            if had && !self.settings.idempotency {
                self.books.duplicates += 1;
            }
        }
        self.counters.delivered += dead.len() as u64;
    }
}
