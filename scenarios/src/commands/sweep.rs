//! `proveniq sweep`: many seeds, told line by line or as a summary.

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reports::github;
use reports::junit::{self, JunitDetails};
use reports::schema::Document;
use reports::{Seed, SweepSummary};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::args::sweep::SweepArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::output::{self, FileToBe};
use crate::seeds::RunSeeds;
use crate::strategy::Strategy;
use crate::sweep::journal::{Entry, Head, Journal};
use crate::sweep::limits::Limits;
use crate::sweep::progress::Progress;
use crate::sweep::regressions;
use crate::sweep::share::{Seeds, Share};
use crate::sweep::{self, SweepOrder, Swept};
use crate::written_by::this_program;

/// How many seeds a worker serves before it is replaced. What a finished run leaves behind in its
/// process is tens of kilobytes, so a worker stays small.
const BATCH: u32 = 200;

/// Sweeps.
///
/// # Errors
/// When there is no such scenario, a file cannot be written, or no worker can be had.
pub fn execute(args: &SweepArgs) -> Result<Conclusion, Failure> {
    let mut order = order(args)?;
    let (mut journal, done) = journal(args, &mut order)?;
    let junit = args.junit.as_deref().map(FileToBe::at).transpose()?;
    // Before the work, so that nothing is found for which there is no place.
    let regressions = args.regressions.as_deref();
    drop(regressions.map(FileToBe::at).transpose()?);
    if let Some(folder) = &order.save {
        std::fs::create_dir_all(folder).map_err(|source| Failure::Unwritable {
            path: folder.clone(),
            source,
        })?;
    }
    let interrupted = heed_signals()?;
    let mut progress = Progress::new(&order.setup.selected.scenario.name, order.seeds.count());
    let swept = sweep::sweep(&order, &interrupted, journal.as_mut(), &done, |line| {
        progress.count(line);
        match args.json {
            true => progress.suspended(|| output::print(&(line.to_line() + "\n"))),
            false => Ok(()),
        }
    });
    drop(progress);
    let swept = swept?;
    let told = tell(args.json, &order, &swept);
    let known = regressions.map_or(Ok(()), |path| extend(path, &swept));
    let report = junit.map_or(Ok(()), |file| file.complete(&junit_report(&order, &swept)));
    let noticed = tell_github(&SweepSummary::of(&swept.sweep));
    super::despite(swept.conclusion, [told, known, report, noticed])
}

/// The journal, where one is kept, and what is done already. The order then has the seeds that the journal
/// was begun with.
fn journal(
    args: &SweepArgs,
    order: &mut SweepOrder,
) -> Result<(Option<Journal>, BTreeMap<Seed, Entry>), Failure> {
    let Some(path) = &args.journal else {
        return Ok((None, BTreeMap::new()));
    };
    let opened = Journal::open(path, &head(order)?)?;
    order.seeds.first = opened.first;
    if !opened.done.is_empty() {
        output::tell(&format!("{} seeds are done already\n", opened.done.len()));
    }
    Ok((Some(opened.journal), opened.done))
}

/// Adds what failed to the file of seeds that failed before.
fn extend(path: &Path, swept: &Swept) -> Result<(), Failure> {
    let added = regressions::extend(path, &SweepSummary::of(&swept.sweep))?;
    if added > 0 {
        output::tell(&format!("{added} seeds added to {}\n", path.display()));
    }
    Ok(())
}

/// What a journal says of the sweep.
fn head(order: &SweepOrder) -> Result<Head, Failure> {
    Ok(Head {
        schema: reports::schema::Schema::new(),
        written_by: this_program()?.to_owned(),
        setup: order.setup.to_text(),
        from: order.seeds.from,
        range: order.seeds.range,
        first: order.seeds.first.clone(),
        share: order.seeds.share,
    })
}

/// The sweep as JUnit XML.
pub(super) fn junit_report(order: &SweepOrder, swept: &Swept) -> String {
    let defects = order.setup.to_text().defects.join(" ");
    let details = JunitDetails {
        wall: None,
        properties: vec![
            ("from".to_owned(), order.seeds.from.to_string()),
            ("shard".to_owned(), order.seeds.share.to_string()),
            ("defects".to_owned(), defects),
        ],
    };
    junit::render(&[&swept.sweep], &details)
}

