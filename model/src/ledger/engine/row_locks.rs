//! Row locks and the row's own fate: may this transaction lock or change this version, must it wait, or has
//! it moved on?
//!
//! This follows the rules of PostgreSQL's heap access method: wait first for one's turn at the row, then for
//! whoever holds it, and look again after each wait. Under READ COMMITTED a locker follows the row to its
//! newest version; under the stricter levels a row changed since the snapshot is 40001. Start at
//! [`Engine::lock_row`].

use super::error::SqlError;
use super::executor::{Pause, Progress, View};
use super::heap::{Tid, Version};
use super::schema::TableId;
use super::serving::Engine;
use super::session::SessionId;
use super::statement::{RowLock, WaitPolicy};
use super::transaction::{Fate, Xid};

/// How a row version stands towards a transaction that wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Free to be taken.
    Free,
    /// Not yet born, or dead, for this command.
    Invisible,
    /// Ended by this command or a later one of the same transaction.
    EndedBySelf,
    /// Replaced by a committed transaction.
    Updated,
    /// Deleted by a committed transaction.
    Deleted,
    /// Held by another, and the caller does not want to wait.
    WouldBlock,
}

impl Engine {
    /// Locks a row for a query: follows it to its newest version and checks it again where the level says so.
    ///
    /// `recheck` decides about the newest version. `None` means that the row is left out of the answer.
    pub(super) fn lock_row(
        &mut self,
        view: &View,
        table: TableId,
        tid: Tid,
        strength: RowLock,
        policy: WaitPolicy,
        recheck: &dyn Fn(&Version) -> Result<bool, SqlError>,
    ) -> Progress<Option<Tid>> {
        let strict = self.keeps_snapshot(view.session);
        match self.lock_version(view, table, tid, strength, policy, true)? {
            Standing::Free => Ok(Some(tid)),
            Standing::WouldBlock | Standing::EndedBySelf => Ok(None),
            Standing::Updated | Standing::Deleted if strict => {
                Err(SqlError::concurrent_update().into())
            }
            Standing::Deleted => Ok(None),
            Standing::Updated => match self.lock_newest(view, table, tid, strength, policy)? {
                Some(newest) if recheck(self.tables[table.0].heap.version(newest))? => {
                    Ok(Some(newest))
                }
                _ => Ok(None),
            },
            Standing::Invisible => {
                panic!("invariant: {tid:?} was visible to the statement that locks it")
            }
        }
    }

    /// From a version that was replaced, walks to the newest one and locks it; `None` when the row is gone.
    pub(super) fn lock_newest(
        &mut self,
        view: &View,
        table: TableId,
        replaced: Tid,
        strength: RowLock,
        policy: WaitPolicy,
    ) -> Progress<Option<Tid>> {
        let mut from = replaced;
        loop {
            let Some(ending) = self.tables[table.0].heap.version(from).ending.clone() else {
                return Ok(None);
            };
            let Some(next) = ending.next else {
                return Ok(None);
            };
            let Some(version) = self.tables[table.0].heap.get(next) else {
                return Ok(None);
            };
            if version.xmin != ending.xid {
                return Ok(None);
            }
            match version
                .ending
                .as_ref()
                .map(|ending| (ending.xid, self.transactions.fate(ending.xid)))
            {
                Some((xid, Fate::InProgress)) if Some(xid) != self.own_xid(view.session) => {
                    if !self.wait_for(view.session, xid, policy, table)? {
                        return Ok(None);
                    }
                }
                Some((xid, fate))
                    if fate == Fate::Committed || Some(xid) == self.own_xid(view.session) =>
                {
                    from = next
                }
                _ => match self.lock_version(view, table, next, strength, policy, true)? {
                    Standing::Free => return Ok(Some(next)),
                    Standing::Updated => from = next,
                    _ => return Ok(None),
                },
            }
        }
    }

