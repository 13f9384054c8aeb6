//! Histories with known answers, for tests: real objects used by concurrent clients under a drawn interleaving.
//!
//! Each operation takes effect at one drawn instant between its invocation and its answer, so the history is
//! linearizable by construction, whatever a checker says. Some clients lose their answer; what they asked for may then
//! take effect much later, or never. [`Draw`] is a small generator of its own, because tests must not depend on how
//! another crate draws.

use crate::checkers::history::{Completion, History, OperationId, Outcome, ProcessId, Recorder};

/// SplitMix64 (Steele, Lea and Flood, 2014): enough for drawing test cases.
#[derive(Clone, Debug)]
pub struct Draw(pub u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `count - 1`.
    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// True `per_thousand` times in 1,000.
    pub fn chance(&mut self, per_thousand: usize) -> bool {
        self.below(1000) < per_thousand
    }
}

/// How the clients behave.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub clients: usize,
    pub operations: usize,
    /// Operations whose answer is lost, per thousand.
    pub unknown_per_thousand: usize,
    /// Operations refused without effect, per thousand.
    pub failed_per_thousand: usize,
}

enum Stage<Action> {
    Idle,
    Asked(Action),
    Failed,
    Done,
}

/// Runs `crowd` against one object: `ask` draws what a client wants, `perform` is the object.
pub fn interleave<Action: Clone, Output: Clone>(
    draw: &mut Draw,
    crowd: Crowd,
    mut ask: impl FnMut(&mut Draw) -> Action,
    mut perform: impl FnMut(&Action) -> Output,
) -> History<Action, Output> {
    let mut recorder = Recorder::new();
    let mut stages: Vec<(Stage<Action>, Option<Output>)> =
        (0..crowd.clients).map(|_| (Stage::Idle, None)).collect();
    let mut adrift: Vec<Action> = Vec::new();
    let mut left = crowd.operations;
    while left > 0
        || stages
            .iter()
            .any(|(stage, _)| !matches!(stage, Stage::Idle))
    {
        if !adrift.is_empty() && draw.chance(20) {
            let late = adrift.swap_remove(draw.below(adrift.len()));
            perform(&late);
        }
        let client = draw.below(crowd.clients);
        let process = ProcessId(client as u64);
        let (stage, answer) = &mut stages[client];
        let mut complete = |outcome| {
            recorder
                .complete(process, outcome, None)
                .expect("a client completes only what it asked");
        };
        *stage = match std::mem::replace(stage, Stage::Idle) {
            Stage::Idle if left == 0 => Stage::Idle,
            Stage::Idle => {
                left -= 1;
                let action = ask(draw);
                recorder.invoke(process, action.clone(), None).unwrap();
                if draw.chance(crowd.failed_per_thousand) {
                    Stage::Failed
                } else {
                    Stage::Asked(action)
                }
            }
            Stage::Asked(action) if draw.chance(crowd.unknown_per_thousand) => {
                adrift.push(action);
                complete(Outcome::Unknown);
                Stage::Idle
            }
            Stage::Asked(action) => {
                *answer = Some(perform(&action));
                Stage::Done
            }
            Stage::Failed => {
                complete(Outcome::Failed);
                Stage::Idle
            }
            Stage::Done => {
                complete(Outcome::Ok(answer.take().unwrap()));
                Stage::Idle
            }
        };
    }
    recorder.finish()
}

/// A history told line by line: `"1 invoke"` style events are too long for tables, so each event is one tuple.
#[derive(Clone, Debug)]
pub enum Event<Action, Output> {
    Invoke(u64, Action),
    Ok(u64, Output),
    Fail(u64),
    Unknown(u64),
}

/// Builds a history from literal events.
pub fn told<Action, Output>(events: Vec<Event<Action, Output>>) -> History<Action, Output> {
    let mut recorder = Recorder::new();
    for event in events {
        let recorded: Result<OperationId, _> = match event {
            Event::Invoke(process, action) => recorder.invoke(ProcessId(process), action, None),
            Event::Ok(process, output) => {
                recorder.complete(ProcessId(process), Outcome::Ok(output), None)
            }
            Event::Fail(process) => recorder.complete(ProcessId(process), Outcome::Failed, None),
            Event::Unknown(process) => {
                recorder.complete(ProcessId(process), Outcome::Unknown, None)
            }
        };
        recorded.expect("a literal history is well formed");
    }
    recorder.finish()
}

/// The same history with the outputs `change` picks replaced; it is asked once per answered operation.
pub fn altered<Action: Clone, Output: Clone>(
    history: &History<Action, Output>,
    mut change: impl FnMut(OperationId, &Output) -> Option<Output>,
) -> History<Action, Output> {
    let mut events: Vec<(u64, Event<Action, Output>)> = Vec::new();
    for (id, operation) in history.iter() {
        let process = operation.process.0;
        events.push((
            operation.invoked.position,
            Event::Invoke(process, operation.action.clone()),
        ));
        match &operation.completion {
            Completion::Ok { at, output } => {
                let output = change(id, output).unwrap_or_else(|| output.clone());
                events.push((at.position, Event::Ok(process, output)));
            }
            Completion::Failed { at } => events.push((at.position, Event::Fail(process))),
            Completion::Unknown { noticed: Some(at) } => {
                events.push((at.position, Event::Unknown(process)))
            }
            Completion::Unknown { noticed: None } => {}
        }
    }
    events.sort_by_key(|(position, _)| *position);
    told(events.into_iter().map(|(_, event)| event).collect())
}
