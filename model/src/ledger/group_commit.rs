//! Group commit: many commits, one sync.
//!
//! Whoever finds the log free writes everything that is queued and syncs once for all; the others
//! wait. So the cost of a sync is shared exactly when commits are many. Where others follow the log,
//! what has become durable goes into an [outbox](super::replica::outbox) for them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::{Poll, Waker};

use super::engine::log::frame::{LogWriter, Lsn};
use super::engine::log::record::{Image, Record};
use super::log_file::LogFile;
use super::replica::bell::Bell;
use super::replica::outbox::{Outbox, Shipment};

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
    /// What is kept for those who follow the log; nothing when nobody does.
    outbox: Option<RefCell<Outbox>>,
    /// Whether one of them can go on only from a checkpoint.
    checkpoint_wanted: Cell<bool>,
    /// Rung when the outbox has more.
    shipped: Bell,
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
            outbox: None,
            checkpoint_wanted: Cell::new(false),
            shipped: Bell::default(),
        }
    }

    /// As [`new`](Self::new), for a log that others follow.
    pub fn followed(log: LogFile) -> GroupCommit {
        let outbox = Outbox::new(log.end());
        GroupCommit {
            outbox: Some(RefCell::new(outbox)),
            ..GroupCommit::new(log)
        }
    }

    /// What is kept for followers.
    pub fn outbox(&self) -> Option<&RefCell<Outbox>> {
        self.outbox.as_ref()
    }

    /// Rung when there is more for followers.
    pub fn shipped(&self) -> &Bell {
        &self.shipped
    }

    /// A follower needs a checkpoint, as soon as one is possible.
    pub fn want_checkpoint(&self) {
        self.checkpoint_wanted.set(true);
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

    /// Begins the log anew with the whole store, if it has grown long or a follower needs it, and nothing
    /// is on its way into it. Commits that come meanwhile wait.
    pub async fn checkpoint_if_long(&self, image: impl FnOnce() -> Image) -> Durability {
        let wanted = self.checkpoint_wanted.get();
        let due = self
            .log
            .borrow()
            .as_ref()
            .is_some_and(|log| wanted || log.is_long());
        if !due || self.promised.get() > 0 {
            return Durability::Durable;
        }
        let log = self.log.borrow_mut().take();
        let mut log = log.expect("invariant: a log that was free a moment ago is free");
        let (from, image) = (log.end(), image());
        let kept = self
            .outbox
            .is_some()
            .then(|| vec![Record::Checkpoint(image.clone())]);
        let written = log.checkpoint(image).await;
        if written.is_ok() {
            self.checkpoint_wanted.set(false);
            self.ship(from, kept.into_iter().collect());
        }
        self.give_back(log, written.is_ok())
    }

    async fn write_queue(&self, mut log: LogFile) {
        let batch = std::mem::take(&mut *self.queue.borrow_mut());
        let commits = batch.len() as u64;
        let from = log.end();
        let kept = self
            .outbox
            .is_some()
            .then(|| batch.iter().cloned().collect());
        let records: Vec<Record> = batch.into_iter().flatten().collect();
        let written = log.append(&records).await;
        if written.is_ok() {
            self.ship(from, kept.unwrap_or_default());
        }
        if let Durability::Durable = self.give_back(log, written.is_ok()) {
            self.done.set(self.done.get() + commits);
            self.promised.set(self.promised.get() - commits);
        }
    }

    /// Keeps what stands in the log from a position on for followers: each commit by itself.
    fn ship(&self, from: Lsn, batch: Vec<Vec<Record>>) {
        let Some(outbox) = &self.outbox else { return };
        let mut places = LogWriter::new(from);
        for records in batch {
            let from = places.next();
            places.append(&records);
            outbox.borrow_mut().push(Shipment {
                from,
                records,
                upto: places.next(),
            });
        }
        self.shipped.ring();
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
