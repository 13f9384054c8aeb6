//! Our verdicts against those of checkers and histories that nobody here made.
//!
//! Each file is one independent judge. Its controls come first: a judge that does not tell a known-good history from a
//! known-bad one proves nothing. The figures are printed (`cargo test agreement -- --nocapture`) and asserted, so that a
//! change of any verdict shows; where we differ from a judge, the comment at the assertion says why.

mod adya_transactions;
mod stateright_objects;
mod todc_etcd;
