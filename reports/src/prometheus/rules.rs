//! Alert rules as a rule file of Prometheus.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use sim::alert::{AlertRule, Condition};

use super::names::{self, Kind};

#[derive(Serialize)]
struct RuleFile<'a> {
    groups: [Group<'a>; 1],
}

#[derive(Serialize)]
struct Group<'a> {
    name: &'static str,
    interval: String,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    alert: &'a str,
    expr: String,
    #[serde(rename = "for")]
    held_for: String,
    labels: BTreeMap<&'static str, &'static str>,
    annotations: BTreeMap<&'static str, &'a str>,
}

/// The rule file of some rules that are evaluated at an interval.
pub fn render(rules: &[AlertRule], every: Duration) -> String {
    let rules = rules.iter().map(|rule| Rule {
        alert: rule.name,
        expr: expression(rule),
        held_for: names::duration(rule.held_for),
        labels: labels(rule),
        annotations: annotations(rule),
    });
    let file = RuleFile {
        groups: [Group {
            name: "proveniq",
            interval: names::duration(every),
            rules: rules.collect(),
        }],
    };
    serde_json::to_string_pretty(&file).expect("rules are JSON") + "\n"
}

/// What a rule adds to the labels of its series.
pub(super) fn labels(rule: &AlertRule) -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([("severity", rule.severity.name())])
}

pub(super) fn annotations(rule: &AlertRule) -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([("summary", rule.summary), ("description", rule.description)])
}

/// The kind of metric a rule looks at.
pub(super) fn kind(rule: &AlertRule) -> Kind {
    match rule.condition {
        Condition::Above(_) => Kind::Gauge,
        Condition::FasterThan(_) => Kind::Counter,
    }
}

/// A rule's condition in PromQL.
pub fn expression(rule: &AlertRule) -> String {
    let name = names::metric(rule.metric, kind(rule));
    let selector = name + &names::labels(rule.labels.iter().copied(), &[]);
    match rule.condition {
        Condition::Above(limit) => format!("{selector} > {limit}"),
        Condition::FasterThan(speed) => {
            let window = names::duration(speed.window);
            let limit = names::per_second(speed.events, speed.per);
            format!("rate({selector}[{window}]) > {limit}")
        }
    }
}
