//! Checks: promises judged over a record.
//!
//! A check reads the [`Record`] only, never a node's memory, and answers with one of three verdicts.
//! *Unknown* says that the record does not allow a judgement, and is never reported as held. What
//! the system promises stands with the system; here are the shape of a check and the generic one
//! over latency objectives.

pub mod objective;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::Record;
use crate::record::history::OperationId;
use crate::record::trace::EventId;
use crate::time::SimTime;

/// When a promise must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// At every moment.
    Always,
    /// After all faults are healed and the system is quiet.
    Eventually,
    /// In some run of a sweep.
    Sometimes,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Always => "always",
            Kind::Eventually => "eventually",
            Kind::Sometimes => "sometimes",
        })
    }
}

/// One reason why a promise was broken: the shortest piece of the record that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What this is about, such as an asset or a key: the same bug shows on the same subject.
    pub subject: String,
    /// What is wrong, in a sentence.
    pub claim: String,
    /// The operations that show it.
    #[serde(default)]
    pub operations: Vec<OperationId>,
    /// The events that show it.
    #[serde(default)]
    pub events: Vec<EventId>,
    /// When it went wrong, where that is known.
    #[serde(default)]
    pub at: Option<SimTime>,
}

impl Evidence {
    /// Evidence about a subject.
    pub fn new(subject: impl Into<String>, claim: impl Into<String>) -> Evidence {
        Evidence {
            subject: subject.into(),
            claim: claim.into(),
            operations: Vec::new(),
            events: Vec::new(),
            at: None,
        }
    }

    /// Adds an operation that shows it.
    #[must_use]
    pub fn shown_by(mut self, operation: OperationId) -> Evidence {
        self.operations.push(operation);
        self
    }
}

/// What a check makes of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The promise was kept.
    Held,
    /// It was broken; the evidence, never empty.
    Violated(Vec<Evidence>),
    /// The record does not allow a judgement; why.
    Unknown(String),
}

impl Verdict {
    /// Violated when there is evidence, held when there is none.
    pub fn from_evidence(evidence: Vec<Evidence>) -> Verdict {
        if evidence.is_empty() {
            Verdict::Held
        } else {
            Verdict::Violated(evidence)
        }
    }

    /// `held`, `violated` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::Violated(_) => "violated",
            Verdict::Unknown(_) => "unknown",
        }
    }
}

/// A promise and how to judge it.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// When it must hold.
    pub kind: Kind,
    /// The promise in a sentence.
    pub promise: &'static str,
    /// The judgement. An error is the reason for an unknown verdict.
    pub judge: fn(&Record) -> Result<Vec<Evidence>, String>,
}

impl Check {
    /// Judges a record.
    pub fn verdict(&self, record: &Record) -> Verdict {
        match (self.judge)(record) {
            Ok(evidence) => Verdict::from_evidence(evidence),
            Err(reason) => Verdict::Unknown(reason),
        }
    }
}

/// A check's verdict in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The check's name.
    pub check: &'static str,
    /// When it must hold.
    pub kind: Kind,
    /// What it made of the record.
    pub verdict: Verdict,
}

/// The check every run has: no node panicked or span.
pub const NODES_BEHAVE: Check = Check {
    name: "nodes_behave",
    kind: Kind::Always,
    promise: "no node panics, and none spins without letting time pass",
    judge: |record| {
        let evidence = record.findings.iter().map(|finding| Evidence {
            at: Some(finding.at),
            ..Evidence::new(finding.node.clone(), finding.to_string())
        });
        Ok(evidence.collect())
    },
};

/// Judges a record by several checks, the world's own first. A run that did not come to its end by
/// itself gets an unknown verdict on every promise that is due only at the end.
pub fn judge(record: &Record, checks: &[Check]) -> Vec<Judgement> {
    std::iter::once(&NODES_BEHAVE)
        .chain(checks)
        .map(|check| Judgement {
            check: check.name,
            kind: check.kind,
            verdict: verdict_of(check, record),
        })
        .collect()
}

fn verdict_of(check: &Check, record: &Record) -> Verdict {
    match (check.verdict(record), record.ending.trouble()) {
        (Verdict::Held, Some(trouble)) => Verdict::Unknown(trouble.to_owned()),
        (verdict, _) => verdict,
    }
}

/// The verdict over all: violated if any is, else unknown if any is, else held.
pub fn overall(judgements: &[Judgement]) -> &'static str {
    let any = |name| {
        judgements
            .iter()
            .any(|judgement| judgement.verdict.name() == name)
    };
    if any("violated") {
        "violated"
    } else if any("unknown") {
        "unknown"
    } else {
        "held"
    }
}
