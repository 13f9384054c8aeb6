//! Simulated time: integer nanoseconds since the run began.
//!
//! [`SimTime`] is a point on the world's one true clock, which no node can read; what a node reads
//! is its own, skewed clock (see [`crate::clock`]). Spans are plain [`Duration`]s, which are integer
//! as well, so that no rounding differs between machines.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in simulated time, in nanoseconds since the run began.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SimTime(u64);

impl SimTime {
    /// The moment a run begins.
    pub const START: SimTime = SimTime(0);
    /// Later than anything that can happen.
    pub const NEVER: SimTime = SimTime(u64::MAX);

    /// A point this many nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        SimTime(nanos)
    }

    /// A point this many milliseconds after the start; saturates at [`SimTime::NEVER`].
    pub const fn from_millis(millis: u64) -> Self {
        SimTime(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the start.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start, rounded down.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The span from `earlier` to here; zero when `earlier` is later.
    pub const fn since(self, earlier: SimTime) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Whole nanoseconds of a span, saturating: five centuries are as good as never.
pub const fn nanos_of(span: Duration) -> u64 {
    let nanos = span.as_nanos();
    if nanos > u64::MAX as u128 {
        u64::MAX
    } else {
        nanos as u64
    }
}

impl Add<Duration> for SimTime {
    type Output = SimTime;
    fn add(self, span: Duration) -> SimTime {
        SimTime(self.0.saturating_add(nanos_of(span)))
    }
}

impl AddAssign<Duration> for SimTime {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<SimTime> for SimTime {
    type Output = Duration;
    fn sub(self, earlier: SimTime) -> Duration {
        self.since(earlier)
    }
}

/// Seconds with milliseconds, the form people compare by eye: `12.345s`.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.millis();
        f.pad(&format!("{}.{:03}s", millis / 1_000, millis % 1_000))
    }
}
