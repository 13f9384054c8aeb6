//! The log on the Ledger's disk: two files, of which one is written while the other is empty.
//!
//! A checkpoint writes the whole store into the empty file, syncs it, and only then empties the old
//! one; so at every moment one of the two tells everything, and a crash in between leaves at worst a
//! torn checkpoint beside a whole log. Start at [`LogFile::open`], which is recovery.
//!
//! A torn tail is cut. A damaged one that reads differently each time is damage in the reading, so it
//! is read again. A log with damage to bytes that had been safe is never served: to lose what was
//! acknowledged is worse than to be down.

use std::time::Duration;

use sim::NodeContext;
use sim::disk::DiskError;

use super::engine::Xid;
use super::engine::log::frame::{Frames, LogWriter, Lsn};
use super::engine::log::record::{Image, Record};
use super::engine::log::recovery::{self, Recovered};
use super::engine::schema::Catalog;
use crate::points;

const FILES: [&str; 2] = ["ledger.log.a", "ledger.log.b"];
/// A log that has grown by so much is due for a checkpoint, if it has also doubled: else a large store
/// would be written anew at every commit.
const CHECKPOINT_BYTES: usize = 256 * 1024;
const REREAD_AFTER: Duration = Duration::from_millis(200);
/// A log that cannot be served is looked at again now and then: people may have repaired it.
const REPAIR_AFTER: Duration = Duration::from_secs(5);
/// Damage that reads alike this often is on the disk.
const READS_TO_TRUST_DAMAGE: usize = 3;

/// The log of one process of the Ledger.
pub struct LogFile {
    context: NodeContext,
    writer: LogWriter,
    /// Which of the two files is written.
    current: usize,
    length: usize,
    /// How long the log was when it began with its checkpoint.
    began_with: usize,
}

/// What one file says.
struct Contents {
    base: Lsn,
    recovered: Recovered,
    /// Whether every byte belongs to a whole frame.
    clean: bool,
}

/// What both files say together.
enum Reading {
    /// This file tells everything.
    Whole(usize, Contents),
    /// Nothing was ever durable.
    Fresh,
    /// No answer that could be given would be right.
    Unusable(String),
}

impl LogFile {
    /// Reads the log until it is certain what it says, cuts what a crash has torn, and makes durable
    /// what it found: a process that ended without its machine leaves bytes that only the cache holds.
    ///
    /// The image is nothing when the log is new. `drops_tail` is a defect's way.
    pub async fn open(
        context: &NodeContext,
        catalog: &Catalog,
        drops_tail: bool,
    ) -> (LogFile, Option<Image>) {
        let mut alike = Vec::new();
        loop {
            let files = [read(context, 0).await, read(context, 1).await];
            let (reading, damaged) = interpret(&files, catalog, drops_tail);
            if damaged {
                alike.retain(|earlier| *earlier == files);
                alike.push(files.clone());
                alike.truncate(READS_TO_TRUST_DAMAGE);
            }
            match reading {
                Reading::Unusable(why) => {
                    tracing::error!(why, "the log cannot be served; reading it again");
                    context.sleep(REPAIR_AFTER).await;
                }
                reading if !damaged || alike.len() >= READS_TO_TRUST_DAMAGE => {
                    if damaged {
                        tracing::warn!("cutting a torn tail");
                        context.reached("recovery_cut_a_torn_tail");
                    }
                    if let Ok(opened) = settle(context, reading).await {
                        return opened;
                    }
                }
                _ => {}
            }
            context.sleep(REREAD_AFTER).await;
        }
    }

    /// How far the log reaches.
    pub fn end(&self) -> Lsn {
        self.writer.next()
    }

    /// Appends records and syncs them. On an error nobody knows what the disk holds: the process must
    /// end and recover, for a sync that failed may not be repeated (see Rebello et al., "Can
    /// Applications Recover from fsync Failures?", 2020).
    ///
    /// # Errors
    /// The disk's.
    pub async fn append(&mut self, records: &[Record]) -> Result<(), DiskError> {
        let bytes = self.writer.append(records);
        self.length += bytes.len();
        let disk = self.context.disk();
        disk.append(FILES[self.current], &bytes).await?;
        self.context.pass(points::LOG_WRITTEN).await;
        disk.sync(FILES[self.current]).await?;
        self.writer.synced(self.writer.next());
        self.context.pass(points::LOG_SYNCED).await;
        Ok(())
    }

    /// Begins the log anew with a checkpoint that another server's log has at this place: whatever stood here
    /// before counts no longer.
    ///
    /// # Errors
    /// The disk's, after which the process must end and recover.
    pub async fn restart(&mut self, from: Lsn, image: Image) -> Result<(), DiskError> {
        self.writer = LogWriter::new(from);
        self.checkpoint(image).await
    }

