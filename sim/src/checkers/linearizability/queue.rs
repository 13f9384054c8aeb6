//! A first-in-first-out queue, whose every operation is atomic.
//!
//! Concurrent enqueues can be ordered in many ways that differ only much later, when the elements come out: a plain
//! search drowns in them. Where each element was enqueued once, the history itself tells which orders are hopeless (an
//! element ahead of one that had certainly left before it), and [`FifoQueue::for_history`] refuses those at once. The
//! idea is the order violation of Henzinger, Sezgin and Vafeiadis ("Aspect-oriented linearizability proofs", 2013).
//! Elements that no answer mentions are kept without their name, since their order among each other cannot matter.
//!
//! For a queue that only promises to lose and duplicate nothing, in whatever order, see [`crate::checkers::queue`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use super::model::{Model, Notice, Step};
use crate::checkers::history::{Completion, History};

/// What a client asks of a queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueAction<Value> {
    /// Puts an element at the end.
    Enqueue(Value),
    /// Takes the head.
    Dequeue,
}

/// What a queue answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueOutput<Value> {
    /// The element is in the queue.
    Enqueued,
    /// The head taken; none if the queue was empty.
    Dequeued(Option<Value>),
}

/// A queue that starts empty.
#[derive(Clone, Debug)]
pub struct FifoQueue<Value> {
    /// Elements enqueued once: when an answered dequeue took them, if one did. Of others nothing is concluded.
    taken: BTreeMap<Value, Option<Span>>,
    /// Dequeues of unknown outcome, each of which may have removed one element that no answer mentions.
    unknown_dequeues: usize,
}

/// What waits in a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueState<Value> {
    /// Head first; none is an element that nobody is known to have taken.
    waiting: Vec<Option<Value>>,
    /// Elements that left with a dequeue whose answer was lost.
    vanished: usize,
}

/// The positions of an invocation and its answer.
#[derive(Clone, Copy, Debug)]
struct Span {
    invoked: u64,
    returned: u64,
}

impl<Value: Ord + Clone> FifoQueue<Value> {
    /// The queue as such, knowing nothing of any history.
    pub fn plain() -> Self {
        Self {
            taken: BTreeMap::new(),
            unknown_dequeues: usize::MAX,
        }
    }

    /// The queue that refuses a step as soon as no rest of this history can follow it.
    pub fn for_history(history: &History<QueueAction<Value>, QueueOutput<Value>>) -> Self {
        let mut model = Self {
            taken: BTreeMap::new(),
            unknown_dequeues: 0,
        };
        let mut repeated = BTreeSet::new();
        for operation in history.operations() {
            match (&operation.action, &operation.completion) {
                (_, Completion::Failed { .. }) => {}
                (QueueAction::Enqueue(value), _) => {
                    if model.taken.insert(value.clone(), None).is_some() {
                        repeated.insert(value.clone());
                    }
                }
                (QueueAction::Dequeue, Completion::Unknown { .. }) => model.unknown_dequeues += 1,
                (QueueAction::Dequeue, Completion::Ok { .. }) => {}
            }
        }
        for operation in history.operations() {
            if let Completion::Ok {
                at,
                output: QueueOutput::Dequeued(Some(value)),
            } = &operation.completion
                && let Some(span) = model.taken.get_mut(value)
            {
                *span = Some(Span {
                    invoked: operation.invoked.position,
                    returned: at.position,
                });
            }
        }
        model.taken.retain(|value, _| !repeated.contains(value));
        model
    }

    /// The queue after `value` joined it; none if no rest of the history could follow.
    fn join(
        &self,
        state: &QueueState<Value>,
        value: &Value,
        is_answered: bool,
    ) -> Option<QueueState<Value>> {
        let joining = match self.taken.get(value) {
            // Nobody saw it leave. If its enqueue is unknown too, leaving it out is never worse.
            Some(None) if !is_answered => return None,
            Some(None) => None,
            None => Some(value.clone()),
            Some(Some(taken)) if self.blocks(state, *taken) => return None,
            Some(Some(_)) => Some(value.clone()),
        };
        let mut next = state.clone();
        next.waiting.push(joining);
        Some(next)
    }

