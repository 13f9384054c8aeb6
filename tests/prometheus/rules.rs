//! Rule files and their tests: our evaluation beside the real one.
//!
//! A run is exported as a test of the rules that watched it, and `promtool` evaluates them anew over
//! the same scrapes with its own code: it accepts exactly the alerts that fired in the run.

use std::cmp::Ordering;
use std::fs;

use model::alerts::catalogue::RULES;
use model::alerts::node::{OPS, SCRAPE_EVERY};
use model::alerts::rule::Watch;
use model::alerts::transition::{ALERT, firings};
use model::defects::{Defect, Defects};
use reports::Seed;
use reports::prometheus::{rule_tests, rules};
use scenarios::run::{JUDGEMENT_ONLY, RunOrder};
use scenarios::seeds::RunSeeds;
use sim::SimTime;
use sim::alert::Firing;
use sim::random::{Lineage, Randomness, Root, Seeds, Stream};
use sim::record::Record;
use sim::record::metrics::MetricKey;
use sim::record::note::Note;
use sim::record::scrapes::Scrapes;

use super::promtool::{Promtool, Said};
use super::watched::{Step, Watched, breaker, compensations, dead_letters};

/// What promtool says of the rules over some runs, each with the alerts it is claimed to have.
fn judged(tool: &Promtool, runs: &[(&Scrapes, &[Firing])]) -> Said {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, text: String| fs::write(path(name), text).expect("it can be written");
    write("rules.json", rules::render(RULES, SCRAPE_EVERY));
    let runs: Vec<rule_tests::Watched<'_>> = runs
        .iter()
        .map(|(scrapes, firings)| rule_tests::Watched { scrapes, firings })
        .collect();
    let tests = rule_tests::render("rules.json", RULES, SCRAPE_EVERY, &runs);
    write("tests.json", tests.expect("scrapes are even"));
    let path = path("tests.json");
    let path = path.to_str().expect("a temporary path is UTF-8");
    tool.call(&["test", "rules", path], None)
}

#[track_caller]
fn accepts(tool: &Promtool, scrapes: &Scrapes, firings: &[Firing]) {
    if let Err(said) = judged(tool, &[(scrapes, firings)]) {
        panic!("promtool disagrees with {firings:?}:\n{said}");
    }
}

#[track_caller]
fn accepts_run(tool: &Promtool, record: &Record) {
    accepts(tool, &record.metrics.scrapes, &firings(&record.notes));
}

/// What fired, as `alert from–until` in seconds.
fn told(record: &Record) -> Vec<String> {
    let seconds = |at: SimTime| at.millis() / 1_000;
    let mut told: Vec<String> = firings(&record.notes)
        .iter()
        .map(|firing| {
            let until = firing.until.map(|at| seconds(at).to_string());
            let (from, until) = (seconds(firing.from), until.unwrap_or_default());
            format!("{} {from}–{until}", firing.alert)
        })
        .collect();
    told.sort();
    told
}

