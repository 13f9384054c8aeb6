//! The alerts fire when and only when their condition held for its time, and resolve.
//!
//! Judged from what was scraped: for every series a rule selects, the stretches of scrapes at which
//! its condition held are found anew, without the machine that evaluated them in the run. A stretch
//! that lasts the rule's time must have fired at the first scrape at which it had lasted it, and be
//! resolved at the scrape after its last; a shorter one must not show at all. It does not judge what
//! happened between two scrapes, nor whether the rules themselves are wise.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sim::SimTime;
use sim::alert::{AlertRule, Condition, Speed};
use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::metrics::MetricKey;
use sim::record::scrapes::{Scrapes, Series};

use crate::alerts::catalogue::RULES;
use crate::alerts::node::SCRAPE_EVERY;
use crate::alerts::rule::State;
use crate::alerts::transition::Transition;

pub(super) const CHECK: Check = Check {
    name: "alerts_right",
    kind: Kind::Eventually,
    promise: "alerts fire when and only when their condition held for its time, and resolve",
    judge,
};

/// An alert by its rule's name and its labels.
type Alert = (String, BTreeMap<String, String>);

/// An alert's firings: when it fired, and when it was resolved, if it was.
type Firings = BTreeMap<SimTime, Option<SimTime>>;

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let scrapes = &record.metrics.scrapes;
    seen_throughout(record, scrapes)?;
    let told = told(record);
    let due = due(scrapes);
    let alerts: BTreeSet<&Alert> = told.keys().chain(due.keys()).collect();
    let none = Firings::new();
    let mut evidence = Vec::new();
    for alert in alerts {
        let told = told.get(alert).unwrap_or(&none);
        let due = due.get(alert).unwrap_or(&none);
        evidence.extend(compare(alert, told, due));
    }
    Ok(evidence)
}

/// Whether somebody looked all the time: else nobody knows what should have fired.
fn seen_throughout(record: &Record, scrapes: &Scrapes) -> Result<(), String> {
    let last = scrapes.times().last().ok_or("nothing was ever scraped")?;
    let blind = record.simulated.since(*last) > SCRAPE_EVERY;
    match scrapes.gap(SCRAPE_EVERY).or(blind.then_some(*last)) {
        None => Ok(()),
        Some(before) => Err(format!(
            "the scrape after {before} was not taken when it was due"
        )),
    }
}

/// What the alerts did, by their own account.
fn told(record: &Record) -> BTreeMap<Alert, Firings> {
    let mut told: BTreeMap<Alert, Firings> = BTreeMap::new();
    for (at, change) in record.notes.iter().filter_map(Transition::read) {
        let firings = told.entry((change.alert, change.labels)).or_default();
        match (change.to, firings.last_entry()) {
            (State::Firing, _) => {
                firings.insert(at, None);
            }
            (_, Some(mut last)) if last.get().is_none() => {
                last.insert(Some(at));
            }
            _ => {}
        }
    }
    told.retain(|_, firings| !firings.is_empty());
    told
}

/// What they should have done, by what was scraped.
fn due(scrapes: &Scrapes) -> BTreeMap<Alert, Firings> {
    let mut due = BTreeMap::new();
    for rule in RULES {
        let all: Vec<(&MetricKey, &Series)> = match rule.condition {
            Condition::FasterThan(_) => scrapes.counters(rule.metric).collect(),
            _ => scrapes.gauges(rule.metric).collect(),
        };
        for (key, series) in all {
            let labelled = rule
                .labels
                .iter()
                .all(|(label, value)| key.labels.get(*label).map(String::as_str) == Some(*value));
            let firings = match labelled {
                true => firings_due(rule, series, scrapes.times()),
                false => continue,
            };
            if !firings.is_empty() {
                due.insert((rule.name.to_owned(), key.labels.clone()), firings);
            }
        }
    }
    due
}

