//! Files that outlive a call: journals of sweeps and hunts, and seeds that failed before. They survive a stop, a
//! second writer and a mistaken name.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use serde_json::Value;

use super::binary::{Called, proveniq, proveniq_with};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn named(&self, name: &str) -> String {
        self.path(name).to_str().expect("a UTF-8 path").to_owned()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there")
    }
}

fn sweep(more: &[&str]) -> Called {
    let sweep = [
        "sweep",
        "chaos-registration",
        "--defect",
        "key_ignores_body",
    ];
    proveniq(&[&sweep[..], more].concat())
}

fn summary(called: &Called) -> Value {
    let last = called.stdout.lines().last().expect("a summary");
    serde_json::from_str(last).expect("a JSON line")
}

#[test]
fn a_journal_goes_on_after_a_stop_that_added_a_regression() {
    let folder = Folder::new();
    let (journal, known) = (folder.named("sweep.jsonl"), folder.named("known.seeds"));
    let files = ["--journal", &journal, "--regressions", &known, "--json"];
    let first = sweep(&[&["--seeds", "12", "--until-fail"], &files[..]].concat());
    assert_eq!(first.code, 1, "{}", first.stderr);
    assert_ne!(folder.text("known.seeds"), "");
    let resumed = sweep(&[&["--seeds", "12"], &files[..]].concat());
    assert_eq!(resumed.code, 1, "{}", resumed.stderr);
    assert!(
        resumed.stderr.contains("done already"),
        "{}",
        resumed.stderr
    );
    let alone = sweep(&["--seeds", "12", "--json"]);
    assert_eq!(summary(&resumed), summary(&alone));
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let notes = folder.named("notes.txt");
    fs::write(&notes, "my precious notes").expect("writable");
    let swept = sweep(&["--seeds", "2", "--journal", &notes]);
    let hunted = proveniq(&[
        "hunt",
        "ack_before_commit",
        "--seeds=1",
        "--journal",
        &notes,
    ]);
    for called in [swept, hunted] {
        assert_eq!(called.code, 2, "{}", called.stderr);
        assert!(called.stderr.contains("notes.txt:1: "), "{}", called.stderr);
        assert_eq!(folder.text("notes.txt"), "my precious notes");
    }
}

#[test]
fn a_journal_that_another_process_writes_is_not_garbled() {
    let folder = Folder::new();
    let journal = folder.named("sweep.jsonl");
    let mut options = OpenOptions::new();
    let held = options.create(true).append(true).open(&journal);
    let held = held.expect("a temporary folder is writable");
    held.lock().expect("nobody else has it");
    let refused = sweep(&["--seeds", "2", "--journal", &journal]);
    assert_eq!(refused.code, 75, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("another process"),
        "{}",
        refused.stderr
    );
    drop(held);
    assert_eq!(sweep(&["--seeds", "2", "--journal", &journal]).code, 1);
}

#[test]
fn a_journal_of_another_build_is_not_taken_for_ones_own() {
    let folder = Folder::new();
    let (sweeps, hunts) = (folder.named("sweep.jsonl"), folder.named("hunt.jsonl"));
    let hunt = [
        "hunt",
        "ack_before_commit",
        "--seeds=5",
        "--repeat=2",
        "--silence=0",
        "--json",
    ];
    let hunt = [&hunt[..], &["--journal", &hunts]].concat();
    assert_eq!(sweep(&["--seeds", "2", "--journal", &sweeps]).code, 1);
    let hunted = proveniq(&hunt);
    assert_eq!(hunted.code, 0, "{}", hunted.stderr);
    let lines = |name: &str| folder.text(name).lines().count();
    assert_eq!(lines("hunt.jsonl"), 2);
    assert_eq!(
        proveniq(&hunt).stdout,
        hunted.stdout,
        "nothing is searched again"
    );
    assert_eq!(lines("hunt.jsonl"), 2);
    for name in ["sweep.jsonl", "hunt.jsonl"] {
        let other = folder.text(name).replace("(build ", "(build 0");
        fs::write(folder.path(name), other).expect("writable");
    }
    let refused = sweep(&["--seeds", "2", "--journal", &sweeps]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("build of the program"),
        "{}",
        refused.stderr
    );
    assert_eq!(proveniq(&hunt).stdout, hunted.stdout);
    assert_eq!(lines("hunt.jsonl"), 4, "all is searched again");
}

