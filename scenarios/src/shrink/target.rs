//! What a smaller run must still do: violate the same check on the same subject.
//!
//! Any failure would not do. Taking things away until anything at all is wrong drifts to other bugs,
//! often to ones that nobody looked for and that hide the first.

use serde::{Deserialize, Serialize};
use sim::check::{Evidence, Judgement, Verdict};

use super::ShrinkError;
use crate::run::Outcome;

/// How a run fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The violated check.
    pub check: String,
    /// The subject it is violated on.
    pub subject: String,
    /// What is wrong, in a sentence. It may be told otherwise in a smaller run.
    pub claim: String,
}

impl Target {
    /// How a run fails: by the check asked for, or else the first violated one.
    ///
    /// # Errors
    /// When no check is violated, or not the one asked for.
    pub fn of(outcome: &Outcome, check: Option<&str>) -> Result<Target, ShrinkError> {
        let violated = |judgement: &&Judgement| {
            matches!(judgement.verdict, Verdict::Violated(_))
                && check.is_none_or(|check| check == judgement.check)
        };
        let found = outcome.judgements.iter().find(violated);
        let Some((judgement, first)) =
            found.and_then(|judgement| Some((judgement, evidence(judgement).first()?)))
        else {
            let what = match check {
                Some(check) => format!("the run does not violate `{check}`"),
                None => "the run violates no check".to_owned(),
            };
            return Err(ShrinkError::NothingViolated(what));
        };
        Ok(Target {
            check: judgement.check.to_owned(),
            subject: first.subject.clone(),
            claim: first.claim.clone(),
        })
    }

    /// What all that belongs to the subject has in its names: `saga-9f03c2` is about `asset-9f03c2`.
    pub fn subject_name(&self) -> &str {
        match self.subject.rsplit_once('-') {
            Some((_, name)) if name.len() >= 8 => name,
            _ => &self.subject,
        }
    }

    /// The evidence of this failure in a run, if it fails so.
    pub fn evidence_in<'a>(&self, judgements: &'a [Judgement]) -> Option<&'a Evidence> {
        let mut judged = judgements.iter().filter(|it| it.check == self.check);
        judged.next().and_then(|judgement| {
            evidence(judgement)
                .iter()
                .find(|it| it.subject == self.subject)
        })
    }

    /// Whether a run fails so.
    pub fn is_met_by(&self, outcome: &Outcome) -> bool {
        self.evidence_in(&outcome.judgements).is_some()
    }
}

fn evidence(judgement: &Judgement) -> &[Evidence] {
    match &judgement.verdict {
        Verdict::Violated(evidence) => evidence,
        Verdict::Held | Verdict::Unknown(_) => &[],
    }
}
