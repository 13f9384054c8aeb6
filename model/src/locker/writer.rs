//! Makes a Locker's journal durable, entry by entry, in the order in which the entries came true.
//!
//! Commands are worked on side by side and each writes twice; were each to append on its own, a
//! completion could reach the disk before an earlier one on which it depends. So entries wait in one
//! queue. Whoever needs his to be durable and finds nobody writing writes all that wait, with one
//! sync; the others wait for him. What is durable is always a prefix of what came true.
//!
//! A journal that cannot be written ends the process: recovery finds out what was done.
//!
//! Nothing compacts the journal: it grows by two entries a command, and each start reads all of it.
//! Only what the process makes of it is bounded, by its slots and by
//! [`Memory`](super::memory::Memory).

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::Duration;

use sim::NodeContext;

use super::command::Entry;
use crate::journal;

/// The journal's file.
pub const JOURNAL: &str = "locker.journal";

const RESTART_AFTER: Duration = Duration::from_secs(1);

/// The journal's writer in one life of the process.
pub struct Writer {
    context: NodeContext,
    waiting: RefCell<Vec<u8>>,
    /// How many entries came true, and how many of them are durable.
    entered: Cell<u64>,
    durable: Cell<u64>,
    writing: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

impl Writer {
    /// A writer after recovery.
    pub fn new(context: NodeContext) -> Writer {
        Writer {
            context,
            waiting: RefCell::default(),
            entered: Cell::new(0),
            durable: Cell::new(0),
            writing: Cell::new(false),
            wakers: RefCell::default(),
        }
    }

    /// Puts an entry behind all others. It is durable only after [`Writer::durable`].
    pub fn enter(&self, entry: &Entry) {
        self.waiting
            .borrow_mut()
            .extend_from_slice(&journal::encode(entry));
        self.entered.set(self.entered.get() + 1);
    }

    /// Waits until everything entered so far is durable.
    pub async fn durable(&self) {
        let all = self.entered.get();
        while self.durable.get() < all {
            if self.writing.replace(true) {
                self.write_ended(all).await;
            } else {
                self.write().await;
                self.writing.set(false);
                for waker in self.wakers.take() {
                    waker.wake();
                }
            }
        }
    }

    /// Waits until so many entries are durable or nobody is writing.
    async fn write_ended(&self, entries: u64) {
        poll_fn(|poll| {
            if self.durable.get() >= entries || !self.writing.get() {
                return Poll::Ready(());
            }
            self.wakers.borrow_mut().push(poll.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Writes what waits.
    async fn write(&self) {
        let bytes = self.waiting.take();
        let entered = self.entered.get();
        let disk = self.context.disk();
        if disk.append(JOURNAL, &bytes).await.is_err() || disk.sync(JOURNAL).await.is_err() {
            self.context.abort(RESTART_AFTER).await;
        }
        self.durable.set(entered);
    }
}