#[test]
fn a_defect_that_is_named_twice_is_hunted_once() {
    let hunt = ["--seeds=5", "--repeat=1", "--silence=0", "--json"];
    let twice = ["hunt", "ack_before_commit", "ack_before_commit"];
    let once = proveniq(&[&twice[..2], &hunt].concat());
    let twice = proveniq(&[&twice[..], &hunt].concat());
    assert_eq!((twice.code, twice.stdout), (once.code, once.stdout));
}

#[test]
fn regressions_that_cannot_be_written_stop_the_sweep_before_it_begins() {
    let refused = sweep(&["--seeds", "2", "--json", "--regressions", "/no/such/r.txt"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert_eq!(refused.stdout, "", "nothing was run");
    assert!(
        refused.stderr.contains("nothing was run"),
        "{}",
        refused.stderr
    );
}

#[test]
fn another_share_adds_no_seed_that_the_file_has() {
    let folder = Folder::new();
    let known = folder.named("known.seeds");
    let share = ["--seeds", "12", "--shard", "2/2", "--regressions", &known];
    assert_eq!(sweep(&share).code, 1);
    let first = folder.text("known.seeds");
    assert_ne!(first, "");
    assert_eq!(sweep(&share).code, 1);
    assert_eq!(folder.text("known.seeds"), first);
}

#[test]
fn a_summary_that_cannot_be_written_hides_no_violation() {
    let arguments = [
        "sweep",
        "chaos-registration",
        "--seeds",
        "2",
        "--defect",
        "key_ignores_body",
    ];
    let called = proveniq_with(&arguments, |command| {
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", "/no/such/summary.md")
    });
    assert_eq!(called.code, 1, "{}", called.stderr);
    assert!(
        called.stderr.contains("/no/such/summary.md"),
        "{}",
        called.stderr
    );
}

#[test]
fn a_share_has_one_verdict_in_all_its_outputs() {
    let folder = Folder::new();
    let junit = folder.named("s.xml");
    let share = [
        "sweep",
        "chaos-registration",
        "--seeds",
        "4",
        "--shard",
        "1/2",
    ];
    let called = proveniq(&[&share[..], &["--json", "--junit", &junit]].concat());
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert_eq!(summary(&called)["verdict"], "held");
    let xml = folder.text("s.xml");
    assert!(xml.contains(r#"name="verdict" value="held""#), "{xml}");
    assert!(
        !xml.contains("<failure") && !xml.contains("<error"),
        "{xml}"
    );
}

#[test]
fn a_line_that_no_sweep_of_the_share_wrote_is_not_merged() {
    let folder = Folder::new();
    let journal = folder.named("sweep.jsonl");
    assert_eq!(sweep(&["--seeds", "4", "--journal", &journal]).code, 1);
    let text = folder.text("sweep.jsonl");
    let line = text.lines().nth(1).expect("a seed");
    let seed: Value = serde_json::from_str(line).expect("a JSON line");
    let seed = seed["line"]["seed"].as_str().expect("a seed").to_owned();
    let stray = line.replace(&format!("\"{seed}\""), "\"0x99\"");
    fs::write(&journal, format!("{text}{stray}\n")).expect("writable");
    let refused = proveniq(&["merge", &journal]);
    assert_eq!(refused.code, 2, "{}{}", refused.stdout, refused.stderr);
    assert!(refused.stderr.contains("seed 0x99"), "{}", refused.stderr);
}
