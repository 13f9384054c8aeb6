//! What was typed after `proveniq shrink` and `proveniq explain`: a failing run, and what is asked of it.
//!
//! As [`args`](super), of which it is a part: nothing here reads a file.

use std::path::PathBuf;

use clap::Args;

use super::{ScenarioArgs, SeedArgs, check_named};
use crate::shrink::PROCESSOR_SECONDS;

/// A failing run: a scenario and its seed, or a file that holds it.
#[derive(Debug, Args)]
pub struct FailingRunArgs {
    /// The scenario, or a file that `run --save-repro` or `shrink --out` wrote.
    ///
    /// It is such a file when it ends in `.json`.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Its seeds.
    #[command(flatten)]
    pub seeds: SeedArgs,
}

/// `proveniq shrink`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq shrink chaos-orchestration --seed 7 --defect link_not_idempotent --out small.json
  proveniq replay small.json --trace
  proveniq shrink crash.json --check link_agreement --out small.json
                                    a run that was saved, for one of the checks it violates

What is left violates the same check on the same subject. The file says all of it, faults with their
times and operations with theirs, and can be edited. Replayed on newer code it says where the run
has become another one.")]
pub struct ShrinkArgs {
    /// The run.
    #[command(flatten)]
    pub source: FailingRunArgs,
    /// The check to shrink for; the first violated one when not given.
    #[arg(long, value_name = "NAME", value_parser = check_named)]
    pub check: Option<String>,
    /// Save the smaller run.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The most runs.
    #[arg(long, value_name = "N", default_value = "2000", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    /// The most seconds of processor time; then the smallest run so far is taken, and said not to be minimal.
    #[arg(long, value_name = "SECONDS", default_value_t = PROCESSOR_SECONDS, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub budget: u64,
    /// Print one JSON document (`proveniq/shrink/v1`) instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `proveniq explain`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq explain chaos-orchestration --seed 7 --defect link_not_idempotent
  proveniq explain small.json --json

The run is shrunk first, unless it is a file that `shrink --out` wrote. Then each of its faults and
operations is taken away alone; its future is drawn anew from many moments, to see from when on it
fails; and the run that passes and stays the same longest is named.")]
pub struct ExplainArgs {
    /// The run.
    #[command(flatten)]
    pub source: FailingRunArgs,
    /// The check to explain; the first violated one when not given.
    #[arg(long, value_name = "NAME", value_parser = check_named)]
    pub check: Option<String>,
    /// The most runs for shrinking.
    #[arg(long, value_name = "N", default_value = "2000", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    /// The most seconds of processor time for shrinking.
    #[arg(long, value_name = "SECONDS", default_value_t = PROCESSOR_SECONDS, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub budget: u64,
    /// Print one JSON document (`proveniq/explain/v1`) instead of text.
    #[arg(long)]
    pub json: bool,
}
