//! When it is over: from which moment on the figures were good and stayed good.

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

/// The begin of the last good stretch, if it is long enough and lasts to the end of the samples.
///
/// A relapse restarts the clock, even one after the hold.
pub fn stable_from(samples: &[Sample]) -> Option<SimTime> {
    let mut from: Option<SimTime> = None;
    let mut before: Option<&Sample> = None;
    for sample in samples {
        match complaint(sample, before) {
            Some(_) => from = None,
            None => from = from.or(Some(sample.at)),
        }
        before = Some(sample);
    }
    let last = samples.last()?.at;
    from.filter(|from| last.since(*from) >= HOLD)
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
