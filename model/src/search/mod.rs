//! Search: an index of assets by the words of their names, on a node of its own, derived from the Ledger.
//!
//! [`index`] is what an index holds and what an update does to it; [`shelf`] keeps the one that answers
//! beside one that is being built anew. Both are plain values. [`node`] is the process, [`store`] its files,
//! [`protocol`] what it is asked, [`config`] the scenario's table. Who feeds it is
//! [`core::search`](crate::core::search).

pub mod config;
pub mod index;
pub mod node;
pub mod protocol;
pub mod shelf;
pub mod store;
