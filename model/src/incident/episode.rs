//! An episode: warm-up until the figures of the briefing stand, hand-over, actions, the end.
//!
//! Warm-up runs the case from a healthy start until exactly [`DEPTH`] verifications are open. The clock of the
//! learner starts there: times in submissions are seconds from hand-over, negative ones before it.

use std::time::Duration;

use sim::SimTime;

use super::action::Action;
use super::books::Balance;
use super::case::Case;
use super::plant::Plant;
use super::settings::{SettingError, Settings};
use super::stability;
use super::telemetry::{Sample, Telemetry};

/// Open verifications at hand-over.
pub const DEPTH: u64 = 52_847;

/// How long an episode lasts from hand-over.
pub const LENGTH: Duration = Duration::from_secs(90 * 60);

/// How long a probe lasts from its trigger: long enough for the incident to show, if it does.
pub const PROBE: Duration = Duration::from_secs(25 * 60);

/// The longest warm-up: a cause that has not filled the queue by then does not.
const WARM_UP_MAX: Duration = Duration::from_secs(3 * 3600);

/// A case that came to the figures of the briefing.
#[derive(Clone, Debug)]
pub struct HandOver {
    /// The case.
    pub case: Case,
    /// The plant at that moment.
    pub plant: Plant,
    /// The moment.
    pub at: SimTime,
}

/// The case never came to the figures of the briefing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("seed {seed:#x} never has {DEPTH} open verifications")]
pub struct NoIncident {
    /// The case's seed.
    pub seed: u64,
}

impl HandOver {
    /// Warms a case up.
    ///
    /// # Errors
    /// When the queue does not fill, as in a healthy case.
    pub fn of(case: &Case) -> Result<HandOver, NoIncident> {
        let mut plant = Plant::new(case, Settings::default());
        let until = SimTime::START + WARM_UP_MAX;
        if !plant.run_until_depth(DEPTH, until) {
            return Err(NoIncident { seed: case.seed });
        }
        plant.sample_from_here();
        Ok(HandOver {
            case: case.clone(),
            at: plant.now(),
            plant,
        })
    }

    /// A moment given in seconds from hand-over.
    pub fn moment(&self, at_s: i64) -> SimTime {
        let nanos = i128::from(self.at.nanos()) + i128::from(at_s) * 1_000_000_000;
        let nanos = nanos.clamp(0, i128::from(u64::MAX));
        SimTime::from_nanos(nanos as u64)
    }

    /// The figures at hand-over.
    pub fn figures(&self) -> &Sample {
        let sample = self.plant.telemetry().samples.last();
        sample.expect("a sample is taken at hand-over")
    }

    /// What follows from these actions, each at its second from hand-over, in order.
    ///
    /// # Errors
    /// When an action asks for a value out of bounds: with its place.
    pub fn play(&self, actions: &[(u64, Action)]) -> Result<Outcome, (usize, SettingError)> {
        let mut plant = self.plant.clone();
        let end = self.at + LENGTH;
        for (place, (at_s, action)) in actions.iter().enumerate() {
            let at = self.at + Duration::from_secs(*at_s);
            if at > end {
                break;
            }
            plant.run_until(at);
            plant.act(action.clone()).map_err(|error| (place, error))?;
        }
        plant.run_until(end);
        Ok(Outcome::of(plant, self.at))
    }
}

/// What an episode came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was seen, from the begin of the warm-up.
    pub telemetry: Telemetry,
    /// The balance at the end.
    pub balance: Balance,
    /// From when on the figures were good for long enough, in seconds from hand-over.
    pub stable_at_s: Option<u64>,
    /// Open verifications at the end.
    pub open: u64,
    /// The moment of hand-over.
    pub hand_over: SimTime,
}

impl Outcome {
    /// That of a plant at the end of its episode.
    pub fn of(plant: Plant, hand_over: SimTime) -> Outcome {
        let samples = &plant.telemetry().samples;
        let stable = stability::stable_from(since(samples, hand_over));
        Outcome {
            stable_at_s: stable.map(|at| at.since(hand_over).as_secs()),
            balance: plant.books().balance(),
            open: plant.books().open(),
            telemetry: plant.telemetry().clone(),
            hand_over,
        }
    }

    /// A hash over everything that was seen and became of everything: the same for the same actions.
    pub fn fingerprint(&self) -> String {
        let seen = format!("{:?}{:?}", self.telemetry, self.balance);
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(seen.as_bytes()))
    }

    /// The first second from hand-over at which the figures, once stable, were not good, and what was wrong.
    pub fn relapse(&self) -> Option<(u64, &'static str)> {
        let stable = self.hand_over + Duration::from_secs(self.stable_at_s?);
        let samples = since(&self.telemetry.samples, self.hand_over);
        let (at, told) = stability::relapse(samples, stable)?;
        Some((at.since(self.hand_over).as_secs(), told))
    }

    /// Whether somebody who looks at a second from hand-over sees that the figures have been good for long enough.
    pub fn is_stable_at(&self, at_s: u64) -> bool {
        let samples = since(&self.telemetry.samples, self.hand_over);
        let at = self.hand_over + Duration::from_secs(at_s);
        let seen = samples.partition_point(|sample| sample.at <= at);
        stability::good_since(&samples[..seen]).is_some()
    }

    /// The sample at or before a second from hand-over.
    pub fn sample_at(&self, at_s: i64) -> Option<&Sample> {
        let nanos = i128::from(self.hand_over.nanos()) + i128::from(at_s) * 1_000_000_000;
        let nanos = u64::try_from(nanos).ok()?;
        self.telemetry.at(SimTime::from_nanos(nanos))
    }
}

/// The samples from a moment on.
fn since(samples: &[Sample], from: SimTime) -> &[Sample] {
    &samples[samples.partition_point(|sample| sample.at < from)..]
}

/// A run of a case from before its trigger, without anybody acting: what is seen and the balance.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What was seen.
    pub telemetry: Telemetry,
    /// The balance at the end.
    pub balance: Balance,
    /// When the trouble began, if it did.
    pub trigger: SimTime,
}

impl Probe {
    /// Runs a case with these settings.
    pub fn of(case: &Case, settings: Settings) -> Probe {
        let mut plant = Plant::new(case, settings);
        plant.run_until(case.trigger + PROBE);
        Probe {
            balance: plant.books().balance(),
            telemetry: plant.telemetry().clone(),
            trigger: case.trigger,
        }
    }

    /// Whether the incident shows.
    pub fn shows_incident(&self) -> bool {
        stability::incident_shows(&self.telemetry.samples)
    }
}
