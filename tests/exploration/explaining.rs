//! An explanation names what a failure needs, when it is decided, and the nearest run that passes.

use model::defects::{Defect, Defects};
use reports::explain::Without;
use scenarios::explain::alignment::Alignment;
use scenarios::explain::story::EVENTS_MAX;
use scenarios::explain::{Explanation, explain};
use scenarios::file::select;
use scenarios::setup::Setup;
use scenarios::shrink::Shrunk;
use sim::check::overall;
use sim::record::trace::Happening;

use super::failing::{everything, shrunk, shrunk_setup};

fn explained(defect: Defect) -> (Shrunk, Explanation) {
    let shrunk = shrunk(defect);
    let explanation = explain(&shrunk.setup, &shrunk.outcome, &shrunk.target, &mut |_| ());
    (shrunk, explanation)
}

#[test]
fn each_part_of_a_shrunk_run_is_needed_and_told_so() {
    let (shrunk, explanation) = explained(Defect::LatchBeforeJournal);
    let size = shrunk.after();
    assert_eq!(explanation.necessity.len(), size.faults + size.operations);
    let needed = |without| without != Without::Fails;
    assert!(
        explanation
            .necessity
            .iter()
            .all(|part| needed(part.without))
    );
}

/// The only operation is gone, so there is no latency to measure: that is no failure of another kind.
#[test]
fn a_run_without_anything_to_measure_passes() {
    let shrunk = shrunk_setup(&Setup {
        selected: select("chaos-registration", &[]).expect("a built-in scenario is valid"),
        ..everything(2, Defects::of([Defect::LinkNotIdempotent]))
    });
    let Shrunk {
        setup,
        outcome,
        target,
        ..
    } = &shrunk;
    let explanation = explain(setup, outcome, target, &mut |_| ());
    let parts = explanation.necessity.iter();
    let operations: Vec<Without> = parts
        .filter(|part| part.kind == "operation")
        .map(|part| part.without)
        .collect();
    assert_eq!(operations, [Without::Passes]);
    let twin = explanation.twin.expect("some run passes");
    let checks = scenarios::run::expected_checks(&setup.selected.scenario);
    let judged = sim::check::judge(&twin.record, &checks);
    assert_ne!(overall(&judged), "violated");
}

#[test]
fn the_chance_grows_to_certainty_at_an_event_that_is_named() {
    let (shrunk, explanation) = explained(Defect::LatchBeforeJournal);
    let decision = explanation.decision.expect("a moment can be looked at");
    let decisive = decision.decisive.expect("the power failure decides");
    let before = decision.course.iter().rev().find(|it| it.after < decisive);
    let after = decision.course.iter().find(|it| it.after == decisive);
    let (before, after) = (before.expect("one before"), after.expect("its own"));
    assert!(before.failed < after.failed, "{before:?} {after:?}");
    let last = decision.course.last().expect("it is not empty");
    assert_eq!(last.failed, last.of, "in the end nothing can prevent it");
    assert!(shrunk.outcome.record.trace.get(decisive).is_some());
}

#[test]
fn the_nearest_passing_run_passes_and_differs_where_it_says() {
    let (shrunk, explanation) = explained(Defect::LatchBeforeJournal);
    let twin = explanation.twin.expect("some run passes");
    let alignment = Alignment::of(&shrunk.outcome.record, &twin.record);
    assert_eq!(alignment, twin.alignment);
    let lines = sim::determinism::event_lines(&shrunk.outcome.record);
    let others = sim::determinism::event_lines(&twin.record);
    let pairs = lines.iter().zip(&others);
    let prefix = pairs.take_while(|(one, other)| one == other).count();
    assert!(
        twin.alignment.matched >= prefix,
        "what begins alike is alike"
    );
    for (run, alone) in twin.alignment.alone.iter().enumerate() {
        assert!(alone.iter().all(|id| id.0 as usize >= prefix));
        assert!(twin.later[run].iter().all(|id| alone.contains(id)));
    }
    let itself = Alignment::of(&twin.record, &twin.record);
    assert_eq!(itself.first(), [None, None]);
    assert_eq!(itself.matched, others.len());
    let checks = scenarios::run::expected_checks(&shrunk.setup.selected.scenario);
    assert_eq!(overall(&sim::check::judge(&twin.record, &checks)), "held");
}

#[test]
fn a_story_is_short_in_order_and_has_every_fault() {
    let (shrunk, explanation) = explained(Defect::LatchBeforeJournal);
    let story = &explanation.story;
    assert!(!story.is_empty() && story.len() <= EVENTS_MAX);
    assert!(story.windows(2).all(|pair| pair[0].event < pair[1].event));
    let events = story
        .iter()
        .map(|line| &shrunk.outcome.record.trace.events()[line.event.0 as usize]);
    let faults = events.filter(|event| matches!(event.what, Happening::FaultBegan { .. }));
    assert_eq!(faults.count(), shrunk.after().faults);
    for (number, line) in story.iter().enumerate() {
        assert!(line.after.is_none_or(|after| after < number));
    }
}
