//! Serializable snapshot isolation: read-write dependencies between serializable transactions and who must
//! fail for them.
//!
//! An edge reader -> writer means that the reader did not see what a concurrent writer wrote. Two edges in a
//! row whose last writer commits first are a *dangerous structure* and may be part of a cycle; one of its
//! transactions is failed with 40001. The rules and the choice of victim follow Ports and Grittner,
//! "Serializable Snapshot Isolation in PostgreSQL" (VLDB 2012), section 5, with the read-only refinements of
//! its section 4. What was read is tracked in `predicate_locks`. Transactions are never summarized, as
//! PostgreSQL does when its shared memory runs short. Start at [`Serializable::conflict_in`] and
//! [`Serializable::conflict_out`].

use super::error::SqlError;
use super::predicate_locks::{ReadLocks, Target};
use super::session::SessionId;
use super::transaction::{Snapshot, Xid};
use std::collections::{BTreeMap, BTreeSet};

/// A serializable transaction, running or finished but still of concern to a running one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SxId(pub u64);

#[derive(Clone, Debug)]
struct Sxact {
    session: SessionId,
    declared_read_only: bool,
    /// Declared, or finished without a write.
    read_only: bool,
    wrote: bool,
    prepared_at: Option<u64>,
    committed_at: Option<u64>,
    /// Will fail at its next check; nobody else need fear it any more.
    doomed: bool,
    /// Committed after a transaction it has an edge to.
    conflict_out: bool,
    earliest_out_commit: u64,
    last_commit_before_snapshot: u64,
    /// Known to be in no anomaly: reads need no tracking.
    safe: bool,
    unsafe_snapshot: bool,
    waits_for_safety: bool,
    possibly_unsafe: BTreeSet<SxId>,
    out: BTreeSet<SxId>,
    /// In the order in which the edges were found, which decides who is failed first.
    inward: Vec<SxId>,
    snapshot_xmin: Xid,
    finished_before: Option<Xid>,
    xid: Option<Xid>,
}

/// How a deferrable transaction's snapshot turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Safety {
    Unknown,
    Safe,
    Unsafe,
}

/// All serializable transactions of an engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Serializable {
    sxacts: BTreeMap<SxId, Sxact>,
    by_xid: BTreeMap<Xid, SxId>,
    next: u64,
    last_commit: u64,
    pub reads: ReadLocks,
}

impl Serializable {
    /// Begins to track a transaction whose snapshot was just taken.
    ///
    /// `None` means that it need not be tracked: it only reads and no serializable transaction is writing.
    pub fn begin(
        &mut self,
        session: SessionId,
        snapshot: &Snapshot,
        read_only: bool,
        deferrable: bool,
    ) -> Option<SxId> {
        let running =
            |sxact: &Sxact| sxact.finished_before.is_none() && sxact.committed_at.is_none();
        let writers = self
            .sxacts
            .iter()
            .filter(|(_, other)| running(other) && !other.read_only && !other.doomed);
        let possibly_unsafe: BTreeSet<SxId> = if read_only {
            writers.map(|(id, _)| *id).collect()
        } else {
            BTreeSet::new()
        };
        if read_only && possibly_unsafe.is_empty() {
            return None;
        }
        self.next += 1;
        let id = SxId(self.next);
        for writer in &possibly_unsafe {
            self.get_mut(*writer).possibly_unsafe.insert(id);
        }
        let sxact = Sxact {
            session,
            declared_read_only: read_only,
            read_only,
            wrote: false,
            prepared_at: None,
            committed_at: None,
            doomed: false,
            conflict_out: false,
            earliest_out_commit: u64::MAX,
            last_commit_before_snapshot: self.last_commit,
            safe: false,
            unsafe_snapshot: false,
            waits_for_safety: deferrable,
            possibly_unsafe,
            out: BTreeSet::new(),
            inward: Vec::new(),
            snapshot_xmin: snapshot.xmin,
            finished_before: None,
            xid: None,
        };
        self.sxacts.insert(id, sxact);
        Some(id)
    }

    /// Tells the number a tracked transaction was given.
    pub fn register_xid(&mut self, id: SxId, xid: Xid) {
        self.get_mut(id).xid = Some(xid);
        self.by_xid.insert(xid, id);
    }

    /// What is known of the snapshot of a read-only transaction.
    pub fn safety(&self, id: SxId) -> Safety {
        match self.get(id) {
            sxact if sxact.safe => Safety::Safe,
            sxact if sxact.unsafe_snapshot => Safety::Unsafe,
            _ => Safety::Unknown,
        }
    }

    /// Fails a transaction that another has already chosen as the victim; asked at every row looked at.
    pub fn check_doom(&self, id: SxId) -> Result<(), SqlError> {
        if self.get(id).doomed {
            Err(SqlError::read_write_dependency())
        } else {
            Ok(())
        }
    }

