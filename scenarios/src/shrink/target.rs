//! What a smaller run must still do: violate the same check on the same subject.
//!
//! Any failure would not do. Taking things away until anything at all is wrong drifts to other bugs,
//! often to ones that nobody looked for and that hide the first.
//!
//! Most subjects have names of their own, drawn or given. Some are *numbered* as they come, such as audit
//! entries and what is delivered of the outbox: there the 226th is another one as soon as an operation
//! before it is gone. Of those any will do, if the same is said of it.

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

    /// What all that belongs to the subject has in its names.
    pub fn subject_name(&self) -> &str {
        subject_name(&self.subject)
    }

    /// The evidence of this failure in a run, if it fails so.
    pub fn evidence_in<'a>(&self, judgements: &'a [Judgement]) -> Option<&'a Evidence> {
        let mut judged = judgements.iter().filter(|it| it.check == self.check);
        judged.next().and_then(|judgement| {
            let exactly = |it: &&Evidence| it.subject == self.subject;
            let found = evidence(judgement).iter().find(exactly);
            found.or_else(|| evidence(judgement).iter().find(|it| self.is_like(it)))
        })
    }

    /// Whether a failure is this one but for the number of its subject.
    fn is_like(&self, evidence: &Evidence) -> bool {
        let own = unnumbered(&self.subject);
        own != self.subject
            && own == unnumbered(&evidence.subject)
            && shape(&self.claim) == shape(&evidence.claim)
    }

    /// The same failure as it is told of a run that fails so.
    pub fn as_in(self, outcome: &Outcome) -> Target {
        let Some(evidence) = self.evidence_in(&outcome.judgements) else {
            return self;
        };
        Target {
            subject: evidence.subject.clone(),
            claim: evidence.claim.clone(),
            check: self.check,
        }
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

/// What all that belongs to a subject has in its names: `saga-9f03c2` is about `asset-9f03c2`.
pub fn subject_name(subject: &str) -> &str {
    match subject.rsplit_once('-') {
        Some((_, name)) if name.len() >= 8 => name,
        _ => subject,
    }
}

/// A subject's name with `#` in place of numbers that are given out one after the other: those that stand
/// alone, those behind an underscore, and those filled up to ten digits. `receiver-4` has a name, not a number.
pub fn unnumbered(subject: &str) -> String {
    const FILLED_UP_TO: usize = 10;
    let mut told = String::new();
    let mut rest = subject;
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (between, word) = rest.split_at(at);
        let end = word.find(|c: char| !c.is_ascii_alphanumeric());
        let (word, behind) = word.split_at(end.unwrap_or(word.len()));
        told += between;
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        let alone = told.is_empty() || told.ends_with([' ', '_']);
        let is_number = digits && (alone || word.len() == FILLED_UP_TO);
        told += if is_number { "#" } else { word };
        rest = behind;
    }
    told + rest
}

/// What is said whatever it is said of: a sentence with `#` in place of each word that has a digit.
pub fn shape(claim: &str) -> String {
    let words = claim.split(' ').map(|word| {
        let is_named = word.bytes().any(|byte| byte.is_ascii_digit());
        if is_named { "#" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_given_out_are_no_part_of_a_name() {
        for (subject, expected) in [
            ("audit entry 3", "audit entry #"),
            ("evt_17", "evt_#"),
            ("delivery-0000000226-receiver-1", "delivery-#-receiver-1"),
            ("asset-c29394ef4ba9bb76", "asset-c29394ef4ba9bb76"),
            ("asset-1234567890123456", "asset-1234567890123456"),
            ("core-2 to ledger", "core-2 to ledger"),
            ("", ""),
        ] {
            assert_eq!(unnumbered(subject), expected, "{subject}");
        }
    }

    #[test]
    fn another_number_will_do_if_the_same_is_said_of_it() {
        let target = |subject: &str, claim: &str| Target {
            check: "webhook_conserved".to_owned(),
            subject: subject.to_owned(),
            claim: claim.to_owned(),
        };
        let found = |target: &Target, evidence: Evidence| {
            let judged = [Judgement {
                check: "webhook_conserved",
                kind: sim::check::Kind::Always,
                verdict: Verdict::Violated(vec![evidence]),
            }];
            target.evidence_in(&judged).is_some()
        };
        let late = target(
            "delivery-0000000226-receiver-1",
            "attempt 2 came 288 ms late",
        );
        for (subject, claim, expected) in [
            (
                "delivery-0000000003-receiver-1",
                "attempt 5 came 1 ms late",
                true,
            ),
            (
                "delivery-0000000003-receiver-2",
                "attempt 5 came 1 ms late",
                false,
            ),
            ("delivery-0000000003-receiver-1", "it was lost", false),
            ("delivery-0000000226-receiver-1", "it was lost", true),
        ] {
            assert_eq!(
                found(&late, Evidence::new(subject, claim)),
                expected,
                "{subject} {claim}"
            );
        }
        let gone = target("asset-c29394ef4ba9bb76", "it is gone");
        assert!(!found(
            &gone,
            Evidence::new("asset-00000000ffffffff", "it is gone")
        ));
    }
}