    /// Locks one version, waiting as the policy says; with `follow`, a key-share lock is carried to its
    /// successors.
    pub(super) fn lock_version(
        &mut self,
        view: &View,
        table: TableId,
        tid: Tid,
        strength: RowLock,
        policy: WaitPolicy,
        follow: bool,
    ) -> Progress<Standing> {
        let session = view.session;
        let own = self.own_xid(session);
        let version = self.tables[table.0].heap.version(tid);
        if let Some(standing) = self.own_standing(view, version) {
            return Ok(standing);
        }
        if version
            .lockers
            .iter()
            .any(|(xid, held)| Some(*xid) == own && *held >= strength)
        {
            self.give_up_turn(session, table, tid);
            return Ok(Standing::Free);
        }
        let holder = self.holder_in_the_way(session, version, strength);
        if (holder.is_some() || self.is_replaced_but_shared(session, version, strength))
            && !self.is_one_of_several(session, version)
            && !self.take_turn(session, table, tid, strength, policy)?
        {
            return Ok(Standing::WouldBlock);
        }
        if let Some(holder) = holder
            && !self.wait_for(session, holder, policy, table)?
        {
            self.give_up_turn(session, table, tid);
            return Ok(Standing::WouldBlock);
        }
        // Only now, for running lockers of a row that was already replaced are waited for all the same.
        let version = self.tables[table.0].heap.version(tid);
        if let Some(standing) = self.committed_standing(version)
            && !(strength == RowLock::KeyShare
                && standing == Standing::Updated
                && keeps_key(version))
        {
            self.give_up_turn(session, table, tid);
            return Ok(standing);
        }
        if follow && strength == RowLock::KeyShare {
            let standing = self.lock_successors(view, table, tid)?;
            if standing != Standing::Free {
                self.give_up_turn(session, table, tid);
                return Ok(standing);
            }
        }
        self.add_locker(session, table, tid, strength);
        self.give_up_turn(session, table, tid);
        Ok(Standing::Free)
    }

    /// Makes sure that a version may be changed or deleted by this command; waits for whoever holds it.
    pub(super) fn claim_version(
        &mut self,
        view: &View,
        table: TableId,
        tid: Tid,
        strength: RowLock,
    ) -> Progress<Standing> {
        let session = view.session;
        let version = self.tables[table.0].heap.version(tid);
        if let Some(standing) = self.own_standing(view, version) {
            return Ok(standing);
        }
        let holder = self.holder_in_the_way(session, version, strength);
        if (holder.is_some() || self.is_replaced_but_shared(session, version, strength))
            && !self.is_one_of_several(session, version)
        {
            self.take_turn(session, table, tid, strength, WaitPolicy::Block)?;
        }
        if let Some(holder) = holder {
            self.wait_for(session, holder, WaitPolicy::Block, table)?;
        }
        if let Some(standing) = self.committed_standing(self.tables[table.0].heap.version(tid)) {
            self.give_up_turn(session, table, tid);
            return Ok(standing);
        }
        Ok(Standing::Free)
    }

    /// Gives up the session's turn at a row, if it has it, and wakes the next in the queue.
    pub(super) fn give_up_turn(&mut self, session: SessionId, table: TableId, tid: Tid) {
        let woken = self.locks.release_row(session, (table, tid));
        self.wake(woken);
    }

    /// Waits for a transaction to end, unless it has; false when the policy forbids waiting and the row is
    /// to be skipped.
    pub(super) fn wait_for(
        &mut self,
        session: SessionId,
        xid: Xid,
        policy: WaitPolicy,
        table: TableId,
    ) -> Progress<bool> {
        if self.transactions.fate(xid) != Fate::InProgress {
            return Ok(true);
        }
        match policy {
            WaitPolicy::Block => {
                self.locks.wait_for_transaction(session, xid, self.now_ns);
                Err(Pause::Wait)
            }
            WaitPolicy::NoWait => {
                Err(SqlError::row_not_lockable(&self.catalog.table(table).name).into())
            }
            WaitPolicy::SkipLocked => Ok(false),
        }
    }

    /// Lockers of a version whose transactions still run, others than this session's.
    pub(super) fn other_lockers(
        &self,
        session: SessionId,
        version: &Version,
    ) -> Vec<(Xid, RowLock)> {
        let own = self.own_xid(session);
        let runs = |xid: Xid| Some(xid) != own && self.transactions.fate(xid) == Fate::InProgress;
        version
            .lockers
            .iter()
            .copied()
            .filter(|(xid, _)| runs(*xid))
            .collect()
    }

    fn take_turn(
        &mut self,
        session: SessionId,
        table: TableId,
        tid: Tid,
        mode: RowLock,
        policy: WaitPolicy,
    ) -> Progress<bool> {
        match policy {
            WaitPolicy::Block
                if self
                    .locks
                    .acquire_row(session, (table, tid), mode, self.now_ns) =>
            {
                Ok(true)
            }
            WaitPolicy::Block => Err(Pause::Wait),
            _ if self.locks.try_acquire_row(session, (table, tid), mode) => Ok(true),
            WaitPolicy::NoWait => {
                Err(SqlError::row_not_lockable(&self.catalog.table(table).name).into())
            }
            WaitPolicy::SkipLocked => Ok(false),
        }
    }

    /// How a version stands through this transaction's own work, if that decides.
    fn own_standing(&self, view: &View, version: &Version) -> Option<Standing> {
        let own = self.own_xid(view.session);
        match self.transactions.fate(version.xmin) {
            Fate::Aborted => return Some(Standing::Invisible),
            Fate::InProgress if Some(version.xmin) != own || version.command >= view.command => {
                return Some(Standing::Invisible);
            }
            _ => {}
        }
        let ending = version
            .ending
            .as_ref()
            .filter(|ending| Some(ending.xid) == own)?;
        Some(if ending.command >= view.command {
            Standing::EndedBySelf
        } else {
            Standing::Invisible
        })
    }

