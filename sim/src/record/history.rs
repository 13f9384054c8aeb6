//! What clients saw: each operation with its invocation and its completion.
//!
//! A completion is *ok*, *failed for certain* (it has not happened and never will), or *unknown*
//! (it may have happened, or may still happen). An operation nobody completed is unknown: absence
//! of an answer is no answer.

use serde::{Deserialize, Serialize};

use super::value::Value;
use crate::time::SimTime;

/// The position of an operation in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub u32);

/// How an operation ended, as its client knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It happened; the answer.
    Ok(Value),
    /// It certainly did not and will not happen; the reason.
    Fail(Value),
    /// It may have happened, or may yet; what the client knows.
    Unknown(Value),
}

/// One client operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Who asked. One process has at most one open operation at a time.
    pub process: String,
    /// What was asked.
    pub function: String,
    /// With which arguments.
    pub input: Value,
    /// When it was asked.
    pub invoked: SimTime,
    /// When the client stopped waiting; nothing while it is open.
    pub completed: Option<SimTime>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Operation {
    /// Whether the client was told it happened.
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ok(_))
    }

    /// The answer, when it happened.
    pub fn answer(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Ok(answer) => Some(answer),
            _ => None,
        }
    }
}

/// All operations in the order of their invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History {
    operations: Vec<Operation>,
}

/// How many operations ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationCounts {
    /// Answered with success.
    pub ok: u64,
    /// Certainly without effect.
    pub fail: u64,
    /// Outcome unknown to the client.
    pub unknown: u64,
}

impl History {
    /// Writes an invocation down.
    pub fn invoke(
        &mut self,
        process: String,
        function: &str,
        input: Value,
        at: SimTime,
    ) -> OperationId {
        let id = u32::try_from(self.operations.len()).expect("fewer than 2^32 operations in a run");
        self.operations.push(Operation {
            process,
            function: function.to_owned(),
            input,
            invoked: at,
            completed: None,
            outcome: Outcome::Unknown(Value::Null),
        });
        OperationId(id)
    }

    /// Writes a completion down.
    ///
    /// # Panics
    /// When the operation was completed before: a client cannot learn two outcomes.
    pub fn complete(&mut self, id: OperationId, outcome: Outcome, at: SimTime) {
        let operation = &mut self.operations[id.0 as usize];
        assert!(
            operation.completed.is_none(),
            "operation {} completes once",
            id.0
        );
        operation.completed = Some(at);
        operation.outcome = outcome;
    }

    /// The operation with this id.
    pub fn get(&self, id: OperationId) -> Option<&Operation> {
        self.operations.get(id.0 as usize)
    }

    /// Every operation with its id.
    pub fn iter(&self) -> impl Iterator<Item = (OperationId, &Operation)> {
        self.operations
            .iter()
            .enumerate()
            .map(|(index, operation)| (OperationId(index as u32), operation))
    }

    /// How many operations ended how.
    pub fn counts(&self) -> OperationCounts {
        let mut counts = OperationCounts::default();
        for operation in &self.operations {
            match operation.outcome {
                Outcome::Ok(_) => counts.ok += 1,
                Outcome::Fail(_) => counts.fail += 1,
                Outcome::Unknown(_) => counts.unknown += 1,
            }
        }
        counts
    }

    /// The operations nobody has completed yet.
    pub fn open(&self) -> impl Iterator<Item = (OperationId, &Operation)> {
        self.iter()
            .filter(|(_, operation)| operation.completed.is_none())
    }
}
