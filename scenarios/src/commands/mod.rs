//! The commands, one file each: from what was typed to useful objects, to work, to what is told.

pub mod bench;
pub mod check;
pub mod compare;
pub mod explain;
pub mod grade;
pub mod hunt;
pub mod incident;
pub mod lab;
pub mod list;
pub mod merge;
pub mod replay;
pub mod reveal;
pub mod run;
pub mod shrink;
pub mod sweep;
pub mod worker;

pub mod export;
mod failing;
mod telling;

use crate::args::{Command, ScenarioArgs};
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::file;
use crate::given::Given;
use crate::seeds::RunSeeds;
use crate::setup::Setup;
use crate::strategy::Strategy;
use model::defects::Defects;

/// Does what was asked for.
///
/// # Errors
/// Whatever keeps the command from its work.
pub fn execute(command: Command) -> Result<Conclusion, Failure> {
    match command {
        Command::List(args) => list::execute(&args),
        Command::Run(args) => run::execute(&args),
        Command::Compare(args) => compare::execute(&args),
        Command::Hunt(args) => hunt::execute(&args),
        Command::Grade(args) => grade::execute(&args),
        Command::Incident(args) => incident::execute(&args),
        Command::Lab(args) => lab::execute(&args),
        Command::Merge(args) => merge::execute(&args),
        Command::Sweep(args) => sweep::execute(&args),
        Command::Shrink(args) => shrink::execute(&args),
        Command::Explain(args) => explain::execute(&args),
        Command::Replay(args) => replay::execute(&args),
        Command::Check(args) => check::execute(&args),
        Command::Bench(args) => bench::execute(&args),
        Command::Worker => worker::execute(),
    }
}

fn setup(args: &ScenarioArgs, seeds: RunSeeds) -> Result<Setup, Failure> {
    if args.strategy == Strategy::Coverage {
        return Err(Failure::Usage(
            "`coverage` learns from run to run, so no run follows from its seed alone\n  \
             hint: use it with `proveniq hunt`, or another strategy here"
                .to_owned(),
        ));
    }
    Ok(Setup {
        selected: file::select(&args.scenario, &args.set)?,
        seeds,
        defects: Defects::of(args.defect.iter().copied()),
        given: Given {
            strategy: args.strategy,
            ..Given::NOTHING
        },
    })
}
