//! Calls: a request, a deadline and at most one answer.
//!
//! The three failures are kept apart because the recovery differs: *refused* certainly had no
//! effect, *reset* and *timed out* may have had one. No failure says that a late effect cannot
//! still come.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::message::Payload;
use crate::node::NodeId;
use crate::random::Lineage;

/// Names one call of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Why a call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallError {
    /// The peer's machine is there, its process is not: the request had no effect.
    #[error("connection refused")]
    Refused,
    /// The peer's process died with the request in hand: the effect is unknown.
    #[error("connection reset")]
    Reset,
    /// Nothing came back before the deadline: the effect is unknown, and may yet come.
    #[error("no answer before the deadline")]
    TimedOut,
}

impl CallError {
    /// Whether the request certainly had no effect.
    pub fn is_certain(self) -> bool {
        match self {
            CallError::Refused => true,
            CallError::Reset | CallError::TimedOut => false,
        }
    }
}

/// How the wait for an answer ends; failing that it stays open.
type Answer = Result<Arc<dyn Payload>, CallError>;

/// The waiting side of one call.
#[derive(Default)]
pub(crate) struct Waiter {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

/// A waiter shared between the caller's future and the network.
#[derive(Clone, Default)]
pub(crate) struct Pending(Rc<RefCell<Waiter>>);

impl Pending {
    /// Settles the call; the first answer counts.
    pub(crate) fn settle(&self, answer: Answer) {
        let mut waiter = self.0.borrow_mut();
        if waiter.answer.is_none() {
            waiter.answer = Some(answer);
            if let Some(waker) = waiter.waker.take() {
                waker.wake();
            }
        }
    }

    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Answer> {
        let mut waiter = self.0.borrow_mut();
        match waiter.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                waiter.waker = Some(waker.clone());
                Poll::Pending
            }
        }
    }
}

/// Who waits for which call, and which calls a process has in hand.
#[derive(Default)]
pub(crate) struct Calls {
    next: u64,
    waiting: BTreeMap<CallId, (NodeId, Pending)>,
    /// Requests a process has received and not answered, by receiver. One flat map: a map for each
    /// receiver would be allocated anew for most requests.
    in_hand: BTreeMap<(NodeId, CallId), InHand>,
}

/// A request a process has received and not answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InHand {
    pub(crate) caller: NodeId,
    pub(crate) lineage: Lineage,
}

impl Calls {
    pub(crate) fn open(&mut self, caller: NodeId) -> (CallId, Pending) {
        let call = CallId(self.next);
        self.next += 1;
        let pending = Pending::default();
        self.waiting.insert(call, (caller, pending.clone()));
        (call, pending)
    }

    /// Closes a call from the caller's side; a later answer finds nobody.
    pub(crate) fn close(&mut self, call: CallId) -> Option<Pending> {
        self.waiting.remove(&call).map(|(_, pending)| pending)
    }

    pub(crate) fn accepted(&mut self, by: NodeId, call: CallId, request: InHand) {
        self.in_hand.insert((by, call), request);
    }

    pub(crate) fn answered(&mut self, by: NodeId, call: CallId) {
        self.in_hand.remove(&(by, call));
    }

    /// Forgets everything a dying process held. Gives the calls whose callers may learn of it.
    pub(crate) fn process_died(&mut self, node: NodeId) -> BTreeMap<CallId, InHand> {
        self.waiting.retain(|_, (caller, _)| *caller != node);
        let held = (node, CallId(0))..=(node, CallId(u64::MAX));
        self.in_hand
            .extract_if(held, |_, _| true)
            .map(|((_, call), request)| (call, request))
            .collect()
    }
}
