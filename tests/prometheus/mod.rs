//! What a run says to Prometheus, put to its own tool.
//!
//! The tests need `promtool` of Prometheus 2 and say loudly when there is none; with `CI=true` that
//! is a failure. Start with [`watched`], the runs they look at.

#![expect(
    clippy::disallowed_methods,
    reason = "a real tool is found through the environment"
)]

/// Text expositions: accepted, and refused when something is taken out.
mod metrics;

/// Finds and calls the tool; no tests of its own.
pub mod promtool;

/// Rule files and their tests: our evaluation beside the real one.
mod rules;

/// Runs whose metrics follow a script, watched by the node `ops`.
pub mod watched;
