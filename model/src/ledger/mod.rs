//! The Ledger: the transactional store behind all services.
//!
//! From the inside out: [`engine`] is the store as a pure value, with sessions, locks and isolation
//! levels as PostgreSQL 15 has them, its likeness to the real server measured. [`node`] is the process
//! around it, with its [`timing`]: [`connections`] to clients, statements that are [`waiting`], a [`log_file`] with
//! [`group_commit`]. [`replica`] is what makes several servers one Ledger. [`protocol`] is what travels,
//! [`client`] the services' side of it with pool and circuit. [`tables`] is the service's schema, of which
//! a system has what its [`purposes`] need; [`query`] makes statements, [`row`] reads their answers.

pub mod engine;

pub mod connections;
pub mod group_commit;
pub mod log_file;
pub mod node;
pub mod timing;
pub mod waiting;

pub mod replica;

pub mod client;
pub mod protocol;

pub mod purposes;
pub mod query;
pub mod row;
pub mod tables;
