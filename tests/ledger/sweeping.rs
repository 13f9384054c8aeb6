//! Dead row versions are swept out, and nobody notices: the same statements get the same answers, every row is
//! found through every index, and dead versions do not pile up.
//!
//! A case is a schedule of statements; a swept run sweeps after each of them, which is far more often than an
//! engine does by itself.

use super::differential::{SCHEDULES, SEED, number};
use super::harness::Harness;
use super::parse;
use super::schedule::{SESSIONS, Step, catalog, first_rows, schedule};
use model::ledger::engine::schema::{ColumnId, TableId};
use model::ledger::engine::statement::{Expr, Isolation, Outcome, Select, Statement};
use model::ledger::engine::{Engine, EngineConfig, Reply, Row, SqlError};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Everything that sessions are told during a schedule and after all timers ran out, and the rows it leaves.
pub fn answers(steps: &[Step], sweep: bool) -> Vec<String> {
    let engine =
        Engine::new(catalog(), EngineConfig::postgresql_15()).expect("the schema is sound");
    let mut harness = Harness::new(engine, SESSIONS);
    for statement in first_rows() {
        harness.step(0, statement);
    }
    let mut waiting = [false; SESSIONS];
    let mut answers = Vec::new();
    for step in steps {
        if waiting[step.session] {
            continue;
        }
        let result = harness.step(step.session, step.statement.clone());
        waiting[step.session] = result.is_none();
        answers.push(format!("{result:?}"));
        for (session, result) in harness.take_finished() {
            waiting[session] = false;
            answers.push(format!("{session}: {result:?}"));
        }
        if sweep {
            harness.engine.sweep();
        }
    }
    harness.sleep(100_000_000_000);
    answers.push(format!("{:?}", harness.take_finished()));
    answers.push(format!("{:?}", rows_left(harness)));
    answers
}

/// The rows of all tables once every transaction is over; each must be found under its keys too.
fn rows_left(mut harness: Harness) -> Vec<Vec<Row>> {
    for session in 0..SESSIONS {
        harness
            .engine
            .close_session(harness.id(session), harness.now_ns);
    }
    // A statement outside a block that still waited takes effect although its client is gone, unless it meets a
    // deadlock.
    loop {
        harness.now_ns += 10_000_000_000;
        harness.engine.advance(harness.now_ns);
        let completions = harness.engine.take_completions();
        if completions.is_empty() {
            break;
        }
        for completion in completions {
            if matches!(completion.reply, Reply::Committing(_)) {
                harness
                    .engine
                    .commit_durable(completion.session, harness.now_ns);
            }
        }
    }
    let mut reader = Harness::new(harness.engine, 1);
    let tables = (0..catalog().tables.len()).map(TableId);
    let rows: Vec<Vec<Row>> = tables.map(|table| rows_of(&mut reader, table)).collect();
    reader.engine.sweep();

    let left = rows.iter().map(Vec::len).sum::<usize>();
    assert_eq!(reader.engine.versions(), left, "nothing dead is left");
    rows
}

fn rows_of(reader: &mut Harness, table: TableId) -> Vec<Row> {
    let definition = &catalog().tables[table.0];
    let rows = select(reader, Select::all(table));
    for row in &rows {
        for index in &definition.indexes {
            let term = |column: &ColumnId| Expr::column_is(column.0, row[column.0].clone());
            let filter = index.columns.iter().map(term).reduce(Expr::and);
            if index.columns.iter().all(|column| !row[column.0].is_null()) {
                let found = select(
                    reader,
                    Select {
                        filter,
                        ..Select::all(table)
                    },
                );
                assert_eq!(
                    found,
                    std::slice::from_ref(row),
                    "{} by {}",
                    definition.name,
                    index.name
                );
            }
        }
    }
    rows
}

fn select(reader: &mut Harness, select: Select) -> Vec<Row> {
    let outcome = reader.step(0, Statement::Select(select));
    outcome
        .expect("nobody is in the way")
        .expect("a plain query works")
        .rows
}

/// Compares the answers of an unswept and a swept run.
///
/// They may part where the unswept one fails a serializable transaction: a doomed transaction is told at the next
/// row version it looks at, be it a dead one, so that sweeping (or a vacuum of the real server) can put it off.
fn same_but_for_doom(plain: &[String], swept: &[String]) -> Result<(), String> {
    for (plain, swept) in plain.iter().zip(swept) {
        if plain != swept {
            let doomed = plain.contains("read/write dependencies");
            let complaint = || format!("unswept {plain}, swept {swept}");
            return doomed.then_some(()).ok_or_else(complaint);
        }
    }
    assert_eq!(plain.len(), swept.len(), "what is answered is a step's");
    Ok(())
}

