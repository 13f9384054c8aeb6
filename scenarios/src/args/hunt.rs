//! What was typed after `proveniq hunt` and `proveniq bench`, which measure the harness itself.
//!
//! As [`args`](super), of which it is a part: nothing here reads a file.

use std::path::PathBuf;

use clap::Args;
use model::defects::Defect;

use crate::shrink::PROCESSOR_SECONDS;
use crate::strategy::Strategy;

/// `proveniq hunt`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq hunt                                 every defect, by the default strategy
  proveniq hunt link_not_idempotent --seeds 500 --repeat 20
  proveniq hunt --compare --journal hunt.jsonl  all strategies side by side; goes on when run again
  proveniq hunt --repeat 1 --silence 0 --shrink --journal hunt.jsonl
                                                how small what is found becomes

Each defect is hunted where it shows often. A search ends when the check that must catch the defect
does; the unmodified system must be silent on the same grounds. Exit codes: 0 all were caught and the
system is silent, 1 one escaped or something complains, 3 it was stopped.")]
pub struct HuntArgs {
    /// The defects; all when none is named.
    pub defects: Vec<Defect>,
    /// How runs are chosen.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "swarm",
        conflicts_with = "compare"
    )]
    pub strategy: Strategy,
    /// Hunt by each strategy, and show them side by side.
    #[arg(long)]
    pub compare: bool,
    /// How many runs a search has at most.
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub seeds: u64,
    /// How many searches there are for each defect; six allow a 95 % interval.
    #[arg(long, value_name = "N", default_value = "6", value_parser = clap::value_parser!(u32).range(1..=60))]
    pub repeat: u32,
    /// How many runs of the unmodified system there are at least in each situation; they also go as far as
    /// the farthest catch there. None when it is 0.
    #[arg(long, value_name = "N", default_value = "20")]
    pub silence: u64,
    /// How many searches go on at a time; as many as there are processors when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Keep each search in this file as soon as it is done, and do not make it again.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Save each run in which something was caught into this folder, made when it is not there, to be shrunk and
    /// explained.
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// Shrink each run in which something was caught, for the check that must catch it, and tell how small it
    /// became and at what cost.
    #[arg(long)]
    pub shrink: bool,
    /// The most seconds of processor time for shrinking one run.
    #[arg(long, value_name = "SECONDS", requires = "shrink", default_value_t = PROCESSOR_SECONDS, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub budget: u64,
    /// Print one JSON document (`proveniq/hunt/v1`) instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `proveniq bench`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq bench chaos-orchestration --seeds 50
  proveniq bench --budgets --json               what the harness is meant to keep to; takes some minutes
  proveniq bench --checkers --save histories    then `time proveniq check histories/register.edn --model register`

Rates are per second of processor time. A budget that is missed fails nothing: the machine has its
part in it. The network alone is measured by `cargo bench -p sim --bench peers`.")]
pub struct BenchArgs {
    /// The scenario.
    #[arg(default_value = "chaos-registration", conflicts_with_all = ["budgets", "checkers"])]
    pub scenario: String,
    /// How many seeds.
    #[arg(long, value_name = "N", default_value = "300", conflicts_with_all = ["budgets", "checkers"], value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// Measure what there is a budget for, and tell whether it is kept.
    #[arg(long, conflicts_with = "checkers")]
    pub budgets: bool,
    /// Measure the checkers of `proveniq check` on drawn histories that hold.
    #[arg(long)]
    pub checkers: bool,
    /// Save these histories into this folder, made when it is not there.
    #[arg(long, value_name = "DIR", requires = "checkers")]
    pub save: Option<PathBuf>,
    /// Print one JSON document (`proveniq/bench/v1`) instead of text.
    #[arg(long)]
    pub json: bool,
}
