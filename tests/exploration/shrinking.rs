//! A shrunk run is small, fails in the same way for the same reason, and can be had again from its file.

use model::defects::{Defect, Defects};
use reports::schema::Document;
use scenarios::file::select;
use scenarios::repro::{Repro, Sameness};
use scenarios::run::WITH_TRACE;
use scenarios::setup::Setup;
use scenarios::shrink::{ShrinkError, ShrinkOrder, Shrunk, shrink};

use super::failing::{caught, everything, runs_alone, shrunk};

/// Shrinks a failing run to no more than so many faults and operations, and examines what is left.
fn check(defect: Defect, faults_max: usize, operations_max: usize) {
    let shrunk = shrunk(defect);
    let left = shrunk.after();
    assert!(shrunk.finished);
    assert!(
        left.faults <= faults_max && left.operations <= operations_max,
        "{defect}: {left:?} in {} runs",
        shrunk.runs
    );
    assert!(shrunk.target.is_met_by(&shrunk.outcome), "{defect}");
    nothing_can_go(&shrunk);
    is_the_defects_doing(&shrunk);
    replays(&shrunk);
}

fn nothing_can_go(shrunk: &Shrunk) {
    for fault in 0..shrunk.after().faults {
        let mut fewer = shrunk.setup.clone();
        fewer
            .given
            .plan
            .as_mut()
            .expect("it is given")
            .faults
            .remove(fault);
        let outcome = fewer.run(WITH_TRACE);
        assert!(!shrunk.target.is_met_by(&outcome), "fault {fault} can go");
    }
    for operation in 0..shrunk.after().operations {
        let mut fewer = shrunk.setup.clone();
        fewer
            .given
            .operations
            .as_mut()
            .expect("they are given")
            .remove(operation);
        let outcome = fewer.run(WITH_TRACE);
        assert!(
            !shrunk.target.is_met_by(&outcome),
            "operation {operation} can go"
        );
    }
}

/// Without the bug the small run keeps every promise: shrinking has not made up a failure of its own.
fn is_the_defects_doing(shrunk: &Shrunk) {
    let right = Setup {
        defects: Defects::default(),
        ..shrunk.setup.clone()
    };
    let outcome = right.run(WITH_TRACE);
    assert_eq!(sim::check::overall(&outcome.judgements), "held");
}

fn replays(shrunk: &Shrunk) {
    let text = Repro::of_shrunk(shrunk).to_pretty();
    let repro = Repro::parse_at("small.json", &text).expect("it was just written");
    assert_eq!(repro.shrunk_to.as_ref(), Some(&shrunk.target));
    let again = repro.setup.read("small.json").expect("it makes sense");
    let again = again.run(WITH_TRACE);
    assert_eq!(repro.expected.compare(&again.record), Sameness::Same);
    assert!(shrunk.target.is_met_by(&again));
}

#[test]
fn a_failure_of_the_network_shrinks_to_the_lost_answer() {
    check(Defect::AckBeforeCommit, 2, 2);
}

#[test]
fn a_failure_of_a_device_shrinks_to_its_power_failure() {
    check(Defect::LatchBeforeJournal, 2, 8);
}

#[test]
fn a_failure_between_users_shrinks_to_their_operations() {
    check(Defect::LostUpdateBlindWrite, 2, 5);
}

#[test]
fn a_failure_of_recovery_shrinks_to_the_crash() {
    check(Defect::CompletionLostOnRestart, 2, 3);
}

/// It fails on the 226th delivery, which is another one as soon as an operation before it is gone.
#[test]
fn a_failure_of_a_numbered_subject_shrinks_to_another_number() {
    let setup = Setup {
        selected: select("webhook-slow-endpoint", &[]).expect("it is built in"),
        defects: Defects::of([Defect::WebhookLeaseShorterThanTimeout]),
        ..everything(1, Defects::default())
    };
    let order = ShrinkOrder {
        check: Some("webhook_retries_kept".to_owned()),
        budget: runs_alone(200),
    };
    let shrunk = shrink(&setup, &order, &mut |_, _| ()).expect("it fails");
    assert!(
        shrunk.finished && shrunk.after().operations <= 2,
        "{:?}",
        shrunk.after()
    );
    assert!(
        shrunk.target.subject.starts_with("delivery-00"),
        "{:?}",
        shrunk.target
    );
    assert!(shrunk.target.is_met_by(&shrunk.outcome));
    is_the_defects_doing(&shrunk);
    replays(&shrunk);
}

#[test]
fn a_run_that_keeps_its_promises_is_refused() {
    let order = |check: Option<&str>| ShrinkOrder {
        check: check.map(str::to_owned),
        budget: runs_alone(10),
    };
    let refused = |setup: &Setup, check| {
        let shrunk = shrink(setup, &order(check), &mut |_, _| ());
        match shrunk {
            Err(ShrinkError::NothingViolated(why)) => why,
            _ => panic!("it is not refused"),
        }
    };
    let right = everything(1, Defects::default());
    assert_eq!(refused(&right, None), "the run violates no check");
    let (failing, _) = caught(Defect::LinkNotIdempotent);
    assert_eq!(
        refused(&failing, Some("breaker_legal")),
        "the run does not violate `breaker_legal`"
    );
}

#[test]
fn a_spent_budget_gives_the_smallest_so_far_and_says_so() {
    let (setup, _) = caught(Defect::LinkNotIdempotent);
    let shrunk = within_budget(&setup, 3);
    assert!(!shrunk.finished && shrunk.runs == 3);
}

/// A power failure at a late passing of a point: without most operations that passing never comes.
#[test]
fn whatever_the_budget_what_is_left_fails() {
    let at_point = "faults.plan[1]={ what = \"power-loss\", where = \"ledger\", \
                    at_point = \"ledger.log.written\", nth = 80, lasts_ms = 500 }";
    let waits = at_point.parse().expect("it is well formed");
    let setup = Setup {
        selected: select("chaos-orchestration", &[waits]).expect("it is built in"),
        defects: Defects::of([Defect::WalAckBeforeSync]),
        ..everything(1, Defects::default())
    };
    for runs_max in [9, 12, 16] {
        within_budget(&setup, runs_max);
    }
}

/// Shrinks within a budget, and gives what is left, which must fail.
fn within_budget(setup: &Setup, runs_max: u32) -> Shrunk {
    let order = ShrinkOrder {
        check: None,
        budget: runs_alone(runs_max),
    };
    let shrunk = shrink(setup, &order, &mut |_, _| ()).expect("it fails");
    assert!(shrunk.runs <= runs_max);
    assert!(
        shrunk.target.is_met_by(&shrunk.outcome),
        "{runs_max} runs left {:?}, which does not fail",
        shrunk.after()
    );
    shrunk
}
