//! What clients saw: the operations they invoked, and how each one ended.
//!
//! A [`History`] is typed by the checker that reads it: `Action` is what was asked, `Output` what was answered. It keeps
//! the order of events and nothing of the inside of a system. Start at [`Recorder`], which builds one event by event and
//! refuses what no client can do; readers of foreign files go through it too.
//!
//! ```text
//! position   0        1        2        3        4
//! process 1  invoke ------------------- ok                                   answered: took effect in between
//! process 2           invoke - - - - - - - - - - - - - - >  unknown: may take effect at any later time, or never
//! process 3                    invoke ---------- fail                     failed: certainly had no effect
//! ```

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

/// One sequential client: it has at most one operation open at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId(pub u64);

/// The place of an operation in its history, counted from 0 in order of invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationId(pub u32);

/// When an event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Place among all events of the history. Unique, and the only thing checkers order by: two events may carry the
    /// same time, but a recorder always saw one of them first.
    pub position: u64,
    /// Nanoseconds since the start of the run, when the source recorded them.
    pub time_ns: Option<u64>,
}

/// How an operation ended, as its client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion<Output> {
    /// It took effect between its invocation and `at`, and answered `output`.
    Ok {
        /// When the client had the answer.
        at: Moment,
        /// The answer.
        output: Output,
    },
    /// It certainly had no effect.
    Failed {
        /// When the client knew.
        at: Moment,
    },
    /// It may take effect at any time after its invocation, even after the end of the history, or never.
    Unknown {
        /// When the client gave up; none when the operation was still open at the end of the history.
        noticed: Option<Moment>,
    },
}

/// One call of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<Action, Output> {
    /// Whose call it is.
    pub process: ProcessId,
    /// When it began.
    pub invoked: Moment,
    /// What was asked.
    pub action: Action,
    /// How it ended.
    pub completion: Completion<Output>,
}

/// Operations in order of invocation.
///
/// Invariants, kept by [`Recorder`]: positions are unique and grow along each operation; the operations of a process do
/// not overlap, unless the earlier one is unknown (its effect may still be under way when its client moves on).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<Action, Output> {
    operations: Vec<Operation<Action, Output>>,
}

/// A sequence of events that no set of sequential clients can produce.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HistoryError {
    /// A process that is still waiting asks again.
    #[error(
        "event {position}: process {process} invokes while its operation from event {open_since} has not completed"
    )]
    ProcessBusy {
        /// Which process.
        process: ProcessId,
        /// The event that cannot be.
        position: u64,
        /// The event that began the operation still open.
        open_since: u64,
    },
    /// An answer to no question.
    #[error("event {position}: process {process} completes an operation it never invoked")]
    NeverInvoked {
        /// Which process.
        process: ProcessId,
        /// The event that cannot be.
        position: u64,
    },
}

impl HistoryError {
    /// How to mend it.
    pub fn mend(&self) -> &'static str {
        match self {
            Self::ProcessBusy { .. } => {
                "record its completion first, or give each concurrent call a process of its own"
            }
            Self::NeverInvoked { .. } => "record the invocation, or drop the completion",
        }
    }
}

/// How an operation ended, before it has a place in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<Output> {
    /// It took effect and answered this.
    Ok(Output),
    /// It certainly had no effect.
    Failed,
    /// It may have had its effect, or have it later.
    Unknown,
}

/// Builds a history event by event, in the order in which the events happened.
#[derive(Clone, Debug)]
pub struct Recorder<Action, Output> {
    operations: Vec<Operation<Action, Output>>,
    open: BTreeMap<ProcessId, OperationId>,
    next_position: u64,
}

impl<Action, Output> Recorder<Action, Output> {
    /// Starts an empty history.
    pub fn new() -> Self {
        Self {
            operations: Vec::new(),
            open: BTreeMap::new(),
            next_position: 0,
        }
    }

    /// Records that `process` asked for `action`.
    ///
    /// # Errors
    /// [`HistoryError::ProcessBusy`] when its earlier operation has not completed.
    pub fn invoke(
        &mut self,
        process: ProcessId,
        action: Action,
        time_ns: Option<u64>,
    ) -> Result<OperationId, HistoryError> {
        if let Some(&open) = self.open.get(&process) {
            let open_since = self.operation(open).invoked.position;
            return Err(HistoryError::ProcessBusy {
                process,
                position: self.next_position,
                open_since,
            });
        }
        let id = OperationId(
            u32::try_from(self.operations.len()).expect("a history has fewer than 2^32 operations"),
        );
        let invoked = self.next_moment(time_ns);
        let completion = Completion::Unknown { noticed: None };
        self.operations.push(Operation {
            process,
            invoked,
            action,
            completion,
        });
        self.open.insert(process, id);
        Ok(id)
    }

    /// Records how the open operation of `process` ended. The process may invoke again afterwards, whatever the outcome.
    ///
    /// # Errors
    /// [`HistoryError::NeverInvoked`] when the process has no open operation.
    pub fn complete(
        &mut self,
        process: ProcessId,
        outcome: Outcome<Output>,
        time_ns: Option<u64>,
    ) -> Result<OperationId, HistoryError> {
        let Some(id) = self.open.remove(&process) else {
            return Err(HistoryError::NeverInvoked {
                process,
                position: self.next_position,
            });
        };
        let at = self.next_moment(time_ns);
        self.operations[id.0 as usize].completion = match outcome {
            Outcome::Ok(output) => Completion::Ok { at, output },
            Outcome::Failed => Completion::Failed { at },
            Outcome::Unknown => Completion::Unknown { noticed: Some(at) },
        };
        Ok(id)
    }

