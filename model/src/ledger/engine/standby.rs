//! A standby: a store that follows the log of another, answers queries meanwhile, and can take over.
//!
//! What it is: a value that is handed the records of one commit after the other, as the primary's sessions hand
//! them out, and applies each at once, so that every snapshot shows the store as of some commit. What it is not: a
//! receiver of bytes, a clock, or a vote on who is the primary. Its transactions are read-only, and not
//! serializable, as on PostgreSQL's hot standby. Start at [`Standby::apply`] and [`Standby::promote`].
//!
//! Commits are numbered anew here, in the order of the log: by the primary's numbers a snapshot would have to know
//! which of them are still to come. The primary's own count is kept for the promotion.
//!
//! One thing a reader can meet on a standby only: the primary, which does not know of him, may use a row's place
//! again while his snapshot still shows what stood there. His session is then ended with 40001, as PostgreSQL
//! ends it for a *conflict with recovery* (at once, as with `max_standby_streaming_delay = 0`, though later than
//! there: PostgreSQL ends it when the primary sweeps the row, here it is when its place is taken).

use super::config::EngineConfig;
use super::error::{SqlError, SqlState};
use super::heap::{Ending, Tid, Version};
use super::index::Entry;
use super::key::Key;
use super::log::frame::Lsn;
use super::log::record::{Change, Image, Record};
use super::schema::{Catalog, SchemaError, TableId};
use super::serving::Engine;
use super::session::SessionId;
use super::statement::RowLock;
use super::sweep::Leavings;
use super::transaction::{Fate, Xid};
use super::value::Row;
use super::writing::update_strength;
use std::collections::BTreeMap;
use thiserror::Error;

/// A store that follows another's log.
#[derive(Clone, Debug)]
pub struct Standby {
    engine: Engine,
    applied: Lsn,
    /// The number that the primary's next writing transaction may get, as far as the log tells.
    next_xid: u64,
    commits: u64,
}

/// Records that can't be applied; the standby is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StandbyError {
    /// Records are missing.
    #[error(
        "the records begin at LSN {}, but the standby has applied the log up to LSN {}; send those between first",
        from.0, applied.0
    )]
    Gap {
        /// How far the log is applied.
        applied: Lsn,
        /// Where the records begin.
        from: Lsn,
    },
    /// Records come again, or late.
    #[error(
        "the records begin at LSN {}, but the standby has applied the log up to LSN {} already; go on from there",
        from.0, applied.0
    )]
    Past {
        /// How far the log is applied.
        applied: Lsn,
        /// Where the records begin.
        from: Lsn,
    },
    /// The records are not the changes of one transaction with its commit, nor one checkpoint.
    #[error(
        "the records at LSN {} are not one whole transaction; send each commit's records together and alone",
        from.0
    )]
    NotOneTransaction {
        /// Where the records begin.
        from: Lsn,
    },
    /// The records do not fit what was applied before.
    #[error(
        "the records at LSN {} contradict the standby: {what}; it follows another log or another schema, build it \
         anew from an image of the primary",
        from.0
    )]
    Contradiction {
        /// Where the records begin.
        from: Lsn,
        /// What can't be.
        what: &'static str,
    },
}

impl Standby {
    /// A standby of an empty store, whose log begins at `from`.
    pub fn new(catalog: Catalog, config: EngineConfig, from: Lsn) -> Result<Self, SchemaError> {
        let mut engine = Engine::new(catalog, config)?;
        engine.follows = true;
        Ok(Self {
            engine,
            applied: from,
            next_xid: 1,
            commits: 0,
        })
    }

    /// A standby of the store that an image shows, the log being applied up to `applied`. The image must fit the
    /// catalog, as one from recovery does.
    pub fn from_image(
        catalog: Catalog,
        config: EngineConfig,
        image: &Image,
        applied: Lsn,
    ) -> Result<Self, SchemaError> {
        let mut standby = Self::new(catalog, config, applied)?;
        standby.engine.restore(image, Xid(0));
        standby.next_xid = image.next_xid.max(1);
        Ok(standby)
    }

    /// How far the log is applied; the next records must begin here.
    pub fn applied(&self) -> Lsn {
        self.applied
    }

    /// How many transactions were applied.
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// The engine that serves this standby's sessions; it refuses to write.
    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// The store as applied so far, as recovery of the same log would give it.
    pub fn image(&self) -> Image {
        Image {
            next_xid: self.next_xid,
            ..self.engine.image()
        }
    }

