//! How many requests at once: more while they are fast, fewer as soon as they are slow.
//!
//! Additive increase, multiplicative decrease, as TCP does it with its window (Chiu and Jain, "Analysis of the
//! Increase and Decrease Algorithms for Congestion Avoidance", 1989): the limit grows by one with each round of
//! requests that were fast and needed it, and shrinks by a quarter with each round in which one was slow. A round
//! is as many requests as the limit allows at once, so that what one decision caused is seen before the next.

use std::time::Duration;

/// A limit that follows latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveLimit {
    limit: u32,
    min: u32,
    max: u32,
    target: Duration,
    /// How many requests of this round are done.
    seen: u32,
    /// Whether one of them was slow.
    slow: bool,
    /// Whether the limit was reached in this round.
    needed: bool,
}

impl AdaptiveLimit {
    /// One that begins at its maximum.
    ///
    /// # Panics
    /// When `min` is zero or above `max`.
    pub fn new(min: u32, max: u32, target: Duration) -> AdaptiveLimit {
        assert!(
            0 < min && min <= max,
            "invariant: a limit lies between its bounds"
        );
        AdaptiveLimit {
            limit: max,
            min,
            max,
            target,
            seen: 0,
            slow: false,
            needed: false,
        }
    }

    /// How many at once.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// A request is done that took so long, of so many at once.
    pub fn done(&mut self, took: Duration, in_flight: u32) {
        self.seen += 1;
        self.slow |= took > self.target;
        self.needed |= in_flight >= self.limit;
        if self.seen < self.limit {
            return;
        }
        if self.slow {
            self.limit = (self.limit - self.limit.div_ceil(4)).max(self.min);
        } else if self.needed {
            self.limit = (self.limit + 1).min(self.max);
        }
        (self.seen, self.slow, self.needed) = (0, false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(50);
    const SLOW: Duration = Duration::from_millis(500);

    /// Puts whole rounds of equal requests to a limit between 2 and 16.
    fn check(rounds: &[(Duration, bool)], expected: &[u32]) {
        let mut limit = AdaptiveLimit::new(2, 16, Duration::from_millis(100));
        let mut limits = Vec::new();
        for (took, needed) in rounds {
            for _ in 0..limit.limit() {
                let in_flight = if *needed { limit.limit() } else { 1 };
                limit.done(*took, in_flight);
            }
            limits.push(limit.limit());
        }
        assert_eq!(limits, expected);
    }

    #[test]
    fn slow_rounds_shrink_it_by_a_quarter_down_to_its_least() {
        check(&[(SLOW, true); 8], &[12, 9, 6, 4, 3, 2, 2, 2]);
    }

    #[test]
    fn fast_rounds_let_it_grow_by_one_while_it_is_needed() {
        check(&[(SLOW, true), (FAST, true), (FAST, true)], &[12, 13, 14]);
        check(&[(SLOW, true), (FAST, false), (FAST, false)], &[12, 12, 12]);
        check(&[(FAST, true)], &[16]);
    }

    #[test]
    fn one_slow_request_makes_its_round_slow_and_no_other() {
        let mut limit = AdaptiveLimit::new(1, 4, Duration::from_millis(100));
        for took in [SLOW, FAST, FAST, FAST] {
            limit.done(took, 1);
        }
        assert_eq!(limit.limit(), 3);
        for _ in 0..3 {
            limit.done(FAST, 1);
        }
        assert_eq!(limit.limit(), 3);
    }
}
