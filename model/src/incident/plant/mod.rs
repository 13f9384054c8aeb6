//! The simulation: one heap of events over a pool, workers, deliveries and components in trouble.
//!
//! [`Plant`] is a plain value: cloned at a moment, both copies go on alike. Start at [`Plant::run_until`]; who needs a
//! connection enters the pool, and [`Plant::pump`] gives turns. [`requests`], [`verification`] and
//! [`deliveries`] are the ordinary work, [`trouble`] the components that keep connections, [`acting`] what operators
//! do, [`sampling`] what is seen.

mod acting;
mod deliveries;
mod requests;
mod sampling;
mod trouble;
mod verification;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use sim::SimTime;

use self::deliveries::Deliveries;
use self::verification::Verification;
use super::action::Action;
use super::books::Books;
use super::case::Case;
use super::cause::CauseKind;
use super::chance::Chance;
use super::lane::{Controls, Lane};
use super::pool::{Owner, Pool, Turn};
use super::settings::{CONNECTIONS_LISTENING, CONNECTIONS_SHARED, Settings};
use super::telemetry::{Counters, LogLine, Telemetry};

/// For how long a transaction keeps a connection, typically.
pub const TRANSACTION: Duration = Duration::from_micros(109_800);

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A request arrives.
    Arrival,
    /// A request is done with its connection.
    RequestDone(u32),
    /// A verification worker's span is over.
    Verifier(u16),
    /// A delivery worker's span is over.
    Deliverer(u16),
    /// The trouble begins.
    Trigger,
    /// Work for a component in trouble.
    LaneWork(u8),
    /// An attempt of one of its sessions ends.
    LaneAttempt(u8, u32),
    /// One of its sessions has rested.
    LaneRested(u8),
    /// A sample is due, unless the samples were set anew meanwhile.
    Sample(u32),
    /// An action takes effect.
    Effect(u32),
}

/// An event with its place in the order.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: SimTime,
    sequence: u64,
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        self.sequence == other.sequence
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

/// How much connections were used since the last sample.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    connection_nanos: u128,
    since: SimTime,
}

/// The whole simulated system.
#[derive(Clone, Debug)]
pub struct Plant {
    now: SimTime,
    agenda: BinaryHeap<Reverse<Due>>,
    sequence: u64,
    chance: Chance,
    case: Case,
    settings: Settings,
    controls: Controls,
    pool: Pool,
    lanes: Vec<Lane>,
    reporting_open: u32,
    verification: Verification,
    deliveries: Deliveries,
    requests: u32,
    next_admission: SimTime,
    actions: Vec<Action>,
    sample_series: u32,
    used: Usage,
    counters: Counters,
    books: Books,
    telemetry: Telemetry,
}

impl Plant {
    /// A plant at rest, in which a case will come to pass.
    pub fn new(case: &Case, settings: Settings) -> Plant {
        let mut plant = Plant {
            now: SimTime::START,
            agenda: BinaryHeap::new(),
            sequence: 0,
            chance: Chance::of_seed(case.seed),
            case: case.clone(),
            pool: Pool::new(CONNECTIONS_SHARED),
            verification: Verification::default(),
            deliveries: Deliveries::default(),
            settings,
            controls: Controls::default(),
            lanes: Vec::new(),
            reporting_open: 0,
            requests: 0,
            next_admission: SimTime::START,
            actions: Vec::new(),
            sample_series: 0,
            used: Usage::default(),
            counters: Counters::default(),
            books: Books::default(),
            telemetry: Telemetry::default(),
        };
        plant.resize();
        plant.fit_verifiers();
        plant.fit_deliverers();
        plant.lay_dead_letters();
        plant.after(Duration::ZERO, Event::Arrival);
        plant.after(Duration::ZERO, Event::Sample(0));
        plant.after(case.trigger.since(SimTime::START), Event::Trigger);
        plant
    }