    /// Whether an element taken at `taken` could not get past those waiting: one of them left certainly later, or more
    /// of them left with nobody than there are lost answers.
    fn blocks(&self, state: &QueueState<Value>, taken: Span) -> bool {
        let left_later = |ahead: &Value| matches!(self.taken.get(ahead), Some(Some(other)) if taken.returned < other.invoked);
        let nameless = state.waiting.iter().filter(|ahead| ahead.is_none()).count();
        state.waiting.iter().flatten().any(left_later)
            || nameless + state.vanished > self.unknown_dequeues
    }

    /// The queue after a dequeue whose answer was lost; none if the head was handed to someone else.
    fn vanish(&self, state: &QueueState<Value>) -> Step<QueueState<Value>> {
        match state.waiting.first() {
            None => Step::Unchanged,
            Some(Some(head)) if matches!(self.taken.get(head), Some(Some(_))) => Step::Impossible,
            Some(_) => Step::To(QueueState {
                waiting: state.waiting[1..].to_vec(),
                vanished: state.vanished + 1,
            }),
        }
    }
}

impl<Value: Ord + Clone + Debug> Model for FifoQueue<Value> {
    type State = QueueState<Value>;
    type Action = QueueAction<Value>;
    type Output = QueueOutput<Value>;
    type Partition = ();

    fn initial(&self) -> Self::State {
        QueueState {
            waiting: Vec::new(),
            vanished: 0,
        }
    }

    fn step(
        &self,
        state: &Self::State,
        action: &Self::Action,
        answer: Option<&Self::Output>,
    ) -> Step<Self::State> {
        match (action, answer) {
            (QueueAction::Enqueue(value), None | Some(QueueOutput::Enqueued)) => self
                .join(state, value, answer.is_some())
                .map_or(Step::Impossible, Step::To),
            (QueueAction::Dequeue, None) => self.vanish(state),
            (QueueAction::Dequeue, Some(QueueOutput::Dequeued(taken))) => {
                match (taken, state.waiting.split_first()) {
                    (None, None) => Step::Unchanged,
                    (Some(_), Some((head, rest))) if taken == head => Step::To(QueueState {
                        waiting: rest.to_vec(),
                        vanished: state.vanished,
                    }),
                    _ => Step::Impossible,
                }
            }
            _ => Step::Impossible,
        }
    }

    fn partition(&self, _: &Self::Action) {}

    fn is_observer(&self, _: &Self::Action, answer: &Self::Output) -> bool {
        matches!(answer, QueueOutput::Dequeued(None))
    }

    fn notice(&self, _: &Self::Action, _: &Self::Action) -> Notice {
        Notice::Sees
    }

    /// Elements join in the order in which they were taken, as far as that can be seen; those nobody took come last.
    fn rank(&self, action: &Self::Action) -> u64 {
        match action {
            QueueAction::Dequeue => 0,
            QueueAction::Enqueue(value) => match self.taken.get(value) {
                Some(Some(taken)) => taken.returned,
                Some(None) | None => u64::MAX,
            },
        }
    }

    fn tell(&self, action: &Self::Action, answer: &Self::Output) -> String {
        match (action, answer) {
            (QueueAction::Enqueue(value), _) => format!("enqueue of {value:?}"),
            (QueueAction::Dequeue, QueueOutput::Dequeued(Some(value))) => {
                format!("dequeue answered {value:?}")
            }
            (QueueAction::Dequeue, _) => "dequeue of nothing".to_string(),
        }
    }

    fn describe(&self, state: &Self::State) -> String {
        let name = |element: &Option<Value>| {
            element
                .as_ref()
                .map_or("?".to_string(), |value| format!("{value:?}"))
        };
        format!(
            "[{}]",
            state
                .waiting
                .iter()
                .map(name)
                .collect::<Vec<_>>()
                .join(", ")
        )
    }

    fn words(&self, state: &Self::State) -> u64 {
        (state.waiting.len() * size_of::<Option<Value>>()) as u64 / 8 + 4
    }
}
