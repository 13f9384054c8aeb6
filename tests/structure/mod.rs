//! The structure: what ARCHITECTURE says of crates, files and words, enforced.

/// The tree as the tests see it: crates, manifests, source files.
pub mod tree;

/// Which crate may depend on which.
mod arrows;

/// What source files must and must not contain.
mod sources;

/// Every test file is listed by its parent.
mod listing;
