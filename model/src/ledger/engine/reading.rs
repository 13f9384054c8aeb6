//! What a statement sees: visibility of row versions, and the scan along an access path.
//!
//! Rows come in physical order, through an index too, as from PostgreSQL's bitmap scans; only a query with an
//! order and a limit may walk along an index and stop ([`Engine::scan_in_order`]). Serializable reads are noted
//! here. Start at [`Engine::scan`].

use super::access::{Access, InOrder};
use super::error::SqlError;
use super::executor::View;
use super::expression::passes;
use super::heap::{Tid, Version};
use super::index::KeyRange;
use super::predicate_locks::{Granularity, Target};
use super::schema::TableId;
use super::serializable::{Safety, SxId};
use super::serving::Engine;
use super::session::SessionId;
use super::statement::{Direction, Expr};
use super::transaction::{Fate, Snapshot, Xid};
use super::value::Row;
use std::sync::Arc;

impl Engine {
    /// The visible rows that pass a filter, in physical order (through an index, in that of their chains'
    /// first versions).
    pub(super) fn scan(
        &mut self,
        view: &View,
        table: TableId,
        filter: Option<&Expr>,
    ) -> Result<Vec<(Tid, Row)>, SqlError> {
        let access = Access::choose(&self.catalog.table(table).indexes, filter);
        match self.tracked_reader(view.session) {
            Some(reader) => self.scan_tracked(view, table, filter, &access, reader),
            None => self.scan_untracked(view, table, filter, &access),
        }
    }

    /// The next `wanted` (at least one) visible rows that pass a filter, along an index; fewer when there are no
    /// more.
    ///
    /// Reads are not noted: a tracked serializable transaction must [`Engine::scan`].
    pub(super) fn scan_in_order(
        &self,
        view: &View,
        table: TableId,
        filter: Option<&Expr>,
        walk: &mut InOrder,
        wanted: u64,
    ) -> Result<Vec<(Tid, Row)>, SqlError> {
        let index = &self.tables[table.0].indexes[walk.index];
        let upwards = walk.direction == Direction::Ascending;
        let entries = index.lookup(&walk.range, walk.at.as_ref(), upwards);
        let mut found = Vec::new();
        let mut at = None;
        for entry in entries {
            at = Some(entry);
            if let Some((tid, version)) = self.visible_in_chain(view, table, entry.tid)
                && passes(filter, &version.values)?
            {
                found.push((tid, version.values.clone()));
                if found.len() as u64 == wanted {
                    break;
                }
            }
        }
        if let Some(entry) = at {
            walk.at = Some(entry.clone());
        }
        Ok(found)
    }

    fn scan_untracked(
        &self,
        view: &View,
        table: TableId,
        filter: Option<&Expr>,
        access: &Access,
    ) -> Result<Vec<(Tid, Row)>, SqlError> {
        let mut found = Vec::new();
        let mut take = |tid: Tid, version: &Version| {
            if passes(filter, &version.values)? {
                found.push((tid, version.values.clone()));
            }
            Ok::<(), SqlError>(())
        };
        match access {
            Access::Sequential => {
                for (tid, version) in self.tables[table.0].heap.iter() {
                    if self.is_visible(view, version) {
                        take(tid, version)?;
                    }
                }
            }
            Access::Index(index, ranges) => {
                for root in self.roots_in(table, *index, ranges) {
                    if let Some((tid, version)) = self.visible_in_chain(view, table, root) {
                        take(tid, version)?;
                    }
                }
            }
        }
        Ok(found)
    }

    fn scan_tracked(
        &mut self,
        view: &View,
        table: TableId,
        filter: Option<&Expr>,
        access: &Access,
        reader: SxId,
    ) -> Result<Vec<(Tid, Row)>, SqlError> {
        let exact = self.config.granularity == Granularity::Exact;
        match access {
            _ if exact => self.ssi.reads.add_predicate(reader, table, filter.cloned()),
            Access::Sequential => self.ssi.reads.add(reader, Target::Table(table)),
            Access::Index(index, ranges) => self.note_leaves(reader, table, *index, ranges),
        }
        let candidates = match access {
            Access::Sequential => {
                let versions = self.tables[table.0].heap.iter();
                versions.map(|(tid, _)| tid).collect()
            }
            Access::Index(index, ranges) => self.roots_in(table, *index, ranges),
        };
        let chained = matches!(access, Access::Index(..));
        let mut found = Vec::new();
        for root in candidates {
            let Some(tid) = self.tracked_visible(view, table, root, chained, reader, filter)?
            else {
                continue;
            };
            if chained && !exact {
                self.note_row(reader, view.session, table, tid);
            }
            let values = &self.tables[table.0].heap.version(tid).values;
            if passes(filter, values)? {
                found.push((tid, values.clone()));
                if exact {
                    self.ssi.reads.add_exactly(reader, Target::Row(table, tid));
                }
            }
        }
        Ok(found)
    }

