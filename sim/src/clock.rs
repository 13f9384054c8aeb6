//! A node's own clock: what it shows, and how fast its timers run.
//!
//! No node can read true time. Its *wall clock* is true time plus offsets (skew, jumps) and the
//! drift gathered so far; its *monotonic clock* only drifts. Timers follow the monotonic clock, as
//! they do on a real machine: a jump of the wall clock moves no timer.

use std::time::Duration;

use crate::time::{SimTime, nanos_of};

/// What a node's wall clock shows: nanoseconds since the run's epoch, by its own reckoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

impl WallTime {
    /// Nanoseconds since the run's epoch; negative when the clock is far behind.
    pub fn nanos(self) -> i64 {
        self.0
    }

    /// Milliseconds since the run's epoch, rounded toward the past.
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

/// The state of one node's clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    /// Monotonic reading at the moment the rate last changed.
    reading: u64,
    since: SimTime,
    drift_ppm: i64,
    /// Skew while it lasts, and jumps so far.
    wall_offset: i64,
}

const MILLION: i128 = 1_000_000;

impl Clock {
    /// Monotonic nanoseconds since the node's epoch.
    pub(crate) fn monotonic(&self, now: SimTime) -> u64 {
        let elapsed = i128::from(nanos_of(now.since(self.since)));
        let drifted = elapsed * self.rate() / MILLION;
        self.reading + u64::try_from(drifted).unwrap_or(0)
    }

    pub(crate) fn wall(&self, now: SimTime) -> WallTime {
        let monotonic = i64::try_from(self.monotonic(now)).unwrap_or(i64::MAX);
        WallTime(monotonic.saturating_add(self.wall_offset))
    }

    /// How much true time passes while this clock counts a span: a fast clock's timers ring early.
    pub(crate) fn true_span(&self, span: Duration) -> Duration {
        if self.drift_ppm == 0 {
            return span;
        }
        let nanos = i128::from(nanos_of(span)) * MILLION / self.rate();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Changes the rate by this much; what was counted so far stays counted.
    pub(crate) fn add_drift(&mut self, now: SimTime, ppm: i64) {
        self.reading = self.monotonic(now);
        self.since = now;
        self.drift_ppm = self.drift_ppm.saturating_add(ppm);
    }

    /// How much this clock counts in a million units of true time. It may crawl, but not stand still
    /// or run back. The sum of drifts itself is not cut: taking one away again must leave the others.
    fn rate(&self) -> i128 {
        (MILLION + i128::from(self.drift_ppm)).max(1_000)
    }

    pub(crate) fn step_wall(&mut self, offset_ms: i64) {
        self.wall_offset = self
            .wall_offset
            .saturating_add(offset_ms.saturating_mul(1_000_000));
    }

    /// Sets wall clock and rate right again, as a time service does after all is well. The monotonic
    /// clock keeps what it counted: it never steps.
    pub(crate) fn correct(&mut self, now: SimTime) {
        self.reading = self.monotonic(now);
        self.since = now;
        self.drift_ppm = 0;
        let gained = i128::from(self.reading) - i128::from(now.nanos());
        self.wall_offset = i64::try_from(-gained).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_the_wall_clock_only() {
        let mut clock = Clock::default();
        let now = SimTime::from_millis(1_000);
        clock.step_wall(-300);
        assert_eq!(clock.wall(now).millis(), 700);
        assert_eq!(clock.monotonic(now), now.nanos());
        assert_eq!(
            clock.true_span(Duration::from_secs(1)),
            Duration::from_secs(1)
        );
    }

    #[test]
    fn a_fast_clock_gains_time_and_its_timers_ring_early() {
        let mut clock = Clock::default();
        clock.add_drift(SimTime::from_millis(1_000), 100_000);
        let later = SimTime::from_millis(2_000);
        assert_eq!(clock.monotonic(later), 2_100_000_000);
        assert_eq!(
            clock.true_span(Duration::from_millis(1_100)),
            Duration::from_secs(1)
        );
        clock.add_drift(later, -100_000);
        assert_eq!(clock.monotonic(SimTime::from_millis(3_000)), 3_100_000_000);
        clock.correct(SimTime::from_millis(3_000));
        let healed = SimTime::from_millis(3_000);
        assert_eq!(clock.wall(healed).millis(), 3_000);
        assert_eq!(clock.monotonic(healed), 3_100_000_000, "it never steps");
    }

    #[test]
    fn drifts_that_together_would_stop_the_clock_leave_nothing_behind() {
        let mut clock = Clock::default();
        let second = |seconds: u64| SimTime::from_millis(seconds * 1_000);
        clock.add_drift(second(0), -900_000);
        clock.add_drift(second(0), -900_000);
        assert_eq!(clock.monotonic(second(1)), 1_000_000, "it crawls");
        clock.add_drift(second(1), 900_000);
        clock.add_drift(second(1), 900_000);
        assert_eq!(clock.monotonic(second(2)), 1_001_000_000);
    }
}
