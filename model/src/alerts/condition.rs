//! Whether a rule's condition holds of a series at a scrape, by integers alone.
//!
//! Gauges are compared as they were scraped; one that is absent satisfies nothing. The speed of a
//! counter is `rate()` of Prometheus 2 evaluated at the scrape, as an exact fraction instead of a
//! float:
//!
//! * The window is closed at both ends, so 5 minutes of scrapes every 15 s hold 21 values. (From
//!   Prometheus 3 on it is open at its left end, and holds 20.)
//! * When the counter was there at the window's start, speed is growth divided by the window.
//! * When it was not, growth is extrapolated towards that start: to it when it is nearer than 1.1
//!   scrapes, else by half a scrape; but never further than to where the counter would have been
//!   zero. Hence a counter that was scraped as zero is not extrapolated at all, and what a counter
//!   already stood at when it was first scraped is growth only as far as extrapolation says.
//! * At the other end nothing is extrapolated: the evaluation comes with the scrape.
//! * Counters belong to the run and not to a process, so they never fall and are never reset.
//!
//! Where a speed meets its limit exactly, a float may round to the other side; the rules' own limits
//! do not.

use sim::SimTime;
use sim::alert::{AlertRule, Condition, Speed};
use sim::record::metrics::MetricKey;
use sim::record::scrapes::{Scrapes, Series};
use sim::time::nanos_of;

/// The series a rule looks at.
pub fn selected<'a>(rule: &'a AlertRule, scrapes: &'a Scrapes) -> Vec<(&'a MetricKey, &'a Series)> {
    let fits = |(key, _): &(&MetricKey, &Series)| rule.selects(key);
    match rule.condition {
        Condition::Above(_) => scrapes.gauges(rule.metric).filter(fits).collect(),
        Condition::FasterThan(_) => scrapes.counters(rule.metric).filter(fits).collect(),
    }
}

/// Whether a condition holds of a series at a scrape, by number.
pub fn holds(condition: Condition, series: &Series, times: &[SimTime], scrape: usize) -> bool {
    match condition {
        Condition::Above(limit) => series.at(scrape).is_some_and(|value| value > limit),
        Condition::FasterThan(speed) => grows_faster(speed, series, times, scrape),
    }
}

fn grows_faster(speed: Speed, series: &Series, times: &[SimTime], scrape: usize) -> bool {
    let Some(appeared) = series.first() else {
        return false;
    };
    let now = times[scrape].nanos();
    let window = nanos_of(speed.window);
    // The window may reach back before the run began; then all scrapes are in it.
    let begins = now.saturating_sub(window);
    let first = times
        .partition_point(|time| time.nanos() < begins)
        .max(appeared);
    if first >= scrape {
        return false;
    }
    let value = |scrape| series.at(scrape).expect("a counter stays once it is there");
    let (from, to) = (value(first), value(scrape));
    let grown = u128::from(from.abs_diff(to));
    let spanned = now - times[first].nanos();
    let growth = Growth {
        grown,
        stood_at: u128::from(from.unsigned_abs()),
        spanned: u128::from(spanned),
        // Time of the window before the first value; the run's beginning does not shorten it.
        unseen: u128::from(window - spanned),
        gaps: (scrape - first) as u128,
    };
    let (upper, lower) = growth.extrapolated();
    // growth ÷ window > events ÷ per. A run's figures stay far below saturation, where both sides
    // would be equal and nothing would fire.
    let left = upper.saturating_mul(speed.per.as_nanos());
    let right = lower
        .saturating_mul(u128::from(speed.events))
        .saturating_mul(u128::from(window));
    left > right
}

/// What a window saw of a counter; times in nanoseconds.
struct Growth {
    grown: u128,
    stood_at: u128,
    spanned: u128,
    unseen: u128,
    gaps: u128,
}

