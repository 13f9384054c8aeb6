//! No statement breaks the engine: whatever a client sends is done, or answered with an error.
//!
//! Statements are drawn with no regard to sense, with numbers of tables, columns and sequences that may not
//! exist.

use super::differential::{SCHEDULES, SEED, number};
use super::harness::Harness;
use super::schedule::{SESSIONS, catalog, first_rows};
use model::ledger::engine::schema::{ColumnId, SequenceId, TableId};
use model::ledger::engine::statement::*;
use model::ledger::engine::{Engine, EngineConfig, SqlState, Value};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::collections::BTreeMap;

fn table() -> impl Strategy<Value = TableId> {
    (0..40usize).prop_map(|number| TableId(if number == 39 { 2 } else { number % 2 }))
}

fn column() -> impl Strategy<Value = ColumnId> {
    (0..40usize).prop_map(|number| ColumnId(if number == 39 { 3 } else { number % 3 }))
}

fn operator() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp::*;
    prop::sample::select(vec![
        Equal,
        NotEqual,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
        And,
        Or,
        Add,
        Subtract,
        Multiply,
        Divide,
        Remainder,
    ])
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => (-1..6i64).prop_map(Value::Int),
        1 => any::<i64>().prop_map(Value::Int),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
        1 => "[a-z]{0,3}".prop_map(Value::Text),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        12 => column().prop_map(Expr::Column),
        12 => value().prop_map(Expr::Literal),
        2 => column().prop_map(Expr::Excluded),
        1 => (0..2usize).prop_map(|number| Expr::NextValue(SequenceId(number))),
        1 => Just(Expr::CountRows),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let aggregate = prop::sample::select(vec![Aggregate::Sum, Aggregate::Min, Aggregate::Max]);
        let subquery = (table(), prop::collection::vec(inner.clone(), 0..3), prop::option::of(inner.clone()))
            .prop_map(|(table, output, filter)| Select {
                output,
                filter,
                limit: Some(1),
                ..Select::all(table)
            });
        prop_oneof![
            8 => (operator(), boxed(), boxed()).prop_map(|(op, left, right)| Expr::Binary(op, left, right)),
            1 => boxed().prop_map(Expr::Not),
            1 => boxed().prop_map(Expr::IsNull),
            1 => (boxed(), prop::collection::vec(inner.clone(), 0..3)).prop_map(|(left, list)| Expr::InList(left, list)),
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Expr::Coalesce),
            1 => (aggregate, boxed()).prop_map(|(aggregate, inner)| Expr::Aggregate(aggregate, inner)),
            1 => subquery.prop_map(|select| Expr::Subquery(Box::new(select))),
        ]
    })
}

fn exprs() -> impl Strategy<Value = Vec<Expr>> {
    prop::collection::vec(expr(), 0..3)
}

fn assignments() -> impl Strategy<Value = Vec<Assignment>> {
    let assignment = (column(), expr()).prop_map(|(column, value)| Assignment { column, value });
    prop::collection::vec(assignment, 0..3)
}

fn select() -> impl Strategy<Value = Statement> {
    let direction = prop::sample::select(vec![Direction::Ascending, Direction::Descending]);
    let strengths = vec![
        RowLock::KeyShare,
        RowLock::Share,
        RowLock::NoKeyUpdate,
        RowLock::Update,
    ];
    let policies = vec![
        WaitPolicy::Block,
        WaitPolicy::NoWait,
        WaitPolicy::SkipLocked,
    ];
    let locking = (
        prop::sample::select(strengths),
        prop::sample::select(policies),
    )
        .prop_map(|(strength, wait)| Locking { strength, wait });
    (
        table(),
        exprs(),
        prop::option::of(expr()),
        prop::collection::vec((expr(), direction), 0..2),
        prop::option::of(0..3u64),
        prop::option::of(locking),
    )
        .prop_map(|(table, output, filter, order, limit, locking)| {
            Statement::Select(Select {
                table,
                output,
                filter,
                order,
                limit,
                locking,
            })
        })
}

