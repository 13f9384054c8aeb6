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
    /// Exit with 6 when a grade is below the pass mark.
    #[arg(long)]
    pub fail_below: bool,
    /// The number of the assignment in Canvas.
    #[arg(long, value_name = "N", default_value = "0")]
    pub canvas_assignment: u64,
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
    /// List the actions, settings and figures there are.
    Actions,
}
