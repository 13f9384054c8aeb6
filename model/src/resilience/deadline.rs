//! A deadline that travels with a request, as the span that is left of it.
//!
//! Machines do not agree on the time of day, but they do on how long a second is. So what travels is
//! never a point in time but the remaining span, as in gRPC's `grpc-timeout` header; who receives it
//! counts from its own arrival. The span on the wire is not subtracted: a deadline may be late by
//! one transit for each hop, and is never early.

use std::time::Duration;

/// The end of a budget, on the monotonic clock of the node that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    ends: Duration,
}

impl Deadline {
    /// The budget that ends a span from now (the node's monotonic clock).
    pub fn within(span: Duration, now: Duration) -> Deadline {
        Deadline {
            ends: now.saturating_add(span),
        }
    }

    /// What is left of it: what to send along with a request to another node. Zero once it is over.
    pub fn remaining(self, now: Duration) -> Duration {
        self.ends.saturating_sub(now)
    }

    /// How long a step may take that has a limit of its own: whichever ends first.
    pub fn limit(self, own_limit: Duration, now: Duration) -> Duration {
        own_limit.min(self.remaining(now))
    }

    /// Whether it is over: nothing may be begun any more on its behalf.
    pub fn expired(self, now: Duration) -> bool {
        self.remaining(now).is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_budget_runs_down_and_bounds_each_step() {
        // (now, remaining, limit of a step of 300 ms, expired), for 1,000 ms given at 5,000 ms.
        let cases = [
            (5_000, 1_000, 300, false),
            (5_600, 400, 300, false),
            (5_800, 200, 200, false),
            (5_999, 1, 1, false),
            (6_000, 0, 0, true),
            (9_000, 0, 0, true),
        ];
        let deadline = Deadline::within(ms(1_000), ms(5_000));
        for (now, remaining, limit, expired) in cases {
            assert_eq!(deadline.remaining(ms(now)), ms(remaining), "at {now}");
            assert_eq!(deadline.limit(ms(300), ms(now)), ms(limit), "at {now}");
            assert_eq!(deadline.expired(ms(now)), expired, "at {now}");
        }
    }

    #[test]
    fn what_travels_means_the_same_on_a_clock_that_shows_something_else() {
        let sender = Deadline::within(ms(1_000), ms(5_000));
        let sent = sender.remaining(ms(5_250));
        let receiver = Deadline::within(sent, ms(9_000_000));
        assert_eq!(receiver.remaining(ms(9_000_100)), ms(650));
    }

    #[test]
    fn a_budget_without_end_has_none() {
        let deadline = Deadline::within(Duration::MAX, ms(1));
        assert!(!deadline.expired(ms(u64::MAX / 2)));
    }
}