    /// The current moment.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// What happened to everything.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// What was seen.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Lets time pass, including what is due at its end.
    pub fn run_until(&mut self, until: SimTime) {
        while let Some(due) = self.next_due(until) {
            self.step(due);
        }
        self.pass_to(self.now.max(until));
    }

    fn pass_to(&mut self, at: SimTime) {
        let passed = at.since(self.now);
        self.used.connection_nanos += passed.as_nanos() * u128::from(self.connections());
        self.now = at;
    }

    /// Lets time pass until so many verifications are open; whether that came to pass before the end.
    pub fn run_until_depth(&mut self, depth: u64, until: SimTime) -> bool {
        while self.books.open() != depth {
            let Some(due) = self.next_due(until) else {
                return false;
            };
            self.step(due);
        }
        true
    }

    fn next_due(&mut self, until: SimTime) -> Option<Due> {
        let Reverse(due) = *self.agenda.peek()?;
        if due.at > until {
            return None;
        }
        self.agenda.pop();
        Some(due)
    }

    fn step(&mut self, due: Due) {
        self.pass_to(due.at);
        match due.event {
            Event::Arrival => self.request_arrives(),
            Event::RequestDone(number) => self.request_done(number),
            Event::Verifier(worker) => self.verifier_goes_on(worker),
            Event::Deliverer(worker) => self.deliverer_goes_on(worker),
            Event::Trigger => self.trouble_begins(),
            Event::LaneWork(lane) => self.lane_work(lane),
            Event::LaneAttempt(lane, holder) => self.lane_attempt_ends(lane, holder),
            Event::LaneRested(lane) => self.lane_rested(lane),
            Event::Sample(series) => self.sample_due(series),
            Event::Effect(action) => self.take_effect(action),
        }
        self.pump();
    }

    fn after(&mut self, span: Duration, event: Event) {
        self.sequence += 1;
        self.agenda.push(Reverse(Due {
            at: self.now + span,
            sequence: self.sequence,
            event,
        }));
    }

    fn log(&mut self, component: &'static str, text: String) {
        let at = self.now;
        self.telemetry.log.push(LogLine {
            at,
            component,
            text,
        });
    }

    /// Gives connections to whose turn it is.
    fn pump(&mut self) {
        while let Some(turn) = self.pool.turn(self.now) {
            match turn {
                Turn::Granted(Owner::Request(number)) => self.request_served(number),
                Turn::Granted(Owner::Verifier(worker)) => self.verifier_served(worker),
                Turn::Granted(Owner::Deliverer(worker)) => self.deliverer_served(worker),
                Turn::Granted(Owner::Lane(lane)) => self.lane_served(lane),
                Turn::Gone(owner) => self.gone(owner),
            }
        }
    }

    fn gone(&mut self, owner: Owner) {
        let Owner::Request(_) = owner else {
            unreachable!("only requests lose patience");
        };
        self.counters.failed += 1;
    }

    /// How long a transaction keeps its connection, and whether a time-out ends it.
    fn transaction(&self, purpose: &str, index: u64) -> (Duration, bool) {
        let span = self.chance.around(purpose, index, TRANSACTION);
        match self.settings.statement_timeout {
            Some(limit) if limit < span => (limit, true),
            _ => (span, false),
        }
    }

    /// Fits the shared pool to what the server and the reporting pool leave.
    fn resize(&mut self) {
        let changed = self.case.causes.iter().find(|cause| {
            let taken_back = self.controls.rolled_back.contains(&cause.parameter());
            cause.kind == CauseKind::ShrunkPool && self.now >= self.case.trigger && !taken_back
        });
        let by_change = changed.map_or(0, |cause| cause.slots);
        let reporting = self.settings.reporting_pool.unwrap_or(by_change);
        self.reporting_open = reporting.min(CONNECTIONS_SHARED);
        let left = CONNECTIONS_SHARED - self.reporting_open;
        self.pool.set_limit(self.settings.shared_pool.min(left));
    }

    fn connections(&self) -> u64 {
        u64::from(CONNECTIONS_LISTENING + self.pool.in_use() + self.reporting_open)
    }
}
