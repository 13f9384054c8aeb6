//! Alert rules as values: which condition on a scraped metric, held for how long, is worth
//! somebody's attention.
//!
//! Only what a rule says stands here, so that who evaluates it, who judges that evaluation and who
//! renders it for another monitoring system read the same words. The meaning is that of Prometheus:
//! a rule selects series by name and labels, and each series it selects is an alert of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::record::metrics::MetricKey;
use crate::time::SimTime;

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// Its name, such as `DLQBacklog`.
    pub name: &'static str,
    /// The metric it looks at: a counter for a rate, a gauge for the rest.
    pub metric: &'static str,
    /// Labels a series must have to be selected.
    pub labels: &'static [(&'static str, &'static str)],
    /// What must hold.
    pub condition: Condition,
    /// How long it must hold without a break before the alert fires.
    pub held_for: Duration,
    /// How urgent it is.
    pub severity: Severity,
    /// What is the matter, in a few words.
    pub summary: &'static str,
    /// What it means and where to look, for who is woken by it.
    pub description: &'static str,
}

/// What must hold of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The gauge has a greater value than this.
    Above(i64),
    /// The counter grows faster.
    FasterThan(Speed),
}

/// So many events in a span, measured over a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed {
    /// How far back growth is measured.
    pub window: Duration,
    /// So many events …
    pub events: u32,
    /// … in this span; not zero.
    pub per: Duration,
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody should look.
    Warning,
    /// Somebody must act at once.
    Critical,
}

/// A time during which an alert fired.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firing {
    /// The rule's name.
    pub alert: String,
    /// The labels of its series.
    pub labels: BTreeMap<String, String>,
    /// When it fired.
    pub from: SimTime,
    /// When it was resolved; nothing when it fires to the end.
    pub until: Option<SimTime>,
}

impl AlertRule {
    /// Whether it looks at a series.
    pub fn selects(&self, key: &MetricKey) -> bool {
        let has =
            |(label, value): &(&str, &str)| key.labels.get(*label).is_some_and(|own| own == value);
        key.name == self.metric && self.labels.iter().all(has)
    }
}

impl Severity {
    /// `warning` or `critical`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &'static [(&'static str, &'static str)], key: MetricKey, selected: bool) {
        let rule = AlertRule {
            name: "Open",
            metric: "breaker",
            labels,
            condition: Condition::Above(1),
            held_for: Duration::ZERO,
            severity: Severity::Warning,
            summary: "",
            description: "",
        };
        assert_eq!(rule.selects(&key), selected, "{labels:?} on {key}");
    }

    #[test]
    fn a_rule_selects_every_series_that_has_its_labels() {
        let a = [("circuit", "a"), ("instance", "1")];
        check(&[], MetricKey::new("breaker", &a), true);
        check(&[("circuit", "a")], MetricKey::new("breaker", &a), true);
        check(&[("circuit", "b")], MetricKey::new("breaker", &a), false);
        check(&[("circuit", "a")], MetricKey::new("breaker", &[]), false);
        check(&[], MetricKey::new("breakers", &a), false);
    }
}
