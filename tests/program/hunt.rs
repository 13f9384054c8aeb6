//! Hunts of planted bugs, by the program: caught ones exit 0 and are kept, escaped ones exit 1 and say how to go on.

use std::fs;

use super::binary::proveniq;

#[test]
fn what_a_hunt_catches_is_saved_into_a_folder_it_makes_and_replays() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("made").join("by the hunt");
    let path = folder.to_str().expect("a UTF-8 path");
    let hunted = proveniq(&[
        "hunt",
        "link_not_idempotent",
        "--repeat=1",
        "--silence=1",
        "--save",
        path,
    ]);
    assert_eq!(hunted.code, 0, "{}{}", hunted.stdout, hunted.stderr);
    let saved: Vec<_> = fs::read_dir(&folder).expect("it is there").collect();
    let [Ok(run)] = &saved[..] else {
        panic!("one run was caught: {saved:?}");
    };
    let run = run.path();
    let replayed = proveniq(&["replay", run.to_str().expect("a UTF-8 path")]);
    assert_eq!(replayed.code, 1, "{}{}", replayed.stdout, replayed.stderr);
    assert!(replayed.stdout.contains("link_agreement"));
}

#[test]
fn a_bug_that_escapes_fails_the_hunt_with_the_command_that_goes_on() {
    let hunted = proveniq(&[
        "hunt",
        "push_before_commit",
        "--repeat=1",
        "--silence=1",
        "--seeds=1",
    ]);
    assert_eq!(hunted.code, 1, "{}{}", hunted.stdout, hunted.stderr);
    let command = "proveniq hunt push_before_commit --strategy swarm --seeds 1 --repeat 1";
    assert!(hunted.stderr.contains(command), "{}", hunted.stderr);
}
