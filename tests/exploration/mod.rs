//! Exploration: what is done with a failing run, and how failing runs are found.

/// Failing runs that the tests here start from; no tests of its own.
mod failing;

/// Other futures of a run: the same until a moment.
mod futures;

/// Failing runs made small.
mod shrinking;

/// Failing runs explained.
mod explaining;

/// Many runs as a property of `cargo test`.
mod suites;

/// Planted bugs hunted.
mod hunting;
