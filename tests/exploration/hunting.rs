//! A hunt finds what is planted, says how soon, and goes on where it was stopped.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use model::defects::Defect;
use scenarios::hunt::tally::tally;
use scenarios::hunt::trial::Searched;
use scenarios::hunt::{HuntOrder, hunt};
use scenarios::strategy::Strategy;

fn order(strategies: &[Strategy]) -> HuntOrder {
    HuntOrder {
        defects: vec![Defect::LinkNotIdempotent, Defect::BreakerNeverCloses],
        strategies: strategies.to_vec(),
        seeds: 8,
        repetitions: 6,
        silence: 2,
        jobs: 2,
        save: None,
    }
}

fn searched(order: &HuntOrder, done: &BTreeSet<String>) -> Vec<Searched> {
    let mut found = Vec::new();
    let interrupted = AtomicBool::new(false);
    let hunted = hunt(order, done, &interrupted, |search| {
        found.push(search);
        Ok(())
    });
    hunted.expect("nothing fails here");
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

#[test]
fn every_strategy_finds_a_defect_that_shows_often() {
    let order = order(&Strategy::ALL);
    let document = tally(&order, &searched(&order, &BTreeSet::new()));
    assert_eq!(document.hunted.len(), Strategy::ALL.len());
    for hunted in &document.hunted {
        assert!(hunted.caught, "{hunted:?}");
        let median = hunted.seeds_to_detection.expect("most searches caught it");
        let [low, high] = hunted.seeds_to_detection_95.expect("six searches allow it");
        assert!(low <= Some(median) && high.is_none_or(|high| median <= high));
    }
    assert!(document.all_caught() && document.is_silent());
    assert_eq!(document.passed_over, ["breaker_never_closes"]);
}

#[test]
fn the_same_hunt_comes_to_the_same_and_makes_no_search_twice() {
    let order = order(&[Strategy::Swarm, Strategy::Coverage]);
    let all = searched(&order, &BTreeSet::new());
    let done: BTreeSet<String> = all.iter().step_by(2).map(|it| it.name.clone()).collect();
    let mut pieced = searched(&order, &done);
    assert_eq!(pieced.len() + done.len(), all.len());
    pieced.extend(all.iter().filter(|it| done.contains(&it.name)).cloned());
    pieced.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(pieced, all);
    assert_eq!(tally(&order, &pieced), tally(&order, &all));
}