    /// The first versions of all chains in the ranges of an index, in physical order.
    fn roots_in(&self, table: TableId, index: usize, ranges: &[KeyRange]) -> Vec<Tid> {
        let index = &self.tables[table.0].indexes[index];
        let entries = ranges
            .iter()
            .flat_map(|range| index.lookup(range, None, true));
        let mut roots: Vec<Tid> = entries.map(|entry| entry.tid).collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    }

    /// The visible version of the heap-only chain that begins at `root`.
    fn visible_in_chain(&self, view: &View, table: TableId, root: Tid) -> Option<(Tid, &Version)> {
        let heap = &self.tables[table.0].heap;
        let mut tid = heap.chain_start(root);
        let mut version = heap.get(tid)?;
        while !self.is_visible(view, version) {
            tid = version.ending.as_ref()?.next?;
            version = heap.get(tid).filter(|next| next.heap_only)?;
        }
        Some((tid, version))
    }

    /// The visible version at `root` or, when `chained`, further along its heap-only chain, for a reader who may
    /// fail for what it does not see.
    fn tracked_visible(
        &mut self,
        view: &View,
        table: TableId,
        root: Tid,
        chained: bool,
        reader: SxId,
        filter: Option<&Expr>,
    ) -> Result<Option<Tid>, SqlError> {
        let mut tid = if chained {
            self.tables[table.0].heap.chain_start(root)
        } else {
            root
        };
        loop {
            let Some(version) = self.tables[table.0].heap.get(tid) else {
                return Ok(None);
            };
            let visible = self.is_visible(view, version);
            let next = version.ending.as_ref().and_then(|ending| ending.next);
            self.ssi.check_doom(reader)?;
            let exact = self.config.granularity == Granularity::Exact;
            let relevant = !exact || passes(filter, &version.values)?;
            if relevant && let Some(writer) = self.unseen_writer(view.session, version, visible) {
                let snapshot = self.transaction_snapshot(view);
                self.ssi.conflict_out(reader, writer, &snapshot)?;
            }
            if visible || !chained {
                return Ok(visible.then_some(tid));
            }
            match next.filter(|next| {
                self.tables[table.0]
                    .heap
                    .get(*next)
                    .is_some_and(|version| version.heap_only)
            }) {
                Some(next) => tid = next,
                None => return Ok(None),
            }
        }
    }

    /// Tells whether a view sees a version.
    pub(super) fn is_visible(&self, view: &View, version: &Version) -> bool {
        let own = self.own_xid(view.session);
        let sees = |xid: Xid, command: u32| {
            if Some(xid) == own {
                command < view.command
            } else {
                !view.snapshot.is_concurrent(xid) && self.transactions.fate(xid) == Fate::Committed
            }
        };
        sees(version.xmin, version.command)
            && !version
                .ending
                .as_ref()
                .is_some_and(|ending| sees(ending.xid, ending.command))
    }

    /// The writer whose work a reader of this version misses, if any: the one that ended what it sees, or
    /// the one that wrote what it does not see.
    fn unseen_writer(&self, session: SessionId, version: &Version, visible: bool) -> Option<Xid> {
        let born = self.transactions.fate(version.xmin);
        if born == Fate::Aborted {
            return None;
        }
        let ended = version
            .ending
            .as_ref()
            .filter(|ending| self.transactions.fate(ending.xid) != Fate::Aborted);
        let writer = match ended {
            None if visible => return None,
            None => version.xmin,
            Some(ending) if visible => ending.xid,
            Some(_) => version.xmin,
        };
        (Some(writer) != self.own_xid(session)).then_some(writer)
    }

    /// The serializable transaction whose reads must be noted.
    pub(super) fn tracked_reader(&mut self, session: SessionId) -> Option<SxId> {
        let sxact = self.session(session).transaction.as_ref()?.sxact?;
        if self.ssi.safety(sxact) == Safety::Safe {
            self.transaction_mut(session).sxact = None;
            self.ssi.release(sxact);
            return None;
        }
        Some(sxact)
    }

    /// The snapshot by which concurrency is judged: the transaction's own where it has one.
    fn transaction_snapshot(&self, view: &View) -> Arc<Snapshot> {
        let transaction = self.session(view.session).transaction.as_ref();
        transaction
            .and_then(|transaction| transaction.snapshot.clone())
            .unwrap_or_else(|| view.snapshot.clone())
    }

    fn note_leaves(&mut self, reader: SxId, table: TableId, index: usize, ranges: &[KeyRange]) {
        for range in ranges {
            let leaves = self.tables[table.0].indexes[index].leaves_of(range);
            if leaves.is_empty() {
                // An empty index has no leaf yet; nothing finer than the whole can be noted.
                self.ssi.reads.add(reader, Target::Index(table, index));
            }
            for leaf in leaves {
                self.ssi.reads.add(reader, Target::Leaf(table, index, leaf));
            }
        }
    }

    fn note_row(&mut self, reader: SxId, session: SessionId, table: TableId, tid: Tid) {
        // A row of its own needs no note: whoever changes it must wait for its end.
        if Some(self.tables[table.0].heap.version(tid).xmin) != self.own_xid(session) {
            self.ssi.reads.add(reader, Target::Row(table, tid));
        }
    }
}
