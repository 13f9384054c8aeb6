//! Scenarios: each built-in one shows what it claims to show, and does so the same way every time.

/// A crash in every window of a registration.
mod core_crash;

/// Golden fingerprints of every built-in scenario.
mod golden;

/// The timing budget and the service level.
mod happy_path;

/// The first acceptance scenario, step by step.
mod locker_timeout;

/// The one way in which these tests run a scenario; no tests of its own.
mod run_once;
