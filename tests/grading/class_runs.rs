//! A class as a run: ended in the middle and begun again, and after publication open to everybody's check.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use super::table::folder;
use crate::program::binary::{binary, proveniq};

const LEARNERS: [&str; 4] = ["duplicates", "expert", "malformed-json", "nothing"];

fn make_class(class: &Path) {
    for name in LEARNERS {
        let to = class.join(name);
        fs::create_dir_all(&to).expect("made");
        for entry in fs::read_dir(folder(name)).expect("a fixture") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path is text")
}

fn arguments<'a>(class: &'a Path, key: &'a Path, out: &'a Path, jobs: &'a str) -> [&'a str; 9] {
    let (class, key, out) = (text(class), text(key), text(out));
    [
        "grade", class, "--key", key, "--out", out, "--jobs", jobs, "--seed=1",
    ]
}

fn all_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("there");
    let read = entries.map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        (name, fs::read(path).expect("read"))
    });
    // What was half written when its process was ended has a name of its own, and is nobody's grade.
    read.filter(|(name, _)| {
        name.ends_with(".json") || name.ends_with(".md") || name.ends_with(".csv")
    })
    .collect()
}

#[test]
fn a_class_that_was_killed_in_the_middle_goes_on_to_the_same_grades() {
    let place = tempfile::tempdir().expect("a folder");
    let (class, key) = (place.path().join("class"), place.path().join("key"));
    make_class(&class);
    fs::write(&key, "fixture course key").expect("written");
    let whole = place.path().join("whole");
    let undisturbed = proveniq(&arguments(&class, &key, &whole, "2"));
    assert_eq!(undisturbed.code, 0, "{}", undisturbed.stderr);

    let broken = place.path().join("broken");
    let mut child = Command::new(binary())
        .args(arguments(&class, &key, &broken, "1"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    // It is ended as soon as it has its first grade, however fast this machine is.
    let first = broken.join("duplicates.grade.json");
    while !first.exists() && child.try_wait().expect("a state").is_none() {
        thread::yield_now();
    }
    child.kill().expect("SIGKILL");
    let ended = child.wait().expect("reaped");
    assert!(first.exists() && !ended.success(), "it was in the middle");
    assert!(
        !broken.join("_class.md").exists(),
        "and had not come to its end"
    );

    let again = proveniq(&arguments(&class, &key, &broken, "2"));
    assert_eq!(again.stdout, undisturbed.stdout);
    assert_eq!(all_files(&broken), all_files(&whole));
}

#[test]
fn hidden_seeds_can_be_checked_once_they_are_revealed() {
    let place = tempfile::tempdir().expect("a folder");
    let (class, key) = (place.path().join("class"), place.path().join("key"));
    make_class(&class);
    fs::write(&key, "fixture course key").expect("written");
    let out = place.path().join("grades");
    let published = proveniq(&["grade", "--key", text(&key), "--commitment"]);
    let published = published.stdout.trim().to_owned();
    let ada = class.join("nothing");
    assert_eq!(proveniq(&arguments(&ada, &key, &out, "1")).code, 0);
    let reveal = place.path().join("reveal.json");
    let revealed = proveniq(&[
        "grade",
        "reveal",
        text(&class),
        "--key",
        text(&key),
        "--out",
        text(&reveal),
    ]);
    assert_eq!(revealed.code, 0, "{}", revealed.stderr);
    let grade = out.join("nothing.grade.json");
    let verify = |submission: &Path, published: &str| {
        let called = proveniq(&[
            "grade",
            "verify",
            text(submission),
            "--reveal",
            text(&reveal),
            "--grade",
            text(&grade),
            "--commitment",
            published,
        ]);
        (called.code, called.stdout)
    };
    assert_eq!(verify(&ada, &published).0, 0);
    let (code, told) = verify(&ada, "sha256:00");
    assert!(
        code == 1 && told.contains("not the one whose hash was published"),
        "{told}"
    );
    let (code, told) = verify(&class.join("expert"), &published);
    assert!(
        code == 1 && told.contains("not those the grade is committed to"),
        "{told}"
    );
    let changed = fs::read_to_string(&reveal)
        .expect("read")
        .replacen("0x", "0x1", 1);
    fs::write(&reveal, changed).expect("written");
    let (code, _) = verify(&class.join("duplicates"), &published);
    assert_eq!(code, 1);
}
