//! The crate's own tests, by what is rendered; `fixture` is the one tiny run they share.

mod fixture;

mod bench_renders;
mod check_renders;
mod comparison_renders;
mod divergence_renders;
mod documents_refuse;
mod documents_round_trip;
mod exploration_renders;
mod junit_renders;
mod listing_renders;
mod parts_of_sweeps;
mod run_renders;
mod sweep_folds;
