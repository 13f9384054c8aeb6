//! What was typed for the incident and its grading.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reports::Seed;

/// `proveniq grade`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_long_help = "\
Examples:
  proveniq grade submissions/ada --seed 1 --key course.key --out grades
  proveniq grade submissions --seed 1 --key course.key --out grades --jobs 2
                                    a class: a folder for each learner
  proveniq grade submissions --lab EXAM --key course.key --out grades
                                    policies: a folder with policy.toml for each learner
  proveniq grade --key course.key --commitment
                                    what to publish before, so that hidden seeds can be checked after
  proveniq grade reveal submissions --key course.key --out reveal.json
  proveniq grade verify submissions/ada --reveal reveal.json --grade ada.grade.json --commitment sha256:…
                                    after publication: which seeds were used, and that nobody chose them

Grades that are in the output folder and still right are kept: a class that was interrupted goes on.")]
pub struct GradeArgs {
    /// What to do after publication.
    #[command(subcommand)]
    pub then: Option<GradeCommand>,
    /// A submission, or a folder of submissions.
    #[arg(required_unless_present = "commitment")]
    pub folder: Option<PathBuf>,
    /// What is handed in is a policy, policy.toml, for this lab or for the EXAM; else it is work on the incident.
    #[arg(long, value_name = "LAB")]
    pub lab: Option<String>,
    /// How many hidden seeds a policy runs under.
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub seeds: u64,
    /// The public seed of the incident.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: Seed,
    /// The course's key: any file nobody else has. Hidden seeds follow from it.
    #[arg(long, value_name = "FILE", required = true)]
    pub key: Option<PathBuf>,
    /// Where the grades go.
    #[arg(long, value_name = "DIR", required_unless_present = "commitment")]
    pub out: Option<PathBuf>,
    /// How many submissions are graded at a time.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// How many seconds of the processor one submission of a class may take; whoever takes more is not graded.
    /// [default: 600, and for a policy 240 more with each of the --seeds]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit_s: Option<u32>,
    /// How many seconds by the clock it may take. [default: ten times those of the processor]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub patience_s: Option<u32>,
    /// How many MiB of memory one submission of a class may take.
    #[arg(long, value_name = "MIB", default_value = "2048", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub limit_mib: u64,
    /// Grades are published: pages and forms tell learners of hidden seeds, too. Grades are kept, forms written anew.
    #[arg(long)]
    pub published: bool,
    /// Exit with 6 when a grade is below the pass mark.
    #[arg(long)]
    pub fail_below: bool,
    /// The number of the assignment in Canvas.
    #[arg(long, value_name = "N", default_value = "0")]
    pub canvas_assignment: u64,
    /// What Classroom 50 wants to know of the repository of this one submission: a JSON file with classroom,
    /// owner, submission, commit, release, review and datetime. Its result is written beside the others.
    #[arg(long, value_name = "FILE")]
    pub classroom50: Option<PathBuf>,
    /// The folder is one submission, whatever is in it.
    #[arg(long, hide = true)]
    pub single: bool,
    /// Print the hash that commits to all hidden seeds, and do nothing else.
    #[arg(long, conflicts_with_all = ["folder", "out"])]
    pub commitment: bool,
}

/// What is done once grades are published.
#[derive(Debug, Subcommand)]
pub enum GradeCommand {
    /// Write down the key and every hidden seed, for everybody to see.
    Reveal {
        /// The submission, or the folder of submissions.
        folder: PathBuf,
        /// The course's key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where it goes.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// What was handed in is a policy for this lab.
        #[arg(long, value_name = "LAB")]
        lab: Option<String>,
        /// How many hidden seeds it ran under.
        #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=10_000))]
        seeds: u64,
    },
    /// Check that a grade's hidden seeds are those that were committed to before the course.
    Verify {
        /// The submission.
        folder: PathBuf,
        /// What was revealed.
        #[arg(long, value_name = "FILE")]
        reveal: PathBuf,
        /// The hash that was published before.
        #[arg(long, value_name = "HASH")]
        commitment: String,
        /// The grade.
        #[arg(long, value_name = "FILE")]
        grade: PathBuf,
        /// What was handed in is a policy for this lab.
        #[arg(long, value_name = "LAB")]
        lab: Option<String>,
        /// How many hidden seeds it ran under.
        #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=10_000))]
        seeds: u64,
    },
}

/// `proveniq incident`.
#[derive(Debug, Args)]
pub struct IncidentArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: IncidentCommand,
}

/// What can be done with the incident.
#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// Write the briefing, what was seen so far, and an empty submission.
    New {
        /// The seed.
        #[arg(long, value_name = "N", default_value = "1")]
        seed: Seed,
        /// A folder that does not exist yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Be on call: a console at a terminal, else commands on the standard input; time as you let it pass.
    Play {
        /// The seed.
        #[arg(long, value_name = "N", default_value = "1")]
        seed: Seed,
        /// A folder for the submission that does not exist yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Line by line even at a terminal.
        #[arg(long)]
        lines: bool,
    },
    /// Show what a submission's actions came to.
    Replay {
        /// The submission.
        folder: PathBuf,
        /// The seed.
        #[arg(long, value_name = "N", default_value = "1")]
        seed: Seed,
        /// The second from hand-over to look at.
        #[arg(
            long,
            value_name = "S",
            default_value = "5400",
            allow_hyphen_values = true
        )]
        until: i64,
    },
    /// Run a seed from before its trouble, with nobody acting: without a cause, with one alone, with other settings.
    Probe(ProbeArgs),
    /// List the actions, settings and figures there are.
    Actions,
}

/// `proveniq incident probe`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq incident probe --seed 7 --without verify-11
                                    whether the incident vanishes with this cause
  proveniq incident probe --seed 7 --only verify-11
                                    whether this cause alone makes one
  proveniq incident probe --seed 0x5eed --like 7 --set pool.verify=10
                                    a hidden seed of an assignment whose public seed is 7, with a measure")]
pub struct ProbeArgs {
    /// The seed.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: Seed,
    /// The primary cause is of the kind this seed has, as in the hidden runs of an assignment.
    #[arg(long, value_name = "N")]
    pub like: Option<Seed>,
    /// Take every cause out.
    #[arg(long, conflicts_with_all = ["without", "only"])]
    pub healthy: bool,
    /// Take this cause out, such as verify-11.
    #[arg(long, value_name = "THING", conflicts_with = "only")]
    pub without: Option<String>,
    /// Leave only this cause.
    #[arg(long, value_name = "THING")]
    pub only: Option<String>,
    /// Change a setting beforehand.
    #[arg(long, value_name = "SETTING=NUMBER")]
    pub set: Vec<String>,
}
