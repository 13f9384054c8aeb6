//! An alert from state to state: inactive → pending → firing → resolved.
//!
//! [`State::next`] is the machine, [`Watch`] runs it for every series of every rule. As in
//! Prometheus, an alert becomes pending at the first evaluation that finds its condition, fires at
//! the first one at which the condition has held for the rule's time without a break, and is
//! resolved at the first one that does not find it any more. What happens between two evaluations
//! nobody sees.

use std::collections::BTreeMap;
use std::time::Duration;

use sim::SimTime;
use sim::alert::AlertRule;
use sim::record::metrics::MetricKey;
use sim::record::scrapes::Scrapes;

use super::condition;
use super::transition::Transition;
use crate::defects::{Defect, Defects};

/// What an alert is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Its condition does not hold, and it never fired since it last was pending.
    #[default]
    Inactive,
    /// Its condition holds, not yet long enough.
    Pending,
    /// Its condition has held long enough.
    Firing,
    /// It fired, and its condition does not hold any more.
    Resolved,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            State::Inactive => "inactive",
            State::Pending => "pending",
            State::Firing => "firing",
            State::Resolved => "resolved",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<State> {
        let states = [
            State::Inactive,
            State::Pending,
            State::Firing,
            State::Resolved,
        ];
        states.into_iter().find(|state| state.name() == name)
    }

    /// What it becomes at an evaluation at which its condition has held for so long; nothing stands
    /// for a condition that does not hold.
    pub fn next(self, held: Option<Duration>, held_for: Duration) -> State {
        match (self, held) {
            (State::Firing, Some(_)) => State::Firing,
            (_, Some(held)) if held >= held_for => State::Firing,
            (_, Some(_)) => State::Pending,
            (State::Firing | State::Resolved, None) => State::Resolved,
            (State::Inactive | State::Pending, None) => State::Inactive,
        }
    }
}

/// An alert on one series.
#[derive(Clone, Copy, Debug, Default)]
struct Alert {
    state: State,
    /// When its condition was first found, while it holds.
    since: Option<SimTime>,
}

/// All alerts of a set of rules.
pub struct Watch {
    rules: &'static [AlertRule],
    defects: Defects,
    /// By the rule's position and the series.
    alerts: BTreeMap<(usize, MetricKey), Alert>,
}

impl Watch {
    /// Nothing is pending yet.
    pub fn new(rules: &'static [AlertRule], defects: Defects) -> Watch {
        Watch {
            rules,
            defects,
            alerts: BTreeMap::new(),
        }
    }

    /// Evaluates every rule at the last scrape; gives what changed, in the order of the rules.
    pub fn evaluate(&mut self, scrapes: &Scrapes) -> Vec<Transition> {
        let times = scrapes.times();
        let Some(scrape) = times.len().checked_sub(1) else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        for (position, rule) in self.rules.iter().enumerate() {
            for (key, series) in condition::selected(rule, scrapes) {
                let holds = condition::holds(rule.condition, series, times, scrape);
                let alert = self.alerts.entry((position, key.clone())).or_default();
                let before = alert.state;
                alert.step(rule, holds, times[scrape], &self.defects);
                if alert.state != before {
                    changes.push(Transition {
                        alert: rule.name.to_owned(),
                        labels: key.labels.clone(),
                        from: before,
                        to: alert.state,
                        severity: rule.severity.name().to_owned(),
                    });
                }
            }
        }
        changes
    }

    /// How many alerts of a rule, by name, are firing.
    pub fn firing(&self, rule: &str) -> usize {
        let of_rule = |position: usize| self.rules[position].name == rule;
        let alerts = self.alerts.iter();
        alerts
            .filter(|((position, _), alert)| of_rule(*position) && alert.state == State::Firing)
            .count()
    }
}

impl Alert {
    fn step(&mut self, rule: &AlertRule, holds: bool, now: SimTime, defects: &Defects) {
        if !holds && self.state == State::Firing && defects.has(Defect::AlertNeverResolves) {
            return;
        }
        self.since = holds.then(|| self.since.unwrap_or(now));
        let held_for = match defects.has(Defect::AlertFiresWithoutWaiting) {
            true => Duration::ZERO,
            false => rule.held_for,
        };
        let held = self.since.map(|since| now - since);
        self.state = self.state.next(held, held_for);
    }
}

#[cfg(test)]
mod tests {
    use sim::alert::{Condition, Severity};

    use super::State::{Firing, Inactive, Pending, Resolved};
    use super::*;

    #[test]
    fn every_state_goes_where_it_should() {
        let minute = Duration::from_secs(60);
        let almost = minute - Duration::from_nanos(1);
        for (state, held, next) in [
            (Inactive, None, Inactive),
            (Inactive, Some(Duration::ZERO), Pending),
            (Pending, None, Inactive),
            (Pending, Some(almost), Pending),
            (Pending, Some(minute), Firing),
            (Firing, Some(almost), Firing),
            (Firing, None, Resolved),
            (Resolved, None, Resolved),
            (Resolved, Some(Duration::ZERO), Pending),
        ] {
            assert_eq!(state.next(held, minute), next, "{state:?} held {held:?}");
        }
        assert_eq!(Inactive.next(Some(Duration::ZERO), Duration::ZERO), Firing);
    }

    const RULES: &[AlertRule] = &[AlertRule {
        name: "Deep",
        metric: "depth",
        labels: &[],
        condition: Condition::Above(10),
        held_for: Duration::from_secs(45),
        severity: Severity::Warning,
        summary: "",
        description: "",
    }];

    /// What changes over depths scraped every 15 s, as `scrape number: from → to`.
    fn changes(defects: Defects, depths: &[i64]) -> Vec<String> {
        let mut scrapes = Scrapes::default();
        let mut watch = Watch::new(RULES, defects);
        let key = MetricKey::new("depth", &[("queue", "a")]);
        let mut changes = Vec::new();
        for (number, depth) in depths.iter().enumerate() {
            let at = SimTime::from_millis(15_000 * (number as u64 + 1));
            scrapes.take(at, [], [(&key, *depth)]);
            for change in watch.evaluate(&scrapes) {
                assert_eq!(change.labels, key.labels);
                let (from, to) = (change.from.name(), change.to.name());
                changes.push(format!("{number}: {from} → {to}"));
            }
        }
        changes
    }

    #[test]
    fn an_alert_fires_when_its_condition_held_and_resolves_when_it_does_not() {
        let none = Defects::default();
        assert_eq!(
            changes(none.clone(), &[0, 11, 11, 11, 11, 99, 10, 10, 11, 0]),
            [
                "1: inactive → pending",
                "4: pending → firing",
                "6: firing → resolved",
                "8: resolved → pending",
                "9: pending → inactive",
            ]
        );
        // Three scrapes span 30 s only, and a break starts the waiting anew.
        assert_eq!(
            changes(none, &[11, 11, 11, 0, 11, 11, 11]),
            [
                "0: inactive → pending",
                "3: pending → inactive",
                "4: inactive → pending"
            ]
        );
    }

    #[test]
    fn each_bug_has_its_effect_and_no_other() {
        let depths = [11, 0, 11, 11, 11, 11, 0, 0];
        assert_eq!(
            changes(
                Defects::of([Defect::AlertFiresWithoutWaiting]),
                &depths[..2]
            ),
            ["0: inactive → firing", "1: firing → resolved"]
        );
        assert_eq!(
            changes(Defects::of([Defect::AlertNeverResolves]), &depths),
            [
                "0: inactive → pending",
                "1: pending → inactive",
                "2: inactive → pending",
                "5: pending → firing"
            ]
        );
    }
}
