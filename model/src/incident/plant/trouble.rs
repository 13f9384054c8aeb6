//! The components in trouble: work that comes to them, sessions that open, stay and end.

use std::time::Duration;

use super::{Event, Plant};
use crate::incident::books::Standing;
use crate::incident::cause::CauseKind;
use crate::incident::lane::{Attempt, Lane};
use crate::incident::pool::Owner;
use crate::incident::telemetry::Session;

/// How often work comes to a component.
const WORK_EVERY: Duration = Duration::from_millis(500);

/// From when on a session that keeps a connection is told of.
const LONG: Duration = Duration::from_secs(10);

impl Plant {
    pub(super) fn trouble_begins(&mut self) {
        for cause in self.case.causes.clone() {
            if cause.kind == CauseKind::ShrunkPool {
                self.resize();
                self.log("connection-pool", format!("{} applied", cause.parameter()));
                continue;
            }
            let number = self.lanes.len() as u8;
            self.lanes.push(Lane::new(cause, self.now));
            self.after(Duration::ZERO, Event::LaneWork(number));
        }
        for decoy in self.case.decoys.clone() {
            let component = decoy.kind.description().component;
            let text = format!(
                "{}: 1 attempt failed, succeeded when tried again",
                decoy.parameter()
            );
            self.log(component, text);
        }
    }

    pub(super) fn lane_work(&mut self, number: u8) {
        self.after(WORK_EVERY, Event::LaneWork(number));
        let lane = usize::from(number);
        if self.lane_flows(lane) {
            self.lanes[lane].backlog = 0;
            self.free_items(lane);
            return;
        }
        let kind = self.lanes[lane].cause.kind;
        let brings_own = matches!(
            kind,
            CauseKind::EvidenceRetryStorm | CauseKind::ConnectionHeldAcrossHttp
        );
        match brings_own {
            // Its work comes with items and events; here only sessions are opened that may be again.
            true => self.open_sessions(lane),
            false => self.lane_gets_work(lane),
        }
    }

    pub(super) fn lane_flows(&self, lane: usize) -> bool {
        self.lanes[lane].flows(self.now, &self.settings, &self.controls)
    }

    pub(super) fn lane_gets_work(&mut self, lane: usize) {
        self.lanes[lane].backlog += 1;
        self.open_sessions(lane);
    }

    fn open_sessions(&mut self, lane: usize) {
        let in_force = self.lanes[lane].in_force(self.now, &self.settings, &self.controls);
        while in_force && self.lanes[lane].may_open(&self.settings) {
            self.lanes[lane].asked += 1;
            let owner = Owner::Lane(lane as u8);
            self.pool.enter(owner, self.now, sim::SimTime::NEVER);
        }
    }

    pub(super) fn lane_served(&mut self, number: u8) {
        let lane = usize::from(number);
        if self.lanes[lane].cause.kind == CauseKind::LostLease {
            // The worker claimed an item and then stood still.
            if let Some(item) = self.take_first() {
                self.books.hold(item, Standing::Aside);
                self.lanes[lane].items.push(item);
            }
        }
        let (holder, span) = self.lanes[lane].open(self.now, &self.settings);
        self.after(span, Event::LaneAttempt(number, holder));
        self.tell_of_lane(lane);
    }

    fn tell_of_lane(&mut self, lane: usize) {
        let open = self.lanes[lane].holders.len();
        if open % 10 == 1 {
            let entry = self.lanes[lane].cause.kind.description();
            let text = format!("{open} sessions keep their connection");
            self.log(entry.component, text);
        }
    }

    pub(super) fn lane_attempt_ends(&mut self, number: u8, holder: u32) {
        let lane = usize::from(number);
        let ended = self.lanes[lane].end_attempt(holder, self.now, &self.settings, &self.controls);
        match ended {
            // It was killed meanwhile.
            None => {}
            Some(Attempt::Again) => {
                let span = self.lanes[lane].begin_attempt(holder, self.now, &self.settings);
                self.after(span, Event::LaneAttempt(number, holder));
            }
            Some(Attempt::Leaves) => {
                self.lanes[lane].leave(holder);
                self.pool.release();
                self.settle_left(lane);
            }
            Some(Attempt::Rests(span)) => {
                self.lanes[lane].leave(holder);
                self.pool.release();
                self.lanes[lane].resting += 1;
                self.after(span, Event::LaneRested(number));
                self.end_stuck_claim(lane);
            }
        }
    }

