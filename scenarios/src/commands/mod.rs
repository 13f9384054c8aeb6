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
use crate::output;
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
    if args.strategy == Some(Strategy::Coverage) {
        return Err(Failure::Usage(
            "`coverage` learns from run to run, so no run follows from its seed alone\n  \
             hint: use it with `proveniq sweep` or `proveniq hunt`, or another strategy here"
                .to_owned(),
        ));
    }
    setup_of_many(args, seeds)
}

/// The setup of many runs, which may follow from each other.
fn setup_of_many(args: &ScenarioArgs, seeds: RunSeeds) -> Result<Setup, Failure> {
    let strategy = args.strategy.unwrap_or_default();
    Ok(Setup {
        selected: file::select(&args.scenario, &args.set)?,
        seeds,
        defects: Defects::of(args.defect.iter().copied()),
        given: Given {
            strategy,
            ..Given::NOTHING
        },
    })
}

/// The conclusion of a judgement, although something that was to be told or kept of it could not be. A
/// violation stands, and what could not be written is told beside it: who runs the command again for the
/// file's sake would lose the verdict.
///
/// # Errors
/// The first failure, when it is graver than the conclusion.
fn despite<const N: usize>(
    conclusion: Conclusion,
    late: [Result<(), Failure>; N],
) -> Result<Conclusion, Failure> {
    let mut failures = late.into_iter().filter_map(Result::err);
    // A file that is missing weighs as much as a run that was lost: another try may succeed.
    let returned = match conclusion.or_graver(Conclusion::RunKilled) == conclusion {
        true => None,
        false => failures.next(),
    };
    failures.for_each(|failure| output::tell(&format!("error: {failure}\n")));
    returned.map_or(Ok(conclusion), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_hides_no_violation() {
        let failed = || Err(Failure::Temporary("the disk is full".to_owned()));
        for (conclusion, stands) in [
            (Conclusion::Held, false),
            (Conclusion::Inconclusive, false),
            (Conclusion::Violated, true),
            (Conclusion::Nondeterministic, true),
        ] {
            assert_eq!(despite(conclusion, [Ok(()), Ok(())]).unwrap(), conclusion);
            let late = despite(conclusion, [Ok(()), failed(), failed()]);
            assert_eq!(late.is_ok(), stands, "{conclusion:?}");
        }
    }
}
