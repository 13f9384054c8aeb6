//! Triggers: what has to happen in a run before a defect shows.
//!
//! Whoever wrote the fork says so, having read it: where several things are needed it is the one that the
//! mistake is about. A breaker that admits many probes needs a neighbour that was away, but what its author
//! overlooked is that calls come at the same time. It says nothing of how often that happens: see
//! [`difficulty`](super::difficulty).

use std::fmt;

/// What has to happen before a defect shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// Nothing goes wrong: whoever uses what it is in sees it.
    Always,
    /// Two are at work at the same time, or something comes in another order than it began. No fault is
    /// needed, though faults that delay help.
    Order,
    /// A process dies, or a transaction is taken back, between two steps that belong together.
    CrashWindow,
    /// An answer does not come: a neighbour is cut off, silent or too late, and nobody knows what it did.
    Partition,
    /// A neighbour says no, or work fails in so many words: what is wrong lies on the path behind an error.
    Refusal,
    /// Time is told wrongly, or a span ends too soon or never: a clock that is set, a lease that runs out
    /// under a process that stood still, a memory that is too short.
    Clock,
    /// More comes than there is room for, or one who is slow holds up others.
    Load,
    /// The same message or request comes once more: a retry, a double click, what somebody overheard.
    Duplicate,
    /// Power fails, and takes what was written and not synced, or leaves a torn end.
    Disk,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Trigger; 9] = [
        Trigger::Always,
        Trigger::Order,
        Trigger::CrashWindow,
        Trigger::Partition,
        Trigger::Refusal,
        Trigger::Clock,
        Trigger::Load,
        Trigger::Duplicate,
        Trigger::Disk,
    ];

    /// As it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Trigger::Always => "always",
            Trigger::Order => "order",
            Trigger::CrashWindow => "crash window",
            Trigger::Partition => "partition",
            Trigger::Refusal => "refusal",
            Trigger::Clock => "clock",
            Trigger::Load => "load",
            Trigger::Duplicate => "duplicate",
            Trigger::Disk => "disk",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::DEFECTS;

    /// A harness that is measured by bugs of one kind is tuned for that kind.
    #[test]
    fn the_corpus_is_spread_over_all_triggers() {
        for trigger in Trigger::ALL {
            let own = DEFECTS
                .iter()
                .filter(|info| info.trigger == trigger)
                .count();
            assert!(own >= 3, "{own} of `{trigger}`");
            assert!(
                3 * own <= DEFECTS.len(),
                "{own} of `{trigger}` are over a third"
            );
        }
    }

    #[test]
    fn each_trigger_is_listed_once_under_a_name_of_its_own() {
        for (index, trigger) in Trigger::ALL.iter().enumerate() {
            let before = &Trigger::ALL[..index];
            assert!(
                before
                    .iter()
                    .all(|other| other < trigger && other.name() != trigger.name())
            );
        }
    }
}
