//! A circuit breaker as a pure value: whether a neighbour that failed lately is asked at all.
//!
//! *Closed*: calls pass and their outcomes are counted. *Open*: nothing passes. *Half-open*: single
//! probes pass, and their outcomes decide (Nygard, *Release It!*, "Circuit Breaker"; the figures are
//! those of the course this system teaches). It neither calls anybody nor reads a clock: whoever uses
//! it says what time it is. The guard around a real call is [`circuit`](super::circuit).
//!
//! Start with [`Breaker::admit`] and [`Breaker::settle`]. What they keep, whatever happens between:
//!
//! * every permit is conserved: it is settled once, and a probe that is abandoned, or that is not
//!   heard of for [`probe_limit`](BreakerPolicy::probe_limit), leaves its place to the next;
//! * a permit counts only for the period of the state in which it was given: an answer that arrives
//!   after the breaker has opened, however late, neither closes it nor opens it again.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// When a breaker trips, and what it takes to close it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// So many failures within the window open it.
    pub failures_to_open: u32,
    /// So many probes must succeed, without a failure between, to close it.
    pub successes_to_close: u32,
    /// How long nothing passes once it is open.
    pub open_for: Duration,
    /// It does not trip before so many calls were counted within the window, failures included: the
    /// first calls of a quiet hour tell too little.
    pub volume: u32,
    /// How far back calls and failures are counted: a rolling span, to the nanosecond.
    pub window: Duration,
    /// How many probes may be under way at once.
    pub probes_at_once: u32,
    /// A probe not settled within this span is given up, and its place goes to the next. Longer than
    /// any call's own limit, so that only a probe whose caller is lost is ever given up.
    pub probe_limit: Duration,
}

/// The course names no window. A minute, so that a handful of failures spread over a day never adds
/// up to an outage, while one attempt in ten seconds still does.
const WINDOW: Duration = Duration::from_secs(60);

/// Twice the longest limit of any call, which is the Locker's 30 seconds.
const PROBE_LIMIT: Duration = Duration::from_secs(60);

impl BreakerPolicy {
    /// Before the Lockers.
    pub const LOCKER: BreakerPolicy = BreakerPolicy {
        failures_to_open: 5,
        successes_to_close: 3,
        open_for: Duration::from_secs(30),
        volume: 10,
        window: WINDOW,
        probes_at_once: 1,
        probe_limit: PROBE_LIMIT,
    };

    /// Before the Ledger: more sensitive, and sooner back.
    pub const LEDGER: BreakerPolicy = BreakerPolicy {
        failures_to_open: 3,
        successes_to_close: 2,
        open_for: Duration::from_secs(10),
        volume: 5,
        window: WINDOW,
        probes_at_once: 1,
        probe_limit: PROBE_LIMIT,
    };

    /// The policy of the circuit with this name; nothing when the system has no such circuit.
    pub fn of(circuit: &str) -> Option<BreakerPolicy> {
        match circuit {
            "locker" => Some(BreakerPolicy::LOCKER),
            "ledger" => Some(BreakerPolicy::LEDGER),
            _ => None,
        }
    }
}

/// What a breaker lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything.
    Closed,
    /// Nothing.
    Open,
    /// One probe at a time.
    HalfOpen,
}

impl State {
    /// Its value in the gauge `core.circuit_breaker.state`.
    pub fn code(self) -> i64 {
        match self {
            State::Closed => 0,
            State::Open => 1,
            State::HalfOpen => 2,
        }
    }
}

/// How a call ended, as far as a breaker cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The neighbour did what it was asked.
    Success,
    /// The neighbour could not be reached, or did not answer in time.
    Failure,
    /// An error that says nothing of the neighbour's health, such as a refused request: it counts
    /// neither as a failure nor as a success, nor towards the volume.
    Ignored,
    /// It never ended: the caller went away.
    Abandoned,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// It opened, for so many failures among so many counted calls.
    Opened {
        /// Counted failures of the period that ended.
        failures: u32,
        /// Counted calls of the period that ended.
        requests: u32,
    },
    /// It closed again.
    Closed,
}

/// The right to make one call. It is given back by [`Breaker::settle`], once.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that is not settled keeps its place until it is given up"]
pub struct Permit {
    generation: u64,
    probe: Option<u64>,
}

impl Permit {
    /// The number of the probe this is; nothing for a call through a closed breaker.
    pub fn probe(&self) -> Option<u64> {
        self.probe
    }
}

/// The breaker let nothing pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the neighbour failed lately and is left alone; ask again in {} ms", .retry_after.as_millis())]
pub struct Rejected {
    /// Sooner it makes no sense to ask again; never zero.
    pub retry_after: Duration,
}

/// A probe may end at any moment; this keeps those who wait for that from asking without pause.
const PROBE_UNDER_WAY: Duration = Duration::from_secs(1);

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    phase: Phase,
    /// Which period of a state this is; a permit of another one does not count.
    generation: u64,
    probes_given: u64,
}

#[derive(Clone, Debug)]
enum Phase {
    Closed(Window),
    Open {
        until: Duration,
    },
    HalfOpen {
        successes: u32,
        /// The probes under way, each with the time at which it is given up.
        probes: BTreeMap<u64, Duration>,
    },
}

