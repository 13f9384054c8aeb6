//! A delivery: one event on its way to one endpoint, over all its attempts. A pure value.
//!
//! ```text
//!            begin            acknowledged
//! pending ──────────► (sent) ─────────────► delivered
//!    ▲                  │  permanent, gone, or no attempt left
//!    │ transient, lost  ├─────────────────► dead ──────► discarded
//!    └──────────────────┘                    │
//!    ▲                 replayed              │
//!    └───────────────────────────────────────┘
//! ```
//!
//! An attempt counts when it begins: one that kills its sender is not made for ever. Who gives up, and
//! when, is here; how long is waited is [`schedule`](super::schedule), what an answer means
//! [`endpoint`](super::endpoint).

use std::time::Duration;

use sim::random::Stream;

use super::endpoint::Verdict;
use super::schedule::Schedule;
use crate::core::asset::named_states;

named_states! {
    /// Where a delivery is.
    DeliveryState {
        /// It is to be sent, or being sent.
        Pending = "pending",
        /// The receiver has acknowledged it.
        Delivered = "delivered",
        /// It was given up; a dead letter tells people.
        Dead = "dead",
        /// People decided that it is not to be sent.
        Discarded = "discarded",
    }
}

named_states! {
    /// Why a delivery was given up, as its dead letter names it.
    Cause {
        /// The last attempt of the schedule failed.
        Exhausted = "E_WEBHOOK_EXHAUSTED",
        /// The receiver refused it for good.
        Rejected = "E_WEBHOOK_REJECTED",
        /// The endpoint is gone.
        Gone = "E_WEBHOOK_GONE",
    }
}

impl Cause {
    /// Each of them.
    pub const ALL: [Cause; 3] = [Cause::Exhausted, Cause::Rejected, Cause::Gone];
}

/// What becomes of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing more.
    Delivered,
    /// Another attempt after a wait.
    Again(Duration),
    /// It is left to people.
    Dead(Cause),
}

/// What follows from an attempt that was the so-many-th since the delivery was made or replayed.
pub fn next(verdict: Verdict, attempts: u32, schedule: &Schedule, stream: &mut Stream) -> Next {
    match verdict {
        Verdict::Acknowledged => Next::Delivered,
        Verdict::Permanent => Next::Dead(Cause::Rejected),
        Verdict::Gone => Next::Dead(Cause::Gone),
        Verdict::Transient { retry_after } => schedule
            .wait(attempts, retry_after, stream)
            .map_or(Next::Dead(Cause::Exhausted), Next::Again),
    }
}

/// Whether a delivery that was found with so many attempts may be sent once more; its last attempt may
/// have been lost with its sender.
pub fn may_begin(attempts: u32, schedule: &Schedule) -> bool {
    attempts < schedule.attempts_max()
}

/// For how long nobody else takes an attempt up that began now: as long as it may last, and never less
/// than the schedule waits after it. A sender that dies must not make its successor hurry.
pub fn lease(attempts: u32, schedule: &Schedule) -> Duration {
    /// What the sender needs around the request: two transactions with the store, each with retries.
    const AROUND: Duration = Duration::from_secs(30);
    let wait = schedule.wait_at_least(attempts).unwrap_or_default();
    wait.max(schedule.timeout + AROUND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::schedule::Profile;
    use sim::random::{Lineage, Randomness, Root, Seeds};

    const FAILED: Verdict = Verdict::Transient { retry_after: None };

    fn after(verdict: Verdict, attempts: u32, profile: Profile) -> Next {
        let randomness = Randomness::new(Seeds::derive(5));
        let mut stream = randomness.stream(Root::Schedule, Lineage::of("t"), "retry");
        next(verdict, attempts, &profile.schedule(), &mut stream)
    }

    #[test]
    fn what_may_pass_is_tried_until_the_schedule_ends_and_nothing_else_is() {
        for (verdict, attempts, profile, expected) in [
            (Verdict::Acknowledged, 1, Profile::Course, Next::Delivered),
            (Verdict::Acknowledged, 6, Profile::Course, Next::Delivered),
            (
                Verdict::Permanent,
                1,
                Profile::Course,
                Next::Dead(Cause::Rejected),
            ),
            (Verdict::Gone, 1, Profile::Course, Next::Dead(Cause::Gone)),
            (FAILED, 6, Profile::Course, Next::Dead(Cause::Exhausted)),
            (FAILED, 1, Profile::Github, Next::Dead(Cause::Exhausted)),
        ] {
            assert_eq!(
                after(verdict, attempts, profile),
                expected,
                "{verdict:?} {attempts}"
            );
        }
        for attempts in 1..=5 {
            let next = after(FAILED, attempts, Profile::Course);
            assert!(matches!(next, Next::Again(_)), "{attempts}: {next:?}");
        }
    }

    #[test]
    fn a_lost_attempt_counts_and_its_successor_does_not_come_early() {
        let schedule = Profile::Course.schedule();
        assert!(may_begin(5, &schedule));
        assert!(!may_begin(6, &schedule));
        let standard = Profile::StandardWebhooks.schedule();
        for (attempts, schedule, seconds) in
            [(1, &schedule, 300), (6, &schedule, 45), (1, &standard, 45)]
        {
            assert_eq!(lease(attempts, schedule).as_secs(), seconds, "{attempts}");
        }
    }
}
