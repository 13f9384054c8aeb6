//! What each action does to a running incident: remedies end it, harmful ones harm.

use model::incident::action::{Action, ReplayOrder};
use model::incident::case::Case;
use model::incident::cause::CauseKind;
use model::incident::episode::{HandOver, Outcome};

fn play(kind: CauseKind, actions: impl Fn(&str) -> Vec<Action>) -> Outcome {
    let case = Case::with_primary(1, kind);
    let thing = case.causes[0].parameter();
    let hand_over = HandOver::of(&case).expect("the queue fills");
    let actions: Vec<(u64, Action)> = actions(&thing)
        .into_iter()
        .map(|action| (120, action))
        .collect();
    hand_over.play(&actions).expect("in bounds")
}

fn parsed(text: &str) -> Action {
    serde_json::from_str(text).expect("an action")
}

/// The action is written as in a submission; `THING` stands for what is at fault.
#[track_caller]
fn check_ends(kind: CauseKind, text: &str, ends: bool) {
    let outcome = play(kind, |thing| vec![parsed(&text.replace("THING", thing))]);
    assert_eq!(outcome.stable_at_s.is_some(), ends, "{kind:?}: {text}");
    assert!(!outcome.balance.loses(), "{kind:?}: {text}");
}

#[test]
fn each_cause_has_remedies_and_things_that_do_not_help() {
    use CauseKind::*;
    for (kind, text, ends) in [
        (
            ConnectionHeldAcrossHttp,
            r#"{"action":"open_breaker","circuit":"THING"}"#,
            true,
        ),
        (
            ConnectionHeldAcrossHttp,
            r#"{"action":"set_pool_size","pool":"webhook","size":15}"#,
            true,
        ),
        (
            ConnectionHeldAcrossHttp,
            r#"{"action":"kill_sessions_of","application":"webhook-delivery"}"#,
            false,
        ),
        (
            EvidenceRetryStorm,
            r#"{"action":"open_breaker","circuit":"THING"}"#,
            true,
        ),
        (
            EvidenceRetryStorm,
            r#"{"action":"restart_node","node":"THING"}"#,
            true,
        ),
        (
            BlockingReindex,
            r#"{"action":"set_lock_timeout","ms":2000}"#,
            true,
        ),
        (
            BlockingReindex,
            r#"{"action":"roll_back","change":"THING"}"#,
            true,
        ),
        (
            SlowStatement,
            r#"{"action":"set_statement_timeout","ms":1000}"#,
            true,
        ),
        (
            SlowStatement,
            r#"{"action":"kill_sessions_of","application":"notification"}"#,
            false,
        ),
        (
            PoisonItem,
            r#"{"action":"set_retry_limit","component":"import-lane","attempts":5}"#,
            true,
        ),
        (
            LostLease,
            r#"{"action":"set_idle_in_transaction_timeout","ms":60000}"#,
            true,
        ),
        (
            ShrunkPool,
            r#"{"action":"set_pool_size","pool":"reporting","size":5}"#,
            true,
        ),
        (
            ShrunkPool,
            r#"{"action":"set_pool_size","pool":"shared","size":200}"#,
            false,
        ),
        (
            PoisonItem,
            r#"{"action":"scale_workers","workers":400}"#,
            false,
        ),
        (
            PoisonItem,
            r#"{"action":"quarantine_item","item":"item-99"}"#,
            false,
        ),
    ] {
        check_ends(kind, text, ends);
    }
}

#[test]
fn a_purge_empties_the_queue_loses_what_was_in_it_and_breaks_the_audit() {
    let outcome = play(CauseKind::PoisonItem, |_| vec![Action::PurgeQueue {}]);
    assert!(outcome.balance.lost > 50_000 && !outcome.balance.chain_intact);
}

#[test]
fn marking_all_verified_shows_in_the_books() {
    let outcome = play(CauseKind::PoisonItem, |_| vec![Action::MarkAllVerified {}]);
    let balance = outcome.balance;
    assert!(balance.falsified > 50_000 && balance.unaudited >= balance.falsified);
}

#[test]
fn without_idempotency_effects_happen_twice() {
    let with = |actions: &[Action]| play(CauseKind::LostLease, |_| actions.to_vec()).balance;
    assert_eq!(with(&[]).duplicates, 0);
    assert!(with(&[Action::DisableIdempotency {}]).duplicates > 10);
}

#[test]
fn dead_letters_sent_all_at_once_overtake_each_other() {
    for (order, disordered) in [
        (ReplayOrder::InOrder, false),
        (ReplayOrder::AllAtOnce, true),
    ] {
        let outcome = play(CauseKind::PoisonItem, |_| {
            vec![Action::ReplayDeadLetters { order }]
        });
        assert_eq!(outcome.balance.disordered > 0, disordered, "{order:?}");
    }
}

#[test]
fn a_reindex_that_is_killed_and_not_paused_comes_again() {
    let killed = play(CauseKind::BlockingReindex, |_| {
        vec![Action::KillSession { session: 20_001 }]
    });
    let good = killed.sample_at(300).expect("sampled").held[CauseKind::BlockingReindex as usize];
    assert!(good < 10 && killed.stable_at_s.is_none());
}

/// Each kill ends some twenty sessions here, and others open: their numbers in the activity view begin anew meanwhile.
#[test]
fn sessions_can_be_killed_however_many_there_were_before() {
    let kill = Action::KillSessionsOf {
        application: "notification".to_owned(),
    };
    let often: Vec<(u64, Action)> = (0..490).map(|at| (11 * at, kill.clone())).collect();
    let case = Case::with_primary(26, CauseKind::SlowStatement);
    let hand_over = HandOver::of(&case).expect("the queue fills");
    let killed = hand_over.play(&often).expect("in bounds");
    let held = |at_s| killed.sample_at(at_s).expect("sampled").held;
    let held = |at_s| held(at_s)[CauseKind::SlowStatement as usize];
    let before = held(0);
    let least = (5_200..5_380).map(held).min().expect("sampled");
    assert!(least * 2 < before, "to the last: {least} of {before}");
}

#[test]
fn a_statement_time_out_that_ends_everything_delivers_nothing() {
    let outcome = play(CauseKind::PoisonItem, |_| {
        vec![Action::SetStatementTimeout { ms: 50 }]
    });
    let sample = |at_s| outcome.sample_at(at_s).expect("sampled");
    let (then, later) = (sample(240), sample(900));
    assert_eq!(later.counters.delivered, then.counters.delivered);
    assert!(later.webhook_backlog > 5_000 && later.error_basis_points > 9_900);
}

#[test]
fn refusing_work_is_no_cure() {
    let outcome = play(CauseKind::PoisonItem, |thing| {
        vec![
            Action::QuarantineItem {
                item: thing.to_owned(),
            },
            Action::RateLimitIntake { per_minute: 0 },
        ]
    });
    assert_eq!(
        outcome.stable_at_s, None,
        "refused requests are failed ones"
    );
}

#[test]
fn values_out_of_bounds_are_refused_with_the_bounds() {
    let case = Case::with_primary(1, CauseKind::PoisonItem);
    let hand_over = HandOver::of(&case).expect("the queue fills");
    let absurd = Action::ScaleWorkers { workers: u64::MAX };
    let (place, error) = hand_over.play(&[(0, absurd)]).expect_err("refused");
    assert_eq!(place, 0);
    assert!(error.to_string().contains("give 0 to 400"), "{error}");
}
