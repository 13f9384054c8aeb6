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

/// Calls the program, and goes away after its first words; it must end as if it had been heard out. Gives
/// what it told beside its output.
fn check_unheard(arguments: &[&str], code: i32) -> String {
    let mut child = Command::new(binary())
        .args(arguments)
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
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    told
}

#[test]
fn a_closed_pipe_changes_neither_the_conclusion_nor_the_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (junit, known, saved) = (path("s.xml"), path("known.seeds"), path("run.json"));
    let run = ["run", "chaos-registration", "--trace"];
    assert_eq!(check_unheard(&run, 0), "");
    let failing = ["--seed", "2", "--defect", "link_not_idempotent"];
    let failing = [&run[..], &failing, &["--save-repro", &saved]].concat();
    assert_eq!(check_unheard(&failing, 1), "");
    let sweep = ["sweep", "chaos-registration", "--seeds", "6", "--json"];
    let defect = ["--defect", "key_ignores_body"];
    let files = ["--junit", &junit, "--regressions", &known];
    let told = check_unheard(&[&sweep[..], &defect, &files].concat(), 1);
    assert!(told.contains("seeds added"), "{told}");
    for file in [junit, known, saved] {
        let written = std::fs::metadata(&file).is_ok_and(|file| file.len() > 0);
        assert!(written, "{file} is missing");
    }
}
