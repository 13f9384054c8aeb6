//! Scenarios: each built-in one shows what it claims to show, and does so the same way every time.

/// Everything at once.
mod chaos_orchestration;

/// What mitigations are worth: variants of scenarios side by side.
mod compared;

/// A crash in every window of a registration.
mod core_crash;

/// Golden fingerprints of every built-in scenario.
mod golden;

/// The timing budget and the service level.
mod happy_path;

/// What the Ledger refuses, loses and keeps back.
mod ledger_failures;

/// Silence, refusal and jammed latches, and what becomes of them.
mod locker_failures;

/// The first acceptance scenario, step by step, with both strategies.
mod locker_timeout;

/// Users who watch while it happens.
mod realtime;

/// Replicas of the Ledger: reads, failover, and what is lost.
mod replicas;

/// The one way in which these tests run a scenario; no tests of its own.
mod run_once;

/// An index that lags, and pages of the audit.
mod search;

/// Many users at once, and a redeploy under them.
mod sessions;

/// How these tests read a run; no tests of its own.
mod story;

/// Every failure's code, and its escalation.
mod taxonomy;

/// Evidence that does not tell.
mod verification_review;

/// Who is told what, and what becomes of those who do not listen.
mod webhooks;
