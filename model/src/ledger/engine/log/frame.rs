//! The layout of the log: frames, each with its length, its checksum, its own position, and how far the log was safe.
//!
//! ```text
//! offset  0        4         8        16          24
//!         length   crc32c    lsn      safe_lsn    payload (length bytes)
//! ```
//!
//! The position (LSN, bytes since the log was first begun) lets a reader tell a frame from stale bytes. `safe_lsn` is how
//! far the writer knew the log to be on stable storage when it wrote the frame; it is what tells a torn tail, which a crash
//! may leave, from damage to bytes that were safe, which nothing may excuse. Start at [`Frames`] and [`LogWriter`].

use super::record::Record;
use thiserror::Error;

/// Position in the log: bytes since it was first begun. Truncation at a checkpoint does not reset it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

/// Bytes before a frame's payload.
pub const HEADER_BYTES: usize = 24;

/// Makes frames one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogWriter {
    next: Lsn,
    safe: Lsn,
}

/// A log that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LogError {
    /// Bytes that were once safe are damaged.
    #[error(
        "the log is damaged at byte {offset}: a later frame says that the log was safe up to LSN {}; \
         restore the log from a replica or a backup, cutting it here would lose acknowledged commits",
        safe.0
    )]
    Damaged {
        /// Where in the bytes given.
        offset: usize,
        /// How far the log had been safe.
        safe: Lsn,
    },
    /// A frame is whole but what it says can't be.
    #[error(
        "the log contradicts itself at byte {offset}: {what}; it was not written by this store, or for another schema"
    )]
    Contradiction {
        /// Where in the bytes given.
        offset: usize,
        /// What can't be.
        what: &'static str,
    },
}

impl LogWriter {
    /// Continues a log at a position up to which everything is safe.
    pub fn new(next: Lsn) -> Self {
        Self { next, safe: next }
    }

    /// Lays records out as frames, to be appended to the log in this order.
    pub fn append(&mut self, records: &[Record]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in records {
            let frame = frame(&record.encode(), self.next, self.safe);
            self.next = Lsn(self.next.0 + frame.len() as u64);
            bytes.extend_from_slice(&frame);
        }
        bytes
    }

    /// The position after the last frame.
    pub fn next(&self) -> Lsn {
        self.next
    }

    /// Notes that the log is on stable storage up to a position; a commit whose records end there may be
    /// confirmed.
    pub fn synced(&mut self, upto: Lsn) {
        assert!(
            upto <= self.next,
            "invariant: nothing is safe before it is written"
        );
        self.safe = self.safe.max(upto);
    }
}

/// The valid frames of a log, from its beginning up to the first byte that is no frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames<'a> {
    /// Offset and payload of each frame.
    pub payloads: Vec<(usize, &'a [u8])>,
    /// Where the valid part ends; what follows is a torn tail to be cut.
    pub end: usize,
}

impl<'a> Frames<'a> {
    /// Splits a log that begins at `base` into frames; refuses it if bytes that had been safe are damaged.
    pub fn split(bytes: &'a [u8], base: Lsn) -> Result<Self, LogError> {
        let mut payloads = Vec::new();
        let mut end = 0;
        while let Some((payload, _)) = frame_at(bytes, end, base) {
            payloads.push((end, payload));
            end += HEADER_BYTES + payload.len();
        }
        // Frames beyond the break may be debris of an unsynced write that reached the disk out of order;
        // only one that knows the broken place to have been safe proves damage.
        let broken = Lsn(base.0 + end as u64);
        for offset in end + 1..bytes.len() {
            if let Some((_, safe)) = frame_at(bytes, offset, base)
                && safe > broken
            {
                return Err(LogError::Damaged { offset: end, safe });
            }
        }
        Ok(Self { payloads, end })
    }
}

fn frame(payload: &[u8], lsn: Lsn, safe: Lsn) -> Vec<u8> {
    let mut body = Vec::with_capacity(HEADER_BYTES + payload.len());
    body.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    body.extend_from_slice(&[0; 4]);
    body.extend_from_slice(&lsn.0.to_le_bytes());
    body.extend_from_slice(&safe.0.to_le_bytes());
    body.extend_from_slice(payload);
    let sum = checksum(&body);
    body[4..8].copy_from_slice(&sum.to_le_bytes());
    body
}

/// The payload and the safe position of a whole frame at this offset, if there is one.
fn frame_at(bytes: &[u8], offset: usize, base: Lsn) -> Option<(&[u8], Lsn)> {
    let bytes = bytes.get(offset..)?;
    let header = bytes.get(..HEADER_BYTES)?;
    // The position is compared first: it is cheap and rules out nearly every offset that is no frame.
    let lsn = u64::from_le_bytes(header[8..16].try_into().ok()?);
    if lsn != base.0 + offset as u64 {
        return None;
    }
    let length = u32::from_le_bytes(header[..4].try_into().ok()?) as usize;
    let frame = bytes.get(..HEADER_BYTES.checked_add(length)?)?;
    let sum = u32::from_le_bytes(header[4..8].try_into().ok()?);
    let safe = Lsn(u64::from_le_bytes(header[16..24].try_into().ok()?));
    (sum == checksum(frame)).then(|| (&frame[HEADER_BYTES..], safe))
}

/// The checksum of a frame, its own four bytes left out.
fn checksum(frame: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&frame[..4]), &frame[8..])
}
