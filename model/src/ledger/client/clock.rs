//! What a service knows of the Ledger's time: its last answer told it, and its own clock has counted on.
//!
//! Due dates and leases are times of the Ledger's clock, whatever the service's own wall clock shows.
//! An estimate may be off by what the Ledger's clock has stepped since; whoever acts on a lease is
//! fenced by its token all the same.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;

use crate::ledger::protocol::LedgerMillis;

/// The Ledger's time as one process knows it. Clones share what was heard.
#[derive(Clone)]
pub struct LedgerClock {
    context: NodeContext,
    heard: Rc<Cell<Option<(LedgerMillis, Duration)>>>,
}

impl LedgerClock {
    /// Nothing is known yet.
    pub fn new(context: NodeContext) -> LedgerClock {
        LedgerClock {
            context,
            heard: Rc::default(),
        }
    }

    /// The Ledger has just told its time.
    pub fn heard(&self, at: LedgerMillis) {
        self.heard.set(Some((at, self.context.monotonic())));
    }

    /// What it should be by now; nothing before the first answer.
    pub fn estimate(&self) -> Option<LedgerMillis> {
        let (at, heard) = self.heard.get()?;
        let since = self.context.monotonic().saturating_sub(heard);
        Some(at + i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
