//! When a failure is decided: its chance, seen from each moment of the run.
//!
//! From a moment on the run is had again with other futures, and how many of them fail is the chance
//! of the failure given all that happened before. The chance grows in steps, at the events that matter.
//! Some moments are looked at first; then the largest step is narrowed down to the one event at which
//! it happens. (The idea of replaying a prefix many times is Antithesis's "causality analysis"; here a
//! prefix is had again by running it.)

use std::collections::{BTreeMap, BTreeSet};

use reports::explain::{Chance, Decision, Without};
use sim::SimTime;
use sim::record::Record;
use sim::record::trace::{EventId, Happening};

use super::Asked;
use super::futures::future;
use super::twin::Nearest;
use crate::run::Outcome;
use crate::setup::Setup;

/// How many futures are tried at a moment.
const FUTURES: u32 = 16;
/// How many moments are looked at before the largest step is narrowed down.
const MOMENTS: usize = 10;
/// A smaller step than this, in futures, is luck and no event's doing.
const STEP_MIN: u32 = 4;

/// The course of the chance, and the event that decides; nothing when no event does.
pub(super) fn decision(
    setup: &Setup,
    failing: &Outcome,
    asked: &mut Asked<'_>,
    twins: &mut Nearest<'_>,
) -> Option<Decision> {
    let moments = moments(&failing.record);
    let last = moments.len().checked_sub(1)?;
    let mut seen = Seen {
        setup,
        record: &failing.record,
        moments: &moments,
        chances: vec![None; moments.len()],
    };
    for sample in 0..MOMENTS {
        seen.look(sample * last / (MOMENTS - 1), asked, twins);
    }
    while let Some((before, after)) = seen.largest_step() {
        if after - before <= 1 {
            break;
        }
        seen.look((before + after) / 2, asked, twins);
    }
    let (before, after) = seen.largest_step()?;
    let (low, high) = (seen.chances[before]?, seen.chances[after]?);
    let decides = high.saturating_sub(low) >= STEP_MIN;
    let decisive = decides.then_some(moments[after].event);
    Some(Decision {
        course: seen.course(),
        decisive,
    })
}

/// A moment of a run: just after one of its events.
struct Moment {
    event: EventId,
    /// The first instant at which chance is another.
    from: SimTime,
}

/// The moments worth looking at: after each event that a person would tell, up to when all faults are
/// healed. Of several at one instant the last, since an instant cannot be divided.
fn moments(record: &Record) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    let rare = rarely_passed(record);
    for (number, event) in (0_u32..).zip(record.trace.events()) {
        let from = SimTime::from_nanos(event.at.nanos() + 1);
        let told = match &event.what {
            Happening::Invoked { .. }
            | Happening::Completed { .. }
            | Happening::FaultBegan { .. }
            | Happening::FaultEnded { .. }
            | Happening::Dropped { .. }
            | Happening::Duplicated { .. }
            | Happening::Crashed { .. }
            | Happening::Paused
            | Happening::Resumed
            | Happening::DiskFailed { .. } => true,
            Happening::PointReached { point } => rare.contains(point),
            Happening::Started { incarnation } => *incarnation > 0 || number <= 1,
            Happening::Healed => break,
            _ => false,
        };
        if !told {
            continue;
        }
        if moments.last().is_some_and(|last| last.from == from) {
            moments.pop();
        }
        moments.push(Moment {
            event: EventId(number),
            from,
        });
    }
    moments
}

/// The points that a run passes a few times only: the others are everyday life.
fn rarely_passed(record: &Record) -> BTreeSet<&'static str> {
    const RARELY: u32 = 8;
    let mut passings: BTreeMap<&'static str, u32> = BTreeMap::new();
    for event in record.trace.events() {
        if let Happening::PointReached { point } = event.what {
            *passings.entry(point).or_default() += 1;
        }
    }
    passings.retain(|_, passings| *passings <= RARELY);
    passings.into_keys().collect()
}

/// What was seen of the chance so far.
struct Seen<'a> {
    setup: &'a Setup,
    record: &'a Record,
    moments: &'a [Moment],
    /// How many of the futures of each moment fail.
    chances: Vec<Option<u32>>,
}

impl Seen<'_> {
    fn look(&mut self, at: usize, asked: &mut Asked<'_>, twins: &mut Nearest<'_>) {
        if self.chances[at].is_some() {
            return;
        }
        let from = self.moments[at].from;
        let mut failed = 0;
        for seed in 1..=FUTURES {
            let other = future(self.setup, self.record, from, u64::from(seed));
            let (outcome, compared) = asked.run("when it is decided", &other);
            failed += u32::from(compared == Without::Fails);
            if compared == Without::Passes {
                let difference = format!("the same until {from}, then another course of chance");
                twins.offer(difference, outcome.record);
            }
        }
        self.chances[at] = Some(failed);
    }

    fn looked_at(&self) -> Vec<(usize, u32)> {
        let chances = self.chances.iter().enumerate();
        chances
            .filter_map(|(at, failed)| Some((at, (*failed)?)))
            .collect()
    }

    /// The neighbouring moments, of those looked at, between which the chance grows most; the first of
    /// equals.
    fn largest_step(&self) -> Option<(usize, usize)> {
        let looked_at = self.looked_at();
        let mut largest: Option<((usize, usize), u32)> = None;
        for pair in looked_at.windows(2) {
            let ((before, low), (after, high)) = (pair[0], pair[1]);
            let step = high.saturating_sub(low);
            if step > 0 && largest.is_none_or(|(_, largest)| step > largest) {
                largest = Some(((before, after), step));
            }
        }
        largest.map(|(moments, _)| moments)
    }

    fn course(&self) -> Vec<Chance> {
        let chance = |(at, failed): (usize, u32)| Chance {
            after: self.moments[at].event,
            failed,
            of: FUTURES,
        };
        self.looked_at().into_iter().map(chance).collect()
    }
}
