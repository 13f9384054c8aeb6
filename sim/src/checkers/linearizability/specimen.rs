//! Living objects for the linearizability tests: a register family, a set and a queue, each used by a drawn crowd.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::checkers::history::History;
use crate::checkers::linearizability::queue::{QueueAction, QueueOutput};
use crate::checkers::linearizability::register::{RegisterAction, RegisterOutput, RegisterRequest};
use crate::checkers::linearizability::set::{SetAction, SetOutput};
use crate::checkers::specimen::{Crowd, Draw, interleave};

pub type RegisterHistory = History<RegisterAction<u32, u32>, RegisterOutput<u32>>;

/// Half reads, then writes of ever new values (or of few values, which is harder), and compare-and-sets.
pub fn registers(seed: u64, crowd: Crowd, keys: u32, values: u32) -> RegisterHistory {
    let mut draw = Draw(seed);
    let mut held: BTreeMap<u32, u32> = BTreeMap::new();
    let ask = |draw: &mut Draw| {
        let key = draw.below(keys as usize) as u32;
        let mut value = || draw.below(values as usize) as u32;
        let (from, to) = (value(), value());
        let request = match draw.below(10) {
            0..5 => RegisterRequest::Read,
            5..8 => RegisterRequest::Write(Some(to)),
            _ => RegisterRequest::CompareAndSet {
                from: Some(from),
                to: Some(to),
            },
        };
        RegisterAction { key, request }
    };
    let perform = |action: &RegisterAction<u32, u32>| {
        let current = held.get(&action.key).copied();
        let mut set = |to: &Option<u32>| match to {
            Some(value) => drop(held.insert(action.key, *value)),
            None => drop(held.remove(&action.key)),
        };
        match &action.request {
            RegisterRequest::Read => RegisterOutput::Value(current),
            RegisterRequest::Write(to) => {
                set(to);
                RegisterOutput::Written
            }
            RegisterRequest::CompareAndSet { from, to } => {
                if *from == current {
                    set(to);
                }
                RegisterOutput::Swapped(*from == current)
            }
        }
    };
    interleave(&mut draw, crowd, ask, perform)
}

pub fn set(
    seed: u64,
    crowd: Crowd,
    elements: u32,
    whole_reads: bool,
) -> History<SetAction<u32>, SetOutput<u32>> {
    let mut draw = Draw(seed);
    let mut held = BTreeSet::new();
    let ask = |draw: &mut Draw| {
        let value = draw.below(elements as usize) as u32;
        match draw.below(10) {
            0..4 => SetAction::Add(value),
            4..6 => SetAction::Remove(value),
            6 if whole_reads => SetAction::ReadAll,
            _ => SetAction::Contains(value),
        }
    };
    let perform = |action: &SetAction<u32>| match action {
        SetAction::Add(value) => {
            held.insert(*value);
            SetOutput::Done
        }
        SetAction::Remove(value) => {
            held.remove(value);
            SetOutput::Done
        }
        SetAction::Contains(value) => SetOutput::Contained(held.contains(value)),
        SetAction::ReadAll => SetOutput::Elements(held.clone()),
    };
    interleave(&mut draw, crowd, ask, perform)
}

pub fn queue(seed: u64, crowd: Crowd) -> History<QueueAction<u32>, QueueOutput<u32>> {
    let mut draw = Draw(seed);
    let mut waiting = VecDeque::new();
    let mut next = 0;
    let ask = |draw: &mut Draw| {
        if draw.below(2) == 0 {
            next += 1;
            QueueAction::Enqueue(next)
        } else {
            QueueAction::Dequeue
        }
    };
    let perform = |action: &QueueAction<u32>| match action {
        QueueAction::Enqueue(value) => {
            waiting.push_back(*value);
            QueueOutput::Enqueued
        }
        QueueAction::Dequeue => QueueOutput::Dequeued(waiting.pop_front()),
    };
    interleave(&mut draw, crowd, ask, perform)
}
