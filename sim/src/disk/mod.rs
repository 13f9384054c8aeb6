//! The disk of a node: files with append, read, sync and truncate, slow and fallible.
//!
//! [`mod@file`] is the state as a pure value; this file is what a node calls through
//! [`crate::node::NodeContext::disk`]. Each call takes simulated time, reads the disk faults that
//! hold at its node, and leaves its event in the trace. It is not a file system: no directories, no
//! random writes, no metadata.

pub(crate) mod file;

use std::sync::Arc;
use std::time::Duration;

use crate::fault::FaultKind;
use crate::latency::Latency;
use crate::node::NodeContext;
use crate::random::{Lineage, Root, Stream};
use crate::ratio::Ratio;
use crate::record::trace::Happening;

/// How long an unharmed disk takes.
#[derive(Clone, Debug)]
pub struct DiskProfile {
    /// To write into the cache or read from it.
    pub access: Latency,
    /// To make written bytes durable.
    pub sync: Latency,
}

/// Why the disk refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DiskError {
    /// No space is left; nothing was written.
    #[error("no space left on the disk")]
    Full,
    /// A sync failed: what was written since the last one is lost, and a second try will not tell.
    #[error("the sync failed; unsynced bytes are lost")]
    SyncFailed,
    /// The process asking is no longer alive: its handle outlived it.
    #[error("the process that asked has died")]
    Dead,
}

/// A node's handle on its disk.
pub struct DiskHandle<'a> {
    context: &'a NodeContext,
}

impl<'a> DiskHandle<'a> {
    pub(crate) fn new(context: &'a NodeContext) -> DiskHandle<'a> {
        DiskHandle { context }
    }

    /// Appends to a file, creating it when needed. Durable only after [`DiskHandle::sync`].
    ///
    /// # Errors
    /// [`DiskError::Full`] while a disk-full fault holds; nothing was written then.
    pub async fn append(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.wait_access().await;
        if self.holds(|kind| matches!(kind, FaultKind::DiskFull)) {
            return Err(self.fail(name, DiskError::Full, "full"));
        }
        let happening = Happening::Wrote {
            file: Arc::from(name),
            bytes: bytes.len() as u64,
        };
        self.change(happening, |disk| disk.append(name, bytes))
    }

    /// Makes everything written to a file durable.
    ///
    /// # Errors
    /// [`DiskError::SyncFailed`] when a sync-error fault strikes: the unsynced bytes are lost.
    pub async fn sync(&self, name: &str) -> Result<(), DiskError> {
        let world = self.context.world();
        let profile = world.disk_profile();
        let cause = self.context.lineage("disk.sync");
        let mut span = profile
            .sync
            .draw(&mut world.stream(Root::Schedule, cause, "disk.sync"));
        for (_, kind) in world.faults_at(self.context.node()) {
            if let FaultKind::SlowSync { extra_ms } = kind {
                span += Duration::from_millis(extra_ms);
            }
        }
        self.context.sleep_true(span).await;
        let struck = self.struck(cause, |kind| match kind {
            FaultKind::SyncError { ratio } => Some(*ratio),
            _ => None,
        });
        if struck.is_some() {
            world.with_process(self.context.node(), |process| process.disk.fail_sync(name));
            return Err(self.fail(name, DiskError::SyncFailed, "sync error"));
        }
        let happening = Happening::Synced {
            file: Arc::from(name),
        };
        self.change(happening, |disk| disk.sync(name))
    }

    /// Reads a whole file; empty when there is none. A bit-rot fault flips one bit of what is read.
    ///
    /// # Errors
    /// Only when the asking process has died.
    pub async fn read(&self, name: &str) -> Result<Vec<u8>, DiskError> {
        let cause = self.wait_access().await;
        if !self.context.is_alive() {
            return Err(DiskError::Dead);
        }
        let world = self.context.world();
        let mut bytes = world.with_process(self.context.node(), |process| process.disk.read(name));
        let struck = self.struck(cause, |kind| match kind {
            FaultKind::BitRot { ratio } => Some(*ratio),
            _ => None,
        });
        if let Some(mut stream) = struck
            && !bytes.is_empty()
        {
            let bit = stream.below(bytes.len() as u64 * 8);
            bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
            let happening = Happening::DiskFailed {
                file: Arc::from(name),
                why: "bit rot",
            };
            world.trace(self.context.node(), happening);
        }
        Ok(bytes)
    }

    /// Cuts a file to a length, durably: what recovery does with a torn tail.
    ///
    /// # Errors
    /// Only when the asking process has died.
    pub async fn truncate(&self, name: &str, length: usize) -> Result<(), DiskError> {
        self.wait_access().await;
        let happening = Happening::Synced {
            file: Arc::from(name),
        };
        self.change(happening, |disk| disk.truncate(name, length))
    }

    /// Waits for the cache and gives the cause of this access.
    async fn wait_access(&self) -> Lineage {
        let world = self.context.world();
        let profile = world.disk_profile();
        let cause = self.context.lineage("disk.access");
        let span = profile
            .access
            .draw(&mut world.stream(Root::Schedule, cause, "disk.access"));
        self.context.sleep_true(span).await;
        cause
    }

    fn change(
        &self,
        happening: Happening,
        change: impl FnOnce(&mut file::Disk),
    ) -> Result<(), DiskError> {
        if !self.context.is_alive() {
            return Err(DiskError::Dead);
        }
        let world = self.context.world();
        world.with_process(self.context.node(), |process| change(&mut process.disk));
        world.trace(self.context.node(), happening);
        Ok(())
    }

    fn holds(&self, kind: impl Fn(&FaultKind) -> bool) -> bool {
        self.context
            .world()
            .faults_at(self.context.node())
            .iter()
            .any(|(_, held)| kind(held))
    }

    /// The first fault by chance that strikes this access, as the rest of its stream. Each fault draws
    /// from a stream of its own, named by the access: taking one away changes no other's answers.
    fn struck(
        &self,
        access: Lineage,
        chance: impl Fn(&FaultKind) -> Option<Ratio>,
    ) -> Option<Stream> {
        let world = self.context.world();
        let faults = world.faults_at(self.context.node());
        let mut struck = None;
        for (number, kind) in faults {
            let Some(ratio) = chance(&kind) else {
                continue;
            };
            let cause = world.fault_lineage(number).child("disk", access.value());
            let mut stream = world.stream(Root::Plan, cause, kind.name());
            if stream.chance(ratio) && struck.is_none() {
                struck = Some(stream);
            }
        }
        struck
    }

    fn fail(&self, name: &str, error: DiskError, why: &'static str) -> DiskError {
        let happening = Happening::DiskFailed {
            file: Arc::from(name),
            why,
        };
        self.context.world().trace(self.context.node(), happening);
        error
    }
}
