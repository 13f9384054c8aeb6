//! Core's resilience mechanisms in a world of their own: time passes, callers go away, processes die.
//!
//! The nodes here are the smallest that use them, on a [`stage`](crate::world::stage). Each defect of a
//! mechanism is switched on, and the check that must catch it does.

/// The circuit: what it lets pass, tells and shows, and the bugs it can be given.
mod circuit;

/// The bulkhead: who is served, who waits, who is refused.
mod bulkhead;

/// The pool: who gets which connection, what becomes of it, and the connection that is lost.
mod pool;

/// Callers that lose patience.
mod patience;
