//! What can be due: the kinds of entries the world's agenda holds.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::network::message::Envelope;
use crate::node::NodeId;

/// One entry of the agenda.
pub(crate) enum Entry {
    /// A message reaches its receiver.
    Arrival(Envelope),
    /// A timer of a node rings.
    Alarm(NodeId, Timer),
    /// A planned fault takes hold.
    FaultBegins(u32),
    /// A planned fault is lifted.
    FaultEnds(u32),
    /// The supervisor of a node that ended itself starts it again, unless something else did: the
    /// incarnation it waits to start.
    Supervision(NodeId, u32),
}

impl Entry {
    /// The node whose process would see this; nothing for what only the world sees.
    pub(crate) fn node(&self) -> Option<NodeId> {
        match self {
            Entry::Arrival(envelope) => Some(envelope.to),
            Entry::Alarm(node, _) => Some(*node),
            Entry::FaultBegins(_) | Entry::FaultEnds(_) | Entry::Supervision(..) => None,
        }
    }
}

/// A timer shared between the agenda and the task that waits.
#[derive(Clone, Default)]
pub(crate) struct Timer(Rc<TimerState>);

#[derive(Default)]
struct TimerState {
    rung: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Timer {
    pub(crate) fn ring(&self) {
        self.0.rung.set(true);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn poll(&self, waker: &Waker) -> Poll<()> {
        if self.0.rung.get() {
            return Poll::Ready(());
        }
        self.0.waker.replace(Some(waker.clone()));
        Poll::Pending
    }
}
