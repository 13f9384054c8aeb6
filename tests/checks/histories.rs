//! Every check against hand-made histories: some it must accept, some it must reject.
//!
//! A fixture is a record in the small: `fixtures/histories/<check>/<name>.json` says what clients
//! saw, what the system held at the end, and which verdict is right. To add one, add a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::invariants::CHECKS;
use serde::Deserialize;
use sim::check::objective::Objective;
use sim::check::{Check, Verdict};
use sim::fault::Plan;
use sim::record::Record;
use sim::record::facts::Facts;
use sim::record::history::History;
use sim::record::metrics::MetricKey;
use sim::record::note::Note;
use sim::record::scrapes::Scrapes;
use sim::{Recorder, SimTime};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    /// Why the verdict is right; for the reader.
    about: String,
    verdict: String,
    /// The subjects of the evidence, when violated.
    #[serde(default)]
    subjects: Vec<String>,
    #[serde(default)]
    history: History,
    #[serde(default)]
    notes: Vec<Note>,
    #[serde(default)]
    facts: Facts,
    #[serde(default)]
    pending: Option<Vec<String>>,
    /// What the run was to suffer.
    #[serde(default)]
    plan: Plan,
    #[serde(default)]
    objectives: Vec<Objective>,
    #[serde(default)]
    spans_ms: BTreeMap<String, Vec<Spans>>,
    #[serde(default)]
    scrapes: Option<Scraped>,
}

/// So many measurements of so many milliseconds; without a length they failed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spans {
    ms: Option<u64>,
    count: u32,
}

/// What a monitoring system saw: so many scrapes, the first after one interval.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scraped {
    every_ms: u64,
    count: usize,
    /// Scrapes that were not taken, by number from zero.
    #[serde(default)]
    missed: Vec<usize>,
    #[serde(default)]
    counters: Vec<Series>,
    #[serde(default)]
    gauges: Vec<Series>,
}

/// A metric as it was scraped: values, each with how many scrapes in a row had it; null is absent.
/// The last one stays until the end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    values: Vec<(Option<i64>, usize)>,
}

impl Series {
    fn at(&self, scrape: usize) -> Option<(MetricKey, i64)> {
        let mut left = scrape;
        let found = self.values.iter().find(|(_, times)| {
            let here = left < *times;
            left = left.saturating_sub(*times);
            here
        });
        let (value, _) = found.or(self.values.last())?;
        let key = MetricKey {
            name: self.name.clone(),
            labels: self.labels.clone(),
        };
        Some((key, (*value)?))
    }
}

impl Scraped {
    fn scrapes(&self) -> Scrapes {
        let mut scrapes = Scrapes::default();
        let taken = (0..self.count).filter(|scrape| !self.missed.contains(scrape));
        for scrape in taken {
            let at = |all: &[Series]| -> Vec<(MetricKey, i64)> {
                all.iter().filter_map(|series| series.at(scrape)).collect()
            };
            let (counters, gauges) = (at(&self.counters), at(&self.gauges));
            scrapes.take(
                SimTime::from_millis(self.every_ms * (scrape as u64 + 1)),
                counters
                    .iter()
                    .map(|(key, value)| (key, value.unsigned_abs())),
                gauges.iter().map(|(key, value)| (key, *value)),
            );
        }
        scrapes
    }
}

impl Fixture {
    fn record(&self) -> Record {
        let mut observations = Recorder::default();
        observations.history = self.history.clone();
        observations.notes = self.notes.clone();
        observations.facts = self.facts.clone();
        observations.pending = self.pending.clone();
        observations.objectives = self.objectives.clone();
        for (name, spans) in &self.spans_ms {
            let histogram = observations.metrics.histogram(MetricKey::new(name, &[]));
            for Spans { ms, count } in spans {
                for _ in 0..*count {
                    match ms {
                        Some(ms) => histogram.record(Duration::from_millis(*ms)),
                        None => histogram.record_failure(),
                    }
                }
            }
        }
        if let Some(scraped) = &self.scrapes {
            observations.metrics.scrapes = scraped.scrapes();
        }
        let mut record = Record::observed(observations);
        record.plan = self.plan.clone();
        record
    }
}

fn fixtures(check: &Check) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/histories")
        .join(check.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| {
        panic!(
            "{} has histories in {}: {error}",
            check.name,
            folder.display()
        )
    });
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    files.sort();
    files
}

/// Judges one fixture; gives the verdict's name.
fn check(check: &Check, file: &Path) -> &'static str {
    let text = fs::read_to_string(file).expect("a fixture is readable");
    let fixture: Fixture =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let verdict = check.verdict(&fixture.record());
    let name = verdict.name();
    assert_eq!(
        name,
        fixture.verdict,
        "{}: {} ({verdict:?})",
        file.display(),
        fixture.about
    );
    let subjects: Vec<&str> = match &verdict {
        Verdict::Violated(evidence) => evidence.iter().map(|one| one.subject.as_str()).collect(),
        Verdict::Held | Verdict::Unknown(_) => Vec::new(),
    };
    assert_eq!(
        subjects,
        fixture.subjects,
        "{}: the subjects",
        file.display()
    );
    name
}

#[test]
fn every_check_accepts_and_rejects_and_admits_not_to_know() {
    for promise in CHECKS {
        let verdicts: Vec<_> = fixtures(promise)
            .iter()
            .map(|file| check(promise, file))
            .collect();
        for needed in ["held", "violated", "unknown"] {
            assert!(
                verdicts.contains(&needed),
                "{} has a history that is {needed}",
                promise.name
            );
        }
    }
}

#[test]
fn every_folder_of_histories_belongs_to_a_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/histories");
    for entry in fs::read_dir(folder).expect("the histories are there") {
        let name = entry
            .expect("a readable entry")
            .file_name()
            .into_string()
            .expect("an ASCII name");
        assert!(
            CHECKS.iter().any(|check| check.name == name),
            "`{name}` is a check"
        );
    }
}
