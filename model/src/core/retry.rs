//! Retry schedules as pure values.
//!
//! Full jitter, as in Brooker's "Exponential Backoff and Jitter" (AWS, 2015): the wait is drawn
//! evenly from zero to the exponential bound, which spreads clients that failed together.

use std::time::Duration;

use sim::random::Stream;

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
pub struct LinkRetry {
    /// After so long.
    pub wait: Duration,
    /// With so many failed retries behind it.
    pub retries: u32,
}

/// When a link is tried again that failed so, after so many retries that failed before; nothing when it
/// is given up.
///
/// A Locker that refuses connections was sent nothing: asking costs little, so it is asked every minute
/// until it is there again, and that counts as no retry. A hardware error is for people.
pub fn link_retry(failure: Failure, failed: u32, is_retry: bool) -> Option<LinkRetry> {
    const RECONNECT_WAIT: Duration = Duration::from_secs(60);
    let retries = failed + u32::from(is_retry);
    match failure {
        Failure::LockerHardware => None,
        Failure::LockerUnreachable => Some(LinkRetry {
            wait: RECONNECT_WAIT,
            retries: failed,
        }),
        _ => link_retry_wait(retries).map(|wait| LinkRetry { wait, retries }),
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
    fn a_refused_connection_is_tried_again_every_minute_and_a_hardware_error_never() {
        let minutes = |failure, failed, is_retry| {
            link_retry(failure, failed, is_retry).map(|it| (it.wait.as_secs() / 60, it.retries))
        };
        for (failure, failed, is_retry, expected) in [
            (Failure::LockerTimeout, 0, false, Some((5, 0))),
            (Failure::LockerTimeout, 0, true, Some((10, 1))),
            (Failure::LockerTimeout, 4, true, None),
            (Failure::LockerUnreachable, 0, false, Some((1, 0))),
            (Failure::LockerUnreachable, 4, true, Some((1, 4))),
            (Failure::LockerHardware, 0, false, None),
        ] {
            assert_eq!(
                minutes(failure, failed, is_retry),
                expected,
                "{failure:?} {failed}"
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
