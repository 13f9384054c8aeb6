//! Sweeping dead row versions out, taking and restoring images of the store.
//!
//! A version is dead when its writer aborted, or when it ended before every snapshot still in use was taken; a table
//! is swept when its dead outnumber PostgreSQL's autovacuum threshold (50 plus a fifth of the table). Nobody
//! notices, with one exception that PostgreSQL makes too: a serializable transaction chosen as a victim is told
//! at the next version it looks at, and dead ones count. Start at [`Engine::image`].

use super::config::EngineConfig;
use super::heap::{Tid, Version};
use super::index::{Entry, key_of};
use super::log::record::{Change, Image};
use super::schema::{Catalog, SchemaError, TableId};
use super::serving::Engine;
use super::session::{Activity, SessionId};
use super::transaction::{Fate, Snapshot, Transactions, Xid};

impl Engine {
    /// The store as the log describes it so far: all that is committed, including commits that are on their
    /// way to the disk.
    ///
    /// Written to the log as a checkpoint, behind those commits, it makes everything before it superfluous.
    /// So it may be asked for only when every batch of records handed out stands in the log, those of
    /// completions included.
    pub fn image(&self) -> Image {
        let decided: Vec<Xid> = self
            .sessions
            .keys()
            .filter_map(|id| self.committing_xid(*id))
            .collect();
        let stands =
            |xid: Xid| self.transactions.fate(xid) == Fate::Committed || decided.contains(&xid);
        let current = |version: &Version| {
            stands(version.xmin)
                && !version
                    .ending
                    .as_ref()
                    .is_some_and(|ending| stands(ending.xid))
        };
        let rows = |table: &super::serving::Table| {
            let versions = table.heap.iter().filter(|(_, version)| current(version));
            versions
                .map(|(tid, version)| (tid, version.values.clone()))
                .collect()
        };
        Image {
            next_xid: self.transactions.next().0,
            tables: self.tables.iter().map(rows).collect(),
            sequences: self
                .sequences
                .iter()
                .map(|sequence| sequence.logged.max(sequence.last))
                .collect(),
        }
    }

    /// A store made from an image, with no sessions. The image must fit the catalog, as one from recovery
    /// does.
    pub fn from_image(
        catalog: Catalog,
        config: EngineConfig,
        image: &Image,
    ) -> Result<Self, SchemaError> {
        let mut engine = Self::new(catalog, config)?;
        engine.transactions = Transactions::starting_at(Xid(image.next_xid.max(2)));
        for (state, upto) in engine.sequences.iter_mut().zip(&image.sequences) {
            (state.last, state.logged) = (*upto, *upto);
        }
        for (number, rows) in image.tables.iter().enumerate() {
            for (tid, row) in rows {
                engine.restore_row(TableId(number), *tid, row.clone());
            }
        }
        Ok(engine)
    }

    /// How many row versions the tables hold, dead ones included.
    pub fn versions(&self) -> usize {
        self.tables.iter().map(|table| table.heap.len()).sum()
    }

    /// Removes every dead version of every table.
    pub fn sweep(&mut self) {
        let views = self.snapshots_in_use();
        for number in 0..self.tables.len() {
            self.sweep_table(TableId(number), &views);
        }
        self.transactions.forget_aborted();
    }

    pub(super) fn sweep_if_due(&mut self) {
        if self
            .tables
            .iter()
            .any(|table| table.dead > 50 + table.heap.len() / 5)
        {
            self.sweep();
        }
    }

    /// Counts what a transaction's end leaves dead.
    pub(super) fn count_dead(&mut self, changes: &[Change], committed: bool) {
        for change in changes {
            match change {
                Change::Insert { table, .. } if !committed => self.tables[table.0].dead += 1,
                Change::Delete { table, .. } if committed => self.tables[table.0].dead += 1,
                Change::Update { table, .. } => self.tables[table.0].dead += 1,
                _ => {}
            }
        }
    }

