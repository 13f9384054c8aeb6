//! What was typed for the labs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reports::Seed;

/// `proveniq lab`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq lab list
  proveniq lab run LAB-002 --policy mine.toml --seeds 20
  proveniq lab run LAB-002 --policy mine.toml --seed 0x7
                                    one run again, with what broke and where to look
  proveniq lab grade EXAM --policy exam.toml --key course.key --seeds 50
                                    under hidden seeds, which follow from the key and the policy
  proveniq lab grade LAB-002 --policy mine.toml --key course.key --tell-seeds
                                    after publication: under which seed to run it again")]
pub struct LabArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LabCommand,
}

/// What can be done with a lab.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Show the labs, what a policy may set in each, and what must hold.
    List,
    /// Run a policy under seeds that are told.
    Run {
        /// The lab, such as LAB-001.
        lab: String,
        /// The policy, a TOML file.
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// The first seed.
        #[arg(long, value_name = "N", default_value = "1")]
        seed: Seed,
        /// How many seeds from there on.
        #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=10_000))]
        seeds: u64,
    },
    /// Grade a policy under hidden seeds, of a lab or of the whole EXAM.
    Grade {
        /// The lab, or EXAM.
        lab: String,
        /// The policy, a TOML file; that of the exam has a table for each category.
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// The course's key: any file nobody else has.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// How many hidden seeds.
        #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=10_000))]
        seeds: u64,
        /// Tell the first hidden seed each criterion did not hold under: once grades are published.
        #[arg(long)]
        tell_seeds: bool,
        /// Write the grade document here.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Exit with 6 when it is not passed.
        #[arg(long)]
        fail_below: bool,
    },
}
