//! Refusing a statement that means nothing before it runs, as PostgreSQL's parse analysis does: unknown tables,
//! columns and sequences, aggregates and EXCLUDED where they can't be, INSERTs whose rows don't fit.
//!
//! It is asked once per statement, so that nothing behind it need look again. What PostgreSQL could do and the
//! engine does not is refused here too (0A000). Whether types fit is found out row by row. Start at
//! [`validate`].

use super::error::{SqlError, SqlState};
use super::expression::has_aggregate;
use super::schema::{Catalog, ColumnId, SequenceId, TableDef, TableId};
use super::statement::{
    Assignment, ConflictAction, Expr, Insert, OnConflict, Select, Statement, Update,
};

/// Refuses a statement that no row could save.
pub(super) fn validate(catalog: &Catalog, statement: &Statement) -> Result<(), SqlError> {
    match statement {
        Statement::Begin(_) | Statement::Commit | Statement::Rollback => Ok(()),
        Statement::Select(select) => check_select(catalog, select),
        Statement::Insert(insert) => check_insert(catalog, insert),
        Statement::Update(update) => check_update(catalog, update),
        Statement::Delete(delete) => {
            let row = Scope::row(catalog, delete.table)?;
            row.check_all(delete.filter.iter().chain(&delete.returning))
        }
        Statement::NextValue(sequence) => check_sequence(catalog, *sequence),
    }
}

/// Refuses a condition in the definition of a table that no row could save.
pub(super) fn validate_condition(
    catalog: &Catalog,
    table: TableId,
    condition: &Expr,
) -> Result<(), SqlError> {
    let row = Scope::row(catalog, table)?;
    Scope {
        subqueries: false,
        ..row
    }
    .check(condition)
}

/// Refuses a default that is no constant and draws from no sequence.
pub(super) fn validate_default(catalog: &Catalog, default: &Expr) -> Result<(), SqlError> {
    let nowhere = Scope {
        catalog,
        table: None,
        excluded: false,
        sequences: true,
        subqueries: false,
        aggregates: Aggregates::Forbidden,
    };
    nowhere.check(default)
}

/// What an expression may use where it stands.
#[derive(Clone, Copy)]
struct Scope<'a> {
    catalog: &'a Catalog,
    /// The table of the row at hand; `None` where there is no row.
    table: Option<&'a TableDef>,
    /// EXCLUDED.
    excluded: bool,
    /// The next number of a sequence.
    sequences: bool,
    subqueries: bool,
    aggregates: Aggregates,
}

/// What an expression has to do with aggregates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aggregates {
    /// It may not hold any.
    Forbidden,
    /// It computes an answer of one row: it may hold some, and columns only inside them.
    Outside,
    /// It is the argument of one.
    Inside,
}

impl<'a> Scope<'a> {
    fn row(catalog: &'a Catalog, table: TableId) -> Result<Self, SqlError> {
        Ok(Self {
            catalog,
            table: Some(known_table(catalog, table)?),
            excluded: false,
            sequences: false,
            subqueries: true,
            aggregates: Aggregates::Forbidden,
        })
    }

    fn check_all(self, exprs: impl IntoIterator<Item = &'a Expr>) -> Result<(), SqlError> {
        exprs.into_iter().try_for_each(|expr| self.check(expr))
    }

    fn check(self, expr: &Expr) -> Result<(), SqlError> {
        match expr {
            Expr::Literal(_) => Ok(()),
            Expr::Column(column) => self.check_column(*column),
            Expr::Excluded(_) if !self.excluded => {
                let words = "missing FROM-clause entry for table \"excluded\"";
                Err(SqlError::new(SqlState::UndefinedTable, words))
            }
            Expr::Excluded(column) => self.check_column(*column),
            Expr::Binary(_, left, right) => {
                self.check(left)?;
                self.check(right)
            }
            Expr::Not(inner) | Expr::IsNull(inner) => self.check(inner),
            Expr::InList(inner, list) => {
                self.check(inner)?;
                list.iter().try_for_each(|item| self.check(item))
            }
            Expr::Coalesce(list) => list.iter().try_for_each(|item| self.check(item)),
            Expr::Subquery(select) if self.subqueries => check_select(self.catalog, select),
            Expr::Subquery(_) => {
                let words = "cannot use subquery in a definition";
                Err(SqlError::new(SqlState::FeatureNotSupported, words))
            }
            Expr::NextValue(sequence) if self.sequences => check_sequence(self.catalog, *sequence),
            Expr::NextValue(_) => {
                let words = "nextval is only supported in the values of an INSERT and as a statement; draw the number first";
                Err(SqlError::new(SqlState::FeatureNotSupported, words))
            }
            Expr::CountRows => self.inside_aggregate().map(|_| ()),
            Expr::Aggregate(_, inner) => self.inside_aggregate()?.check(inner),
        }
    }

