//! The wait for a place: ends when it is handed over or patience runs out, and withdraws when dropped.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use sim::node::Sleep;

use super::places::Ticket;

/// Who waits for which turn.
#[derive(Default)]
pub(super) struct Waiters(BTreeMap<Ticket, Waker>);

impl Waiters {
    pub(super) fn park(&mut self, ticket: Ticket, waker: &Waker) {
        self.0.insert(ticket, waker.clone());
    }

    /// Tells the owner of a turn, if any, that it came.
    pub(super) fn call(&mut self, turn: Option<Ticket>) {
        if let Some(waker) = turn.and_then(|ticket| self.0.remove(&ticket)) {
            waker.wake();
        }
    }

    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.0.remove(&ticket);
    }
}

/// What has a queue.
pub(super) trait Queue {
    /// What whose turn has come gets.
    type Place;

    /// What was handed over to this turn, if it was.
    fn collect(&self, ticket: Ticket) -> Option<Self::Place>;

    /// Whom to wake when it is.
    fn park(&self, ticket: Ticket, waker: &Waker);

    /// Gives the turn, and what may have been handed over to it, to the next.
    fn withdraw(&self, ticket: Ticket);
}

/// A wait. It gives nothing when patience ran out first.
pub(super) struct Turn<'a, Q: Queue> {
    pub(super) queue: &'a Q,
    /// Nothing once the turn has come.
    pub(super) ticket: Option<Ticket>,
    pub(super) patience: Sleep,
}

impl<Q: Queue> Future for Turn<'_, Q> {
    type Output = Option<Q::Place>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ticket = self
            .ticket
            .expect("a wait that is over is not polled again");
        // The place is looked for first: one that comes at the last moment counts.
        if let Some(place) = self.queue.collect(ticket) {
            self.ticket = None;
            return Poll::Ready(Some(place));
        }
        self.queue.park(ticket, context.waker());
        Pin::new(&mut self.patience).poll(context).map(|()| None)
    }
}

impl<Q: Queue> Drop for Turn<'_, Q> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.queue.withdraw(ticket);
        }
    }
}
