//! Samples: what the figures of a moment are.

use std::time::Duration;

use sim::SimTime;

use super::{Event, Plant};
use crate::incident::telemetry::{SAMPLE_EVERY, Sample};

/// A count over a span as a rate per minute, rounded.
fn per_minute(count: u64, span: Duration) -> u64 {
    let millis = u64::try_from(span.as_millis()).expect("a run is shorter than a century");
    match millis {
        0 => 0,
        millis => (count * 60_000 + millis / 2) / millis,
    }
}

impl Plant {
    pub(super) fn sample_due(&mut self, series: u32) {
        if series != self.sample_series {
            return;
        }
        self.after(SAMPLE_EVERY, Event::Sample(series));
        self.sample();
    }

    /// Samples now, and every fifteen seconds from now on.
    pub fn sample_from_here(&mut self) {
        self.sample_series += 1;
        let series = self.sample_series;
        self.after(SAMPLE_EVERY, Event::Sample(series));
        self.sample();
    }

    /// The connections in use since the last sample, on average and rounded; those in use now when no time passed.
    fn mean_connections(&mut self) -> u64 {
        let span = self.now.since(self.used.since).as_nanos();
        let sum = std::mem::take(&mut self.used.connection_nanos);
        self.used.since = self.now;
        match span {
            0 => self.connections(),
            span => ((sum + span / 2) / span) as u64,
        }
    }

    fn sample(&mut self) {
        // Who lost patience and stands in the queue all the same has failed by now.
        self.counters.failed += self.pool.expire(self.now).len() as u64;
        let (passed, span) = self.telemetry.since_window(self.now, self.counters);
        let requests = passed.succeeded + passed.failed;
        let now = self.now;
        let waited = |since: SimTime| now.since(since).as_millis() as u64;
        let sample = Sample {
            at: self.now,
            queue_depth: self.books.open(),
            processed_per_min: per_minute(passed.processed, span),
            demand_per_min: per_minute(passed.demanded, span),
            error_basis_points: (passed.failed * 10_000).checked_div(requests).unwrap_or(0),
            connections: self.mean_connections(),
            pool_waiting: self.pool.waiting() as u64,
            pool_wait_ms: self.pool.oldest().map_or(0, waited),
            webhook_p95_s: self.deliveries.p95_s(self.now),
            webhook_backlog: self.deliveries.waiting(),
            dead_letters: self.deliveries.dead(),
            held: self.held(),
            counters: self.counters,
        };
        self.telemetry.samples.push(sample);
    }
}
