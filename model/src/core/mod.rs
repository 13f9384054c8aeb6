//! Core: the orchestrator. Several stateless instances over one Ledger.
//!
//! [`protocol`] is its interface for clients; [`registration`] the synchronous path; [`recovery`] the
//! asynchronous one; [`linking`] and [`ledger_client`] how it talks to Lockers and Ledger; [`retry`]
//! its schedules; [`node`] the process.

pub mod ledger_client;
pub mod linking;
pub mod node;
pub mod protocol;
pub mod recovery;
pub mod registration;
pub mod retry;
