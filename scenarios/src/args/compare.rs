//! What was typed after `proveniq compare`.
//!
//! As [`args`](super), of which it is a part: nothing here reads a file.

use clap::Args;

use crate::file::source::Override;

/// `proveniq compare`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq compare cache-stampede               naive and mitigated, side by side
  proveniq compare backlog-surge --seeds 50 --json

What is compared stands in the scenario's file, as `[[variants]]` with the values they set. Every
variant runs under the same seeds, so the users want the same at the same times.")]
pub struct CompareArgs {
    /// A name from `proveniq list scenarios`, or the path of a scenario file.
    pub scenario: String,
    /// Set a value of the scenario in every variant.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// How many seeds each variant has.
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub seeds: u64,
    /// Print one JSON document (`proveniq/compare/v1`).
    #[arg(long)]
    pub json: bool,
}
