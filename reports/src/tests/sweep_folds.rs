//! A sweep comes to one result in any order, refuses what does not belong, and says what it may.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sim::check::Kind;
use sim::record::fingerprint::Fingerprint;
use sim::record::history::OperationCounts;

use crate::junit::{JunitDetails, render};
use crate::schema::{Document, Schema};
use crate::seed::{Seed, SeedEvidence, SeedLine, UnknownCheck, ViolatedCheck, kind_of};
use crate::style::Style;
use crate::sweep::{Added, Sweep, SweepError, SweepScope};
use crate::sweep_document::SweepSummary;
use crate::verdict::RunVerdict;

pub(super) fn sweep() -> Sweep {
    Sweep::new(scope())
}

pub(super) fn scope() -> SweepScope {
    SweepScope {
        scenario: "lab".to_owned(),
        checks: ["link_agreement", "queue_bounded"]
            .map(str::to_owned)
            .into(),
        sometimes: ["breaker_opened", "failover"].map(str::to_owned).into(),
        ..SweepScope::default()
    }
}

pub(super) fn line(seed: u64, verdict: RunVerdict) -> SeedLine {
    let reproduce = format!("proveniq run lab --seed {}", Seed(seed));
    if verdict == RunVerdict::FailedToRun {
        let failure = format!("no answer within 60 s, last seen at step {seed}");
        return SeedLine::failed_to_run("lab", Seed(seed), failure, reproduce);
    }
    SeedLine {
        schema: Schema::new(),
        scenario: "lab".to_owned(),
        seed: Seed(seed),
        verdict,
        fingerprint: Some(Fingerprint(u128::from(seed) << 64 | 7)),
        violated: Vec::new(),
        unknown: Vec::new(),
        failure: None,
        lost_from_outside: false,
        led: false,
        operations: OperationCounts {
            ok: seed,
            fail: 1,
            unknown: 0,
        },
        events: 100,
        simulated_ms: 60_000,
        reached: BTreeSet::new(),
        reproduce,
    }
}

pub(super) fn violated(seed: u64, subject: &str) -> SeedLine {
    let evidence = SeedEvidence {
        subject: subject.to_owned(),
        claim: "the Ledger says linked, the device does not".to_owned(),
        at_ms: Some(12_300),
    };
    let mut line = line(seed, RunVerdict::Violated);
    line.violated.push(ViolatedCheck {
        check: "link_agreement".to_owned(),
        kind: Kind::Eventually,
        subject_kind: kind_of(subject),
        claim_kind: "it is wrong".to_owned(),
        causal_shape: String::new(),
        evidence_total: 5,
        evidence: vec![evidence],
    });
    line
}

pub(super) fn unknown(seed: u64) -> SeedLine {
    let mut line = line(seed, RunVerdict::Unknown);
    line.unknown.push(UnknownCheck {
        check: "queue_bounded".to_owned(),
        reason: format!("the search gave up after {seed} states"),
    });
    line
}

pub(super) fn reaching(seed: u64, states: &[&str]) -> SeedLine {
    let mut line = line(seed, RunVerdict::Held);
    line.reached = states.iter().map(ToString::to_string).collect();
    line
}

pub(super) fn folded(lines: &[SeedLine]) -> Sweep {
    let mut sweep = sweep();
    for line in lines {
        assert_eq!(sweep.add(line), Ok(Added::New), "seed {}", line.seed);
    }
    sweep
}

/// A sweep with something of everything.
pub(super) fn mixed() -> Sweep {
    let mut lines = vec![
        violated(0x2a, "asset-3"),
        violated(0x1f, "asset-17"),
        violated(0x99, "slot 4"),
        unknown(0x30),
        unknown(0x20),
        line(0x77, RunVerdict::FailedToRun),
    ];
    lines.extend((200..1_200).map(|seed| reaching(seed, &["breaker_opened"])));
    lines.push(reaching(0x5, &["breaker_opened", "shed_load"]));
    folded(&lines)
}

/// The same seed as another one, told otherwise and brought about in some way.
fn brought_about(seed: u64, claim_kind: &str, shape: &str) -> SeedLine {
    let mut line = violated(seed, "asset-3");
    line.violated[0].claim_kind = claim_kind.to_owned();
    line.violated[0].causal_shape = shape.to_owned();
    line
}