    fn committed_standing(&self, version: &Version) -> Option<Standing> {
        let ending = version.ending.as_ref()?;
        let committed = self.transactions.fate(ending.xid) == Fate::Committed;
        committed.then_some(if ending.next.is_some() {
            Standing::Updated
        } else {
            Standing::Deleted
        })
    }

    /// The first running transaction whose hold on the version conflicts with the wanted lock.
    fn holder_in_the_way(
        &self,
        session: SessionId,
        version: &Version,
        strength: RowLock,
    ) -> Option<Xid> {
        let mut lockers = self.other_lockers(session, version).into_iter();
        let locker = lockers
            .find(|(_, held)| held.conflicts_with(strength))
            .map(|(xid, _)| xid);
        locker.or_else(|| {
            let ending = version.ending.as_ref()?;
            let runs = self.transactions.fate(ending.xid) == Fate::InProgress;
            (runs && ending.strength.conflicts_with(strength)).then_some(ending.xid)
        })
    }

    /// Whether the version was replaced for good while others still share its key.
    ///
    /// PostgreSQL can't tell such a version from one that is being replaced before it has had its turn at it:
    /// the row names one holder for all of them, which lasts as long as the last of them. So there is no way
    /// past the queue to the newer version.
    fn is_replaced_but_shared(
        &self,
        session: SessionId,
        version: &Version,
        strength: RowLock,
    ) -> bool {
        let ending = version.ending.as_ref();
        let replaced = ending.is_some_and(|ending| {
            ending.strength.conflicts_with(strength)
                && self.transactions.fate(ending.xid) == Fate::Committed
        });
        replaced && !self.other_lockers(session, version).is_empty()
    }

    /// Whether this session already shares the row: it then goes ahead of the queue, or two sharers would
    /// block each other.
    fn is_one_of_several(&self, session: SessionId, version: &Version) -> bool {
        let own = self.own_xid(session);
        version.lockers.iter().any(|(xid, _)| Some(*xid) == own)
    }

    /// Carries a key-share lock to the versions that replaced this one without changing its key.
    fn lock_successors(&mut self, view: &View, table: TableId, tid: Tid) -> Progress<Standing> {
        let mut at = tid;
        loop {
            let Some(ending) = self.tables[table.0].heap.version(at).ending.clone() else {
                return Ok(Standing::Free);
            };
            let Some(next) = ending.next else {
                return Ok(Standing::Free);
            };
            let Some(version) = self.tables[table.0].heap.get(next) else {
                return Ok(Standing::Free);
            };
            if version.xmin != ending.xid || self.transactions.fate(version.xmin) == Fate::Aborted {
                return Ok(Standing::Free);
            }
            if let Some(last) = version
                .ending
                .as_ref()
                .filter(|last| last.strength == RowLock::Update)
            {
                match self.transactions.fate(last.xid) {
                    Fate::Committed if last.next.is_some() => return Ok(Standing::Updated),
                    Fate::Committed => return Ok(Standing::Deleted),
                    Fate::InProgress if Some(last.xid) != self.own_xid(view.session) => {
                        let xid = last.xid;
                        self.wait_for(view.session, xid, WaitPolicy::Block, table)?;
                    }
                    _ => {}
                }
            }
            let version = self.tables[table.0].heap.version(next);
            let stronger = self
                .other_lockers(view.session, version)
                .into_iter()
                .find(|(_, held)| *held == RowLock::Update);
            if let Some((xid, _)) = stronger {
                self.wait_for(view.session, xid, WaitPolicy::Block, table)?;
            }
            self.add_locker(view.session, table, next, RowLock::KeyShare);
            at = next;
        }
    }

    fn add_locker(&mut self, session: SessionId, table: TableId, tid: Tid, strength: RowLock) {
        let own = self.assign_xid(session);
        let version = self.tables[table.0].heap.version(tid);
        let mut lockers = self.other_lockers(session, version);
        let held = version
            .lockers
            .iter()
            .filter(|(xid, _)| *xid == own)
            .map(|(_, held)| *held);
        let strongest = held.chain([strength]).max().unwrap_or(strength);
        lockers.push((own, strongest));
        self.tables[table.0].heap.version_mut(tid).lockers = lockers;
    }
}

/// Whether the version that replaced this one has the same keys.
fn keeps_key(version: &Version) -> bool {
    version
        .ending
        .as_ref()
        .is_some_and(|ending| ending.strength == RowLock::NoKeyUpdate)
}
