//! Session guarantees: what a client may rely on about its own past, whatever other clients see.
//!
//! The four guarantees of Terry et al. ("Session Guarantees for Weakly Consistent Replicated Data", 1994), and causal
//! reads, which extend them through what other clients saw. All are judged by version numbers: every write answers with
//! the version it made, every read with the version it found, and versions of a key count upwards in the store's own
//! order. A read that found nothing found version 0.
//!
//! A session is a process, in the order of its operations. Operations that failed or were not answered oblige nobody:
//! their version is not known. Monotonic writes and writes-follow-reads are judged per key here; across keys they show
//! in what readers see, which is [`Guarantee::CausalReads`].

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Display};
use std::rc::Rc;

use super::history::{History, Operation, OperationId, ProcessId};
use super::verdict::{Evidence, UnknownReason, Verdict};

/// What a client asks of a versioned store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionAction<Key> {
    /// Reads the value of a key.
    Read(Key),
    /// Makes a new version of a key.
    Write(Key),
}

/// The version a read found or a write made; 0 is the absence of any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

/// A promise to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// A read finds what the session wrote before, or newer.
    ReadYourWrites,
    /// A read finds what the session read before, or newer.
    MonotonicReads,
    /// A write makes a version newer than those the session wrote before.
    MonotonicWrites,
    /// A write makes a version newer than those the session read before.
    WritesFollowReads,
    /// A read finds everything that what the session saw was based on, or newer.
    CausalReads,
}

impl Guarantee {
    /// Every guarantee.
    pub const ALL: [Self; 5] = [
        Self::ReadYourWrites,
        Self::MonotonicReads,
        Self::MonotonicWrites,
        Self::WritesFollowReads,
        Self::CausalReads,
    ];

    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadYourWrites => "read-your-writes",
            Self::MonotonicReads => "monotonic-reads",
            Self::MonotonicWrites => "monotonic-writes",
            Self::WritesFollowReads => "writes-follow-reads",
            Self::CausalReads => "causal-reads",
        }
    }
}

