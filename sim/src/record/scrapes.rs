//! Scrapes: counters and gauges as a monitoring system sees them, at moments and not at changes.
//!
//! What a metric did between two scrapes is not here, on purpose: whoever judges an alert must see
//! what the alert saw. A series keeps the scrapes at which its value changed, so a quiet metric
//! costs nothing however long the run is. Start with [`Scrapes::take`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::metrics::MetricKey;
use crate::time::SimTime;

/// One metric over all scrapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// From which scrape on (by number) the value was this; nothing stands for absent.
    changes: Vec<(u32, Option<i64>)>,
    /// The last scrape that had a value for it.
    seen: u32,
}

impl Series {
    /// The value at a scrape, by number; nothing when the metric was absent.
    pub fn at(&self, scrape: usize) -> Option<i64> {
        let after = self
            .changes
            .partition_point(|(from, _)| *from as usize <= scrape);
        self.changes[..after].last().and_then(|(_, value)| *value)
    }

    /// The number of the first scrape that had a value.
    pub fn first(&self) -> Option<usize> {
        let present = self.changes.iter().find(|(_, value)| value.is_some());
        present.map(|(from, _)| *from as usize)
    }

    fn set(&mut self, scrape: u32, value: Option<i64>) {
        if self.changes.last().and_then(|(_, value)| *value) != value {
            self.changes.push((scrape, value));
        }
    }
}

/// All scrapes of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrapes {
    times: Vec<SimTime>,
    counters: BTreeMap<MetricKey, Series>,
    gauges: BTreeMap<MetricKey, Series>,
}

impl Scrapes {
    /// Takes a scrape. A gauge that is not given is absent from now on until it is given again, as
    /// one whose process does not answer; a counter keeps its last value, since it belongs to the run.
    ///
    /// # Panics
    /// When the scrape is not later than the one before, or a counter shrank: both are bugs of the
    /// caller.
    pub fn take<'a>(
        &mut self,
        at: SimTime,
        counters: impl IntoIterator<Item = (&'a MetricKey, u64)>,
        gauges: impl IntoIterator<Item = (&'a MetricKey, i64)>,
    ) {
        assert!(
            self.times.last().is_none_or(|last| *last < at),
            "scrapes are taken in the order of time"
        );
        let scrape = u32::try_from(self.times.len()).expect("fewer than 2^32 scrapes in a run");
        self.times.push(at);
        for (key, value) in counters {
            let value = i64::try_from(value).expect("a counter of a run stays below 2^63");
            let series = series_of(&mut self.counters, key);
            let former = series.changes.last().and_then(|(_, value)| *value);
            assert!(
                former.is_none_or(|former| former <= value),
                "counters never shrink, {key} did"
            );
            series.set(scrape, Some(value));
        }
        for (key, value) in gauges {
            let series = series_of(&mut self.gauges, key);
            series.set(scrape, Some(value));
            series.seen = scrape;
        }
        for series in self.gauges.values_mut() {
            if series.seen != scrape {
                series.set(scrape, None);
            }
        }
    }

    /// When scrapes were taken, ascending; a scrape's number is its position here.
    pub fn times(&self) -> &[SimTime] {
        &self.times
    }

    /// The counters of a name, by labels.
    pub fn counters(&self, name: &str) -> impl Iterator<Item = (&MetricKey, &Series)> {
        named(&self.counters, name)
    }

    /// The gauges of a name, by labels.
    pub fn gauges(&self, name: &str) -> impl Iterator<Item = (&MetricKey, &Series)> {
        named(&self.gauges, name)
    }

    /// The first scrape that another one does not follow in exactly `every`, when there is one.
    pub fn gap(&self, every: Duration) -> Option<SimTime> {
        let mut pairs = self.times.windows(2);
        let gap = pairs.find(|pair| pair[1] - pair[0] != every);
        gap.map(|pair| pair[0])
    }
}

fn series_of<'a>(all: &'a mut BTreeMap<MetricKey, Series>, key: &MetricKey) -> &'a mut Series {
    // The key is cloned for a new series only: scrapes are many, metrics few.
    if !all.contains_key(key) {
        all.insert(key.clone(), Series::default());
    }
    all.get_mut(key).expect("it was just inserted")
}

fn named<'a>(
    all: &'a BTreeMap<MetricKey, Series>,
    name: &str,
) -> impl Iterator<Item = (&'a MetricKey, &'a Series)> {
    // Keys are ordered by name, then by labels, and no labels come first.
    let from = MetricKey::new(name, &[]);
    let name = from.name.clone();
    all.range(from..)
        .take_while(move |(key, _)| key.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(label: &str) -> MetricKey {
        MetricKey::new("depth", &[("queue", label)])
    }

    fn taken(gauges: &[&[(&str, i64)]]) -> Scrapes {
        let mut scrapes = Scrapes::default();
        for (number, values) in gauges.iter().enumerate() {
            let keys: Vec<(MetricKey, i64)> = values
                .iter()
                .map(|(label, value)| (key(label), *value))
                .collect();
            scrapes.take(
                SimTime::from_millis(15_000 * (number as u64 + 1)),
                [],
                keys.iter().map(|(key, value)| (key, *value)),
            );
        }
        scrapes
    }

    #[test]
    fn a_gauge_is_what_it_was_at_each_scrape_and_absent_where_it_was_not_given() {
        let scrapes = taken(&[
            &[],
            &[("a", 1), ("b", 5)],
            &[("a", 1)],
            &[("a", 2), ("b", 5)],
            &[],
        ]);
        let values = |label: &str| {
            let wanted = key(label);
            let (_, series) = scrapes
                .gauges("depth")
                .find(|(key, _)| **key == wanted)
                .unwrap();
            (0..5).map(|scrape| series.at(scrape)).collect::<Vec<_>>()
        };
        assert_eq!(values("a"), [None, Some(1), Some(1), Some(2), None]);
        assert_eq!(values("b"), [None, Some(5), None, Some(5), None]);
    }

    #[test]
    fn a_series_keeps_changes_only() {
        let scrapes = taken(&[&[("a", 7)], &[("a", 7)], &[("a", 7)], &[("a", 8)]]);
        let (_, series) = scrapes.gauges("depth").next().unwrap();
        assert_eq!(series.changes, [(0, Some(7)), (3, Some(8))]);
        assert_eq!(series.first(), Some(0));
    }

    #[test]
    fn a_name_has_its_own_series_and_no_others() {
        let mut scrapes = Scrapes::default();
        let keys = ["dept", "depth", "depth.max", "depths"].map(|name| MetricKey::new(name, &[]));
        let labelled = key("a");
        let gauges = keys.iter().chain([&labelled]).map(|key| (key, 1));
        scrapes.take(SimTime::from_millis(1), [], gauges);
        let found: Vec<String> = scrapes
            .gauges("depth")
            .map(|(key, _)| key.to_string())
            .collect();
        assert_eq!(found, ["depth", "depth{queue=\"a\"}"]);
    }

    #[test]
    fn a_gap_is_told_by_the_scrape_before_it() {
        let mut scrapes = Scrapes::default();
        for millis in [15, 30, 45, 75, 90] {
            scrapes.take(SimTime::from_millis(millis), [], []);
        }
        let every = Duration::from_millis(15);
        assert_eq!(scrapes.gap(every), Some(SimTime::from_millis(45)));
        assert_eq!(Scrapes::default().gap(every), None);
    }
}