/// The calls counted within the rolling window.
#[derive(Clone, Debug, Default)]
struct Window {
    /// When each ended and whether it failed, oldest first.
    ended: VecDeque<(Duration, bool)>,
    failures: u32,
}

impl Window {
    fn count(&mut self, failed: bool, now: Duration, span: Duration) {
        while let Some((at, failed)) = self.ended.front().copied() {
            if now.saturating_sub(at) < span {
                break;
            }
            self.ended.pop_front();
            self.failures -= u32::from(failed);
        }
        self.ended.push_back((now, failed));
        self.failures += u32::from(failed);
    }

    fn requests(&self) -> u32 {
        u32::try_from(self.ended.len()).unwrap_or(u32::MAX)
    }
}

impl Breaker {
    /// A closed breaker that has counted nothing.
    pub fn new(policy: BreakerPolicy) -> Breaker {
        Breaker {
            policy,
            phase: Phase::Closed(Window::default()),
            generation: 0,
            probes_given: 0,
        }
    }

    /// What it lets pass. An open one becomes half-open by the first call after its span, not by
    /// time alone.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed(_) => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// Asks for a permit. The first call after the open span makes the breaker half-open and is the
    /// probe.
    ///
    /// # Errors
    /// [`Rejected`] while it is open, and while as many probes as may be are under way.
    pub fn admit(&mut self, now: Duration) -> Result<Permit, Rejected> {
        self.give_up_probes(now);
        if let Phase::Open { until } = self.phase {
            if now < until {
                let retry_after = until - now;
                return Err(Rejected { retry_after });
            }
            self.enter(Phase::HalfOpen {
                successes: 0,
                probes: BTreeMap::new(),
            });
        }
        let probe = match &mut self.phase {
            Phase::HalfOpen { probes, .. } => {
                if probes.len() >= self.policy.probes_at_once as usize {
                    let retry_after = PROBE_UNDER_WAY;
                    return Err(Rejected { retry_after });
                }
                let number = self.probes_given;
                self.probes_given += 1;
                probes.insert(number, now.saturating_add(self.policy.probe_limit));
                Some(number)
            }
            Phase::Closed(_) | Phase::Open { .. } => None,
        };
        Ok(Permit {
            generation: self.generation,
            probe,
        })
    }

    /// Whether settling this permit could still count: its period lasts, and it was not given up.
    pub fn counts(&self, permit: &Permit) -> bool {
        if permit.generation != self.generation {
            return false;
        }
        match (&self.phase, permit.probe) {
            (Phase::HalfOpen { probes, .. }, Some(number)) => probes.contains_key(&number),
            (Phase::Closed(_), None) => true,
            _ => false,
        }
    }

    /// Takes a permit back with what became of its call.
    pub fn settle(
        &mut self,
        permit: Permit,
        settlement: Settlement,
        now: Duration,
    ) -> Option<Transition> {
        if !self.counts(&permit) {
            return None;
        }
        if let (Phase::HalfOpen { probes, .. }, Some(number)) = (&mut self.phase, permit.probe) {
            probes.remove(&number);
        }
        match settlement {
            Settlement::Success => self.count_success(now),
            Settlement::Failure => self.count_failure(now),
            Settlement::Ignored | Settlement::Abandoned => None,
        }
    }

    /// Gives up the probes that were not heard of for too long; their numbers. [`Breaker::admit`]
    /// does so by itself: calling it before tells which ones.
    pub fn give_up_probes(&mut self, now: Duration) -> Vec<u64> {
        let Phase::HalfOpen { probes, .. } = &mut self.phase else {
            return Vec::new();
        };
        let lost: Vec<u64> = probes
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(number, _)| *number)
            .collect();
        probes.retain(|_, until| *until > now);
        lost
    }

    fn count_success(&mut self, now: Duration) -> Option<Transition> {
        match &mut self.phase {
            Phase::Closed(window) => {
                window.count(false, now, self.policy.window);
                None
            }
            Phase::HalfOpen { successes, .. } => {
                *successes += 1;
                if *successes < self.policy.successes_to_close {
                    return None;
                }
                self.enter(Phase::Closed(Window::default()));
                Some(Transition::Closed)
            }
            Phase::Open { .. } => None,
        }
    }

    fn count_failure(&mut self, now: Duration) -> Option<Transition> {
        let (failures, requests) = match &mut self.phase {
            Phase::Closed(window) => {
                window.count(true, now, self.policy.window);
                let counted = (window.failures, window.requests());
                let trips =
                    counted.0 >= self.policy.failures_to_open && counted.1 >= self.policy.volume;
                trips.then_some(counted)
            }
            // One failed probe is enough: the neighbour was given its time to recover.
            Phase::HalfOpen { successes, .. } => Some((1, *successes + 1)),
            Phase::Open { .. } => None,
        }?;
        let until = now.saturating_add(self.policy.open_for);
        self.enter(Phase::Open { until });
        Some(Transition::Opened { failures, requests })
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests;
