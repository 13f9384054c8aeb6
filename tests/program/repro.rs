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
    let document = proveniq(&["replay", path, "--json"]);
    let document: serde_json::Value = serde_json::from_str(&document.stdout).expect("a document");
    assert_eq!(document["replay"]["same"], true, "{}", document["replay"]);
    assert_eq!(document["replay"]["common_events"], document["events"]);
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
    fs::write(&file, good.replace(r#""run": "0x1""#, r#""run": "0x2""#)).expect("writable");
    let replayed = proveniq(&["replay", path]);
    assert_eq!(replayed.code, 0, "{}{}", replayed.stdout, replayed.stderr);
    let document = proveniq(&["replay", path, "--json"]);
    let document: serde_json::Value = serde_json::from_str(&document.stdout).expect("a document");
    let replay = &document["replay"];
    assert_eq!(
        (&replay["same"], &replay["saved_verdict"]),
        (&false.into(), &"held".into())
    );
    assert!(replay["first_difference"]["now"].is_string(), "{replay}");
    let said = replayed.stdout + &replayed.stderr;
    assert!(
        said.contains("another way") || said.contains("part"),
        "{said}"
    );
}

#[test]
fn a_failing_run_is_shrunk_saved_replayed_and_explained() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("small.json");
    let path = file.to_str().expect("a UTF-8 path");
    let run = [
        "chaos-registration",
        "--seed",
        "4",
        "--defect",
        "link_not_idempotent",
    ];
    let shrunk = proveniq(&[&["shrink"], &run[..], &["--json", "--out", path]].concat());
    assert_eq!(shrunk.code, 0, "{}", shrunk.stderr);
    let document: serde_json::Value = serde_json::from_str(&shrunk.stdout).expect("a document");
    assert_eq!(document["schema"], "proveniq/shrink/v1");
    assert_eq!(document["check"], "link_agreement");
    assert!(
        document["after"]["operations"].as_u64() <= Some(5),
        "{document}"
    );
    let replayed = proveniq(&["replay", path]);
    assert_eq!(replayed.code, 1, "{}", replayed.stderr);
    assert!(
        replayed.stderr.contains("the same run"),
        "{}",
        replayed.stderr
    );
    let explained = proveniq(&["explain", path, "--json"]);
    assert_eq!(explained.code, 0, "{}", explained.stderr);
    let document: serde_json::Value = serde_json::from_str(&explained.stdout).expect("a document");
    assert_eq!(document["schema"], "proveniq/explain/v1");
    assert!(
        document["story"].as_array().map(Vec::len) <= Some(9),
        "{document}"
    );
}

#[test]
fn an_edited_repro_names_the_first_thing_that_is_otherwise() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("small.json");
    let path = file.to_str().expect("a UTF-8 path");
    let run = [
        "chaos-registration",
        "--seed",
        "4",
        "--defect",
        "link_not_idempotent",
    ];
    let shrunk = proveniq(&[&["shrink"], &run[..], &["--out", path]].concat());
    assert_eq!(shrunk.code, 0, "{}", shrunk.stderr);
    let good = fs::read_to_string(&file).expect("the repro was written");
    let mut repro: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    // The bug is mended: the same faults and operations, and another end.
    repro["setup"]["defects"] = serde_json::json!([]);
    fs::write(&file, repro.to_string()).expect("writable");
    let replayed = proveniq(&["replay", path]);
    // It may be mended, or it may only have become another run: a gate must not open for the latter.
    assert_eq!(replayed.code, 3, "{}{}", replayed.stdout, replayed.stderr);
    assert!(replayed.stderr.contains("is gone"), "{}", replayed.stderr);
    assert!(
        replayed.stderr.contains("another run"),
        "{}",
        replayed.stderr
    );
    assert!(
        replayed.stderr.contains("first difference")
            || replayed.stderr.contains("same things happen"),
        "{}",
        replayed.stderr
    );
}

#[test]
fn a_saved_run_takes_nothing_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("run.json");
    let path = file.to_str().expect("a UTF-8 path");
    let saved = ["run", "locker-timeout", "--save-repro", path];
    assert_eq!(proveniq(&saved).code, 0);
    for typed in [
        ["--seed", "99"],
        ["--plan-seed", "1"],
        ["--strategy", "uniform"],
        ["--set", "system.cores=1"],
        ["--defect", "link_not_idempotent"],
    ] {
        for command in ["shrink", "explain"] {
            let refused = proveniq(&[command, path, typed[0], typed[1]]);
            assert_eq!(refused.code, 2, "{typed:?}: {}", refused.stderr);
            assert!(refused.stderr.contains("in its file"), "{}", refused.stderr);
        }
    }
}

#[test]
fn a_failing_run_is_named_by_all_its_seeds() {
    let run = ["chaos-registration", "--seed", "4", "--schedule-seed", "4"];
    let defect = [
        "--plan-seed",
        "0x2",
        "--workload-seed",
        "3",
        "--defect",
        "key_ignores_body",
    ];
    let run = [&run[..], &defect].concat();
    let ran = proveniq(&[&["run"], &run[..]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let shrunk = proveniq(&[&["shrink"], &run[..], &["--runs", "5"]].concat());
    assert_eq!(shrunk.code, 0, "{}", shrunk.stderr);
    let again = "--workload-seed 0x3 --plan-seed 0x2 --schedule-seed 0x4";
    assert!(shrunk.stdout.contains(again), "{}", shrunk.stdout);
}

#[test]
fn a_run_that_holds_has_nothing_to_shrink_or_explain() {
    for command in ["shrink", "explain"] {
        let called = proveniq(&[command, "happy-path"]);
        assert_eq!(called.code, 4, "{}", called.stderr);
        let expected = "the run violates no check\n  proveniq run happy-path --seed 0x1";
        assert!(called.stderr.contains(expected), "{}", called.stderr);
    }
    let refused = proveniq(&["run", "happy-path", "--strategy", "coverage"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}
