//! Histories of other systems, judged: each fixture with its verdict, exit codes, bad input.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::binary::{proveniq, proveniq_with};

/// Each fixture with the model it is judged as, more arguments, and what comes of it.
const JUDGED: [(&str, &str, &[&str], &str); 19] = [
    ("kv-deleted.edn", "kv", &[], "held"),
    ("kv-deleted-and-read.edn", "kv", &[], "violated"),
    ("kv-held.edn", "kv", &[], "held"),
    ("kv-stale-read.edn", "kv", &[], "violated"),
    ("cas-register-twice.jsonl", "cas-register", &[], "violated"),
    ("register-unanswered.edn", "register", &[], "unknown"),
    ("set-held.json", "set", &[], "held"),
    ("queue-reordered.jsonl", "queue", &[], "violated"),
    ("queue-reordered.jsonl", "total-queue", &[], "held"),
    ("list-append-write-skew.edn", "list-append", &[], "violated"),
    (
        "list-append-write-skew.edn",
        "list-append",
        &["--isolation", "snapshot-isolation"],
        "held",
    ),
    (
        "list-append-write-skew.edn",
        "list-append",
        &["--isolation", "repeatable-read"],
        "violated",
    ),
    (
        "rw-register-own-write-missed.jsonl",
        "rw-register",
        &[],
        "violated",
    ),
    (
        "rw-register-own-write-missed.jsonl",
        "rw-register",
        &["--isolation", "read-committed"],
        "held",
    ),
    ("rw-register-read-skew.edn", "rw-register", &[], "violated"),
    (
        "rw-register-read-skew.edn",
        "rw-register",
        &["--isolation", "read-committed"],
        "held",
    ),
    ("rw-register-stale-read.edn", "rw-register", &[], "held"),
    (
        "rw-register-stale-read.edn",
        "rw-register",
        &["--isolation", "strict-serializable"],
        "violated",
    ),
    ("malformed.edn", "register", &[], "refused"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/foreign")
}

fn path(name: &str) -> String {
    let path = folder().join(name);
    path.to_str().expect("a UTF-8 path").to_owned()
}

fn exit_code(verdict: &str) -> i32 {
    match verdict {
        "held" => 0,
        "violated" => 1,
        "refused" => 2,
        "unknown" => 3,
        other => panic!("`{other}` is no outcome of a check"),
    }
}

#[test]
fn each_fixture_gets_its_verdict_for_people_and_for_machines() {
    for (name, model, more, verdict) in JUDGED {
        let file = path(name);
        let arguments = [&["check", &file, "--model", model], more].concat();
        let text = proveniq(&arguments);
        assert_eq!(text.code, exit_code(verdict), "{name}: {}", text.stderr);
        let json = proveniq(&[&arguments[..], &["--json"]].concat());
        assert_eq!(json.code, text.code, "{name}: {}", json.stderr);
        if verdict == "refused" {
            assert_eq!(json.stdout, "", "{name}: nothing but a message");
            continue;
        }
        let document: Value = serde_json::from_str(&json.stdout).expect("one JSON document");
        assert_eq!(document["schema"], "proveniq/check/v1", "{name}");
        assert_eq!(document["verdict"], verdict, "{name}");
        assert_eq!(document["model"], model, "{name}");
        let told = document["explanation"].as_str().expect("a sentence");
        let line = text.stdout.lines().last().expect("some output");
        assert!(told.contains(line.trim()) || line.contains(told), "{line}");
        let proofs = document["evidence"].as_array().expect("a list");
        assert_eq!(proofs.is_empty(), verdict != "violated", "{name}");
    }
}

#[test]
fn every_fixture_is_judged() {
    for entry in fs::read_dir(folder()).expect("the fixtures are there") {
        let name = entry.expect("a readable entry").file_name();
        let judged = JUDGED.iter().any(|(fixture, ..)| name == *fixture);
        assert!(judged, "{} has no verdict in this file", name.display());
    }
}

#[test]
fn the_standard_input_is_read_like_a_file() {
    let history = File::open(folder().join("kv-stale-read.edn")).expect("a fixture");
    let called = proveniq_with(&["check", "-", "--model=kv", "--format=edn"], |command| {
        command.stdin(history)
    });
    assert_eq!(called.code, 1, "{}", called.stderr);
    assert!(
        called.stdout.starts_with("<standard input>"),
        "{}",
        called.stdout
    );
}

#[test]
fn bad_input_is_told_with_its_place_and_the_way_out() {
    let malformed = path("malformed.edn");
    let skew = path("list-append-write-skew.edn");
    let stale = path("kv-stale-read.edn");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let binary = folder.path().join("history.gz");
    fs::write(&binary, b"; h\n\xff\xfe").expect("a temporary folder is writable");
    let binary = binary.to_str().expect("a UTF-8 path");
    let cases: [(&[&str], &[&str]); 9] = [
        (
            &[&malformed, "--model=register"],
            &[
                "malformed.edn:4:",
                "{:process 0, :type :begin",
                "hint: use invoke, ok, fail or info",
            ],
        ),
        (
            &[&skew, "--model=kv"],
            &[
                "write-skew.edn:2:",
                "no operation `txn`",
                "or another --model",
            ],
        ),
        (
            &[&stale, "--model=kv", "--format=json"],
            &["kv-stale-read.edn:1:1"],
        ),
        (&[binary, "--model=kv"], &["history.gz:2:1", "UTF-8"]),
        (&["no/such.edn", "--model=kv"], &["no/such.edn"]),
        (&["-", "--model=kv"], &["<standard input>", "no operation"]),
        (&[&stale, "--model=regster"], &["did you mean `register`?"]),
        (
            &[&skew, "--model=list-append", "--isolation=serialisable"],
            &["did you mean `serializable`?"],
        ),
        (
            &[&stale, "--model=kv", "--isolation=serializable"],
            &["`kv` has no transactions", "hint"],
        ),
    ];
    for (arguments, expected) in cases {
        let called = proveniq(&[&["check"], arguments].concat());
        assert_eq!(called.code, 2, "{arguments:?}: {}", called.stderr);
        assert_eq!(called.stdout, "", "{arguments:?}: nothing but a message");
        for part in expected {
            assert!(
                called.stderr.contains(part),
                "`{part}` is missing in:\n{}",
                called.stderr
            );
        }
    }
}

#[test]
fn the_help_teaches_every_model_and_level() {
    let help = proveniq(&["check", "--help"]);
    assert_eq!(help.code, 0, "{}", help.stderr);
    let names = sim::checkers::foreign::ForeignModel::ALL.map(|model| model.name());
    let levels = sim::checkers::transactions::Isolation::ALL.map(|level| level.name());
    for name in names.iter().chain(&levels) {
        assert!(
            help.stdout.contains(name),
            "`{name}` is missing in:\n{}",
            help.stdout
        );
    }
}
