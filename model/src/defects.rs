//! Defects: named bugs that can be switched on, to show that the checks catch them.
//!
//! All are off by default. In the code a defect is one fork in one place, a few lines beside the
//! right way, found by searching for its name here.

use std::fmt;
use std::str::FromStr;

/// A bug on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Defect {
    /// Core answers before the commit that makes the answer true.
    AckBeforeCommit,
    /// The device executes a command again although it has executed that operation before.
    LinkNotIdempotent,
    /// The device moves its latch before the command is in its journal.
    LatchBeforeJournal,
    /// The device executes a link that was taken back, when it comes late.
    UnlinkForgetsLateLink,
    /// The device remembers no operation but the last.
    DedupMemoryOfOne,
    /// Core takes a Locker's silence for "did not happen" and forgets the asset.
    TimeoutTreatedAsFailure,
    /// A reused idempotency key returns the former answer even for another request.
    KeyIgnoresBody,
    /// No instance takes over the registration of one that crashed.
    SagaNotResumedAfterCrash,
    /// The synchronous path waits for the hardware's own time limit instead of its budget.
    HardwareLimitOnSynchronousPath,
    /// An error that says nothing of a neighbour's health opens the circuit breaker before it.
    BreakerCountsValidationErrors,
    /// A half-open circuit breaker lets every call pass as a probe.
    HalfOpenAdmitsMany,
    /// A probe whose caller went away keeps its place in the half-open circuit breaker.
    BreakerNeverCloses,
    /// A connection whose user went away in the middle of a statement is lost to its pool.
    ConnectionLeakedOnTimeout,
    /// An alert fires as soon as its condition is found.
    AlertFiresWithoutWaiting,
    /// An alert that fired stays firing.
    AlertNeverResolves,
}

/// What is known of a defect.
#[derive(Clone, Copy, Debug)]
pub struct DefectInfo {
    /// The defect.
    pub defect: Defect,
    /// The name by which it is switched on.
    pub name: &'static str,
    /// The mistake, in a sentence.
    pub mistake: &'static str,
    /// A real system that made it, where one is known.
    pub seen_in: Option<&'static str>,
    /// The check that must catch it.
    pub caught_by: &'static str,
}

