//! Measurements in simulated time: counters, gauges and histograms.
//!
//! Latencies go into HDR histograms (hdrhistogram, three significant digits) in microseconds.
//! Metrics are reported and judged; they reach the fingerprint only through a node that scrapes them
//! and acts on what it sees. What such a node saw, and when, is kept as [`Scrapes`].

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::description::Description;
use super::scrapes::Scrapes;
use crate::node::NodeId;
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
    total: Duration,
}

impl SpanHistogram {
    fn new() -> SpanHistogram {
        let micros = Histogram::new(3).expect("three significant digits are a legal precision");
        SpanHistogram {
            micros,
            failures: 0,
            total: Duration::ZERO,
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
        self.total = self.total.saturating_add(span);
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

    /// All finished spans together, exact. A failure has no length to add.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// How many finished within a bound. A span above it by less than a 1,024th part (the
    /// histogram's precision; exact up to 2 ms) may be counted as within.
    pub fn count_within(&self, bound: Duration) -> u64 {
        let bound = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        self.micros.count_between(0, bound.min(MICROS_MAX))
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

/// A life of a process.
pub type Life = (NodeId, u32);

/// A gauge's changes, and the process it ends with, when it belongs to one.
#[derive(Clone, Debug, Default)]
struct Gauge {
    changes: Vec<(SimTime, i64)>,
    of: Option<Life>,
}

/// Everything measured in a run.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    counters: BTreeMap<MetricKey, u64>,
    gauges: BTreeMap<MetricKey, Gauge>,
    histograms: BTreeMap<MetricKey, SpanHistogram>,
    descriptions: BTreeMap<&'static str, Description>,
    /// What was seen of counters and gauges, and when; empty when no node scrapes.
    pub scrapes: Scrapes,
}

impl Metrics {
    /// Adds to a counter.
    pub fn count(&mut self, key: MetricKey, by: u64) {
        *self.counters.entry(key).or_default() += by;
    }

    /// Sets a gauge; only changes are kept. A gauge of one process is scraped while that process
    /// lives, any other for ever.
    pub fn gauge(&mut self, key: MetricKey, at: SimTime, value: i64, of: Option<Life>) {
        let gauge = self.gauges.entry(key).or_default();
        gauge.of = of;
        if gauge.changes.last().is_none_or(|(_, last)| *last != value) {
            gauge.changes.push((at, value));
        }
    }

    /// Says what a name means. The last word holds.
    pub fn describe(&mut self, description: Description) {
        self.descriptions.insert(description.name, description);
    }

    /// What a name means, where somebody has said so.
    pub fn description(&self, name: &str) -> Option<&Description> {
        self.descriptions.get(name)
    }

    /// Takes a scrape of every counter and of the gauges whose process, if they have one, answers.
    pub fn scrape(&mut self, at: SimTime, answers: impl Fn(Life) -> bool) {
        let counters = self.counters.iter().map(|(key, value)| (key, *value));
        let gauges = self.gauges.iter().filter_map(|(key, gauge)| {
            let there = gauge.of.is_none_or(&answers);
            let (_, value) = gauge.changes.last().filter(|_| there)?;
            Some((key, *value))
        });
        self.scrapes.take(at, counters, gauges);
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
            .map(|(key, gauge)| (key, gauge.changes.as_slice()))
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
            metrics.gauge(key.clone(), SimTime::from_millis(millis), value, None);
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

    #[test]
    fn boundaries_count_what_is_within_and_a_1024th_more_at_most() {
        for millis in [1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] {
            let bound = Duration::from_millis(millis);
            let micros = millis * 1_000;
            let mut histogram = SpanHistogram::new();
            histogram.record_failure();
            let next = Duration::from_micros(micros.div_ceil(1_024));
            histogram.record(bound);
            histogram.record(bound + next);
            assert_eq!(histogram.count_within(bound), 1, "{millis} ms");
            assert_eq!(histogram.count_within(bound - next), 0, "{millis} ms");
            assert_eq!(histogram.count_within(2 * bound), 2);
            assert_eq!((histogram.count(), histogram.failures()), (3, 1));
        }
    }

    #[test]
    fn a_gauge_of_a_process_is_scraped_while_that_process_answers() {
        let mut metrics = Metrics::default();
        let key = |name: &str| MetricKey::new(name, &[]);
        let life = (NodeId::at(4), 1);
        metrics.gauge(key("own"), SimTime::START, 1, Some(life));
        metrics.gauge(key("shared"), SimTime::START, 1, None);
        metrics.count(key("counted"), 3);
        for (second, answers) in [(1, true), (2, false), (3, true)] {
            metrics.scrape(SimTime::from_millis(1_000 * second), |asked| {
                assert_eq!(asked, life);
                answers
            });
        }
        let seen = |series: &super::super::scrapes::Series| [0, 1, 2].map(|at| series.at(at));
        let gauge = |name: &str| seen(metrics.scrapes.gauges(name).next().unwrap().1);
        assert_eq!(gauge("own"), [Some(1), None, Some(1)]);
        assert_eq!(gauge("shared"), [Some(1); 3]);
        let counted = metrics.scrapes.counters("counted").next().unwrap();
        assert_eq!(seen(counted.1), [Some(3); 3]);
    }
}
