//! Bad input: a clear message with place and hint, exit code 2, nothing half-written, no panic.

use std::fs;

use super::binary::proveniq;

/// Calls the program with something wrong; gives what it says.
fn complaint(arguments: &[&str]) -> String {
    let called = proveniq(arguments);
    assert_eq!(
        called.code, 2,
        "{arguments:?}: {}{}",
        called.stdout, called.stderr
    );
    assert_eq!(called.stdout, "", "{arguments:?}: nothing but a message");
    assert!(
        !called.stderr.contains("panicked"),
        "{arguments:?}: {}",
        called.stderr
    );
    called.stderr
}

/// A copy of a built-in scenario with something replaced, at a path of its own.
fn broken_scenario(folder: &tempfile::TempDir, replace: &str, with: &str) -> String {
    let good = include_str!("../../fixtures/scenarios/locker-timeout.toml");
    assert!(good.contains(replace), "the scenario has `{replace}`");
    let file = folder.path().join("mine.toml");
    fs::write(&file, good.replacen(replace, with, 1)).expect("a temporary folder is writable");
    file.to_str().expect("a UTF-8 path").to_owned()
}

fn check_file(replace: &str, with: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = broken_scenario(&folder, replace, with);
    let message = complaint(&["run", &file]);
    for part in expected {
        assert!(message.contains(part), "`{part}` is missing in:\n{message}");
    }
}

#[test]
fn unknown_names_come_with_the_nearest_known_one() {
    assert!(complaint(&["run", "locker-timout"]).contains("locker-timeout"));
    assert!(
        complaint(&["run", "happy-path", "--defect", "ack_befor_commit"])
            .contains("ack_before_commit")
    );
    assert!(complaint(&["swep", "happy-path"]).contains("sweep"));
}

#[test]
fn seeds_outside_their_range_are_refused() {
    for seed in ["-1", "18446744073709551616", "0x10000000000000000", "seven"] {
        let message = complaint(&["run", "happy-path", &format!("--seed={seed}")]);
        assert!(message.contains(seed), "{message}");
    }
}

#[test]
fn a_scenario_file_that_makes_no_sense_is_told_by_line_and_column() {
    check_file("cores = 3", "coers = 3", &["mine.toml:", "coers", "cores"]);
    check_file(
        "cores = 3",
        "cores = 0",
        &["mine.toml:", "cores = 0", "at least 1"],
    );
    check_file(
        "cores = 3",
        "cores = \"three\"",
        &["mine.toml:", "cores = \"three\""],
    );
    check_file(
        "p99_us = 1500",
        "p99_us = 100",
        &["mine.toml:", "p99", "below"],
    );
    check_file("p50_us = 400", "p50_us = -400", &["mine.toml:", "-400"]);
    check_file(
        "where = \"locker-*\"",
        "where = \"lokcer-*\"",
        &["mine.toml:", "lokcer-*"],
    );
    check_file(
        "locker.command.received",
        "locker.command.recieved",
        &["mine.toml:", "locker.command.received"],
    );
    check_file("[bounds]", "[bounds", &["mine.toml:"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    assert!(complaint(&["run", "./no/such/file.toml"]).contains("./no/such/file.toml"));
    assert!(complaint(&["replay", "no-such-repro.json"]).contains("no-such-repro.json"));
}

#[test]
fn an_override_is_checked_like_the_file() {
    assert!(complaint(&["run", "happy-path", "--set", "system.coers=3"]).contains("cores"));
    assert!(complaint(&["run", "happy-path", "--set", "system.cores=0"]).contains("at least 1"));
    assert!(complaint(&["run", "happy-path", "--set", "nonsense"]).contains("nonsense"));
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nowhere = folder.path().join("missing/folder/out");
    let nowhere = nowhere.to_str().expect("a UTF-8 path");
    assert!(complaint(&["run", "happy-path", "--save-repro", nowhere]).contains(nowhere));
    assert!(
        complaint(&["sweep", "happy-path", "--seeds", "2", "--junit", nowhere]).contains(nowhere)
    );
    assert_eq!(
        fs::read_dir(folder.path()).expect("readable").count(),
        0,
        "nothing half-written"
    );
}

#[test]
fn a_repro_file_of_another_version_or_damaged_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("repro.json");
    let path = file.to_str().expect("a UTF-8 path");
    let saved = proveniq(&["run", "locker-timeout", "--save-repro", path]);
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    let good = fs::read_to_string(&file).expect("the repro was written");
    for (broken, expected) in [
        (good.replace("proveniq/repro/v2", "proveniq/repro/v9"), "v9"),
        (good[..good.len() / 2].to_owned(), "repro.json"),
        (good.replace("locker-*", "lokcer-*"), "lokcer-*"),
        ("[]".to_owned(), "repro.json"),
        (String::new(), "repro.json"),
    ] {
        fs::write(&file, broken).expect("a temporary folder is writable");
        let message = complaint(&["replay", path]);
        assert!(
            message.contains(expected),
            "`{expected}` is missing in:\n{message}"
        );
    }
}
