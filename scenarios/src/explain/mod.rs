//! Explaining a failure: what it needs, when it is decided, and what almost happened instead.
//!
//! [`explain`] asks the smallest failing run four questions, all by running it again with one thing otherwise: is
//! it still failing without this fault or operation ([`necessity`])? From which moment on can nothing prevent it
//! any more (`decision`)? Which run that passes is nearest to it (`twin`), and what is in one of the two only
//! ([`alignment`])? And which of its events, in order, tell what happened ([`story`])? The answers are data; how
//! they are told stands in `reports::explain`.

pub mod alignment;
mod decision;
pub mod futures;
pub mod necessity;
pub mod story;
mod twin;

use std::collections::BTreeSet;

use reports::explain::{Decision, Necessity, StoryEvent, Without};
use sim::check::objective::SLO_MET;
use sim::check::{Judgement, Verdict};
use sim::record::Record;
use sim::record::trace::EventId;

use crate::run::{Outcome, WITH_TRACE};
use crate::setup::Setup;
use crate::shrink::target::Target;
use alignment::Alignment;

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
    /// What both have in common, the failing run first.
    pub alignment: Alignment,
    /// Later events of each, the failing run first, that the other has not and that matter to the subject of
    /// the failure.
    pub later: [Vec<EventId>; 2],
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
        undecided: undecided(failing).collect(),
        runs: 0,
        on_run,
    };
    let mut twins = twin::Nearest::to(&failing.record, target.subject_name());
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
    /// The checks that could not judge the failing run either.
    undecided: BTreeSet<&'static str>,
    runs: u32,
    on_run: &'a mut dyn FnMut(&str),
}

impl Asked<'_> {
    /// Runs a variant: what came of it, and how that compares with the failing run.
    fn run(&mut self, doing: &str, variant: &Setup) -> (Outcome, Without) {
        self.runs += 1;
        (self.on_run)(doing);
        let outcome = variant.run(WITH_TRACE);
        let without = self.compared(&outcome);
        (outcome, without)
    }

    /// A check that is unsure of the failing run too says nothing of the difference, and neither does an
    /// objective that has nothing to measure since little is left of the run.
    fn compared(&self, outcome: &Outcome) -> Without {
        let violated = |judged: &Judgement| matches!(judged.verdict, Verdict::Violated(_));
        if self.target.is_met_by(outcome) {
            return Without::Fails;
        }
        if outcome.judgements.iter().any(violated) {
            return Without::FailsOtherwise;
        }
        let newly = |check: &str| check != SLO_MET.name && !self.undecided.contains(check);
        match undecided(outcome).any(newly) {
            true => Without::Undecided,
            false => Without::Passes,
        }
    }
}

/// The checks that could not judge a run.
fn undecided(outcome: &Outcome) -> impl Iterator<Item = &'static str> {
    let unknown = |judged: &&Judgement| matches!(judged.verdict, Verdict::Unknown(_));
    let judged = outcome.judgements.iter().filter(unknown);
    judged.map(|judgement| judgement.check)
}