    /// Applies the records of one commit, or a checkpoint, that stand in the log from `from` up to `upto`, at a
    /// time that is not before that of any earlier call (nanoseconds).
    ///
    /// Sessions that are in the way of it are ended; their completions say so.
    pub fn apply(
        &mut self,
        from: Lsn,
        records: &[Record],
        upto: Lsn,
        now_ns: u64,
    ) -> Result<(), StandbyError> {
        let applied = self.applied;
        if from > applied {
            return Err(StandbyError::Gap { applied, from });
        }
        if from < applied || upto <= from {
            return Err(StandbyError::Past { applied, from });
        }
        let wrong = |what| StandbyError::Contradiction { from, what };
        if let [Record::Checkpoint(image)] = records {
            self.check_image(image).map_err(wrong)?;
            let tells_rows = image.tables.iter().any(|rows| !rows.is_empty());
            if tells_rows && !self.knows_rows() {
                let xid = self.engine.transactions.pass();
                self.engine.restore(image, xid);
            }
            self.next_xid = self.next_xid.max(image.next_xid);
            self.engine.raise_sequences(&image.sequences);
        } else {
            let (xid, changes) = one_transaction(records)
                .filter(|(xid, _)| xid.0 < u64::MAX)
                .ok_or(StandbyError::NotOneTransaction { from })?;
            self.engine.check_changes(&changes).map_err(wrong)?;
            self.engine.advance(now_ns);
            self.engine.replay(changes);
            self.next_xid = self.next_xid.max(xid.0 + 1);
            self.commits += 1;
        }
        self.applied = upto;
        Ok(())
    }

    /// Takes over: the engine goes on where the applied log ends, with its transaction numbers and sequences, and
    /// its sessions may write from their next transaction on.
    pub fn promote(self) -> Engine {
        let mut engine = self.engine;
        engine.follows = false;
        engine.transactions.skip_to(Xid(self.next_xid));
        engine.sweep();
        engine
    }

    fn knows_rows(&self) -> bool {
        self.commits > 0 || self.engine.versions() > 0
    }

    /// A checkpoint tells what its log has told before; only a standby that knows nothing yet learns from it.
    fn check_image(&self, image: &Image) -> Result<(), &'static str> {
        let catalog = &self.engine.catalog;
        if image.tables.len() != catalog.tables.len()
            || image.sequences.len() != catalog.sequences.len()
        {
            return Err("a checkpoint of another schema");
        }
        for (number, rows) in image.tables.iter().enumerate() {
            for (_, row) in rows {
                self.engine.check_shape(TableId(number), row)?;
            }
        }
        if self.knows_rows() && self.engine.image().tables != image.tables {
            return Err("a checkpoint of other rows");
        }
        Ok(())
    }
}

/// The number and the changes of a transaction whose records these are.
fn one_transaction(records: &[Record]) -> Option<(Xid, Vec<Change>)> {
    let (Record::Commit(xid), changes) = records.split_last()? else {
        return None;
    };
    let changes = changes.iter().map(|record| match record {
        Record::Change(writer, change) if writer == xid => Some(change.clone()),
        _ => None,
    });
    Some((*xid, changes.collect::<Option<_>>()?))
}

