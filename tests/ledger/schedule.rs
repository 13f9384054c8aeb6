//! How random schedules are drawn: a few sessions, a handful of rows, statements that get in each other's
//! way.

use model::ledger::engine::schema::{Catalog, ColumnId, SequenceId, TableDef, TableId};
use model::ledger::engine::statement::*;
use model::ledger::engine::{Value, ValueType};
use proptest::prelude::*;

/// Sessions of a schedule.
pub const SESSIONS: usize = 4;

/// One statement by one session; it is left out when the session is still waiting at that point.
#[derive(Clone, Debug)]
pub struct Step {
    pub session: usize,
    pub statement: Statement,
}

const T: TableId = TableId(0);
const C: TableId = TableId(1);

/// `t (id primary key, k unique, v)` and `c (id primary key, t_id references t, v)`.
pub fn catalog() -> Catalog {
    let int = ValueType::Int;
    let t = TableDef::new("t", &[("id", int), ("k", int), ("v", int)])
        .primary_key(&[0])
        .unique(&[1]);
    let c = TableDef::new("c", &[("id", int), ("t_id", int), ("v", int)])
        .primary_key(&[0])
        .references(&[1], T, &[0]);
    Catalog {
        tables: vec![t, c],
        sequences: vec!["s".to_owned()],
    }
}

/// The rows every schedule begins with.
pub fn first_rows() -> Vec<Statement> {
    let rows = |table, rows: &[[Option<i64>; 3]]| {
        let cell = |cell: &Option<i64>| Expr::Literal(cell.map_or(Value::Null, Value::Int));
        let rows = rows
            .iter()
            .map(|row| row.iter().map(cell).collect())
            .collect();
        Statement::Insert(Insert {
            table,
            columns: vec![],
            rows,
            on_conflict: None,
            returning: vec![],
        })
    };
    vec![
        rows(
            T,
            &[
                [Some(1), Some(10), Some(5)],
                [Some(2), None, Some(6)],
                [Some(3), Some(30), Some(7)],
            ],
        ),
        rows(C, &[[Some(1), Some(1), Some(0)], [Some(2), None, Some(0)]]),
    ]
}

/// A schedule at one isolation level, or with a level drawn per transaction.
pub fn schedule(level: Option<Isolation>) -> impl Strategy<Value = Vec<Step>> {
    let statement = prop_oneof![
        2 => begin(level),
        3 => Just(Statement::Commit),
        2 => Just(Statement::Rollback),
        6 => select(),
        10 => update(),
        3 => delete(),
        4 => insert(),
        1 => Just(Statement::NextValue(SequenceId(0))),
    ];
    let step =
        (0..SESSIONS, statement).prop_map(|(session, statement)| Step { session, statement });
    // Most sessions open a block first: without one a statement ends its transaction at once and nothing
    // waits long.
    let opening = prop::collection::vec(begin(level), SESSIONS).prop_map(|begins| {
        begins
            .into_iter()
            .enumerate()
            .map(|(session, statement)| Step { session, statement })
            .collect::<Vec<_>>()
    });
    (opening, prop::collection::vec(step, 4..28))
        .prop_map(|(opening, steps)| [opening, steps].concat())
}

fn begin(level: Option<Isolation>) -> BoxedStrategy<Statement> {
    let any = prop_oneof![
        Just(Isolation::ReadCommitted),
        Just(Isolation::RepeatableRead),
        Just(Isolation::Serializable)
    ];
    let level = level.map_or(any.boxed(), |level| Just(level).boxed());
    (level, prop::bool::weighted(0.02))
        .prop_map(|(isolation, read_only)| {
            Statement::Begin(TransactionMode {
                isolation,
                read_only,
                deferrable: false,
            })
        })
        .boxed()
}

fn table() -> impl Strategy<Value = TableId> {
    prop_oneof![3 => Just(T), 1 => Just(C)]
}

fn filter() -> impl Strategy<Value = Option<Expr>> {
    let id = || 1..5i64;
    prop_oneof![
        6 => id().prop_map(|id| Some(Expr::column_is(0, id))),
        1 => (id(), id()).prop_map(|(a, b)| {
            let list = [a, b].map(Expr::literal).to_vec();
            Some(Expr::InList(Box::new(Expr::column(0)), list))
        }),
        1 => id().prop_map(|id| Some(Expr::binary(BinaryOp::Greater, Expr::column(0), Expr::literal(id)))),
        2 => (0..12i64).prop_map(|v| Some(Expr::binary(BinaryOp::Less, Expr::column(2), Expr::literal(v)))),
        1 => (id(), 4..9i64).prop_map(|(id, v)| Some(Expr::column_is(0, id).and(Expr::column_is(2, v)))),
        1 => prop_oneof![Just(10i64), Just(20), Just(30)].prop_map(|k| Some(Expr::column_is(1, k))),
        1 => Just(None),
    ]
}

