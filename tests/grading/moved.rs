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
        ("We are looking", "Look at core-3. We are looking"),
        ("\"next_update_at_s\": 600", "\"next_update_at_s\": 300"),
    ] {
        let told = |files: &mut Files| files.updates = replaced(&files.updates, from, to);
        check(told, &["communication"]);
    }
}

#[test]
fn a_relapse_costs_its_own_item_and_makes_no_all_clear_before_it_untrue() {
    let blip = |files: &mut Files| {
        for line in [
            "{\"at_s\": 4900, \"action\": \"pause\", \"what\": \"webhooks\"}\n",
            "{\"at_s\": 4990, \"action\": \"resume\", \"what\": \"webhooks\"}\n",
        ] {
            files.actions.extend_from_slice(line.as_bytes());
        }
    };
    check(blip, &["stabilisation"]);
    let mut files = files("expert");
    blip(&mut files);
    assert_eq!(super::table::lost(&grade(&files)), ["stabilisation.kept"]);
}

#[test]
fn declaring_it_resolved_too_early_is_an_untrue_word() {
    for (at_s, moved) in [(605, &["communication"][..]), (2_000, &[])] {
        let declared = |files: &mut Files| {
            let line = format!("{{\"at_s\": {at_s}, \"action\": \"declare_resolved\"}}\n");
            files.actions.extend_from_slice(line.as_bytes());
        };
        check(declared, moved);
    }
}

/// Whoever is stable too late for an all-clear has told everybody all the same.
#[test]
fn what_is_due_after_the_end_cannot_be_missed() {
    let mut late = files("expert");
    late.actions = replaced(&late.actions, "\"at_s\": 180", "\"at_s\": 4780");
    late.actions = replaced(&late.actions, "\"at_s\": 600", "\"at_s\": 4800");
    let update = |at_s: u64, audience: &str| {
        let next = at_s + 1_200;
        format!(
            "{{\"at_s\": {at_s}, \"audience\": \"{audience}\", \"status\": \"investigating\", \"severity\": \"SEV-2\", \
             \"scope\": [\"verification\"], \"next_update_at_s\": {next}}}\n"
        )
    };
    let times = [120, 1_320, 2_520, 3_720, 4_920];
    let both = times.map(|at_s| update(at_s, "external") + &update(at_s, "internal"));
    late.updates = both.concat().into_bytes();
    let lost = grade(&late);
    for kept in [
        "communication.rhythm",
        "communication.colleagues",
        "communication.next_update",
    ] {
        assert!(!super::table::lost(&lost).contains(&kept), "{kept}");
    }
    late.updates
        .truncate(late.updates.len() - 2 * update(4_920, "external").len());
    assert!(super::table::lost(&grade(&late)).contains(&"communication.rhythm"));
}

#[test]
fn a_useless_measure_beside_a_right_one_costs_points() {
    let measure = |kind: &str, setting: &str, value: u64| {
        format!(
            "\n[[measures]]\nkind = \"{kind}\"\nchange = {{ setting = \"{setting}\", value = {value} }}\n\
             owner_role = \"platform\"\ndue_days = 14\ndone_when = \"so\"\n"
        )
    };
    for (kind, setting, value) in [
        ("prevent", "pool.webhook", 5),
        ("mitigate", "evidence.backoff", 1),
    ] {
        let also = |files: &mut Files| {
            files
                .postmortem
                .extend(measure(kind, setting, value).bytes());
        };
        check(also, &["prevention"]);
    }
    let twice = |files: &mut Files| {
        let (right, told_again) = (
            "idle_in_transaction_timeout_ms\", value = 60000",
            "pool.verify\", value = 10",
        );
        files.postmortem = replaced(&files.postmortem, right, told_again);
    };
    check(twice, &["prevention"]);
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

/// The items that lose points when one word of an expert's post-mortem is another.
#[track_caller]
fn check_items(from: &str, to: &str, expected: &[&str]) {
    let mut files = files("expert");
    files.postmortem = replaced(&files.postmortem, from, to);
    assert_eq!(super::table::lost(&grade(&files)), expected, "{to}");
}

#[test]
fn a_wrong_word_of_the_cause_leaves_the_right_ones_their_points_and_a_wrong_link_takes_one() {
    let follows = [
        "cause.necessary",
        "cause.sufficient",
        "cause.since",
        "cause.contributing",
        "cause.chain_connections_held",
        "cause.chain_pool_exhausted",
        "cause.chain_pool_wait",
        "cause.chain_verification_starved",
        "cause.chain_request_errors",
        "cause.chain_webhook_lag",
        "cause.chain_queue_growth",
    ];
    let thing = "parameter = \"verify-11\"";
    let expected = [&["cause.parameter"][..], &follows].concat();
    check_items(thing, "parameter = \"verify-1\"", &expected);
    let class = "fault_class = \"lost_lease\"";
    let expected = [&["cause.fault_class"][..], &follows].concat();
    check_items(class, "fault_class = \"poison_item\"", &expected);
    // No word of the catalogue: a symptom, wherever it sits.
    let words = ["cause.component", "cause.fault_class", "cause.parameter"];
    let expected = [&words[..], &follows].concat();
    check_items(class, "fault_class = \"slow\"", &expected);
    let shown = ["cause.chain_connections_held", "cause.chain_webhook_lag"];
    check_items("to = \"webhook_lag\"", "to = \"queue_growth\"", &shown);
}

#[test]
fn a_measure_without_an_owner_costs_what_is_stated_and_not_what_it_does() {
    let stated = [
        "prevention.prevent_stated",
        "prevention.mitigate_stated",
        "prevention.detect_stated",
        "prevention.process",
    ];
    check_items("owner_role = \"platform\"", "owner_role = \" \"", &stated);
}