    fn check_column(self, column: ColumnId) -> Result<(), SqlError> {
        let columns = self.table.map_or(0, |table| table.columns.len());
        if column.0 >= columns {
            let of = self
                .table
                .map_or("VALUES or a default", |table| table.name.as_str());
            let words = format!("column number {} of {of} does not exist", column.0);
            return Err(SqlError::new(SqlState::UndefinedColumn, words));
        }
        if self.aggregates == Aggregates::Outside {
            let words = format!(
                "column number {} must be used in an aggregate function",
                column.0
            );
            return Err(SqlError::new(SqlState::GroupingError, words));
        }
        Ok(())
    }

    fn inside_aggregate(self) -> Result<Self, SqlError> {
        match self.aggregates {
            Aggregates::Outside => Ok(Self {
                aggregates: Aggregates::Inside,
                ..self
            }),
            Aggregates::Forbidden => {
                let words = "aggregate functions are only allowed in the output of a query";
                Err(SqlError::new(SqlState::GroupingError, words))
            }
            Aggregates::Inside => {
                let words = "aggregate function calls cannot be nested";
                Err(SqlError::new(SqlState::GroupingError, words))
            }
        }
    }

    /// The columns that are set, each once.
    fn check_targets(self, columns: impl Iterator<Item = ColumnId>) -> Result<(), SqlError> {
        let mut seen: Vec<ColumnId> = Vec::new();
        for column in columns {
            self.check_column(column)?;
            if seen.contains(&column) {
                let words = format!("column number {} specified more than once", column.0);
                return Err(SqlError::new(SqlState::DuplicateColumn, words));
            }
            seen.push(column);
        }
        Ok(())
    }

    fn check_assignments(self, assignments: &'a [Assignment]) -> Result<(), SqlError> {
        self.check_targets(assignments.iter().map(|assignment| assignment.column))?;
        self.check_all(assignments.iter().map(|assignment| &assignment.value))
    }
}

fn check_select(catalog: &Catalog, select: &Select) -> Result<(), SqlError> {
    let row = Scope::row(catalog, select.table)?;
    row.check_all(&select.filter)?;
    if select.order.iter().any(|(expr, _)| has_aggregate(expr)) {
        let words = "ORDER BY an aggregate is not supported; it would sort one row";
        return Err(SqlError::new(SqlState::FeatureNotSupported, words));
    }
    row.check_all(select.order.iter().map(|(expr, _)| expr))?;
    let aggregates = if select.output.iter().any(has_aggregate) {
        Aggregates::Outside
    } else {
        Aggregates::Forbidden
    };
    Scope { aggregates, ..row }.check_all(&select.output)
}

fn check_insert(catalog: &Catalog, insert: &Insert) -> Result<(), SqlError> {
    let row = Scope::row(catalog, insert.table)?;
    row.check_targets(insert.columns.iter().copied())?;
    let values = Scope {
        table: None,
        sequences: true,
        ..row
    };
    let columns = if insert.columns.is_empty() {
        row.table.map_or(0, |table| table.columns.len())
    } else {
        insert.columns.len()
    };
    for expressions in &insert.rows {
        let words = match expressions.len() {
            given if given > columns => "INSERT has more expressions than target columns",
            given if given < insert.columns.len() => {
                "INSERT has more target columns than expressions"
            }
            _ => {
                values.check_all(expressions)?;
                continue;
            }
        };
        return Err(SqlError::new(SqlState::SyntaxError, words));
    }
    if let Some(clause) = &insert.on_conflict {
        check_conflict(row, clause)?;
    }
    row.check_all(&insert.returning)
}

