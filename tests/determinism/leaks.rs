//! A planted leak is noticed, and the first differing event is named.
//!
//! Each leak here is one that the lints forbid in simulated code: it shows that the comparison of two
//! runs would notice if one slipped in through a library.

use sim::NodeContext;
use sim::determinism::{Divergence, event_lines, first_divergence};
use sim::record::Record;

use crate::world::stage::{Program, Stage, ms, program, say};

fn leaky(leak: &Program) -> Record {
    Stage::new([("honest", program(honest)), ("leaky", leak.clone())]).play()
}

/// Does something every millisecond before and after the leak shows.
async fn honest(node: NodeContext) {
    for round in 0..20 {
        node.sleep(ms(1)).await;
        say(&node, format!("round {round}"));
    }
}

/// Runs until a run differs from the first one, and gives where.
fn divergence(leak: &Program) -> Option<Divergence> {
    let first = leaky(leak);
    let lines = event_lines(&first);
    (0..50).find_map(|_| {
        let again = leaky(leak);
        let found = first_divergence(&lines, &event_lines(&again));
        assert_eq!(
            found.is_some(),
            again.fingerprint != first.fingerprint,
            "both ways to compare agree"
        );
        found
    })
}

#[track_caller]
fn check_noticed(leak: &Program, node: &str, word: &str) {
    let found = divergence(leak).expect("the leak shows within fifty runs");
    let (first, second) = (
        found.first.as_ref().expect("an event"),
        found.second.as_ref().expect("another event"),
    );
    assert_ne!(first, second);
    for event in [first, second] {
        assert!(event.contains(node) && event.contains(word), "{event}");
        assert!(event.contains("10000000ns"), "it shows at 10 ms: {event}");
        assert!(event.starts_with(&format!("#{} ", found.event)), "{event}");
    }
    assert_eq!(found.common.len(), 6, "the last common events are shown");
    assert!(
        found
            .common
            .iter()
            .any(|event| event.contains("honest notes says round 8")),
        "{found:#?}"
    );
}

#[test]
fn the_order_of_a_hash_map_is_noticed() {
    #[expect(
        clippy::disallowed_types,
        reason = "the leak is planted, to see it noticed"
    )]
    type Leaky = std::collections::HashMap<u64, ()>;
    let leak = program(|node| async move {
        let numbers: Leaky = (0..8).map(|number| (number, ())).collect();
        node.sleep(ms(10)).await;
        for (number, ()) in &numbers {
            say(&node, format!("number {number}"));
        }
    });
    check_noticed(&leak, "leaky", "number");
}

#[test]
fn the_choice_of_an_unbiased_select_is_noticed() {
    #[expect(
        clippy::disallowed_macros,
        reason = "the leak is planted, to see it noticed"
    )]
    let leak = program(|node| async move {
        node.sleep(ms(10)).await;
        for _ in 0..8 {
            let mut left = futures_util::future::ready(());
            let mut right = futures_util::future::ready(());
            let side = futures_util::select! {
                () = left => "left",
                () = right => "right",
            };
            say(&node, format!("side {side}"));
        }
    });
    check_noticed(&leak, "leaky", "side");
}

#[test]
fn the_wall_clock_and_the_thread_are_hidden_from_a_node() {
    // What reaches for the machine through std gets simulated answers: equal in every run.
    let curious = program(|node| async move {
        #[expect(
            clippy::disallowed_methods,
            reason = "a library might call it inside a node"
        )]
        let (begun, wall) = (std::time::Instant::now(), std::time::SystemTime::now());
        node.sleep(ms(10)).await;
        let elapsed = begun.elapsed();
        let wall = wall
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        say(&node, format!("{} ms, {wall:?}", elapsed.as_millis()));
    });
    assert_eq!(divergence(&curious), None);
}

#[test]
fn a_world_without_a_leak_shows_none() {
    assert_eq!(divergence(&program(honest)), None);
}
