//! Statements in the making: how callers of the Ledger write `INSERT`, `SELECT`, `UPDATE`.
//!
//! Thin builders over the engine's syntax tree, so that a statement reads like the SQL it stands for.
//! They hold no state and know no table; what they build is [`Statement`].

use super::engine::schema::{ColumnId, TableId};
use super::engine::statement::{
    Assignment, BinaryOp, ConflictAction, Delete, Direction, Expr, Insert, Locking, OnConflict,
    RowLock, Select, Statement, Update, WaitPolicy,
};
use super::engine::value::Value;

/// `INSERT INTO table (columns) VALUES (values)`.
pub fn insert(table: TableId, values: impl IntoIterator<Item = (usize, Value)>) -> Statement {
    Statement::Insert(insertion(table, values))
}

/// `INSERT … ON CONFLICT DO NOTHING`.
pub fn insert_if_absent(
    table: TableId,
    values: impl IntoIterator<Item = (usize, Value)>,
) -> Statement {
    Statement::Insert(Insert {
        on_conflict: Some(OnConflict {
            columns: Vec::new(),
            action: ConflictAction::Nothing,
        }),
        ..insertion(table, values)
    })
}

/// Inserts of the same columns of one table as one statement with many rows; none of none.
///
/// # Panics
/// When one is no insert, or of other columns.
pub fn together(statements: impl IntoIterator<Item = Statement>) -> Option<Statement> {
    let mut all: Option<Insert> = None;
    for statement in statements {
        let Statement::Insert(insert) = statement else {
            panic!("only inserts are put together");
        };
        match &mut all {
            None => all = Some(insert),
            Some(all) => {
                let alike = (all.table, &all.columns) == (insert.table, &insert.columns);
                assert!(alike, "inserts that are put together are alike");
                all.rows.extend(insert.rows);
            }
        }
    }
    all.map(Statement::Insert)
}

fn insertion(table: TableId, values: impl IntoIterator<Item = (usize, Value)>) -> Insert {
    let (columns, row) = values
        .into_iter()
        .map(|(column, value)| (ColumnId(column), Expr::Literal(value)))
        .unzip();
    Insert {
        table,
        columns,
        rows: vec![row],
        on_conflict: None,
        returning: Vec::new(),
    }
}

/// `UPDATE table SET assignments WHERE filter`.
pub fn update(
    table: TableId,
    assignments: impl IntoIterator<Item = (usize, Value)>,
    filter: Expr,
) -> Statement {
    let set = |(column, value)| Assignment {
        column: ColumnId(column),
        value: Expr::Literal(value),
    };
    Statement::Update(Update {
        table,
        assignments: assignments.into_iter().map(set).collect(),
        filter: Some(filter),
        returning: Vec::new(),
    })
}

/// `DELETE FROM table WHERE filter`.
pub fn delete(table: TableId, filter: Expr) -> Statement {
    Statement::Delete(Delete {
        table,
        filter: Some(filter),
        returning: Vec::new(),
    })
}

/// `SELECT * FROM table WHERE filter`, to be refined by [`Refine`].
pub fn select(table: TableId, filter: Expr) -> Select {
    Select {
        filter: Some(filter),
        ..Select::all(table)
    }
}

/// `column = value`.
pub fn is(column: usize, value: impl Into<Value>) -> Expr {
    Expr::column_is(column, value)
}

/// `column <= value`; never true of null.
pub fn at_most(column: usize, value: i64) -> Expr {
    Expr::binary(
        BinaryOp::LessOrEqual,
        Expr::column(column),
        Expr::literal(value),
    )
}

/// `column > value`; never true of null.
pub fn above(column: usize, value: i64) -> Expr {
    Expr::binary(
        BinaryOp::Greater,
        Expr::column(column),
        Expr::literal(value),
    )
}

/// `column IN (values)`.
pub fn is_one_of<'a>(column: usize, values: impl IntoIterator<Item = &'a str>) -> Expr {
    let values = values.into_iter().map(Expr::literal).collect();
    Expr::InList(Box::new(Expr::column(column)), values)
}

/// `column IS NOT NULL`.
pub fn is_set(column: usize) -> Expr {
    Expr::Not(Box::new(Expr::IsNull(Box::new(Expr::column(column)))))
}

/// A text, or null for none.
pub fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::text)
}

/// Further clauses of a `SELECT`.
pub trait Refine: Sized {
    /// `ORDER BY column LIMIT rows`.
    fn first_by(self, column: usize, rows: u64) -> Self;
    /// `FOR UPDATE SKIP LOCKED`: rows that others hold are theirs.
    fn claiming(self) -> Self;
    /// `FOR UPDATE`: waits for whoever holds a row.
    fn locking(self) -> Self;
    /// As a statement.
    fn statement(self) -> Statement;
}

impl Refine for Select {
    fn first_by(mut self, column: usize, rows: u64) -> Self {
        self.order = vec![(Expr::column(column), Direction::Ascending)];
        self.limit = Some(rows);
        self
    }

    fn claiming(mut self) -> Self {
        self.locking = Some(Locking {
            strength: RowLock::Update,
            wait: WaitPolicy::SkipLocked,
        });
        self
    }

    fn locking(mut self) -> Self {
        self.locking = Some(Locking {
            strength: RowLock::Update,
            wait: WaitPolicy::Block,
        });
        self
    }

    fn statement(self) -> Statement {
        Statement::Select(self)
    }
}