/// The firings of one series: its stretches, as far as they last long enough.
fn firings_due(rule: &AlertRule, series: &Series, times: &[SimTime]) -> Firings {
    let values: Vec<Option<i64>> = (0..times.len()).map(|scrape| series.at(scrape)).collect();
    let held: Vec<bool> = (0..times.len())
        .map(|scrape| held(rule.condition, &values[..=scrape], times))
        .collect();
    let mut firings = Firings::new();
    let mut scrape = 0;
    for stretch in held.chunk_by(|before, after| before == after) {
        let (first, after) = (scrape, scrape + stretch.len());
        scrape = after;
        let long_enough = |at: &&SimTime| at.since(times[first]) >= rule.held_for;
        let fires = times[first..after].iter().find(long_enough);
        if let Some(fires) = fires.filter(|_| stretch[0]) {
            firings.insert(*fires, times.get(after).copied());
        }
    }
    firings
}

/// Whether a condition held at the last of these values.
fn held(condition: Condition, values: &[Option<i64>], times: &[SimTime]) -> bool {
    let now = values.last().copied().flatten();
    match condition {
        Condition::Above(limit) => now.is_some_and(|now| now > limit),
        Condition::FasterThan(speed) => speeds(speed, values, times),
    }
}

/// Whether `rate()`, as Prometheus 2 defines it, exceeds a limit: growth between the first and the
/// last sample of the closed window, stretched to the window's start as far as it may be.
fn speeds(speed: Speed, values: &[Option<i64>], times: &[SimTime]) -> bool {
    let end = times[values.len() - 1];
    let in_window: Vec<(i128, i128)> = values
        .iter()
        .zip(times)
        .filter(|(_, at)| end.since(**at) <= speed.window)
        .filter_map(|(value, at)| Some((i128::from(at.millis()), i128::from((*value)?))))
        .collect();
    let [(since, first), .., (until, last)] = in_window[..] else {
        return false;
    };
    let (grown, spanned) = (last - first, until - since);
    if grown <= 0 {
        return false;
    }
    let window = millis(speed.window);
    // How far the growth is stretched, as fractions of a millisecond: to the window's start, or to
    // where the counter was zero, whichever is nearer; and when that is not near, half a scrape.
    let to_start = (window - spanned, 1);
    let to_zero = (spanned * first, grown);
    let nearer = match to_start.0 * to_zero.1 <= to_zero.0 * to_start.1 {
        true => to_start,
        false => to_zero,
    };
    let scrapes = in_window.len() as i128 - 1;
    let is_near = nearer.0 * 10 * scrapes < 11 * spanned * nearer.1;
    let stretch = match is_near {
        true => nearer,
        false => (spanned, 2 * scrapes),
    };
    // grown · (spanned + stretch) ÷ spanned ÷ window > events ÷ per
    let stretched = spanned * stretch.1 + stretch.0;
    grown * stretched * millis(speed.per) > i128::from(speed.events) * spanned * window * stretch.1
}

fn millis(span: Duration) -> i128 {
    i128::try_from(span.as_millis()).expect("a rule's spans are short")
}

fn compare((rule, labels): &Alert, told: &Firings, due: &Firings) -> Vec<Evidence> {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, value)| format!("{label}=\"{value}\""))
        .collect();
    let subject = format!("{rule}{{{}}}", labels.join(","));
    let about = |at: SimTime, claim: String| Evidence {
        at: Some(at),
        ..Evidence::new(subject.clone(), claim)
    };
    let mut evidence = Vec::new();
    for (at, resolved) in told {
        let claim = match (due.get(at), resolved) {
            (None, _) => {
                let claim = format!("it fired at {at}, when its condition had not held its time");
                evidence.push(about(*at, claim));
                continue;
            }
            (Some(should), resolved) if should == resolved => continue,
            (Some(Some(should)), Some(resolved)) => {
                format!("its condition had ended by {should}, and it was resolved at {resolved}")
            }
            (Some(Some(should)), None) => {
                format!("its condition had ended by {should}, and it was never resolved")
            }
            (Some(None), _) => "it was resolved while its condition held".to_owned(),
        };
        evidence.push(about(due[at].or(*resolved).unwrap_or(*at), claim));
    }
    for at in due.keys().filter(|at| !told.contains_key(*at)) {
        let claim = format!("its condition had held its time at {at}, and it did not fire");
        evidence.push(about(*at, claim));
    }
    evidence
}
