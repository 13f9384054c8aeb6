//! The lock manager: who holds a row's place in the queue, who waits for whose transaction, and who is next.
//!
//! As in PostgreSQL, a row lock itself stands in the row; what is queued for here is (a) the right to be the
//! next to take it, per row, first come first served, and (b) the end of the transaction that holds it.
//! Deadlocks are found in `deadlock`. Start at [`Locks::acquire_row`].

use super::heap::Tid;
use super::schema::TableId;
use super::session::SessionId;
use super::statement::RowLock;
use super::transaction::Xid;
use std::collections::{BTreeMap, VecDeque};

/// What a session can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockTag {
    /// A row's place in the queue.
    Row(TableId, Tid),
    /// The end of a transaction.
    Transaction(Xid),
    /// A snapshot that can't take part in an anomaly (READ ONLY DEFERRABLE).
    SafeSnapshot,
}

/// One waiting session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub tag: LockTag,
    pub mode: RowLock,
    /// When this wait began, nanoseconds; deadlock and lock timers count from here.
    pub since_ns: u64,
    /// Tells waits apart that began at the same moment: the earlier one has the smaller number.
    pub number: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct RowQueue {
    pub holders: Vec<(SessionId, RowLock)>,
    pub queue: VecDeque<(SessionId, RowLock)>,
}

/// All locks of an engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Locks {
    pub(super) rows: BTreeMap<(TableId, Tid), RowQueue>,
    transactions: BTreeMap<Xid, VecDeque<SessionId>>,
    pub(super) waits: BTreeMap<SessionId, Wait>,
    waits_begun: u64,
}

impl Locks {
    /// Takes the row's place in the queue, or queues for it; tells whether it was granted.
    pub fn acquire_row(
        &mut self,
        session: SessionId,
        row: (TableId, Tid),
        mode: RowLock,
        now_ns: u64,
    ) -> bool {
        if self.try_acquire_row(session, row, mode) {
            return true;
        }
        self.rows
            .entry(row)
            .or_default()
            .queue
            .push_back((session, mode));
        self.begin_wait(session, LockTag::Row(row.0, row.1), mode, now_ns);
        false
    }

    /// Takes the row's place in the queue if nobody holds or awaits a conflicting one.
    pub fn try_acquire_row(
        &mut self,
        session: SessionId,
        row: (TableId, Tid),
        mode: RowLock,
    ) -> bool {
        let lock = self.rows.entry(row).or_default();
        if lock.holders.iter().any(|(holder, _)| *holder == session) {
            return true;
        }
        let mut others = lock.holders.iter().chain(lock.queue.iter());
        let free = !others.any(|(_, held)| held.conflicts_with(mode));
        if free {
            lock.holders.push((session, mode));
        }
        free
    }

    /// Gives the row's place up and returns the sessions whose turn has come.
    pub fn release_row(&mut self, session: SessionId, row: (TableId, Tid)) -> Vec<SessionId> {
        let Some(lock) = self.rows.get_mut(&row) else {
            return Vec::new();
        };
        lock.holders.retain(|(holder, _)| *holder != session);
        self.grant_row(row)
    }

    /// Makes a session wait for the end of a transaction.
    pub fn wait_for_transaction(&mut self, session: SessionId, xid: Xid, now_ns: u64) {
        self.transactions.entry(xid).or_default().push_back(session);
        self.begin_wait(session, LockTag::Transaction(xid), RowLock::Share, now_ns);
    }

    /// Makes a session wait until its snapshot is known to be safe or not.
    pub fn wait_for_safe_snapshot(&mut self, session: SessionId, now_ns: u64) {
        self.begin_wait(session, LockTag::SafeSnapshot, RowLock::KeyShare, now_ns);
    }

    /// Ends a wait for a safe snapshot.
    pub fn safe_snapshot_settled(&mut self, session: SessionId) -> bool {
        let waits = self
            .waits
            .get(&session)
            .is_some_and(|wait| wait.tag == LockTag::SafeSnapshot);
        if waits {
            self.waits.remove(&session);
        }
        waits
    }

    /// Returns the sessions that waited for a transaction that ended, first come first.
    pub fn transaction_ended(&mut self, xid: Xid) -> Vec<SessionId> {
        let woken: Vec<SessionId> = self
            .transactions
            .remove(&xid)
            .into_iter()
            .flatten()
            .collect();
        for session in &woken {
            self.waits.remove(session);
        }
        woken
    }

    /// Takes a session out of every queue and gives up every row it holds; returns the sessions whose turn
    /// has come.
    pub fn abandon(&mut self, session: SessionId) -> Vec<SessionId> {
        let wait = self.waits.remove(&session);
        let mut touched: Vec<(TableId, Tid)> = Vec::new();
        match wait.map(|wait| wait.tag) {
            Some(LockTag::Row(table, tid)) => {
                if let Some(lock) = self.rows.get_mut(&(table, tid)) {
                    lock.queue.retain(|(waiter, _)| *waiter != session);
                }
                touched.push((table, tid));
            }
            Some(LockTag::Transaction(xid)) => {
                if let Some(queue) = self.transactions.get_mut(&xid) {
                    queue.retain(|waiter| *waiter != session);
                }
            }
            Some(LockTag::SafeSnapshot) | None => {}
        }
        for (row, lock) in &mut self.rows {
            let before = lock.holders.len();
            lock.holders.retain(|(holder, _)| *holder != session);
            if lock.holders.len() != before && !touched.contains(row) {
                touched.push(*row);
            }
        }
        touched
            .into_iter()
            .flat_map(|row| self.grant_row(row))
            .collect()
    }

    fn begin_wait(&mut self, session: SessionId, tag: LockTag, mode: RowLock, since_ns: u64) {
        self.waits_begun += 1;
        self.waits.insert(
            session,
            Wait {
                tag,
                mode,
                since_ns,
                number: self.waits_begun,
            },
        );
    }

    /// Grants a row's place to waiters in order, passing over those that conflict with a holder or an
    /// earlier waiter.
    pub(super) fn grant_row(&mut self, row: (TableId, Tid)) -> Vec<SessionId> {
        let Some(lock) = self.rows.get_mut(&row) else {
            return Vec::new();
        };
        let mut woken = Vec::new();
        let mut still: VecDeque<(SessionId, RowLock)> = VecDeque::new();
        while let Some((session, mode)) = lock.queue.pop_front() {
            let mut others = lock.holders.iter().chain(still.iter());
            if others.any(|(_, held)| held.conflicts_with(mode)) {
                still.push_back((session, mode));
            } else {
                lock.holders.push((session, mode));
                self.waits.remove(&session);
                woken.push(session);
            }
        }
        lock.queue = still;
        if lock.holders.is_empty() && lock.queue.is_empty() {
            self.rows.remove(&row);
        }
        woken
    }
}
