//! `ledger-constraint`, `ledger-conflict`, `ledger-down`, `partial-commit` and `timeout-after-commit`:
//! what the Ledger refuses, loses and keeps back, and that nothing is half done for ever.

use std::collections::BTreeSet;

use sim::record::value::Value;

use super::run_once::{complaints, run_with_log};
use super::story::Story;

#[test]
fn what_a_constraint_refuses_is_told_once_and_leaves_nothing_behind() {
    for seed in 1..=5 {
        let story = Story::of("ledger-constraint", seed);
        let asked = story.asked("register");
        let (wrong, right): (Vec<_>, Vec<_>) = asked
            .iter()
            .partition(|it| it.input.text("locker") == "locker-nowhere");
        assert!(!wrong.is_empty() && right.iter().all(|it| it.status() == 201));
        for it in &wrong {
            assert_eq!((it.status(), it.failure()), (422, "E_LEDGER_CONSTRAINT"));
            let key = it.input.text("key");
            for table in ["assets", "idempotency_keys", "sagas"] {
                let mut rows = story.table(table).iter();
                assert!(rows.all(|row| row.text("key") != key), "{table}: {key}");
            }
        }
        let labels = [("operation", "register"), ("status", "E_LEDGER_CONSTRAINT")];
        let answers = story.counted("core.orchestration.requests", &labels);
        assert_eq!(answers, wrong.len() as u64, "nobody retries, seed {seed}");
        assert!(!story.reached("breaker_opened"), "seed {seed}");
    }
}

/// Once the first rows were committed one by one: power that went between them left a Ledger that knew of
/// no Locker, and refused every registration from then on.
#[test]
fn power_that_fails_while_a_new_ledger_is_filled_leaves_all_of_its_first_rows_or_none() {
    for from_ms in 1..=15 {
        let until_ms = from_ms + 300;
        let lost = format!(
            "faults.plan=[{{ what = \"power-loss\", where = \"ledger\", from_ms = {from_ms}, \
             until_ms = {until_ms} }}]"
        );
        let few = "workload.operations=4";
        let set = [
            lost.as_str(),
            few,
            "objectives=[]",
            "system.seal_audit_every_ms=1000",
        ];
        let outcome = run_with_log("happy-path", &set, 1);
        assert_eq!(outcome.record.struck.len(), 1, "{from_ms} ms");
        let complaints = complaints(&outcome);
        assert!(complaints.is_empty(), "{from_ms} ms: {complaints:?}");
    }
}

#[test]
fn conflicts_of_order_are_retried_unseen_and_conflicts_of_content_are_told() {
    for seed in 1..=5 {
        let story = Story::of("ledger-conflict", seed);
        assert!(story.reached("serialization_failure_was_retried"));
        let renames = story.asked("rename");
        let conflicts: Vec<_> = renames.iter().filter(|it| !it.ok).collect();
        assert!(!conflicts.is_empty(), "seed {seed}");
        for it in conflicts {
            assert_eq!((it.status(), it.failure()), (409, "E_LEDGER_CONFLICT"));
            assert!(it.answer.get("version").as_int().is_some(), "{}", it.answer);
        }
        // A request for a verification loses to another only by order, so none is refused for it.
        let requests = story.asked("request_verification");
        let mut refused = requests
            .iter()
            .filter(|it| it.failure() == "E_LEDGER_CONFLICT");
        assert!(refused.next().is_none(), "seed {seed}");
    }
}

#[test]
fn without_its_ledger_core_promises_nothing_and_says_so_quickly() {
    for seed in 1..=5 {
        let story = Story::of("ledger-down", seed);
        let told = story.asked("register");
        // Asked while the Ledger was away, and given up before it was back.
        let during = told
            .iter()
            .filter(|it| it.asked_ms > 21_000 && it.asked_ms + it.took_ms < 200_000);
        let mut count = 0;
        for it in during {
            assert_eq!((it.status(), it.failure()), (503, "E_LEDGER_DOWN"));
            assert!(it.took_ms < 10_000, "{} ms, seed {seed}", it.took_ms);
            count += 1;
        }
        assert!(count > 20, "{count}, seed {seed}");
        let last = told.last().expect("somebody asked");
        assert_eq!(last.status(), 201, "it is back, seed {seed}");
    }
}

