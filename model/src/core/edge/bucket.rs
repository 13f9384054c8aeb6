//! A token bucket: so many at once, and so many a second.
//!
//! It is given the time and knows no clock. Time that goes back gives nothing and takes nothing; time that jumps
//! ahead fills the bucket, which is why the time must be one that does not jump: by a wall clock that is set
//! forward everybody may come at once again, and by one that was set back nobody comes until it has caught up.

use std::time::Duration;

/// A token in parts, so that a fraction of one is kept in integers.
const TOKEN: i64 = 1_000_000_000;

/// A bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    per_second: i64,
    capacity: i64,
    level: i64,
    /// When it was filled last, in nanoseconds.
    at: i64,
}

impl TokenBucket {
    /// A full one.
    ///
    /// # Panics
    /// When it holds nothing, or nothing comes in.
    pub fn new(per_second: u32, burst: u32, now: i64) -> TokenBucket {
        assert!(
            per_second > 0 && burst > 0,
            "invariant: a bucket lets somebody through"
        );
        let capacity = i64::from(burst) * TOKEN;
        TokenBucket {
            per_second: per_second.into(),
            capacity,
            level: capacity,
            at: now,
        }
    }

    /// Takes a token at this time, in nanoseconds.
    ///
    /// # Errors
    /// How long until there is one.
    pub fn take(&mut self, now: i64) -> Result<(), Duration> {
        let passed = now.saturating_sub(self.at);
        if passed > 0 {
            let filled = passed.saturating_mul(self.per_second);
            self.level = self.level.saturating_add(filled).min(self.capacity);
            self.at = now;
        }
        if self.level >= TOKEN {
            self.level -= TOKEN;
            return Ok(());
        }
        let missing = (TOKEN - self.level).unsigned_abs();
        let late = passed.min(0).unsigned_abs();
        Err(Duration::from_nanos(
            late + missing.div_ceil(self.per_second.unsigned_abs()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: i64) -> i64 {
        millis * 1_000_000
    }

    /// A bucket of 10 a second and 2 at once; each line is a time in milliseconds, and the wait.
    fn check(asks: &[(i64, Result<(), u64>)]) {
        let mut bucket = TokenBucket::new(10, 2, 0);
        for (at, expected) in asks {
            let taken = bucket.take(ms(*at));
            assert_eq!(taken, expected.map_err(Duration::from_millis), "at {at} ms");
        }
    }

    #[test]
    fn it_gives_its_burst_and_then_its_rate() {
        check(&[
            (0, Ok(())),
            (0, Ok(())),
            (0, Err(100)),
            (50, Err(50)),
            (100, Ok(())),
            (150, Err(50)),
        ]);
        check(&[
            (0, Ok(())),
            (0, Ok(())),
            (60_000, Ok(())),
            (60_000, Ok(())),
            (60_000, Err(100)),
        ]);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_until_it_has_caught_up() {
        check(&[
            (1_000, Ok(())),
            (1_000, Ok(())),
            (400, Err(700)),
            (1_000, Err(100)),
            (1_100, Ok(())),
        ]);
    }

    #[test]
    fn a_clock_that_jumps_ahead_gives_a_whole_burst_again() {
        check(&[
            (0, Ok(())),
            (0, Ok(())),
            (0, Err(100)),
            (3_600_000, Ok(())),
            (3_600_000, Ok(())),
        ]);
    }

    proptest! {
        #[test]
        fn no_span_lets_more_through_than_its_burst_and_its_rate(
            waits in proptest::collection::vec(0_i64..400, 1..60),
        ) {
            let mut bucket = TokenBucket::new(10, 3, 0);
            let mut through: Vec<i64> = Vec::new();
            let mut now = 0;
            for wait in waits {
                now += wait;
                if bucket.take(ms(now)).is_ok() {
                    through.push(now);
                }
            }
            for (first, from) in through.iter().enumerate() {
                for (last, until) in through.iter().enumerate().skip(first) {
                    let count = (last - first + 1) as i64;
                    prop_assert!(count * 1_000 <= 3 * 1_000 + (until - from) * 10);
                }
            }
        }
    }
}