    /// The action the open operation of `process` asked for.
    pub fn open_action(&self, process: ProcessId) -> Option<&Action> {
        self.open
            .get(&process)
            .map(|&id| &self.operation(id).action)
    }

    /// Ends the history; operations still open stay unknown.
    pub fn finish(self) -> History<Action, Output> {
        History {
            operations: self.operations,
        }
    }

    fn operation(&self, id: OperationId) -> &Operation<Action, Output> {
        &self.operations[id.0 as usize]
    }

    fn next_moment(&mut self, time_ns: Option<u64>) -> Moment {
        let position = self.next_position;
        self.next_position += 1;
        Moment { position, time_ns }
    }
}

impl<Action, Output> Default for Recorder<Action, Output> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Action, Output> History<Action, Output> {
    /// All operations, in order of invocation.
    pub fn operations(&self) -> &[Operation<Action, Output>] {
        &self.operations
    }

    /// Each operation with its place.
    pub fn iter(&self) -> impl Iterator<Item = (OperationId, &Operation<Action, Output>)> {
        (0..).map(OperationId).zip(&self.operations)
    }

    /// The operation at a place of this history.
    pub fn operation(&self, id: OperationId) -> &Operation<Action, Output> {
        &self.operations[id.0 as usize]
    }

    /// How many operations were invoked.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether nothing was invoked.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Whether no operation answered, so that the history can neither support nor refute a promise.
    pub fn is_silent(&self) -> bool {
        self.operations
            .iter()
            .all(|operation| operation.output().is_none())
    }

    /// Groups the operations that could have had an effect by what `key` says they touch; failed ones are left out.
    pub fn partition_by<Key: Ord>(
        &self,
        key: impl Fn(&Action) -> Key,
    ) -> BTreeMap<Key, Vec<OperationId>> {
        let mut parts: BTreeMap<Key, Vec<OperationId>> = BTreeMap::new();
        for (id, operation) in self.iter() {
            if !matches!(operation.completion, Completion::Failed { .. }) {
                parts.entry(key(&operation.action)).or_default().push(id);
            }
        }
        parts
    }
}

impl<Action, Output> Operation<Action, Output> {
    /// What it answered, if it did.
    pub fn output(&self) -> Option<&Output> {
        match &self.completion {
            Completion::Ok { output, .. } => Some(output),
            Completion::Failed { .. } | Completion::Unknown { .. } => None,
        }
    }

    /// The position from which its effect is known to be in the past: that of its answer, if it answered.
    pub fn returned_position(&self) -> Option<u64> {
        match &self.completion {
            Completion::Ok { at, .. } => Some(at.position),
            Completion::Failed { .. } | Completion::Unknown { .. } => None,
        }
    }

    /// The events it spans, as a reader of the history would look them up.
    pub fn span(&self) -> String {
        let from = self.invoked.position;
        match &self.completion {
            Completion::Ok { at, .. } | Completion::Failed { at } => {
                format!("events {from} to {}", at.position)
            }
            Completion::Unknown { .. } => format!("from event {from}, outcome unknown"),
        }
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: ProcessId = ProcessId(1);
    const BOB: ProcessId = ProcessId(2);

    #[test]
    fn a_busy_process_cannot_invoke() {
        let mut recorder = Recorder::<_, ()>::new();
        recorder.invoke(ALICE, "first", None).unwrap();
        recorder.invoke(BOB, "other", None).unwrap();
        let refused = recorder.invoke(ALICE, "second", None).unwrap_err();
        assert_eq!(
            refused,
            HistoryError::ProcessBusy {
                process: ALICE,
                position: 2,
                open_since: 0
            }
        );
    }

    #[test]
    fn a_process_is_free_again_after_any_completion() {
        for outcome in [Outcome::Ok(()), Outcome::Failed, Outcome::Unknown] {
            let mut recorder = Recorder::new();
            recorder.invoke(ALICE, "first", None).unwrap();
            recorder.complete(ALICE, outcome, None).unwrap();
            assert_eq!(recorder.invoke(ALICE, "second", None), Ok(OperationId(1)));
        }
    }

    #[test]
    fn a_completion_needs_an_invocation() {
        let mut recorder = Recorder::<(), _>::new();
        let refused = recorder.complete(BOB, Outcome::Ok(()), None).unwrap_err();
        insta::assert_snapshot!(refused, @"event 0: process 2 completes an operation it never invoked");
        insta::assert_snapshot!(refused.mend(), @"record the invocation, or drop the completion");
    }

    #[test]
    fn an_operation_left_open_is_unknown() {
        let mut recorder = Recorder::<_, ()>::new();
        recorder.invoke(ALICE, "never answered", Some(7)).unwrap();
        let history = recorder.finish();
        let operation = history.operation(OperationId(0));
        assert_eq!(operation.completion, Completion::Unknown { noticed: None });
        assert_eq!(operation.returned_position(), None);
        assert!(history.is_silent());
    }

    #[test]
    fn failed_operations_belong_to_no_partition() {
        let mut recorder = Recorder::new();
        for (action, outcome) in [
            ("x", Outcome::Ok(())),
            ("y", Outcome::Failed),
            ("x", Outcome::Unknown),
        ] {
            recorder.invoke(ALICE, action, None).unwrap();
            recorder.complete(ALICE, outcome, None).unwrap();
        }
        let parts = recorder.finish().partition_by(|action| *action);
        assert_eq!(
            parts,
            BTreeMap::from([("x", vec![OperationId(0), OperationId(2)])])
        );
    }
}
