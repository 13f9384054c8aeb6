//! A query with an order and a limit walks along an index and stops; it answers, locks and waits as one that
//! sorts the whole table.
//!
//! The same schedules run on a table with an index that gives the order and on one without. What an index may
//! change, the order in which an UPDATE of several rows takes them, is not asked for.

use super::differential::{SCHEDULES, SEED, number};
use super::harness::Harness;
use super::parse;
use model::ledger::engine::schema::{Catalog, TableDef};
use model::ledger::engine::statement::Statement;
use model::ledger::engine::{Engine, EngineConfig, ValueType};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const SESSIONS: usize = 3;

const STATEMENTS: &[&str] = &[
    "begin",
    "begin isolation level repeatable read",
    "commit",
    "commit",
    "rollback",
    "select * from job order by run_at, id limit 1 for update",
    "select * from job where run_at <= 4 order by run_at, id limit 2 for update skip locked",
    "select * from job where run_at <= 4 order by run_at, id limit 2 for update skip locked",
    "select * from job where run_at > 2 order by run_at desc, id desc limit 2 for share",
    "select * from job where run_at > 2 and run_at < 6 order by run_at, id limit 3",
    "select * from job where run_at > 5 and run_at < 3 order by run_at, id limit 3",
    "select * from job order by run_at desc, id desc limit 4",
    "select * from job where done = 0 order by run_at, id limit 2 for update",
    "select * from job where done = 1 order by run_at, id limit 2",
    "select * from job where run_at in (2, 3) order by run_at, id limit 2",
    "select * from job where run_at = 3 order by run_at, id limit 1 for update",
    "update job set done = 1 where id = 1",
    "update job set run_at = 3 where id = 1",
    "update job set run_at = null where id = 2",
    "update job set run_at = run_at + 1 where id = 2",
    "update job set run_at = run_at - 1 where id = 3",
    "update job set run_at = 5 where id = 4",
    "update job set done = 1 - done where id = 4",
    "delete from job where id = 3",
    "insert into job values (3, 3, 0)",
    "insert into job values (5, null, 0)",
];

fn catalog(indexed: bool) -> Catalog {
    let int = ValueType::Int;
    let job =
        TableDef::new("job", &[("id", int), ("run_at", int), ("done", int)]).primary_key(&[0]);
    let job = if indexed { job.index(&[1, 0]) } else { job };
    Catalog {
        tables: vec![job],
        sequences: Vec::new(),
    }
}

fn statement(sql: &str) -> Statement {
    let parsed = parse::script(sql).remove(0);
    parse::statement(&catalog(true), sql, &parsed).expect("no DDL")
}

fn answers(steps: &[(usize, Statement)], indexed: bool) -> Vec<String> {
    let engine =
        Engine::new(catalog(indexed), EngineConfig::postgresql_15()).expect("the schema is sound");
    let mut harness = Harness::new(engine, SESSIONS);
    let rows = "insert into job values (1, 1, 0), (2, 2, 0), (3, 2, 0), (4, 6, 0), (6, null, 0)";
    harness.step(0, statement(rows));
    let mut waiting = [false; SESSIONS];
    let mut answers = Vec::new();
    for (session, statement) in steps {
        if waiting[*session] {
            continue;
        }
        let result = harness.step(*session, statement.clone());
        waiting[*session] = result.is_none();
        answers.push(format!("{result:?}"));
        for (session, result) in harness.take_finished() {
            waiting[session] = false;
            answers.push(format!("{session}: {result:?}"));
        }
        harness.engine.sweep();
    }
    harness.sleep(100_000_000_000);
    answers.push(format!("{:?}", harness.take_finished()));
    answers
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: number(SCHEDULES, 400),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(number(SEED, 3).into()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn walk_along_an_index_answers_as_a_sort_of_the_table(
        steps in prop::collection::vec((0..SESSIONS, prop::sample::select(STATEMENTS)), 4..50),
    ) {
        let steps: Vec<(usize, Statement)> = steps
            .into_iter()
            .map(|(session, sql)| (session, statement(sql)))
            .collect();
        prop_assert_eq!(answers(&steps, true), answers(&steps, false));
    }
}
