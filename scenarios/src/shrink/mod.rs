//! Shrinking: from a failing run to the smallest one that fails in the same way.
//!
//! A failing seed of a chaos scenario has ten faults and two hundred operations, of which one or two
//! matter. [`shrink`] writes all of it down ([`explicit`]), and takes away what the failure does not
//! need: faults, operations, chances of the hardware, the length of what is left, and chance itself
//! (`passes`). What is tried is judged by [`target`]: the same check must be violated on the same
//! subject, since any other failure would be another bug. [`reduction`] is the search over a list,
//! `trials` the counting of runs.
//!
//! It works because draws are named by their causes: what is taken away takes only its own chance with
//! it, so the rest of the run stays what it was.

pub mod explicit;
mod passes;
pub mod reduction;
pub mod target;
mod trials;

use sim::time::SimTime;

use crate::run::{Outcome, WITH_TRACE};
use crate::setup::Setup;
use passes::Shrinker;
use target::Target;
use trials::Trials;

/// How far to go.
#[derive(Clone, Debug)]
pub struct ShrinkOrder {
    /// The check to shrink for; the first that is violated when not given.
    pub check: Option<String>,
    /// The most runs.
    pub runs_max: u32,
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
    /// How many runs it took.
    pub runs: u32,
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
    let failing = setup.run(WITH_TRACE);
    let target = Target::of(&failing, order.check.as_deref())?;
    let before = Size {
        faults: failing.record.plan.faults.len(),
        operations: crate::run::operations_of(&setup.order(WITH_TRACE)).len(),
    };
    let written_out = explicit::written_out(setup, &failing.record);
    let mut trials = Trials::new(&target, order.runs_max, on_trial);
    if !trials.fails(&written_out) {
        return Err(ShrinkError::NotTheSame);
    }
    let mut shrinker = Shrinker::new(written_out, trials);
    shrinker.exhaust(&failing.record);
    let (smallest, runs, finished) = shrinker.into_result();
    let (setup, outcome) = tidied_if_failing(smallest, &target);
    Ok(Shrunk {
        setup,
        outcome,
        target,
        before,
        runs,
        finished,
    })
}

/// The run as it is saved, with what comes of it. Tidying is meant to change nothing; where it does, the
/// run that is known to fail is kept as it is.
fn tidied_if_failing(smallest: Setup, target: &Target) -> (Setup, Outcome) {
    let tidied = explicit::tidied(smallest.clone());
    let outcome = tidied.run(WITH_TRACE);
    if target.is_met_by(&outcome) {
        return (tidied, outcome);
    }
    let outcome = smallest.run(WITH_TRACE);
    assert!(
        target.is_met_by(&outcome),
        "only a run that was seen to fail is the smallest so far"
    );
    (smallest, outcome)
}
