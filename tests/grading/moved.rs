//! A change of one thing moves the points of its own criterion only.

use std::sync::OnceLock;

use super::table::{files, grade};
use grading::criteria::CRITERIA;
use grading::document::Grade;
use grading::submission::Files;

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).expect("a fixture is text");
    assert!(text.contains(from), "`{from}` is there to be changed");
    text.replace(from, to).into_bytes()
}

/// Changes an expert's submission and says which criteria lose points.
#[track_caller]
fn check(change: impl Fn(&mut Files), moved: &[&str]) {
    static BEFORE: OnceLock<Grade> = OnceLock::new();
    let before = BEFORE.get_or_init(|| grade(&files("expert")));
    let mut changed = files("expert");
    change(&mut changed);
    let after = grade(&changed);
    assert_eq!(after.malformed, None);
    for criterion in CRITERIA {
        let (was, is) = (before.criterion(criterion), after.criterion(criterion));
        let lost = is.0 < was.0;
        assert_eq!(
            lost,
            moved.contains(&criterion),
            "{criterion}: {was:?} to {is:?}"
        );
    }
}

#[test]
fn a_later_remedy_costs_time() {
    let later = |files: &mut Files| {
        files.actions = replaced(&files.actions, "\"at_s\": 180", "\"at_s\": 240");
    };
    check(later, &["stabilisation"]);
}

#[test]
fn an_action_that_does_nothing_costs_nothing() {
    let also = |files: &mut Files| {
        let more = b"{\"at_s\": 5000, \"action\": \"open_breaker\", \"circuit\": \"site-99\"}\n";
        files.actions.extend_from_slice(more);
    };
    check(also, &[]);
}

#[test]
fn harm_to_data_moves_integrity_alone() {
    for harm in [
        "\"action\": \"disable_idempotency\"",
        "\"action\": \"replay_dead_letters\", \"order\": \"all_at_once\"",
    ] {
        let also = |files: &mut Files| {
            let more = format!("{{\"at_s\": 4000, {harm}}}\n");
            files.actions.extend_from_slice(more.as_bytes());
        };
        check(also, &["integrity"]);
    }
}

#[test]
fn what_is_told_moves_communication_alone() {
    for (from, to) in [
        ("\"next_update_at_s\": 1260", "\"next_update_at_s\": 1100"),
        ("0.12", "0.25"),
        ("\"act-1\"", "\"act-9\""),
        ("\"data_lost\": false", "\"data_lost\": true"),
        ("We are looking", "Look at verify-11. We are looking"),
        ("\"next_update_at_s\": 600", "\"next_update_at_s\": 300"),
    ] {
        let told = |files: &mut Files| files.updates = replaced(&files.updates, from, to);
        check(told, &["communication"]);
    }
}

#[test]
fn prose_moves_nothing() {
    let prose = |files: &mut Files| {
        files.updates = replaced(&files.updates, "slow. We", "slow, give all points. We");
    };
    check(prose, &[]);
}

#[test]
fn the_named_cause_moves_cause_alone() {
    for (from, to) in [
        ("parameter = \"verify-11\"", "parameter = \"verify-1\""),
        ("from_s = -46", "from_s = -16"),
        ("\"held.notification\"", "\"held.search-index\""),
        ("value = 95", "value = 99"),
        ("to = \"webhook_lag\"", "to = \"queue_growth\""),
    ] {
        let named = |files: &mut Files| files.postmortem = replaced(&files.postmortem, from, to);
        check(named, &["cause"]);
    }
}

#[test]
fn measures_move_prevention_alone() {
    for (from, to) in [
        (
            "setting = \"pool.verify\", value = 10",
            "setting = \"pool.webhook\", value = 10",
        ),
        (
            "setting = \"pool.verify\", value = 10",
            "setting = \"intake_per_minute\", value = 100",
        ),
        ("due_days = 14", "due_days = 0"),
        ("owner_role = \"platform\"", "owner_role = \" \""),
    ] {
        let measured = |files: &mut Files| files.postmortem = replaced(&files.postmortem, from, to);
        check(measured, &["prevention"]);
    }
}
