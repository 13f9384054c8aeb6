//! What an instance keeps of its reads, for those who asked for no more than anything that once was.
//!
//! Cache-aside: a read looks into [`memory`], and fetches from the Ledger what is not there or no longer fresh.
//! [`reading`] is the async part, in which reads of one thing may share a fetch. Every instance has its own, and
//! nobody is told of changes: what bounds how stale an answer is, is its time to live alone. Without
//! `[system.cache]` nothing is kept.

pub mod config;
pub mod memory;
pub mod reading;
