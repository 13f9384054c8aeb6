//! The seeds of one run: the one it is named by, and the three sub-seeds that follow from it.
//!
//! Each sub-seed can be given instead of the derived one, so that two are held while the third
//! varies: is it the workload, the faults, or the interleaving?

use reports::Seed;
use serde::{Deserialize, Serialize};

/// The seeds of one run. Sub-seeds not given follow from the run's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSeeds {
    /// Names the run.
    pub run: Seed,
    /// What clients ask for and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<Seed>,
    /// Which faults are drawn and what they hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Seed>,
    /// Task order and latencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Seed>,
}

impl RunSeeds {
    /// All derived from one.
    pub fn of(run: Seed) -> RunSeeds {
        RunSeeds {
            run,
            workload: None,
            plan: None,
            schedule: None,
        }
    }

    /// The same with another run seed: sub-seeds that were given stay.
    #[must_use]
    pub fn at(self, run: Seed) -> RunSeeds {
        RunSeeds { run, ..self }
    }

    /// The seeds the world draws from.
    pub fn resolve(self) -> sim::random::Seeds {
        let derived = sim::random::Seeds::derive(self.run.0);
        let given = |seed: Option<Seed>, derived| seed.map_or(derived, |seed| seed.0);
        sim::random::Seeds {
            workload: given(self.workload, derived.workload),
            plan: given(self.plan, derived.plan),
            schedule: given(self.schedule, derived.schedule),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_read_in_both_notations_up_to_the_last_bit() {
        for (text, expected) in [
            ("0", 0),
            ("42", 42),
            ("0x2a", 42),
            ("0XfF", 255),
            ("18446744073709551615", u64::MAX),
            ("0xffffffffffffffff", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Seed(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_seed_is_refused() {
        for text in [
            "",
            "-1",
            "+1",
            "0x",
            "0x+1",
            "1.5",
            "2a",
            "1_000",
            " 1",
            "18446744073709551616",
            "0x10000000000000000",
        ] {
            assert!(text.parse::<Seed>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_given_sub_seed_replaces_only_itself() {
        let derived = RunSeeds::of(Seed(7)).resolve();
        let given = RunSeeds {
            plan: Some(Seed(9)),
            ..RunSeeds::of(Seed(7))
        };
        let expected = sim::random::Seeds { plan: 9, ..derived };
        assert_eq!(given.resolve(), expected);
    }
}
