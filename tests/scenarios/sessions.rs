//! `lost-update`, `deadlock` and `rolling-restart`: many users at once, and none of them loses anything.

use std::collections::BTreeMap;

use sim::record::value::Value;

use super::story::{Operation, Story};

fn renamed<'a>(operation: &Operation<'a>) -> Vec<(&'a str, i64)> {
    let Value::List(renamed) = operation.answer.get("renamed") else {
        return Vec::new();
    };
    let version = |it: &Value| it.get("version").as_int().expect("a version is a number");
    renamed
        .iter()
        .map(|it| (it.text("asset"), version(it)))
        .collect()
}

/// Each asset's version counts the renames that were acknowledged; who came second was told.
fn check_renames(story: &Story, seed: u64) {
    let mut counted: BTreeMap<&str, i64> = BTreeMap::new();
    let mut conflicts = 0;
    for it in &story.asked("rename") {
        for (asset, version) in renamed(it) {
            let before = counted.entry(asset).or_insert(1);
            *before += 1;
            assert!(version > 1, "seed {seed}");
        }
        if !it.ok {
            assert_eq!((it.status(), it.failure()), (409, "E_LEDGER_CONFLICT"));
            assert!(it.answer.get("version").as_int() > Some(1), "{}", it.answer);
            conflicts += 1;
        }
    }
    assert!(conflicts > 0, "seed {seed}");
    for row in story.table("assets") {
        let expected = counted.get(row.text("asset")).copied().unwrap_or(1);
        assert_eq!(
            row.get("version").as_int(),
            Some(expected),
            "{row}, seed {seed}"
        );
    }
}

#[test]
fn of_two_users_on_one_asset_the_second_is_told_and_nothing_is_overwritten() {
    for seed in 1..=5 {
        check_renames(&Story::of("lost-update", seed), seed);
    }
}

#[test]
fn a_deadlock_is_broken_and_retried_and_no_user_hears_of_it() {
    for seed in 1..=5 {
        let story = Story::of("deadlock", seed);
        assert!(story.reached("deadlock_was_broken"), "seed {seed}");
        check_renames(&story, seed);
    }
}

#[test]
fn a_redeploy_under_load_loses_nothing_and_nobody_waits_for_a_lease() {
    for seed in 1..=5 {
        let story = Story::of("rolling-restart", seed);
        let restarted = story.record().notes.iter();
        let restarted = restarted.filter(|note| note.name == "pool" && note.incarnation == 1);
        let mut instances: Vec<&str> = restarted.map(|note| note.node.as_str()).collect();
        instances.dedup();
        assert_eq!(instances, ["core-1", "core-2", "core-3"], "seed {seed}");
        let answers = story.asked("register");
        assert_eq!(answers.len(), 200);
        assert!(answers.iter().all(|it| it.status() == 201), "seed {seed}");
        assert!(!story.reached("saga_was_resumed"), "seed {seed}");
        let slowest = answers.iter().map(|it| it.took_ms).max();
        assert!(slowest < Some(10_000), "{slowest:?} ms, seed {seed}");
    }
}
