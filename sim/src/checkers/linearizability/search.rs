//! The search for one order of operations that explains a history.
//!
//! It places operations one after the other, always one that is open (invoked before the first missing answer), and
//! backs up when none fits. Four rules keep it small; each only drops orders that have an equally good twin:
//!
//! 1. a configuration (pending operations, state, unknown ones used, and what rule 3 asks of the next) is entered once:
//!    Lowe's memo;
//! 2. an answered operation that only observes ([`Model::is_observer`]) is placed as soon as it fits, and no alternative
//!    is tried: it can be moved forward in any order that holds it later;
//! 3. an operation of unknown outcome is tried last, only if it changes something, as late as possible (not before one
//!    that overwrites it or commutes with it, see [`Model::notice`]; of two unknown ones that commute, the earlier
//!    first), and of equal ones the earliest first;
//! 4. operations that answer earlier are tried earlier, since they are the first to become overdue, unless the model
//!    knows better ([`Model::rank`]).
//!
//! The stack of choices is a vector: a history of any length cannot overflow the thread's stack.

use std::collections::BTreeSet;

use super::model::{Model, Notice, Step};
use super::pending::{Call, Pending};
use crate::checkers::history::{History, Operation, OperationId};
use crate::checkers::interner::Interner;
use crate::checkers::verdict::{Evidence, UnknownReason, Verdict};

/// States named in the evidence; more would not help a reader.
const STATES_SHOWN_MAX: usize = 4;

/// What a search may spend. Both are counts, so that a verdict does not depend on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Applications of the model to a state.
    pub steps_max: u64,
    /// Machine words of 8 bytes for remembered configurations and states.
    pub words_max: u64,
}

impl Budget {
    /// Enough for most histories of a few thousand operations: about ten seconds and one gigabyte at the most.
    pub const USUAL: Self = Self {
        steps_max: 20_000_000,
        words_max: 128 << 20,
    };
}

/// Judges the operations of one partition, which must not hold failed ones, and takes what it spends from `budget`.
pub fn check_partition<M: Model>(
    model: &M,
    history: &History<M::Action, M::Output>,
    part: &[OperationId],
    budget: &mut Budget,
) -> Verdict {
    let mut search = Search::new(model, history, part, *budget);
    let end = search.run();
    let spent = Budget {
        steps_max: search.steps,
        words_max: search.words,
    };
    budget.steps_max = budget.steps_max.saturating_sub(spent.steps_max);
    budget.words_max = budget.words_max.saturating_sub(spent.words_max);
    match end {
        End::Explained => Verdict::Held,
        End::Impossible => Verdict::Violated(vec![search.evidence()]),
        End::OutOf(resource, spent) => {
            Verdict::Unknown(UnknownReason::BudgetExhausted { resource, spent })
        }
    }
}

enum End {
    Explained,
    Impossible,
    OutOf(&'static str, u64),
}

/// An operation that may be placed next.
#[derive(Clone, Copy)]
enum Choice {
    Answered(u32),
    Unknown(u32),
}

/// A configuration on the way to the current one, and what is still to be tried from it.
struct Frame {
    state: u32,
    /// The choice that led here; none for the first frame.
    placed: Option<Choice>,
    /// The untried choices are `choices[next_choice..]` up to the start of the following frame's.
    next_choice: usize,
    choices_start: usize,
}

/// The point no order got past: the answer that could not be given, and the states in which it was due.
struct Obstacle {
    call: u32,
    returned: u64,
    states: BTreeSet<u32>,
}

struct Search<'a, M: Model> {
    model: &'a M,
    history: &'a History<M::Action, M::Output>,
    answered: Vec<OperationId>,
    unknown: Vec<OperationId>,
    /// For each unknown operation, the nearest earlier one with an equal action.
    unknown_twin: Vec<Option<u32>>,
    unknown_used: BTreeSet<u32>,
    pending: Pending,
    states: Interner<M::State>,
    visited: BTreeSet<Box<[u32]>>,
    frames: Vec<Frame>,
    choices: Vec<Choice>,
    obstacle: Option<Obstacle>,
    budget: Budget,
    steps: u64,
    words: u64,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(
        model: &'a M,
        history: &'a History<M::Action, M::Output>,
        part: &[OperationId],
        budget: Budget,
    ) -> Self {
        let returned = |id: &OperationId| history.operation(*id).returned_position();
        let (answered, unknown): (Vec<_>, Vec<_>) =
            part.iter().copied().partition(|id| returned(id).is_some());
        let calls = answered.iter().filter_map(|id| {
            Some(Call {
                invoked: history.operation(*id).invoked.position,
                returned: returned(id)?,
            })
        });
        Self {
            pending: Pending::new(calls.collect()),
            unknown_twin: twins(history, &unknown),
            model,
            history,
            answered,
            unknown,
            unknown_used: BTreeSet::new(),
            states: Interner::default(),
            visited: BTreeSet::new(),
            frames: Vec::new(),
            choices: Vec::new(),
            obstacle: None,
            budget,
            steps: 0,
            words: 0,
        }
    }

