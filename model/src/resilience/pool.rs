//! A pool of connections: the accounting as a pure value, and around it the leases a node works with.
//!
//! [`PoolState`] decides who gets which connection; [`Pool`] waits, wakes and shows. The pool never
//! connects: a fresh [`Lease`] is the right to have one connection, which its owner opens itself and
//! [`put`](Lease::put)s in. A statement is done with the connection [`take`](Lease::take)n out and put
//! back when its answer is here; so a lease dropped in between, because the caller was cancelled or
//! timed out, holds nothing to be returned, and its place is given on as a fresh one. Nobody can get a
//! connection on which somebody else's statement is still under way.
//!
//! What it tells the record, as notes `pool`: `{event: "opened", max}` at the start of each process,
//! and `{event: "leaked", busy, leases, max}` once for each place that is taken and that
//! nobody holds.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use sim::NodeContext;
use sim::record::value::Value;

use super::places::{Entry, Places, Ticket};
use super::turn::{Queue, Turn, Waiters};
use crate::defects::{Defect, Defects};

/// What a lease begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant<C> {
    /// The right to open a connection.
    Fresh,
    /// A connection somebody returned.
    Reused(C),
}

/// What who asks for a connection is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquired<C> {
    /// Here it is.
    Granted(Grant<C>),
    /// All are leased; this is the turn.
    Queued(Ticket),
}

/// Who has which connection. Leased and idle ones together are never more than the maximum.
#[derive(Clone, Debug)]
pub struct PoolState<C> {
    places: Places,
    /// The one used last is used next, so that those not needed grow old.
    idle: Vec<C>,
}

impl<C> PoolState<C> {
    /// A pool that has opened nothing yet.
    ///
    /// # Panics
    /// When it may open nothing at all.
    pub fn new(connections_max: u32) -> PoolState<C> {
        PoolState {
            places: Places::new(connections_max, u32::MAX),
            idle: Vec::new(),
        }
    }

    /// Asks for a connection, or for a turn.
    pub fn acquire(&mut self) -> Acquired<C> {
        match self.places.enter() {
            Entry::Entered => Acquired::Granted(self.grant()),
            Entry::Queued(ticket) => Acquired::Queued(ticket),
            Entry::Full => unreachable!("the queue before a pool has no end"),
        }
    }

    /// Comes for what was handed over to a turn, if it was.
    pub fn collect(&mut self, ticket: Ticket) -> Option<Grant<C>> {
        self.places.collect(ticket).then(|| self.grant())
    }

    /// Ends a lease and keeps its connection for the next; whose turn it is now.
    pub fn release(&mut self, connection: C) -> Option<Ticket> {
        self.idle.push(connection);
        self.places.leave()
    }

    /// Ends a lease that has no connection to return; whose turn it is now.
    pub fn discard(&mut self) -> Option<Ticket> {
        self.places.leave()
    }

    /// Waits no longer, whether or not something was handed over; whose turn it is now.
    pub fn withdraw(&mut self, ticket: Ticket) -> Option<Ticket> {
        self.places.withdraw(ticket)
    }

    /// How many leases there are.
    pub fn busy(&self) -> u32 {
        self.places.taken()
    }

    /// How many connections wait for the next lease.
    pub fn idle(&self) -> u32 {
        u32::try_from(self.idle.len()).unwrap_or(u32::MAX)
    }

    /// How many wait for a lease.
    pub fn waiting(&self) -> u32 {
        self.places.waiting()
    }

    fn grant(&mut self) -> Grant<C> {
        self.idle.pop().map_or(Grant::Fresh, Grant::Reused)
    }
}

/// No connection could be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcquireError {
    /// All were leased for as long as the caller would wait.
    #[error("all connections were in use for {} ms; ask again later", .limit.as_millis())]
    TimedOut {
        /// How long it waited.
        limit: Duration,
    },
}

/// A Core's pool of connections to the Ledger. Clones share it.
pub struct Pool<C>(Rc<Inner<C>>);

struct Inner<C> {
    context: NodeContext,
    connections_max: u32,
    state: RefCell<PoolState<C>>,
    waiters: RefCell<Waiters>,
    /// How many [`Lease`]s exist, counted apart from the state, which must agree.
    leases: Cell<u32>,
    /// How many places were found lost so far, so that each is told of once.
    lost: Cell<u32>,
    forgets_cancelled: bool,
}

impl<C> Clone for Pool<C> {
    fn clone(&self) -> Pool<C> {
        Pool(self.0.clone())
    }
}

impl<C> Pool<C> {
    /// An empty pool of at most so many connections.
    ///
    /// # Panics
    /// When it may open nothing at all.
    pub fn new(context: NodeContext, connections_max: u32, defects: &Defects) -> Pool<C> {
        let opened = [("event", "opened".into()), ("max", connections_max.into())];
        context.note("pool", Value::map(opened));
        let pool = Pool(Rc::new(Inner {
            context,
            connections_max,
            state: RefCell::new(PoolState::new(connections_max)),
            waiters: RefCell::default(),
            leases: Cell::new(0),
            lost: Cell::new(0),
            forgets_cancelled: defects.has(Defect::ConnectionLeakedOnTimeout),
        }));
        pool.0.show();
        pool
    }

