//! Literal and drawn transaction histories for tests.
//!
//! The literal notation is one event per line: `0 begins`, then `0 commits ax1 rx:1,2 ry:`, or `aborts`, or `loses` (its
//! answer) with the steps. `0: …` is a transaction with nothing in between. Steps on lists are `ax1` (append 1 to x) and
//! `rx:1,2` (read x as [1 2]); on registers `wx1` and `rx:1`; `rx:` read nothing.

use std::collections::BTreeMap;

use super::transaction::{ListHistory, ListStep, RegisterHistory, RegisterStep};
use crate::checkers::history::{Outcome, ProcessId, Recorder};
use crate::checkers::specimen::{Crowd, Draw, interleave};

pub type Lists = ListHistory<String, u32>;
pub type Registers = RegisterHistory<String, u32>;

/// A list history from its notation.
pub fn lists(text: &str) -> Lists {
    told(text, list_step, |step| match step {
        ListStep::Read { key, .. } => ListStep::Read {
            key: key.clone(),
            seen: None,
        },
        append => append.clone(),
    })
}

/// A register history from its notation.
pub fn registers(text: &str) -> Registers {
    told(text, register_step, |step| match step {
        RegisterStep::Read { key, .. } => RegisterStep::Read {
            key: key.clone(),
            seen: None,
        },
        write => write.clone(),
    })
}

fn told<Step: Clone>(
    text: &str,
    parse: fn(&str) -> Step,
    asked: fn(&Step) -> Step,
) -> crate::checkers::history::History<Vec<Step>, Vec<Step>> {
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let steps = |words: &[&str]| words.iter().map(|word| parse(word)).collect::<Vec<_>>();
    // What a transaction asks is told by the line that ends it, so the lines are gone through backwards first.
    let mut asks: Vec<Vec<Step>> = Vec::new();
    let mut ending: BTreeMap<&str, &[&str]> = BTreeMap::new();
    for words in lines.iter().rev().filter(|words| !words.is_empty()) {
        match words.get(1) {
            Some(&"begins") => asks.push(steps(ending.remove(words[0]).unwrap_or_default())),
            Some(&("aborts" | "loses" | "commits")) => drop(ending.insert(words[0], &words[2..])),
            _ => asks.push(steps(&words[1..])),
        }
    }
    let mut recorder = Recorder::new();
    for words in lines.iter().filter(|words| !words.is_empty()) {
        let process = ProcessId(words[0].trim_end_matches(':').parse().unwrap());
        let mut begin = || {
            let asked = asks.pop().unwrap().iter().map(asked).collect();
            recorder.invoke(process, asked, None).unwrap();
        };
        let outcome = match words.get(1) {
            Some(&"begins") => {
                begin();
                continue;
            }
            Some(&"aborts") => Outcome::Failed,
            Some(&"loses") => Outcome::Unknown,
            Some(&"commits") => Outcome::Ok(steps(&words[2..])),
            _ => {
                begin();
                Outcome::Ok(steps(&words[1..]))
            }
        };
        recorder.complete(process, outcome, None).unwrap();
    }
    recorder.finish()
}

fn key_and_rest(word: &str) -> (char, String, &str) {
    let split = word[1..]
        .find(|letter: char| !letter.is_ascii_lowercase())
        .map_or(word.len(), |place| place + 1);
    (
        word.chars().next().unwrap(),
        word[1..split].to_string(),
        &word[split..],
    )
}

fn list_step(word: &str) -> ListStep<String, u32> {
    match key_and_rest(word) {
        ('a', key, value) => ListStep::Append {
            key,
            value: value.parse().unwrap(),
        },
        (_, key, seen) => {
            let seen = seen
                .trim_start_matches(':')
                .split(',')
                .filter(|value| !value.is_empty());
            ListStep::Read {
                key,
                seen: Some(seen.map(|value| value.parse().unwrap()).collect()),
            }
        }
    }
}

fn register_step(word: &str) -> RegisterStep<String, u32> {
    match key_and_rest(word) {
        ('w', key, value) => RegisterStep::Write {
            key,
            value: value.parse().unwrap(),
        },
        (_, key, seen) => RegisterStep::Read {
            key,
            seen: Some(seen.trim_start_matches(':').parse().ok()),
        },
    }
}

/// Transactions over `keys` lists that really took effect one at a time, each at an instant of its lifetime. Keys are
/// retired after a while, as Elle's workloads do, so that reads stay short.
pub fn serial_lists(seed: u64, crowd: Crowd, keys: u32) -> ListHistory<u32, u32> {
    let mut lists: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let (mut next_value, mut asked) = (0, 0);
    let ask = |draw: &mut Draw| {
        asked += 1;
        let steps = 1 + draw.below(4);
        let generation = asked / (32 * keys);
        let mut step = |_| {
            let key = generation * keys + draw.below(keys as usize) as u32;
            if draw.chance(500) {
                return ListStep::Read { key, seen: None };
            }
            next_value += 1;
            ListStep::Append {
                key,
                value: next_value,
            }
        };
        (0..steps).map(&mut step).collect::<Vec<_>>()
    };
    let perform = |steps: &Vec<ListStep<u32, u32>>| {
        let one = |step: &ListStep<u32, u32>| match step {
            ListStep::Append { key, value } => {
                lists.entry(*key).or_default().push(*value);
                step.clone()
            }
            ListStep::Read { key, .. } => ListStep::Read {
                key: *key,
                seen: Some(lists.get(key).cloned().unwrap_or_default()),
            },
        };
        steps.iter().map(one).collect::<Vec<_>>()
    };
    interleave(&mut Draw(seed), crowd, ask, perform)
}

/// The same over registers.
pub fn serial_registers(seed: u64, crowd: Crowd, keys: u32) -> RegisterHistory<u32, u32> {
    let mut held: BTreeMap<u32, u32> = BTreeMap::new();
    let mut next_value = 0;
    let ask = |draw: &mut Draw| {
        let steps = 1 + draw.below(4);
        let mut step = |_| {
            let key = draw.below(keys as usize) as u32;
            if draw.chance(500) {
                return RegisterStep::Read { key, seen: None };
            }
            next_value += 1;
            RegisterStep::Write {
                key,
                value: next_value,
            }
        };
        (0..steps).map(&mut step).collect::<Vec<_>>()
    };
    let perform = |steps: &Vec<RegisterStep<u32, u32>>| {
        let one = |step: &RegisterStep<u32, u32>| match step {
            RegisterStep::Write { key, value } => {
                held.insert(*key, *value);
                step.clone()
            }
            RegisterStep::Read { key, .. } => RegisterStep::Read {
                key: *key,
                seen: Some(held.get(key).copied()),
            },
        };
        steps.iter().map(one).collect::<Vec<_>>()
    };
    interleave(&mut Draw(seed), crowd, ask, perform)
}
