//! A circuit breaker does what its policy says, and nothing else.
//!
//! Judged at every moment, over the notes `breaker` of each circuit in each life of each node, by that
//! node's own monotonic clock (see [`circuit`](crate::resilience::circuit) for the notes):
//!
//! * it opens for enough counted failures within the window and enough calls, or for a failed probe;
//!   what it opened for are failures, not refused requests;
//! * no probe and no call that counts passes while it is open, and it is half-open no sooner than its
//!   span is over;
//! * at most one probe is under way; a failed one opens it at once, enough successes close it at once;
//! * a call is refused in half-open only while a probe is under way that is not lost.
//!
//! It does not judge whether a breaker that should have opened did, nor sees a call that passed while
//! it was open and went well, since successful calls leave no notes; nor what callers did while they
//! were refused. After the first wrong step of a circuit its further ones are not judged.

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::note::Note;
use sim::time::nanos_of;

use crate::resilience::breaker::BreakerPolicy;

pub(super) const CHECK: Check = Check {
    name: "breaker_legal",
    kind: Kind::Always,
    promise: "circuit breakers open, probe and close by their policy; refused requests never count",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut lives: BTreeMap<(&str, u32, &str), Life> = BTreeMap::new();
    let mut evidence = Vec::new();
    for note in record.notes.iter().filter(|note| note.name == "breaker") {
        let circuit = note.detail.text("circuit");
        let policy = BreakerPolicy::of(circuit)
            .ok_or_else(|| format!("{} has a circuit `{circuit}` of no known policy", note.node))?;
        let life = lives
            .entry((note.node.as_str(), note.incarnation, circuit))
            .or_insert_with(|| Life::new(policy));
        if life.wrong {
            continue;
        }
        if let Err(claim) = life.step(note)? {
            life.wrong = true;
            evidence.push(Evidence {
                at: Some(note.at),
                ..Evidence::new(subject(&note.node, circuit), claim)
            });
        }
    }
    let overdue = lives.iter().filter(|(_, life)| !life.wrong);
    evidence.extend(overdue.filter_map(|((node, _, circuit), life)| {
        let due = life.due?;
        let claim = format!("it should have {due}, and did not");
        Some(Evidence::new(subject(node, circuit), claim))
    }));
    Ok(evidence)
}

fn subject(node: &str, circuit: &str) -> String {
    format!("{node}/{circuit}")
}

/// A breaker in one life of its node, as its notes tell.
struct Life {
    policy: BreakerPolicy,
    phase: Phase,
    /// What must happen next, at once.
    due: Option<&'static str>,
    wrong: bool,
}

enum Phase {
    Closed {
        /// When each failure was counted, by the node's clock.
        failures: Vec<u64>,
    },
    Open {
        since: u64,
    },
    HalfOpen {
        successes: u32,
        /// The probes under way, each with the time it began.
        probes: BTreeMap<i64, u64>,
        failed: bool,
    },
}

/// Right, or what is wrong.
type Step = Result<(), String>;

impl Life {
    fn new(policy: BreakerPolicy) -> Life {
        Life {
            policy,
            phase: Phase::Closed {
                failures: Vec::new(),
            },
            due: None,
            wrong: false,
        }
    }

    /// One note. The outer error says why it cannot be judged.
    fn step(&mut self, note: &Note) -> Result<Step, String> {
        let event = note.detail.text("event");
        let clock = number(note, "clock_ns")?.unsigned_abs();
        if let Some(due) = self.due.take()
            && due != event
        {
            return Ok(Err(format!("it should have {due}; instead: {event}")));
        }
        Ok(match event {
            "failure" => self.failure(clock),
            "opened" => self.opened(clock, number(note, "failures")?, number(note, "requests")?),
            "half_opened" => self.half_opened(clock),
            "closed" => self.closed(),
            "probe" => self.probe(number(note, "probe")?, clock),
            "probe_ended" => {
                self.probe_ended(number(note, "probe")?, note.detail.text("outcome"), clock)
            }
            "refused" => self.refused(clock),
            other => return Err(format!("{} noted `{other}` of a breaker", note.node)),
        })
    }

    fn failure(&mut self, clock: u64) -> Step {
        let Phase::Closed { failures } = &mut self.phase else {
            return Err("it counted a failure while it was not closed: of a call that had passed before, or should not have".into());
        };
        failures.push(clock);
        Ok(())
    }

