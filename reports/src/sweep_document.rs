//! A sweep as a document for machines: `proveniq/sweep/v1`, the last line of `sweep --json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sim::check::Kind;
use sim::record::history::OperationCounts;

use crate::confidence::Confidence;
use crate::failure::{Failures, Signature};
use crate::schema::{Document, Schema};
use crate::seed::Seed;
use crate::style::Style;
use crate::sweep::Sweep;
use crate::sweep_text;
use crate::verdict::RunVerdict;

/// A sweep's result: `proveniq/sweep/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepSummary {
    /// `proveniq/sweep/v1`.
    pub schema: Schema<SweepSummary>,
    /// The scenario's name.
    pub scenario: String,
    /// The verdict over the sweep.
    pub verdict: RunVerdict,
    /// Whether these are a share of the sweep's seeds; `proveniq merge` makes one sweep of all shares.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub share: bool,
    /// Whether it was stopped before its last seed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
    /// How many seeds were run.
    pub seeds: u64,
    /// In how many of them every check held.
    pub held: u64,
    /// In how many a check was violated.
    pub violated: u64,
    /// In how many no check was violated, but one could not judge.
    pub unknown: u64,
    /// How many left no record.
    pub failed_to_run: u64,
    /// How many seeds reached each named state; 0 for a state that had to be reached and was not.
    pub sometimes: BTreeMap<String, u64>,
    /// Distinct failures, the most frequent first.
    pub failures: Vec<DistinctFailure>,
    /// Checks that could not judge in some seed.
    pub undecided: Vec<UndecidedCheck>,
    /// Client operations over all seeds.
    pub operations: OperationCounts,
    /// Events over all seeds.
    pub events: u64,
    /// Simulated milliseconds over all seeds.
    pub simulated_ms: u64,
    /// What all this allows to say.
    pub confidence: Confidence,
}

/// Failures taken for the same: one check on one kind of subject, or one reason not to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistinctFailure {
    /// A stable name for it, such as `link_agreement on asset-#`.
    pub signature: String,
    /// The violated check; null when the run failed to run.
    pub check: Option<String>,
    /// When that check must hold.
    pub kind: Option<Kind>,
    /// Whether the runs were lost to something outside, such as a signal: another try may succeed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost_from_outside: bool,
    /// How many seeds failed so.
    pub seeds: u64,
    /// The smallest of them.
    pub first_seed: Seed,
    /// What is wrong in that seed.
    pub claim: String,
    /// The one command that runs that seed again.
    pub reproduce: String,
}

/// A check that could not judge in some seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndecidedCheck {
    /// The check's name.
    pub check: String,
    /// In how many seeds.
    pub seeds: u64,
    /// The smallest of them.
    pub first_seed: Seed,
    /// Why not, in that seed.
    pub reason: String,
    /// The one command that runs that seed again.
    pub reproduce: String,
}

impl Document for SweepSummary {
    const SCHEMA: &'static str = "proveniq/sweep/v1";
}

impl SweepSummary {
    /// The summary of a sweep.
    pub fn of(sweep: &Sweep) -> SweepSummary {
        let mut failures: Vec<DistinctFailure> = sweep
            .failures
            .iter()
            .map(|(signature, failures)| distinct_failure(signature, failures))
            .collect();
        failures.sort_by_key(|failure| std::cmp::Reverse(failure.seeds));
        SweepSummary {
            schema: Schema::new(),
            scenario: sweep.scope.scenario.clone(),
            verdict: sweep.verdict(),
            share: sweep.scope.is_share,
            stopped: sweep.stopped,
            seeds: sweep.seeds(),
            held: sweep.count(RunVerdict::Held),
            violated: sweep.count(RunVerdict::Violated),
            unknown: sweep.count(RunVerdict::Unknown),
            failed_to_run: sweep.count(RunVerdict::FailedToRun),
            sometimes: sweep.sometimes.clone(),
            failures,
            undecided: undecided(sweep),
            operations: sweep.operations,
            events: sweep.events,
            simulated_ms: sweep.simulated_ms,
            confidence: Confidence::of(sweep),
        }
    }

    /// The states that had to be reached and never were. Of a part of a sweep there are none.
    pub(crate) fn unreached(&self) -> impl Iterator<Item = &str> {
        let whole = !self.share && !self.stopped;
        let missed = self.sometimes.iter();
        let missed = missed.filter(move |(_, seeds)| whole && **seeds == 0);
        missed.map(|(state, _)| state.as_str())
    }

    /// The summary for people; ends with a line break.
    pub fn to_text(&self, style: Style) -> String {
        sweep_text::render(self, style)
    }
}

fn distinct_failure(signature: &Signature, failures: &Failures) -> DistinctFailure {
    let (first_seed, failing) = failures.first();
    let (check, kind, lost_from_outside) = match signature {
        Signature::Violated { check, kind, .. } => (Some(check.clone()), Some(*kind), false),
        Signature::FailedToRun { from_outside, .. } => (None, None, *from_outside),
    };
    DistinctFailure {
        signature: signature.in_words(),
        check,
        kind,
        lost_from_outside,
        seeds: failures.seeds,
        first_seed,
        claim: failing.claim(),
        reproduce: failing.reproduce.clone(),
    }
}

fn undecided(sweep: &Sweep) -> Vec<UndecidedCheck> {
    let found = sweep.undecided.iter();
    found
        .map(|(check, undecided)| UndecidedCheck {
            check: check.clone(),
            seeds: undecided.seeds,
            first_seed: undecided.first_seed,
            reason: undecided.reason.clone(),
            reproduce: undecided.reproduce.clone(),
        })
        .collect()
}
