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
    known: Rc<Cell<Known>>,
}

impl LedgerClock {
    /// Nothing is known yet.
    pub fn new(context: NodeContext) -> LedgerClock {
        LedgerClock {
            context,
            known: Rc::default(),
        }
    }

    /// The moment at which the Ledger is asked something, for [`heard`](Self::heard).
    pub fn asks(&self) -> Duration {
        self.context.monotonic()
    }

    /// The Ledger has told its time in an answer to what was asked then.
    pub fn heard(&self, at: LedgerMillis, asked: Duration) {
        let now = self.context.monotonic();
        self.known.set(self.known.get().after(at, asked, now));
    }

    /// What it should be by now; nothing before the first answer.
    pub fn estimate(&self) -> Option<LedgerMillis> {
        self.known.get().at(self.context.monotonic())
    }
}

/// The time that was heard, and the reader's own monotonic clock at that moment.
#[derive(Clone, Copy, Default)]
struct Known(Option<(LedgerMillis, Duration)>);

impl Known {
    /// What is known once an answer read `now` to what was `asked` then has told the time.
    fn after(self, told: LedgerMillis, asked: Duration, now: Duration) -> Known {
        let is_fresh = now.saturating_sub(asked) <= FRESH;
        if is_fresh || self.0.is_none() {
            Known(Some((told, now)))
        } else {
            self
        }
    }

    /// The Ledger's time as the own clock shows `now`.
    fn at(self, now: Duration) -> Option<LedgerMillis> {
        let (told, heard) = self.0?;
        let since = now.saturating_sub(heard);
        Some(told + i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers as (told, asked, read), all in milliseconds, and what the estimate is at 10 s.
    fn check(answers: &[(LedgerMillis, u64, u64)], estimate: Option<LedgerMillis>) {
        let known = answers
            .iter()
            .fold(Known::default(), |known, &(told, asked, read)| {
                known.after(
                    told,
                    Duration::from_millis(asked),
                    Duration::from_millis(read),
                )
            });
        assert_eq!(known.at(Duration::from_secs(10)), estimate, "{answers:?}");
    }

    #[test]
    fn the_own_clock_counts_on_from_the_last_answer() {
        check(&[], None);
        check(&[(70_000, 0, 4_000)], Some(76_000));
        check(&[(70_000, 0, 10), (90_000, 5_000, 5_010)], Some(94_990));
    }

    #[test]
    fn an_answer_that_lay_unread_tells_nothing_to_who_knows_better() {
        // Asked at 1 s, answered at once, read at 9 s: nobody knows when 70,990 was.
        check(&[(70_000, 0, 10), (70_990, 1_000, 9_000)], Some(79_990));
        // A second is still fresh, a millisecond more is not.
        check(&[(70_000, 0, 10), (90_000, 8_000, 9_000)], Some(91_000));
        check(&[(70_000, 0, 10), (90_000, 8_000, 9_001)], Some(79_990));
    }
}
