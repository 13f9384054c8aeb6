//! What a service knows of the Ledger's time: its last answer told it, and its own clock has counted on.
//!
//! Due dates and leases are times of the Ledger's clock, whatever the service's own wall clock shows.
//! An estimate may be off by what the Ledger's clock has stepped since; whoever acts on a lease is
//! fenced by its token all the same. An answer that took long, because it waited for a lock or its reader
//! stood still, was written at nobody knows when, and tells nothing to who knows better.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;

use crate::ledger::protocol::LedgerMillis;

/// An answer that came within this tells the time.
const FRESH: Duration = Duration::from_secs(1);

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

    /// The moment at which the Ledger is asked something, for [`heard`](Self::heard).
    pub fn asks(&self) -> Duration {
        self.context.monotonic()
    }

    /// The Ledger has told its time in an answer to what was asked then.
    pub fn heard(&self, at: LedgerMillis, asked: Duration) {
        let now = self.context.monotonic();
        let is_fresh = now.saturating_sub(asked) <= FRESH;
        if is_fresh || self.heard.get().is_none() {
            self.heard.set(Some((at, now)));
        }
    }

    /// What it should be by now; nothing before the first answer.
    pub fn estimate(&self) -> Option<LedgerMillis> {
        let (at, heard) = self.heard.get()?;
        let since = self.context.monotonic().saturating_sub(heard);
        Some(at + i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
