//! Measurements in simulated time: counters, gauges and histograms.
//!
//! Latencies go into HDR histograms (hdrhistogram, three significant digits) in microseconds.
//! Metrics are reported and judged; they never reach the fingerprint.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::time::SimTime;

/// A metric's name and labels, such as `core.orchestration.latency{operation="register"}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricKey {
    /// The metric's name.
    pub name: String,
    /// Labels ordered by name.
    pub labels: BTreeMap<String, String>,
}

impl MetricKey {
    /// A key from a name and label pairs.
    pub fn new(name: &str, labels: &[(&str, &str)]) -> MetricKey {
        let labels = labels
            .iter()
            .map(|(label, value)| ((*label).to_owned(), (*value).to_owned()))
            .collect();
        MetricKey {
            name: name.to_owned(),
            labels,
        }
    }
}

impl fmt::Display for MetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.labels.is_empty() {
            return Ok(());
        }
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        write!(f, "{{{}}}", labels.join(","))
    }
}

const MICROS_MAX: u64 = 10 * 365 * 24 * 3_600 * 1_000_000;

/// The distribution of a span, with failures counted apart as "took forever".
#[derive(Clone, Debug)]
pub struct SpanHistogram {
    micros: Histogram<u64>,
    failures: u64,
}

impl SpanHistogram {
    fn new() -> SpanHistogram {
        let micros = Histogram::new(3).expect("three significant digits are a legal precision");
        SpanHistogram {
            micros,
            failures: 0,
        }
    }

    /// Adds one finished span.
    pub fn record(&mut self, span: Duration) {
        // Ten simulated years are as good as for ever, and keep the histogram's table small.
        let micros = u64::try_from(span.as_micros())
            .unwrap_or(u64::MAX)
            .min(MICROS_MAX);
        self.micros
            .record(micros)
            .expect("an auto-resizing histogram takes what is below its cap");
    }

    /// Adds one that never finished: it counts as infinite in every quantile.
    pub fn record_failure(&mut self) {
        self.failures += 1;
    }

    /// How many were recorded, failures included.
    pub fn count(&self) -> u64 {
        self.micros.len() + self.failures
    }

    /// How many failed.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// The smallest span that `numerator/denominator` of all recorded ones do not exceed;
    /// nothing when that one is a failure (infinite) or there are none.
    pub fn quantile(&self, numerator: u64, denominator: u64) -> Option<Duration> {
        let rank = (self.count() * numerator).div_ceil(denominator).max(1);
        if rank > self.micros.len() {
            return None;
        }
        let mut seen = 0;
        for bucket in self.micros.iter_recorded() {
            seen += bucket.count_since_last_iteration();
            if seen >= rank {
                return Some(Duration::from_micros(bucket.value_iterated_to()));
            }
        }
        None
    }
}

/// Everything measured in a run.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    counters: BTreeMap<MetricKey, u64>,
    gauges: BTreeMap<MetricKey, Vec<(SimTime, i64)>>,
    histograms: BTreeMap<MetricKey, SpanHistogram>,
}

impl Metrics {
    /// Adds to a counter.
    pub fn count(&mut self, key: MetricKey, by: u64) {
        *self.counters.entry(key).or_default() += by;
    }

    /// Sets a gauge; only changes are kept.
    pub fn gauge(&mut self, key: MetricKey, at: SimTime, value: i64) {
        let samples = self.gauges.entry(key).or_default();
        if samples.last().is_none_or(|(_, last)| *last != value) {
            samples.push((at, value));
        }
    }

    /// The histogram under a key, created when needed.
    pub fn histogram(&mut self, key: MetricKey) -> &mut SpanHistogram {
        self.histograms
            .entry(key)
            .or_insert_with(SpanHistogram::new)
    }

    /// All counters.
    pub fn counters(&self) -> impl Iterator<Item = (&MetricKey, u64)> {
        self.counters.iter().map(|(key, value)| (key, *value))
    }

    /// All gauges with their changes over time.
    pub fn gauges(&self) -> impl Iterator<Item = (&MetricKey, &[(SimTime, i64)])> {
        self.gauges
            .iter()
            .map(|(key, samples)| (key, samples.as_slice()))
    }

    /// All histograms.
    pub fn histograms(&self) -> impl Iterator<Item = (&MetricKey, &SpanHistogram)> {
        self.histograms.iter()
    }

    /// The histogram with this name and these labels.
    pub fn find_histogram(&self, key: &MetricKey) -> Option<&SpanHistogram> {
        self.histograms.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_as_infinite_in_every_quantile_it_reaches() {
        let mut histogram = SpanHistogram::new();
        for millis in 1..=98 {
            histogram.record(Duration::from_millis(millis));
        }
        histogram.record_failure();
        histogram.record_failure();
        let p50 = histogram.quantile(50, 100).unwrap();
        assert!((49..=51).contains(&p50.as_millis()), "{p50:?}");
        assert!(histogram.quantile(98, 100).is_some());
        assert_eq!(histogram.quantile(99, 100), None);
    }

    #[test]
    fn a_gauge_keeps_changes_only() {
        let mut metrics = Metrics::default();
        let key = MetricKey::new("depth", &[("queue", "links")]);
        for (millis, value) in [(1, 0), (2, 0), (3, 4), (4, 4), (5, 0)] {
            metrics.gauge(key.clone(), SimTime::from_millis(millis), value);
        }
        let samples: Vec<i64> = metrics
            .gauges()
            .next()
            .unwrap()
            .1
            .iter()
            .map(|(_, value)| *value)
            .collect();
        assert_eq!(samples, [0, 4, 0]);
        assert_eq!(key.to_string(), "depth{queue=\"links\"}");
    }
}
