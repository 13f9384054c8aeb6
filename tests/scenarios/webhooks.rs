//! Webhooks: who is told what, and what becomes of those who do not listen.

use std::collections::BTreeSet;

use sim::record::value::Value;

use super::story::Story;

fn number(row: &Value, column: &str) -> i64 {
    row.get(column).as_int().unwrap_or(-1)
}

/// The rows of a table whose column says so.
fn count(story: &Story, table: &str, column: &str, word: &str) -> usize {
    let rows = story.table(table).iter();
    rows.filter(|row| row.text(column) == word).count()
}

#[test]
fn each_customer_hears_of_what_it_asked_for_and_does_nothing_twice() {
    let story = Story::of("webhook-delivery", 1);
    let all = story.table("outbox").len();
    let kinds = ["asset.linked", "asset.verified", "asset.rejected"];
    let some = kinds.map(|kind| count(&story, "outbox", "kind", kind));
    let some: usize = some.iter().sum();
    for (receiver, expected) in [
        ("receiver-1", all),
        ("receiver-2", some),
        ("receiver-3", all),
    ] {
        assert_eq!(
            count(&story, "webhook_effects", "endpoint", receiver),
            expected
        );
    }
    assert!(some > 0 && some < all, "{some} of {all}");
    assert_eq!(
        count(&story, "deliveries", "state", "delivered"),
        2 * all + some
    );
    // Who loses an answer after the work is told again, and answers that it knows.
    let arrivals = story.notes("webhook_arrival").into_iter();
    let repeated = arrivals
        .filter(|(_, it)| it.text("act") == "repeated")
        .count();
    assert!(repeated > 0);
    assert_eq!(count(&story, "attempts", "outcome", "timed_out"), repeated);
}

#[test]
fn what_died_while_a_receiver_was_down_is_replayed_in_order_and_no_faster_than_agreed() {
    let story = Story::of("webhook-receiver-down", 1);
    let letters = story.table("dead_letters");
    assert!(letters.len() > 10, "{} letters", letters.len());
    assert!(letters.iter().all(|it| it.text("state") == "replayed"));
    let deliveries = story.table("deliveries").iter();
    assert!({ deliveries }.all(|it| it.text("state") == "delivered"));
    let disabled = story.alerts("E_WEBHOOK_EXHAUSTED").into_iter();
    let disabled = disabled.filter(|it| it.text("alert").contains("-disabled-"));
    assert_eq!(disabled.count(), 1);
    assert_eq!(story.notes("endpoint_enabled").len(), 1);
    let revived: Vec<u64> = { story.notes("webhook_replayed") }
        .into_iter()
        .map(|(at, _)| at)
        .collect();
    assert_eq!(revived.len(), letters.len());
    // Two in a second: the third after any is at least about a second later.
    for three in revived.windows(3) {
        assert!(three[2] - three[0] >= 900, "{three:?}");
    }
}

#[test]
fn a_slow_receiver_has_only_its_own_places() {
    let story = Story::of("webhook-slow-endpoint", 1);
    let of_slow = |name| {
        let notes = story.notes(name).into_iter();
        notes.filter(|(_, it)| it.text("endpoint") == "receiver-1")
    };
    let begun = of_slow("webhook_attempt").map(|(at, _)| (at, 1));
    let ended = of_slow("webhook_heard").map(|(at, _)| (at, -1));
    let mut changes: Vec<(u64, i32)> = begun.chain(ended).collect();
    changes.sort_unstable();
    let under_way = changes.iter().scan(0, |sum, (_, change)| {
        *sum += change;
        Some(*sum)
    });
    // Four for each of two instances.
    assert_eq!(under_way.max(), Some(8));
    assert!(story.reached("slow_endpoint_was_left_to_itself"));
}

#[test]
fn no_message_is_refused_while_a_secret_is_exchanged() {
    let story = Story::of("webhook-secret-rotation", 1);
    let arrivals = story.notes("webhook_arrival").into_iter();
    let of_first = arrivals.filter(|(_, it)| it.text("endpoint") == "receiver-1");
    let mut phases = [0, 0, 0];
    for (at, arrival) in of_first {
        assert_eq!(arrival.get("valid"), &true.into());
        let phase = usize::from(at >= 300_000) + usize::from(at >= 901_000);
        phases[phase] += 1;
    }
    assert!(phases.iter().all(|count| *count > 0), "{phases:?}");
    assert!(story.reached("secret_was_rotated"));
}

#[test]
fn what_is_behind_a_dead_delivery_waits_for_people_and_what_is_not_does_not() {
    let story = Story::of("webhook-ordered", 1);
    let rejected: Vec<&Value> = { story.table("dead_letters") }
        .iter()
        .filter(|it| it.text("cause") == "E_WEBHOOK_REJECTED")
        .collect();
    assert!(!rejected.is_empty());
    let mut settled = 0;
    for letter in rejected {
        let subject = letter.text("subject");
        let own = story.about("deliveries", letter.text("asset")).into_iter();
        let own: Vec<&Value> = own
            .filter(|it| it.text("endpoint") == "receiver-1")
            .collect();
        let dead = own.iter().find(|it| it.text("delivery") == subject);
        let dead = dead.expect("the letter is about a delivery");
        for behind in &own {
            let later = number(behind, "position") > number(dead, "position");
            if later && dead.text("state") == "dead" {
                assert_eq!(behind.text("state"), "pending", "{behind}");
                assert!(behind.get("run_at").is_null(), "{behind}");
            }
        }
    }
    let others = story.table("deliveries").iter();
    settled += others.filter(|it| it.text("state") == "delivered").count();
    assert!(settled > 100, "{settled}");
}

#[test]
fn a_replay_that_crashes_goes_on_where_it_stopped() {
    let story = Story::of("dead-letter-replay-crash", 1);
    let letters = story.table("dead_letters");
    let replayed: BTreeSet<&str> = { letters }
        .iter()
        .filter(|it| it.text("state") == "replayed")
        .map(|it| it.text("letter"))
        .collect();
    assert!(replayed.len() > 10, "{}", replayed.len());
    let entries = story.table("audit").iter();
    let decided = entries.filter(|it| it.text("action") == "replayed");
    let decided: Vec<&str> = decided.map(|it| it.text("subject")).collect();
    assert_eq!(decided.len(), replayed.len(), "each once");
    let replays = story.table("replays");
    assert!(!replays.is_empty() && replays.iter().all(|it| it.get("run_at").is_null()));
    let struck = story.record().struck.len();
    assert!(struck >= 2, "{struck} crashes took hold");
}
