//! The anomaly scenarios of Hermitage with the outcomes of a real PostgreSQL 15: each step's rows, tag,
//! SQLSTATE or wait.

use super::harness::Harness;
use super::{not_run, parse};
use model::ledger::engine::schema::TableId;
use model::ledger::engine::statement::{Outcome, Select, Statement};
use model::ledger::engine::{Engine, EngineConfig, SqlError, Value};
use serde_json::Value as Json;

/// The folder that holds the conformance data.
pub const DATA: &str = "PROVENIQ_CONFORMANCE_DATA";

/// Reads a file of the conformance data; `None`, said loudly, when there is none.
pub fn data(test: &str, file: &str) -> Option<Json> {
    let Some(folder) = std::env::var_os(DATA) else {
        not_run(
            test,
            &format!("{DATA} is not set; it must name the folder that holds {file}"),
        );
        return None;
    };
    let path = std::path::Path::new(&folder).join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// An engine with the schema and rows of a setup script.
pub fn engine_with(setup: &str) -> Engine {
    let script = parse::script(setup);
    let catalog = parse::catalog(&script);
    let engine =
        Engine::new(catalog.clone(), EngineConfig::postgresql_15()).expect("the schema is sound");
    let mut harness = Harness::new(engine, 1);
    for statement in script
        .iter()
        .filter_map(|statement| parse::statement(&catalog, setup, statement))
    {
        harness
            .step(0, statement)
            .expect("nobody is in the way")
            .expect("the rows are sound");
    }
    harness.engine.close_session(harness.id(0), harness.now_ns);
    harness.engine
}

#[test]
fn hermitage_scenarios_go_as_in_postgresql() {
    let Some(data) = data("the Hermitage test", "hermitage-pg15.json") else {
        return;
    };
    let cases = data["cases"].as_array().expect("a list of cases");
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    eprintln!(
        "Hermitage: {} of {} scenarios as in PostgreSQL",
        cases.len() - failures.len(),
        cases.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(cases.len(), 20);
}

fn check(case: &Json) -> Result<(), String> {
    let setup = "create table test (id int primary key, value int); insert into test (id, value) values (1, 10), (2, 20);";
    let engine = engine_with(setup);
    let catalog = parse::catalog(&parse::script(setup));
    let mut harness = Harness::new(engine, 3);
    let steps = case["steps"].as_array().expect("a list of steps");
    let mut waiting: Vec<(usize, &Json)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let session = usize::from(step["t"].as_str().expect("a session").as_bytes()[1] - b'1');
        let sql = step["sql"].as_str().expect("a statement");
        let mut result = None;
        for statement in parse::script(sql) {
            let statement = parse::statement(&catalog, sql, &statement).expect("steps have no DDL");
            result = harness.step(session, statement);
        }
        let wrong = |what: String| format!("{}, step {number} {sql}: {what}", case["title"]);
        match result {
            None if step["blocked"] == true => waiting.push((session, step)),
            None => return Err(wrong("waits".to_owned())),
            Some(_) if step["blocked"] == true => return Err(wrong("does not wait".to_owned())),
            Some(result) => same(step, &result).map_err(wrong)?,
        }
        for (session, result) in harness.take_finished() {
            let position = waiting
                .iter()
                .position(|(waiter, _)| *waiter == session)
                .expect("only waiters finish later");
            let (_, step) = waiting.remove(position);
            if step["resumed_after"] != number {
                return Err(wrong(format!("wakes {}", step["sql"])));
            }
            same(step, &result)
                .map_err(|what| format!("{}, {}: {what}", case["title"], step["sql"]))?;
        }
    }
    let end = harness
        .step(0, Statement::Select(Select::all(TableId(0))))
        .expect("nobody holds a lock");
    same_rows(&case["final"], &end.expect("a plain query works").rows)
}

fn same(step: &Json, result: &Result<Outcome, SqlError>) -> Result<(), String> {
    match (result, &step["ok"], &step["err"]) {
        (Err(error), Json::Null, Json::String(state)) if error.state.code() == state => Ok(()),
        (Ok(outcome), rows @ Json::Array(_), Json::Null) => same_rows(rows, &outcome.rows),
        (Ok(_), Json::String(tag), Json::Null) if tag == "SET" => Ok(()),
        (Ok(outcome), Json::String(tag), Json::Null) if outcome.tag.to_string() == *tag => Ok(()),
        _ => Err(format!("{result:?} instead of {step}")),
    }
}

fn same_rows(expected: &Json, rows: &[Vec<Value>]) -> Result<(), String> {
    let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
    let cell = |cell: &Json| Value::Int(cell.as_i64().expect("a number"));
    let row = |row: &Json| {
        row.as_array()
            .expect("a row")
            .iter()
            .map(cell)
            .collect::<Vec<_>>()
    };
    let expected = expected
        .as_array()
        .expect("rows")
        .iter()
        .map(|cells| format!("{:?}", row(cells)));
    let mut expected: Vec<String> = expected.collect();
    // Some of the data was read without ORDER BY through another access path; the set is what counts.
    rows.sort();
    expected.sort();
    if rows == expected {
        Ok(())
    } else {
        Err(format!("{rows:?} instead of {expected:?}"))
    }
}