/// Each alert with a script at which it fires at one scrape and is resolved at the next, and with
/// the same condition held for one scrape less.
fn scripts() -> [(&'static str, Vec<Step>, Vec<Step>); 4] {
    let open = |circuit, until| {
        vec![
            breaker(1_000, "core-1", circuit, 0),
            breaker(50_000, "core-1", circuit, 1),
            // A probe that fails: nothing is closed by it.
            breaker(80_000, "core-1", circuit, 2),
            breaker(95_000, "core-1", circuit, 1),
            breaker(until, "core-1", circuit, 0),
        ]
    };
    let deep = |until| {
        vec![
            dead_letters(50_000, "webhook", 1_001),
            dead_letters(until, "webhook", 1_000),
        ]
    };
    let undone = |bursts: &[u64]| {
        let bursts = bursts
            .iter()
            .map(|at| compensations(*at, "link_locker", 31));
        let first = compensations(50_000, "link_locker", 1);
        let mut steps: Vec<Step> = bursts.collect();
        steps.extend([first, compensations(600_000, "link_locker", 1)]);
        steps
    };
    [
        (
            "LockerCircuitOpen 360–375",
            open("locker", 365_000),
            open("locker", 355_000),
        ),
        (
            "LedgerCircuitOpen 120–135",
            open("ledger", 125_000),
            open("ledger", 115_000),
        ),
        (
            "HighSagaCompensationRate 375–390",
            undone(&[65_000, 80_000]),
            undone(&[65_000]),
        ),
        ("DLQBacklog 960–975", deep(965_000), deep(955_000)),
    ]
}

#[test]
fn the_rule_file_is_accepted() {
    let Some(tool) = Promtool::find("the rule file") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rules.json");
    fs::write(&path, rules::render(RULES, SCRAPE_EVERY)).expect("it can be written");
    let path = path.to_str().expect("a temporary path is UTF-8");
    let said = tool.call(&["check", "rules", path], None);
    let found = format!("{} rules found", RULES.len());
    assert!(
        said.as_ref().is_ok_and(|said| said.contains(&found)),
        "{said:?}"
    );
}

#[test]
fn a_condition_that_held_its_time_fires_and_one_scrape_less_does_not() {
    let tool = Promtool::find("firings at the limit");
    for (expected, long_enough, too_short) in scripts() {
        for (steps, expected) in [(long_enough, vec![expected]), (too_short, vec![])] {
            let record = Watched::of(steps).run(&Defects::default());
            assert_eq!(told(&record), expected);
            if let Some(tool) = &tool {
                accepts_run(tool, &record);
            }
        }
    }
}

#[test]
fn a_run_in_which_nothing_fires_is_quiet_there_too() {
    let Some(tool) = Promtool::find("a quiet run") else {
        return;
    };
    let selected = scenarios::file::select("happy-path", &[]);
    let scenario = selected.expect("a built-in scenario is valid").scenario;
    let outcome = scenarios::run::run(&RunOrder {
        scenario: &scenario,
        seeds: RunSeeds::of(Seed(1)),
        given: &scenarios::given::Given::NOTHING,
        defects: &Defects::default(),
        recording: JUDGEMENT_ONLY,
    });
    assert!(told(&outcome.record).is_empty());
    assert!(outcome.record.metrics.scrapes.times().len() > 5);
    accepts_run(&tool, &outcome.record);
}

/// How many drawn scripts both evaluate.
const DRAWN: u64 = 24;

#[test]
fn over_random_courses_both_alert_alike() {
    let Some(tool) = Promtool::find("random courses") else {
        return;
    };
    let records: Vec<Record> = (1..=DRAWN)
        .map(|seed| Watched::drawn(seed).run(&Defects::default()))
        .collect();
    let fired: Vec<Vec<Firing>> = records
        .iter()
        .map(|record| firings(&record.notes))
        .collect();
    for rule in RULES {
        let of_rule = fired.iter().flatten().filter(|one| one.alert == rule.name);
        let resolved = of_rule.filter(|firing| firing.until.is_some()).count();
        assert!(resolved > 4, "{} fired {resolved} times only", rule.name);
    }
    let runs: Vec<(&Scrapes, &[Firing])> = records
        .iter()
        .zip(&fired)
        .map(|(record, fired)| (&record.metrics.scrapes, fired.as_slice()))
        .collect();
    if judged(&tool, &runs).is_ok() {
        return;
    }
    for (seed, run) in (1..).zip(&runs) {
        if let Err(said) = judged(&tool, std::slice::from_ref(run)) {
            panic!("promtool disagrees at seed {seed}:\n{said}");
        }
    }
}

/// How many counters begin while they are scraped.
const YOUNG: u64 = 200;

/// Counters that begin at some value and grow at about the limit, scraped for twenty minutes: their
/// first five minutes are a matter of extrapolation.
fn young_counters() -> Scrapes {
    let randomness = Randomness::new(Seeds::derive(1));
    let mut counters: Vec<(MetricKey, u64, Stream, u64)> = (0..YOUNG)
        .map(|number| {
            let lineage = Lineage::of("young counters").child("counter", number);
            let mut stream = randomness.stream(Root::Workload, lineage, "course");
            let step = format!("step-{number}");
            let key = MetricKey::new("core.saga.compensations", &[("step", step.as_str())]);
            let begins = stream.between(1, 20);
            let value = stream.between(0, 40);
            (key, begins, stream, value)
        })
        .collect();
    let mut scrapes = Scrapes::default();
    for number in 1..=80 {
        for (_, begins, stream, value) in &mut counters {
            match number.cmp(&(*begins + 1)) {
                Ordering::Less => {}
                Ordering::Equal => *value += stream.between(0, 40),
                Ordering::Greater => *value += stream.between(0, 3),
            }
        }
        let there = counters.iter().filter(|(_, begins, ..)| *begins <= number);
        let there = there.map(|(key, _, _, value)| (key, *value));
        scrapes.take(SimTime::from_millis(15_000 * number), there, []);
    }
    scrapes
}

/// What fires over scrapes that no run made.
fn evaluated(all: &Scrapes) -> Vec<Firing> {
    let mut watch = Watch::new(RULES, Defects::default());
    let mut seen = Scrapes::default();
    let mut notes = Vec::new();
    for (number, at) in all.times().iter().enumerate() {
        let counters = all.counters("core.saga.compensations");
        let values: Vec<(&MetricKey, u64)> = counters
            .filter_map(|(key, series)| Some((key, series.at(number)?.unsigned_abs())))
            .collect();
        seen.take(*at, values, []);
        notes.extend(watch.evaluate(&seen).into_iter().map(|change| Note {
            at: *at,
            node: OPS.to_owned(),
            incarnation: 0,
            name: ALERT.to_owned(),
            detail: change.to_value().into(),
        }));
    }
    firings(&notes)
}

#[test]
fn counters_that_have_just_begun_are_extrapolated_alike() {
    let Some(tool) = Promtool::find("young counters") else {
        return;
    };
    let scrapes = young_counters();
    let fired = evaluated(&scrapes);
    assert!(fired.len() > 50, "{}", fired.len());
    accepts(&tool, &scrapes, &fired);
}

#[test]
fn a_wrong_account_is_refused() {
    let Some(tool) = Promtool::find("a wrong account") else {
        return;
    };
    let wrong = |defect| {
        let record = Watched::drawn(1).run(&Defects::of([defect]));
        judged(&tool, &[(&record.metrics.scrapes, &firings(&record.notes))])
    };
    for defect in [Defect::AlertFiresWithoutWaiting, Defect::AlertNeverResolves] {
        let said = wrong(defect);
        assert!(said.is_err_and(|said| said.contains("FAILED")), "{defect}");
    }
    let record = Watched::drawn(1).run(&Defects::default());
    let right = firings(&record.notes);
    assert!(judged(&tool, &[(&record.metrics.scrapes, &right)]).is_ok());
    assert!(right.len() > 4, "{right:?}");
    for left_out in 0..right.len() {
        let mut one_less = right.clone();
        one_less.remove(left_out);
        assert!(judged(&tool, &[(&record.metrics.scrapes, &one_less)]).is_err());
    }
}
