//! Sweeps as JUnit XML, the dialect of Jenkins, written by `quick-junit`.
//!
//! A suite is a scenario. Each check is one passed case over all seeds in which it held, and one
//! failed case per failing seed, `check[seed=0x…]`, up to a bound; never a case per passing seed. A
//! check that could not judge is an error and not a skipped case: readers show skipped cases as
//! good. Names are unique, since GitLab keeps only the first of equal ones, and the text of a case
//! stands in its content, which is what GitLab shows.

use std::collections::BTreeSet;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::failure::{Failing, Failures, Signature, Undecided};
use crate::figures::{count, counted};
use crate::seed::SeedEvidence;
use crate::sweep::Sweep;
use crate::sweep_document::SweepSummary;
use crate::verdict::RunVerdict;

/// What only the caller knows of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JunitDetails {
    /// Wall time, where it was taken. It makes the output differ from run to run.
    pub wall: Option<Duration>,
    /// Properties of each suite, such as the commit, the seed range or the shard.
    pub properties: Vec<(String, String)>,
}

/// One report over several sweeps.
pub fn render(sweeps: &[&Sweep], details: &JunitDetails) -> String {
    let mut report = Report::new("proveniq");
    for sweep in sweeps {
        report.add_test_suite(suite(sweep, details));
    }
    if let Some(wall) = details.wall {
        report.set_time(wall);
    }
    report
        .to_string()
        .expect("writing XML of checked strings into memory cannot fail")
}

fn suite(sweep: &Sweep, details: &JunitDetails) -> TestSuite {
    let scenario = &sweep.scope.scenario;
    let mut suite = TestSuite::new(scenario.as_str());
    let summary = SweepSummary::of(sweep);
    for (name, value) in [
        ("seeds", summary.seeds.to_string()),
        ("verdict", summary.verdict.to_string()),
        ("confidence", summary.confidence.statement),
    ] {
        suite.add_property(Property::new(name, value));
    }
    for (name, value) in &details.properties {
        suite.add_property(Property::new(name.as_str(), value.as_str()));
    }
    if let Some(wall) = details.wall {
        suite.set_time(wall);
    }
    let checks = check_names(sweep);
    let cases = run_cases(sweep)
        .into_iter()
        .chain(checks.iter().flat_map(|check| check_cases(sweep, check)))
        .chain(sometimes_cases(sweep));
    for mut case in cases {
        case.set_classname(scenario.as_str());
        suite.add_test_case(case);
    }
    suite
}

/// The sweep's checks in their order, and those that only a line names.
fn check_names(sweep: &Sweep) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let violated = sweep
        .failures
        .keys()
        .filter_map(|signature| match signature {
            Signature::Violated { check, .. } => Some(check),
            Signature::FailedToRun { .. } => None,
        });
    sweep
        .scope
        .checks
        .iter()
        .chain(violated)
        .chain(sweep.undecided.keys())
        .filter(|check| seen.insert(check.as_str()))
        .cloned()
        .collect()
}

/// Whether seeds could be run at all.
fn run_cases(sweep: &Sweep) -> Vec<TestCase> {
    let ran = ran(sweep);
    let text = format!("{} ran to a verdict", counted(ran, "seed", "seeds"));
    let passing = (ran > 0).then(|| passed("runs", &text));
    let stopped = sweep.stopped.then(|| {
        let verdict = format!(
            "stopped before the last seed, with {} done",
            count(sweep.seeds())
        );
        let kind = NonSuccessKind::Error;
        not_passed(kind, "runs[stopped]", "stopped", &verdict, &verdict)
    });
    let failed = sweep
        .failures
        .iter()
        .filter(|(signature, _)| matches!(signature, Signature::FailedToRun { .. }))
        .flat_map(|(signature, failures)| failing_cases("runs", signature, failures));
    passing.into_iter().chain(stopped).chain(failed).collect()
}