fn check_conflict<'a>(row: Scope<'a>, clause: &'a OnConflict) -> Result<(), SqlError> {
    clause
        .columns
        .iter()
        .try_for_each(|column| row.check_column(*column))?;
    let ConflictAction::Update {
        assignments,
        filter,
    } = &clause.action
    else {
        return Ok(());
    };
    if clause.columns.is_empty() {
        let words = "ON CONFLICT DO UPDATE requires the columns of a unique key";
        return Err(SqlError::new(SqlState::SyntaxError, words));
    }
    let both = Scope {
        excluded: true,
        ..row
    };
    both.check_assignments(assignments)?;
    both.check_all(filter)
}

fn check_update(catalog: &Catalog, update: &Update) -> Result<(), SqlError> {
    let row = Scope::row(catalog, update.table)?;
    row.check_assignments(&update.assignments)?;
    row.check_all(update.filter.iter().chain(&update.returning))
}

fn known_table(catalog: &Catalog, table: TableId) -> Result<&TableDef, SqlError> {
    catalog.tables.get(table.0).ok_or_else(|| {
        let words = format!("relation number {} does not exist", table.0);
        SqlError::new(SqlState::UndefinedTable, words)
    })
}

fn check_sequence(catalog: &Catalog, sequence: SequenceId) -> Result<(), SqlError> {
    if sequence.0 < catalog.sequences.len() {
        return Ok(());
    }
    let words = format!("sequence number {} does not exist", sequence.0);
    Err(SqlError::new(SqlState::UndefinedTable, words))
}

#[cfg(test)]
mod tests {
    use super::super::statement::{Aggregate, BinaryOp, Delete, Direction};
    use super::super::value::ValueType;
    use super::*;

    const T: TableId = TableId(0);

    fn catalog() -> Catalog {
        let columns = [("id", ValueType::Int), ("v", ValueType::Int)];
        Catalog {
            tables: vec![TableDef::new("t", &columns).primary_key(&[0])],
            sequences: vec!["s".to_owned()],
        }
    }

    fn check(statement: Statement, expected: Option<SqlState>) {
        let found = validate(&catalog(), &statement);
        assert_eq!(
            found.err().map(|error| error.state),
            expected,
            "{statement:?}"
        );
    }

    /// A query whose filter compares something.
    fn filtered(expr: Expr) -> Statement {
        let filter = Some(Expr::binary(BinaryOp::Equal, expr, Expr::literal(1)));
        Statement::Select(Select {
            filter,
            ..Select::all(T)
        })
    }

    fn answering(output: Vec<Expr>) -> Statement {
        Statement::Select(Select {
            output,
            ..Select::all(T)
        })
    }

    fn inserting(columns: &[usize], values: Vec<Expr>) -> Insert {
        Insert {
            table: T,
            columns: columns.iter().copied().map(ColumnId).collect(),
            rows: vec![values],
            on_conflict: None,
            returning: vec![],
        }
    }

    fn setting(column: usize, value: Expr) -> Assignment {
        Assignment {
            column: ColumnId(column),
            value,
        }
    }

    fn updating(assignments: Vec<Assignment>) -> Statement {
        Statement::Update(Update {
            table: T,
            assignments,
            filter: None,
            returning: vec![],
        })
    }

    fn upserting(columns: &[usize], value: Expr) -> Statement {
        let on_conflict = Some(OnConflict {
            columns: columns.iter().copied().map(ColumnId).collect(),
            action: ConflictAction::Update {
                assignments: vec![setting(1, value)],
                filter: None,
            },
        });
        Statement::Insert(Insert {
            on_conflict,
            ..inserting(&[], vec![Expr::literal(1)])
        })
    }

    fn sum(inner: Expr) -> Expr {
        Expr::Aggregate(Aggregate::Sum, Box::new(inner))
    }

    const SEQUENCE: Expr = Expr::NextValue(SequenceId(0));

