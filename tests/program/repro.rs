//! Repro files: a saved run is had again, with its faults spelled out.

use std::fs;

use super::binary::proveniq;

#[test]
fn a_saved_failure_replays_to_the_same_run_and_verdict() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("failure.json");
    let path = file.to_str().expect("a UTF-8 path");
    let arguments = [
        "run",
        "chaos-registration",
        "--seed",
        "4",
        "--defect",
        "link_not_idempotent",
    ];
    let saved = proveniq(&[&arguments[..], &["--save-repro", path]].concat());
    assert_eq!(saved.code, 1, "{}", saved.stderr);
    let replayed = proveniq(&["replay", path]);
    assert_eq!(replayed.code, 1, "{}{}", replayed.stdout, replayed.stderr);
    assert!(
        replayed.stdout.contains("link_agreement"),
        "{}",
        replayed.stdout
    );
    assert!(
        replayed.stderr.contains("the same run"),
        "{}",
        replayed.stderr
    );
}

#[test]
fn a_replay_that_goes_another_way_says_where() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("run.json");
    let path = file.to_str().expect("a UTF-8 path");
    assert_eq!(
        proveniq(&["run", "locker-timeout", "--save-repro", path]).code,
        0
    );
    let good = fs::read_to_string(&file).expect("the repro was written");
    // What newer code would do to an old file: the same orders, another course of events.
    fs::write(&file, good.replace("every_ms = 4000", "every_ms = 4001")).expect("writable");
    let replayed = proveniq(&["replay", path]);
    assert_eq!(replayed.code, 0, "{}{}", replayed.stdout, replayed.stderr);
    let said = replayed.stdout + &replayed.stderr;
    assert!(
        said.contains("another way") || said.contains("part"),
        "{said}"
    );
}
