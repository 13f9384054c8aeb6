//! The figures of the briefing emerge from every cause, and only from a cause.

use model::incident::case::Case;
use model::incident::cause::CauseKind;
use model::incident::chance::Chance;
use model::incident::episode::{DEPTH, HandOver, Probe};
use model::incident::policies;
use model::incident::settings::{Setting, Settings};

/// A seed without a contributing cause, and one with.
const SEEDS: [u64; 2] = [1, 20];

fn within_five_percent(found: u64, wanted: u64) -> bool {
    found.abs_diff(wanted) * 20 <= wanted
}

#[track_caller]
fn check_figures(kind: CauseKind, seed: u64) {
    let case = Case::with_primary(seed, kind);
    let hand_over = HandOver::of(&case).expect("the queue fills");
    let figures = hand_over.figures();
    assert_eq!(figures.queue_depth, DEPTH, "{kind:?} {seed}");
    for (name, found, wanted) in [
        ("processed per minute", figures.processed_per_min, 100),
        ("connections", figures.connections, 95),
        ("errors in basis points", figures.error_basis_points, 1_200),
        ("webhook latency in seconds", figures.webhook_p95_s, 900),
    ] {
        assert!(
            within_five_percent(found, wanted),
            "{kind:?} {seed}: {name} {found}, not {wanted}"
        );
    }
}

#[test]
fn the_figures_of_the_briefing_emerge_from_every_cause() {
    for kind in CauseKind::ALL {
        for seed in 1..=20 {
            check_figures(kind, seed);
        }
    }
}

#[track_caller]
fn check_counterfactuals(kind: CauseKind, seed: u64) {
    let case = Case::with_primary(seed, kind);
    let shows = |case: &Case| Probe::of(case, Settings::default()).shows_incident();
    let primary = case.causes[0];
    let (without, removed) = case.without(kind, &primary.parameter());
    assert!(removed);
    assert!(shows(&case), "{kind:?} {seed}: it shows");
    assert!(!shows(&without), "{kind:?} {seed}: gone with its cause");
    assert!(!shows(&case.healthy()), "{kind:?} {seed}: healthy");
    let only = case.with_only(primary);
    assert!(shows(&only), "{kind:?} {seed}: the cause alone suffices");
    if let Some(second) = case.causes.get(1) {
        let without_second = case.without(second.kind, &second.parameter()).0;
        assert!(
            shows(&without_second),
            "{kind:?} {seed}: it only contributes"
        );
        assert!(!shows(&case.with_only(*second)));
    }
}

#[test]
fn the_incident_comes_with_its_primary_cause_and_goes_with_it() {
    for kind in CauseKind::ALL {
        for seed in SEEDS {
            check_counterfactuals(kind, seed);
        }
    }
}

#[test]
fn an_expert_ends_it_in_minutes_without_loss_and_nothing_ends_it_by_itself() {
    for kind in CauseKind::ALL {
        let case = Case::with_primary(20, kind);
        let hand_over = HandOver::of(&case).expect("the queue fills");
        let expert = hand_over.play(&policies::expert(&case)).expect("in bounds");
        let stable = expert.stable_at_s.expect("an expert ends it");
        assert!(stable <= 900, "{kind:?}: {stable} s");
        let balance = expert.balance;
        assert!(!balance.loses() && balance.chain_intact && balance.unaudited == 0);
        assert_eq!(
            balance.accepted,
            balance.completed + balance.rejected + balance.queued
        );
        let nothing = hand_over.play(&[]).expect("in bounds");
        assert_eq!(nothing.stable_at_s, None, "{kind:?}");
        assert!(nothing.open > 100_000, "{kind:?}: {}", nothing.open);
    }
}

/// Whoever knows the cause can name one measure that prevents it and another that makes it milder.
#[test]
fn every_cause_is_prevented_by_two_settings_that_change_nothing_else() {
    use CauseKind::*;
    for (kind, name, value) in [
        (ConnectionHeldAcrossHttp, "pool.webhook", 10),
        (ConnectionHeldAcrossHttp, "webhook.release_before_http", 1),
        (EvidenceRetryStorm, "pool.evidence", 10),
        (EvidenceRetryStorm, "evidence.backoff", 1),
        (BlockingReindex, "pool.search", 10),
        (BlockingReindex, "lock_timeout_ms", 2_000),
        (SlowStatement, "pool.notification", 10),
        (SlowStatement, "statement_timeout_ms", 1_000),
        (PoisonItem, "pool.import", 10),
        (PoisonItem, "import.attempts", 5),
        (LostLease, "pool.verify", 10),
        (LostLease, "idle_in_transaction_timeout_ms", 60_000),
        (ShrunkPool, "pool.reporting", 5),
        (ShrunkPool, "pool.reporting", 20),
    ] {
        let mut settings = Settings::default();
        let (setting, value) = Setting::check(name, value).expect("in bounds");
        settings.set(setting, value);
        for seed in SEEDS {
            let case = Case::with_primary(seed, kind);
            let shows = |case: &Case| Probe::of(case, settings.clone()).shows_incident();
            assert!(!shows(&case), "{kind:?} {seed}: {name} = {value}");
            assert!(!shows(&case.healthy()), "{kind:?} {seed}: {name}, healthy");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_episode() {
    let case = Case::of_seed(5);
    let play = || {
        let hand_over = HandOver::of(&case).expect("the queue fills");
        let outcome = hand_over.play(&policies::expert(&case)).expect("in bounds");
        (hand_over.at, outcome.telemetry.samples, outcome.balance)
    };
    assert_eq!(play(), play());
}

#[test]
fn seeds_differ_in_their_cause_and_some_have_a_second_one() {
    let cases: Vec<Case> = (0..300).map(Case::of_seed).collect();
    for kind in CauseKind::ALL {
        let primary = cases.iter().filter(|case| case.causes[0].kind == kind);
        assert!(primary.count() > 20, "{kind:?}");
    }
    let second = cases.iter().filter(|case| case.causes.len() == 2).count();
    assert!((100..200).contains(&second), "{second} of 300");
    let draws = (0..300).filter(|seed| Chance::of_seed(*seed).below("coin", 0, 2) == 0);
    assert!((100..200).contains(&draws.count()));
}
