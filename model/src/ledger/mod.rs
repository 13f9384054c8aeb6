//! The Ledger: the transactional store behind all Cores.
//!
//! [`store`] is its state as a pure value, [`protocol`] what is asked of it, [`node`] the process
//! with its log. The node serves a single-version store: a transaction is checked and applied at its
//! commit, whole or not at all, and there are no concurrent snapshots.
//!
//! [`engine`] is the store it is to be given next: many versions, sessions, locks and isolation levels
//! as PostgreSQL 15 has them, with its likeness to the real server measured. It is complete as a value
//! and not yet behind the node.

pub mod engine;
pub mod node;
pub mod protocol;
pub mod store;