#[test]
fn how_it_came_about_parts_failures_and_how_it_is_told_does_not() {
    let signatures = |lines: &[SeedLine]| {
        let summary = SweepSummary::of(&folded(lines));
        let signatures = summary.failures.into_iter().map(|it| it.signature);
        signatures.collect::<Vec<String>>()
    };
    let locker = "locker passes locker.latched < core notes saga_parked";
    let same = [
        brought_about(1, "it has no row", locker),
        brought_about(2, "it has # rows", locker),
    ];
    assert_eq!(
        signatures(&same),
        [format!("link_agreement on asset-#: {locker}")]
    );
    let other = [
        brought_about(1, "it has no row", locker),
        brought_about(2, "it has no row", "locker dies"),
    ];
    assert_eq!(signatures(&other).len(), 2);
    let unshaped = [
        brought_about(1, "it has no row", ""),
        brought_about(2, "it has # rows", ""),
    ];
    assert_eq!(
        signatures(&unshaped).len(),
        2,
        "without a shape the form counts"
    );
}

#[test]
fn a_sweep_is_told_by_distinct_failures_each_with_its_smallest_seed() {
    let text = SweepSummary::of(&mixed()).to_text(Style::PLAIN);
    insta::assert_snapshot!(text, @r#"
    lab  1,007 seeds

      ✓  1,001  held
      ✗      3  violated
      ?      2  unknown
      !      1  failed to run

    Failures  3 distinct

      ✗ link_agreement on asset-#: it is wrong  2 seeds, first 0x1f
        asset-17: the Ledger says linked, the device does not (at 12.300s)
        proveniq run lab --seed 0x1f

      ✗ link_agreement on slot #: it is wrong  1 seed, first 0x99
        slot 4: the Ledger says linked, the device does not (at 12.300s)
        proveniq run lab --seed 0x99

      ! failed to run: no answer within # s, last seen at step #  1 seed, first 0x77
        no answer within 60 s, last seen at step 119
        proveniq run lab --seed 0x77

    Undecided
      ?  queue_bounded  2 seeds, first 0x20  the search gave up after 32 states

    Sometimes
      ✓  breaker_opened  in 1,001 seeds
      ✗  failover        never reached
      ✓  shed_load       in 1 seed

    ✗  4 of 1,007 seeds failed (0.39 %); the failure rate is below 0.0091 at 95 % confidence; 2
       undecided and not counted. 3 behaviours were seen, 1 only once: the next seed shows a new one
       with a chance of about 0.099 %. No seed reached failover.
       behaviours by seeds, on average: 1.3 in 64, 1.6 in 128, 2.0 in 256, 2.5 in 512, 3.0 in 1,006
    "#);
}

#[test]
fn a_clean_sweep_bounds_the_failure_rate() {
    let both = ["breaker_opened", "failover"];
    let lines: Vec<_> = (0..2_000).map(|seed| reaching(seed, &both)).collect();
    let sweep = folded(&lines);
    assert_eq!(sweep.verdict(), RunVerdict::Held);
    insta::assert_snapshot!(SweepSummary::of(&sweep).to_text(Style::PLAIN), @r"
    lab  2,000 seeds

      ✓  2,000  held
      ✗      0  violated
      ?      0  unknown
      !      0  failed to run

    Sometimes
      ✓  breaker_opened  in 2,000 seeds
      ✓  failover        in 2,000 seeds

    ✓  2,000 seeds are clean: the failure rate is below 3/2,000 (0.15 %) at 95 % confidence. All of them
       showed one behaviour.
    ");
}

#[test]
fn the_verdict_of_a_sweep_is_its_gravest_and_unknown_while_a_state_is_unreached() {
    let reached = || reaching(1, &["breaker_opened", "failover"]);
    for (lines, verdict) in [
        (vec![], RunVerdict::Unknown),
        (vec![reached()], RunVerdict::Held),
        (vec![reaching(1, &["failover"])], RunVerdict::Unknown),
        (vec![violated(1, "asset-1")], RunVerdict::Violated),
        (vec![reached(), unknown(2)], RunVerdict::Unknown),
        (
            vec![reached(), unknown(2), line(3, RunVerdict::FailedToRun)],
            RunVerdict::FailedToRun,
        ),
        (
            vec![
                reached(),
                violated(2, "asset-1"),
                line(3, RunVerdict::FailedToRun),
            ],
            RunVerdict::Violated,
        ),
    ] {
        assert_eq!(folded(&lines).verdict(), verdict, "{lines:?}");
    }
}

#[test]
fn three_clean_seeds_bound_nothing_and_undecided_ones_do_not_count() {
    for (held, undecided, bound) in [
        (0, 0, None),
        (3, 0, None),
        (4, 0, Some("3/4")),
        (1_000, 5, Some("3/1000")),
        (0, 1_000, None),
    ] {
        let mut lines: Vec<_> = (0..held).map(|seed| line(seed, RunVerdict::Held)).collect();
        lines.extend((held..held + undecided).map(unknown));
        let confidence = SweepSummary::of(&folded(&lines)).confidence;
        assert_eq!(
            confidence.failure_rate_below.as_deref(),
            bound,
            "{held} held"
        );
        assert_eq!(confidence.clean_seeds, held);
    }
}

#[test]
fn a_seed_counts_once_and_two_results_of_one_seed_are_refused() {
    let mut sweep = sweep();
    assert_eq!(sweep.add(&violated(7, "asset-1")), Ok(Added::New));
    let before = SweepSummary::of(&sweep);
    assert_eq!(sweep.add(&violated(7, "asset-1")), Ok(Added::Again));
    let refused = sweep.add(&line(7, RunVerdict::Held));
    assert!(
        matches!(refused, Err(SweepError::Contradiction { .. })),
        "{refused:?}"
    );
    let mut foreign = line(8, RunVerdict::Held);
    foreign.scenario = "drill".to_owned();
    let refused = sweep.add(&foreign);
    assert!(
        matches!(refused, Err(SweepError::OtherScenario { .. })),
        "{refused:?}"
    );
    assert_eq!(SweepSummary::of(&sweep), before);
    assert!(sweep.has(Seed(7)) && !sweep.has(Seed(8)));
}

#[test]
fn the_kind_of_a_subject_is_free_of_what_differs_from_seed_to_seed() {
    for (subject, kind) in [
        ("asset-17", "asset-#"),
        ("asset-9f03c2", "asset-#"),
        ("k7", "k#"),
        ("slot 4 of locker-2", "slot # of locker-#"),
        ("latency{operation=\"link\"}", "latency{operation=\"link\"}"),
        ("6f1e4a60-0b1c-4d57-9c8e-1f2a3b4c5d6e", "#-#-#-#-#"),
        ("Größe 12 µs", "Größe # µs"),
        ("", ""),
    ] {
        assert_eq!(kind_of(subject), kind);
    }
}

fn any_line(seed: u64) -> impl Strategy<Value = SeedLine> {
    let verdicts = prop_oneof![
        Just(reaching(seed, &[])),
        Just(reaching(seed, &["breaker_opened"])),
        Just(reaching(seed, &["failover"])),
        Just(violated(seed, "asset-1")),
        Just(violated(seed, "slot 1")),
        Just(unknown(seed)),
        Just(line(seed, RunVerdict::FailedToRun)),
    ];
    verdicts.boxed()
}

fn any_lines() -> impl Strategy<Value = (Vec<SeedLine>, Vec<SeedLine>)> {
    let lines = proptest::collection::vec(any::<u64>(), 0..120).prop_flat_map(|seeds| {
        let seeds: BTreeSet<u64> = seeds.into_iter().map(|seed| seed % 1_000).collect();
        seeds.into_iter().map(any_line).collect::<Vec<_>>()
    });
    lines.prop_flat_map(|lines| {
        let shuffled = Just(lines.clone()).prop_shuffle();
        (Just(lines), shuffled)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_sweep_does_not_depend_on_the_order_of_its_seeds((lines, shuffled) in any_lines()) {
        let (one, other) = (folded(&lines), folded(&shuffled));
        prop_assert_eq!(SweepSummary::of(&one).to_line(), SweepSummary::of(&other).to_line());
        let details = JunitDetails::default();
        prop_assert_eq!(render(&[&one], &details), render(&[&other], &details));
    }

    #[test]
    fn every_seed_is_counted_under_one_verdict((lines, _) in any_lines()) {
        let summary = SweepSummary::of(&folded(&lines));
        let counted = summary.held + summary.violated + summary.unknown + summary.failed_to_run;
        prop_assert_eq!(counted, summary.seeds);
        prop_assert_eq!(summary.seeds, lines.len() as u64);
    }
}