    fn run(&mut self) -> End {
        let initial = self.remember(&self.model.initial());
        self.enter(initial, None);
        while !self.pending.is_empty() {
            if self.steps >= self.budget.steps_max {
                return End::OutOf("search steps", self.steps);
            }
            if self.words >= self.budget.words_max {
                return End::OutOf("machine words of memory", self.words);
            }
            let Some(frame) = self.frames.last_mut() else {
                return End::Impossible;
            };
            if frame.next_choice < self.choices.len() {
                let choice = self.choices[frame.next_choice];
                let state = frame.state;
                frame.next_choice += 1;
                self.place(state, choice);
            } else {
                self.back_up();
            }
        }
        End::Explained
    }

    /// Places one operation, unless the configuration it leads to was seen before.
    fn place(&mut self, state: u32, choice: Choice) {
        let next = match self.apply(state, choice) {
            Step::Impossible => return,
            Step::Unchanged => state,
            Step::To(next) => self.remember(&next),
        };
        match choice {
            Choice::Answered(call) => self.pending.take(call),
            Choice::Unknown(index) => drop(self.unknown_used.insert(index)),
        }
        if !self.enter(next, Some(choice)) {
            self.put_back(choice);
        }
    }

    /// Opens a frame for the current configuration and lists its choices; false if it was seen before.
    fn enter(&mut self, state: u32, placed: Option<Choice>) -> bool {
        let Some(first) = self.pending.first_to_return() else {
            return true;
        };
        let deadline = self.pending.call(first).returned;
        let mut open = Vec::new();
        self.pending.invoked_before(deadline, &mut open);
        if !self.visited.insert(self.memo_key(state, placed, &open)) {
            return false;
        }
        self.words += (open.len() + self.unknown_used.len()) as u64 / 2 + 8;
        let choices_start = self.choices.len();
        self.list_choices(state, placed, &mut open, deadline);
        self.frames.push(Frame {
            state,
            placed,
            next_choice: choices_start,
            choices_start,
        });
        true
    }

    /// Pending operations invoked before the first missing answer determine all the others, which are all pending.
    /// An unknown operation placed last restricts what may follow, so a configuration entered under that restriction says
    /// nothing about the same one without it.
    fn memo_key(&self, state: u32, placed: Option<Choice>, open: &[u32]) -> Box<[u32]> {
        let mut key = Vec::with_capacity(open.len() + self.unknown_used.len() + 3);
        key.push(state);
        key.push(match placed {
            Some(Choice::Unknown(unknown)) => unknown,
            Some(Choice::Answered(_)) | None => u32::MAX,
        });
        key.push(open.len() as u32);
        key.extend_from_slice(open);
        key.extend(&self.unknown_used);
        key.into_boxed_slice()
    }

    fn list_choices(
        &mut self,
        state: u32,
        placed: Option<Choice>,
        open: &mut [u32],
        deadline: u64,
    ) {
        self.steps += open.len() as u64;
        if let Some(&call) = open.iter().find(|&&call| self.observes(state, call)) {
            self.choices.push(Choice::Answered(call));
            return;
        }
        open.sort_by_cached_key(|&call| {
            (
                self.model
                    .rank(&self.operation(Choice::Answered(call)).action),
                self.pending.call(call).returned,
            )
        });
        for &call in &*open {
            if self.may_follow(Choice::Answered(call), placed) {
                self.choices.push(Choice::Answered(call));
            }
        }
        for index in 0..self.unknown.len() as u32 {
            if self.operation(Choice::Unknown(index)).invoked.position > deadline {
                break;
            }
            if self.is_worth_trying(index, placed) {
                self.choices.push(Choice::Unknown(index));
            }
        }
    }

    fn is_worth_trying(&self, unknown: u32, placed: Option<Choice>) -> bool {
        let twin_waits = self.unknown_twin[unknown as usize]
            .is_some_and(|twin| !self.unknown_used.contains(&twin));
        !twin_waits
            && !self.unknown_used.contains(&unknown)
            && self.may_follow(Choice::Unknown(unknown), placed)
    }

    /// Closes the last frame: nothing led on from there.
    fn back_up(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.choices.truncate(frame.choices_start);
        self.note_obstacle(frame.state);
        if let Some(choice) = frame.placed {
            self.put_back(choice);
        }
    }

