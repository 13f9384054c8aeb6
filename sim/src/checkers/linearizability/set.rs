//! A set: add, remove, ask for one element, or read the whole.
//!
//! Elements are numbered once, when the model is made for a history, and a state is a bit set: a history of ten thousand
//! additions would otherwise copy ten thousand trees. Without whole reads the elements are independent of each other and
//! are judged one by one.

use std::collections::BTreeSet;
use std::fmt::Debug;

use super::model::{Model, Notice, Step};
use crate::checkers::history::History;
use crate::checkers::interner::Interner;

/// What a client asks of a set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetAction<Value> {
    /// Puts an element in.
    Add(Value),
    /// Takes an element out.
    Remove(Value),
    /// Is the element there?
    Contains(Value),
    /// The whole set at one instant.
    ReadAll,
}

/// What a set answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetOutput<Value> {
    /// Added or removed; whether it was there before is not told.
    Done,
    /// Whether the element is there.
    Contained(bool),
    /// All that is there.
    Elements(BTreeSet<Value>),
}

/// A set that starts empty.
#[derive(Clone, Debug)]
pub struct Set<Value> {
    elements: Interner<Value>,
    is_read_whole: bool,
}

impl<Value: Ord + Clone> Set<Value> {
    /// Prepares the model for one history.
    pub fn for_history(history: &History<SetAction<Value>, SetOutput<Value>>) -> Self {
        let mut model = Self {
            elements: Interner::default(),
            is_read_whole: false,
        };
        for operation in history.operations() {
            match &operation.action {
                SetAction::Add(value) | SetAction::Remove(value) | SetAction::Contains(value) => {
                    model.elements.number(value);
                }
                SetAction::ReadAll => model.is_read_whole = true,
            }
        }
        model
    }

    fn position(&self, value: &Value) -> (usize, u64) {
        let number = self
            .elements
            .find(value)
            .expect("the model was made for the history that holds this value");
        (number as usize / 64, 1 << (number % 64))
    }

    fn contains(&self, state: &[u64], value: &Value) -> bool {
        let (word, bit) = self.position(value);
        state.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// The state with one element turned over. Trailing empty words are dropped, so that equal sets are equal vectors.
    fn toggled(&self, state: &[u64], value: &Value) -> Vec<u64> {
        let (word, bit) = self.position(value);
        let mut next = state.to_vec();
        next.resize(next.len().max(word + 1), 0);
        next[word] ^= bit;
        next.truncate(
            next.iter()
                .rposition(|&bits| bits != 0)
                .map_or(0, |last| last + 1),
        );
        next
    }

    /// An element nobody ever added or asked for cannot be in the set, whatever a read claims.
    fn is_exactly(&self, state: &[u64], seen: &BTreeSet<Value>) -> bool {
        let size: u32 = state.iter().map(|bits| bits.count_ones()).sum();
        let holds = |value| self.elements.find(value).is_some() && self.contains(state, value);
        size as usize == seen.len() && seen.iter().all(holds)
    }
}

impl<Value: Ord + Clone + Debug> Model for Set<Value> {
    type State = Vec<u64>;
    type Action = SetAction<Value>;
    type Output = SetOutput<Value>;
    type Partition = Option<Value>;

    fn initial(&self) -> Self::State {
        Vec::new()
    }

    fn step(
        &self,
        state: &Self::State,
        action: &Self::Action,
        answer: Option<&Self::Output>,
    ) -> Step<Self::State> {
        let changes = match (action, answer) {
            (SetAction::Add(value), None | Some(SetOutput::Done)) => {
                (!self.contains(state, value)).then_some(value)
            }
            (SetAction::Remove(value), None | Some(SetOutput::Done)) => {
                self.contains(state, value).then_some(value)
            }
            (SetAction::Contains(_) | SetAction::ReadAll, None) => None,
            (SetAction::Contains(value), Some(SetOutput::Contained(seen)))
                if *seen == self.contains(state, value) =>
            {
                None
            }
            (SetAction::ReadAll, Some(SetOutput::Elements(seen)))
                if self.is_exactly(state, seen) =>
            {
                None
            }
            _ => return Step::Impossible,
        };
        changes.map_or(Step::Unchanged, |value| {
            Step::To(self.toggled(state, value))
        })
    }

    fn partition(&self, action: &Self::Action) -> Self::Partition {
        match action {
            _ if self.is_read_whole => None,
            SetAction::Add(value) | SetAction::Remove(value) | SetAction::Contains(value) => {
                Some(value.clone())
            }
            SetAction::ReadAll => None,
        }
    }

    fn is_observer(&self, _: &Self::Action, answer: &Self::Output) -> bool {
        matches!(answer, SetOutput::Contained(_) | SetOutput::Elements(_))
    }

    fn notice(&self, next: &Self::Action, earlier: &Self::Action) -> Notice {
        let (SetAction::Add(changed) | SetAction::Remove(changed)) = earlier else {
            return Notice::Sees;
        };
        match next {
            SetAction::Add(value) | SetAction::Remove(value) if value == changed => {
                Notice::Overwrites
            }
            SetAction::Contains(value) if value == changed => Notice::Sees,
            SetAction::Add(_) | SetAction::Remove(_) | SetAction::Contains(_) => Notice::Commutes,
            SetAction::ReadAll => Notice::Sees,
        }
    }

    fn tell(&self, action: &Self::Action, answer: &Self::Output) -> String {
        let answer = match answer {
            SetOutput::Done => String::new(),
            SetOutput::Contained(seen) => format!(" answered {seen}"),
            SetOutput::Elements(elements) => format!(" answered {elements:?}"),
        };
        match action {
            SetAction::Add(value) => format!("add {value:?}{answer}"),
            SetAction::Remove(value) => format!("remove {value:?}{answer}"),
            SetAction::Contains(value) => format!("contains {value:?}{answer}"),
            SetAction::ReadAll => format!("read of the whole{answer}"),
        }
    }

    fn describe(&self, state: &Self::State) -> String {
        let number = |word: usize, bit: u32| word as u32 * 64 + bit;
        let elements = state.iter().enumerate().flat_map(|(word, bits)| {
            (0..64)
                .filter(move |bit| bits & (1 << bit) != 0)
                .map(move |bit| number(word, bit))
        });
        format!(
            "{:?}",
            elements
                .map(|number| self.elements.value(number))
                .collect::<BTreeSet<_>>()
        )
    }

    fn words(&self, state: &Self::State) -> u64 {
        state.len() as u64 + 3
    }
}
