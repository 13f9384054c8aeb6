//! When it is over: from which moment on the figures were good for long enough, and whether they are good still.

use std::time::Duration;

use sim::SimTime;

use super::telemetry::Sample;

/// How long the figures must have been good.
pub const HOLD: Duration = Duration::from_secs(600);

/// Verifications per minute of a healthy service that has a backlog.
pub const NORMAL_PER_MIN: u64 = 1_000;

/// From how many open verifications on there is a backlog.
const BACKLOG: u64 = 200;

/// What is wrong with a sample; nothing when it is good.
pub fn complaint(sample: &Sample, before: Option<&Sample>) -> Option<&'static str> {
    let backlog = sample.queue_depth > BACKLOG;
    let wanted = match backlog {
        true => NORMAL_PER_MIN,
        false => sample
            .demand_per_min
            .saturating_sub(sample.demand_per_min * 2 / 100),
    };
    if sample.processed_per_min * 100 < wanted * 95 && (backlog || sample.demand_per_min > 0) {
        return Some("processing is below 95 % of what is wanted");
    }
    let grows = before.is_some_and(|before| sample.queue_depth > before.queue_depth);
    if backlog && grows {
        return Some("the queue grows");
    }
    if sample.error_basis_points > 100 {
        return Some("more than 1 % of requests fail");
    }
    if sample.connections > 80 {
        return Some("more than 80 of 100 connections are in use");
    }
    if sample.webhook_p95_s > 60 {
        return Some("webhooks take longer than 60 s");
    }
    None
}

/// The begin of the first good stretch that is long enough.
///
/// A relapse before that restarts the clock. One after it does not: see [`relapse`].
pub fn stable_from(samples: &[Sample]) -> Option<SimTime> {
    stretches(samples).find_map(|(_, from)| from)
}

/// Since when the figures have been good at the last of these samples, if for long enough.
pub fn good_since(samples: &[Sample]) -> Option<SimTime> {
    stretches(samples).last()?.1
}

/// The first sample after `stable` that is not good, and what is wrong with it.
pub fn relapse(samples: &[Sample], stable: SimTime) -> Option<(SimTime, &'static str)> {
    let mut pairs = samples.windows(2).filter(|pair| pair[1].at > stable);
    pairs.find_map(|pair| Some((pair[1].at, complaint(&pair[1], Some(&pair[0]))?)))
}

/// Each sample with the begin of the good stretch it stands in, once that is long enough.
fn stretches(samples: &[Sample]) -> impl Iterator<Item = (&Sample, Option<SimTime>)> {
    let mut from: Option<SimTime> = None;
    let mut before: Option<&Sample> = None;
    samples.iter().map(move |sample| {
        from = match complaint(sample, before) {
            Some(_) => None,
            None => from.or(Some(sample.at)),
        };
        before = Some(sample);
        (sample, from.filter(|from| sample.at.since(*from) >= HOLD))
    })
}

/// Whether the samples show the incident: most of their last ten minutes are bad.
pub fn incident_shows(samples: &[Sample]) -> bool {
    let Some(last) = samples.last() else {
        return false;
    };
    let recent: Vec<&Sample> = samples
        .iter()
        .filter(|sample| last.at.since(sample.at) <= HOLD)
        .collect();
    let bad = recent
        .iter()
        .filter(|sample| complaint(sample, None).is_some());
    bad.count() * 2 > recent.len()
}
