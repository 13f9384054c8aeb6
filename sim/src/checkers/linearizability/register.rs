//! Registers: read, write and compare-and-set, alone or one per key.
//!
//! One model serves the plain register, the CAS register and the key-value store: a key-value store whose operations
//! touch one key each *is* a family of registers, and is judged key by key. Deleting a key is writing nothing.

use std::fmt::Debug;

use super::model::{Model, Notice, Step};

/// What a client asks of the register at `key`; use `()` as the key of a lone register.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegisterAction<Key, Value> {
    /// Which register.
    pub key: Key,
    /// What is asked of it.
    pub request: RegisterRequest<Value>,
}

/// What a client asks of one register.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegisterRequest<Value> {
    /// What does it hold?
    Read,
    /// Sets the value; none empties the register.
    Write(Option<Value>),
    /// Sets `to` if the register holds `from`.
    CompareAndSet {
        /// What must be there.
        from: Option<Value>,
        /// What is there then.
        to: Option<Value>,
    },
}

/// What a register answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterOutput<Value> {
    /// The value read; none if the register is empty.
    Value(Option<Value>),
    /// The value is set.
    Written,
    /// Whether the compared value matched. An answer of `false` is an observation (the register held something else);
    /// a compare-and-set that failed for reasons unknown is a failed operation, not this.
    Swapped(bool),
}

/// Registers that start empty, or with the same value.
#[derive(Clone, Debug)]
pub struct Registers<Key, Value> {
    /// What every register holds before the first write.
    pub initial: Option<Value>,
    key: std::marker::PhantomData<Key>,
}

impl<Key, Value> Registers<Key, Value> {
    /// Registers that hold `initial` before the first write.
    pub fn new(initial: Option<Value>) -> Self {
        Self {
            initial,
            key: std::marker::PhantomData,
        }
    }
}

impl<Key: Ord + Clone + Debug, Value: Ord + Clone + Debug> Model for Registers<Key, Value> {
    type State = Option<Value>;
    type Action = RegisterAction<Key, Value>;
    type Output = RegisterOutput<Value>;
    type Partition = Key;

    fn initial(&self) -> Self::State {
        self.initial.clone()
    }

    fn step(
        &self,
        state: &Self::State,
        action: &Self::Action,
        answer: Option<&Self::Output>,
    ) -> Step<Self::State> {
        match (&action.request, answer) {
            (RegisterRequest::Read, None) => Step::Unchanged,
            (RegisterRequest::Read, Some(RegisterOutput::Value(seen))) if seen == state => {
                Step::Unchanged
            }
            (RegisterRequest::Write(value), None | Some(RegisterOutput::Written)) => {
                change(state, value)
            }
            (RegisterRequest::CompareAndSet { from, to }, None) if from == state => {
                change(state, to)
            }
            (RegisterRequest::CompareAndSet { .. }, None) => Step::Unchanged,
            (
                RegisterRequest::CompareAndSet { from, to },
                Some(RegisterOutput::Swapped(swapped)),
            ) => match (*swapped, from == state) {
                (true, true) => change(state, to),
                (false, false) => Step::Unchanged,
                (true, false) | (false, true) => Step::Impossible,
            },
            _ => Step::Impossible,
        }
    }

    fn partition(&self, action: &Self::Action) -> Key {
        action.key.clone()
    }

    fn is_observer(&self, _: &Self::Action, answer: &Self::Output) -> bool {
        matches!(
            answer,
            RegisterOutput::Value(_) | RegisterOutput::Swapped(false)
        )
    }

    fn notice(&self, next: &Self::Action, _: &Self::Action) -> Notice {
        match next.request {
            RegisterRequest::Write(_) => Notice::Overwrites,
            RegisterRequest::Read | RegisterRequest::CompareAndSet { .. } => Notice::Sees,
        }
    }

    fn tell(&self, action: &Self::Action, answer: &Self::Output) -> String {
        let key = &action.key;
        match (&action.request, answer) {
            (RegisterRequest::Read, RegisterOutput::Value(seen)) => {
                format!("read of {key:?} answered {}", content(seen))
            }
            (RegisterRequest::Write(value), _) => format!("write of {} to {key:?}", content(value)),
            (RegisterRequest::CompareAndSet { from, to }, answer) => {
                let change = format!("{key:?} from {} to {}", content(from), content(to));
                match answer {
                    RegisterOutput::Swapped(false) => format!("denied swap of {change}"),
                    _ => format!("swap of {change}"),
                }
            }
            (RegisterRequest::Read, answer) => format!("read of {key:?} answered {answer:?}"),
        }
    }

    fn describe(&self, state: &Self::State) -> String {
        content(state)
    }

    fn words(&self, _: &Self::State) -> u64 {
        (size_of::<Option<Value>>() as u64).div_ceil(8)
    }
}

/// What a register holds, in words.
fn content<Value: Debug>(value: &Option<Value>) -> String {
    value
        .as_ref()
        .map_or("empty".to_string(), |value| format!("{value:?}"))
}

fn change<Value: PartialEq + Clone>(
    state: &Option<Value>,
    to: &Option<Value>,
) -> Step<Option<Value>> {
    if state == to {
        Step::Unchanged
    } else {
        Step::To(to.clone())
    }
}
