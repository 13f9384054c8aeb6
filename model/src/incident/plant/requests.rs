//! Requests: they arrive twenty a second, need one connection, and wait for it as long as their sender likes.
//!
//! Three of four ask for a verification; the others read.

use std::time::Duration;

use sim::SimTime;

use super::{Event, Plant};
use crate::incident::books::Standing;
use crate::incident::case::TARGETS;
use crate::incident::cause::CauseKind;
use crate::incident::pool::Owner;

/// How far apart requests arrive, typically.
const ARRIVALS_EVERY: Duration = Duration::from_millis(50);

/// The longest patience; the others have any below it.
const PATIENCE_MAX: Duration = Duration::from_millis(45_200);

fn asks_for_verification(number: u32) -> bool {
    number % 4 != 3
}

impl Plant {
    pub(super) fn request_arrives(&mut self) {
        let number = self.requests;
        self.requests += 1;
        let index = u64::from(number);
        let gap = self.chance.around("arrival", index, ARRIVALS_EVERY);
        self.after(gap, Event::Arrival);
        if asks_for_verification(number) {
            self.counters.demanded += 1;
            if !self.admits() {
                self.books.refused += 1;
                self.counters.failed += 1;
                return;
            }
        }
        let patience = PATIENCE_MAX.as_nanos() as u64;
        let patience = self.chance.spread("patience", index, patience);
        let gives_up = self.now + Duration::from_nanos(patience) + Duration::from_millis(1);
        self.pool.enter(Owner::Request(number), self.now, gives_up);
    }

    /// Whether one more verification may be asked for now: evenly, so many a minute.
    fn admits(&mut self) -> bool {
        if self.controls.paused.contains("intake") {
            return false;
        }
        let Some(limit) = self.settings.intake_per_minute else {
            return true;
        };
        if limit == 0 || self.next_admission > self.now + Duration::from_secs(1) {
            return false;
        }
        let from: SimTime = self.next_admission.max(self.now);
        self.next_admission = from + Duration::from_secs(60) / limit;
        true
    }

    pub(super) fn request_served(&mut self, number: u32) {
        let (span, _) = self.transaction("request", u64::from(number));
        self.after(span, Event::RequestDone(number));
    }

    pub(super) fn request_done(&mut self, number: u32) {
        self.pool.release();
        let (_, cut) = self.transaction("request", u64::from(number));
        if cut {
            self.counters.failed += 1;
            return;
        }
        self.counters.succeeded += 1;
        if number.is_multiple_of(3) {
            self.event_happened(number);
        }
        if asks_for_verification(number) {
            let item = self.books.accept(self.now);
            self.route(item);
        }
    }

    /// Puts an item where it is worked on: into the queue, or aside with its site's retries.
    fn route(&mut self, item: u32) {
        let site = (item % u32::from(TARGETS)) as u16 + 1;
        let storm = self.lanes.iter().position(|lane| {
            lane.cause.kind == CauseKind::EvidenceRetryStorm && lane.cause.target == site
        });
        match storm {
            Some(lane) if !self.lane_flows(lane) => {
                self.books.hold(item, Standing::Aside);
                self.lanes[lane].items.push(item);
                self.lane_gets_work(lane);
            }
            _ => self.enqueue(item),
        }
    }
}