fn cases() -> ProptestConfig {
    ProptestConfig {
        cases: number(SCHEDULES, 300),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(number(SEED, 11).into()),
        ..ProptestConfig::default()
    }
}

/// Statements that fight over two rows, and empty the tables so that their pages are used again.
const RIVALS: &[&str] = &[
    "begin",
    "begin isolation level repeatable read",
    "begin isolation level serializable",
    "commit",
    "commit",
    "commit",
    "rollback",
    "update t set v = v + 1 where id = 1",
    "update t set v = v + 1 where id = 2",
    "update t set v = v + 1 where v < 9",
    "update t set k = 20 where id = 1",
    "update t set k = 20 where id = 2",
    "update t set k = null",
    "update t set id = 2 where id = 1",
    "update t set id = 1 where id = 2",
    "update c set t_id = 2 where id = 1",
    "update c set v = v + 1 where id = 1",
    "delete from t where id = 1",
    "delete from t",
    "delete from c",
    "insert into t values (1, 10, 5)",
    "insert into t values (2, 20, 5), (1, null, 6)",
    "insert into t values (1, 20, 7) on conflict (id) do update set v = t.v + excluded.v",
    "insert into t values (2, 10, 7) on conflict do nothing",
    "insert into c values (1, 1, 0)",
    "insert into c values (1, 2, 0)",
    "select v from t where id = 1 for update",
    "select v from t where id = 2 for share",
    "select v from t order by v limit 1 for update skip locked",
    "select v from t where k = 20",
    "select sum(v) from t",
    "select v from c where id = 1",
];

/// Steps of rivals.
pub fn rival_steps() -> impl Strategy<Value = Vec<Step>> {
    let statements: Vec<Statement> = RIVALS.iter().map(|sql| statement(sql)).collect();
    let step = (0..SESSIONS, prop::sample::select(statements));
    prop::collection::vec(
        step.prop_map(|(session, statement)| Step { session, statement }),
        8..60,
    )
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn sweeping_among_rivals_changes_no_answer(steps in rival_steps()) {
        same_but_for_doom(&answers(&steps, false), &answers(&steps, true)).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn sweeping_changes_no_answer(steps in schedule(None)) {
        same_but_for_doom(&answers(&steps, false), &answers(&steps, true)).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn sweeping_changes_no_answer_at_read_committed(steps in schedule(Some(Isolation::ReadCommitted))) {
        same_but_for_doom(&answers(&steps, false), &answers(&steps, true)).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn sweeping_changes_no_answer_at_serializable(steps in schedule(Some(Isolation::Serializable))) {
        same_but_for_doom(&answers(&steps, false), &answers(&steps, true)).map_err(TestCaseError::fail)?;
    }
}

/// A statement about the schedules' tables.
pub fn statement(sql: &str) -> Statement {
    let parsed = parse::script(sql).remove(0);
    parse::statement(&catalog(), sql, &parsed).expect("no DDL")
}

fn check(script: &[(usize, &str)]) {
    let step = |(session, sql): &(usize, &str)| Step {
        session: *session,
        statement: statement(sql),
    };
    let steps: Vec<Step> = script.iter().map(step).collect();
    assert_eq!(answers(&steps, false), answers(&steps, true), "{script:?}");
}

/// The older version was ended by a larger transaction number than the newer one, and a third transaction
/// between the two still runs: sweeping by number alone took the newer one and cut the row off its index.
#[test]
fn case_1_row_changed_last_by_the_smaller_transaction_number_stays_in_its_indexes() {
    check(&[
        (1, "begin"),
        (2, "begin"),
        (1, "update t set v = v + 1 where id = 3"),
        (2, "insert into t values (4, null, 4)"),
        (0, "update t set v = v + 1 where id = 2"),
        (1, "update t set v = v + 1 where id = 2"),
        (1, "commit"),
        (0, "select v from t where id = 2"),
        (0, "insert into t values (2, null, 4)"),
    ]);
}

#[test]
fn dead_rows_do_not_pile_up() {
    let engine =
        Engine::new(catalog(), EngineConfig::postgresql_15()).expect("the schema is sound");
    let mut harness = Harness::new(engine, 2);
    let mut say = |sql: &str| -> Result<Outcome, SqlError> {
        let answer = harness.step(0, statement(sql));
        answer.expect("nobody is in the way")
    };
    say("insert into t values (1, 10, 0), (2, 20, 0)").expect("sound rows");
    for _ in 0..5_000 {
        say("update t set v = v + 1 where id = 1").expect("nobody is in the way");
    }
    let row = say("select v from t where id = 1")
        .expect("a plain query works")
        .rows;
    assert_eq!(row, [[5_000.into()]]);
    assert_eq!(select(&mut harness, Select::all(TableId(0))).len(), 2);
    assert!(
        harness.engine.versions() < 200,
        "{} versions of 2 rows",
        harness.engine.versions()
    );
}
