//! The Ledger engine's likeness to PostgreSQL 15, and its recovery from its log.
//!
//! A test that needs a PostgreSQL server says loudly when there is none; with `CI=true` that is a
//! failure. Conformance data of other people is not part of the project: those tests take its folder
//! from `PROVENIQ_CONFORMANCE_DATA`, and say loudly when it is not set.
//!
//! [`differential`] draws 150 schedules at each level. A difference that one schedule in a thousand shows
//! needs more; one level at a time, with 3,000, takes between five and seven minutes on two busy cores:
//!
//! ```text
//! PROVENIQ_LEDGER_SCHEDULES=3000 cargo test -p tests --release -- ledger::differential::read_committed --nocapture
//! ```
//!
//! and likewise `repeatable_read`, `serializable` and `mixed`. `PROVENIQ_LEDGER_SEED=2` draws others. What
//! it prints on a difference is the shortest schedule it found, with every answer of both sides.

#![expect(
    clippy::disallowed_methods,
    reason = "a real server lives in real time and is found through the environment"
)]

/// Transactions that append to lists, in SQL or by reading, computing and writing.
mod appends;

/// Promises beyond likeness: two-part commits, vanished clients, determinism.
mod behaviour;

/// Eight clients of the Ledger's node, and the history they leave.
mod clients;

/// Random concurrent schedules, stepped side by side against a private PostgreSQL.
mod differential;

/// Drives an engine as a client drives a server.
mod harness;

/// Published anomaly scenarios with the outcomes of a real server.
mod hermitage;

/// SQL text to the engine's statements, for the conformance data.
mod parse;

/// Small facts measured on a real server.
mod probes;

/// Crashes at every byte of the log.
mod recovery;

/// Senseless statements.
mod refusals;

/// Several servers of one Ledger.
mod replicas;

/// The engine's statements to SQL text.
mod render;

/// How random schedules are drawn.
mod schedule;

/// Which anomalies the histories of clients show at each isolation level.
mod histories;

/// PostgreSQL's own specifications of serializable transactions.
mod serializable_specs;

/// The situations of the probes, as statements.
mod situations;

/// A private PostgreSQL server.
mod server;

/// A standby follows, and takes over.
mod standby;

/// Schedules written down with every answer, for both sides.
mod stories;

/// Dead row versions go, and nobody notices.
mod sweeping;

/// Orders and limits, with an index and without.
mod walks;

/// A client that keeps command tags and can be polled.
mod wire;

/// Says loudly that a test did not run for want of a server; in CI that is a failure.
pub(crate) fn no_server(test: &str, why: &str) {
    not_run(test, why);
    let in_ci = std::env::var("CI").as_deref() == Ok("true");
    assert!(!in_ci, "{test} must run in CI: {why}");
}

/// Says loudly that a test did not run.
fn not_run(test: &str, why: &str) {
    eprintln!("\n******** {test} DID NOT RUN: {why} ********\n");
}
