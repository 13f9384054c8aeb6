//! The determinism contract: a run is a function of its inputs.

/// A small busy world in which everything that can differ would.
pub mod busy;

/// The same inputs give the same fingerprint: again, later, elsewhere, watched or not.
mod contract;

/// A planted leak is noticed, and the first differing event is named.
mod leaks;

/// Taking one fault away leaves every unrelated draw alone.
mod keyed;

/// Each sub-seed decides its own part of a run, and nothing else.
mod seeds;
