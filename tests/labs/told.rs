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
        ("LAB-002", "[retry]\nwaits_s = [0]", "mine.toml:2"),
        (
            "LAB-002",
            "[retry]\nwaits_s = [86400, 86400, 86400, 86400, 86400, 1]",
            "they come to 432001 in all: give 432000 at most",
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

/// Grades a class of two policies and a broken one for LAB-003, and reveals its seeds.
#[test]
fn policies_of_a_class_become_grades_with_items_forms_and_seeds_to_be_revealed() {
    let place = tempfile::tempdir().expect("a folder");
    let class = place.path().join("class");
    let policies = root().join("fixtures/labs/policies");
    for (learner, file) in [
        ("ada", "lab-003-reference.toml"),
        ("bob", "lab-003-naive.toml"),
    ] {
        fs::create_dir_all(class.join(learner)).expect("made");
        fs::copy(policies.join(file), class.join(learner).join("policy.toml")).expect("copied");
    }
    fs::create_dir_all(class.join("eve")).expect("made");
    fs::write(class.join("eve/policy.toml"), "strategy = 'best'").expect("written");
    fs::write(place.path().join("key"), "fixture course key").expect("written");
    let text = |name: &str| {
        let path = place.path().join(name);
        path.to_str().expect("a path is text").to_owned()
    };
    let (class_text, key, out) = (text("class"), text("key"), text("out"));
    let lab = ["--lab", "lab-003", "--seeds", "3", "--key", &key];
    let graded = proveniq(&[&["grade", &class_text, "--out", &out][..], &lab].concat());
    assert_eq!(graded.code, 0, "{}", graded.stderr);
    for told in [
        "`ada`: `passed: 1000 of 1000 points`",
        "`bob`: `failed:",
        "`eve`: `not graded: policy.toml:",
    ] {
        assert!(graded.stdout.contains(told), "{told}\n{}", graded.stdout);
    }
    let page = fs::read_to_string(place.path().join("out/bob.md")).expect("written");
    assert!(page.contains("| LAB-003 | "), "{page}");
    assert!(
        page.contains(
            "**LAB-003.both_told** −200: `broke under 3 of 3 seeds; wanted: every conflict is"
        ),
        "{page}"
    );
    assert!(!page.contains("conflict_told"), "{page}");
    let published = [
        &["grade", &class_text, "--out", &out, "--published"][..],
        &lab,
    ]
    .concat();
    assert_eq!(proveniq(&published).stdout, graded.stdout);
    let page = fs::read_to_string(place.path().join("out/bob.md")).expect("written");
    let told = "−200: `broke under 3 of 3 seeds: conflict_told: ";
    assert!(page.contains(told), "{page}");
    let reveal = text("reveal.json");
    let revealed = proveniq(
        &[
            &["grade", "reveal", &class_text, "--out", &reveal][..],
            &lab,
        ]
        .concat(),
    );
    assert_eq!(revealed.code, 0, "{}", revealed.stderr);
    let published = proveniq(&["grade", "--key", &key, "--commitment"]).stdout;
    let (bob, grade) = (text("class/bob"), text("out/bob.grade.json"));
    let verify = [
        "grade", "verify", &bob, "--reveal", &reveal, "--grade", &grade,
    ];
    let more = [
        "--commitment",
        published.trim(),
        "--lab",
        "LAB-003",
        "--seeds",
        "3",
    ];
    let verified = proveniq(&[&verify[..], &more].concat());
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
}
