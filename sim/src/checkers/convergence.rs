//! Convergence: once faults are lifted, every view must come to show the truth, and keep showing it.
//!
//! Two questions. [`check_final`] compares the last read of each view with the truth, key by key. [`check_in_time`] asks
//! whether a series of observations was right from a deadline on. Both answer unknown for a view that nobody could read:
//! silence is not agreement. Neither says anything about the time before the deadline.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::verdict::{Evidence, UnknownReason, Verdict};

/// What a view showed at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View<Key, Value> {
    /// What stood in it.
    Read(BTreeMap<Key, Value>),
    /// It could not be read, and why.
    Unread(String),
}

/// A view seen at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Nanoseconds since the start of the run.
    pub at_ns: u64,
    /// What was not as the truth has it; none if all was right.
    pub wrong: Option<String>,
}

/// The rules as they stand in evidence.
const MISSING: &str = "convergence-missing";
const STALE: &str = "convergence-stale";
const EXTRA: &str = "convergence-extra";
const LATE: &str = "convergence-late";

/// Compares the final read of each named view with the truth.
pub fn check_final<Key: Ord + Display, Value: PartialEq + Display>(
    truth: &BTreeMap<Key, Value>,
    views: &BTreeMap<String, View<Key, Value>>,
) -> Verdict {
    if views.is_empty() {
        return Verdict::Unknown(UnknownReason::NothingObserved);
    }
    views.iter().fold(Verdict::Held, |verdict, (name, view)| {
        verdict.and(compare(truth, name, view))
    })
}

fn compare<Key: Ord + Display, Value: PartialEq + Display>(
    truth: &BTreeMap<Key, Value>,
    name: &str,
    view: &View<Key, Value>,
) -> Verdict {
    let shown = match view {
        View::Read(shown) => shown,
        View::Unread(why) => {
            return Verdict::Unknown(UnknownReason::Unsettled(format!(
                "{name} could not be read: {why}"
            )));
        }
    };
    let mut evidence = Vec::new();
    let mut charge = |rule, statement| {
        evidence.push(Evidence {
            rule,
            statement,
            operations: vec![],
        })
    };
    for (key, value) in truth {
        match shown.get(key) {
            None => charge(
                MISSING,
                format!("{name} does not show {key}, which is {value}"),
            ),
            Some(other) if other != value => charge(
                STALE,
                format!("{name} shows {key} as {other}, but it is {value}"),
            ),
            Some(_) => {}
        }
    }
    for (key, value) in shown.iter().filter(|(key, _)| !truth.contains_key(key)) {
        charge(
            EXTRA,
            format!("{name} shows {key} as {value}, but there is no such thing"),
        );
    }
    Verdict::from_evidence(evidence)
}

/// Judges a series of sightings of one view: from `deadline_ns` on, every one must be right, and there must be one.
pub fn check_in_time(name: &str, sightings: &[Sighting], deadline_ns: u64) -> Verdict {
    let due: Vec<&Sighting> = sightings
        .iter()
        .filter(|sighting| sighting.at_ns >= deadline_ns)
        .collect();
    if due.is_empty() {
        let why =
            format!("{name} was not looked at after {deadline_ns} ns, when it was to be right");
        return Verdict::Unknown(UnknownReason::Unsettled(why));
    }
    let wrong = due
        .iter()
        .filter_map(|sighting| Some((sighting.at_ns, sighting.wrong.as_ref()?)));
    let evidence = wrong.map(|(at_ns, wrong)| Evidence {
        rule: LATE,
        statement: format!(
            "{name} was still wrong at {at_ns} ns, {} ns past its time: {wrong}",
            at_ns - deadline_ns
        ),
        operations: vec![],
    });
    Verdict::from_evidence(evidence.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&'static str, u32)]) -> BTreeMap<&'static str, u32> {
        entries.iter().copied().collect()
    }

    fn final_verdict(shown: Vec<View<&'static str, u32>>) -> Verdict {
        let truth = map(&[("a", 1), ("b", 2)]);
        let views = shown
            .into_iter()
            .enumerate()
            .map(|(number, view)| (format!("view {number}"), view))
            .collect();
        check_final(&truth, &views)
    }

    #[test]
    fn views_that_show_the_truth_are_held() {
        assert_eq!(
            final_verdict(vec![View::Read(map(&[("a", 1), ("b", 2)]))]),
            Verdict::Held
        );
    }

    #[test]
    fn each_difference_is_named() {
        let verdict = final_verdict(vec![
            View::Read(map(&[("a", 7), ("c", 3)])),
            View::Unread("down".into()),
        ]);
        insta::assert_snapshot!(verdict, @r#"
    violated
    convergence-stale: view 0 shows a as 7, but it is 1
    convergence-missing: view 0 does not show b, which is 2
    convergence-extra: view 0 shows c as 3, but there is no such thing
    "#);
    }

    #[test]
    fn a_view_nobody_read_is_unknown() {
        let right = View::Read(map(&[("a", 1), ("b", 2)]));
        let verdict = final_verdict(vec![right, View::Unread("connection refused".into())]);
        insta::assert_snapshot!(verdict, @"unknown: view 1 could not be read: connection refused");
        assert_eq!(final_verdict(vec![]).word(), "unknown");
    }

    #[test]
    fn only_sightings_past_the_deadline_count() {
        let sighting = |at_ns, wrong: Option<&str>| Sighting {
            at_ns,
            wrong: wrong.map(String::from),
        };
        let cases = [
            (
                "held",
                vec![
                    sighting(5, Some("b missing")),
                    sighting(10, None),
                    sighting(20, None),
                ],
            ),
            (
                "violated",
                vec![sighting(10, None), sighting(20, Some("b missing again"))],
            ),
            ("unknown", vec![sighting(5, None)]),
            ("unknown", vec![]),
        ];
        for (word, sightings) in cases {
            assert_eq!(
                check_in_time("index", &sightings, 10).word(),
                word,
                "{sightings:?}"
            );
        }
    }
}
