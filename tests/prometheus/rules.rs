//! Rule files and their tests: our evaluation beside the real one.
//!
//! A run is exported as a test of the rules that watched it, and `promtool` evaluates them anew over
//! the same scrapes with its own code: it accepts exactly the alerts that fired in the run.

use std::fs;

use model::alerts::catalogue::RULES;
use model::alerts::node::SCRAPE_EVERY;
use model::alerts::transition::firings;
use model::defects::{Defect, Defects};
use reports::Seed;
use reports::prometheus::{rule_tests, rules};
use scenarios::run::{JUDGEMENT_ONLY, RunOrder};
use scenarios::seeds::RunSeeds;
use sim::alert::Firing;
use sim::record::Record;

use super::promtool::{Promtool, Said};
use super::watched::{Step, Watched, breaker, compensations, dead_letters};

/// What promtool says of the rules over some runs, each with the alerts it is claimed to have.
fn judged(tool: &Promtool, runs: &[(&Record, &[Firing])]) -> Said {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, text: String| fs::write(path(name), text).expect("it can be written");
    write("rules.json", rules::render(RULES, SCRAPE_EVERY));
    let runs: Vec<rule_tests::Watched<'_>> = runs
        .iter()
        .map(|(record, firings)| rule_tests::Watched {
            scrapes: &record.metrics.scrapes,
            firings,
        })
        .collect();
    let tests = rule_tests::render("rules.json", RULES, SCRAPE_EVERY, &runs);
    write("tests.json", tests.expect("scrapes are even"));
    let path = path("tests.json");
    let path = path.to_str().expect("a temporary path is UTF-8");
    tool.call(&["test", "rules", path], None)
}

#[track_caller]
fn accepts(tool: &Promtool, record: &Record) {
    let firings = firings(&record.notes);
    if let Err(said) = judged(tool, &[(record, &firings)]) {
        panic!("promtool disagrees with {firings:?}:\n{said}");
    }
}

/// What fired, as `alert from–until` in seconds.
fn told(record: &Record) -> Vec<String> {
    let seconds = |at: sim::SimTime| at.millis() / 1_000;
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
            breaker(until, "core-1", circuit, 2),
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
                accepts(tool, &record);
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
        plan: None,
        defects: &Defects::default(),
        recording: JUDGEMENT_ONLY,
    });
    assert!(told(&outcome.record).is_empty());
    assert!(outcome.record.metrics.scrapes.times().len() > 5);
    accepts(&tool, &outcome.record);
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
    let runs: Vec<(&Record, &[Firing])> = records
        .iter()
        .zip(&fired)
        .map(|(record, fired)| (record, fired.as_slice()))
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

#[test]
fn a_wrong_account_is_refused() {
    let Some(tool) = Promtool::find("a wrong account") else {
        return;
    };
    let wrong = |defect| {
        let record = Watched::drawn(1).run(&Defects::of([defect]));
        judged(&tool, &[(&record, &firings(&record.notes))])
    };
    for defect in [Defect::AlertFiresWithoutWaiting, Defect::AlertNeverResolves] {
        let said = wrong(defect);
        assert!(said.is_err_and(|said| said.contains("FAILED")), "{defect}");
    }
    let record = Watched::drawn(1).run(&Defects::default());
    let right = firings(&record.notes);
    assert!(judged(&tool, &[(&record, &right)]).is_ok());
    assert!(right.len() > 4, "{right:?}");
    for left_out in 0..right.len() {
        let mut one_less = right.clone();
        one_less.remove(left_out);
        assert!(judged(&tool, &[(&record, &one_less)]).is_err());
    }
}