/// Tells GitHub's runner, where there is one.
#[expect(
    clippy::disallowed_methods,
    reason = "whether GitHub reads the output is no part of a run"
)]
pub(super) fn tell_github(summary: &SweepSummary) -> Result<(), Failure> {
    let on_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    if !on_github {
        return Ok(());
    }
    output::tell(&github::annotations(summary));
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY") else {
        return Ok(());
    };
    let path = std::path::PathBuf::from(path);
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path);
    let written =
        file.and_then(|mut file| file.write_all(github::step_summary(summary).as_bytes()));
    written.map_err(|error| {
        let path = path.display();
        Failure::Temporary(format!("cannot write `{path}`: {error}"))
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "which share of a sweep this machine has is no part of a run"
)]
fn share(args: &SweepArgs) -> Result<Share, Failure> {
    match (args.shard, args.shard_from_env) {
        (Some(share), _) => Ok(share),
        (None, true) => {
            Share::from_environment(|name| std::env::var(name).ok()).map_err(Failure::Usage)
        }
        (None, false) => Ok(Share::WHOLE),
    }
}

fn order(args: &SweepArgs) -> Result<SweepOrder, Failure> {
    refuse_what_does_not_go_with_coverage(args)?;
    let last = args.seeds.saturating_sub(1);
    if args.from.0.checked_add(last).is_none() {
        return Err(Failure::Usage(format!(
            "{} seeds from {} on go beyond the last seed\n  hint: give a smaller --from",
            args.seeds, args.from
        )));
    }
    let share = share(args)?;
    let known = args.regressions.as_deref().map(regressions::read);
    // Each seed belongs to one share: the first has those that failed before.
    let mut first = known.transpose()?.unwrap_or_default();
    first.retain(|_| share.number == 1);
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Ok(SweepOrder {
        setup: super::setup_of_many(&args.scenario, RunSeeds::of(args.from))?,
        seeds: Seeds {
            first,
            from: args.from,
            range: args.seeds,
            share,
        },
        jobs: args.jobs.map_or(processors, usize::from),
        until_fail: args.until_fail,
        recheck: args.check_determinism_share,
        limits: Limits {
            wall: Duration::from_secs(args.seed_timeout),
            memory: args.memory_limit << 20,
        },
        batch: BATCH,
        time: args.time_budget.map(Duration::from_secs),
        save: args.save.clone(),
    })
}

/// What goes with a sweep that is led by what its runs show, and with no other.
fn refuse_what_does_not_go_with_coverage(args: &SweepArgs) -> Result<(), Failure> {
    let is_led = args.scenario.strategy == Some(Strategy::Coverage);
    let (what, hint) = match (is_led, &args.save, &args.regressions) {
        (true, None, _) => (
            "`coverage` finds runs that no seed tells, and there is no place to save them",
            "give --save DIR",
        ),
        (true, _, Some(_)) => (
            "`coverage` finds runs that no seed tells, and --regressions keeps seeds",
            "leave --regressions out; what fails is saved by --save, for `proveniq replay`",
        ),
        (false, Some(_), _) => (
            "--save is for runs that no seed tells, and this strategy has none",
            "each failure is told with the command that runs its seed again; leave --save out",
        ),
        _ => return Ok(()),
    };
    Err(Failure::Usage(format!("{what}\n  hint: {hint}")))
}

/// The first interrupt stops the sweep in order; the second one ends the program.
pub(super) fn heed_signals() -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let code = i32::from(crate::exit_code::ExitCode::Inconclusive.number());
        signal_hook::flag::register_conditional_shutdown(signal, code, interrupted.clone())
            .and_then(|_| signal_hook::flag::register(signal, interrupted.clone()))
            .map_err(|error| Failure::Temporary(format!("cannot heed signals: {error}")))?;
    }
    Ok(interrupted)
}

pub(super) fn tell(json: bool, order: &SweepOrder, swept: &Swept) -> Result<(), Failure> {
    let seeds = order.seeds.count();
    if seeds == 0 {
        output::tell("nothing to run: this sweep, or this share of it, has no seeds\n");
        return Ok(());
    }
    let summary = SweepSummary::of(&swept.sweep);
    match json {
        true => output::print(&(summary.to_line() + "\n"))?,
        false => output::print(&summary.to_text(output::style()))?,
    }
    if swept.interrupted {
        let done = swept.sweep.seeds();
        output::tell(&format!("stopped after {done} of {seeds} seeds\n"));
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
