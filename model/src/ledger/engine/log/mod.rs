//! The write-ahead log: what a commit leaves behind, as bytes, and how a store comes back from those bytes.
//!
//! `record` is what is logged, `frame` how it is laid out and checked, `recovery` how bytes become a store
//! again. Nothing here reads or writes a file: the caller appends the bytes, syncs them, and only then
//! confirms the commit.

pub mod frame;
pub mod record;
pub mod recovery;
