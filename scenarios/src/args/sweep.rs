//! What was typed after `proveniq sweep` and `proveniq merge`.
//!
//! As [`args`](super), of which it is a part: nothing here reads a file.

use std::path::PathBuf;

use clap::Args;
use reports::Seed;
use sim::ratio::Ratio;

use super::ScenarioArgs;
use crate::sweep::share::Share;

/// `proveniq sweep`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq sweep chaos-registration --seeds 1000
  proveniq sweep chaos-registration --seeds 100000 --until-fail
  proveniq sweep core-crash --seeds 200 --json > seeds.jsonl
  proveniq sweep core-crash --seeds 200 --junit results.xml
  proveniq sweep chaos-orchestration --seeds 100000 --journal sweep.jsonl
                                    killed at any moment, the same command goes on where it was
  proveniq sweep chaos-orchestration --seeds 100000 --shard 2/8 --journal 2.jsonl
  proveniq merge *.jsonl            the shares, run anywhere, as one sweep
  proveniq sweep core-crash --seeds 1000 --regressions core-crash.seeds --time-budget 600
                                    what failed before comes first; ten minutes at most
  proveniq sweep chaos-registration --seeds 2000 --strategy coverage --save found
                                    later runs are changes of earlier ones that showed something new

Seeds run in worker processes. One that hangs, spins, aborts or eats all memory becomes a result
that names it, and the sweep goes on.

Failures are told by what they have in common, not by seed. Where GITHUB_ACTIONS is `true`, each is
also an annotation, and the summary goes to the step's. A sweep that was stopped, by a signal or by
its time budget, ends with 3 unless something failed.")]
pub struct SweepArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// How many seeds.
    #[arg(long, value_name = "N")]
    pub seeds: u64,
    /// The first seed.
    #[arg(
        long,
        value_name = "SEED",
        default_value = "1",
        allow_hyphen_values = true
    )]
    pub from: Seed,
    /// How many workers at a time; as many as there are processors when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Stop at the first seed, in order, that does not hold.
    #[arg(long)]
    pub until_fail: bool,
    /// Print one JSON line per seed, and a summary line.
    #[arg(long)]
    pub json: bool,
    /// Write JUnit XML as well.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// The share of seeds that are run twice and compared.
    #[arg(long, value_name = "RATIO", default_value = "1/20")]
    pub check_determinism_share: Ratio,
    /// How long one seed may take, in seconds of wall time.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seed_timeout: u64,
    /// Keep each result in this file as soon as it is there, and go on from it when it exists.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Run only a share of the seeds, such as `2/8`: the second of eight.
    #[arg(long, value_name = "I/N", conflicts_with = "shard_from_env")]
    pub shard: Option<Share>,
    /// Run the share that an array of jobs gives this one: Slurm, Kubernetes (with JOB_COMPLETIONS) or
    /// GitLab.
    #[arg(long)]
    pub shard_from_env: bool,
    /// Run the seeds of this file first, and add the first seed of each new failure to it.
    #[arg(long, value_name = "FILE")]
    pub regressions: Option<PathBuf>,
    /// Save the runs that do not hold and that no seed tells into this folder, made when it is not there;
    /// `--strategy coverage` needs it, since half of its runs are led by what others showed.
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// Take no new seeds after so many seconds of wall time.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub time_budget: Option<u64>,
    /// How much memory a worker may take, in MiB.
    #[arg(long, value_name = "MIB", default_value = "2048", value_parser = clap::value_parser!(u64).range(16..=1_048_576))]
    pub memory_limit: u64,
}

/// `proveniq merge`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq merge 1.jsonl 2.jsonl 3.jsonl
  proveniq merge shards/*.jsonl --junit sweep.xml --json

The result does not depend on the order of the files. A share that is missing, given twice, not
finished, of another sweep, or run by another build of the program is refused.")]
pub struct MergeArgs {
    /// The journals that `sweep --shard … --journal FILE` wrote, one of each share.
    #[arg(required = true)]
    pub journals: Vec<PathBuf>,
    /// Print the summary as one JSON line (`proveniq/sweep/v1`).
    #[arg(long)]
    pub json: bool,
    /// Write JUnit XML as well.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}
