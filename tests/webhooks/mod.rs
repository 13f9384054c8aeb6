//! Webhook signatures beside the libraries that define them.
//!
//! [`vectors`] are messages with known answers. [`peers`] has the reference libraries verify what we
//! sign, and us what they sign; they are installed below `target` when missing, by `.ci/webhook-peers`,
//! which needs npm, python3 and a network. Without them the tests say loudly that they did not run; with
//! `CI=true` that is a failure.

#![expect(
    clippy::disallowed_methods,
    reason = "real libraries live in real time and are found on the machine"
)]

/// Messages with known answers.
mod vectors;

/// Reference libraries verify our signatures, and we theirs.
mod peers;

/// Installs and calls a reference library; no tests of its own.
mod library;
