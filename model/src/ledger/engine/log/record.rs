//! Log records and their encoding.
//!
//! A transaction's changes are logged together, at its commit, followed by its commit record; nothing of an
//! aborted transaction is ever logged. Integers are little-endian; texts carry their length. Start at
//! [`Record`].

use super::super::heap::Tid;
use super::super::schema::{SequenceId, TableId};
use super::super::transaction::Xid;
use super::super::value::{Row, Value};

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// One change of a transaction whose commit record follows.
    Change(Xid, Change),
    /// The transaction's changes take effect.
    Commit(Xid),
    /// The whole store as of here; whatever came before is not needed.
    Checkpoint(Image),
}

/// One change of a row or a sequence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the fields are the table, the places and the cells"
)]
pub enum Change {
    /// A new row.
    Insert { table: TableId, tid: Tid, row: Row },
    /// A row replaced by a new version.
    Update {
        table: TableId,
        old: Tid,
        new: Tid,
        row: Row,
    },
    /// A row removed.
    Delete { table: TableId, tid: Tid },
    /// Numbers up to this one may have been given out.
    Sequence { sequence: SequenceId, upto: i64 },
}

/// All committed rows and sequences of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Image {
    /// The number the next writing transaction gets.
    pub next_xid: u64,
    /// The rows of each table with their places, in physical order.
    pub tables: Vec<Vec<(Tid, Row)>>,
    /// For each sequence the highest number that may have been given out.
    pub sequences: Vec<i64>,
}

impl Image {
    /// Whether no transaction has ever committed here. A log may stand on the disk and hold nothing: power can
    /// go between its creation and its first commit.
    pub fn is_untouched(&self) -> bool {
        self.next_xid <= 1
    }
}

impl Record {
    /// Lays the record out as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Change(xid, change) => {
                bytes.push(1);
                put_u64(&mut bytes, xid.0);
                put_change(&mut bytes, change);
            }
            Self::Commit(xid) => {
                bytes.push(2);
                put_u64(&mut bytes, xid.0);
            }
            Self::Checkpoint(image) => {
                bytes.push(3);
                put_image(&mut bytes, image);
            }
        }
        bytes
    }

    /// Reads a record back; `None` if the bytes are no record, or hold more than one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { bytes };
        let record = match reader.u8()? {
            1 => Self::Change(Xid(reader.u64()?), reader.change()?),
            2 => Self::Commit(Xid(reader.u64()?)),
            3 => Self::Checkpoint(reader.image()?),
            _ => return None,
        };
        reader.bytes.is_empty().then_some(record)
    }
}

fn put_u32(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

fn put_u64(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

fn put_place(bytes: &mut Vec<u8>, table: TableId, tid: Tid) {
    put_u32(bytes, table.0 as u32);
    put_tid(bytes, tid);
}

fn put_tid(bytes: &mut Vec<u8>, tid: Tid) {
    put_u32(bytes, tid.page);
    put_u32(bytes, u32::from(tid.slot));
}

fn put_row(bytes: &mut Vec<u8>, row: &Row) {
    put_u32(bytes, row.len() as u32);
    for value in row {
        match value {
            Value::Null => bytes.push(0),
            Value::Bool(flag) => bytes.extend([1, u8::from(*flag)]),
            Value::Int(number) => {
                bytes.push(2);
                put_u64(bytes, *number as u64);
            }
            Value::Text(text) => {
                bytes.push(3);
                put_u32(bytes, text.len() as u32);
                bytes.extend_from_slice(text.as_bytes());
            }
        }
    }
}

fn put_change(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Insert { table, tid, row } => {
            bytes.push(1);
            put_place(bytes, *table, *tid);
            put_row(bytes, row);
        }
        Change::Update {
            table,
            old,
            new,
            row,
        } => {
            bytes.push(2);
            put_place(bytes, *table, *old);
            put_tid(bytes, *new);
            put_row(bytes, row);
        }
        Change::Delete { table, tid } => {
            bytes.push(3);
            put_place(bytes, *table, *tid);
        }
        Change::Sequence { sequence, upto } => {
            bytes.push(4);
            put_u32(bytes, sequence.0 as u32);
            put_u64(bytes, *upto as u64);
        }
    }
}

fn put_image(bytes: &mut Vec<u8>, image: &Image) {
    put_u64(bytes, image.next_xid);
    put_u32(bytes, image.tables.len() as u32);
    for rows in &image.tables {
        put_u32(bytes, rows.len() as u32);
        for (tid, row) in rows {
            put_tid(bytes, *tid);
            put_row(bytes, row);
        }
    }
    put_u32(bytes, image.sequences.len() as u32);
    image
        .sequences
        .iter()
        .for_each(|upto| put_u64(bytes, *upto as u64));
}

/// Reads from the front of a slice; every method is `None` when the bytes run out or make no sense.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.u64().map(|number| number as i64)
    }

    fn table(&mut self) -> Option<TableId> {
        self.u32().map(|number| TableId(number as usize))
    }

    fn tid(&mut self) -> Option<Tid> {
        let page = self.u32()?;
        let slot = u16::try_from(self.u32()?).ok()?;
        Some(Tid { page, slot })
    }

    fn row(&mut self) -> Option<Row> {
        let cells = self.u32()?;
        (0..cells).map(|_| self.value()).collect()
    }

    fn value(&mut self) -> Option<Value> {
        match self.u8()? {
            0 => Some(Value::Null),
            1 => match self.u8()? {
                flag @ 0..=1 => Some(Value::Bool(flag == 1)),
                _ => None,
            },
            2 => self.i64().map(Value::Int),
            3 => {
                let length = self.u32()? as usize;
                let text = std::str::from_utf8(self.take(length)?).ok()?;
                Some(Value::text(text))
            }
            _ => None,
        }
    }

    fn change(&mut self) -> Option<Change> {
        Some(match self.u8()? {
            1 => Change::Insert {
                table: self.table()?,
                tid: self.tid()?,
                row: self.row()?,
            },
            2 => Change::Update {
                table: self.table()?,
                old: self.tid()?,
                new: self.tid()?,
                row: self.row()?,
            },
            3 => Change::Delete {
                table: self.table()?,
                tid: self.tid()?,
            },
            4 => Change::Sequence {
                sequence: SequenceId(self.u32()? as usize),
                upto: self.i64()?,
            },
            _ => return None,
        })
    }

    fn image(&mut self) -> Option<Image> {
        let next_xid = self.u64()?;
        let tables = self.u32()?;
        let tables = (0..tables)
            .map(|_| self.rows())
            .collect::<Option<Vec<_>>>()?;
        let sequences = self.u32()?;
        let sequences = (0..sequences)
            .map(|_| self.i64())
            .collect::<Option<Vec<_>>>()?;
        Some(Image {
            next_xid,
            tables,
            sequences,
        })
    }

    fn rows(&mut self) -> Option<Vec<(Tid, Row)>> {
        let rows = self.u32()?;
        (0..rows)
            .map(|_| Some((self.tid()?, self.row()?)))
            .collect()
    }
}
