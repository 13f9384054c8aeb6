//! Latency distributions as integer quantile tables.
//!
//! A table says how long the fastest, the median, the 90th, the 99th percentile and the slowest
//! take; between two quantiles a draw is linear. No float and no closed form takes part, so a draw
//! is the same everywhere, and a person can write down what they measured.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::Stream;
use crate::time::nanos_of;

/// How long something takes, drawn anew each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// (position in thousandths, nanoseconds), ascending in both.
    points: Vec<(u64, u64)>,
}

/// A quantile table as people write it, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyTable {
    /// The fastest.
    pub min_us: u64,
    /// Half of all are at most this.
    pub p50_us: u64,
    /// Nine of ten are at most this.
    pub p90_us: u64,
    /// 99 of 100 are at most this.
    pub p99_us: u64,
    /// The slowest.
    pub max_us: u64,
}

impl LatencyTable {
    /// A table from its five values in microseconds.
    pub const fn of([min_us, p50_us, p90_us, p99_us, max_us]: [u64; 5]) -> LatencyTable {
        LatencyTable {
            min_us,
            p50_us,
            p90_us,
            p99_us,
            max_us,
        }
    }
}

impl TryFrom<LatencyTable> for Latency {
    type Error = LatencyError;

    fn try_from(table: LatencyTable) -> Result<Latency, LatencyError> {
        Latency::quantiles(
            [
                table.min_us,
                table.p50_us,
                table.p90_us,
                table.p99_us,
                table.max_us,
            ]
            .map(Duration::from_micros),
        )
    }
}

/// Why five spans are no latency table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{upper} ({upper_us} µs) is below {lower} ({lower_us} µs): a quantile table must ascend")]
pub struct LatencyError {
    /// The quantile that is out of order.
    pub upper: &'static str,
    /// Its value in microseconds.
    pub upper_us: u128,
    /// The quantile it must not be below.
    pub lower: &'static str,
    /// That one's value in microseconds.
    pub lower_us: u128,
}

impl Latency {
    /// Always the same.
    pub fn constant(span: Duration) -> Latency {
        Latency {
            points: vec![(0, nanos_of(span))],
        }
    }

    /// Evenly spread between two spans.
    pub fn uniform(low: Duration, high: Duration) -> Latency {
        assert!(low <= high, "a uniform latency needs low <= high");
        Latency {
            points: vec![(0, nanos_of(low)), (1_000, nanos_of(high))],
        }
    }

    /// By quantiles: fastest, median, 90th and 99th percentile, slowest.
    ///
    /// # Errors
    /// When a later quantile is below an earlier one.
    pub fn quantiles([min, p50, p90, p99, max]: [Duration; 5]) -> Result<Latency, LatencyError> {
        let named = [
            ("min", 0, min),
            ("p50", 500, p50),
            ("p90", 900, p90),
            ("p99", 990, p99),
            ("max", 1_000, max),
        ];
        for pair in named.windows(2) {
            let ((lower, _, low), (upper, _, high)) = (pair[0], pair[1]);
            if high < low {
                return Err(LatencyError {
                    upper,
                    upper_us: high.as_micros(),
                    lower,
                    lower_us: low.as_micros(),
                });
            }
        }
        let points = named.map(|(_, position, span)| (position, nanos_of(span)));
        Ok(Latency {
            points: points.to_vec(),
        })
    }

    /// The one span of a constant latency: no draw is needed for it.
    pub fn as_constant(&self) -> Option<Duration> {
        match self.points[..] {
            [(_, nanos)] => Some(Duration::from_nanos(nanos)),
            _ => None,
        }
    }

    /// One draw.
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        if let Some(constant) = self.as_constant() {
            return constant;
        }
        // The position is drawn in millionths of a thousandth, so that spans of seconds still
        // spread over single nanoseconds.
        const FINE: u64 = 1_000_000;
        let position = match stream.is_calm() {
            true => 500 * FINE,
            false => stream.below(1_000 * FINE),
        };
        let above = self.points.partition_point(|(at, _)| at * FINE <= position);
        let (from, low) = self.points[above - 1];
        let (to, high) = self.points[above];
        let (along, rise, run) = (position - from * FINE, high - low, (to - from) * FINE);
        let risen = match along.checked_mul(rise) {
            Some(product) => product / run,
            // Exact for spans of any length; division of 128 bits is slow, and rarely needed.
            None => (u128::from(along) * u128::from(rise) / u128::from(run)) as u64,
        };
        Duration::from_nanos(low + risen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Lineage, Randomness, Root, Seeds};

    fn millis(values: [u64; 5]) -> [Duration; 5] {
        values.map(Duration::from_millis)
    }

    #[test]
    fn draws_reproduce_the_quantiles_they_were_given() {
        let table = Latency::quantiles(millis([80, 200, 600, 1_500, 2_000])).unwrap();
        let mut stream =
            Randomness::new(Seeds::derive(3)).stream(Root::Schedule, Lineage::of("t"), "latency");
        let mut draws: Vec<u128> = (0..20_000)
            .map(|_| table.draw(&mut stream).as_millis())
            .collect();
        draws.sort_unstable();
        for (rank, expected, tolerance) in
            [(10_000, 200, 5), (18_000, 600, 25), (19_800, 1_500, 60)]
        {
            let found = draws[rank] as i64;
            assert!(
                (found - expected).abs() <= tolerance,
                "rank {rank}: {found} ms"
            );
        }
        assert!(draws[0] >= 80 && draws[19_999] <= 2_000);
    }

    #[test]
    fn a_table_that_descends_is_refused_with_both_places() {
        let error = Latency::quantiles(millis([1, 20, 10, 30, 40])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "p90 (10000 µs) is below p50 (20000 µs): a quantile table must ascend"
        );
    }
}
