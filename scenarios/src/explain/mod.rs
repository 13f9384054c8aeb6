//! Explaining a failure: what it needs, when it is decided, and what almost happened instead.
//!
//! [`explain`] asks the smallest failing run four questions, all by running it again with one thing
//! otherwise: is it still failing without this fault or operation ([`necessity`])? From which moment on
//! can nothing prevent it any more (`decision`)? Which run that passes is nearest to it (`twin`)? And
//! which of its events, in order, tell what happened ([`story`])? The answers are data; how they are
//! told stands in `reports::explain`.

mod decision;
pub mod futures;
pub mod necessity;
pub mod story;
mod twin;

use reports::explain::{Decision, Necessity, StoryEvent};
use sim::record::Record;

use crate::run::{Outcome, WITH_TRACE};
use crate::setup::Setup;
use crate::shrink::target::Target;

/// Why a run fails.
pub struct Explanation {
    /// What it needs, and what it does not.
    pub necessity: Vec<Necessity>,
    /// How the chance of the failure grows, and where it jumps; nothing when it is never in doubt.
    pub decision: Option<Decision>,
    /// The most similar run that passes; nothing when none was found.
    pub twin: Option<Twin>,
    /// What happened, shortest.
    pub story: Vec<StoryEvent>,
    /// How many runs it took.
    pub runs: u32,
}

/// A run that passes and has much in common with the one that fails.
pub struct Twin {
    /// What is otherwise.
    pub difference: String,
    /// What it left behind, with its trace.
    pub record: Record,
    /// How many events both have in common from the start.
    pub common: usize,
}

/// Explains a failing run whose faults and operations are written out and whose trace was kept. The
/// swarm of its scenario, if it has one, says which faults other futures may bring.
pub fn explain(
    setup: &Setup,
    failing: &Outcome,
    target: &Target,
    on_run: &mut dyn FnMut(&str),
) -> Explanation {
    let mut asked = Asked {
        target,
        runs: 0,
        on_run,
    };
    let mut twins = twin::Nearest::to(&failing.record);
    let necessity = necessity::necessities(setup, &mut asked, &mut twins);
    let decision = decision::decision(setup, failing, &mut asked, &mut twins);
    Explanation {
        necessity,
        decision,
        twin: twins.found(),
        story: story::story(&failing.record, target, &failing.judgements),
        runs: asked.runs,
    }
}

/// Runs variants, and counts them.
pub(crate) struct Asked<'a> {
    target: &'a Target,
    runs: u32,
    on_run: &'a mut dyn FnMut(&str),
}

impl Asked<'_> {
    /// Runs a variant: what came of it, and whether it fails in the same way.
    fn run(&mut self, doing: &str, variant: &Setup) -> (Outcome, bool) {
        self.runs += 1;
        (self.on_run)(doing);
        let outcome = variant.run(WITH_TRACE);
        let fails = self.target.is_met_by(&outcome);
        (outcome, fails)
    }
}
