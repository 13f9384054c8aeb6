//! What the program prints: text for people, documents for machines, and a quiet end of a pipe.

use std::io::Read as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::binary::{binary, proveniq};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

#[test]
fn a_run_that_holds_ends_with_the_command_that_has_it_again() {
    let called = proveniq(&["run", "locker-timeout"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let last = called.stdout.lines().last().expect("some output");
    assert!(
        last.contains("proveniq run locker-timeout --seed"),
        "{last}"
    );
    assert!(!called.stdout.contains('\u{1b}'), "no colour into a pipe");
}

#[test]
fn the_run_document_says_what_the_schema_promises() {
    let called = proveniq(&["run", "locker-timeout", "--seed", "0x2a", "--json"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let document = json(&called.stdout);
    assert_eq!(document["schema"], "proveniq/run/v1");
    assert_eq!(document["scenario"], "locker-timeout");
    assert_eq!(document["seed"], "0x2a");
    assert_eq!(document["verdict"], "held");
    assert_eq!(document["fingerprint"].as_str().map(str::len), Some(32));
    assert_eq!(document["operations"]["ok"], 5);
    for key in [
        "checks",
        "plan",
        "events",
        "simulated_ms",
        "metrics",
        "reproduce",
    ] {
        assert!(!document[key].is_null(), "`{key}` is there");
    }
}

#[test]
fn a_violated_check_exits_with_1_and_its_command_shows_the_same() {
    let called = proveniq(&[
        "run",
        "chaos-registration",
        "--seed",
        "1",
        "--defect",
        "key_ignores_body",
        "--json",
    ]);
    assert_eq!(called.code, 1, "{}", called.stderr);
    let first = json(&called.stdout);
    assert_eq!(first["verdict"], "violated");
    let command = first["reproduce"].as_str().expect("a command");
    let mut words: Vec<&str> = command.split_whitespace().skip(1).collect();
    words.push("--json");
    let again = json(&proveniq(&words).stdout);
    assert_eq!(again["fingerprint"], first["fingerprint"]);
    assert_eq!(again["checks"], first["checks"]);
}

#[test]
fn determinism_is_checked_over_processes() {
    let called = proveniq(&[
        "run",
        "chaos-registration",
        "--seed",
        "3",
        "--check-determinism",
    ]);
    assert_eq!(called.code, 0, "{}{}", called.stdout, called.stderr);
}

#[test]
fn a_run_that_is_given_up_is_inconclusive() {
    let called = proveniq(&["run", "locker-timeout", "--set", "bounds.steps=100"]);
    assert_eq!(called.code, 3, "{}{}", called.stdout, called.stderr);
}

#[test]
fn everything_there_is_can_be_listed() {
    for subject in ["scenarios", "faults", "checks", "defects", "points"] {
        let called = proveniq(&["list", subject]);
        assert_eq!(called.code, 0, "{subject}");
        assert!(
            called.stdout.lines().count() > 3,
            "{subject}: {}",
            called.stdout
        );
    }
    let schema = json(&proveniq(&["list", "--schema"]).stdout);
    assert!(schema["properties"]["workload"].is_object(), "{schema}");
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let mut child = Command::new(binary())
        .args(["run", "chaos-registration", "--trace"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut first = [0; 64];
    stdout.read_exact(&mut first).expect("some output");
    drop(stdout);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
