//! A class with broken and malicious submissions, by the real program.

use std::fs;
use std::path::Path;

use super::table::folder;
use crate::program::binary::{Called, proveniq};
use crate::structure::tree::root;

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
    copy("nothing", &class.join("class"));
    fs::write(class.join("zed.zip"), "PK").expect("written");
    std::os::unix::fs::symlink(class.join("ada"), class.join("mallory")).expect("linked");

    let first = grade_class(&class, &out, "2");
    assert_eq!(first.code, 0, "{}", first.stderr);
    for told in [
        "`ada`: `",
        "`link`: `not graded: actions.jsonl: no ordinary file",
        "`huge`: `not graded: updates.jsonl: larger than",
        "`bytes`: `not graded: postmortem.toml:2: not UTF-8",
        "`deep`: `not graded: postmortem.toml:1: more than 16 brackets",
        "`empty`: `not graded: actions.jsonl: missing",
        "`zed.zip`: `not graded: (submission): no folder",
        "`mallory`: `not graded: (submission): no folder",
    ] {
        assert!(first.stdout.contains(told), "{told}\n{}", first.stdout);
    }
    let read = |name: &str| fs::read_to_string(out.join(name)).expect("written");
    let grade = read("ada.grade.json");
    assert!(
        read("class.md").starts_with("# LOAD-2024-001"),
        "a learner's own page"
    );
    assert!(read("_class.md").starts_with("# Class of 10"));
    assert!(read("_canvas.csv").starts_with(
        "Student,ID,SIS Login ID,Section,LOAD-2024-001 (0)\n    Points Possible,,,,1000\n"
    ));

    // Grades may go to a folder among the learners'.
    let again = class.join("zz-grades");
    let second = grade_class(&class, &again, "1");
    assert_eq!(
        first.stdout, second.stdout,
        "with other jobs, the same class"
    );
    let other = fs::read_to_string(again.join("ada.grade.json")).expect("written");
    assert_eq!(grade, other, "byte for byte");
}

/// Grades a class of one with bounds, or with a tool that stands still.
fn bounded(place: &Path, lab: &str, more: &[&str], tool: Option<&Path>) -> Called {
    let (class, out) = (place.join("class"), place.join("grades"));
    if lab.is_empty() {
        copy("expert", &class.join("ada"));
    } else {
        let policy = root().join("fixtures/labs/policies/lab-002-reference.toml");
        fs::create_dir_all(class.join("ada")).expect("made");
        fs::copy(policy, class.join("ada/policy.toml")).expect("copied");
    }
    fs::write(place.join("key"), "fixture course key").expect("written");
    let text = |path: &Path| path.to_str().expect("a path is text").to_owned();
    let (class, out, key) = (text(&class), text(&out), text(&place.join("key")));
    let mut arguments = vec!["grade", &class, "--key", &key, "--out", &out];
    arguments.extend(lab.split_whitespace());
    arguments.extend(more);
    crate::program::binary::proveniq_with(&arguments, |command| match tool {
        Some(tool) => command.env("PROVENIQ_PROMTOOL", tool),
        None => command,
    })
}

#[test]
fn who_takes_too_much_is_not_graded_and_told_how_to_be() {
    let place = tempfile::tempdir().expect("a folder");
    let asleep = place.path().join("promtool");
    fs::write(&asleep, "#!/bin/sh\nexec sleep 20\n").expect("written");
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&asleep, all).expect("made executable");
    let lab = "--lab LAB-002 --seeds 20";
    for (number, (lab, more, tool, told)) in [
        (lab, &["--limit-s", "1"], None, "1 s of the processor"),
        (lab, &["--limit-mib", "1"], None, "1 MiB of memory"),
        (
            "",
            &["--patience-s", "1"],
            Some(&*asleep),
            "1 s by the clock",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let place = place.path().join(number.to_string());
        fs::create_dir(&place).expect("made");
        let called = bounded(&place, lab, more, tool);
        assert_eq!(called.code, 0, "{}", called.stderr);
        let told = format!("`not graded: (submission): took more than {told}; grade it alone");
        assert!(called.stdout.contains(&told), "{told}\n{}", called.stdout);
        let read =
            |name: &str| fs::read_to_string(place.join("grades").join(name)).expect("written");
        assert!(read("ada.prairielearn.json").contains("\"gradable\": false"));
        let ada = place.join("class/ada");
        let alone = format!("has no bound: proveniq grade {} ", ada.display());
        assert!(read("ada.md").contains(&alone), "{alone}");
        let row = read("_nbgrader.csv");
        assert!(row.ends_with(",ada,,,,,0,,1000\n"), "no zero: {row}");
    }
}

/// The item for alerts of an expert's grade by a tool of these words, and the whole grade.
fn by_tool(place: &Path, out: &str, script: &str) -> (serde_json::Value, serde_json::Value) {
    let tool = place.join("promtool");
    fs::write(&tool, format!("#!/bin/sh\n{script}\n")).expect("written");
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&tool, all).expect("made executable");
    let (key, out) = (place.join("key"), place.join(out));
    fs::write(&key, "fixture course key").expect("written");
    let text = |path: &Path| path.to_str().expect("a path is text").to_owned();
    let submission = text(&folder("right-cause-no-word"));
    let called = crate::program::binary::proveniq_with(
        &[
            "grade",
            &submission,
            "--key",
            &text(&key),
            "--out",
            &text(&out),
        ],
        |command| command.env("PROVENIQ_PROMTOOL", &tool),
    );
    assert_eq!(called.code, 0, "{}", called.stderr);
    let grade = fs::read_to_string(out.join("right-cause-no-word.grade.json")).expect("written");
    let grade: serde_json::Value = serde_json::from_str(&grade).expect("a grade");
    let items = grade["items"].as_array().expect("items");
    let detect = items
        .iter()
        .find(|item| item["id"] == "prevention.detect_fires");
    (detect.expect("an item").clone(), grade.clone())
}

#[test]
fn a_tool_that_is_stopped_decides_nothing_and_is_asked_again() {
    let place = tempfile::tempdir().expect("a folder");
    let (detect, open) = by_tool(place.path(), "out", "kill -9 $$");
    assert_eq!(detect["status"], "not_graded", "{detect}");
    assert_eq!(open["points"], 740);
    let (detect, decided) = by_tool(place.path(), "out", "exit 0");
    assert_eq!(
        (&detect["points"], &decided["points"]),
        (&25.into(), &800.into())
    );
    let (detect, _) = by_tool(place.path(), "other", "exit 1");
    assert_eq!(
        (&detect["status"], &detect["points"]),
        (&"lost".into(), &0.into())
    );
}

#[test]
fn a_key_that_can_be_guessed_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let key = place.path().join("key");
    fs::write(&key, "").expect("written");
    let key = key.to_str().expect("a path is text");
    let refused = proveniq(&["grade", "--key", key, "--commitment"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("has 0 bytes"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_was_done_is_written_whatever_the_input_ends_with() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("mine");
    let input = place.path().join("input");
    fs::write(
        &input,
        b"do restart_node node=verify-11\n\xff\nadvance 10\n",
    )
    .expect("written");
    let out = out.to_str().expect("a path is text");
    let played =
        crate::program::binary::proveniq_with(&["incident", "play", "--out", out], |command| {
            command.stdin(fs::File::open(&input).expect("opened"))
        });
    assert_eq!(played.code, 0, "{}", played.stderr);
    assert!(played.stdout.contains("there is no `\u{fffd}`"));
    let actions = fs::read_to_string(Path::new(out).join("actions.jsonl")).expect("written");
    assert!(actions.contains("restart_node"), "{actions}");
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