/// Every defect.
pub const DEFECTS: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::AckBeforeCommit,
        name: "ack_before_commit",
        mistake: "the answer is sent once the write is staged, before its commit is known",
        seen_in: None,
        caught_by: "acked_writes_survive",
    },
    DefectInfo {
        defect: Defect::LinkNotIdempotent,
        name: "link_not_idempotent",
        mistake: "the device does not remember operation ids and links the same asset twice",
        seen_in: Some(
            "camunda #7995: a command resent until acknowledged, at a receiver that does not dedupe",
        ),
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::LatchBeforeJournal,
        name: "latch_before_journal",
        mistake: "the latch moves first; a power failure before the journal knows leaves the asset \
                  in a slot that nothing accounts for, and the repeated command takes another",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::UnlinkForgetsLateLink,
        name: "unlink_forgets_late_link",
        mistake: "an unlink frees the slot and leaves no tombstone, so a link command that comes \
                  after its compensation is executed",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::DedupMemoryOfOne,
        name: "dedup_memory_of_one",
        mistake: "the device remembers only its last operation, so one command in between makes \
                  it forget which links were taken back",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::TimeoutTreatedAsFailure,
        name: "timeout_treated_as_failure",
        mistake: "a command without an answer is taken as not executed, and its asset is deleted",
        seen_in: None,
        caught_by: "link_agreement",
    },
    DefectInfo {
        defect: Defect::KeyIgnoresBody,
        name: "key_ignores_body",
        mistake: "an idempotency key is looked up without comparing the request it was given for",
        seen_in: None,
        caught_by: "no_phantom_writes",
    },
    DefectInfo {
        defect: Defect::SagaNotResumedAfterCrash,
        name: "saga_not_resumed_after_crash",
        mistake: "expired leases are never claimed, so work in progress dies with its instance",
        seen_in: Some(
            "dbos-ts #716: recovery swallowed an error and left workflows pending for ever",
        ),
        caught_by: "everything_settles",
    },
    DefectInfo {
        defect: Defect::HardwareLimitOnSynchronousPath,
        name: "hardware_limit_on_synchronous_path",
        mistake: "users wait for the 30 s hardware limit instead of the 5 s budget of the request",
        seen_in: None,
        caught_by: "slo_met",
    },
    DefectInfo {
        defect: Defect::BreakerCountsValidationErrors,
        name: "breaker_counts_validation_errors",
        mistake: "a refused request counts as a failure of the neighbour that refused it",
        seen_in: None,
        caught_by: "breaker_legal",
    },
    DefectInfo {
        defect: Defect::HalfOpenAdmitsMany,
        name: "half_open_admits_many",
        mistake: "every call that comes while the breaker is half-open passes as a probe",
        seen_in: Some(
            "resilience4j #1432, opossum #119: half-open let a flood pass instead of one probe",
        ),
        caught_by: "breaker_legal",
    },
    DefectInfo {
        defect: Defect::BreakerNeverCloses,
        name: "breaker_never_closes",
        mistake: "a probe that is abandoned does not give its place back, and nobody gives it up",
        seen_in: Some(
            "resilience4j #544, #903, monix #1080: a cancelled or ignored probe kept its permit for ever",
        ),
        caught_by: "breaker_legal",
    },
    DefectInfo {
        defect: Defect::ConnectionLeakedOnTimeout,
        name: "connection_leaked_on_timeout",
        mistake: "a lease dropped in the middle of a statement is neither returned nor discarded",
        seen_in: None,
        caught_by: "pool_bounded",
    },
    DefectInfo {
        defect: Defect::AlertFiresWithoutWaiting,
        name: "alert_fires_without_waiting",
        mistake: "an alert does not wait until its condition has held for the rule's time",
        seen_in: None,
        caught_by: "alerts_right",
    },
    DefectInfo {
        defect: Defect::AlertNeverResolves,
        name: "alert_never_resolves",
        mistake: "an alert whose condition has ended is not resolved",
        seen_in: None,
        caught_by: "alerts_right",
    },
];

impl Defect {
    /// What is known of it.
    pub fn info(self) -> &'static DefectInfo {
        DEFECTS
            .iter()
            .find(|info| info.defect == self)
            .expect("every defect stands in the list")
    }
}

/// No defect has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no defect `{name}`{}", .near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownDefect {
    /// What was asked for.
    pub name: String,
    /// The nearest name there is.
    pub near: Option<&'static str>,
}

impl FromStr for Defect {
    type Err = UnknownDefect;

    fn from_str(name: &str) -> Result<Defect, UnknownDefect> {
        let found = DEFECTS.iter().find(|info| info.name == name);
        found.map(|info| info.defect).ok_or_else(|| UnknownDefect {
            name: name.to_owned(),
            near: sim::nearest::nearest(name, DEFECTS.iter().map(|info| info.name)),
        })
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

/// The defects switched on in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defects(Vec<Defect>);

impl Defects {
    /// These and no others.
    pub fn of(defects: impl IntoIterator<Item = Defect>) -> Defects {
        let mut defects: Vec<Defect> = defects.into_iter().collect();
        defects.sort_unstable();
        defects.dedup();
        Defects(defects)
    }

    /// Whether this one is on.
    pub fn has(&self, defect: Defect) -> bool {
        self.0.contains(&defect)
    }

    /// Those that are on, in order.
    pub fn iter(&self) -> impl Iterator<Item = Defect> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_is_listed_once_under_a_name_that_reads_back() {
        for (index, info) in DEFECTS.iter().enumerate() {
            assert_eq!(info.name.parse(), Ok(info.defect));
            assert!(DEFECTS[..index].iter().all(|other| other.name != info.name));
        }
        let error = "ack_befor_commit".parse::<Defect>().unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("did you mean `ack_before_commit`?"),
            "{error}"
        );
    }
}