    /// The reader did not see what `xid` wrote: notes the edge, or fails the reader.
    pub fn conflict_out(
        &mut self,
        reader: SxId,
        xid: Xid,
        snapshot: &Snapshot,
    ) -> Result<(), SqlError> {
        let Some(writer) = self.by_xid.get(&xid).copied() else {
            return Ok(());
        };
        let (me, other) = (self.get(reader), self.get(writer));
        if reader == writer || other.doomed {
            return Ok(());
        }
        // A reader that never writes is in danger only if the writer had an edge to something committed
        // before the reader's snapshot.
        let early_out =
            other.conflict_out && me.last_commit_before_snapshot >= other.earliest_out_commit;
        if me.read_only && other.committed_at.is_some() && !early_out {
            return Ok(());
        }
        if !snapshot.is_concurrent(xid) || self.edge_exists(reader, writer) {
            return Ok(());
        }
        self.flag_edge(reader, writer, reader)
    }

    /// The writer changes what these targets cover: notes an edge from each concurrent reader, or fails the
    /// writer.
    ///
    /// `also` are readers found by predicate.
    pub fn conflict_in(
        &mut self,
        writer: SxId,
        targets: &[Target],
        also: Vec<SxId>,
    ) -> Result<(), SqlError> {
        self.check_doom(writer)?;
        self.get_mut(writer).wrote = true;
        for target in targets {
            for reader in self.reads.readers(*target) {
                self.reader_meets_writer(reader, writer)?;
            }
            if matches!(target, Target::Row(..)) {
                // Its own write now stands for its read: whoever changes the row later meets a changed row.
                self.reads.remove(writer, *target);
            }
        }
        also.into_iter()
            .try_for_each(|reader| self.reader_meets_writer(reader, writer))
    }

    /// Decides at COMMIT whether this transaction, or one with an edge to it, must fail; marks it as
    /// prepared.
    pub fn pre_commit(&mut self, id: SxId) -> Result<(), SqlError> {
        self.check_doom(id)?;
        // The oldest edge first: a pivot that is failed no longer makes another one dangerous.
        for near in self.get(id).inward.clone() {
            let pivot = self.get(near);
            if pivot.committed_at.is_some() || pivot.doomed {
                continue;
            }
            let dangerous = pivot.inward.iter().any(|far| {
                let other = self.get(*far);
                *far == id || (other.committed_at.is_none() && !other.read_only && !other.doomed)
            });
            if dangerous {
                // The pivot is failed so that a retry makes progress; once prepared it can't be, so we fail
                // instead.
                if pivot.prepared_at.is_some() {
                    return Err(SqlError::read_write_dependency());
                }
                self.get_mut(near).doomed = true;
            }
        }
        self.last_commit += 1;
        let prepared_at = self.last_commit;
        self.get_mut(id).prepared_at = Some(prepared_at);
        Ok(())
    }

    /// Ends a transaction; returns the sessions that waited for a safe snapshot and now know.
    pub fn finish(&mut self, id: SxId, committed: bool, next_xid: Xid) -> Vec<SessionId> {
        if committed {
            self.last_commit += 1;
        }
        let last_commit = self.last_commit;
        let sxact = self.get_mut(id);
        sxact.finished_before = Some(next_xid);
        if committed {
            sxact.committed_at = Some(last_commit);
            sxact.read_only |= !sxact.wrote;
        } else {
            sxact.doomed = true;
        }
        self.settle_edges(id, committed);
        let woken = self.settle_snapshots(id, committed);
        if !committed {
            self.forget(id);
        }
        self.forget_finished();
        woken
    }

    /// Stops tracking a read-only transaction that turned out to be safe, or whose unsafe snapshot was
    /// thrown away.
    pub fn release(&mut self, id: SxId) {
        self.forget(id);
        self.forget_finished();
    }

    fn reader_meets_writer(&mut self, reader: SxId, writer: SxId) -> Result<(), SqlError> {
        let other = self.get(reader);
        let overlapped = match other.finished_before {
            Some(finished) if other.committed_at.is_some() => {
                self.get(writer).snapshot_xmin < finished
            }
            _ => true,
        };
        if reader == writer || other.doomed || !overlapped || self.edge_exists(reader, writer) {
            return Ok(());
        }
        self.flag_edge(reader, writer, writer)
    }

    fn edge_exists(&self, reader: SxId, writer: SxId) -> bool {
        let doomed = self.get(reader).doomed || self.get(writer).doomed;
        !doomed && self.get(reader).out.contains(&writer)
    }

    fn flag_edge(&mut self, reader: SxId, writer: SxId, me: SxId) -> Result<(), SqlError> {
        if self.edge_is_dangerous(reader, writer) {
            // The writer is the pivot or its last member; a writer that is already prepared can't fail any
            // more.
            if me == writer || self.get(writer).prepared_at.is_some() {
                return Err(SqlError::read_write_dependency());
            }
            self.get_mut(writer).doomed = true;
        }
        if self.get_mut(reader).out.insert(writer) {
            self.get_mut(writer).inward.push(reader);
        }
        Ok(())
    }

