//! What was typed: every command with its options, checked as far as the words alone allow.
//!
//! Nothing here reads a file, starts a process or looks at the environment. What the words stand
//! for — a scenario, a file to write — is found by the command, in [`commands`](crate::commands). Commands with
//! many options have a file of their own here.

pub mod check;
pub mod compare;
pub mod failing;
pub mod hunt;
pub mod incident;
pub mod lab;
pub mod sweep;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::defects::Defect;
use reports::Seed;

use self::check::CheckArgs;
use self::compare::CompareArgs;
use self::failing::{ExplainArgs, ShrinkArgs};
use self::hunt::{BenchArgs, HuntArgs};
use self::incident::{GradeArgs, IncidentArgs};
use self::lab::LabArgs;
use self::sweep::{MergeArgs, SweepArgs};
use crate::file::source::Override;
use crate::file::wording::did_you_mean;
use crate::seeds::RunSeeds;
use crate::strategy::Strategy;

/// Runs a distributed system in a simulated world, breaks it, and judges what it did.
///
/// A run is a function of the scenario, the seed and the faults: the same inputs give the same run,
/// event for event, on any machine. A failure is a seed, and a seed is a command.
#[derive(Debug, Parser)]
#[command(
    name = "proveniq",
    version,
    after_long_help = "\
Examples:
  proveniq list                                 what there is to choose from
  proveniq run happy-path                       one run, judged
  proveniq run core-crash --seed 7 --trace      another one, event by event
  proveniq sweep chaos-registration --seeds 1000
                                                many runs, each with faults of its own
  proveniq run core-crash --defect saga_not_resumed_after_crash
                                                a bug on purpose: which check catches it?
  proveniq shrink core-crash --defect saga_not_resumed_after_crash
                                                the faults and operations it takes, no more
  proveniq check history.edn --model kv         was a recorded history linearizable?

Exit codes:
  0 every check held        1 a check was violated     2 usage or input error
  3 inconclusive            4 nothing selected         5 nondeterminism detected
  6 a grade is not passed   70 internal error          75 temporary, may be retried"
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what there is: scenarios, faults, checks, defects, fault points.
    List(ListArgs),
    /// Run a scenario once and judge it.
    Run(RunArgs),
    /// Run a scenario under many seeds.
    Sweep(SweepArgs),
    /// Run the variants of a scenario under the same seeds, and show their figures side by side.
    Compare(CompareArgs),
    /// Measure how soon the bugs that are planted are found, and by which check.
    Hunt(HuntArgs),
    /// Make one sweep of the journals of its shares.
    Merge(MergeArgs),
    /// Make a failing run small: the faults and operations it needs, and no more.
    Shrink(ShrinkArgs),
    /// Tell why a run fails: what it needs, when it is decided, and what almost happened.
    Explain(ExplainArgs),
    /// Run again what was saved with `run --save-repro` or `shrink --out`.
    Replay(ReplayArgs),
    /// Judge a history that clients of any other system recorded.
    Check(CheckArgs),
    /// Grade a submission to the incident, or a class of them.
    Grade(GradeArgs),
    /// The incident LOAD-2024-001: make one, play it, look at what came of actions.
    Incident(IncidentArgs),
    /// Labs: run the policy you propose in the real system, and grade it.
    Lab(LabArgs),
    /// Measure how fast runs are on this machine.
    Bench(BenchArgs),
    /// Serve a sweep: requests on the standard input, replies on the standard output.
    #[command(hide = true)]
    Worker,
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// Situations to run.
    Scenarios,
    /// Kinds of fault a plan or swarm may have.
    Faults,
    /// Promises that are judged, and states a sweep must reach.
    Checks,
    /// Bugs that can be switched on.
    Defects,
    /// Places in the system's code at which a fault may strike.
    Points,
}

/// `proveniq list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to list; everything when not given.
    pub subject: Option<Subject>,
    /// Print the JSON Schema of scenario files instead.
    #[arg(long, conflicts_with = "subject")]
    pub schema: bool,
    /// Print one JSON document (`proveniq/list/v1`).
    #[arg(long)]
    pub json: bool,
}

/// The scenario, and what of it is changed.
#[derive(Debug, Args)]
pub struct ScenarioArgs {
    /// A name from `proveniq list scenarios`, or the path of a scenario file.
    ///
    /// It is a path when it ends in `.toml` or contains a slash.
    pub scenario: String,
    /// Set a value of the scenario, such as `system.cores=5` or `faults.plan[0].nth=2`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Switch a bug on; see `proveniq list defects`.
    #[arg(long, value_name = "NAME")]
    pub defect: Vec<Defect>,
    /// How faults and change points are drawn for a seed; `swarm` when not given.
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<Strategy>,
}

/// The seeds of one run.
#[derive(Debug, Args)]
pub struct SeedArgs {
    /// The seed, decimal or hexadecimal; 1 when not given.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub seed: Option<Seed>,
    /// Another seed for what clients do and when.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub workload_seed: Option<Seed>,
    /// Another seed for which faults are drawn and what they hit.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub plan_seed: Option<Seed>,
    /// Another seed for task order and latencies.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub schedule_seed: Option<Seed>,
}

impl SeedArgs {
    /// The seeds that were given.
    pub fn seeds(&self) -> RunSeeds {
        RunSeeds {
            run: self.seed.unwrap_or(Seed(1)),
            workload: self.workload_seed,
            plan: self.plan_seed,
            schedule: self.schedule_seed,
        }
    }

