//! What a checker answers: held, violated with evidence, or unknown with the reason.
//!
//! There is no two-valued answer anywhere in the checkers: a `bool` would force a search that ran out of budget, or a
//! history in which nothing happened, to be filed under "fine". How a verdict is printed or turned into an exit code is
//! decided elsewhere.
//!
//! [`crate::check::Verdict`] means the same of a *run*, and is another type on purpose: its evidence points at events of
//! a record and is saved with it, while evidence here is a rule and a plain sentence about operations of a history that
//! need not come from a simulation, and its reason for not knowing is one of a few, so that tests can tell them apart.

use std::fmt;

use super::history::OperationId;

/// The answer of one checker about one history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The promise was kept by everything the history shows.
    Held,
    /// The promise was broken. Invariant: the list is not empty, and its first entry is the shortest proof found.
    Violated(Vec<Evidence>),
    /// The checker cannot tell. Never to be reported as held.
    Unknown(UnknownReason),
}

/// One proof that a promise was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Name of the broken rule, stable across releases, such as `lost-update` or `linearizability`.
    pub rule: &'static str,
    /// The proof in English, complete without the other fields.
    pub statement: String,
    /// The operations the proof rests on, in the order in which the statement uses them.
    pub operations: Vec<OperationId>,
}

/// Why a checker could not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownReason {
    /// No operation completed, so that any promise holds of this history for want of a counterexample.
    NothingObserved,
    /// The search used up what it was allowed before it could decide.
    BudgetExhausted {
        /// What ran out, with its unit, such as `search steps`.
        resource: &'static str,
        /// How much was spent when the search stopped.
        spent: u64,
    },
    /// The history can be read in more than one way, such as one value written twice.
    Ambiguous(String),
    /// The history ends before the promise falls due, such as a queue that nobody emptied.
    Unsettled(String),
}

impl Verdict {
    /// Turns collected evidence into a verdict: none found means held.
    ///
    /// Call it only when the search for evidence was complete; an incomplete one is [`Verdict::Unknown`].
    pub fn from_evidence(evidence: Vec<Evidence>) -> Self {
        if evidence.is_empty() {
            Self::Held
        } else {
            Self::Violated(evidence)
        }
    }

    /// Joins the verdicts on two parts of one history: violated beats unknown, unknown beats held.
    ///
    /// The order matters: a broken promise stays broken however little is known of the rest, and a part that could not
    /// be judged keeps the whole from being called held.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Violated(mut left), Self::Violated(right)) => {
                left.extend(right);
                Self::Violated(left)
            }
            (violated @ Self::Violated(_), _) | (_, violated @ Self::Violated(_)) => violated,
            (unknown @ Self::Unknown(_), _) | (_, unknown @ Self::Unknown(_)) => unknown,
            (Self::Held, Self::Held) => Self::Held,
        }
    }

    /// The evidence, empty unless the verdict is violated.
    pub fn evidence(&self) -> &[Evidence] {
        match self {
            Self::Violated(evidence) => evidence,
            Self::Held | Self::Unknown(_) => &[],
        }
    }

    /// The word used in reports: `held`, `violated` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Violated(_) => "violated",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => write!(out, "held"),
            Self::Unknown(reason) => write!(out, "unknown: {reason}"),
            Self::Violated(evidence) => {
                write!(out, "violated")?;
                evidence
                    .iter()
                    .try_for_each(|one| write!(out, "\n{}: {}", one.rule, one.statement))
            }
        }
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingObserved => {
                write!(out, "no operation completed, so the history says nothing")
            }
            Self::BudgetExhausted { resource, spent } => {
                write!(out, "gave up after {spent} {resource}")
            }
            Self::Ambiguous(why) | Self::Unsettled(why) => out.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violated(rule: &'static str) -> Verdict {
        Verdict::from_evidence(vec![Evidence {
            rule,
            statement: "proof".into(),
            operations: vec![],
        }])
    }

    fn unknown() -> Verdict {
        Verdict::Unknown(UnknownReason::NothingObserved)
    }

    #[test]
    fn joining_never_hides_the_worse_part() {
        let cases = [
            (Verdict::Held, Verdict::Held, "held"),
            (Verdict::Held, unknown(), "unknown"),
            (unknown(), Verdict::Held, "unknown"),
            (unknown(), violated("a"), "violated"),
            (violated("a"), unknown(), "violated"),
            (violated("a"), violated("b"), "violated"),
        ];
        for (left, right, word) in cases {
            assert_eq!(left.and(right).word(), word);
        }
    }

    #[test]
    fn joining_two_violations_keeps_both_proofs() {
        let rules: Vec<_> = violated("a")
            .and(violated("b"))
            .evidence()
            .iter()
            .map(|one| one.rule)
            .collect();
        assert_eq!(rules, ["a", "b"]);
    }

    #[test]
    fn no_evidence_means_held() {
        assert_eq!(Verdict::from_evidence(vec![]), Verdict::Held);
    }
}
