//! A bulkhead: at most so many calls at once and so many waiting, the rest is refused at once.
//!
//! It keeps the trouble of one neighbour from taking every task of a node with it. The counting is
//! [`Places`]; here is the async shell. It knows nothing of what the calls do, nor how they end.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use sim::NodeContext;

use super::places::{Entry, Places, Ticket};
use super::turn::{Queue, Turn, Waiters};

/// How many a bulkhead takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkheadLimits {
    /// Calls at once; at least one.
    pub concurrent: u32,
    /// Calls that may wait for a place.
    pub waiting: u32,
}

/// Why a bulkhead did not let a call in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// Nothing was waited for.
    #[error("{running} calls are under way and {waiting} wait already; ask again later")]
    Full {
        /// How many are under way.
        running: u32,
        /// How many wait.
        waiting: u32,
    },
    /// It waited as long as it would.
    #[error("no place came free within {} ms; ask again later", .patience.as_millis())]
    TimedOut {
        /// How long it waited.
        patience: Duration,
    },
}

/// A bulkhead. Clones share its places.
#[derive(Clone)]
pub struct Bulkhead(Rc<Inner>);

struct Inner {
    limits: BulkheadLimits,
    places: RefCell<Places>,
    waiters: RefCell<Waiters>,
}

impl Bulkhead {
    /// An empty one.
    ///
    /// # Panics
    /// When it has no place.
    pub fn new(limits: BulkheadLimits) -> Bulkhead {
        Bulkhead(Rc::new(Inner {
            limits,
            places: RefCell::new(Places::new(limits.concurrent, limits.waiting)),
            waiters: RefCell::default(),
        }))
    }

    /// Takes a place, waiting for one no longer than patience lasts on the node's clock.
    ///
    /// # Errors
    /// [`Crowded`]: at once when too many wait already.
    pub async fn enter(
        &self,
        context: &NodeContext,
        patience: Duration,
    ) -> Result<Compartment, Crowded> {
        let entry = self.0.places.borrow_mut().enter();
        match entry {
            Entry::Entered => {}
            Entry::Full => {
                return Err(Crowded::Full {
                    running: self.0.limits.concurrent,
                    waiting: self.0.limits.waiting,
                });
            }
            Entry::Queued(ticket) => {
                let turn = Turn {
                    queue: &*self.0,
                    ticket: Some(ticket),
                    patience: context.sleep(patience),
                };
                turn.await.ok_or(Crowded::TimedOut { patience })?;
            }
        }
        Ok(Compartment(self.clone()))
    }

    /// How many are in.
    pub fn running(&self) -> u32 {
        self.0.places.borrow().taken()
    }

    /// How many wait.
    pub fn waiting(&self) -> u32 {
        self.0.places.borrow().waiting()
    }
}

impl Queue for Inner {
    type Place = ();

    fn collect(&self, ticket: Ticket) -> Option<()> {
        self.places.borrow_mut().collect(ticket).then_some(())
    }

    fn park(&self, ticket: Ticket, waker: &Waker) {
        self.waiters.borrow_mut().park(ticket, waker);
    }

    fn withdraw(&self, ticket: Ticket) {
        let next = self.places.borrow_mut().withdraw(ticket);
        let mut waiters = self.waiters.borrow_mut();
        waiters.forget(ticket);
        waiters.call(next);
    }
}

/// A place in a bulkhead, free again when this is dropped.
#[must_use = "the place is free again as soon as this is dropped"]
pub struct Compartment(Bulkhead);

impl Drop for Compartment {
    fn drop(&mut self) {
        let inner = &self.0.0;
        let next = inner.places.borrow_mut().leave();
        inner.waiters.borrow_mut().call(next);
    }
}
