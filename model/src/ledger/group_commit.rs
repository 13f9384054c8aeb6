//! Group commit: many commits, one sync.
//!
//! Whoever finds the log free writes everything that is queued and syncs once for all; the others
//! wait. So the cost of a sync is shared exactly when commits are many.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::{Poll, Waker};

use super::engine::log::frame::Lsn;
use super::engine::log::record::{Image, Record};
use super::log_file::LogFile;

/// Whether records are on stable storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// They are.
    Durable,
    /// The disk failed: nobody knows, and the process must end.
    Lost,
}

/// The queue before the log.
pub struct GroupCommit {
    /// Nothing while somebody writes it.
    log: RefCell<Option<LogFile>>,
    queue: RefCell<VecDeque<Vec<Record>>>,
    wakers: RefCell<Vec<Waker>>,
    /// How many batches of records were ever queued, and how many of them are durable.
    queued: Cell<u64>,
    done: Cell<u64>,
    durable: Cell<Lsn>,
    lost: Cell<bool>,
    /// Commits the engine has decided whose records are not in the log yet.
    promised: Cell<u64>,
}

impl GroupCommit {
    /// A queue before an open log.
    pub fn new(log: LogFile) -> GroupCommit {
        let durable = Cell::new(log.end());
        GroupCommit {
            log: RefCell::new(Some(log)),
            queue: RefCell::default(),
            wakers: RefCell::default(),
            queued: Cell::new(0),
            done: Cell::new(0),
            durable,
            lost: Cell::new(false),
            promised: Cell::new(0),
        }
    }

    /// How far the log is durable.
    pub fn durable(&self) -> Lsn {
        self.durable.get()
    }

    /// The engine has decided a commit; its records will be queued, but a task must run first.
    pub fn promise(&self) {
        self.promised.set(self.promised.get() + 1);
    }

    /// Writes and syncs a commit's records, which were [promised](Self::promise).
    pub async fn make_durable(&self, records: Vec<Record>) -> Durability {
        self.queue.borrow_mut().push_back(records);
        self.queued.set(self.queued.get() + 1);
        let ticket = self.queued.get();
        loop {
            if self.lost.get() {
                return Durability::Lost;
            }
            if self.done.get() >= ticket {
                return Durability::Durable;
            }
            let free = self.log.borrow_mut().take();
            match free {
                Some(log) => self.write_queue(log).await,
                None => self.turn(ticket).await,
            }
        }
    }

    /// Begins the log anew with the whole store, if it has grown long and nothing is on its way into
    /// it. Commits that come meanwhile wait.
    pub async fn checkpoint_if_long(&self, image: impl FnOnce() -> Image) -> Durability {
        let long = self.log.borrow().as_ref().is_some_and(LogFile::is_long);
        if !long || self.promised.get() > 0 {
            return Durability::Durable;
        }
        let log = self.log.borrow_mut().take();
        let mut log = log.expect("invariant: a log that was free a moment ago is free");
        let written = log.checkpoint(image()).await;
        self.give_back(log, written.is_ok())
    }

    async fn write_queue(&self, mut log: LogFile) {
        let batch = std::mem::take(&mut *self.queue.borrow_mut());
        let commits = batch.len() as u64;
        let records: Vec<Record> = batch.into_iter().flatten().collect();
        let written = log.append(&records).await;
        if let Durability::Durable = self.give_back(log, written.is_ok()) {
            self.done.set(self.done.get() + commits);
            self.promised.set(self.promised.get() - commits);
        }
    }

    fn give_back(&self, log: LogFile, written: bool) -> Durability {
        if written {
            self.durable.set(log.end());
            *self.log.borrow_mut() = Some(log);
        } else {
            self.lost.set(true);
        }
        for waker in self.wakers.take() {
            waker.wake();
        }
        if written {
            Durability::Durable
        } else {
            Durability::Lost
        }
    }

    /// Waits until this ticket is done, or it is somebody's turn to write.
    fn turn(&self, ticket: u64) -> impl Future<Output = ()> + '_ {
        std::future::poll_fn(move |poll| {
            let over = self.lost.get() || self.done.get() >= ticket;
            if over || self.log.borrow().is_some() {
                return Poll::Ready(());
            }
            self.wakers.borrow_mut().push(poll.waker().clone());
            Poll::Pending
        })
    }
}
