//! What a run measured, as part of its document: counters, gauges and spans by name with labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sim::record::metrics::{Metrics, SpanHistogram};
use sim::time::SimTime;

/// Everything measured, by name with labels, such as `latency{operation="link"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsEntry {
    /// Counters at the end.
    pub counters: BTreeMap<String, u64>,
    /// Gauges over the run.
    pub gauges: BTreeMap<String, GaugeEntry>,
    /// Spans.
    pub histograms: BTreeMap<String, HistogramEntry>,
}

/// A gauge over the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaugeEntry {
    /// The lowest value.
    pub min: i64,
    /// The highest value.
    pub max: i64,
    /// The value at the end.
    pub last: i64,
    /// How often it was set to another value.
    pub changes: u64,
}

/// A distribution of spans. A quantile that falls among the failures is null: it took for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistogramEntry {
    /// How many were measured, failures included.
    pub count: u64,
    /// How many never finished.
    pub failures: u64,
    /// The median, in microseconds.
    pub p50_us: Option<u64>,
    /// 95 of 100 are at most this.
    pub p95_us: Option<u64>,
    /// 99 of 100 are at most this.
    pub p99_us: Option<u64>,
    /// The longest.
    pub max_us: Option<u64>,
}

impl MetricsEntry {
    /// The entry of a run's measurements.
    pub fn of(metrics: &Metrics) -> MetricsEntry {
        MetricsEntry {
            counters: metrics
                .counters()
                .map(|(key, value)| (key.to_string(), value))
                .collect(),
            gauges: metrics
                .gauges()
                .filter_map(|(key, samples)| Some((key.to_string(), gauge_entry(samples)?)))
                .collect(),
            histograms: metrics
                .histograms()
                .map(|(key, histogram)| (key.to_string(), histogram_entry(histogram)))
                .collect(),
        }
    }
}

fn gauge_entry(samples: &[(SimTime, i64)]) -> Option<GaugeEntry> {
    let values = || samples.iter().map(|(_, value)| *value);
    Some(GaugeEntry {
        min: values().min()?,
        max: values().max()?,
        last: values().next_back()?,
        changes: samples.len() as u64 - 1,
    })
}

fn histogram_entry(histogram: &SpanHistogram) -> HistogramEntry {
    let micros = |percent| {
        let span = histogram.quantile(percent, 100)?;
        Some(u64::try_from(span.as_micros()).unwrap_or(u64::MAX))
    };
    HistogramEntry {
        count: histogram.count(),
        failures: histogram.failures(),
        p50_us: micros(50),
        p95_us: micros(95),
        p99_us: micros(99),
        max_us: micros(100),
    }
}
