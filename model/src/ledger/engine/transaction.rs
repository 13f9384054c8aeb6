//! Transaction numbers, their fate, and snapshots: who is visible to whom.
//!
//! A number is given at a transaction's first write or row lock, so a reader has none. It stays *in
//! progress* until its commit is durable. Start at [`Transactions::snapshot`].

use super::session::SessionId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The number of a transaction that writes; it never wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xid(pub u64);

/// The fate of a transaction number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    InProgress,
    Committed,
    Aborted,
}

/// What a statement may see: everything committed when it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// All numbers below were finished.
    pub xmin: Xid,
    /// All numbers from here on were not begun.
    pub xmax: Xid,
    /// Numbers in between that were in progress, ascending.
    pub in_progress: Vec<Xid>,
}

impl Snapshot {
    /// Tells whether the transaction was still unfinished when the snapshot was taken.
    pub fn is_concurrent(&self, xid: Xid) -> bool {
        xid >= self.xmax || self.in_progress.binary_search(&xid).is_ok()
    }
}

/// All transaction numbers of an engine.
#[derive(Clone, Debug)]
pub(super) struct Transactions {
    next: Xid,
    in_progress: BTreeMap<Xid, SessionId>,
    /// Aborted numbers that may still stand in the heap; a finished number that is not here was committed.
    aborted: BTreeSet<Xid>,
    /// The snapshot of now, if one was asked for.
    snapshot: Option<Arc<Snapshot>>,
}

impl Transactions {
    /// A history in which every number below `next` is committed.
    pub fn starting_at(next: Xid) -> Self {
        Self {
            next,
            in_progress: BTreeMap::new(),
            aborted: BTreeSet::new(),
            snapshot: None,
        }
    }

    /// The number the next writer will get.
    pub fn next(&self) -> Xid {
        self.next
    }

    /// Gives a session's transaction its number.
    pub fn assign(&mut self, session: SessionId) -> Xid {
        let xid = self.next;
        self.snapshot = None;
        self.next = Xid(xid.0 + 1);
        self.in_progress.insert(xid, session);
        xid
    }

    /// Gives a number to a transaction that has committed elsewhere.
    pub fn pass(&mut self) -> Xid {
        let xid = self.next;
        self.next = Xid(xid.0 + 1);
        self.snapshot = None;
        xid
    }

    /// Leaves numbers out, so that the next writer gets at least this one.
    pub fn skip_to(&mut self, next: Xid) {
        self.next = self.next.max(next);
        self.snapshot = None;
    }

    /// Ends a transaction; the change is visible to every later snapshot at once.
    pub fn finish(&mut self, xid: Xid, committed: bool) {
        let was = self.in_progress.remove(&xid);
        self.snapshot = None;
        assert!(was.is_some(), "invariant: transaction {xid:?} ends once");
        if !committed {
            self.aborted.insert(xid);
        }
    }

    /// What became of a transaction.
    pub fn fate(&self, xid: Xid) -> Fate {
        if self.in_progress.contains_key(&xid) {
            Fate::InProgress
        } else if self.aborted.contains(&xid) {
            Fate::Aborted
        } else {
            Fate::Committed
        }
    }

    /// The session that runs a transaction in progress.
    pub fn owner(&self, xid: Xid) -> Option<SessionId> {
        self.in_progress.get(&xid).copied()
    }

    /// A snapshot of now; the same one until a transaction gets its number or ends.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        let taken = self.snapshot.get_or_insert_with(|| {
            let in_progress: Vec<Xid> = self.in_progress.keys().copied().collect();
            let xmin = in_progress.first().copied().unwrap_or(self.next);
            Arc::new(Snapshot {
                xmin,
                xmax: self.next,
                in_progress,
            })
        });
        Arc::clone(taken)
    }

    /// Forgets an aborted number; only right after what it wrote was swept from every heap.
    pub fn forget_aborted(&mut self, xid: Xid) {
        self.aborted.remove(&xid);
    }
}
