//! `replica-reads`, `ledger-failover` and `ledger-failover-lossy`: what replicas are good for, and what they cost.

use std::collections::BTreeMap;

use model::invariants::CHECKS;
use sim::record::Record;
use sim::record::value::Value;

use super::story::{Operation, Story};

#[test]
fn replicas_show_the_past_to_who_did_not_ask_for_more_and_to_nobody_else() {
    let mut outdated = 0;
    for seed in 1..=5 {
        let story = Story::of("replica-reads", seed);
        // By asset: every version that anybody was told of, and when.
        let mut told: BTreeMap<String, Vec<(u64, i64)>> = BTreeMap::new();
        for it in story.asked("rename").iter().filter(|it| it.ok) {
            let Value::List(changes) = it.answer.get("renamed") else {
                panic!("a rename tells its changes");
            };
            for change in changes {
                let version = change.get("version").as_int().expect("it was renamed");
                let asset = told.entry(change.text("asset").to_owned()).or_default();
                asset.push((it.asked_ms + it.took_ms, version));
            }
        }
        for it in story.asked("read").iter().filter(|it| it.ok) {
            let found = it.answer.get("version").as_int().expect("it was read");
            let all = told.get(it.answer.text("asset")).into_iter().flatten();
            let newest = all
                .filter(|(at, _)| *at < it.asked_ms)
                .map(|(_, version)| *version)
                .max();
            let is_outdated = newest.is_some_and(|newest| found < newest);
            let consistency = it.input.text("consistency");
            assert!(!is_outdated || consistency != "strong", "seed {seed}");
            outdated += u32::from(is_outdated && consistency == "eventual");
        }
        for state in [
            "replica_answered_a_read",
            "session_read_waited_for_its_replica",
        ] {
            assert!(story.reached(state), "{state}, seed {seed}");
        }
    }
    assert!(outdated > 10, "{outdated} reads were outdated");
}

fn failovers(story: &Story) -> Vec<(u64, String, String, Value)> {
    let told = story.notes("ledger_failover").into_iter();
    told.map(|(at, note)| {
        let (from, to) = (note.text("from").to_owned(), note.text("to").to_owned());
        (at, from, to, note.get("may_lack_ms").clone())
    })
    .collect()
}

#[test]
fn synchronous_replica_that_kept_up_takes_over_twice_and_nothing_is_missing() {
    for seed in 1..=5 {
        let story = Story::of("ledger-failover", seed);
        let failovers = failovers(&story);
        let [
            (first_at, from, to, may_lack),
            (second_at, again_from, again_to, _),
        ] = failovers.as_slice()
        else {
            panic!("{failovers:?}, seed {seed}");
        };
        // The other replica was cut off, and left the set before.
        assert_eq!(
            (from.as_str(), to.as_str()),
            ("ledger", "ledger-2"),
            "seed {seed}"
        );
        assert_eq!(
            (again_from.as_str(), may_lack),
            ("ledger-2", &Value::Null),
            "seed {seed}"
        );
        assert_ne!(again_to, "ledger-2", "seed {seed}");
        // The lease is waited for, and not much longer.
        assert!(
            (17_000..20_000).contains(first_at),
            "{first_at} ms, seed {seed}"
        );
        assert!(
            (45_000..49_000).contains(second_at),
            "{second_at} ms, seed {seed}"
        );
        // Served while the old primaries were still away.
        let served = |from: u64, until: u64| {
            let within =
                |it: &Operation<'_>| it.ok && (from..until).contains(&(it.asked_ms + it.took_ms));
            story
                .asked("register")
                .iter()
                .filter(|it| within(it))
                .count()
        };
        assert_eq!(served(15_000, *first_at), 0, "nobody leads, seed {seed}");
        assert!(served(*second_at, 58_000) > 0, "seed {seed}");
        assert_eq!(story.counted("ledger.failovers", &[]), 2);
    }
}

/// The registrations that were acknowledged and are not there.
fn missing(story: &Story) -> usize {
    let told = story.asked("register");
    let told = told
        .iter()
        .filter(|it| it.ok)
        .map(|it| it.answer.text("asset"));
    told.filter(|asset| story.about("assets", asset).is_empty())
        .count()
}

/// What a check makes of a record.
fn verdict(check: &str, record: &Record) -> &'static str {
    let check = CHECKS.iter().find(|it| it.name == check);
    check
        .expect("the check is registered")
        .verdict(record)
        .name()
}

#[test]
fn asynchronous_failover_loses_acknowledged_writes_and_says_which_could_be() {
    let (mut lost, mut seeds_that_lost) = (0, 0);
    for seed in 1..=10 {
        let story = Story::of("ledger-failover-lossy", seed);
        let [(_, from, _, may_lack)] = &failovers(&story)[..] else {
            panic!("one failover, seed {seed}");
        };
        assert_eq!(from, "ledger", "seed {seed}");
        assert!(
            may_lack
                .as_int()
                .is_some_and(|it| (5_000..8_000).contains(&it)),
            "{may_lack}, seed {seed}"
        );
        let commits = story.notes("ledger_commits_lost");
        let count = |(_, note): &(u64, &Value)| note.get("commits").as_int().unwrap_or_default();
        let count: i64 = commits.iter().map(count).sum();
        assert_eq!(
            story.counted("ledger.commits_lost", &[]),
            count as u64,
            "seed {seed}"
        );
        let missing = missing(&story);
        if missing > 0 {
            assert!(count > 0, "the old primary had them, seed {seed}");
            let mut untold = story.record().clone();
            untold.notes.retain(|note| note.name != "ledger_failover");
            assert_eq!(
                verdict("acked_writes_survive", &untold),
                "violated",
                "seed {seed}"
            );
        }
        lost += missing;
        seeds_that_lost += u32::from(missing > 0);
    }
    println!("{lost} acknowledged registrations are missing, under {seeds_that_lost} of 10 seeds");
    assert!(seeds_that_lost > 0, "a scenario about loss must show some");
}
