//! Retry schedules as pure values.
//!
//! Full jitter, as in Brooker's "Exponential Backoff and Jitter" (AWS, 2015): the wait is drawn
//! evenly from zero to the exponential bound, which spreads clients that failed together.

use std::time::Duration;

use sim::random::Stream;

use super::lockers::Unanswered;
use crate::failure::Failure;

/// Exponential backoff with full jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The bound of the first wait.
    pub base: Duration,
    /// No wait is longer.
    pub cap: Duration,
    /// How often is tried in all, the first time included.
    pub attempts_max: u32,
}

impl Backoff {
    /// The wait after this many failed attempts; nothing when no attempt is left.
    pub fn wait(&self, failed: u32, stream: &mut Stream) -> Option<Duration> {
        if failed >= self.attempts_max {
            return None;
        }
        let doublings = failed.saturating_sub(1).min(20);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        Some(stream.span(Duration::ZERO, bound))
    }
}

/// When a link is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRetry {
    /// After so long, with so many failed retries behind it.
    Counted {
        /// How long.
        wait: Duration,
        /// How many.
        retries: u32,
    },
    /// After about so long, and the try before does not count: nothing was sent.
    Uncounted {
        /// How long at least; many that wait together must not come back together.
        wait: Duration,
    },
}

/// When a link is tried again that came to this, after so many retries that failed before; nothing when
/// it is given up.
///
/// A Locker that refuses connections was sent nothing: asking costs little, so it is asked about every
/// minute until it is there again. A hardware error is for people.
pub fn link_retry(why: Unanswered, failed: u32, is_retry: bool) -> Option<LinkRetry> {
    const RECONNECT_WAIT: Duration = Duration::from_secs(30);
    let retries = failed + u32::from(is_retry);
    match why {
        Unanswered::Withheld { again_after } => Some(LinkRetry::Uncounted { wait: again_after }),
        Unanswered::Failed(Failure::LockerUnreachable) => Some(LinkRetry::Uncounted {
            wait: RECONNECT_WAIT,
        }),
        Unanswered::Failed(Failure::LockerHardware) => None,
        Unanswered::Failed(_) => {
            link_retry_wait(retries).map(|wait| LinkRetry::Counted { wait, retries })
        }
    }
}

/// How long a link job waits after its failed attempts: 5 minutes, doubling; nothing once it has
/// failed five retries.
pub fn link_retry_wait(retries: u32) -> Option<Duration> {
    const FIRST_WAIT: Duration = Duration::from_secs(5 * 60);
    const RETRIES_MAX: u32 = 5;
    (retries < RETRIES_MAX).then(|| FIRST_WAIT * 2_u32.pow(retries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::random::{Lineage, Randomness, Root, Seeds};

    #[test]
    fn waits_stay_below_the_doubling_bound_and_end_with_the_attempts() {
        let backoff = Backoff {
            base: Duration::from_millis(50),
            cap: Duration::from_millis(2_000),
            attempts_max: 8,
        };
        let mut stream =
            Randomness::new(Seeds::derive(1)).stream(Root::Schedule, Lineage::of("t"), "backoff");
        for (failed, bound) in [(1, 50), (2, 100), (3, 200), (6, 1_600), (7, 2_000)] {
            let waits = (0..200).map(|_| backoff.wait(failed, &mut stream).unwrap().as_millis());
            let longest = waits.max().unwrap();
            assert!(
                longest <= bound && longest > bound * 8 / 10,
                "{failed}: {longest}"
            );
        }
        assert_eq!(backoff.wait(8, &mut stream), None);
    }

    #[test]
    fn only_what_a_device_may_have_heard_counts_as_a_retry_and_a_hardware_error_is_final() {
        let counted = |minutes: u64, retries| {
            let wait = Duration::from_secs(60 * minutes);
            Some(LinkRetry::Counted { wait, retries })
        };
        let uncounted = |seconds: u64| {
            let wait = Duration::from_secs(seconds);
            Some(LinkRetry::Uncounted { wait })
        };
        let withheld = Unanswered::Withheld {
            again_after: Duration::from_secs(7),
        };
        let failed = Unanswered::Failed;
        for (why, before, is_retry, expected) in [
            (failed(Failure::LockerTimeout), 0, false, counted(5, 0)),
            (failed(Failure::LockerTimeout), 0, true, counted(10, 1)),
            (failed(Failure::LockerTimeout), 4, true, None),
            (failed(Failure::LockerUnreachable), 4, true, uncounted(30)),
            (withheld, 4, true, uncounted(7)),
            (failed(Failure::LockerHardware), 0, false, None),
        ] {
            assert_eq!(
                link_retry(why, before, is_retry),
                expected,
                "{why:?} {before}"
            );
        }
    }

    #[test]
    fn a_link_job_is_retried_five_times_over_two_and_a_half_hours() {
        let minutes: Vec<u64> = (0..)
            .map_while(link_retry_wait)
            .map(|wait| wait.as_secs() / 60)
            .collect();
        assert_eq!(minutes, [5, 10, 20, 40, 80]);
    }
}
