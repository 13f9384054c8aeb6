//! PostgreSQL's own isolation specifications about serializable transactions, with the outcome of every
//! step.
//!
//! Each permutation is compared event by event: done, waiting or completed; rows; error message. Besides,
//! two scores: where PostgreSQL failed a transaction, did the engine fail one too; where it failed none, did
//! the engine fail none. A table of a million rows is scaled down to 20,000, which still has many pages and
//! leaves.

use super::harness::Harness;
use super::hermitage::{data, engine_with};
use super::parse;
use model::ledger::engine::schema::Catalog;
use model::ledger::engine::statement::Outcome;
use model::ledger::engine::{Engine, SqlError, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
struct Score {
    permutations: usize,
    same: usize,
    must_fail: usize,
    failed: usize,
    must_not_fail: usize,
    did_not_fail: usize,
}

#[test]
fn serializable_specifications_go_as_in_postgresql() {
    let Some(data) = data(
        "the test of serializable specifications",
        "pg15-isolation-ssi.json",
    ) else {
        return;
    };
    let mut total = Score::default();
    let mut differences = Vec::new();
    for (name, spec) in data["specs"].as_object().expect("specifications by name") {
        let score = check(name, spec, &mut differences);
        eprintln!("{name}: {score:?}");
        total.permutations += score.permutations;
        total.same += score.same;
        total.must_fail += score.must_fail;
        total.failed += score.failed;
        total.must_not_fail += score.must_not_fail;
        total.did_not_fail += score.did_not_fail;
    }
    eprintln!("all: {total:?}");
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences[..differences.len().min(6)].join("\n")
    );
    assert_eq!(total.permutations, 462);
}

fn check(name: &str, spec: &Json, differences: &mut Vec<String>) -> Score {
    let setup: String = spec["setup"]
        .as_array()
        .expect("scripts")
        .iter()
        .filter_map(Json::as_str)
        .collect();
    let setup = scaled(name, &setup);
    let engine = engine_with(&setup);
    let catalog = parse::catalog(&parse::script(&setup));
    let mut score = Score::default();
    for permutation in spec["permutations"].as_array().expect("permutations") {
        let expected: Vec<String> = permutation["events"]
            .as_array()
            .expect("events")
            .iter()
            .map(|event| event_text(name, event))
            .collect();
        let actual = play(name, spec, permutation, engine.clone(), &catalog);
        let fails = |events: &[String]| {
            events
                .iter()
                .any(|event| event.contains("could not serialize"))
        };
        score.permutations += 1;
        score.must_fail += usize::from(fails(&expected));
        score.failed += usize::from(fails(&expected) && fails(&actual));
        score.must_not_fail += usize::from(!fails(&expected));
        score.did_not_fail += usize::from(!fails(&expected) && !fails(&actual));
        if actual == expected {
            score.same += 1;
        } else {
            differences.push(format!(
                "{name} {}\n  engine     {actual:?}\n  PostgreSQL {expected:?}",
                permutation["steps"]
            ));
        }
    }
    score
}

fn play(
    name: &str,
    spec: &Json,
    permutation: &Json,
    engine: Engine,
    catalog: &Catalog,
) -> Vec<String> {
    let sessions = spec["sessions"].as_object().expect("sessions by name");
    let names: Vec<&String> = sessions.keys().collect();
    let mut harness = Harness::new(engine, names.len());
    let run = |harness: &mut Harness, session: usize, sql: &str| {
        let sql = scaled(name, sql);
        let mut last = None;
        for statement in parse::script(&sql)
            .iter()
            .filter_map(|statement| parse::statement(catalog, &sql, statement))
        {
            last = harness.step(session, statement);
        }
        last
    };
    for (number, session) in names.iter().enumerate() {
        if let Some(sql) = sessions[*session]["setup"].as_str() {
            run(&mut harness, number, sql);
        }
    }
    let mut events = Vec::new();
    let mut waiting: BTreeMap<usize, &str> = BTreeMap::new();
    for step in permutation["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(Json::as_str)
    {
        let number = names
            .iter()
            .position(|session| sessions[*session]["steps"].get(step).is_some());
        let number = number.expect("every step belongs to a session");
        let sql = sessions[names[number]]["steps"][step]
            .as_str()
            .expect("a step is SQL");
        match run(&mut harness, number, sql) {
            None => {
                waiting.insert(number, step);
                events.push(format!("{step} waiting"));
            }
            Some(result) => events.push(format!("{step} done{}", result_text(&result))),
        }
        for (number, result) in harness.take_finished() {
            let step = waiting.remove(&number).expect("only waiters finish later");
            events.push(format!("{step} completed{}", result_text(&result)));
        }
    }
    events
}

/// A million rows would only make the test slow.
fn scaled(name: &str, sql: &str) -> String {
    if name != "multiple-row-versions" {
        return sql.to_owned();
    }
    let series = "SELECT x FROM (SELECT * FROM generate_series(1, 1000000)) a(x)";
    sql.replace(series, "SELECT generate_series(1, 1000000)")
        .replace(" WITH (fillfactor=50)", "")
        .replace("1000000", "20000")
        .replace("500000", "10000")
}

fn result_text(result: &Result<Outcome, SqlError>) -> String {
    match result {
        Err(error) => format!(" {}", error.message),
        Ok(outcome) if outcome.rows.is_empty() => String::new(),
        Ok(outcome) => {
            let cell = |value: &Value| {
                if value.is_null() {
                    String::new()
                } else {
                    printed(&value.to_string())
                }
            };
            rows_text(
                outcome
                    .rows
                    .iter()
                    .map(|row| row.iter().map(cell).collect())
                    .collect(),
            )
        }
    }
}

fn event_text(name: &str, event: &Json) -> String {
    let mut text = format!(
        "{} {}",
        event["step"].as_str().expect("a step"),
        event["state"].as_str().expect("a state")
    );
    if let Some(error) = event["error"].as_str() {
        text.push_str(&format!(" {error}"));
    }
    if let Some(rows) = event["result"]["rows"]
        .as_array()
        .filter(|rows| !rows.is_empty())
    {
        let cell = |cell: &Json| scaled(name, cell.as_str().expect("cells are text"));
        text.push_str(&rows_text(
            rows.iter()
                .map(|row| row.as_array().expect("a row").iter().map(cell).collect())
                .collect(),
        ));
    }
    text
}

/// Rows as a set: without ORDER BY their order depends on the access path.
fn rows_text(mut rows: Vec<Vec<String>>) -> String {
    rows.sort();
    format!(" {rows:?}")
}

/// A date as the data prints it: month first.
fn printed(text: &str) -> String {
    match text.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _] => format!("{}-{}", &text[5..], &text[..4]),
        _ => text.to_owned(),
    }
}