impl Growth {
    /// The growth over the whole window, as a fraction.
    fn extrapolated(&self) -> (u128, u128) {
        let Growth {
            grown,
            stood_at,
            spanned,
            unseen,
            gaps,
        } = *self;
        // Extrapolating to zero adds exactly what the counter stood at.
        let to_zero = grown > 0 && spanned.saturating_mul(stood_at) < unseen.saturating_mul(grown);
        let near = match to_zero {
            true => 10 * gaps * stood_at < 11 * grown,
            false => 10 * gaps * unseen < 11 * spanned,
        };
        match (near, to_zero) {
            (true, true) => (grown + stood_at, 1),
            (true, false) => (grown.saturating_mul(spanned + unseen), spanned),
            (false, _) => (grown.saturating_mul(2 * gaps + 1), 2 * gaps),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SPEED: Speed = Speed {
        window: Duration::from_secs(300),
        events: 1,
        per: Duration::from_secs(10),
    };

    /// Scrapes of one counter, every 15 s; nothing before it appeared.
    fn scraped(values: &[Option<u64>]) -> Scrapes {
        let mut scrapes = Scrapes::default();
        let key = MetricKey::new("undone", &[]);
        for (number, value) in (1..).zip(values) {
            let counters = value.map(|value| (&key, value));
            scrapes.take(SimTime::from_millis(15_000 * number), counters, []);
        }
        scrapes
    }

    #[track_caller]
    fn check(values: &[Option<u64>], expected: bool) {
        let scrapes = scraped(values);
        let series = scrapes.counters("undone").next();
        let found = series.is_some_and(|(_, series)| {
            let times = scrapes.times();
            holds(Condition::FasterThan(SPEED), series, times, times.len() - 1)
        });
        assert_eq!(found, expected, "{values:?}");
    }

    /// So many scrapes of one value.
    fn still(value: u64, times: usize) -> Vec<Option<u64>> {
        vec![Some(value); times]
    }

    #[test]
    fn a_whole_window_grows_by_more_than_its_limit_or_not() {
        for (grown, expected) in [(30, false), (31, true)] {
            check(&[still(7, 20), still(7 + grown, 1)].concat(), expected);
            // What happened before the window does not matter.
            check(
                &[still(0, 9), still(70, 20), still(70 + grown, 1)].concat(),
                expected,
            );
            // The window's first instant belongs to it.
            check(&[still(0, 1), still(grown, 20)].concat(), expected);
            check(&[still(0, 1), still(grown, 21)].concat(), false);
        }
    }

    #[test]
    fn a_counter_that_began_at_zero_is_not_extrapolated() {
        check(&[still(0, 1), still(30, 1)].concat(), false);
        check(&[still(0, 1), still(31, 1)].concat(), true);
        check(&[vec![None; 5], still(0, 1), still(31, 3)].concat(), true);
    }

    #[test]
    fn what_a_counter_first_stood_at_counts_as_far_as_extrapolation_says() {
        // One value is no growth, however high.
        check(&still(1_000, 1), false);
        check(&still(1_000, 20), false);
        // 20 within 15 s, extrapolated by half a scrape to 30, then 21 to 31.5.
        check(&[still(1_000, 1), still(1_020, 1)].concat(), false);
        check(&[still(1_000, 1), still(1_021, 1)].concat(), true);
        // From 5 to 25 within 15 s it came from zero 3.75 s ago: 25. From 5 to 31 likewise: 31.
        check(&[still(5, 1), still(25, 1)].concat(), false);
        check(&[still(5, 1), still(31, 1)].concat(), true);
        // One scrape is missing at the window's start: extrapolated to it, 29 ÷ 285 s > 1 ÷ 10 s.
        check(&[still(900, 19), still(929, 1)].concat(), true);
        check(&[still(900, 19), still(928, 1)].concat(), false);
    }

    #[test]
    fn gauges_are_compared_as_scraped_and_absent_ones_satisfy_nothing() {
        let mut scrapes = Scrapes::default();
        let key = MetricKey::new("depth", &[]);
        for (second, value) in [(15, Some(1_000)), (30, Some(1_001)), (45, None)] {
            let gauge = value.map(|value| (&key, value));
            scrapes.take(SimTime::from_millis(1_000 * second), [], gauge);
        }
        let (_, series) = scrapes.gauges("depth").next().unwrap();
        let held = |condition| [0, 1, 2].map(|at| holds(condition, series, scrapes.times(), at));
        assert_eq!(held(Condition::Above(1_000)), [false, true, false]);
        assert_eq!(held(Condition::Above(-1)), [true, true, false]);
    }
}
