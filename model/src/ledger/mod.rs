//! The Ledger: the transactional store behind all Cores.
//!
//! [`store`] is its state as a pure value, [`protocol`] what is asked of it, [`node`] the process
//! with its log. It is a single-version store: a transaction is checked and applied at its commit,
//! whole or not at all, and there are no concurrent snapshots.

pub mod node;
pub mod protocol;
pub mod store;