    /// What a session leaves behind when it goes in peace: evidence that came, or a claim that is free again.
    fn settle_left(&mut self, lane: usize) {
        match self.lanes[lane].cause.kind {
            CauseKind::EvidenceRetryStorm | CauseKind::LostLease => {
                if let Some(item) = self.lanes[lane].items.pop() {
                    self.enqueue(item);
                }
                let backlog = &mut self.lanes[lane].backlog;
                *backlog = backlog.saturating_sub(1);
            }
            _ => {}
        }
        if self.lane_flows(lane) {
            self.free_items(lane);
        }
    }

    fn end_stuck_claim(&mut self, lane: usize) {
        if self.lanes[lane].cause.kind == CauseKind::LostLease {
            // The database ended the transaction; a process that stands still begins no other.
            self.lanes[lane].lease_ends();
            self.free_items(lane);
        }
    }

    pub(super) fn lane_rested(&mut self, number: u8) {
        let lane = usize::from(number);
        self.lanes[lane].resting -= 1;
        self.open_sessions(lane);
    }

    /// Gives what was kept aside back to the queue.
    pub(super) fn free_items(&mut self, lane: usize) {
        for item in std::mem::take(&mut self.lanes[lane].items) {
            self.enqueue(item);
        }
    }

    /// Ends sessions of lanes, those the question is true of.
    pub(super) fn kill(&mut self, which: impl Fn(&Session) -> bool) -> u32 {
        let mut killed = 0;
        for lane in 0..self.lanes.len() {
            // The number that is shown begins anew after so many sessions; the holder's own never does.
            let holders: Vec<u32> = self.lanes[lane].holders.iter().map(|it| it.id).collect();
            for (holder, session) in holders.into_iter().zip(self.lane_sessions(lane)) {
                if !which(&session) {
                    continue;
                }
                self.lanes[lane].killed(holder, self.now);
                self.pool.release();
                killed += 1;
                if self.lanes[lane].cause.kind == CauseKind::LostLease
                    && let Some(item) = self.lanes[lane].items.pop()
                {
                    self.enqueue(item);
                }
            }
        }
        killed
    }

    /// The sessions of a lane as the activity view shows them, one for each holder and in their order.
    fn lane_sessions(&self, lane: usize) -> Vec<Session> {
        let found = &self.lanes[lane];
        let entry = found.cause.kind.description();
        let thing = found.cause.parameter();
        let sessions = found.holders.iter().enumerate().map(|(at, holder)| {
            let first = at == 0;
            let (state, waiting_on) = match found.cause.kind {
                CauseKind::ConnectionHeldAcrossHttp => ("idle in transaction", thing.clone()),
                CauseKind::EvidenceRetryStorm => ("idle in transaction", thing.clone()),
                CauseKind::BlockingReindex if first => ("active", String::new()),
                CauseKind::BlockingReindex => {
                    let leader = found.pid(lane, found.holders[0].id);
                    ("active", format!("lock of {leader}"))
                }
                CauseKind::SlowStatement => ("active", String::new()),
                CauseKind::PoisonItem if first => ("active", thing.clone()),
                CauseKind::PoisonItem => ("active", "advisory lock".to_owned()),
                CauseKind::LostLease => ("idle in transaction", thing.clone()),
                CauseKind::ShrunkPool => ("idle", String::new()),
            };
            Session {
                pid: found.pid(lane, holder.id),
                application: entry.component,
                state,
                waiting_on,
                since: holder.since,
                statement: entry.statement,
            }
        });
        sessions.collect()
    }

    /// The sessions of the database that keep their connection for long.
    pub fn sessions(&self) -> Vec<Session> {
        let mut sessions: Vec<Session> = (0..self.lanes.len())
            .flat_map(|lane| self.lane_sessions(lane))
            .filter(|session| self.now.since(session.since) > LONG)
            .collect();
        let reporting = (0..self.reporting_open).map(|at| Session {
            pid: 10_000 + at,
            application: "reporting",
            state: "idle",
            waiting_on: String::new(),
            since: self.case.trigger,
            statement: "SELECT 1",
        });
        sessions.extend(reporting);
        sessions
    }

    /// How many of them each component has.
    pub(super) fn held(&self) -> [u64; CauseKind::ALL.len()] {
        let mut held = [0; CauseKind::ALL.len()];
        for lane in &self.lanes {
            let long = lane
                .holders
                .iter()
                .filter(|holder| self.now.since(holder.since) > LONG);
            held[lane.cause.kind as usize] += long.count() as u64;
        }
        held[CauseKind::ShrunkPool as usize] += u64::from(self.reporting_open);
        held
    }
}
