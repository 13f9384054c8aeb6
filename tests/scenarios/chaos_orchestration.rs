//! `chaos-orchestration`: everything at once, and every promise kept.

use super::story::Story;

#[test]
fn everything_at_once_breaks_no_promise_and_no_two_seeds_are_alike() {
    let mut reached = Vec::new();
    for seed in 1..=10 {
        let story = Story::of("chaos-orchestration", seed);
        let record = story.record();
        assert!(!record.struck.is_empty(), "seed {seed} breaks something");
        reached.push(record.reached.clone());
    }
    let first = &reached[0];
    assert!(reached.iter().any(|it| it != first), "{first:?}");
}
