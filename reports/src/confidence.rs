//! What a sweep allows to say about the seeds that were not run.
//!
//! Two figures: a bound on the failure rate from the number of clean seeds, and how saturated the
//! behaviour is that the seeds show. Neither says that there is no failure left.

use serde::{Deserialize, Serialize};

use crate::figures::{count, counted, percentage, percentage_at_most};
use crate::statistics;
use crate::sweep::Sweep;
use crate::verdict::RunVerdict;

/// What a sweep allows to say about seeds that were not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confidence {
    /// Drawn seeds in which every check held. Seeds that are run because they failed before are not drawn, nor
    /// are runs that were led by what others showed, and those that were lost from outside say nothing.
    pub clean_seeds: u64,
    /// The bound on the failure rate as a fraction, at 95 % confidence; null when a seed failed or
    /// there are too few to say anything. From the rule of three: if the rate were 3/N, N clean
    /// seeds in a row would have a chance of (1 − 3/N)^N ≤ e⁻³ < 5 %.
    pub failure_rate_below: Option<String>,
    /// The same bound exactly, and also when seeds failed: the failure rate at which so few failures
    /// among the decided seeds would have a chance of 5 % (Clopper, Pearson 1934, one-sided); null when
    /// no seed was decided.
    pub failure_rate_at_most: Option<String>,
    /// Distinct behaviours: sets of named states that were reached together.
    pub behaviours: u64,
    /// Behaviours that only one seed showed. Their share among all seeds estimates the chance that
    /// one more seed shows a new one (Good 1953, Turing).
    pub behaviours_seen_once: u64,
    /// How many distinct behaviours so many of these seeds show on average, whichever they are: a curve
    /// that has become flat says that more seeds of this kind show little more (rarefaction, Hurlbert
    /// 1971).
    pub saturation: Vec<SaturationPoint>,
    /// The same in words.
    pub statement: String,
}

/// A point of the saturation curve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaturationPoint {
    /// How many seeds.
    pub seeds: u64,
    /// How many behaviours they show on average, in tenths.
    pub behaviours_tenths: u64,
}

impl Confidence {
    /// The statement a sweep allows.
    pub fn of(sweep: &Sweep) -> Confidence {
        let drawn = |verdict| sweep.drawn.get(&verdict).copied().unwrap_or(0);
        let clean = drawn(RunVerdict::Held);
        let failed = drawn(RunVerdict::Violated) + drawn(RunVerdict::FailedToRun);
        let bound = (failed == 0 && clean > 3).then(|| format!("3/{clean}"));
        let seen_once = sweep.behaviours.values().filter(|seeds| **seeds == 1);
        let mut confidence = Confidence {
            clean_seeds: clean,
            failure_rate_below: bound,
            failure_rate_at_most: statistics::upper_bound(failed, failed + clean),
            behaviours: sweep.behaviours.len() as u64,
            behaviours_seen_once: seen_once.count() as u64,
            saturation: saturation_curve(sweep),
            statement: String::new(),
        };
        let seeds = sweep.drawn.values().sum();
        let rate = confidence.rate(seeds, failed);
        let saturation = confidence.saturation(sweep.seeds());
        confidence.statement = format!("{rate}{}. {saturation}", exempt(sweep));
        confidence
    }

    fn rate(&self, seeds: u64, failed: u64) -> String {
        match (&self.failure_rate_below, failed) {
            (Some(_), _) => format!(
                "{} seeds are clean: the failure rate is below 3/{} ({}) at 95 % confidence",
                count(self.clean_seeds),
                count(self.clean_seeds),
                percentage_at_most(3, self.clean_seeds),
            ),
            (None, 0) => format!(
                "{} too few to bound the failure rate",
                match self.clean_seeds {
                    1 => "1 clean seed is".to_owned(),
                    clean => format!("{} clean seeds are", count(clean)),
                }
            ),
            (None, failed) => format!(
                "{} of {} failed ({}); the failure rate is below {} at 95 % confidence",
                count(failed),
                counted(seeds, "seed", "seeds"),
                percentage(failed, seeds),
                self.failure_rate_at_most.as_deref().unwrap_or("1")
            ),
        }
    }

    fn saturation(&self, seeds: u64) -> String {
        match (self.behaviours, self.behaviours_seen_once) {
            (0, _) => "No behaviour was seen.".to_owned(),
            (1, 0) => "All of them showed one behaviour.".to_owned(),
            (seen, 0) => format!("{} behaviours were seen, each more than once.", count(seen)),
            (seen, once) => format!(
                "{} seen, {} only once: the next seed shows a new one with a chance of about {}.",
                counted(seen, "behaviour was", "behaviours were"),
                count(once),
                percentage(once, seeds)
            ),
        }
    }
}

/// The seeds that the rate leaves out, and why.
fn exempt(sweep: &Sweep) -> String {
    let undecided = sweep.drawn.get(&RunVerdict::Unknown).copied().unwrap_or(0);
    let reasons = [
        (undecided, "undecided"),
        (sweep.chosen, "run because they failed before"),
        (sweep.led, "led by what others showed"),
        (sweep.lost_from_outside, "lost from outside"),
    ];
    let told = reasons.iter().filter(|(seeds, _)| *seeds > 0);
    told.map(|(seeds, why)| format!("; {} {why} and not counted", count(*seeds)))
        .collect()
}

/// At one seed, two, four, and so on up to all.
fn saturation_curve(sweep: &Sweep) -> Vec<SaturationPoint> {
    let counts: Vec<u64> = sweep.behaviours.values().copied().collect();
    let total: u64 = counts.iter().sum();
    let powers = (0..64).map(|power| 1_u64 << power);
    let mut sizes: Vec<u64> = powers.take_while(|size| *size < total).collect();
    sizes.extend((total > 0).then_some(total));
    let point = |seeds| SaturationPoint {
        seeds,
        behaviours_tenths: statistics::rarefied_tenths(&counts, seeds),
    };
    sizes.into_iter().map(point).collect()
}