fn check_cases(sweep: &Sweep, check: &str) -> Vec<TestCase> {
    let of_check = |signature: &Signature| matches!(signature, Signature::Violated { check: violated, .. } if violated == check);
    let violated: Vec<_> = sweep
        .failures
        .iter()
        .filter(|(signature, _)| of_check(signature))
        .collect();
    let undecided = sweep.undecided.get(check);
    let violated_seeds: u64 = violated.iter().map(|(_, failures)| failures.seeds).sum();
    let unknown_seeds = undecided.map_or(0, |undecided| undecided.seeds);
    let ran = ran(sweep);
    let held = ran.saturating_sub(violated_seeds + unknown_seeds);
    let of_all = counted(ran, "seed", "seeds");
    let text = format!("held in {} of {of_all}", count(held));
    (held > 0)
        .then(|| passed(check, &text))
        .into_iter()
        .chain(
            violated
                .into_iter()
                .flat_map(|(signature, failures)| failing_cases(check, signature, failures)),
        )
        .chain(undecided.map(|undecided| undecided_case(check, undecided)))
        .collect()
}

/// How many seeds left a record.
fn ran(sweep: &Sweep) -> u64 {
    sweep.seeds() - sweep.count(RunVerdict::FailedToRun)
}

/// One case per kept seed of a failure, and one that stands for all the others.
fn failing_cases(name: &str, signature: &Signature, failures: &Failures) -> Vec<TestCase> {
    let kind = match signature {
        Signature::Violated { .. } => NonSuccessKind::Failure,
        Signature::FailedToRun { .. } => NonSuccessKind::Error,
    };
    let sort = signature.in_words();
    let mut cases: Vec<TestCase> = failures
        .kept
        .iter()
        .map(|(seed, failing)| {
            let verdict = match signature {
                Signature::Violated { check, kind, .. } => {
                    format!("{check} ({kind}) is violated by seed {seed}")
                }
                Signature::FailedToRun { .. } => format!("seed {seed} failed to run"),
            };
            let text = text_of(&verdict, failing);
            not_passed(
                kind,
                &format!("{name}[seed={seed}]"),
                &sort,
                &verdict,
                &text,
            )
        })
        .collect();
    let more = failures.seeds - cases.len() as u64;
    if more > 0 {
        let verdict = format!("{}: {sort}", counted(more, "more seed", "more seeds"));
        let name = format!("{name}[more: {sort}]");
        cases.push(not_passed(kind, &name, &sort, &verdict, &verdict));
    }
    cases
}

fn undecided_case(check: &str, undecided: &Undecided) -> TestCase {
    let seeds = counted(undecided.seeds, "seed", "seeds");
    let verdict = format!("{check} could not judge {seeds}");
    let reason = std::slice::from_ref(&undecided.reason);
    let text = text(&verdict, &undecided.reproduce, reason);
    let name = format!("{check}[unknown]");
    not_passed(NonSuccessKind::Error, &name, "unknown", &verdict, &text)
}

/// A part of a sweep has no case for what it did not reach: the rest may have.
fn sometimes_cases(sweep: &Sweep) -> Vec<TestCase> {
    let told = |reached: u64| reached > 0 || !sweep.is_partial();
    let states = sweep.sometimes.iter();
    states
        .filter(|(_, reached)| told(**reached))
        .map(|(state, reached)| {
            let name = format!("sometimes[{state}]");
            match reached {
                0 => {
                    let verdict = format!(
                        "{state} was reached by none of {}",
                        counted(sweep.seeds(), "seed", "seeds")
                    );
                    not_passed(
                        NonSuccessKind::Failure,
                        &name,
                        "sometimes",
                        &verdict,
                        &verdict,
                    )
                }
                seeds => passed(
                    &name,
                    &format!("reached in {}", counted(*seeds, "seed", "seeds")),
                ),
            }
        })
        .collect()
}

fn passed(name: &str, text: &str) -> TestCase {
    let mut case = TestCase::new(name, TestCaseStatus::success());
    case.set_system_out(text);
    case
}

fn not_passed(kind: NonSuccessKind, name: &str, sort: &str, message: &str, text: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_message(message)
        .set_type(sort)
        .set_description(text);
    TestCase::new(name, status)
}

fn text_of(verdict: &str, failing: &Failing) -> String {
    let mut evidence: Vec<String> = failing
        .evidence
        .iter()
        .map(SeedEvidence::in_words)
        .collect();
    let more = failing.evidence_total.saturating_sub(evidence.len() as u64);
    if more > 0 {
        evidence.push(format!(
            "… and {}",
            counted(more, "more piece", "more pieces")
        ));
    }
    text(verdict, &failing.reproduce, &evidence)
}

fn text(verdict: &str, reproduce: &str, evidence: &[String]) -> String {
    format!(
        "{verdict}\nrun it again: {reproduce}\n\n{}\n",
        evidence.join("\n")
    )
}