    #[test]
    fn what_does_not_exist_is_named_as_such() {
        check(filtered(Expr::column(1)), None);
        check(filtered(Expr::column(2)), Some(SqlState::UndefinedColumn));
        let nowhere = Select::all(TableId(1));
        check(
            Statement::Select(nowhere.clone()),
            Some(SqlState::UndefinedTable),
        );
        check(
            filtered(Expr::Subquery(Box::new(nowhere))),
            Some(SqlState::UndefinedTable),
        );
        let delete = Delete {
            table: T,
            filter: None,
            returning: vec![Expr::column(2)],
        };
        check(Statement::Delete(delete), Some(SqlState::UndefinedColumn));
        check(Statement::NextValue(SequenceId(0)), None);
        check(
            Statement::NextValue(SequenceId(1)),
            Some(SqlState::UndefinedTable),
        );
        check(updating(vec![setting(1, Expr::column(0))]), None);
        check(
            updating(vec![setting(2, Expr::column(0))]),
            Some(SqlState::UndefinedColumn),
        );
        check(
            updating(vec![
                setting(1, Expr::literal(1)),
                setting(1, Expr::literal(2)),
            ]),
            Some(SqlState::DuplicateColumn),
        );
    }

    #[test]
    fn rows_of_an_insert_must_fit_its_columns() {
        let one = || Expr::literal(1);
        for (columns, values, expected) in [
            (&[][..], vec![one(), one()], None),
            (&[], vec![one()], None),
            (&[], vec![one(), one(), one()], Some(SqlState::SyntaxError)),
            (&[1, 0], vec![one()], Some(SqlState::SyntaxError)),
            (&[1], vec![one(), one()], Some(SqlState::SyntaxError)),
            (&[1, 1], vec![one(), one()], Some(SqlState::DuplicateColumn)),
            (&[2], vec![one()], Some(SqlState::UndefinedColumn)),
            (&[], vec![Expr::column(0)], Some(SqlState::UndefinedColumn)),
            (&[], vec![sum(one())], Some(SqlState::GroupingError)),
        ] {
            check(Statement::Insert(inserting(columns, values)), expected);
        }
        check(upserting(&[0], Expr::Excluded(ColumnId(1))), None);
        let unknown = Some(SqlState::UndefinedColumn);
        check(upserting(&[0], Expr::Excluded(ColumnId(2))), unknown);
        check(upserting(&[7], Expr::literal(1)), unknown);
        check(
            upserting(&[], Expr::literal(1)),
            Some(SqlState::SyntaxError),
        );
        let elsewhere = Some(SqlState::UndefinedTable);
        check(filtered(Expr::Excluded(ColumnId(1))), elsewhere);
    }

    #[test]
    fn sequences_are_drawn_from_in_the_values_of_an_insert_only() {
        let sum_of = |left| Expr::binary(BinaryOp::Add, left, Expr::literal(1));
        check(
            Statement::Insert(inserting(&[], vec![sum_of(SEQUENCE)])),
            None,
        );
        let absent = Expr::NextValue(SequenceId(3));
        check(
            Statement::Insert(inserting(&[], vec![absent])),
            Some(SqlState::UndefinedTable),
        );
        for statement in [
            filtered(SEQUENCE),
            answering(vec![SEQUENCE]),
            updating(vec![setting(1, sum_of(SEQUENCE))]),
            upserting(&[0], SEQUENCE),
            Statement::Insert(Insert {
                returning: vec![SEQUENCE],
                ..inserting(&[], vec![Expr::literal(1)])
            }),
        ] {
            check(statement, Some(SqlState::FeatureNotSupported));
        }
    }

    #[test]
    fn aggregates_stand_in_the_output_of_a_query_only() {
        check(answering(vec![sum(Expr::column(1)), Expr::CountRows]), None);
        for statement in [
            answering(vec![Expr::column(0), Expr::CountRows]),
            answering(vec![sum(sum(Expr::column(1)))]),
            filtered(Expr::CountRows),
            updating(vec![setting(1, sum(Expr::column(1)))]),
        ] {
            check(statement, Some(SqlState::GroupingError));
        }
        let ordered = Select {
            output: vec![Expr::CountRows],
            order: vec![(Expr::CountRows, Direction::Ascending)],
            ..Select::all(T)
        };
        check(
            Statement::Select(ordered),
            Some(SqlState::FeatureNotSupported),
        );
    }
}
