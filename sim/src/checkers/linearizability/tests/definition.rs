//! Drawn histories: the search against the definition, tried word by word.

use proptest::prelude::*;

use super::super::model::{Model, Step};
use super::super::queue::{FifoQueue, QueueOutput};
use super::super::register::{RegisterOutput, Registers};
use super::super::set::{Set, SetOutput};
use super::super::specimen::{self, RegisterHistory};
use super::super::{Budget, check};
use super::{crowd, judge, judge_drawn_objects};
use crate::checkers::history::{Completion, History};
use crate::checkers::specimen::{Crowd, Draw, altered};

/// The definition, tried word by word: any subset of the unknown operations, any order that respects real time.
/// Exponential without mercy, so only for a handful of operations; shares nothing with the search but the model.
fn is_linearizable_by_definition<M: Model>(
    model: &M,
    history: &History<M::Action, M::Output>,
) -> bool {
    fn explore<M: Model>(
        model: &M,
        history: &History<M::Action, M::Output>,
        state: &M::State,
        left: &[usize],
    ) -> bool {
        let operations = history.operations();
        if left
            .iter()
            .all(|&index| operations[index].output().is_none())
        {
            return true;
        }
        left.iter().any(|&next| {
            let overtakes = left.iter().any(|&other| {
                operations[other]
                    .returned_position()
                    .is_some_and(|end| end < operations[next].invoked.position)
            });
            let rest: Vec<usize> = left
                .iter()
                .copied()
                .filter(|&index| index != next)
                .collect();
            !overtakes
                && match model.step(state, &operations[next].action, operations[next].output()) {
                    Step::Impossible => false,
                    Step::Unchanged => explore(model, history, state, &rest),
                    Step::To(after) => explore(model, history, &after, &rest),
                }
        })
    }
    let possible = |index: &usize| {
        !matches!(
            history.operations()[*index].completion,
            Completion::Failed { .. }
        )
    };
    let left: Vec<usize> = (0..history.len()).filter(possible).collect();
    explore(model, history, &model.initial(), &left)
}

/// Few operations, many of them unknown: it takes two unknown ones side by side to tell a sound rule from a bold one.
fn small() -> Crowd {
    Crowd {
        clients: 4,
        operations: 8,
        unknown_per_thousand: 350,
        failed_per_thousand: 60,
    }
}

/// Replaces one answer in three by a drawn one, which makes about half of the small histories unexplainable.
fn shaken(history: &RegisterHistory, draw: &mut Draw) -> RegisterHistory {
    altered(history, |_, output| {
        let strike = draw.chance(300);
        match output {
            RegisterOutput::Value(_) if strike => {
                Some(RegisterOutput::Value(Some(draw.below(3) as u32)))
            }
            RegisterOutput::Swapped(done) if strike => Some(RegisterOutput::Swapped(!done)),
            _ => None,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_search_agrees_with_the_definition_on_registers(seed: u64) {
        let history = shaken(&specimen::registers(seed, small(), 1, 3), &mut Draw(seed));
        prop_assume!(!history.is_silent());
        let model = Registers::new(None);
        let expected = if is_linearizable_by_definition(&model, &history) { "held" } else { "violated" };
        prop_assert_eq!(check(&model, &history, Budget::USUAL).word(), expected);
    }

    #[test]
    fn the_search_agrees_with_the_definition_on_queues(seed: u64) {
        let mut draw = Draw(seed);
        let history = altered(&specimen::queue(seed, small()), |_, output| match output {
            QueueOutput::Dequeued(_) if draw.chance(200) => {
                Some(QueueOutput::Dequeued(draw.chance(500).then(|| draw.below(4) as u32)))
            }
            _ => None,
        });
        prop_assume!(!history.is_silent());
        let expected = if is_linearizable_by_definition(&FifoQueue::plain(), &history) { "held" } else { "violated" };
        prop_assert_eq!(check(&FifoQueue::plain(), &history, Budget::USUAL).word(), expected);
        prop_assert_eq!(check(&FifoQueue::for_history(&history), &history, Budget::USUAL).word(), expected);
    }

    #[test]
    fn the_search_agrees_with_the_definition_on_sets(seed: u64) {
        let mut draw = Draw(seed);
        let history = altered(&specimen::set(seed, small(), 2, true), |_, output| match output {
            SetOutput::Contained(seen) if draw.chance(200) => Some(SetOutput::Contained(!seen)),
            SetOutput::Elements(_) if draw.chance(200) => Some(SetOutput::Elements([draw.below(3) as u32].into())),
            _ => None,
        });
        prop_assume!(!history.is_silent());
        let model = Set::for_history(&history);
        let expected = if is_linearizable_by_definition(&model, &history) { "held" } else { "violated" };
        prop_assert_eq!(check(&model, &history, Budget::USUAL).word(), expected);
    }

    /// A search may give up on an unlucky history, so what is promised of every seed is that it never accuses.
    #[test]
    fn what_a_real_object_did_is_never_violated(seed: u64, clients in 1usize..8) {
        for (object, word) in judge_drawn_objects(seed, clients) {
            prop_assert_ne!(word, "violated", "{}", object);
        }
    }

    #[test]
    fn a_read_of_a_value_never_written_is_caught(seed: u64, victim in 0usize..120) {
        let history = specimen::registers(seed, crowd(6, 120), 1, 1 << 30);
        let mut struck = false;
        let mutated = altered(&history, |id, output| match output {
            RegisterOutput::Value(_) if id.0 as usize >= victim && !struck => {
                struck = true;
                Some(RegisterOutput::Value(Some(u32::MAX)))
            }
            _ => None,
        });
        prop_assume!(struck);
        prop_assert_eq!(judge(&mutated).word(), "violated");
    }
}
