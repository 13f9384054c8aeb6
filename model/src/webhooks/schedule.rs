//! When a delivery is tried again, and how often: retry schedules as data.
//!
//! A wait is at least what the schedule says, at most its jitter more, and never shorter than what
//! the receiver asked for. It does not know why an attempt failed: what is not to be tried again is
//! [`endpoint`](super::endpoint)'s word.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::random::Stream;
use sim::ratio::Ratio;

/// The longest wait that a receiver may ask for; beyond it, it might as well be down.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// A schedule by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Five retries: 5 minutes, doubling. The number and the shape are the course's; the first wait is
    /// the one it gives for links.
    #[default]
    Course,
    /// Ten attempts over 75 hours, as the example in the Standard Webhooks specification (1.0.0).
    StandardWebhooks,
    /// Eight attempts, as the Svix server is configured by default (`retry_schedule` in its
    /// `config.default.toml`).
    Svix,
    /// One attempt: GitHub redelivers only when somebody asks for it.
    Github,
}

/// How often and how far apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The waits after the first attempt, the second and so on; one attempt more than waits.
    pub waits: Cow<'static, [Duration]>,
    /// How much longer a wait may be, as a share of it: what failed together must not come together.
    pub jitter: Ratio,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

const TENTH: Ratio = Ratio::new(1, 10);

const COURSE: &[Duration] = &[
    seconds(300),
    seconds(600),
    seconds(1_200),
    seconds(2_400),
    seconds(4_800),
];

const STANDARD_WEBHOOKS: &[Duration] = &[
    seconds(5),
    seconds(300),
    seconds(1_800),
    seconds(7_200),
    seconds(18_000),
    seconds(36_000),
    seconds(50_400),
    seconds(72_000),
    seconds(86_400),
];

const SVIX: &[Duration] = &[
    seconds(5),
    seconds(300),
    seconds(1_800),
    seconds(7_200),
    seconds(18_000),
    seconds(36_000),
    seconds(36_000),
];

impl Profile {
    /// What it says.
    pub fn schedule(self) -> Schedule {
        let (waits, timeout) = match self {
            Profile::Course => (COURSE, seconds(15)),
            Profile::StandardWebhooks => (STANDARD_WEBHOOKS, seconds(15)),
            Profile::Svix => (SVIX, seconds(30)),
            Profile::Github => (&[][..], seconds(10)),
        };
        Schedule {
            waits: Cow::Borrowed(waits),
            jitter: TENTH,
            timeout,
        }
    }
}

impl Schedule {
    /// The same with other waits, in seconds.
    #[must_use]
    pub fn with_waits(self, waits_s: &[u32]) -> Schedule {
        let waits = waits_s.iter().map(|wait| seconds(u64::from(*wait)));
        Schedule {
            waits: waits.collect(),
            ..self
        }
    }

    /// How often is tried in all.
    pub fn attempts_max(&self) -> u32 {
        u32::try_from(self.waits.len()).expect("invariant: schedules are short") + 1
    }

    /// The shortest wait after so many attempts, from one; nothing when none is left.
    pub fn wait_at_least(&self, attempts: u32) -> Option<Duration> {
        let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
        self.waits.get(index).copied()
    }

    /// The wait after so many attempts, when the receiver asked for one.
    pub fn wait(
        &self,
        attempts: u32,
        asked: Option<Duration>,
        stream: &mut Stream,
    ) -> Option<Duration> {
        let least = self.wait_at_least(attempts)?;
        let spread = least * self.jitter.numerator() / self.jitter.denominator();
        let drawn = stream.span(least, least + spread);
        Some(drawn.max(asked.unwrap_or_default().min(RETRY_AFTER_MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::random::{Lineage, Randomness, Root, Seeds};

    fn stream(seed: u64) -> Stream {
        Randomness::new(Seeds::derive(seed)).stream(Root::Schedule, Lineage::of("t"), "retry")
    }

    #[test]
    fn each_profile_is_as_long_as_its_source_says() {
        for (profile, attempts, seconds) in [
            (Profile::Course, 6, 9_300),
            // 75:35:05 after the first attempt.
            (Profile::StandardWebhooks, 10, 272_105),
            (Profile::Svix, 8, 99_305),
            (Profile::Github, 1, 0),
        ] {
            let schedule = profile.schedule();
            let whole: Duration = schedule.waits.iter().sum();
            let found = (schedule.attempts_max(), whole.as_secs());
            assert_eq!(found, (attempts, seconds), "{profile:?}");
        }
    }

    #[test]
    fn waits_lie_between_the_schedules_and_a_tenth_more_and_end_with_it() {
        let schedule = Profile::Course.schedule();
        for seed in 0..100 {
            for (attempts, least) in (1..).zip(schedule.waits.iter()) {
                let wait = schedule.wait(attempts, None, &mut stream(seed)).unwrap();
                assert!((*least..=*least * 11 / 10).contains(&wait), "{wait:?}");
            }
        }
        let drawn = |seed| schedule.wait(1, None, &mut stream(seed));
        assert_ne!(drawn(1), drawn(2), "what failed together comes apart");
        assert_eq!(schedule.wait(6, None, &mut stream(1)), None);
        assert_eq!(schedule.wait_at_least(0), None);
    }

    #[test]
    fn other_waits_take_the_place_of_a_profiles_and_nothing_else() {
        let svix = Profile::Svix.schedule();
        let own = svix.clone().with_waits(&[2, 7]);
        assert_eq!(
            (own.attempts_max(), own.wait_at_least(2)),
            (3, Some(seconds(7)))
        );
        assert_eq!((own.jitter, own.timeout), (svix.jitter, svix.timeout));
        assert_eq!(svix.with_waits(&[]).attempts_max(), 1);
    }

    #[test]
    fn a_receiver_may_ask_for_more_patience_but_not_for_less_nor_for_ever() {
        let schedule = Profile::Course.schedule();
        let wait = |seconds| {
            let asked = Some(Duration::from_secs(seconds));
            schedule.wait(1, asked, &mut stream(3)).unwrap().as_secs()
        };
        assert_eq!(wait(1_000), 1_000);
        assert!((300..=330).contains(&wait(1)));
        assert_eq!(wait(1_000_000), RETRY_AFTER_MAX.as_secs());
    }
}
