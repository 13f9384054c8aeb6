//! Parts of sweeps: shares and sweeps that were stopped have one verdict in every form, and seeds that say
//! nothing of the rate of failures are not counted for it.

use super::sweep_folds::{line, scope, violated};
use crate::github::annotations;
use crate::junit::{JunitDetails, render};
use crate::seed::{Seed, SeedLine};
use crate::style::Style;
use crate::sweep::{Sweep, SweepScope};
use crate::sweep_document::SweepSummary;
use crate::verdict::RunVerdict;

/// One clean seed of a sweep that had to reach two states and reached none.
fn sweep(is_share: bool, is_stopped: bool) -> Sweep {
    let mut sweep = Sweep::new(SweepScope {
        is_share,
        ..scope()
    });
    sweep
        .add(&line(1, RunVerdict::Held))
        .expect("it is of this scenario");
    if is_stopped {
        sweep.stop();
    }
    sweep
}

#[test]
fn a_part_of_a_sweep_has_one_verdict_in_every_form() {
    // Unreached states are a failure of the whole; a stop is an error of its own.
    for (is_share, is_stopped, verdict, failures, errors, warnings) in [
        (false, false, RunVerdict::Unknown, 2, 0, 2),
        (true, false, RunVerdict::Held, 0, 0, 0),
        (false, true, RunVerdict::Unknown, 0, 1, 1),
        (true, true, RunVerdict::Unknown, 0, 1, 1),
    ] {
        let sweep = sweep(is_share, is_stopped);
        let summary = SweepSummary::of(&sweep);
        let case = format!("share {is_share}, stopped {is_stopped}");
        assert_eq!(sweep.verdict(), verdict, "{case}");
        assert_eq!(summary.verdict, verdict, "{case}");
        assert_eq!((summary.share, summary.stopped), (is_share, is_stopped));
        let xml = render(&[&sweep], &JunitDetails::default());
        let property = format!(r#"name="verdict" value="{verdict}""#);
        assert!(xml.contains(&property), "{case}: {xml}");
        assert_eq!(xml.matches("<failure").count(), failures, "{case}: {xml}");
        assert_eq!(xml.matches("<error").count(), errors, "{case}: {xml}");
        let told = annotations(&summary);
        assert_eq!(told.matches("::warning").count(), warnings, "{told}");
        let text = summary.to_text(Style::PLAIN);
        assert_eq!(text.contains("never reached"), failures > 0, "{text}");
        assert_eq!(text.contains("stopped before"), is_stopped, "{text}");
    }
}

#[test]
fn chosen_seeds_and_those_lost_from_outside_say_nothing_of_the_rate() {
    let mut sweep = Sweep::new(SweepScope {
        chosen: [Seed(100), Seed(101)].into(),
        ..scope()
    });
    let lost = SeedLine {
        lost_from_outside: true,
        ..line(50, RunVerdict::FailedToRun)
    };
    let clean = (0..20).map(|seed| line(seed, RunVerdict::Held));
    let known = [violated(100, "asset-1"), line(101, RunVerdict::Held), lost];
    for line in clean.chain(known) {
        sweep.add(&line).expect("it is of this scenario");
    }
    let summary = SweepSummary::of(&sweep);
    let confidence = summary.confidence;
    assert_eq!(summary.verdict, RunVerdict::Violated, "they still count");
    assert_eq!((summary.seeds, summary.held), (23, 21));
    assert_eq!(confidence.clean_seeds, 20);
    assert_eq!(confidence.failure_rate_below.as_deref(), Some("3/20"));
    insta::assert_snapshot!(confidence.statement, @"20 seeds are clean: the failure rate is below 3/20 (15 %) at 95 % confidence; 2 run because they failed before and not counted; 1 lost from outside and not counted. All of them showed one behaviour.");
    let lost: Vec<bool> = summary
        .failures
        .iter()
        .map(|it| it.lost_from_outside)
        .collect();
    assert_eq!(lost.iter().filter(|lost| **lost).count(), 1, "{lost:?}");
}

/// A run that is a change of one that showed something new was not drawn from anything a rate could be of.
#[test]
fn runs_that_were_led_by_others_count_and_say_nothing_of_the_rate() {
    let mut sweep = Sweep::new(scope());
    let led = |line: SeedLine| SeedLine { led: true, ..line };
    let drawn = (0..20).map(|seed| line(seed, RunVerdict::Held));
    let changed = [
        led(violated(40, "asset-1")),
        led(line(41, RunVerdict::Held)),
        led(line(42, RunVerdict::FailedToRun)),
    ];
    for line in drawn.chain(changed) {
        sweep.add(&line).expect("it is of this scenario");
    }
    let summary = SweepSummary::of(&sweep);
    assert_eq!((summary.seeds, summary.violated), (23, 1), "they count");
    assert_eq!(summary.confidence.clean_seeds, 20);
    assert_eq!(
        summary.confidence.failure_rate_below.as_deref(),
        Some("3/20")
    );
    let statement = summary.confidence.statement;
    assert!(
        statement.contains("; 3 led by what others showed and not counted."),
        "{statement}"
    );
}