    /// Whether any was given.
    pub fn are_given(&self) -> bool {
        let seeds = [
            self.seed,
            self.workload_seed,
            self.plan_seed,
            self.schedule_seed,
        ];
        seeds.iter().any(Option::is_some)
    }
}

/// What is shown of a run besides its verdict.
#[derive(Clone, Copy, Debug, Args)]
pub struct ShowArgs {
    /// Print one JSON document (`proveniq/run/v1`) instead of text.
    #[arg(long)]
    pub json: bool,
    /// Print every event. With --json it goes to the error output.
    #[arg(long)]
    pub trace: bool,
    /// Print what nodes logged. With --json it goes to the error output.
    #[arg(long)]
    pub log: bool,
}

/// `proveniq run`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  proveniq run locker-timeout
  proveniq run chaos-registration --seed 0x2a --trace
  proveniq run chaos-registration --seed 42 --schedule-seed 1
                                    the same work and faults, another interleaving
  proveniq run happy-path --set system.cores=1 --set workload.operations=200
  proveniq run core-crash --save-repro crash.json; proveniq replay crash.json
  proveniq run happy-path --metrics run.prom; promtool check metrics < run.prom
  proveniq run chaos-registration --rules alerts; promtool test rules alerts/alert-rules-test.json
                                    does Prometheus alert as the run did?")]
pub struct RunArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Its seeds.
    #[command(flatten)]
    pub seeds: SeedArgs,
    /// What to show.
    #[command(flatten)]
    pub show: ShowArgs,
    /// Save all that is needed to have this run again.
    #[arg(long, value_name = "FILE")]
    pub save_repro: Option<PathBuf>,
    /// Files for other tools.
    #[command(flatten)]
    pub export: ExportArgs,
    /// Run it twice here and once in another process; exit with 5 when they differ.
    #[arg(long)]
    pub check_determinism: bool,
}

/// Files that a run leaves for the tools of Prometheus.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Write what the run measured, in the text format of Prometheus.
    ///
    /// `core.saga.duration` becomes `core_saga_duration_seconds`, and a counter gets the ending
    /// `_total`. A span that failed took for ever: it is counted at `+Inf` alone.
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// Write the alert rules, and what was scraped in the run as a test of them, into this folder.
    ///
    /// The files are `alert-rules.json` and `alert-rules-test.json`; JSON is YAML to Prometheus. The
    /// test says which alerts fired when, and `promtool test rules` says whether Prometheus agrees.
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
}

/// `proveniq replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A file that `run --save-repro` or `shrink --out` wrote.
    pub file: PathBuf,
    /// What to show.
    #[command(flatten)]
    pub show: ShowArgs,
}

pub(crate) fn check_named(name: &str) -> Result<String, String> {
    let known = || {
        let of_the_system = model::invariants::CHECKS.iter().map(|check| check.name);
        std::iter::once(sim::check::NODES_BEHAVE.name).chain(of_the_system)
    };
    if known().any(|check| check == name) {
        return Ok(name.to_owned());
    }
    let hint = did_you_mean(name, known(), "the checks are");
    Err(format!("there is no check `{name}`; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn refused(words: &[&str]) -> String {
        let words = std::iter::once("proveniq").chain(words.iter().copied());
        let error = Arguments::try_parse_from(words).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    #[test]
    fn the_commands_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn mistyped_values_are_told_with_the_way_out() {
        insta::assert_snapshot!(refused(&["run", "happy-path", "--seed", "-1"]), @"error: invalid value '-1' for '--seed <N>': `-1` is not a seed: write a number below 2^64, such as `42` or `0x2a`");
        insta::assert_snapshot!(refused(&["run", "happy-path", "--seed", "18446744073709551616"]), @"error: invalid value '18446744073709551616' for '--seed <N>': `18446744073709551616` is not a seed: write a number below 2^64, such as `42` or `0x2a`");
        insta::assert_snapshot!(refused(&["run", "happy-path", "--set", "cores"]), @"error: invalid value 'cores' for '--set <KEY=VALUE>': `cores` sets nothing: write key=value, such as `system.cores=5`");
        insta::assert_snapshot!(refused(&["run", "happy-path", "--defect", "ack_befor_commit"]), @"error: invalid value 'ack_befor_commit' for '--defect <NAME>': there is no defect `ack_befor_commit`; did you mean `ack_before_commit`?");
        insta::assert_snapshot!(refused(&["sweep", "x", "--seeds", "1", "--check-determinism-share", "2"]), @"error: invalid value '2' for '--check-determinism-share <RATIO>': `2` is not a chance: write it as `1/20` or `5%`");
        insta::assert_snapshot!(refused(&["check", "x", "--model", "que"]), @"error: invalid value 'que' for '--model <MODEL>': there is no model `que`; did you mean `queue`?");
        insta::assert_snapshot!(refused(&["check", "x", "--model", "bank"]), @"error: invalid value 'bank' for '--model <MODEL>': there is no model `bank`; the models are: register, cas-register, list-append, rw-register, queue, total-queue, set, kv");
        insta::assert_snapshot!(refused(&["check", "x", "--model", "kv", "--isolation", "serialisable"]), @"error: invalid value 'serialisable' for '--isolation <LEVEL>': there is no isolation level `serialisable`; did you mean `serializable`?");
        insta::assert_snapshot!(refused(&["sweep", "x", "--seeds", "1", "--jobs", "0"]), @"error: invalid value '0' for '--jobs <N>': 0 is not in 1..=1024");
    }
}
