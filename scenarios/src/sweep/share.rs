//! Which seeds a sweep runs, and in which order: seeds that failed before, then a range, or of that
//! range the share that this machine has.
//!
//! Shares are interleaved: share 2 of 3 has the second, fifth, eighth seed. So each gets its part of a
//! stretch of slow seeds, and a share is known without knowing the others.

use std::fmt;
use std::str::FromStr;

use reports::Seed;
use serde::{Deserialize, Serialize};

/// A share of a sweep, such as the second of three: `2/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Which, counted from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

/// A text that is no share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no share: write which of how many, counted from 1, such as `2/3`")]
pub struct ShareError(String);

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Share, ShareError> {
        let refused = || ShareError(text.to_owned());
        let (number, of) = text.split_once('/').ok_or_else(refused)?;
        let (number, of) = (number.parse().ok(), of.parse().ok());
        let (Some(number), Some(of)) = (number, of) else {
            return Err(refused());
        };
        if number == 0 || number > of {
            return Err(refused());
        }
        Ok(Share { number, of })
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Share {
    /// All of it.
    pub const WHOLE: Share = Share { number: 1, of: 1 };

    /// The share that an array of jobs gives this one, as its environment says: Slurm's job arrays,
    /// Kubernetes' indexed jobs and GitLab's `parallel`. GitHub has no such variables: give the matrix's
    /// values to `--shard`.
    ///
    /// # Errors
    /// When no array is there, or what it says makes no sense; in words.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Share, String> {
        let number = |name: &str| -> Result<Option<u32>, String> {
            let Some(text) = get(name).filter(|text| !text.is_empty()) else {
                return Ok(None);
            };
            let parsed = text.trim().parse();
            parsed
                .map(Some)
                .map_err(|_| format!("`{name}` is `{text}`, which is no number"))
        };
        if let (Some(task), Some(first), Some(count)) = (
            number("SLURM_ARRAY_TASK_ID")?,
            number("SLURM_ARRAY_TASK_MIN")?,
            number("SLURM_ARRAY_TASK_COUNT")?,
        ) {
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let index = task.checked_sub(first).map(|offset| offset / step);
            return share_of("SLURM_ARRAY_TASK_ID", index, count);
        }
        if let Some(index) = number("JOB_COMPLETION_INDEX")? {
            // Kubernetes does not tell a pod how many there are; its manifest can.
            let count = number("JOB_COMPLETIONS")?.ok_or(
                "`JOB_COMPLETION_INDEX` is set and `JOB_COMPLETIONS` is not: put spec.completions of the \
                 job into the container's environment under that name",
            )?;
            return share_of("JOB_COMPLETION_INDEX", Some(index), count);
        }
        if let (Some(index), Some(count)) = (number("CI_NODE_INDEX")?, number("CI_NODE_TOTAL")?) {
            return share_of("CI_NODE_INDEX", index.checked_sub(1), count);
        }
        Err(
            "this is no job of an array: neither SLURM_ARRAY_TASK_ID, _MIN and _COUNT, nor \
             JOB_COMPLETION_INDEX and JOB_COMPLETIONS, nor CI_NODE_INDEX and CI_NODE_TOTAL are set"
                .to_owned(),
        )
    }
}

fn share_of(name: &str, index: Option<u32>, of: u32) -> Result<Share, String> {
    match index {
        Some(index) if index < of => Ok(Share {
            number: index + 1,
            of,
        }),
        _ => Err(format!("`{name}` is not one of {of} jobs")),
    }
}

/// The seeds of a sweep by position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// Seeds that are run before all others.
    pub first: Vec<Seed>,
    /// The first seed of the range.
    pub from: Seed,
    /// How many seeds the whole range has.
    pub range: u64,
    /// Which share of it is run.
    pub share: Share,
}

impl Seeds {
    /// So many seeds from one on.
    pub fn range(from: Seed, range: u64) -> Seeds {
        Seeds {
            first: Vec::new(),
            from,
            range,
            share: Share::WHOLE,
        }
    }

    /// How many there are to run.
    pub fn count(&self) -> u64 {
        let before = u64::from(self.share.number - 1);
        let of_range = self
            .range
            .saturating_sub(before)
            .div_ceil(u64::from(self.share.of));
        self.first.len() as u64 + of_range
    }

    /// The seed at a position.
    pub fn at(&self, position: u64) -> Seed {
        match self.first.get(position as usize) {
            Some(seed) => *seed,
            None => Seed(self.from.0.wrapping_add(self.in_range(position))),
        }
    }

    /// Seeds that are run although the range does not have them: who chose them knew that they failed.
    pub fn chosen(&self) -> impl Iterator<Item = Seed> {
        let in_range = |seed: &Seed| seed.0.wrapping_sub(self.from.0) < self.range;
        self.first.iter().copied().filter(move |it| !in_range(it))
    }

    /// The position in the whole range, whatever the share.
    pub fn in_range(&self, position: u64) -> u64 {
        let own = position.saturating_sub(self.first.len() as u64);
        own * u64::from(self.share.of) + u64::from(self.share.number - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn from(variables: &[(&str, &str)]) -> Result<String, String> {
        let get = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Share::from_environment(get).map(|share| share.to_string())
    }

    #[test]
    fn each_kind_of_job_array_gives_its_share() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "14"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
        ];
        assert_eq!(from(&slurm), Ok("3/4".to_owned()));
        let kubernetes = [("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "5")];
        assert_eq!(from(&kubernetes), Ok("1/5".to_owned()));
        let gitlab = [("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "3")];
        assert_eq!(from(&gitlab), Ok("3/3".to_owned()));
    }

    #[test]
    fn an_environment_without_a_sensible_array_is_refused() {
        for (variables, expected) in [
            (&[][..], "no job of an array"),
            (
                &[("CI_NODE_INDEX", "x"), ("CI_NODE_TOTAL", "3")][..],
                "no number",
            ),
            (
                &[("CI_NODE_INDEX", "4"), ("CI_NODE_TOTAL", "3")][..],
                "not one of 3",
            ),
            (
                &[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "3")][..],
                "not one of 3",
            ),
            (&[("JOB_COMPLETION_INDEX", "1")][..], "spec.completions"),
        ] {
            let error = from(variables).unwrap_err();
            assert!(error.contains(expected), "{variables:?}: {error}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "1", "0/3", "4/3", "1/0", "a/b", "1/3/5", "-1/3"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_seed_of_the_range_is_not_chosen_though_it_is_run_first() {
        let first = vec![Seed(9), Seed(10), Seed(14), Seed(15), Seed(0)];
        let seeds = Seeds {
            first,
            ..Seeds::range(Seed(10), 5)
        };
        assert_eq!(
            seeds.chosen().collect::<Vec<_>>(),
            [Seed(9), Seed(15), Seed(0)]
        );
    }

    proptest! {
        #[test]
        fn the_shares_of_a_range_have_each_seed_once(from in any::<u64>(), range in 0_u64..300, of in 1_u32..9) {
            let mut all = Vec::new();
            for number in 1..=of {
                let seeds = Seeds { share: Share { number, of }, ..Seeds::range(Seed(from), range) };
                all.extend((0..seeds.count()).map(|position| seeds.at(position).0.wrapping_sub(from)));
            }
            all.sort_unstable();
            prop_assert_eq!(all, (0..range).collect::<Vec<_>>());
        }
    }
}