    /// Tells whether the new edge completes two edges in a row whose last transaction committed first.
    fn edge_is_dangerous(&self, reader: SxId, writer: SxId) -> bool {
        let (r, w) = (self.get(reader), self.get(writer));
        if w.committed_at.is_some() && w.conflict_out {
            return true;
        }
        let writer_is_pivot = w.out.iter().any(|last| {
            let Some(prepared) = self.get(*last).prepared_at else {
                return false;
            };
            r.committed_at.is_none_or(|committed| prepared <= committed)
                && w.committed_at.is_none_or(|committed| prepared <= committed)
                && (!r.read_only || prepared <= r.last_commit_before_snapshot)
        });
        let reader_is_pivot = w.prepared_at.is_some_and(|prepared| {
            !r.read_only
                && r.inward.iter().any(|first| {
                    let first = self.get(*first);
                    !first.doomed
                        && first
                            .committed_at
                            .is_none_or(|committed| committed >= prepared)
                        && (!first.read_only || first.last_commit_before_snapshot >= prepared)
                })
        });
        writer_is_pivot || reader_is_pivot
    }

    /// Drops the edges of a finished transaction that can't matter any more, after noting what they meant.
    fn settle_edges(&mut self, id: SxId, committed: bool) {
        let read_only = self.get(id).read_only;
        for writer in self.get(id).out.clone() {
            let other = self.get(writer);
            let (other_committed, began) = (
                other.committed_at.is_some(),
                other.last_commit_before_snapshot,
            );
            let other_prepared = other.prepared_at;
            if committed && !read_only && other_committed {
                let sxact = self.get_mut(id);
                sxact.conflict_out = true;
                sxact.earliest_out_commit = sxact
                    .earliest_out_commit
                    .min(other_prepared.unwrap_or(u64::MAX));
            }
            if !committed || other_committed || began >= self.last_commit {
                self.drop_edge(id, writer);
            }
        }
        for reader in self.get(id).inward.clone() {
            let other = self.get(reader);
            if !committed || other.committed_at.is_some() || other.read_only {
                self.drop_edge(reader, id);
            }
        }
    }

    /// Tells concurrent read-only transactions what this one's end means for the safety of their snapshots.
    fn settle_snapshots(&mut self, id: SxId, committed: bool) -> Vec<SessionId> {
        let sxact = self.get(id).clone();
        for other in &sxact.possibly_unsafe {
            self.get_mut(*other).possibly_unsafe.remove(&id);
        }
        self.get_mut(id).possibly_unsafe.clear();
        if sxact.declared_read_only {
            return Vec::new();
        }
        let mut woken = Vec::new();
        for reader in &sxact.possibly_unsafe {
            let other = self.get(*reader);
            let harmful = committed
                && sxact.wrote
                && sxact.conflict_out
                && sxact.earliest_out_commit <= other.last_commit_before_snapshot;
            if harmful {
                for writer in other.possibly_unsafe.clone() {
                    self.get_mut(writer).possibly_unsafe.remove(reader);
                }
                let other = self.get_mut(*reader);
                other.possibly_unsafe.clear();
                other.unsafe_snapshot = true;
            } else if other.possibly_unsafe.is_empty() {
                self.get_mut(*reader).safe = true;
            }
            let other = self.get(*reader);
            if other.waits_for_safety && (other.safe || other.unsafe_snapshot) {
                woken.push(other.session);
            }
        }
        woken
    }

    /// Forgets committed transactions that no running one overlapped.
    fn forget_finished(&mut self) {
        let running = self
            .sxacts
            .values()
            .filter(|sxact| sxact.finished_before.is_none());
        let oldest = running.map(|sxact| sxact.snapshot_xmin).min();
        let done: Vec<SxId> = self
            .sxacts
            .iter()
            .filter(|(_, sxact)| {
                sxact
                    .finished_before
                    .is_some_and(|end| oldest.is_none_or(|oldest| end <= oldest))
            })
            .map(|(id, _)| *id)
            .collect();
        done.into_iter().for_each(|id| self.forget(id));
    }

    fn forget(&mut self, id: SxId) {
        self.reads.release(id);
        let Some(sxact) = self.sxacts.remove(&id) else {
            return;
        };
        for writer in &sxact.out {
            self.get_mut(*writer).inward.retain(|reader| *reader != id);
        }
        for reader in &sxact.inward {
            self.get_mut(*reader).out.remove(&id);
        }
        for other in &sxact.possibly_unsafe {
            self.get_mut(*other).possibly_unsafe.remove(&id);
        }
        if let Some(xid) = sxact.xid {
            self.by_xid.remove(&xid);
        }
    }

    fn drop_edge(&mut self, reader: SxId, writer: SxId) {
        self.get_mut(reader).out.remove(&writer);
        let readers = &mut self.get_mut(writer).inward;
        readers.retain(|other| *other != reader);
    }

    fn get(&self, id: SxId) -> &Sxact {
        self.sxacts
            .get(&id)
            .unwrap_or_else(|| panic!("invariant: {id:?} is tracked while anything refers to it"))
    }

    fn get_mut(&mut self, id: SxId) -> &mut Sxact {
        self.sxacts
            .get_mut(&id)
            .unwrap_or_else(|| panic!("invariant: {id:?} is tracked while anything refers to it"))
    }
}
