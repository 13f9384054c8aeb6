//! The nearest passing twin: of all runs that were had and pass, the one that stays the same longest.
//!
//! Nearness is the number of events from the start that are the same, with their times, places and
//! causes. Where twins part is where the failure could still have been otherwise.

use sim::determinism::event_lines;
use sim::record::Record;

use super::Twin;

/// The nearest so far.
pub(crate) struct Nearest {
    failing: Vec<String>,
    nearest: Option<Twin>,
}

impl Nearest {
    /// Nothing yet; the run to be near to, with its trace.
    pub(super) fn to(failing: &Record) -> Nearest {
        Nearest {
            failing: event_lines(failing),
            nearest: None,
        }
    }

    /// A run that passes, with its trace, and in what it is otherwise.
    pub(super) fn offer(&mut self, difference: String, passing: Record) {
        let lines = event_lines(&passing);
        let pairs = self.failing.iter().zip(&lines);
        let common = pairs
            .take_while(|(failing, passing)| failing == passing)
            .count();
        if self
            .nearest
            .as_ref()
            .is_none_or(|twin| common > twin.common)
        {
            self.nearest = Some(Twin {
                difference,
                record: passing,
                common,
            });
        }
    }

    pub(super) fn found(self) -> Option<Twin> {
        self.nearest
    }
}
