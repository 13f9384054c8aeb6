//! `proveniq sweep`: many seeds, told line by line or as a summary.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reports::junit::{self, JunitDetails};
use reports::schema::Document;
use reports::{RunVerdict, SweepSummary};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::args::SweepArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::output::{self, FileToBe};
use crate::seeds::RunSeeds;
use crate::sweep::limits::Limits;
use crate::sweep::progress::Progress;
use crate::sweep::{self, SweepOrder, Swept};

/// How many seeds a worker serves before it is replaced. What a finished run leaves behind in its
/// process is tens of kilobytes, so a worker stays small.
const BATCH: u32 = 200;

/// Sweeps.
///
/// # Errors
/// When there is no such scenario, a file cannot be written, or no worker can be had.
pub fn execute(args: &SweepArgs) -> Result<Conclusion, Failure> {
    let order = order(args)?;
    let junit = args.junit.as_deref().map(FileToBe::at).transpose()?;
    let interrupted = heed_signals()?;
    let mut progress = Progress::new(&order.setup.selected.scenario.name, order.seeds);
    let swept = sweep::sweep(&order, &interrupted, |line| {
        progress.count(line);
        match args.json {
            true => progress.suspended(|| output::print(&(line.to_line() + "\n"))),
            false => Ok(()),
        }
    });
    drop(progress);
    let swept = swept?;
    tell(args, &order, &swept)?;
    if let Some(file) = junit {
        let details = JunitDetails {
            wall: None,
            properties: vec![
                ("from".to_owned(), order.from.to_string()),
                (
                    "defects".to_owned(),
                    order.setup.to_text().defects.join(" "),
                ),
            ],
        };
        file.complete(&junit::render(&[&swept.sweep], &details))?;
    }
    Ok(swept.conclusion)
}

fn order(args: &SweepArgs) -> Result<SweepOrder, Failure> {
    let last = args.seeds.saturating_sub(1);
    if args.from.0.checked_add(last).is_none() {
        return Err(Failure::Usage(format!(
            "{} seeds from {} on go beyond the last seed\n  hint: give a smaller --from",
            args.seeds, args.from
        )));
    }
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Ok(SweepOrder {
        setup: super::setup(&args.scenario, RunSeeds::of(args.from))?,
        from: args.from,
        seeds: args.seeds,
        jobs: args.jobs.map_or(processors, usize::from),
        until_fail: args.until_fail,
        recheck: args.check_determinism_share,
        limits: Limits {
            wall: Duration::from_secs(args.seed_timeout),
            memory: args.memory_limit << 20,
        },
        batch: BATCH,
    })
}

/// The first interrupt stops the sweep in order; the second one ends the program.
fn heed_signals() -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let code = i32::from(crate::exit_code::ExitCode::Inconclusive.number());
        signal_hook::flag::register_conditional_shutdown(signal, code, interrupted.clone())
            .and_then(|_| signal_hook::flag::register(signal, interrupted.clone()))
            .map_err(|error| Failure::Temporary(format!("cannot heed signals: {error}")))?;
    }
    Ok(interrupted)
}

/// The summary. A sweep that was stopped is not known to hold.
fn summary(swept: &Swept) -> SweepSummary {
    let mut summary = SweepSummary::of(&swept.sweep);
    if swept.interrupted {
        summary.verdict = summary.verdict.max(RunVerdict::Unknown);
    }
    summary
}

fn tell(args: &SweepArgs, order: &SweepOrder, swept: &Swept) -> Result<(), Failure> {
    if order.seeds == 0 {
        output::tell("nothing to run: --seeds 0\n");
        return Ok(());
    }
    let summary = summary(swept);
    match args.json {
        true => output::print(&(summary.to_line() + "\n"))?,
        false => output::print(&summary.to_text(output::style()))?,
    }
    if swept.interrupted {
        let done = swept.sweep.seeds();
        output::tell(&format!("stopped after {done} of {} seeds\n", order.seeds));
    }
    if let Some(failure) = &swept.first_failure {
        let which = match swept.interrupted {
            true => "first failure among the seeds done",
            false => "first failure",
        };
        output::tell(&format!(
            "{which}, run it again with:\n  {}\n",
            failure.reproduce
        ));
    }
    Ok(())
}
