//! Randomness keyed by cause.
//!
//! Nobody in a simulated crate owns a running generator. Who needs chance asks for a [`Stream`]
//! named by *what the draw is for*: one of the three roots of the run, a [`Lineage`] (which cause
//! led here) and a purpose. Two draws with different names never touch each other, so taking one
//! fault, one operation or one retry away leaves every unrelated draw of the run as it was. One
//! shared stream would re-roll everything after the first difference, and shrinking would chase
//! noise.
//!
//! The generator is ChaCha8 (rand_chacha); a stream's 256-bit key is the concatenation of the root
//! seed, the lineage and the purpose's hash.

use std::fmt;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::ratio::Ratio;
use crate::time::nanos_of;

/// The three sub-seeds of a run. Holding two while the third varies answers "is it the workload,
/// the faults, or the interleaving?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// Decides what clients ask for and when.
    pub workload: u64,
    /// Decides which faults are drawn, and what they do to a message or a write.
    pub plan: u64,
    /// Decides task order and latencies.
    pub schedule: u64,
}

impl Seeds {
    /// Derives all three from the one seed a person types.
    pub fn derive(run_seed: u64) -> Seeds {
        let part = |name: &str| xxh3_64_with_seed(name.as_bytes(), run_seed);
        Seeds {
            workload: part("workload"),
            plan: part("plan"),
            schedule: part("schedule"),
        }
    }

    /// Those of another course of chance, as unlike these as any, and each number another.
    #[must_use]
    pub fn in_future(self, number: u64) -> Seeds {
        let part = |seed| xxh3_64_with_seed(&number.to_le_bytes(), seed);
        Seeds {
            workload: part(self.workload),
            plan: part(self.plan),
            schedule: part(self.schedule),
        }
    }
}

/// Which of the three sub-seeds a draw belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// What clients ask for and when.
    Workload,
    /// Which faults there are and what they hit.
    Plan,
    /// How long things take.
    Schedule,
}

/// The name of a cause: a hash over the path from a root cause down to here.
///
/// A request's lineage names the requests, messages and retries that follow from it, whatever
/// else happens in the world meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lineage(u64);

impl Lineage {
    /// A first cause, such as a node's main task.
    pub fn of(name: &str) -> Lineage {
        Lineage(xxh3_64(name.as_bytes()))
    }

    /// The `index`-th thing of this `purpose` that follows from here.
    #[must_use]
    pub fn child(self, purpose: &str, index: u64) -> Lineage {
        let step = xxh3_64_with_seed(purpose.as_bytes(), self.0);
        Lineage(xxh3_64_with_seed(&index.to_le_bytes(), step))
    }

    /// The hash itself, for the fingerprint.
    pub fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "~{:016x}", self.0)
    }
}

/// Hands out streams; holds no state of its own.
#[derive(Clone, Copy, Debug)]
pub struct Randomness {
    seeds: Seeds,
}

impl Randomness {
    /// All the chance of a run with these seeds.
    pub fn new(seeds: Seeds) -> Randomness {
        Randomness { seeds }
    }

    /// The seeds this run draws from.
    pub fn seeds(&self) -> Seeds {
        self.seeds
    }

    /// The stream for one purpose of one cause. The same name always gives the same draws.
    #[inline]
    pub fn stream(&self, root: Root, lineage: Lineage, purpose: &str) -> Stream {
        let (seed, tag) = match root {
            Root::Workload => (self.seeds.workload, 1_u64),
            Root::Plan => (self.seeds.plan, 2),
            Root::Schedule => (self.seeds.schedule, 3),
        };
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&tag.to_le_bytes());
        key[16..24].copy_from_slice(&lineage.0.to_le_bytes());
        key[24..].copy_from_slice(&xxh3_64(purpose.as_bytes()).to_le_bytes());
        Stream {
            generator: ChaCha8Rng::from_seed(key),
            calm: false,
        }
    }
}

/// A short-lived generator for one purpose of one cause.
pub struct Stream {
    generator: ChaCha8Rng,
    calm: bool,
}

impl Stream {
    /// The same draws, except that whoever has a typical value takes that one.
    #[must_use]
    pub fn calmed(self) -> Stream {
        Stream { calm: true, ..self }
    }

