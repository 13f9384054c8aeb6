//! The sequential objects a history is compared with.
//!
//! A model says what one operation does to one state, nothing about time or concurrency. It must be deterministic:
//! one state and one action have one successor, whether or not the answer is known.

use std::fmt::Debug;

/// What an operation does to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<State> {
    /// The object in this state cannot give this answer.
    Impossible,
    /// It can, and the state stays as it is.
    Unchanged,
    /// It can, and this is the state afterwards. Must differ from the state before.
    To(State),
}

/// What an operation can tell of the one right before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// There is a state in which leaving the earlier one out, or swapping the two, would show.
    Sees,
    /// Answer and state after it are the same with and without the earlier one: a write after a write.
    Overwrites,
    /// Swapping the two never shows: additions of two elements to a set.
    Commutes,
}

/// A sequential object.
pub trait Model {
    /// Everything the object remembers.
    type State: Clone + Ord;
    /// What a client may ask.
    type Action: Ord + Debug;
    /// What the object may answer.
    type Output: Debug;
    /// What separates independent parts of the object, `()` if it has only one.
    type Partition: Ord;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// What `action` does in `state`. With an `answer`, only if the object can give that answer there; without one
    /// (the client never learned it) whatever the answer would have been.
    fn step(
        &self,
        state: &Self::State,
        action: &Self::Action,
        answer: Option<&Self::Output>,
    ) -> Step<Self::State>;

    /// The part of the object that `action` touches.
    fn partition(&self, action: &Self::Action) -> Self::Partition;

    /// Whether `action` with this answer leaves every state in which it is possible as it was, as a read does.
    ///
    /// The search places such an operation as soon as it fits and tries nothing else. A write of the value already held
    /// is *not* one: it changes nothing now, yet placed later it may be what restores that value.
    fn is_observer(&self, action: &Self::Action, answer: &Self::Output) -> bool;

    /// What `next` can tell of `earlier` when it comes right after it. [`Notice::Sees`] is always a safe answer.
    fn notice(&self, next: &Self::Action, earlier: &Self::Action) -> Notice;

    /// A hint: of operations that fit, those of lower rank are tried first. Never changes a verdict, only how long it takes.
    fn rank(&self, _action: &Self::Action) -> u64 {
        0
    }

    /// An answered operation in words, for evidence, such as `read of x answered 1`.
    fn tell(&self, action: &Self::Action, answer: &Self::Output) -> String {
        format!("{action:?} answered {answer:?}")
    }

    /// The state in words, for evidence.
    fn describe(&self, state: &Self::State) -> String;

    /// Memory a remembered state takes, in machine words; counted against the budget.
    fn words(&self, state: &Self::State) -> u64;
}