    /// The commits that end behind a position, as far back as the log reaches.
    pub async fn commits_after(&self, position: Lsn) -> Vec<Xid> {
        let bytes = read(&self.context, self.current).await;
        let base = claimed_base(&bytes);
        let frames = Frames::split(&bytes, base);
        let payloads = frames.map(|frames| frames.payloads).unwrap_or_default();
        let behind = |offset: usize| base.0 + offset as u64 >= position.0;
        let commit = |(offset, payload): &(usize, &[u8])| match Record::decode(payload) {
            Some(Record::Commit(xid)) if behind(*offset) => Some(xid),
            _ => None,
        };
        payloads.iter().filter_map(commit).collect()
    }

    /// Whether the log has grown enough for a checkpoint.
    pub fn is_long(&self) -> bool {
        self.length - self.began_with >= CHECKPOINT_BYTES.max(self.began_with)
    }

    /// Goes over to the other file, which begins with the whole store.
    ///
    /// # Errors
    /// The disk's, after which the process must end and recover.
    pub async fn checkpoint(&mut self, image: Image) -> Result<(), DiskError> {
        let other = 1 - self.current;
        let bytes = self.writer.append(&[Record::Checkpoint(image)]);
        let disk = self.context.disk();
        disk.append(FILES[other], &bytes).await?;
        self.context.pass(points::CHECKPOINT_WRITTEN).await;
        disk.sync(FILES[other]).await?;
        self.writer.synced(self.writer.next());
        disk.truncate(FILES[self.current], 0).await?;
        (self.current, self.length) = (other, bytes.len());
        self.began_with = self.length;
        Ok(())
    }
}

async fn read(context: &NodeContext, file: usize) -> Vec<u8> {
    match context.disk().read(FILES[file]).await {
        Ok(bytes) => bytes,
        // Only a dead process is told so, and it does nothing more.
        Err(_) => std::future::pending().await,
    }
}

/// What the files say together, and whether any of it is damaged.
fn interpret(files: &[Vec<u8>; 2], catalog: &Catalog, drops_tail: bool) -> (Reading, bool) {
    let mut damaged = false;
    let mut best: Option<(usize, Contents)> = None;
    let mut lost_base = None;
    for (number, bytes) in files.iter().enumerate() {
        if bytes.is_empty() {
            continue;
        }
        let base = claimed_base(bytes);
        let mut recovered = recovery::recover(catalog, bytes, base);
        if drops_tail
            && let Ok(whole) = &recovered
            && whole.commits > 1
        {
            // The defect takes the last whole transaction for a part of what was torn.
            recovered = recovery::recover(catalog, &bytes[..whole.valid_bytes - 1], base);
        }
        let recovered = match recovered {
            Ok(recovered) => recovered,
            Err(error) => return (Reading::Unusable(error.to_string()), true),
        };
        let clean = recovered.valid_bytes == bytes.len();
        damaged |= !clean;
        if recovered.valid_bytes == 0 {
            lost_base = Some(base);
        } else if best.as_ref().is_none_or(|(_, other)| other.base < base) {
            let contents = Contents {
                base,
                recovered,
                clean,
            };
            best = Some((number, contents));
        }
    }
    let reading = match (best, lost_base) {
        (Some((number, contents)), _) => Reading::Whole(number, contents),
        // A first write that a crash tore: nothing of it was acknowledged.
        (None, None | Some(Lsn(0))) => Reading::Fresh,
        (None, Some(base)) => Reading::Unusable(format!(
            "the checkpoint at LSN {} is damaged and no older log is left; restore from a replica",
            base.0
        )),
    };
    (reading, damaged)
}

/// The position that the first frame gives itself; 0 where even that was cut off.
fn claimed_base(bytes: &[u8]) -> Lsn {
    let position = bytes.get(8..16).and_then(|part| part.try_into().ok());
    Lsn(position.map_or(0, u64::from_le_bytes))
}

/// Cuts and empties what is to go, and makes the rest durable.
async fn settle(
    context: &NodeContext,
    reading: Reading,
) -> Result<(LogFile, Option<Image>), DiskError> {
    let (current, base, length, image) = match reading {
        Reading::Whole(number, contents) => {
            let length = contents.recovered.valid_bytes;
            if !contents.clean {
                context.disk().truncate(FILES[number], length).await?;
            }
            (
                number,
                contents.base,
                length,
                Some(contents.recovered.image),
            )
        }
        Reading::Fresh => (0, Lsn(0), 0, None),
        Reading::Unusable(_) => unreachable!("the caller reads an unusable log again"),
    };
    if image.is_none() {
        context.disk().truncate(FILES[current], 0).await?;
    }
    context.disk().sync(FILES[current]).await?;
    context.disk().truncate(FILES[1 - current], 0).await?;
    let log = LogFile {
        context: context.clone(),
        writer: LogWriter::new(Lsn(base.0 + length as u64)),
        current,
        length,
        // What recovery found may be all checkpoint or all commits; the former only costs one checkpoint that comes early.
        began_with: 0,
    };
    Ok((log, image))
}
