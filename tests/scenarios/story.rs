//! How these tests read a run: what clients were told, what stands in the tables, what was measured
//! and logged. No tests of its own.

use model::alerts::transition::firings;
use scenarios::run::Outcome;
use sim::alert::Firing;
use sim::record::Record;
use sim::record::history::Outcome as Told;
use sim::record::value::Value;

use super::run_once::{complaints, run_with_log};

/// A run that kept every promise.
pub(super) struct Story {
    outcome: Outcome,
}

/// An operation, and the last its client was told about it.
pub(super) struct Operation<'a> {
    /// What was asked.
    pub function: &'a str,
    /// With which arguments.
    pub input: &'a Value,
    /// The last answer, whatever it was.
    pub answer: &'a Value,
    /// Whether the client was told that it is done.
    pub ok: bool,
    /// When it was asked, in milliseconds.
    pub asked_ms: u64,
    /// How long its client waited, in milliseconds.
    pub took_ms: u64,
}

impl Operation<'_> {
    /// The status of the answer.
    pub fn status(&self) -> i64 {
        self.answer.get("status").as_int().unwrap_or_default()
    }

    /// The code of the failure; empty when there was none.
    pub fn failure(&self) -> &str {
        self.answer.text("failure")
    }
}

impl Story {
    /// Runs a built-in scenario.
    pub fn of(name: &str, seed: u64) -> Story {
        Story::with(name, &[], seed)
    }

    /// Runs a built-in scenario with some values set.
    #[track_caller]
    pub fn with(name: &str, set: &[&str], seed: u64) -> Story {
        let outcome = run_with_log(name, set, seed);
        assert_eq!(
            complaints(&outcome),
            Vec::<String>::new(),
            "{name}, seed {seed}"
        );
        Story { outcome }
    }

    /// What the run left.
    pub fn record(&self) -> &Record {
        &self.outcome.record
    }

    /// Every operation in the order in which they were asked.
    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        self.record().history.iter().map(|(_, it)| {
            let (Told::Ok(answer) | Told::Fail(answer) | Told::Unknown(answer)) = &it.outcome;
            let completed = it.completed.expect("every client ends");
            Operation {
                function: &it.function,
                input: &it.input,
                answer,
                ok: it.is_ok(),
                asked_ms: it.invoked.millis(),
                took_ms: completed.millis() - it.invoked.millis(),
            }
        })
    }

    /// The operations of one kind.
    pub fn asked(&self, function: &str) -> Vec<Operation<'_>> {
        self.operations()
            .filter(|it| it.function == function)
            .collect()
    }

    /// A table as it was at the end.
    pub fn table(&self, name: &str) -> &[Value] {
        let table = self.record().facts.table(name);
        table.expect("every table was read")
    }

    /// The rows of a table that are about an asset.
    pub fn about(&self, table: &str, asset: &str) -> Vec<&Value> {
        let rows = self.table(table).iter();
        rows.filter(|row| row.text("asset") == asset).collect()
    }

    /// What was done to an asset, in the order of the entries.
    pub fn audit(&self, asset: &str) -> Vec<&str> {
        let mut entries = self.about("audit", asset);
        entries.sort_by_key(|entry| entry.get("entry").as_int());
        entries.iter().map(|entry| entry.text("action")).collect()
    }

    /// The alerts that were raised for a failure.
    pub fn alerts(&self, code: &str) -> Vec<&Value> {
        let alerts = self.table("alerts").iter();
        alerts.filter(|row| row.text("failure") == code).collect()
    }

    /// When alert rules fired.
    pub fn firings(&self, rule: &str) -> Vec<Firing> {
        let firings = firings(&self.record().notes).into_iter();
        firings.filter(|firing| firing.alert == rule).collect()
    }

    /// The sum of all counters of a name with at least these labels.
    pub fn counted(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let fits = |key: &sim::record::metrics::MetricKey| {
            let has = |(label, value): &(&str, &str)| {
                key.labels.get(*label).is_some_and(|is| is == value)
            };
            key.name == name && labels.iter().all(has)
        };
        let counters = self.record().metrics.counters();
        counters
            .filter(|(key, _)| fits(key))
            .map(|(_, value)| value)
            .sum()
    }

    /// What a node noted under a name, as (milliseconds, detail).
    pub fn notes(&self, name: &str) -> Vec<(u64, &Value)> {
        let notes = self.record().notes.iter().filter(|note| note.name == name);
        notes
            .map(|note| (note.at.millis(), &*note.detail))
            .collect()
    }

    /// Whether a state was reached.
    pub fn reached(&self, state: &str) -> bool {
        self.record().reached.contains(state)
    }
}