impl Engine {
    /// Tells what is wrong with the changes of a transaction, before any of them is made.
    fn check_changes(&self, changes: &[Change]) -> Result<(), &'static str> {
        // Places that the transaction itself has filled (true) or emptied.
        let mut touched: BTreeMap<(TableId, Tid), bool> = BTreeMap::new();
        for change in changes {
            let (table, old, new) = match change {
                Change::Insert { table, tid, row } => (*table, None, Some((*tid, row))),
                Change::Update {
                    table,
                    old,
                    new,
                    row,
                } => (*table, Some(*old), Some((*new, row))),
                Change::Delete { table, tid } => (*table, Some(*tid), None),
                Change::Sequence { sequence, .. } if sequence.0 < self.sequences.len() => continue,
                Change::Sequence { .. } => return Err("a sequence that does not exist"),
            };
            let heap = &self
                .tables
                .get(table.0)
                .ok_or("a table that does not exist")?
                .heap;
            let stands = |tid: Tid| {
                heap.get(tid)
                    .is_some_and(|version| version.ending.is_none())
            };
            if let Some(tid) = old
                && !touched
                    .insert((table, tid), false)
                    .unwrap_or_else(|| stands(tid))
            {
                return Err("a change of a row that is not there");
            }
            if let Some((tid, row)) = new {
                self.check_shape(table, row)?;
                match touched.insert((table, tid), true) {
                    None if !stands(tid) => {}
                    _ => return Err("a row in a place that is taken"),
                }
            }
        }
        Ok(())
    }

    fn check_shape(&self, table: TableId, row: &Row) -> Result<(), &'static str> {
        let columns = &self.catalog.table(table).columns;
        let fits = columns.iter().zip(row).all(|(column, value)| {
            let found = value.value_type();
            found.is_none_or(|found| found == column.value_type)
        });
        if fits && columns.len() == row.len() {
            Ok(())
        } else {
            Err("a row of another shape than its table's")
        }
    }

    /// Makes the changes of a transaction, all of which show at once.
    fn replay(&mut self, changes: Vec<Change>) {
        let xid = self.transactions.pass();
        let leavings = Leavings::new(xid, true, &changes);
        for change in changes {
            match change {
                Change::Insert { table, tid, row } => self.replay_version(table, tid, row, xid),
                Change::Update {
                    table,
                    old,
                    new,
                    row,
                } => {
                    let before = &self.tables[table.0].heap.version(old).values;
                    let strength = update_strength(self.catalog.table(table), before, &row);
                    self.replay_version(table, new, row, xid);
                    self.replay_ending(table, old, Some(new), strength, xid);
                }
                Change::Delete { table, tid } => {
                    self.replay_ending(table, tid, None, RowLock::Update, xid);
                }
                Change::Sequence { sequence, upto } => {
                    let state = &mut self.sequences[sequence.0];
                    state.last = state.last.max(upto);
                    state.logged = state.last;
                }
            }
        }
        self.leave(leavings);
        self.run_runnable();
    }

    fn replay_version(&mut self, table: TableId, tid: Tid, row: Row, xid: Xid) {
        if self.tables[table.0].heap.get(tid).is_some() {
            self.clear_place(table, tid);
        }
        self.enter_version(table, tid, Version::new(row, xid, 0));
    }

    fn replay_ending(
        &mut self,
        table: TableId,
        tid: Tid,
        next: Option<Tid>,
        strength: RowLock,
        xid: Xid,
    ) {
        self.tables[table.0].heap.version_mut(tid).ending = Some(Ending {
            xid,
            command: 0,
            next,
            strength,
        });
    }

    /// Sweeps a dead version whose place the primary has given to another, and ends the sessions that could still
    /// see it.
    fn clear_place(&mut self, table: TableId, tid: Tid) {
        let version = self.tables[table.0].heap.version(tid);
        let ended = version.ending.as_ref().map(|ending| ending.xid);
        let Some(ended) = ended.filter(|xid| self.transactions.fate(*xid) == Fate::Committed)
        else {
            panic!("invariant: {tid:?} was checked to hold no row");
        };
        let in_the_way: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, session)| {
                let transaction = session.transaction.as_ref();
                let snapshot = transaction.and_then(|transaction| transaction.snapshot.as_ref());
                snapshot.is_some_and(|snapshot| snapshot.is_concurrent(ended))
            })
            .map(|(id, _)| *id)
            .collect();
        for session in in_the_way {
            let words = "terminating connection due to conflict with recovery";
            self.expel(
                session,
                SqlError::new(SqlState::SerializationFailure, words),
            );
        }
        self.sweep();
    }

    /// Writes a version at its place and into the indexes.
    pub(super) fn enter_version(&mut self, table: TableId, tid: Tid, version: Version) {
        let store = &mut self.tables[table.0];
        for (number, index) in self.catalog.table(table).indexes.iter().enumerate() {
            let condition = index.predicate.as_ref();
            if super::expression::passes(condition, &version.values).unwrap_or(false) {
                let key = Key::of(&version.values, &index.columns);
                store.indexes[number].insert(Entry { key, tid });
            }
        }
        assert!(
            store.heap.place_at(tid, version),
            "invariant: {tid:?} was free for the version that the log puts there"
        );
    }

    /// Numbers up to these may have been given out.
    pub(super) fn raise_sequences(&mut self, upto: &[i64]) {
        for (state, upto) in self.sequences.iter_mut().zip(upto) {
            let last = state.last.max(*upto);
            (state.last, state.logged) = (last, last);
        }
    }
}
