//! The text exposition of what a run measured, as an endpoint `/metrics` would show it at its end.
//!
//! A span's histogram has the boundaries its description registers, derived from the run's HDR
//! histogram: a span above a boundary by less than a 1,024th part may be counted below it, no other.
//! One that failed took for ever: it is counted at `+Inf` alone, and has nothing to add to the sum.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sim::record::metrics::{MetricKey, Metrics, SpanHistogram};

use super::names::{self, Kind};

/// The exposition.
pub fn render(metrics: &Metrics) -> String {
    let mut page = Page {
        metrics,
        text: String::new(),
        announced: BTreeSet::new(),
    };
    for (key, value) in metrics.counters() {
        page.figure(key, Kind::Counter, value);
    }
    for (key, changes) in metrics.gauges() {
        if let Some((_, value)) = changes.last() {
            page.figure(key, Kind::Gauge, value);
        }
    }
    for (key, histogram) in metrics.histograms() {
        page.histogram(key, histogram);
    }
    page.text
}

struct Page<'a> {
    metrics: &'a Metrics,
    text: String,
    announced: BTreeSet<String>,
}

impl Page<'_> {
    /// Help and type, before the first line of a name.
    fn announce(&mut self, key: &MetricKey, kind: Kind) -> String {
        let name = names::metric(&key.name, kind);
        if self.announced.insert(name.clone()) {
            let described = self.metrics.description(&key.name);
            let help = described.map_or_else(
                || format!("Measured as {}.", key.name),
                |description| description.help.to_owned(),
            );
            let kind = match kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Span => "histogram",
            };
            self.line(format_args!("# HELP {name} {}", names::help(&help)));
            self.line(format_args!("# TYPE {name} {kind}"));
        }
        name
    }

    fn figure(&mut self, key: &MetricKey, kind: Kind, value: impl std::fmt::Display) {
        let name = self.announce(key, kind);
        let labels = names::labels(pairs(key), &[]);
        self.line(format_args!("{name}{labels} {value}"));
    }

    fn histogram(&mut self, key: &MetricKey, histogram: &SpanHistogram) {
        let name = self.announce(key, Kind::Span);
        let described = self.metrics.description(&key.name);
        for bound in described.map_or(&[][..], |description| description.bounds) {
            let bound_text = names::seconds(*bound);
            let labels = names::labels(pairs(key), &[("le", &bound_text)]);
            let within = histogram.count_within(*bound);
            self.line(format_args!("{name}_bucket{labels} {within}"));
        }
        let all = histogram.count();
        let infinite = names::labels(pairs(key), &[("le", "+Inf")]);
        let labels = names::labels(pairs(key), &[]);
        let sum = names::seconds(histogram.total());
        self.line(format_args!("{name}_bucket{infinite} {all}"));
        self.line(format_args!("{name}_sum{labels} {sum}"));
        self.line(format_args!("{name}_count{labels} {all}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("a string takes any text");
    }
}

fn pairs(key: &MetricKey) -> impl Iterator<Item = (&str, &str)> {
    let labels = key.labels.iter();
    labels.map(|(label, value)| (label.as_str(), value.as_str()))
}