    fn committing_xid(&self, id: SessionId) -> Option<Xid> {
        let session = self.session(id);
        let committing = matches!(session.activity, Activity::Committing(_));
        session
            .transaction
            .as_ref()
            .filter(|_| committing)
            .and_then(|transaction| transaction.xid)
    }

    fn restore_row(&mut self, table: TableId, tid: Tid, row: Vec<super::value::Value>) {
        let entries: Vec<_> = self
            .catalog
            .table(table)
            .indexes
            .iter()
            .enumerate()
            .collect();
        let mut keys = Vec::new();
        for (number, index) in entries {
            if super::expression::passes(index.predicate.as_ref(), &row).unwrap_or(false) {
                keys.push((number, key_of(&row, &index.columns)));
            }
        }
        let version = Version {
            values: row,
            xmin: Xid(1),
            command: 0,
            ending: None,
            lockers: Vec::new(),
            heap_only: false,
        };
        assert!(
            self.tables[table.0].heap.place_at(tid, version),
            "invariant: an image holds one row per place"
        );
        for (number, key) in keys {
            self.tables[table.0].indexes[number].insert(Entry { key, tid });
        }
    }

    /// Every snapshot by which some statement may yet look at rows, that of the next one included.
    fn snapshots_in_use(&self) -> Vec<Snapshot> {
        let mut snapshots = vec![self.transactions.snapshot()];
        for session in self.sessions.values() {
            let kept = session.transaction.as_ref();
            let kept = kept.and_then(|transaction| transaction.snapshot.as_ref());
            let used = match &session.activity {
                Activity::Executing(execution) => execution.view.as_ref(),
                _ => None,
            };
            snapshots.extend(
                kept.into_iter()
                    .chain(used.map(|view| &view.snapshot))
                    .cloned(),
            );
        }
        snapshots
    }

    fn sweep_table(&mut self, table: TableId, views: &[Snapshot]) {
        let dead: Vec<Tid> = self.tables[table.0]
            .heap
            .iter()
            .filter(|(_, version)| self.is_dead(version, views))
            .map(|(tid, _)| tid)
            .collect();
        for tid in dead {
            self.remove_version(table, tid);
        }
        // An ending that was undone must go with the memory that it was, or it would count as committed.
        let undone = self.tables[table.0].heap.iter().filter(|(_, version)| {
            version
                .ending
                .as_ref()
                .is_some_and(|ending| self.transactions.fate(ending.xid) == Fate::Aborted)
        });
        for tid in undone.map(|(tid, _)| tid).collect::<Vec<_>>() {
            self.tables[table.0].heap.version_mut(tid).ending = None;
        }
        self.tables[table.0].dead = 0;
    }

    /// Whether nobody can see a version any more.
    ///
    /// An ending must have come before each snapshot, not just have a smaller number than each snapshot's
    /// oldest: a row's versions need not end in the order of their writers' numbers, and a version may go only
    /// if all before it in its chain go too, or nothing leads to those behind it any more.
    fn is_dead(&self, version: &Version, views: &[Snapshot]) -> bool {
        if self.transactions.fate(version.xmin) == Fate::Aborted {
            return true;
        }
        version.ending.as_ref().is_some_and(|ending| {
            self.transactions.fate(ending.xid) == Fate::Committed
                && views.iter().all(|view| !view.is_concurrent(ending.xid))
        })
    }

    /// Takes a version out, and its index entries if it was the last of its chain.
    fn remove_version(&mut self, table: TableId, tid: Tid) {
        let store = &mut self.tables[table.0];
        let Some((root, version)) = store.heap.remove_from_chain(tid) else {
            return;
        };
        for (number, index) in self.catalog.table(table).indexes.iter().enumerate() {
            let key = key_of(&version.values, &index.columns);
            store.indexes[number].remove(&Entry { key, tid: root });
        }
    }
}