    /// Whether the typical value is to be taken, by those who know one.
    pub fn is_calm(&self) -> bool {
        self.calm
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A number below `bound`, each as likely up to one part in 2⁶⁴⁄bound.
    ///
    /// # Panics
    /// When `bound` is zero: there is no such number.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below zero");
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "a range runs from its lower to its upper end");
        match (high - low).checked_add(1) {
            Some(width) => low + self.below(width),
            None => self.bits(),
        }
    }

    /// True with the given chance. Draws even when the answer is certain, so that switching a
    /// chance to never leaves the later draws of this stream alone.
    pub fn chance(&mut self, ratio: Ratio) -> bool {
        self.below(u64::from(ratio.denominator())) < u64::from(ratio.numerator())
    }

    /// A span from `low` to `high`, both included.
    pub fn span(&mut self, low: Duration, high: Duration) -> Duration {
        Duration::from_nanos(self.between(nanos_of(low), nanos_of(high)))
    }

    /// An exponentially distributed span with this mean: the gaps of events that know nothing of each
    /// other, such as the arrivals of many users.
    ///
    /// It takes von Neumann's comparison method ("Various techniques used in connection with random
    /// digits", 1951), which needs no logarithm: a run of falling uniform draws has odd length with
    /// exactly the probability wanted, so that the span is the same on every machine.
    ///
    /// # Panics
    /// When the span is longer than 584 years, which a mean of ten years practically never draws.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        let mut whole = 0_u128;
        loop {
            let first = self.bits();
            let (mut last, mut length) = (first, 1_u32);
            loop {
                let next = self.bits();
                if next > last {
                    break;
                }
                (last, length) = (next, length + 1);
            }
            if length % 2 == 1 {
                let mean = u128::from(nanos_of(mean));
                let nanos = mean * whole + ((mean * u128::from(first)) >> 64);
                let nanos = u64::try_from(nanos);
                return Duration::from_nanos(nanos.expect("a span is shorter than 584 years"));
            }
            whole += 1;
        }
    }

    /// One of the items.
    ///
    /// # Panics
    /// When there is none to pick from.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_draws(root: Root, lineage: Lineage, purpose: &str) -> Vec<u64> {
        let mut stream = Randomness::new(Seeds::derive(7)).stream(root, lineage, purpose);
        (0..4).map(|_| stream.bits()).collect()
    }

    #[test]
    fn a_name_always_gives_the_same_draws_and_another_name_others() {
        let here = Lineage::of("client-1").child("operation", 3);
        let draws = first_draws(Root::Plan, here, "loss");
        assert_eq!(draws, first_draws(Root::Plan, here, "loss"));
        for other in [
            first_draws(Root::Schedule, here, "loss"),
            first_draws(Root::Plan, here, "delay"),
            first_draws(Root::Plan, here.child("operation", 0), "loss"),
            first_draws(
                Root::Plan,
                Lineage::of("client-2").child("operation", 3),
                "loss",
            ),
        ] {
            assert_ne!(draws, other);
        }
    }

    #[test]
    fn draws_stay_inside_their_bounds() {
        let mut stream =
            Randomness::new(Seeds::derive(1)).stream(Root::Workload, Lineage::of("x"), "bounds");
        for bound in 1..200 {
            assert!(stream.below(bound) < bound);
            assert!((bound..=bound * 2).contains(&stream.between(bound, bound * 2)));
        }
        assert!(!stream.chance(Ratio::NEVER) && stream.chance(Ratio::ALWAYS));
    }

    #[test]
    fn a_chance_of_one_in_four_comes_true_about_a_quarter_of_the_time() {
        let mut stream =
            Randomness::new(Seeds::derive(1)).stream(Root::Workload, Lineage::of("x"), "quarter");
        let hits = (0..40_000)
            .filter(|_| stream.chance(Ratio::new(1, 4)))
            .count();
        assert!((9_600..=10_400).contains(&hits), "{hits} of 40,000");
    }

    #[test]
    fn exponential_spans_have_the_mean_and_the_tail_of_their_distribution() {
        let mut stream =
            Randomness::new(Seeds::derive(1)).stream(Root::Workload, Lineage::of("x"), "gaps");
        let spans: Vec<u64> = (0..100_000)
            .map(|_| nanos_of(stream.exponential(Duration::from_micros(1))))
            .collect();
        let mean = spans.iter().sum::<u64>() / 100_000;
        assert!((990..=1_010).contains(&mean), "mean {mean} ns of 1,000");
        // A span is longer than k means with the chance e to the -k.
        for (longer_than, expected) in [(500, 60_653), (1_000, 36_788), (3_000, 4_979)] {
            let longer = spans.iter().filter(|span| **span > longer_than).count();
            assert!(
                longer.abs_diff(expected) < 600,
                "{longer} of 100,000 are longer than {longer_than} ns, not {expected}"
            );
        }
    }
}
