//! Sweeping row versions out that nobody can see any more.
//!
//! A transaction that ends leaves dead versions: those it replaced or deleted if it committed, those it wrote if it
//! was undone. They stand in a queue in the order in which transactions ended. A snapshot that counts one
//! transaction as finished counts all that ended before it as finished too, so what may go is always the front of
//! the queue, and the versions of a row go in the order of its chain. PostgreSQL does this in two ways, when it
//! visits a page and in autovacuum; here it is done each time [`DEAD_MIN`] versions have gathered. Nobody notices,
//! with one exception that PostgreSQL makes too: a serializable transaction chosen as a victim is told at the
//! next version it looks at, and dead ones count. Start at [`Engine::sweep`].

use super::heap::Tid;
use super::index::Entry;
use super::key::Key;
use super::log::record::Change;
use super::schema::TableId;
use super::serving::Engine;
use super::session::Activity;
use super::transaction::{Snapshot, Xid};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many dead versions gather before a sweep (`autovacuum_vacuum_threshold`).
const DEAD_MIN: usize = 50;

/// What an ended transaction leaves in the tables.
#[derive(Clone, Debug)]
pub(super) struct Leavings {
    xid: Xid,
    committed: bool,
    /// Versions that are dead once nobody can see them.
    dead: Vec<(TableId, Tid)>,
    /// Versions that it had ended, which did not come to pass.
    revived: Vec<(TableId, Tid)>,
}

/// The leavings of all ended transactions, in the order in which they ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Dead {
    queue: VecDeque<Leavings>,
    versions: usize,
    /// How many versions the last sweep could not take because somebody may still see them.
    kept: usize,
}

impl Leavings {
    /// What a transaction with these changes leaves.
    pub fn new<'a>(
        xid: Xid,
        committed: bool,
        changes: impl IntoIterator<Item = &'a Change>,
    ) -> Self {
        let (mut dead, mut revived) = (Vec::new(), Vec::new());
        for change in changes {
            let (table, old, new) = match change {
                Change::Insert { table, tid, .. } => (*table, None, Some(*tid)),
                Change::Update {
                    table, old, new, ..
                } => (*table, Some(*old), Some(*new)),
                Change::Delete { table, tid } => (*table, Some(*tid), None),
                Change::Sequence { .. } => continue,
            };
            let (gone, back) = if committed { (old, None) } else { (new, old) };
            dead.extend(gone.map(|tid| (table, tid)));
            revived.extend(back.map(|tid| (table, tid)));
        }
        Self {
            xid,
            committed,
            dead,
            revived,
        }
    }
}

impl Engine {
    /// How many row versions the tables hold, dead ones included.
    pub fn versions(&self) -> usize {
        self.tables.iter().map(|table| table.heap.len()).sum()
    }

    /// Removes every dead version that nobody can see, up to the first that somebody may.
    pub fn sweep(&mut self) {
        let views = self.snapshots_in_use();
        while let Some(leavings) = self.dead.queue.pop_front_if(|leavings| {
            // What an undone transaction wrote was never to be seen.
            !leavings.committed || views.iter().all(|view| !view.is_concurrent(leavings.xid))
        }) {
            self.dead.versions -= leavings.dead.len();
            self.remove_leavings(leavings);
        }
        self.dead.kept = self.dead.versions;
    }

    /// Queues what a transaction that just ended leaves, and sweeps if much has gathered.
    pub(super) fn leave(&mut self, leavings: Leavings) {
        self.dead.versions += leavings.dead.len();
        if !leavings.committed || !leavings.dead.is_empty() {
            self.dead.queue.push_back(leavings);
        }
        if self.dead.versions >= self.dead.kept + DEAD_MIN {
            self.sweep();
        }
    }

    /// Every snapshot by which some statement may yet look at rows, that of the next one included.
    fn snapshots_in_use(&mut self) -> Vec<Arc<Snapshot>> {
        let mut snapshots = vec![self.transactions.snapshot()];
        for session in self.sessions.values() {
            let kept = session.transaction.as_ref();
            let kept = kept.and_then(|transaction| transaction.snapshot.as_ref());
            let used = match &session.activity {
                Activity::Executing(execution) => execution.view.as_ref(),
                _ => None,
            };
            let used = used.map(|view| &view.snapshot);
            snapshots.extend(kept.into_iter().chain(used).cloned());
        }
        snapshots
    }

    fn remove_leavings(&mut self, leavings: Leavings) {
        for (table, tid) in leavings.dead {
            self.remove_version(table, tid);
        }
        for (table, tid) in leavings.revived {
            // Somebody may have ended it anew, or it went with the rest of what was undone.
            let heap = &mut self.tables[table.0].heap;
            heap.revive(tid, leavings.xid);
        }
        if !leavings.committed {
            self.transactions.forget_aborted(leavings.xid);
        }
    }

    /// Takes a version out, and its index entries if it was the last of its chain.
    fn remove_version(&mut self, table: TableId, tid: Tid) {
        let store = &mut self.tables[table.0];
        let Some((root, version)) = store.heap.remove_from_chain(tid) else {
            return;
        };
        for (number, index) in self.catalog.table(table).indexes.iter().enumerate() {
            let key = Key::of(&version.values, &index.columns);
            store.indexes[number].remove(&Entry { key, tid: root });
        }
    }
}
