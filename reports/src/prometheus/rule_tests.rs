//! What was scraped of a run as a unit test of its alert rules, for `promtool test rules`.
//!
//! The scrapes become the test's input, and each rule is asked at each scrape what fires. Tests
//! compare exactly: quiet times are tested as quiet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use sim::SimTime;
use sim::alert::{AlertRule, Firing};
use sim::record::metrics::MetricKey;
use sim::record::scrapes::{Scrapes, Series};
use sim::time::nanos_of;

use super::names::{self, Kind};
use super::rules;

/// Why scrapes make no test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleTestError {
    /// There are none.
    #[error(
        "nothing was scraped, so there is nothing to test rules with: the run ended before its first scrape"
    )]
    NothingScraped,
    /// They are not evenly spaced, as a test's input must be.
    #[error(
        "the scrapes do not follow each other evenly after {0}: a fault struck the node that takes them"
    )]
    Uneven(SimTime),
}

#[derive(Serialize)]
struct TestFile<'a> {
    rule_files: [&'a str; 1],
    evaluation_interval: String,
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Test {
    interval: String,
    input_series: Vec<Input>,
    alert_rule_test: Vec<Question>,
}

#[derive(Serialize)]
struct Input {
    series: String,
    values: String,
}

#[derive(Serialize)]
struct Question {
    eval_time: String,
    alertname: &'static str,
    exp_alerts: Vec<Expected>,
}

#[derive(Serialize)]
struct Expected {
    exp_labels: BTreeMap<String, String>,
    exp_annotations: BTreeMap<&'static str, &'static str>,
}

/// What was seen of one run, and what fired in it.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    /// The scrapes, taken with each evaluation.
    pub scrapes: &'a Scrapes,
    /// What fired.
    pub firings: &'a [Firing],
}

/// A test file over some runs. `rule_file` is the rules' file, relative to the test's own.
///
/// # Errors
/// When a run's scrapes make no test.
pub fn render(
    rule_file: &str,
    rules: &[AlertRule],
    every: Duration,
    runs: &[Watched<'_>],
) -> Result<String, RuleTestError> {
    let tests = runs.iter().map(|run| test(rules, every, *run));
    let file = TestFile {
        rule_files: [rule_file],
        evaluation_interval: names::duration(every),
        tests: tests.collect::<Result<_, _>>()?,
    };
    Ok(serde_json::to_string_pretty(&file).expect("a test is JSON") + "\n")
}

fn test(rules: &[AlertRule], every: Duration, run: Watched<'_>) -> Result<Test, RuleTestError> {
    let times = run.scrapes.times();
    let first = times.first().ok_or(RuleTestError::NothingScraped)?;
    if !first.nanos().is_multiple_of(nanos_of(every).max(1)) {
        return Err(RuleTestError::Uneven(SimTime::START));
    }
    if let Some(before) = run.scrapes.gap(every) {
        return Err(RuleTestError::Uneven(before));
    }
    let blank = usize::try_from(first.nanos() / nanos_of(every)).expect("a run has few scrapes");
    Ok(Test {
        interval: names::duration(every),
        input_series: inputs(rules, run.scrapes, blank),
        alert_rule_test: rules.iter().flat_map(|rule| questions(rule, run)).collect(),
    })
}

/// Every series a rule could look at, selected by it or not.
fn inputs(rules: &[AlertRule], scrapes: &Scrapes, blank: usize) -> Vec<Input> {
    let metrics: BTreeSet<(&str, bool)> = rules
        .iter()
        .map(|rule| (rule.metric, rules::kind(rule) == Kind::Counter))
        .collect();
    let input = |kind: Kind, (key, series): (&MetricKey, &Series)| {
        let labels = key
            .labels
            .iter()
            .map(|(label, value)| (label.as_str(), value.as_str()));
        Input {
            series: names::metric(&key.name, kind) + &names::labels(labels, &[]),
            values: values(series, scrapes.times().len(), blank),
        }
    };
    let mut inputs = Vec::new();
    for (metric, counts) in metrics {
        match counts {
            true => inputs.extend(scrapes.counters(metric).map(|s| input(Kind::Counter, s))),
            false => inputs.extend(scrapes.gauges(metric).map(|s| input(Kind::Gauge, s))),
        }
    }
    inputs
}

/// A series in promtool's notation: `1x3` is four times 1, `_x3` three times nothing. Where a metric
/// ends, `stale` says so: without it, its last value would be taken for five minutes more.
fn values(series: &Series, scrapes: usize, blank: usize) -> String {
    let mut words = match blank {
        0 => Vec::new(),
        blank => vec![format!("_x{blank}")],
    };
    let all: Vec<Option<i64>> = (0..scrapes).map(|scrape| series.at(scrape)).collect();
    let mut there = false;
    for stretch in all.chunk_by(|before, after| before == after) {
        match stretch[0] {
            Some(value) => words.push(format!("{value}x{}", stretch.len() - 1)),
            None if there && stretch.len() > 1 => {
                words.push(format!("stale _x{}", stretch.len() - 1));
            }
            None if there => words.push("stale".to_owned()),
            None => words.push(format!("_x{}", stretch.len())),
        }
        there = stretch[0].is_some();
    }
    words.join(" ")
}

/// What is asked of a rule, and the right answers.
fn questions(rule: &AlertRule, run: Watched<'_>) -> Vec<Question> {
    let questions = run.scrapes.times().iter().map(|at| {
        let fires = |firing: &&Firing| {
            firing.alert == rule.name
                && firing.from <= *at
                && firing.until.is_none_or(|until| *at < until)
        };
        Question {
            eval_time: names::duration(at.since(SimTime::START)),
            alertname: rule.name,
            exp_alerts: run
                .firings
                .iter()
                .filter(fires)
                .map(|firing| expected(rule, firing))
                .collect(),
        }
    });
    questions.collect()
}

fn expected(rule: &AlertRule, firing: &Firing) -> Expected {
    let mut labels = names::label_map(&firing.labels);
    for (label, value) in rules::labels(rule) {
        labels.insert(label.to_owned(), value.to_owned());
    }
    Expected {
        exp_labels: labels,
        exp_annotations: rules::annotations(rule),
    }
}
