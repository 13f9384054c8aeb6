//! The command `proveniq lab`: policies that are refused, runs that are told, grades that are given.

use std::fs;

use crate::program::binary::proveniq;
use crate::structure::tree::root;

#[test]
fn an_absurd_policy_is_refused_with_file_line_and_field() {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("mine.toml");
    let path = file.to_str().expect("a path is text");
    for (lab, text, told) in [
        ("LAB-001", "cores = 1000000", "mine.toml:1"),
        ("LAB-001", "\n[door]\nin_flight = -1", "mine.toml:3"),
        (
            "LAB-002",
            "[replay]\nper_second = 1e300",
            "`replay.per_second`",
        ),
        ("LAB-003", "strategy = \"hope\"", "`strategy`"),
        ("EVENTS", "x = [[[[1]]]]", "no key `x`"),
        ("LAB-9", "", "there is no lab `LAB-9`"),
    ] {
        fs::write(&file, text).expect("written");
        let called = proveniq(&["lab", "run", lab, "--policy", path]);
        assert_eq!(called.code, 2, "{text}: {}", called.stdout);
        assert!(called.stderr.contains(told), "{text}: {}", called.stderr);
    }
}

#[test]
fn what_broke_is_told_with_where_to_look_and_the_command_that_shows_it_again() {
    let policy = root().join("fixtures/labs/policies/lab-003-naive.toml");
    let policy = policy.to_str().expect("a path is text");
    let called = proveniq(&["lab", "run", "LAB-003", "--policy", policy, "--seed", "0x2"]);
    assert_eq!(called.code, 1, "{}", called.stderr);
    for told in [
        "LAB-003 seed 0x2: broke",
        "✗ both_told: conflict_told:",
        "look at: table asset_revisions",
        &format!("run it again:  proveniq lab run LAB-003 --policy {policy} --seed 0x2"),
    ] {
        assert!(called.stdout.contains(told), "{told}\n{}", called.stdout);
    }
    let words = called
        .stdout
        .lines()
        .find(|line| line.contains("run it again"));
    let words = words.expect("a command").split_whitespace().skip(4);
    let again = proveniq(&words.collect::<Vec<_>>());
    assert_eq!(again.stdout, called.stdout);
}

#[test]
fn a_grade_under_hidden_seeds_tells_no_seed() {
    let place = tempfile::tempdir().expect("a folder");
    let key = place.path().join("key");
    fs::write(&key, "fixture course key").expect("written");
    let key = key.to_str().expect("a path is text");
    let grade = |file: &str| {
        let policy = root().join("fixtures/labs/policies").join(file);
        let policy = policy.to_str().expect("a path is text").to_owned();
        let words = [
            "lab",
            "grade",
            "LAB-003",
            "--fail-below",
            "--seeds",
            "3",
            "--key",
            key,
            "--policy",
        ];
        proveniq(&[&words[..], &[policy.as_str()]].concat())
    };
    let (naive, reference) = (grade("lab-003-naive.toml"), grade("lab-003-reference.toml"));
    assert_eq!((naive.code, reference.code), (6, 0), "{}", reference.stdout);
    assert!(naive.stdout.contains("✗ both_told") && naive.stdout.ends_with("failed\n"));
    assert!(!naive.stdout.contains("0x"), "{}", naive.stdout);
    assert!(
        naive.stdout.contains("    such as: conflict_told:"),
        "{}",
        naive.stdout
    );
}
