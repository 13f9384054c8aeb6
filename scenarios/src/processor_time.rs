//! How much processor time work takes: a measure of cost that does not depend on what else the machine
//! does meanwhile.
//!
//! It is no clock of a run: nothing that a run does may depend on it.

#![expect(
    clippy::disallowed_methods,
    reason = "what work costs is measured on the real machine, outside any run"
)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// What the kernel tells a thread of itself: its time on a processor in nanoseconds, and two more figures.
const OWN_SCHEDULE: &str = "/proc/thread-self/schedstat";

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Does something and says how much processor time of this thread it took. Where the kernel does not tell
/// (elsewhere than on Linux), real time stands in for it.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = so_far();
    let result = work();
    (result, so_far().saturating_sub(before))
}

fn so_far() -> Duration {
    let told = std::fs::read_to_string(OWN_SCHEDULE).ok();
    let told = told.and_then(|text| on_processor(&text));
    told.unwrap_or_else(|| START.elapsed())
}

fn on_processor(schedule: &str) -> Option<Duration> {
    let nanoseconds = schedule.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_figure_is_taken_and_nonsense_is_not() {
        for (text, expected) in [
            ("11492806 52 1\n", Some(Duration::from_nanos(11_492_806))),
            ("", None),
            ("soon 52 1", None),
        ] {
            assert_eq!(on_processor(text), expected, "{text:?}");
        }
    }

    #[test]
    fn time_spent_never_shrinks() {
        let (inner, outer) = measured(|| measured(|| ()).1);
        assert!(inner <= outer, "{inner:?} {outer:?}");
    }
}
