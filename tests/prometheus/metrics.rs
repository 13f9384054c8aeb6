//! Text expositions: accepted, and refused when something is taken out.

use std::fs::{self, File};
use std::time::Duration;

use model::defects::Defects;
use reports::Seed;
use reports::prometheus::exposition;
use scenarios::run::{JUDGEMENT_ONLY, RunOrder};
use scenarios::seeds::RunSeeds;
use sim::SimTime;
use sim::record::metrics::{MetricKey, Metrics};

use super::promtool::{Promtool, Said};
use super::watched::Watched;

fn judged(tool: &Promtool, text: &str) -> Said {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("metrics");
    fs::write(&path, text).expect("it can be written");
    let file = File::open(path).expect("it can be read");
    tool.call(&["check", "metrics"], Some(file))
}

/// Accepted means: without a word.
#[track_caller]
fn accepts(tool: &Promtool, metrics: &Metrics) {
    let text = exposition::render(metrics);
    assert_eq!(judged(tool, &text), Ok(String::new()), "{text}");
}

fn of_scenario(name: &str) -> Metrics {
    let selected = scenarios::file::select(name, &[]);
    let scenario = selected.expect("a built-in scenario is valid").scenario;
    let outcome = scenarios::run::run(&RunOrder {
        scenario: &scenario,
        seeds: RunSeeds::of(Seed(1)),
        given: &scenarios::given::Given::NOTHING,
        defects: &Defects::default(),
        recording: JUDGEMENT_ONLY,
    });
    outcome.record.metrics
}

#[test]
fn what_runs_measure_is_accepted_without_a_word() {
    let Some(tool) = Promtool::find("expositions of runs") else {
        return;
    };
    for scenario in ["happy-path", "chaos-registration"] {
        accepts(&tool, &of_scenario(scenario));
    }
    accepts(&tool, &Watched::drawn(1).run(&Defects::default()).metrics);
}

/// One metric of each described name, with the kind it has.
fn every_described_metric() -> Metrics {
    let mut metrics = Metrics::default();
    for description in model::metrics::METRICS {
        metrics.describe(*description);
        let key = MetricKey::new(description.name, &[("of", "x")]);
        let counts = ["requests", "compensations"];
        if !description.bounds.is_empty() {
            metrics.histogram(key).record(Duration::from_millis(70));
        } else if counts.iter().any(|end| description.name.ends_with(end)) {
            metrics.count(key, 1);
        } else {
            metrics.gauge(key, SimTime::START, 1, None);
        }
    }
    metrics
}

#[test]
fn every_name_obeys_the_rules_of_naming() {
    let Some(tool) = Promtool::find("names of metrics") else {
        return;
    };
    accepts(&tool, &every_described_metric());
}

#[test]
fn odd_names_and_labels_are_accepted() {
    let Some(tool) = Promtool::find("odd names") else {
        return;
    };
    let mut metrics = Metrics::default();
    metrics.count(
        MetricKey::new("1st.of-many", &[("a b", "quote \" back \\ line\nend")]),
        1,
    );
    metrics.gauge(MetricKey::new("ü", &[]), SimTime::START, -1, None);
    let failed = metrics.histogram(MetricKey::new("never", &[]));
    failed.record_failure();
    accepts(&tool, &metrics);
}

#[test]
fn an_exposition_with_something_wrong_is_refused() {
    let Some(tool) = Promtool::find("wrong expositions") else {
        return;
    };
    let right = exposition::render(&every_described_metric());
    for (wrong, complaint) in [
        (right.replace("_seconds", "_milliseconds"), "base unit"),
        (right.replace("_total", ""), "_total"),
        (right.replace("# HELP", "# help"), "no help text"),
        (right.replace(",le=\"+Inf\"} 1", "} one"), "error"),
    ] {
        assert_ne!(wrong, right);
        let said = judged(&tool, &wrong);
        let told = said.as_ref().is_err_and(|said| said.contains(complaint));
        assert!(told, "{complaint}: {said:?}");
    }
}
