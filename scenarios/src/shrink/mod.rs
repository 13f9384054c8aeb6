//! Shrinking: from a failing run to the smallest one that fails in the same way.
//!
//! A failing seed of a chaos scenario has ten faults and two hundred operations, of which one or two
//! matter. [`shrink`] writes all of it down ([`explicit`]), guesses which operations matter (`relevance`),
//! and takes away what the failure does not need: faults, operations, chances of the hardware, the length of
//! what is left, and chance itself (`passes`, `troubles`). What is tried is judged by [`target`]: the same
//! check must be violated on the same subject, since any other failure would be another bug. [`reduction`] is
//! the search over a list, `trial` one run, `trials` the counting of runs and of what they cost.
//!
//! It works because draws are named by their causes: what is taken away takes only its own chance with
//! it, so the rest of the run stays what it was.

pub mod explicit;
mod passes;
pub mod reduction;
mod relevance;
pub mod target;
mod trial;
mod trials;
mod troubles;

use std::time::Duration;

use sim::time::SimTime;

use crate::processor_time::measured;
use crate::run::{Outcome, WITH_TRACE};
use crate::setup::Setup;
use passes::{Found, Shrinker};
use target::Target;
use trials::Trials;

/// How far to go.
#[derive(Clone, Debug)]
pub struct ShrinkOrder {
    /// The check to shrink for; the first that is violated when not given.
    pub check: Option<String>,
    /// When to stop.
    pub budget: Budget,
}

/// What shrinking may cost. Once it is spent the smallest run so far is handed out.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// The most runs.
    pub runs_max: u32,
    /// The most processor time, give or take a run. What comes out depends on the machine if this ends the
    /// search; without it, it does not.
    pub processor: Option<Duration>,
}

/// How many seconds of processor time a command spends on shrinking unless it is told otherwise.
pub const PROCESSOR_SECONDS: u64 = 10;

impl Budget {
    /// So many runs and seconds of processor time.
    pub fn of(runs_max: u32, seconds: u64) -> Budget {
        Budget {
            runs_max,
            processor: Some(Duration::from_secs(seconds)),
        }
    }
}

/// How much there is to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Faults of the plan.
    pub faults: usize,
    /// Operations of clients.
    pub operations: usize,
}

/// The smallest run that was found.
pub struct Shrunk {
    /// It, with all that it depends on written out.
    pub setup: Setup,
    /// What comes of it, with its trace.
    pub outcome: Outcome,
    /// How it fails.
    pub target: Target,
    /// What there was to begin with.
    pub before: Size,
    /// How much happened in the run as it was found.
    pub events_before: u64,
    /// How long that took in simulated time.
    pub simulated_before: SimTime,
    /// How many runs it took.
    pub runs: u32,
    /// How much processor time it took.
    pub processor: Duration,
    /// Whether the search came to its end, and not to that of its budget: then nothing that is left can
    /// be taken away alone.
    pub finished: bool,
}

/// Why a run cannot be shrunk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShrinkError {
    /// It does not fail.
    #[error("nothing to shrink: {0}")]
    NothingViolated(String),
    /// Written out, it fails no more: chance hangs on something that is not written down.
    #[error(
        "the run does not fail any more once its faults and operations are written out; this is a bug of proveniq"
    )]
    NotTheSame,
}

impl Size {
    /// The size of a setup whose faults and operations are written out.
    pub fn of(setup: &Setup) -> Size {
        let given = &setup.given;
        Size {
            faults: given.plan.as_ref().map_or(0, |plan| plan.faults.len()),
            operations: given.operations.as_ref().map_or(0, Vec::len),
        }
    }
}

impl Shrunk {
    /// What is left.
    pub fn after(&self) -> Size {
        Size::of(&self.setup)
    }

    /// How much simulated time it takes.
    pub fn simulated(&self) -> SimTime {
        self.outcome.record.simulated
    }
}

/// Shrinks a failing run. `on_trial` hears the size of the smallest so far and how many runs were made.
///
/// # Errors
/// [`ShrinkError`].
pub fn shrink(
    setup: &Setup,
    order: &ShrinkOrder,
    on_trial: &mut dyn FnMut(Size, u32),
) -> Result<Shrunk, ShrinkError> {
    let (failing, found_again) = measured(|| setup.run(WITH_TRACE));
    let target = Target::of(&failing, order.check.as_deref())?;
    let record = &failing.record;
    let before = Size {
        faults: record.plan.faults.len(),
        operations: crate::run::operations_of(&setup.order(WITH_TRACE)).len(),
    };
    let written_out = explicit::written_out(setup, record);
    let evidence = target.evidence_in(&failing.judgements);
    let operations = written_out.given.operations.as_deref();
    let ranked = relevance::ranked(&target, evidence, operations.unwrap_or_default(), record);
    // What is handed out is run once more, at no more than this cost.
    let spent = 2 * found_again;
    let mut trials = Trials::new(&target, order.budget, spent, on_trial);
    if !fails_written_out(
        &written_out,
        trial::settled_in_ms(setup, &failing),
        &mut trials,
    ) {
        return Err(ShrinkError::NotTheSame);
    }
    let mut shrinker = Shrinker::new(written_out, trials);
    shrinker.exhaust(&ranked);
    let found = shrinker.into_result();
    let (runs, finished) = (found.runs, found.finished);
    let so_far = found.processor.saturating_sub(found_again);
    let (left, last) = measured(|| tidied_if_failing(found, &target));
    let (setup, outcome) = left.ok_or(ShrinkError::NotTheSame)?;
    let target = target.as_in(&outcome);
    Ok(Shrunk {
        setup,
        outcome,
        target,
        before,
        events_before: failing.record.events,
        simulated_before: failing.record.simulated,
        runs,
        processor: so_far + last,
        finished,
    })
}

/// How long hurried runs wait at least for the system to settle, in simulated milliseconds: the first of
/// these at which a run still fails that never settles.
const HURRIES_MS: [u64; 2] = [120_000, 900_000];

/// Whether the run still fails now that it is written out. From then on trials are hurried, as far as it does
/// so too.
fn fails_written_out(
    written_out: &Setup,
    settled_in_ms: Option<u64>,
    trials: &mut Trials<'_>,
) -> bool {
    let in_full = written_out.selected.scenario.bounds.settle_ms;
    for hurry_ms in HURRIES_MS {
        let hurry_ms = hurry_ms.max(2 * settled_in_ms.unwrap_or(0));
        if hurry_ms < in_full {
            trials.hurry(hurry_ms);
            if trials.fails(written_out) {
                return true;
            }
        }
    }
    trials.take_time();
    trials.fails(written_out)
}

/// The run as it is saved, with what comes of it in full; nothing when not even the one that was sure fails.
/// Tidying is meant to change nothing; where it does, the run that is known to fail is kept as it is.
fn tidied_if_failing(found: Found, target: &Target) -> Option<(Setup, Outcome)> {
    let tidied = explicit::tidied(found.smallest.clone());
    let mut candidates = [tidied, found.smallest, found.sure].into_iter();
    candidates.find_map(|setup| {
        let outcome = setup.run(WITH_TRACE);
        target.is_met_by(&outcome).then_some((setup, outcome))
    })
}