    /// Keeps the latest answer that any order failed to reach. The first answer that all orders fail to get past is the
    /// end of the shortest prefix of the history that cannot be explained, and the search tries all orders.
    fn note_obstacle(&mut self, state: u32) {
        let Some(call) = self.pending.first_to_return() else {
            return;
        };
        let returned = self.pending.call(call).returned;
        let furthest = self
            .obstacle
            .as_ref()
            .map_or(0, |obstacle| obstacle.returned);
        if self.obstacle.is_none() || returned > furthest {
            self.obstacle = Some(Obstacle {
                call,
                returned,
                states: BTreeSet::from([state]),
            });
        } else if returned == furthest
            && let Some(obstacle) = &mut self.obstacle
            && obstacle.states.len() <= STATES_SHOWN_MAX
        {
            obstacle.states.insert(state);
        }
    }

    fn put_back(&mut self, choice: Choice) {
        match choice {
            Choice::Answered(call) => self.pending.put_back(call),
            Choice::Unknown(index) => drop(self.unknown_used.remove(&index)),
        }
    }

    /// Applies a choice; an unknown operation that changes nothing is as good as one that never happened.
    fn apply(&mut self, state: u32, choice: Choice) -> Step<M::State> {
        self.steps += 1;
        let operation = self.operation(choice);
        let step = self.model.step(
            self.states.value(state),
            &operation.action,
            operation.output(),
        );
        match (choice, step) {
            (Choice::Unknown(_), Step::Unchanged) => Step::Impossible,
            (_, step) => step,
        }
    }

    /// Whether an answered operation fits in `state` and can never change anything.
    fn observes(&self, state: u32, call: u32) -> bool {
        let operation = self.operation(Choice::Answered(call));
        operation.output().is_some_and(|output| {
            self.model.is_observer(&operation.action, output)
                && self
                    .model
                    .step(self.states.value(state), &operation.action, Some(output))
                    == Step::Unchanged
        })
    }

    fn remember(&mut self, state: &M::State) -> u32 {
        let known = self.states.len();
        let number = self.states.number(state);
        if self.states.len() > known {
            self.words += 2 * self.model.words(state) + 8;
        }
        number
    }

    /// Whether `next` may follow what was just placed. An unknown operation that `next` overwrites could be left out, and
    /// one that commutes with `next` could come after it; of two unknown ones that commute, one order is enough.
    fn may_follow(&self, next: Choice, placed: Option<Choice>) -> bool {
        let Some(Choice::Unknown(unknown)) = placed else {
            return true;
        };
        let earlier = &self.operation(Choice::Unknown(unknown)).action;
        match (
            self.model.notice(&self.operation(next).action, earlier),
            next,
        ) {
            (Notice::Sees, _) => true,
            (Notice::Commutes, Choice::Unknown(other)) => unknown < other,
            (Notice::Commutes, Choice::Answered(_)) | (Notice::Overwrites, _) => false,
        }
    }

    fn operation(&self, choice: Choice) -> &'a Operation<M::Action, M::Output> {
        self.history.operation(match choice {
            Choice::Answered(call) => self.answered[call as usize],
            Choice::Unknown(index) => self.unknown[index as usize],
        })
    }

    fn evidence(&self) -> Evidence {
        let obstacle = self
            .obstacle
            .as_ref()
            .expect("a failed search backed up at least once");
        let id = self.answered[obstacle.call as usize];
        let operation = self.history.operation(id);
        let mut states: Vec<String> = obstacle
            .states
            .iter()
            .take(STATES_SHOWN_MAX)
            .map(|&s| self.model.describe(self.states.value(s)))
            .collect();
        if obstacle.states.len() > STATES_SHOWN_MAX {
            states.push("…".to_string());
        }
        let statement = format!(
            "no order of the operations explains operation {id} of process {} ({}, {}): when its answer \
             was due, the state could only be {}",
            operation.process,
            self.model.tell(
                &operation.action,
                operation.output().expect("an obstacle is an answer")
            ),
            operation.span(),
            states.join(" or "),
        );
        Evidence {
            rule: "linearizability",
            statement,
            operations: vec![id],
        }
    }
}

/// For each unknown operation the nearest earlier one that asks for the same.
fn twins<A: Ord, O>(history: &History<A, O>, unknown: &[OperationId]) -> Vec<Option<u32>> {
    let mut latest = std::collections::BTreeMap::new();
    (0..)
        .zip(unknown)
        .map(|(index, id)| latest.insert(&history.operation(*id).action, index))
        .collect()
}
