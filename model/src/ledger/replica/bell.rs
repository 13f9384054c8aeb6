//! A bell: rung when something has changed, it wakes everybody who waits for a condition.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Poll, Waker};

use sim::node::Sleep;

/// Who waits for a change.
#[derive(Default)]
pub struct Bell(RefCell<Vec<Waker>>);

impl Bell {
    /// Something has changed: all look again.
    pub fn ring(&self) {
        for waker in self.0.take() {
            waker.wake();
        }
    }

    /// Waits until the condition holds, which may become so only when the bell is rung.
    pub fn until<'a>(&'a self, condition: impl Fn() -> bool + 'a) -> impl Future<Output = ()> + 'a {
        std::future::poll_fn(move |poll| {
            if condition() {
                return Poll::Ready(());
            }
            self.0.borrow_mut().push(poll.waker().clone());
            Poll::Pending
        })
    }

    /// As [`until`](Self::until), with patience; tells whether the condition holds.
    pub fn until_or<'a>(
        &'a self,
        condition: impl Fn() -> bool + 'a,
        mut patience: Sleep,
    ) -> impl Future<Output = bool> + 'a {
        std::future::poll_fn(move |poll| {
            // The condition is looked at first: what happens at the last moment counts.
            if condition() {
                return Poll::Ready(true);
            }
            self.0.borrow_mut().push(poll.waker().clone());
            Pin::new(&mut patience).poll(poll).map(|()| false)
        })
    }
}