    /// Leases a connection, waiting for one no longer than the limit on the node's clock. First come,
    /// first served.
    ///
    /// # Errors
    /// [`AcquireError::TimedOut`].
    pub async fn acquire(&self, limit: Duration) -> Result<Lease<C>, AcquireError> {
        let inner = &*self.0;
        let acquired = inner.state.borrow_mut().acquire();
        let grant = match acquired {
            Acquired::Granted(grant) => grant,
            Acquired::Queued(ticket) => {
                let turn = Turn {
                    queue: inner,
                    ticket: Some(ticket),
                    patience: inner.context.sleep(limit),
                };
                turn.await.ok_or(AcquireError::TimedOut { limit })?
            }
        };
        inner.leases.set(inner.leases.get() + 1);
        inner.show();
        Ok(Lease {
            pool: self.clone(),
            holds: match grant {
                Grant::Fresh => Holding::Nothing,
                Grant::Reused(connection) => Holding::Connection(connection),
            },
        })
    }

    /// How many leases there are.
    pub fn busy(&self) -> u32 {
        self.0.state.borrow().busy()
    }

    /// How many connections wait for the next lease.
    pub fn idle(&self) -> u32 {
        self.0.state.borrow().idle()
    }
}

impl<C> Inner<C> {
    fn show(&self) {
        let state = self.state.borrow();
        let instance = self.context.name();
        for (label, count) in [("busy", state.busy()), ("idle", state.idle())] {
            let labels = [("instance", instance.as_str()), ("state", label)];
            self.context
                .gauge("core.ledger.connections", &labels, count.into());
        }
    }

    /// Every place that is taken is held by a lease.
    fn audit(&self) {
        let (busy, leases) = (self.state.borrow().busy(), self.leases.get());
        if busy > leases + self.lost.get() {
            self.lost.set(busy - leases);
            let found = [
                ("event", "leaked".into()),
                ("busy", busy.into()),
                ("leases", leases.into()),
                ("max", self.connections_max.into()),
            ];
            self.context.note("pool", Value::map(found));
        }
    }
}

impl<C> Queue for Inner<C> {
    type Place = Grant<C>;

    fn collect(&self, ticket: Ticket) -> Option<Grant<C>> {
        self.state.borrow_mut().collect(ticket)
    }

    fn park(&self, ticket: Ticket, waker: &Waker) {
        self.waiters.borrow_mut().park(ticket, waker);
    }

    fn withdraw(&self, ticket: Ticket) {
        let next = self.state.borrow_mut().withdraw(ticket);
        let mut waiters = self.waiters.borrow_mut();
        waiters.forget(ticket);
        waiters.call(next);
    }
}

/// The right to one connection, until dropped. A connection it holds then is returned to the pool.
#[must_use = "the connection goes back as soon as the lease is dropped"]
pub struct Lease<C> {
    pool: Pool<C>,
    holds: Holding<C>,
}

enum Holding<C> {
    /// None was opened, or the one there was is gone.
    Nothing,
    Connection(C),
    /// It was taken out for a statement whose answer is not here.
    Statement,
}

impl<C> Lease<C> {
    /// The connection, if there is one; its owner opens one when there is none.
    pub fn connection(&self) -> Option<&C> {
        match &self.holds {
            Holding::Connection(connection) => Some(connection),
            Holding::Nothing | Holding::Statement => None,
        }
    }

    /// Takes the connection out for a statement. Until it is put back, dropping the lease discards
    /// it.
    pub fn take(&mut self) -> Option<C> {
        match std::mem::replace(&mut self.holds, Holding::Statement) {
            Holding::Connection(connection) => Some(connection),
            other @ (Holding::Nothing | Holding::Statement) => {
                self.holds = other;
                None
            }
        }
    }

    /// Puts in a connection that was opened, or that has answered: nothing is under way on it.
    ///
    /// # Panics
    /// When the lease holds one already: it is the right to one only.
    pub fn put(&mut self, connection: C) {
        let before = std::mem::replace(&mut self.holds, Holding::Connection(connection));
        let one_only = !matches!(before, Holding::Connection(_));
        assert!(one_only, "a lease holds at most one connection");
    }

    /// Gives up the connection, whether held or taken out, because it is broken. The lease remains,
    /// and another connection may be opened under it.
    pub fn discard(&mut self) {
        self.holds = Holding::Nothing;
    }
}

impl<C> Drop for Lease<C> {
    fn drop(&mut self) {
        let inner = &*self.pool.0;
        inner.leases.set(inner.leases.get() - 1);
        let next = match std::mem::replace(&mut self.holds, Holding::Nothing) {
            // The defect: whoever was cancelled in mid-statement tells nobody.
            Holding::Statement if inner.forgets_cancelled => None,
            Holding::Nothing | Holding::Statement => inner.state.borrow_mut().discard(),
            Holding::Connection(connection) => inner.state.borrow_mut().release(connection),
        };
        inner.waiters.borrow_mut().call(next);
        inner.audit();
        inner.show();
    }
}

#[cfg(test)]
mod tests;