fn insert() -> impl Strategy<Value = Statement> {
    let action = prop_oneof![
        Just(ConflictAction::Nothing),
        (assignments(), prop::option::of(expr())).prop_map(|(assignments, filter)| {
            ConflictAction::Update {
                assignments,
                filter,
            }
        }),
    ];
    let columns = || prop::collection::vec(column(), 0..3);
    let clause = (columns(), action).prop_map(|(columns, action)| OnConflict { columns, action });
    let row = prop::collection::vec(
        prop_oneof![9 => value().prop_map(Expr::Literal), 1 => expr()],
        0..5,
    );
    (
        table(),
        columns(),
        prop::collection::vec(row, 0..3),
        prop::option::of(clause),
        exprs(),
    )
        .prop_map(|(table, columns, rows, on_conflict, returning)| {
            Statement::Insert(Insert {
                table,
                columns,
                rows,
                on_conflict,
                returning,
            })
        })
}

fn statement() -> impl Strategy<Value = Statement> {
    let update = (table(), assignments(), prop::option::of(expr()), exprs()).prop_map(
        |(table, assignments, filter, returning)| {
            Statement::Update(Update {
                table,
                assignments,
                filter,
                returning,
            })
        },
    );
    let delete =
        (table(), prop::option::of(expr()), exprs()).prop_map(|(table, filter, returning)| {
            Statement::Delete(Delete {
                table,
                filter,
                returning,
            })
        });
    let levels = vec![
        Isolation::ReadCommitted,
        Isolation::RepeatableRead,
        Isolation::Serializable,
    ];
    let mode = (prop::sample::select(levels), any::<bool>(), any::<bool>()).prop_map(
        |(isolation, read_only, deferrable)| TransactionMode {
            isolation,
            read_only: read_only && deferrable,
            deferrable,
        },
    );
    prop_oneof![
        1 => mode.prop_map(Statement::Begin),
        1 => Just(Statement::Commit),
        1 => Just(Statement::Rollback),
        6 => select(),
        6 => insert(),
        4 => update,
        2 => delete,
        1 => (0..2usize).prop_map(|number| Statement::NextValue(SequenceId(number))),
    ]
}

/// Plays statements and counts how each ended.
fn play(steps: &[(usize, Statement)], counts: &mut BTreeMap<Option<SqlState>, u64>) {
    let engine =
        Engine::new(catalog(), EngineConfig::postgresql_15()).expect("the schema is sound");
    let mut harness = Harness::new(engine, SESSIONS);
    for statement in first_rows() {
        harness.step(0, statement);
    }
    let mut waiting = [false; SESSIONS];
    for (session, statement) in steps {
        if !waiting[*session] {
            let result = harness.step(*session, statement.clone());
            waiting[*session] = result.is_none();
            if let Some(result) = result {
                *counts
                    .entry(result.err().map(|error| error.state))
                    .or_default() += 1;
            }
        }
        for session in harness.take_finished().into_keys() {
            waiting[session] = false;
        }
    }
    harness.sleep(100_000_000_000);
}

#[test]
fn no_statement_breaks_the_engine() {
    let config = ProptestConfig {
        cases: number(SCHEDULES, 400),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(number(SEED, 1).into()),
        ..ProptestConfig::default()
    };
    let counts = std::cell::RefCell::new(BTreeMap::new());
    let mut runner = TestRunner::new(config);
    let steps = prop::collection::vec((0..SESSIONS, statement()), 1..20);
    let result = runner.run(&steps, |steps| {
        play(&steps, &mut counts.borrow_mut());
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
    let counts = counts.into_inner();
    for expected in [
        None,
        Some(SqlState::UndefinedTable),
        Some(SqlState::UndefinedColumn),
        Some(SqlState::GroupingError),
        Some(SqlState::FeatureNotSupported),
        Some(SqlState::DatatypeMismatch),
    ] {
        assert!(
            counts.get(&expected).is_some_and(|count| *count > 20),
            "{expected:?} is met: {counts:?}"
        );
    }
}