impl Display for Guarantee {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Operations on a versioned store.
pub type SessionHistory<Key> = History<SessionAction<Key>, Version>;

/// Judges one guarantee. `entries_max` bounds the memory for causal reads: the sum, over all writes, of the keys their
/// writer had seen; beyond it the verdict is unknown. The other guarantees need none of it.
pub fn check<Key: Ord + Clone + Display>(
    history: &SessionHistory<Key>,
    guarantee: Guarantee,
    entries_max: u64,
) -> Verdict {
    if history.is_silent() {
        return Verdict::Unknown(UnknownReason::NothingObserved);
    }
    match guarantee {
        Guarantee::CausalReads => causal_reads(history, entries_max),
        _ => within_sessions(history, guarantee),
    }
}

/// A version, and the operation it is known from.
type Known = (Version, OperationId);

/// The newest known version of each key.
type Past<Key> = BTreeMap<Key, Known>;

fn learn<Key: Ord + Clone>(past: &mut Past<Key>, key: &Key, known: Known) {
    match past.get_mut(key) {
        Some(newest) if newest.0 >= known.0 => {}
        Some(newest) => *newest = known,
        None => drop(past.insert(key.clone(), known)),
    }
}

fn within_sessions<Key: Ord + Clone + Display>(
    history: &SessionHistory<Key>,
    guarantee: Guarantee,
) -> Verdict {
    let mut sessions: BTreeMap<ProcessId, (Past<Key>, Past<Key>)> = BTreeMap::new();
    let mut evidence = Vec::new();
    for (id, operation) in history.iter() {
        let Some(&version) = operation.output() else {
            continue;
        };
        let (read, written) = sessions.entry(operation.process).or_default();
        let (key, is_read) = parts(operation);
        let before = match (guarantee, is_read) {
            (Guarantee::ReadYourWrites, true) | (Guarantee::MonotonicWrites, false) => {
                written.get(key)
            }
            (Guarantee::MonotonicReads, true) | (Guarantee::WritesFollowReads, false) => {
                read.get(key)
            }
            _ => None,
        };
        // A read may find the same version again; a write always makes a new one.
        let is_broken = |known: &&Known| {
            if is_read {
                version < known.0
            } else {
                version <= known.0
            }
        };
        if let Some(&(known, earlier)) = before.filter(is_broken) {
            evidence.push(broken(guarantee, history, (id, version), (earlier, known)));
        }
        learn(if is_read { read } else { written }, key, (version, id));
    }
    Verdict::from_evidence(evidence)
}

fn parts<Key>(operation: &Operation<SessionAction<Key>, Version>) -> (&Key, bool) {
    match &operation.action {
        SessionAction::Read(key) => (key, true),
        SessionAction::Write(key) => (key, false),
    }
}

fn broken<Key: Display>(
    guarantee: Guarantee,
    history: &SessionHistory<Key>,
    (later, version): (OperationId, Version),
    (earlier, known): (OperationId, Version),
) -> Evidence {
    let told = |id: OperationId, version: Version| {
        let operation = history.operation(id);
        let (key, is_read) = match &operation.action {
            SessionAction::Read(key) => (key, true),
            SessionAction::Write(key) => (key, false),
        };
        let verb = if is_read { "read" } else { "wrote" };
        format!(
            "process {} {verb} {key} at version {} ({})",
            operation.process,
            version.0,
            operation.span()
        )
    };
    let statement = format!(
        "{}, although before that {}",
        told(later, version),
        told(earlier, known)
    );
    Evidence {
        rule: guarantee.name(),
        statement,
        operations: vec![later, earlier],
    }
}

/// What a write was based on: the past of its session when it was made, shared until the session learns more.
fn causal_reads<Key: Ord + Clone + Display>(
    history: &SessionHistory<Key>,
    entries_max: u64,
) -> Verdict {
    let mut order: Vec<(u64, OperationId)> = history
        .iter()
        .filter_map(|(id, operation)| Some((operation.returned_position()?, id)))
        .collect();
    order.sort_unstable();
    let mut sessions: BTreeMap<ProcessId, Rc<Past<Key>>> = BTreeMap::new();
    let mut based_on: BTreeMap<(Key, Version), Rc<Past<Key>>> = BTreeMap::new();
    let (mut evidence, mut entries) = (Vec::new(), 0_u64);
    // A version may be read before its writer is answered, so every write's past is collected before any read is judged.
    // A session's past at its write does not depend on the verdicts, and two passes over the sessions are enough when
    // reads of unanswered versions bring nothing; they are repeated until nothing new is learnt.
    loop {
        evidence.clear();
        sessions.clear();
        let mut has_learnt = false;
        for &(_, id) in &order {
            let operation = history.operation(id);
            let version = *operation
                .output()
                .expect("only answered operations are in the order");
            let (key, is_read) = parts(operation);
            let past = sessions.entry(operation.process).or_default();
            if let Some(&(known, earlier)) =
                past.get(key).filter(|known| is_read && version < known.0)
            {
                evidence.push(broken(
                    Guarantee::CausalReads,
                    history,
                    (id, version),
                    (earlier, known),
                ));
            }
            let mut next = (**past).clone();
            if is_read {
                for (other, known) in based_on
                    .get(&(key.clone(), version))
                    .iter()
                    .flat_map(|base| base.iter())
                {
                    learn(&mut next, other, *known);
                }
            }
            learn(&mut next, key, (version, id));
            if next != **past {
                entries += next.len() as u64;
                *past = Rc::new(next);
            }
            if !is_read
                && based_on
                    .get(&(key.clone(), version))
                    .is_none_or(|base| *base != *past)
            {
                based_on.insert((key.clone(), version), Rc::clone(past));
                has_learnt = true;
            }
            if entries > entries_max {
                return Verdict::Unknown(UnknownReason::BudgetExhausted {
                    resource: "remembered versions",
                    spent: entries,
                });
            }
        }
        if !has_learnt {
            return Verdict::from_evidence(evidence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::specimen::Event::{Invoke, Ok, Unknown};
    use crate::checkers::specimen::told;

    const ENTRIES_MAX: u64 = 1_000_000;

    /// Process, `r` or `w`, key, version.
    type Step = (u64, char, &'static str, u64);

    /// A history in which nothing overlaps.
    fn sequence(steps: &[Step]) -> SessionHistory<&'static str> {
        let events = steps.iter().flat_map(|&(process, verb, key, version)| {
            let action = if verb == 'r' {
                SessionAction::Read(key)
            } else {
                SessionAction::Write(key)
            };
            [Invoke(process, action), Ok(process, Version(version))]
        });
        told(events.collect())
    }

    fn broken_by(steps: &[Step]) -> Vec<&'static str> {
        let history = sequence(steps);
        let is_broken =
            |guarantee: &Guarantee| check(&history, *guarantee, ENTRIES_MAX).word() == "violated";
        Guarantee::ALL
            .into_iter()
            .filter(is_broken)
            .map(Guarantee::name)
            .collect()
    }

    #[test]
    fn each_guarantee_is_broken_by_its_own_anomaly() {
        let cases: [(&[&str], &[Step]); 9] = [
            (
                &[],
                &[
                    (1, 'w', "x", 1),
                    (1, 'r', "x", 1),
                    (1, 'r', "x", 2),
                    (1, 'w', "x", 3),
                ],
            ),
            (&[], &[(1, 'w', "x", 1), (2, 'r', "x", 0), (2, 'r', "y", 0)]),
            (
                &["read-your-writes", "causal-reads"],
                &[(1, 'w', "x", 1), (1, 'r', "x", 0)],
            ),
            (
                &["monotonic-reads", "causal-reads"],
                &[(1, 'r', "x", 2), (1, 'r', "x", 1)],
            ),
            (&["monotonic-writes"], &[(1, 'w', "x", 2), (1, 'w', "x", 1)]),
            (&["monotonic-writes"], &[(1, 'w', "x", 2), (1, 'w', "x", 2)]),
            (
                &["writes-follow-reads"],
                &[(1, 'r', "x", 2), (1, 'w', "x", 1)],
            ),
            // Process 2 saw y, which was written by someone who had seen x at 1.
            (
                &["causal-reads"],
                &[
                    (1, 'w', "x", 1),
                    (1, 'w', "y", 1),
                    (2, 'r', "y", 1),
                    (2, 'r', "x", 0),
                ],
            ),
            (
                &["causal-reads"],
                &[
                    (1, 'w', "x", 1),
                    (2, 'r', "x", 1),
                    (2, 'w', "y", 1),
                    (3, 'r', "y", 1),
                    (3, 'w', "z", 1),
                    (4, 'r', "z", 1),
                    (4, 'r', "x", 0),
                ],
            ),
        ];
        for (guarantees, steps) in cases {
            assert_eq!(broken_by(steps), guarantees, "{steps:?}");
        }
    }

    #[test]
    fn what_was_not_answered_obliges_nobody() {
        let history = told(vec![
            Invoke(1, SessionAction::Write("x")),
            Unknown(1),
            Invoke(1, SessionAction::Read("x")),
            Ok(1, Version(0)),
        ]);
        for guarantee in Guarantee::ALL {
            assert_eq!(
                check(&history, guarantee, ENTRIES_MAX),
                Verdict::Held,
                "{guarantee}"
            );
        }
    }

    #[test]
    fn a_write_read_before_it_was_answered_still_carries_its_past() {
        let history = told(vec![
            Invoke(1, SessionAction::Write("x")),
            Ok(1, Version(1)),
            Invoke(1, SessionAction::Write("y")),
            Invoke(2, SessionAction::Read("y")),
            Ok(2, Version(1)),
            Invoke(2, SessionAction::Read("x")),
            Ok(2, Version(0)),
            Ok(1, Version(1)),
        ]);
        assert_eq!(
            check(&history, Guarantee::CausalReads, ENTRIES_MAX).word(),
            "violated"
        );
    }

    #[test]
    fn too_many_versions_to_remember_are_unknown() {
        let history = sequence(&[(1, 'w', "x", 1), (1, 'w', "y", 1), (1, 'w', "z", 1)]);
        insta::assert_snapshot!(check(&history, Guarantee::CausalReads, 3), @"unknown: gave up after 6 remembered versions");
    }

    #[test]
    fn evidence_names_both_operations() {
        let history = sequence(&[(1, 'w', "x", 4), (1, 'r', "x", 3)]);
        insta::assert_snapshot!(check(&history, Guarantee::ReadYourWrites, ENTRIES_MAX), @r#"
    violated
    read-your-writes: process 1 read x at version 3 (events 2 to 3), although before that process 1 wrote x at version 4 (events 0 to 1)
    "#);
    }
}
