//! Recovery: from the bytes of a log to the store they describe, as a pure function.
//!
//! The changes of a transaction count only if its commit record is there; what follows the last whole
//! transaction is a torn tail and is cut. Start at [`recover`].

use super::super::schema::Catalog;
use super::frame::{Frames, HEADER_BYTES, LogError, Lsn};
use super::record::{Change, Image, Record};
use std::collections::BTreeMap;

/// What a log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The store after the last whole transaction.
    pub image: Image,
    /// How many transactions were replayed since the checkpoint.
    pub commits: u64,
    /// Where the last whole transaction ends; the caller cuts the log here before it writes on.
    pub valid_bytes: usize,
}

/// Replays a log that begins at position `base`.
pub fn recover(catalog: &Catalog, bytes: &[u8], base: Lsn) -> Result<Recovered, LogError> {
    let frames = Frames::split(bytes, base)?;
    let mut store = Store::empty(catalog);
    let mut pending = Vec::new();
    let mut commits = 0;
    // Whole frames of a transaction whose commit was torn are part of the tail: kept, they would stand
    // before the changes of whoever gets the same number next.
    let mut valid_bytes = 0;
    for (offset, payload) in &frames.payloads {
        let wrong = |what| LogError::Contradiction {
            offset: *offset,
            what,
        };
        match Record::decode(payload).ok_or(wrong("a whole frame holds no record"))? {
            Record::Checkpoint(image) => {
                store = Store::from_image(image, catalog)
                    .ok_or(wrong("a checkpoint of another schema"))?;
                pending.clear();
                commits = 0;
                valid_bytes = offset + HEADER_BYTES + payload.len();
            }
            Record::Change(xid, change) => pending.push((xid, change)),
            Record::Commit(xid) => {
                for (writer, change) in pending.drain(..) {
                    if writer != xid {
                        return Err(wrong(
                            "a commit of one transaction after changes of another",
                        ));
                    }
                    store
                        .apply(change)
                        .ok_or(wrong("a change of a row that is not as it says"))?;
                }
                store.next_xid = store.next_xid.max(xid.0 + 1);
                commits += 1;
                valid_bytes = offset + HEADER_BYTES + payload.len();
            }
        }
    }
    Ok(Recovered {
        image: store.into_image(),
        commits,
        valid_bytes,
    })
}

/// The store of a log in which nothing stands yet.
pub fn empty_image(catalog: &Catalog) -> Image {
    Store::empty(catalog).into_image()
}

struct Store {
    next_xid: u64,
    tables: Vec<BTreeMap<super::super::heap::Tid, super::super::value::Row>>,
    columns: Vec<usize>,
    sequences: Vec<i64>,
}

impl Store {
    fn empty(catalog: &Catalog) -> Self {
        Self {
            next_xid: 1,
            tables: vec![BTreeMap::new(); catalog.tables.len()],
            columns: catalog
                .tables
                .iter()
                .map(|table| table.columns.len())
                .collect(),
            sequences: vec![0; catalog.sequences.len()],
        }
    }

    fn from_image(image: Image, catalog: &Catalog) -> Option<Self> {
        let mut store = Self::empty(catalog);
        if image.tables.len() != store.tables.len()
            || image.sequences.len() != store.sequences.len()
        {
            return None;
        }
        store.next_xid = image.next_xid;
        store.sequences = image.sequences;
        for (number, rows) in image.tables.into_iter().enumerate() {
            for (tid, row) in rows {
                store.put(number, tid, row)?;
            }
        }
        Some(store)
    }

    fn apply(&mut self, change: Change) -> Option<()> {
        match change {
            Change::Insert { table, tid, row } => self.put(table.0, tid, row),
            Change::Update {
                table,
                old,
                new,
                row,
            } => {
                self.tables.get_mut(table.0)?.remove(&old)?;
                self.put(table.0, new, row)
            }
            Change::Delete { table, tid } => self.tables.get_mut(table.0)?.remove(&tid).map(|_| ()),
            Change::Sequence { sequence, upto } => {
                let known = self.sequences.get_mut(sequence.0)?;
                *known = upto.max(*known);
                Some(())
            }
        }
    }

    fn put(
        &mut self,
        table: usize,
        tid: super::super::heap::Tid,
        row: super::super::value::Row,
    ) -> Option<()> {
        let fits = row.len() == *self.columns.get(table)?;
        let free = self.tables.get_mut(table)?.insert(tid, row).is_none();
        (fits && free).then_some(())
    }

    fn into_image(self) -> Image {
        let tables = self
            .tables
            .into_iter()
            .map(|rows| rows.into_iter().collect())
            .collect();
        Image {
            next_xid: self.next_xid,
            tables,
            sequences: self.sequences,
        }
    }
}