fn select() -> impl Strategy<Value = Statement> {
    let strength = prop_oneof![
        Just(RowLock::KeyShare),
        Just(RowLock::Share),
        Just(RowLock::NoKeyUpdate),
        Just(RowLock::Update)
    ];
    let wait = prop_oneof![4 => Just(WaitPolicy::Block), 1 => Just(WaitPolicy::NoWait), 1 => Just(WaitPolicy::SkipLocked)];
    let locking = (strength, wait).prop_map(|(strength, wait)| Locking { strength, wait });
    let direction = prop_oneof![Just(Direction::Ascending), Just(Direction::Descending)];
    let order = prop_oneof![2 => Just(vec![]), 1 => direction.prop_map(|direction| vec![(Expr::column(0), direction)])];
    let plain = (
        table(),
        filter(),
        order,
        prop::option::weighted(0.2, 1..3u64),
        prop::option::weighted(0.5, locking),
    )
        .prop_map(|(table, filter, order, limit, locking)| {
            // Without an order a limit makes PostgreSQL choose another access path, which reads other rows.
            let limit = limit.filter(|_| !order.is_empty());
            Statement::Select(Select {
                table,
                output: vec![],
                filter,
                order,
                limit,
                locking,
            })
        });
    let sum = (table(), filter()).prop_map(|(table, filter)| {
        let sum = Expr::Aggregate(Aggregate::Sum, Box::new(Expr::column(2)));
        let output = vec![Expr::CountRows, sum];
        Statement::Select(Select {
            output,
            filter,
            ..Select::all(table)
        })
    });
    prop_oneof![6 => plain, 1 => sum]
}

fn update() -> impl Strategy<Value = Statement> {
    let add = |column, number: i64| Assignment {
        column: ColumnId(column),
        value: Expr::binary(BinaryOp::Add, Expr::column(column), Expr::literal(number)),
    };
    let set = |column, number: Option<i64>| Assignment {
        column: ColumnId(column),
        value: Expr::Literal(number.map_or(Value::Null, Value::Int)),
    };
    let key = prop_oneof![Just(None), Just(Some(10)), Just(Some(20)), Just(Some(30))];
    let on_t = prop_oneof![
        6 => (1..4i64).prop_map(move |number| add(2, number)),
        2 => (4..9i64).prop_map(move |number| set(2, Some(number))),
        2 => key.prop_map(move |number| set(1, number)),
        1 => (1..5i64).prop_map(move |number| set(0, Some(number))),
    ];
    let on_c = prop_oneof![
        2 => (1..4i64).prop_map(move |number| add(2, number)),
        1 => prop::option::of(1..5i64).prop_map(move |number| set(1, number)),
    ];
    let target = prop_oneof![
        3 => on_t.prop_map(|assignment| (T, assignment)),
        1 => on_c.prop_map(|assignment| (C, assignment))
    ];
    let subquery = (1..4i64).prop_map(|number| {
        let ready = Expr::binary(BinaryOp::Less, Expr::column(2), Expr::literal(8));
        let first = Select {
            output: vec![Expr::column(0)],
            filter: Some(ready),
            order: vec![(Expr::column(0), Direction::Ascending)],
            limit: Some(1),
            ..Select::all(T)
        };
        let value = Expr::binary(BinaryOp::Add, Expr::column(2), Expr::literal(number));
        let filter = Expr::binary(
            BinaryOp::Equal,
            Expr::column(0),
            Expr::Subquery(Box::new(first)),
        );
        let assignments = vec![Assignment {
            column: ColumnId(2),
            value,
        }];
        Statement::Update(Update {
            table: T,
            assignments,
            filter: Some(filter),
            returning: vec![Expr::column(0)],
        })
    });
    let plain =
        (target, filter(), any::<bool>()).prop_map(|((table, assignment), filter, returning)| {
            let returning = if returning {
                vec![Expr::column(0), Expr::column(2)]
            } else {
                vec![]
            };
            Statement::Update(Update {
                table,
                assignments: vec![assignment],
                filter,
                returning,
            })
        });
    prop_oneof![8 => plain, 1 => subquery]
}

fn delete() -> impl Strategy<Value = Statement> {
    (table(), filter()).prop_map(|(table, filter)| {
        Statement::Delete(Delete {
            table,
            filter,
            returning: vec![],
        })
    })
}

fn insert() -> impl Strategy<Value = Statement> {
    let literal = |number: Option<i64>| Expr::Literal(number.map_or(Value::Null, Value::Int));
    let key = prop_oneof![2 => Just(None), 1 => Just(Some(10i64)), 1 => Just(Some(20)), 1 => Just(Some(30))];
    let row = (1..6i64, key, 4..9i64)
        .prop_map(move |(id, key, v)| [Some(id), key, Some(v)].map(literal).to_vec());
    let action = prop_oneof![
        Just(ConflictAction::Nothing),
        (1..4i64).prop_map(|number| ConflictAction::Update {
            assignments: vec![Assignment {
                column: ColumnId(2),
                value: Expr::binary(BinaryOp::Add, Expr::column(2), Expr::literal(number)),
            }],
            filter: None,
        }),
        Just(ConflictAction::Update {
            assignments: vec![Assignment {
                column: ColumnId(2),
                value: Expr::Excluded(ColumnId(2))
            }],
            filter: Some(Expr::binary(
                BinaryOp::Less,
                Expr::column(2),
                Expr::Excluded(ColumnId(2))
            )),
        }),
    ];
    let clause = action.prop_map(|action| OnConflict {
        columns: vec![ColumnId(0)],
        action,
    });
    let clause = prop_oneof![
        4 => clause,
        1 => Just(OnConflict { columns: vec![], action: ConflictAction::Nothing })
    ];
    let on_t = (prop::collection::vec(row, 1..3), prop::option::of(clause)).prop_map(
        |(rows, on_conflict)| Insert {
            table: T,
            columns: vec![],
            rows,
            on_conflict,
            returning: vec![],
        },
    );
    let on_c = (1..6i64, prop::option::of(1..5i64)).prop_map(move |(id, parent)| Insert {
        table: C,
        columns: vec![],
        rows: vec![[Some(id), parent, Some(0)].map(literal).to_vec()],
        on_conflict: None,
        returning: vec![],
    });
    prop_oneof![3 => on_t, 1 => on_c].prop_map(Statement::Insert)
}
