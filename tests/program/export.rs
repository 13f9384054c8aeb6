//! Files a run leaves for other tools: there whole, or not at all and with a reason.
//!
//! Whether the tools take them is the subject of the tests for Prometheus.

use std::fs;

use serde_json::Value;

use super::binary::proveniq;

fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

#[test]
fn a_run_leaves_its_metrics_and_the_test_of_its_rules() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let metrics = folder.path().join("run.prom");
    // A folder that is not there yet is made.
    let rules = folder.path().join("alerts/of/this/run");
    let plain = proveniq(&["run", "happy-path"]);
    let called = proveniq(&[
        "run",
        "happy-path",
        "--metrics",
        text(&metrics),
        "--rules",
        text(&rules),
    ]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert_eq!(called.stdout, plain.stdout, "the report is the same");
    let metrics = fs::read_to_string(metrics).expect("the metrics are there");
    for line in [
        "# TYPE core_orchestration_requests_total counter",
        "# TYPE core_orchestration_latency_seconds histogram",
    ] {
        assert!(metrics.contains(line), "{line} in:\n{metrics}");
    }
    let json = |name: &str| -> Value {
        let text = fs::read_to_string(rules.join(name)).expect("the file is there");
        serde_json::from_str(&text).expect("it is JSON")
    };
    let of_group = &json("alert-rules.json")["groups"][0]["rules"];
    assert_eq!(of_group[1]["alert"], "LedgerCircuitOpen");
    assert_eq!(of_group[1]["for"], "1m");
    let test = json("alert-rules-test.json");
    assert_eq!(test["rule_files"][0], "alert-rules.json");
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a temporary folder is writable");
    let below_a_file = file.join("below");
    for flag in ["--metrics", "--rules"] {
        let called = proveniq(&["run", "happy-path", flag, text(&below_a_file)]);
        assert_eq!((called.code, called.stdout.as_str()), (2, ""), "{flag}");
        assert!(called.stderr.contains("cannot write"), "{}", called.stderr);
    }
}

#[test]
fn a_run_without_even_scrapes_makes_no_test_of_rules() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rules = folder.path().join("alerts");
    let called = proveniq(&[
        "run",
        "happy-path",
        "--set",
        "bounds.steps=100",
        "--rules",
        text(&rules),
    ]);
    assert_eq!(called.code, 2, "{}", called.stdout);
    assert!(
        called.stderr.contains("nothing was scraped"),
        "{}",
        called.stderr
    );
    let left = fs::read_dir(rules).expect("the folder was made").count();
    assert_eq!(left, 0, "no file is half-written");
}
