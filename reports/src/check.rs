//! One judged history that no simulation made, ready to be told.
//!
//! Such a history has no record: no faults, no events, no seed. What is left is what was asked of it
//! and what the checker answered. From here it becomes text for people ([`CheckReport::to_text`]) or
//! a document for machines ([`CheckDocument`]).

use sim::checkers::foreign::Judgement;
use sim::checkers::transactions::Isolation;
use sim::checkers::verdict::Verdict;

use crate::check_document::CheckDocument;
use crate::check_text;
use crate::figures::counted;
use crate::style::Style;
use crate::verdict::RunVerdict;

/// A judged history.
#[derive(Clone, Debug)]
pub struct CheckReport<'a> {
    /// What the history is called, such as the name of its file.
    pub history: &'a str,
    /// What the checker made of it.
    pub judgement: &'a Judgement,
    /// What its transactions were held to; of no account for other models.
    pub level: Isolation,
}

impl CheckReport<'_> {
    /// The verdict.
    pub fn verdict(&self) -> RunVerdict {
        RunVerdict::named(self.judgement.verdict.word())
    }

    /// The level that was asked for, where the model has levels.
    pub(crate) fn isolation(&self) -> Option<Isolation> {
        let has_levels = self.judgement.model.is_transactional();
        has_levels.then_some(self.level)
    }

    /// The promise that was judged, in words.
    pub(crate) fn promise(&self) -> String {
        use sim::checkers::foreign::ForeignModel::{
            CasRegister, Kv, ListAppend, Queue, Register, RwRegister, Set, TotalQueue,
        };
        match self.judgement.model {
            Register => "a linearizable register".to_owned(),
            CasRegister => "a linearizable register with compare-and-set".to_owned(),
            Kv => "a linearizable key-value store".to_owned(),
            Set => "a linearizable set".to_owned(),
            Queue => "a linearizable first-in-first-out queue".to_owned(),
            TotalQueue => "a queue that loses and duplicates nothing".to_owned(),
            ListAppend => format!("{} transactions over lists", self.level),
            RwRegister => format!("{} transactions over registers", self.level),
        }
    }

    /// The verdict in a sentence, complete without its evidence.
    pub(crate) fn explanation(&self) -> String {
        let operations = counted(self.judgement.operations as u64, "operation", "operations");
        let promise = self.promise();
        match &self.judgement.verdict {
            Verdict::Held => format!("{operations}, all as {promise} may behave."),
            Verdict::Violated(evidence) => {
                let reasons = counted(evidence.len() as u64, "reason", "reasons");
                format!("{operations}, not as {promise} may behave: {reasons}.")
            }
            Verdict::Unknown(reason) => {
                format!("{operations}; whether {promise} may behave so is not known: {reason}.")
            }
        }
    }

    /// The report for people; ends with a line break.
    pub fn to_text(&self, style: Style) -> String {
        check_text::render(self, style)
    }

    /// The document for machines, `proveniq/check/v1`.
    pub fn to_document(&self) -> CheckDocument {
        CheckDocument::of(self)
    }
}
