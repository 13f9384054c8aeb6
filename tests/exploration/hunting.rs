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
        shrink_s: None,
    }
}

/// All results of a hunt, and the names of those that were not there before.
fn searched(order: &HuntOrder, done: &[Searched]) -> (Vec<Searched>, BTreeSet<String>) {
    let mut new = BTreeSet::new();
    let interrupted = AtomicBool::new(false);
    let hunted = hunt(order, done, &interrupted, |search| {
        assert!(new.insert(search.name.clone()), "{} twice", search.name);
        Ok(())
    });
    let mut all = hunted.expect("nothing fails here");
    all.sort_by(|one, other| one.name.cmp(&other.name));
    (all, new)
}

#[test]
fn every_strategy_finds_a_defect_that_shows_often() {
    let order = order(&Strategy::ALL);
    let (all, _) = searched(&order, &[]);
    let document = tally(&order, &all);
    assert_eq!(document.hunted.len(), Strategy::ALL.len());
    for hunted in &document.hunted {
        assert!(hunted.caught, "{hunted:?}");
        let median = hunted.seeds_to_detection.expect("most searches caught it");
        let [low, high] = hunted.seeds_to_detection_95.expect("six searches allow it");
        assert!(low <= Some(median) && high.is_none_or(|high| median <= high));
    }
    assert!(document.all_caught() && document.is_silent());
    goes_as_far_without_the_defect(&all);
    assert_eq!(document.passed_over, ["breaker_never_closes"]);
}

#[test]
fn the_same_hunt_comes_to_the_same_and_makes_no_search_twice() {
    let order = order(&[Strategy::Swarm, Strategy::Coverage]);
    let (all, new) = searched(&order, &[]);
    assert_eq!(new.len(), all.len());
    let mut done: Vec<Searched> = all.iter().step_by(2).cloned().collect();
    // What a journal has twice counts once.
    done.extend(done.clone());
    let (pieced, new) = searched(&order, &done);
    assert_eq!(new.len(), all.len() / 2);
    assert_eq!(pieced, all);
    assert_eq!(tally(&order, &pieced), tally(&order, &all));
}

#[test]
fn what_is_caught_is_shrunk_when_that_is_asked_for() {
    let order = HuntOrder {
        repetitions: 1,
        silence: 0,
        shrink_s: Some(600),
        ..order(&[Strategy::Swarm])
    };
    let (all, _) = searched(&order, &[]);
    let shrinking = tally(&order, &all).shrinking.expect("one is caught");
    let [shrunk] = &shrinking.shrunk[..] else {
        panic!("one defect is caught once: {shrinking:?}");
    };
    assert!(shrunk.minimal && shrunk.operations <= 5, "{shrunk:?}");
    let unshrunk = HuntOrder {
        shrink_s: None,
        ..order
    };
    let (not_shrunk, new) = searched(&unshrunk, &all);
    assert_eq!(
        new.len(),
        not_shrunk.len(),
        "a journal of the one is none of the other"
    );
    assert_eq!(tally(&unshrunk, &not_shrunk).shrinking, None);
}

/// Each repetition has its own seeds: what was caught there is nothing without silence there.
fn goes_as_far_without_the_defect(all: &[Searched]) {
    for caught in all.iter().filter(|it| it.defect.is_some()) {
        let mut silent = all.iter().filter(|it| {
            (it.defect.is_none(), it.repetition) == (true, caught.repetition)
                && it.strategy == caught.strategy
        });
        let silent = silent.next().expect("each repetition has its silence");
        assert!(Some(silent.runs) >= caught.runs_to_detection, "{caught:?}");
    }
}
