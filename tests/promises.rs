//! What we promise, as tests over the whole workspace.
//!
//! One binary, so that it links once. Each folder is a promise to somebody, each file one subject of
//! it; a structure test fails when a file is not listed. Tests of a single value or mechanism stand
//! beside its code instead.

/// To who breaks the world: every fault does what it says, and nothing when it is off.
mod world;

/// To who replays a run: the same inputs give the same run, whatever surrounds it.
mod determinism;

/// What is done with a failing run: made small, explained, found again.
mod exploration;

/// To who reads the code: arrows, words and listings are as the architecture says.
mod structure;

/// To who trusts a verdict: every check accepts, rejects, and catches the bug planted for it.
mod checks;

/// To who learns or grades: each built-in scenario shows what it claims.
mod scenarios;

/// To who types a command: the program's output, exit codes and messages.
mod program;

/// To who asks whether it is like the real thing: the Ledger's engine beside PostgreSQL.
mod ledger;

/// To who draws conclusions: where arithmetic knows the figure, a run reproduces it.
mod fidelity;

/// To who trusts a device: a Locker keeps its word through power loss, repetition and bad hardware.
mod locker;

/// To who watches real systems: what a run tells Prometheus, Prometheus reads as the run meant it.
mod prometheus;

/// To who relies on Core while a neighbour fails: its breakers, bulkheads and pools do as they say.
mod resilience;

/// To who receives webhooks: what we sign, the reference libraries believe, and the other way round.
mod webhooks;

/// To who learns from an incident: its figures come from a cause, and actions have their real consequences.
mod incident;

/// To who learns by trying: a policy is judged in the real system, for the reason its lab teaches.
mod labs;

/// To who grades and who is graded: points follow from what was done, each with its reason.
mod grading;
