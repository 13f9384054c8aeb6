//! One judged history as a document for machines: `proveniq/check/v1`.
//!
//! The structs here are the format, filled from a report and never the other way round.

use serde::{Deserialize, Serialize};
use sim::checkers::verdict::Evidence;

use crate::check::CheckReport;
use crate::schema::{Document, Schema};
use crate::verdict::RunVerdict;

/// One judged history: `proveniq/check/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckDocument {
    /// `proveniq/check/v1`.
    pub schema: Schema<CheckDocument>,
    /// `held`, `violated` or `unknown`.
    pub verdict: RunVerdict,
    /// What the history was judged as.
    pub model: String,
    /// How many operations it has.
    pub operations: u64,
    /// The verdict in a sentence.
    pub explanation: String,
    /// What its transactions were held to; null for models that have no transactions.
    pub isolation: Option<String>,
    /// Every isolation level the history breaks, asked for or not, weakest first.
    pub broken_levels: Vec<String>,
    /// The proofs, none unless the verdict is `violated`.
    pub evidence: Vec<CheckEvidence>,
}

/// One proof that the promise was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckEvidence {
    /// The broken rule.
    pub rule: String,
    /// The proof in a sentence.
    pub statement: String,
    /// The operations it rests on, counted from 0 in order of invocation.
    pub operations: Vec<u32>,
}

impl Document for CheckDocument {
    const SCHEMA: &'static str = "proveniq/check/v1";
}

impl CheckDocument {
    pub(crate) fn of(report: &CheckReport<'_>) -> CheckDocument {
        let judgement = report.judgement;
        let broken = judgement.broken_levels.iter();
        CheckDocument {
            schema: Schema::new(),
            verdict: report.verdict(),
            model: judgement.model.name().to_owned(),
            operations: judgement.operations as u64,
            explanation: report.explanation(),
            isolation: report.isolation().map(|level| level.name().to_owned()),
            broken_levels: broken.map(|level| level.name().to_owned()).collect(),
            evidence: judgement.verdict.evidence().iter().map(entry).collect(),
        }
    }
}

fn entry(evidence: &Evidence) -> CheckEvidence {
    CheckEvidence {
        rule: evidence.rule.to_owned(),
        statement: evidence.statement.clone(),
        operations: evidence.operations.iter().map(|id| id.0).collect(),
    }
}
