//! Logs on disk, as the Ledger and the Lockers keep them.
//!
//! [`mod@format`] is the layout of records as a pure value over bytes; [`recovery`] is what a node does
//! with its log when it starts.

pub mod format;
pub mod recovery;

pub use format::encode;
pub use recovery::recover;
