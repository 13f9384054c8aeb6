//! The linearizability tester of `stateright`, on drawn histories of a register and of a queue.
//!
//! Its register answers reads only, so swaps are left out. It knows no queue; the one below is written for it from the
//! definition, and shares no code with ours.

use std::collections::VecDeque;

use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{
    ConsistencyTester, LinearizabilityTester, SequentialConsistencyTester, SequentialSpec,
};

use crate::checkers::history::{Completion, History};
use crate::checkers::linearizability::queue::{FifoQueue, QueueAction, QueueOutput};
use crate::checkers::linearizability::register::{
    RegisterAction, RegisterOutput, RegisterRequest, Registers,
};
use crate::checkers::linearizability::{Budget, check, specimen};
use crate::checkers::specimen::{Crowd, Draw, altered, interleave};

const HISTORIES: u64 = 400;

/// Replays a history into a tester, event by event; a client whose answer was lost stays in flight for ever.
fn judged<Object, Action, Output>(
    mut tester: impl ConsistencyTester<u32, Object>,
    history: &History<Action, Output>,
    op: impl Fn(&Action) -> Object::Op,
    ret: impl Fn(&Output) -> Object::Ret,
) -> bool
where
    Object: SequentialSpec,
{
    let mut events: Vec<(u64, u32, bool)> = Vec::new();
    for (id, operation) in history
        .iter()
        .filter(|(_, one)| !matches!(one.completion, Completion::Failed { .. }))
    {
        events.push((operation.invoked.position, id.0, false));
        events.extend(operation.returned_position().map(|at| (at, id.0, true)));
    }
    events.sort_unstable();
    for (_, id, is_return) in events {
        let operation = &history.operations()[id as usize];
        // A thread per operation: real time alone orders them, which is what linearizability asks.
        match operation.output().filter(|_| is_return) {
            Some(output) => tester.on_return(id, ret(output)).map(drop),
            None => tester.on_invoke(id, op(&operation.action)).map(drop),
        }
        .expect("the history is well formed");
    }
    tester.is_consistent()
}

fn register_op(action: &RegisterAction<u32, u32>) -> RegisterOp<Option<u32>> {
    match action.request {
        RegisterRequest::Write(value) => RegisterOp::Write(value),
        _ => RegisterOp::Read,
    }
}

fn register_ret(output: &RegisterOutput<u32>) -> RegisterRet<Option<u32>> {
    match output {
        RegisterOutput::Value(seen) => RegisterRet::ReadOk(*seen),
        _ => RegisterRet::WriteOk,
    }
}

fn crowd() -> Crowd {
    Crowd {
        clients: 3,
        operations: 10,
        unknown_per_thousand: 60,
        failed_per_thousand: 50,
    }
}

/// Reads and writes of a real register, some reads falsified.
fn register_history(seed: u64) -> specimen::RegisterHistory {
    let mut held = None;
    let ask = |draw: &mut Draw| RegisterAction {
        key: 0,
        request: if draw.chance(500) {
            RegisterRequest::Read
        } else {
            RegisterRequest::Write(Some(draw.below(3) as u32))
        },
    };
    let perform = |action: &RegisterAction<u32, u32>| match action.request {
        RegisterRequest::Write(value) => {
            held = value;
            RegisterOutput::Written
        }
        _ => RegisterOutput::Value(held),
    };
    let honest = interleave(&mut Draw(seed), crowd(), ask, perform);
    let mut draw = Draw(seed ^ 0xFA15E);
    altered(&honest, |_, output| match output {
        RegisterOutput::Value(_) if draw.chance(200) => {
            Some(RegisterOutput::Value(Some(draw.below(3) as u32)))
        }
        _ => None,
    })
}

fn report(what: &str, pairs: impl Iterator<Item = (bool, &'static str)>) -> (usize, usize) {
    let pairs: Vec<_> = pairs.collect();
    let agreed = pairs
        .iter()
        .filter(|(theirs, ours)| *ours == if *theirs { "held" } else { "violated" })
        .count();
    let held = pairs.iter().filter(|(theirs, _)| *theirs).count();
    println!(
        "stateright on drawn {what} histories: {agreed} of {} verdicts agree, {held} held",
        pairs.len()
    );
    (agreed, held)
}

#[test]
fn the_testers_pass_their_controls() {
    let stale = |tester: &mut dyn FnMut(u32, RegisterOp<u32>, RegisterRet<u32>)| {
        tester(0, RegisterOp::Write(1), RegisterRet::WriteOk);
        tester(1, RegisterOp::Read, RegisterRet::ReadOk(0));
    };
    let mut linearizable = LinearizabilityTester::new(Register(0));
    stale(&mut |thread, op, ret| {
        assert_ne!(
            linearizable
                .on_invret(thread, op, ret)
                .map(|tester| tester.len()),
            Ok(0)
        )
    });
    let mut sequential = SequentialConsistencyTester::new(Register(0));
    stale(&mut |thread, op, ret| {
        assert_ne!(
            sequential
                .on_invret(thread, op, ret)
                .map(|tester| tester.len()),
            Ok(0)
        )
    });
    assert_eq!(
        (linearizable.is_consistent(), sequential.is_consistent()),
        (false, true)
    );
}

#[test]
fn drawn_register_histories_are_judged_as_by_stateright() {
    let verdicts = (0..HISTORIES).map(|seed| {
        let history = register_history(seed);
        let theirs = judged(
            LinearizabilityTester::new(Register(None)),
            &history,
            register_op,
            register_ret,
        );
        (
            theirs,
            check(&Registers::new(None), &history, Budget::USUAL).word(),
        )
    });
    let (agreed, held) = report("register", verdicts);
    assert_eq!(agreed as u64, HISTORIES);
    assert!(
        (100..350).contains(&held),
        "both verdicts must be well represented, {held} are held"
    );
}

/// A queue in stateright's terms.
#[derive(Clone, Debug, Default)]
struct Fifo(VecDeque<u32>);

impl SequentialSpec for Fifo {
    type Op = QueueAction<u32>;
    type Ret = QueueOutput<u32>;

    fn invoke(&mut self, op: &Self::Op) -> Self::Ret {
        match op {
            QueueAction::Enqueue(value) => {
                self.0.push_back(*value);
                QueueOutput::Enqueued
            }
            QueueAction::Dequeue => QueueOutput::Dequeued(self.0.pop_front()),
        }
    }
}

#[test]
fn drawn_queue_histories_are_judged_as_by_stateright() {
    let verdicts = (0..HISTORIES).map(|seed| {
        let mut draw = Draw(seed);
        let history = altered(&specimen::queue(seed, crowd()), |_, output| match output {
            QueueOutput::Dequeued(_) if draw.chance(150) => {
                Some(QueueOutput::Dequeued(Some(1 + draw.below(4) as u32)))
            }
            _ => None,
        });
        let theirs = judged(
            LinearizabilityTester::new(Fifo::default()),
            &history,
            Clone::clone,
            Clone::clone,
        );
        (
            theirs,
            check(&FifoQueue::for_history(&history), &history, Budget::USUAL).word(),
        )
    });
    let (agreed, held) = report("queue", verdicts);
    assert_eq!(agreed as u64, HISTORIES);
    assert!(
        (100..350).contains(&held),
        "both verdicts must be well represented, {held} are held"
    );
}
