//! Draws named by their cause: a seed, a purpose and a number give the same value, whatever else happened.
//!
//! It is the keyed hash behind [`sim::random::Lineage`] without the stream on top: the millions of small
//! draws of an incident need one number each.

use std::time::Duration;

use sim::random::Lineage;
use sim::time::nanos_of;

/// All the chance of one incident.
#[derive(Clone, Copy, Debug)]
pub struct Chance(Lineage);

impl Chance {
    /// That of a seed.
    pub fn of_seed(seed: u64) -> Chance {
        Chance(Lineage::of("incident").child("seed", seed))
    }

    /// A number below `bound`.
    ///
    /// # Panics
    /// When `bound` is zero: there is no such number.
    pub fn below(self, purpose: &str, index: u64, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below zero");
        let bits = self.0.child(purpose, index).value();
        ((u128::from(bits) * u128::from(bound)) >> 64) as u64
    }

    /// A span between three quarters and five quarters of this one.
    pub fn around(self, purpose: &str, index: u64, typical: Duration) -> Duration {
        let nanos = nanos_of(typical);
        let spread = nanos / 2;
        Duration::from_nanos(nanos - nanos / 4 + self.below(purpose, index, spread + 1))
    }

    /// A number below `bound` such that any stretch of consecutive indexes covers the range evenly: the
    /// multiples of the golden ratio, started at a point of the seed's.
    ///
    /// A figure over a few minutes then tells what happens, not which few numbers were drawn.
    pub fn spread(self, purpose: &str, index: u64, bound: u64) -> u64 {
        let start = self.0.child(purpose, u64::MAX).value();
        let bits = start.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        ((u128::from(bits) * u128::from(bound)) >> 64) as u64
    }
}
