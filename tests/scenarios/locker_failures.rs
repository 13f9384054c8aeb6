//! `locker-unreachable`, `locker-hardware`, `breaker` and `dead-letter-replay`: what a Locker can do to
//! its users, and what becomes of it.

use std::collections::BTreeSet;

use super::story::Story;

#[test]
fn a_refused_connection_costs_no_retry_and_people_are_told_once_per_asset() {
    for seed in 1..=5 {
        let story = Story::of("locker-unreachable", seed);
        let operations = story.asked("register");
        let kept: Vec<&str> = operations
            .iter()
            .filter(|it| it.failure() == "E_LOCKER_UNREACHABLE")
            .map(|it| it.answer.text("asset"))
            .collect();
        assert!(!kept.is_empty(), "seed {seed}");
        let alerted: Vec<&str> = story
            .alerts("E_LOCKER_UNREACHABLE")
            .iter()
            .filter(|alert| alert.text("alert").starts_with("alert-overdue-"))
            .map(|alert| alert.text("asset"))
            .collect();
        for asset in kept {
            let job = story.about("jobs", asset)[0];
            assert_eq!(job.get("retries").as_int(), Some(0), "seed {seed}");
            assert_eq!(story.about("device_links", asset).len(), 1);
            let times = alerted.iter().filter(|it| **it == asset).count();
            assert_eq!(times, 1, "{asset}, seed {seed}");
        }
    }
}

#[test]
fn a_jammed_latch_is_for_people_at_once_and_only_a_replay_links_the_asset() {
    let mut decisions = BTreeSet::new();
    for seed in 1..=10 {
        let story = Story::of("locker-hardware", seed);
        let letters = story.table("dead_letters");
        assert_eq!(letters.len(), 2, "one for each latch, seed {seed}");
        for letter in letters {
            let asset = letter.text("asset");
            let told = story.asked("register");
            let told = told.iter().find(|it| it.answer.text("asset") == asset);
            let told = told.expect("its client was told");
            assert_eq!((told.status(), told.failure()), (202, "E_LOCKER_HARDWARE"));
            let linked = story.about("device_links", asset).len();
            assert_eq!(
                linked == 1,
                letter.text("state") == "replayed",
                "{letter}, seed {seed}"
            );
            assert_eq!(story.audit(asset)[..2], ["created", "link_given_up"]);
            decisions.insert(letter.text("state").to_owned());
        }
        // An answer is a sign of life, also a bad one.
        assert!(!story.reached("breaker_opened"), "seed {seed}");
    }
    let decisions: Vec<&str> = decisions.iter().map(String::as_str).collect();
    assert_eq!(
        decisions[decisions.len() - 1],
        "replayed",
        "some were replayed: {decisions:?}"
    );
}

#[test]
fn after_five_retries_a_link_waits_for_people_and_is_replayed_once() {
    for seed in 1..=3 {
        let story = Story::of("dead-letter-replay", seed);
        let letters = story.table("dead_letters");
        assert!(!letters.is_empty(), "seed {seed}");
        for letter in letters {
            let asset = letter.text("asset");
            let audit = story.audit(asset);
            let given_up = audit.iter().position(|action| *action == "link_given_up");
            let before = &audit[..given_up.expect("it was given up")];
            let postponed = before.iter().filter(|it| **it == "link_postponed");
            assert_eq!(
                postponed.count(),
                5,
                "the first attempt and four retries: {audit:?}"
            );
            let replayed = letter.text("state") == "replayed";
            let replays = letter.get("replays").as_int();
            assert_eq!(replays, Some(i64::from(replayed)));
            assert_eq!(story.about("device_links", asset).len() == 1, replayed);
        }
        let decided = story.operations();
        let decided = decided.filter(|it| it.function.ends_with("_dead_letter") && it.ok);
        assert_eq!(decided.count(), letters.len(), "each once, seed {seed}");
    }
}

#[test]
fn an_open_breaker_answers_users_at_once_and_closes_after_its_probes() {
    for seed in 1..=2 {
        let story = Story::of("breaker", seed);
        let events = |event: &str| {
            let notes = story.notes("breaker").into_iter();
            let times =
                notes.filter(|(_, it)| it.text("circuit") == "locker" && it.text("event") == event);
            times.map(|(at, _)| at).collect::<Vec<u64>>()
        };
        let (opened, closed) = (events("opened"), events("closed"));
        assert!(opened[0] > 30_000, "not before the way is dead");
        assert!(closed[0] > 450_000, "not before the way is back");
        // One open span after the first instance has tripped, both have: nobody waits any more but a
        // probe's user.
        let (from, until) = (opened[opened.len().min(2) - 1] + 30_000, 440_000);
        let told = story.asked("register");
        let during = told
            .iter()
            .filter(|it| (from..until).contains(&it.asked_ms));
        let (slow, quick): (Vec<_>, Vec<_>) = during.partition(|it| it.took_ms > 4_000);
        assert!(
            quick.len() > 5 * slow.len(),
            "{} waited, {} did not, seed {seed}",
            slow.len(),
            quick.len()
        );
        assert!(quick.iter().all(|it| it.status() == 202));
        let firings = story.firings("LockerCircuitOpen");
        assert!(!firings.is_empty(), "seed {seed}");
        assert!(firings.iter().all(|firing| firing.until.is_some()));
    }
}