#[test]
fn what_cannot_be_taken_back_at_once_is_taken_back_later_and_people_are_told() {
    for seed in 1..=5 {
        let story = Story::of("partial-commit", seed);
        let told = story.asked("register");
        let partly = told.iter().filter(|it| it.failure() == "E_PARTIAL_COMMIT");
        let alerts = story.alerts("E_PARTIAL_COMMIT");
        let assets: BTreeSet<&str> = alerts.iter().map(|it| it.text("asset")).collect();
        assert!(!alerts.is_empty(), "seed {seed}");
        assert_eq!(assets.len(), alerts.len(), "once each, seed {seed}");
        assert_eq!(assets.len(), partly.count(), "each told, seed {seed}");
        for asset in assets {
            assert_eq!(
                story.audit(asset),
                [
                    "created",
                    "turned_back",
                    "deleted",
                    "compensation_postponed",
                    "unlinked",
                    "rolled_back"
                ],
                "the record went although the link could not: seed {seed}"
            );
            assert!(story.about("assets", asset).is_empty());
            assert!(story.about("device_links", asset).is_empty());
        }
    }
}

/// Registrations that somebody found after their instance had left them: asset and actors.
fn abandoned(story: &Story) -> Vec<(&str, BTreeSet<&str>)> {
    let turned = story.table("audit").iter();
    let turned = turned.filter(|it| {
        it.text("action") == "turned_back" && it.text("failure") == "E_PARTIAL_COMMIT"
    });
    let actors = |asset| {
        let audit = story.about("audit", asset).into_iter();
        audit.map(|entry| entry.text("actor")).collect()
    };
    turned
        .map(|it| it.text("asset"))
        .map(|asset| (asset, actors(asset)))
        .collect()
}

#[test]
fn whoever_finds_an_abandoned_registration_of_all_or_nothing_takes_it_back() {
    let mut by_another = 0;
    for seed in 1..=10 {
        let story = Story::of("partial-commit", seed);
        let abandoned = abandoned(&story);
        assert!(!abandoned.is_empty(), "one instance crashed, seed {seed}");
        for (asset, actors) in abandoned {
            // Its own instance is back when the lease ends, and may be the first to look.
            by_another += u32::from(actors.len() > 1);
            assert_eq!(
                story.audit(asset),
                [
                    "created",
                    "turned_back",
                    "unlinked",
                    "deleted",
                    "rolled_back"
                ],
                "seed {seed}"
            );
            assert!(story.about("device_links", asset).is_empty());
        }
    }
    assert!(by_another > 0, "under no seed did another instance find it");
}

#[test]
fn after_an_unanswered_commit_the_client_is_told_to_ask_and_finds_the_one_registration() {
    for seed in 1..=5 {
        let asked_once = Story::with("timeout-after-commit", &["workload.attempts_max=1"], seed);
        let first = asked_once.operations().next().expect("somebody asked");
        assert_eq!(
            (first.status(), first.failure()),
            (503, "E_TIMEOUT_POST_COMMIT")
        );
        let mut assets = asked_once.table("assets").iter();
        let asset = assets.find(|row| row.get("key") == first.input.get("key"));
        let asset = asset.expect("it was completed without its client");
        assert_eq!(asset.text("status"), "verified");

        let patient = Story::of("timeout-after-commit", seed);
        let first = patient.operations().next().expect("somebody asked");
        assert_eq!(first.status(), 201, "seed {seed}");
        let mut rows = patient.table("assets").iter();
        let named: Vec<&Value> = rows
            .by_ref()
            .filter(|row| row.get("key") == first.input.get("key"))
            .collect();
        assert_eq!(named.len(), 1, "one key, one asset, seed {seed}");
        assert_eq!(named[0].get("asset"), first.answer.get("asset"));
    }
}