    fn opened(&mut self, clock: u64, counted: i64, requests: i64) -> Step {
        match &self.phase {
            Phase::Closed { failures } => {
                let window = nanos_of(self.policy.window);
                let recent = |at: &&u64| clock.saturating_sub(**at) < window;
                let seen = failures.iter().filter(recent).count();
                self.may_trip(seen, counted, requests)?;
            }
            Phase::HalfOpen { failed: true, .. } => {}
            Phase::HalfOpen { .. } => return Err("it opened again without a failed probe".into()),
            Phase::Open { .. } => return Err("it opened while open".into()),
        }
        self.phase = Phase::Open { since: clock };
        Ok(())
    }

    fn may_trip(&self, seen: usize, counted: i64, requests: i64) -> Step {
        let BreakerPolicy {
            failures_to_open,
            volume,
            window,
            ..
        } = self.policy;
        let window = window.as_secs();
        if seen as i64 != counted {
            return Err(format!(
                "it opened for {counted} failures, of which {seen} in {window} s were failures of the neighbour"
            ));
        }
        if counted < i64::from(failures_to_open) {
            return Err(format!(
                "it opened for {counted} failures in {window} s; it takes {failures_to_open}"
            ));
        }
        if requests < i64::from(volume) {
            return Err(format!(
                "it opened after {requests} calls in {window} s; it takes {volume}"
            ));
        }
        Ok(())
    }

    fn half_opened(&mut self, clock: u64) -> Step {
        let Phase::Open { since } = self.phase else {
            return Err("it became half-open, but was not open".into());
        };
        let waited = clock.saturating_sub(since);
        if waited < nanos_of(self.policy.open_for) {
            return Err(format!(
                "it became half-open after {} ms; it stays open for {} ms",
                waited / 1_000_000,
                self.policy.open_for.as_millis()
            ));
        }
        self.phase = Phase::HalfOpen {
            successes: 0,
            probes: BTreeMap::new(),
            failed: false,
        };
        Ok(())
    }

    fn closed(&mut self) -> Step {
        let needed = self.policy.successes_to_close;
        match self.phase {
            Phase::HalfOpen { successes, .. } if successes >= needed => {
                self.phase = Phase::Closed {
                    failures: Vec::new(),
                };
                Ok(())
            }
            Phase::HalfOpen { successes, .. } => Err(format!(
                "it closed after {successes} successful probes; it takes {needed}"
            )),
            Phase::Closed { .. } | Phase::Open { .. } => {
                Err("it closed, but was not half-open".into())
            }
        }
    }

    fn probe(&mut self, probe: i64, clock: u64) -> Step {
        match &mut self.phase {
            Phase::HalfOpen { probes, .. } => {
                probes.insert(probe, clock);
                let most = self.policy.probes_at_once;
                let under_way = probes.len();
                if under_way > most as usize {
                    return Err(format!(
                        "{under_way} probes were under way at once; {most} may be"
                    ));
                }
                Ok(())
            }
            Phase::Open { .. } => Err("a call passed while it was open".into()),
            Phase::Closed { .. } => Err("it sent a probe while closed".into()),
        }
    }

    fn probe_ended(&mut self, probe: i64, outcome: &str, clock: u64) -> Step {
        let Phase::HalfOpen {
            successes,
            probes,
            failed,
        } = &mut self.phase
        else {
            return Err("it took the end of a probe for news while it was not half-open".into());
        };
        let Some(began) = probes.remove(&probe) else {
            return Err(format!("probe {probe} ended that was not under way"));
        };
        let age = clock.saturating_sub(began);
        if outcome == "given_up" && age < nanos_of(self.policy.probe_limit) {
            return Err(format!(
                "it gave a probe up after {} ms; it has {} ms",
                age / 1_000_000,
                self.policy.probe_limit.as_millis()
            ));
        }
        match outcome {
            "success" => *successes += 1,
            "failure" => *failed = true,
            _ => {}
        }
        if *failed {
            self.due = Some("opened");
        } else if *successes >= self.policy.successes_to_close {
            self.due = Some("closed");
        }
        Ok(())
    }

    fn refused(&mut self, clock: u64) -> Step {
        let Phase::HalfOpen { probes, .. } = &self.phase else {
            return Err("it refused a call as half-open, and was not".into());
        };
        let Some(oldest) = probes.values().min() else {
            return Err("it refused a call although no probe was under way".into());
        };
        let age = clock.saturating_sub(*oldest);
        if age >= nanos_of(self.policy.probe_limit) {
            return Err(format!(
                "it refused a call for a probe that was lost {} s ago",
                age / 1_000_000_000
            ));
        }
        Ok(())
    }
}

fn number(note: &Note, name: &str) -> Result<i64, String> {
    let found = note.detail.get(name).as_int();
    found.ok_or_else(|| format!("a note of {}'s breaker has no `{name}`", note.node))
}
