//! One judged run, ready to be told.
//!
//! [`RunReport`] gathers what the record itself does not know: which scenario and seed it was, what
//! the checks made of it, and how to run it again. From here it becomes text for people
//! ([`RunReport::to_text`]), a document for machines ([`RunDocument`]) or one line of a sweep
//! ([`SeedLine`]).

use sim::check::{Check, Judgement, NODES_BEHAVE};
use sim::record::Record;

use crate::run_document::RunDocument;
use crate::run_text;
use crate::seed::SeedLine;
use crate::style::Style;
use crate::verdict::RunVerdict;

/// One judged run.
#[derive(Clone)]
pub struct RunReport<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// What the scenario tries, in a sentence; may be empty.
    pub summary: &'a str,
    /// The run's seed.
    pub seed: u64,
    /// What the run left behind.
    pub record: &'a Record,
    /// What the checks made of it, as [`sim::check::judge`] gives it.
    pub judgements: &'a [Judgement],
    /// Where the promise behind a check's name is looked up; a check that is not here is shown by
    /// its name alone.
    pub checks: &'a [Check],
    /// Defects that were switched on.
    pub defects: Vec<String>,
    /// The one command that runs this again.
    pub reproduce: String,
}

impl RunReport<'_> {
    /// The verdict over the run.
    pub fn verdict(&self) -> RunVerdict {
        RunVerdict::over(self.judgements)
    }

    /// The report for people.
    pub fn to_text(&self, style: Style) -> String {
        run_text::render(self, style)
    }

    /// The document for machines, `proveniq/run/v1`.
    pub fn to_document(&self) -> RunDocument {
        RunDocument::of(self)
    }

    /// The run as one line of a sweep, `proveniq/seed/v1`.
    pub fn to_seed_line(&self) -> SeedLine {
        SeedLine::of_run(self)
    }

    /// The promise behind a check's name, where it is known.
    pub(crate) fn promise(&self, name: &str) -> Option<&'static str> {
        std::iter::once(&NODES_BEHAVE)
            .chain(self.checks)
            .find(|check| check.name == name)
            .map(|check| check.promise)
    }
}
