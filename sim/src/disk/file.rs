//! A disk as a value: durable bytes apart from pending ones, and what a crash leaves of them.
//!
//! A write is pending until a sync; a crash image is built from both. After a *failed* sync the
//! pending bytes are gone from the cache and count as clean, so that a second sync succeeds without
//! having written anything: that is what Linux does (the "fsyncgate" of 2018), and why a store must
//! treat a failed sync as fatal.

use std::collections::BTreeMap;

use crate::random::Stream;

/// What becomes of bytes that were written but not synced when a machine goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsynced {
    /// Only the process died: the operating system still writes them.
    Kept,
    /// The machine lost power before writing them.
    Lost,
    /// The machine lost power while writing: some prefix of the bytes is there.
    Torn,
}

impl Unsynced {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unsynced::Kept => "kept",
            Unsynced::Lost => "lost",
            Unsynced::Torn => "torn",
        }
    }
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct File {
    durable: Vec<u8>,
    pending: Vec<u8>,
}

/// All files of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Disk {
    files: BTreeMap<String, File>,
}

impl Disk {
    pub(crate) fn append(&mut self, name: &str, bytes: &[u8]) {
        self.file(name).pending.extend_from_slice(bytes);
    }

    /// What a running process reads: written bytes whether durable or not.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        self.files
            .get(name)
            .map_or_else(Vec::new, |file| [&file.durable[..], &file.pending].concat())
    }

    pub(crate) fn sync(&mut self, name: &str) {
        let file = self.file(name);
        let pending = std::mem::take(&mut file.pending);
        file.durable.extend(pending);
    }

    /// The sync failed: the bytes are forgotten, and nothing will ever say so again.
    pub(crate) fn fail_sync(&mut self, name: &str) {
        self.file(name).pending.clear();
    }

    /// Cuts a file to a length; durable at once, as recovery code relies on.
    pub(crate) fn truncate(&mut self, name: &str, length: usize) {
        self.sync(name);
        self.file(name).durable.truncate(length);
    }

    /// What is left after the machine or only the process went down.
    pub(crate) fn crash(&mut self, unsynced: Unsynced, stream: &mut Stream) {
        for file in self.files.values_mut() {
            let pending = std::mem::take(&mut file.pending);
            let kept = match unsynced {
                Unsynced::Kept => pending.len(),
                Unsynced::Lost => 0,
                Unsynced::Torn => stream.between(0, pending.len() as u64) as usize,
            };
            file.durable.extend_from_slice(&pending[..kept]);
        }
    }

    fn file(&mut self, name: &str) -> &mut File {
        self.files.entry(name.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Lineage, Randomness, Root, Seeds};

    fn after_crash(unsynced: Unsynced, seed: u64) -> Vec<u8> {
        let mut disk = Disk::default();
        disk.append("log", b"durable ");
        disk.sync("log");
        disk.append("log", b"pending");
        let randomness = Randomness::new(Seeds::derive(seed));
        disk.crash(
            unsynced,
            &mut randomness.stream(Root::Plan, Lineage::of("crash"), "tear"),
        );
        disk.read("log")
    }

    #[test]
    fn a_crash_keeps_loses_or_tears_what_was_not_synced() {
        assert_eq!(after_crash(Unsynced::Kept, 1), b"durable pending");
        assert_eq!(after_crash(Unsynced::Lost, 1), b"durable ");
        let mut lengths: Vec<usize> = (0..64)
            .map(|seed| {
                let left = after_crash(Unsynced::Torn, seed);
                assert!(b"durable pending".starts_with(&left) && left.len() >= 8);
                left.len()
            })
            .collect();
        lengths.sort_unstable();
        lengths.dedup();
        assert_eq!(
            lengths,
            (8..=15).collect::<Vec<_>>(),
            "every cut is possible"
        );
    }

    #[test]
    fn after_a_failed_sync_the_next_one_succeeds_without_the_bytes() {
        let mut disk = Disk::default();
        disk.append("log", b"gone");
        disk.fail_sync("log");
        disk.sync("log");
        assert_eq!(disk.read("log"), b"");
    }
}
