//! What was typed: every command with its options, checked as far as the words alone allow.
//!
//! Nothing here reads a file, starts a process or looks at the environment. What the words stand
//! for — a scenario, a file to write — is found by the command, in [`commands`](crate::commands).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::defects::Defect;
use reports::Seed;
use sim::checkers::foreign::ForeignModel;
use sim::checkers::transactions::Isolation;
use sim::ratio::Ratio;

use crate::compare_args::CompareArgs;
use crate::failing_args::{ExplainArgs, ShrinkArgs};
use crate::file::source::Override;
use crate::file::wording::did_you_mean;
use crate::incident_args::{GradeArgs, IncidentArgs};
use crate::lab_args::LabArgs;
use crate::seeds::RunSeeds;
use crate::shrink::PROCESSOR_SECONDS;
use crate::strategy::Strategy;
use crate::sweep::share::Share;

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

/// `proveniq replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A file that `run --save-repro` or `shrink --out` wrote.
    pub file: PathBuf,
    /// What to show.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// How a history is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryFormat {
    /// Found out from the first characters.
    Auto,
    /// The maps of Clojure, as Jepsen writes them.
    Edn,
    /// The same maps as JSON: one a line, or all in one array.
    Json,
}

/// `proveniq check`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Models, with the operations they know:
  register       read, write                      linearizable; `[key value]` for one of many
  cas-register   read, write, cas [from to]       linearizable
  kv             get, put, delete, cas            linearizable, every value as `[key value]`
  set            add, remove, contains, read      linearizable
  queue          enqueue, dequeue                 linearizable, first in, first out
  total-queue    enqueue, dequeue, drain          loses and duplicates nothing, in any order
  list-append    txn [[:append k v] [:r k [v]]]   transactions, held to --isolation
  rw-register    txn [[:w k v] [:r k v]]          transactions, held to --isolation

A history has two maps per operation, one when it began and one when it ended:
  {:process 0, :type :invoke, :f :put, :value [:x 1]}
  {:process 0, :type :ok,     :f :put, :value [:x 1]}
The second is `ok` when it took effect, `fail` when it certainly did not, and `info`, or missing,
when nobody knows. As JSON: {\"process\":0,\"type\":\"invoke\",\"f\":\"put\",\"value\":[\"x\",1]}

Examples:
  proveniq check history.edn --model kv
  proveniq check history.jsonl --model list-append --isolation snapshot-isolation
  zcat history.edn.gz | proveniq check - --model queue --json

Exit codes: 0 held, 1 violated, 2 not a history of this model, 3 cannot tell.")]
pub struct CheckArgs {
    /// The history; `-` reads it from the standard input.
    pub file: PathBuf,
    /// What the history is about; see the list below.
    #[arg(long, value_name = "MODEL", value_parser = model_named)]
    pub model: ForeignModel,
    /// What transactions are held to; `serializable` when not given.
    ///
    /// One of read-uncommitted, read-committed, snapshot-isolation, repeatable-read, serializable,
    /// strict-serializable.
    #[arg(long, value_name = "LEVEL", value_parser = level_named)]
    pub isolation: Option<Isolation>,
    /// How the history is written.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub format: HistoryFormat,
    /// Print one JSON document (`proveniq/check/v1`) instead of text.
    #[arg(long)]
    pub json: bool,
}

fn model_named(name: &str) -> Result<ForeignModel, String> {
    ForeignModel::named(name).ok_or_else(|| {
        let known = ForeignModel::ALL.map(ForeignModel::name);
        let hint = did_you_mean(name, known, "the models are");
        format!("there is no model `{name}`; {hint}")
    })
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

fn level_named(name: &str) -> Result<Isolation, String> {
    Isolation::named(name).ok_or_else(|| {
        let known = Isolation::ALL.map(Isolation::name);
        let hint = did_you_mean(name, known, "the levels are");
        format!("there is no isolation level `{name}`; {hint}")
    })
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
