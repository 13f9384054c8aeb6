//! A class with broken and malicious submissions, by the real program.

use std::fs;
use std::path::Path;

use super::table::folder;
use crate::program::binary::{Called, proveniq};

fn grade_class(class: &Path, out: &Path, jobs: &str) -> Called {
    let key = class
        .parent()
        .expect("a class stands in a folder")
        .join("key");
    fs::write(&key, "fixture course key").expect("written");
    let text = |path: &Path| path.to_str().expect("a path is text").to_owned();
    proveniq(&[
        "grade",
        &text(class),
        "--seed",
        "1",
        "--key",
        &text(&key),
        "--out",
        &text(out),
        "--jobs",
        jobs,
    ])
}

fn copy(name: &str, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(folder(name)).expect("a fixture") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[test]
fn one_broken_submission_never_stops_the_class() {
    let place = tempfile::tempdir().expect("a folder");
    let class = place.path().join("class");
    let out = place.path().join("grades");
    copy("expert", &class.join("ada"));
    copy("expert", &class.join("link"));
    let linked = class.join("link/actions.jsonl");
    fs::remove_file(&linked).expect("removed");
    std::os::unix::fs::symlink("/etc/hostname", &linked).expect("linked");
    copy("expert", &class.join("huge"));
    fs::write(class.join("huge/updates.jsonl"), vec![b' '; 3_000_000]).expect("written");
    copy("expert", &class.join("bytes"));
    fs::write(class.join("bytes/postmortem.toml"), b"[cause]\n\xff\xfe").expect("written");
    copy("expert", &class.join("deep"));
    fs::write(
        class.join("deep/postmortem.toml"),
        "x = ".to_owned() + &"[".repeat(90_000),
    )
    .expect("written");
    fs::create_dir_all(class.join("empty")).expect("made");
    fs::create_dir_all(class.join("..; rm -rf x")).expect("made");

    let first = grade_class(&class, &out, "2");
    assert_eq!(first.code, 0, "{}", first.stderr);
    for told in [
        "`ada`: `",
        "`link`: `not graded: actions.jsonl: no ordinary file",
        "`huge`: `not graded: updates.jsonl: larger than",
        "`bytes`: `not graded: postmortem.toml:2: not UTF-8",
        "`deep`: `not graded: postmortem.toml:1: more than 16 brackets",
        "`empty`: `not graded: actions.jsonl: missing",
    ] {
        assert!(first.stdout.contains(told), "{told}\n{}", first.stdout);
    }
    let read = |name: &str| fs::read_to_string(out.join(name)).expect("written");
    let grade = read("ada.grade.json");
    assert!(read("canvas.csv").starts_with(
        "Student,ID,SIS Login ID,Section,LOAD-2024-001 (0)\n    Points Possible,,,,1000\n"
    ));

    let again = place.path().join("again");
    let second = grade_class(&class, &again, "1");
    assert_eq!(
        first.stdout, second.stdout,
        "with other jobs, the same class"
    );
    let other = fs::read_to_string(again.join("ada.grade.json")).expect("written");
    assert_eq!(grade, other, "byte for byte");
}

#[test]
fn what_is_played_replays_to_the_same_fingerprint() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("mine");
    let out = out.to_str().expect("a path is text");
    let lines = "status\nsessions\nadvance 100\ndo restart_node node=verify-11\nadvance 7\ndo nonsense\ndo scale_workers workers=60\n\
                 update\nexternal\ninvestigating\nSEV-2\nlooking\nverification\nact-1\nerror_rate=0.12\n900\n\nadvance 99999\nquit\n";
    let input = place.path().join("input");
    fs::write(&input, lines).expect("written");
    let played =
        crate::program::binary::proveniq_with(&["incident", "play", "--out", out], |command| {
            command.stdin(fs::File::open(&input).expect("opened"))
        });
    assert_eq!(played.code, 0, "{}", played.stderr);
    assert!(played.stdout.contains("posted") && played.stdout.contains("give whole seconds"));
    let fingerprint = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("fingerprint"));
        line.expect("it ends with a fingerprint").to_owned()
    };
    // The post-mortem's skeleton can be read as it is.
    let replayed = proveniq(&["incident", "replay", out]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert_eq!(fingerprint(&played.stdout), fingerprint(&replayed.stdout));
    let again = proveniq(&["incident", "play", "--out", out]);
    assert_eq!(again.code, 2, "nobody's submission is written over");
}
