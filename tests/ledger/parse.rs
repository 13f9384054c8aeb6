//! SQL text to the engine's schema and statements: just enough for the conformance data, by way of
//! `sqlparser`.
//!
//! Dates, times and scaled numbers become text (the data only compares and prints them), other numbers
//! integers. Whatever is not understood panics with the text, so that nothing is left out in silence.

use model::ledger::engine::schema::{Catalog, ColumnId, IndexDef, TableDef, TableId};
use model::ledger::engine::statement::*;
use model::ledger::engine::{Value, ValueType};
use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// The statements of a script, in order; `deferrable` is not known to the parser and is found in the text.
pub fn script(text: &str) -> Vec<ast::Statement> {
    let text = text
        .replace(" DEFERRABLE", "")
        .replace("ABORT", "ROLLBACK")
        .replace("abort", "rollback");
    let wanted = |statement: &&str| !statement.trim_start().starts_with("VACUUM");
    let text = text.split(';').filter(wanted).collect::<Vec<_>>().join(";");
    Parser::parse_sql(&PostgreSqlDialect {}, &text)
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The schema that a script creates.
pub fn catalog(scripts: &[ast::Statement]) -> Catalog {
    let mut catalog = Catalog::default();
    for statement in scripts {
        match statement {
            ast::Statement::CreateTable(create) => {
                let table = created_table(&catalog, create);
                catalog.tables.push(table);
            }
            ast::Statement::AlterTable {
                name, operations, ..
            } => {
                for operation in operations {
                    if let ast::AlterTableOperation::AddConstraint { constraint, .. } = operation {
                        let table = table_of(&catalog, &name.to_string());
                        let changed =
                            constrained(&catalog, catalog.tables[table.0].clone(), constraint);
                        catalog.tables[table.0] = changed;
                    }
                }
            }
            ast::Statement::CreateIndex(create) => {
                let table = table_of(&catalog, &create.table_name.to_string());
                let columns = index_columns(&catalog.tables[table.0], &create.columns);
                let name = create
                    .name
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let predicate = create
                    .predicate
                    .as_ref()
                    .map(|predicate| Scope::new(&catalog, table).expr(predicate));
                let columns = columns.into_iter().map(ColumnId).collect();
                let index = IndexDef {
                    name,
                    columns,
                    unique: create.unique,
                    predicate,
                };
                catalog.tables[table.0].indexes.push(index);
            }
            ast::Statement::CreateSequence { name, .. } => catalog.sequences.push(name.to_string()),
            _ => {}
        }
    }
    catalog.validate().expect("the data has a sound schema");
    catalog
}

/// A statement, or `None` for one that the engine has no need of (DDL, settings).
pub fn statement(catalog: &Catalog, text: &str, statement: &ast::Statement) -> Option<Statement> {
    match statement {
        ast::Statement::StartTransaction { modes, .. } => {
            Some(Statement::Begin(transaction_mode(text, modes)))
        }
        ast::Statement::Set(ast::Set::SetTransaction { modes, .. }) => {
            Some(Statement::Begin(transaction_mode(text, modes)))
        }
        ast::Statement::Commit { .. } => Some(Statement::Commit),
        ast::Statement::Rollback { .. } => Some(Statement::Rollback),
        ast::Statement::Query(query) => Some(query_statement(catalog, query)),
        ast::Statement::Insert(insert) => {
            Some(Statement::Insert(insert_statement(catalog, insert)))
        }
        ast::Statement::Update {
            table,
            assignments,
            selection,
            returning,
            ..
        } => {
            let table = table_of(catalog, &table.relation.to_string());
            let scope = Scope::new(catalog, table);
            Some(Statement::Update(Update {
                table,
                assignments: scope.assignments(assignments),
                filter: selection.as_ref().map(|filter| scope.expr(filter)),
                returning: scope.items(returning.as_deref().unwrap_or_default()),
            }))
        }
        ast::Statement::Delete(delete) => {
            let ast::FromTable::WithFromKeyword(from) = &delete.from else {
                panic!("unknown DELETE: {delete}")
            };
            let table = table_of(catalog, &from[0].relation.to_string());
            let scope = Scope::new(catalog, table);
            let filter = delete.selection.as_ref().map(|filter| scope.expr(filter));
            let returning = scope.items(delete.returning.as_deref().unwrap_or_default());
            Some(Statement::Delete(Delete {
                table,
                filter,
                returning,
            }))
        }
        ast::Statement::CreateTable(_)
        | ast::Statement::AlterTable { .. }
        | ast::Statement::CreateIndex(_)
        | ast::Statement::CreateSequence { .. }
        | ast::Statement::Set(_) => None,
        other => panic!("unknown statement: {other}"),
    }
}

fn transaction_mode(text: &str, modes: &[ast::TransactionMode]) -> TransactionMode {
    let mut mode = TransactionMode::new(Isolation::ReadCommitted);
    mode.deferrable = text.contains(" DEFERRABLE");
    for given in modes {
        match given {
            ast::TransactionMode::AccessMode(access) => {
                mode.read_only = *access == ast::TransactionAccessMode::ReadOnly;
            }
            ast::TransactionMode::IsolationLevel(level) => {
                mode.isolation = match level {
                    ast::TransactionIsolationLevel::RepeatableRead => Isolation::RepeatableRead,
                    ast::TransactionIsolationLevel::Serializable => Isolation::Serializable,
                    _ => Isolation::ReadCommitted,
                };
            }
        }
    }
    mode
}

fn created_table(catalog: &Catalog, create: &ast::CreateTable) -> TableDef {
    let columns: Vec<(String, ValueType)> = create
        .columns
        .iter()
        .map(|column| {
            (
                column.name.value.to_lowercase(),
                value_type(&column.data_type),
            )
        })
        .collect();
    let columns: Vec<(&str, ValueType)> = columns
        .iter()
        .map(|(name, kind)| (name.as_str(), *kind))
        .collect();
    let mut table = TableDef::new(&create.name.to_string().to_lowercase(), &columns);
    for (number, column) in create.columns.iter().enumerate() {
        for option in &column.options {
            table = match &option.option {
                ast::ColumnOption::NotNull => {
                    table.columns[number].nullable = false;
                    table
                }
                ast::ColumnOption::Unique {
                    is_primary: true, ..
                } => table.primary_key(&[number]),
                ast::ColumnOption::Unique { .. } => table.unique(&[number]),
                ast::ColumnOption::ForeignKey { foreign_table, .. } => {
                    let parent = table_of(catalog, &foreign_table.to_string());
                    table.references(&[number], parent, &[0])
                }
                other => panic!("unknown column option: {other}"),
            };
        }
    }
    create.constraints.iter().fold(table, |table, constraint| {
        constrained(catalog, table, constraint)
    })
}

fn constrained(_: &Catalog, table: TableDef, constraint: &ast::TableConstraint) -> TableDef {
    match constraint {
        ast::TableConstraint::PrimaryKey { columns, .. } => {
            let columns = index_columns(&table, columns);
            table.primary_key(&columns)
        }
        other => panic!("unknown constraint: {other}"),
    }
}

fn index_columns(table: &TableDef, columns: &[ast::IndexColumn]) -> Vec<usize> {
    columns
        .iter()
        .map(|column| column_of(table, &column.column.expr.to_string()).0)
        .collect()
}

fn value_type(data_type: &ast::DataType) -> ValueType {
    let text = data_type.to_string().to_lowercase();
    match text.as_str() {
        "int" | "integer" | "int4" | "bigint" | "decimal" | "numeric" => ValueType::Int,
        "bool" | "boolean" => ValueType::Bool,
        _ => ValueType::Text,
    }
}

fn table_of(catalog: &Catalog, name: &str) -> TableId {
    let name = name.trim().to_lowercase();
    let position = catalog.tables.iter().position(|table| table.name == name);
    TableId(position.unwrap_or_else(|| panic!("unknown table {name}")))
}

fn column_of(table: &TableDef, name: &str) -> ColumnId {
    let name = name.to_lowercase();
    let position = table.columns.iter().position(|column| column.name == name);
    ColumnId(position.unwrap_or_else(|| panic!("unknown column {name}")))
}

fn query_statement(catalog: &Catalog, query: &ast::Query) -> Statement {
    if let ast::SetExpr::Select(select) = &*query.body
        && select.from.is_empty()
        && let [ast::SelectItem::UnnamedExpr(ast::Expr::Function(function))] =
            select.projection.as_slice()
        && function.name.to_string() == "nextval"
    {
        return Statement::NextValue(model::ledger::engine::schema::SequenceId(0));
    }
    Statement::Select(select_statement(catalog, query))
}

fn select_statement(catalog: &Catalog, query: &ast::Query) -> Select {
    let ast::SetExpr::Select(select) = &*query.body else {
        panic!("unknown query: {query}")
    };
    let table = table_of(catalog, &select.from[0].relation.to_string());
    let scope = Scope::new(catalog, table);
    let mut result = Select::all(table);
    result.output = scope.items(&select.projection);
    result.filter = select.selection.as_ref().map(|filter| scope.expr(filter));
    if let Some(order) = &query.order_by
        && let ast::OrderByKind::Expressions(keys) = &order.kind
    {
        let direction = |asc| {
            if asc == Some(false) {
                Direction::Descending
            } else {
                Direction::Ascending
            }
        };
        result.order = keys
            .iter()
            .map(|key| (scope.expr(&key.expr), direction(key.options.asc)))
            .collect();
    }
    if let Some(ast::LimitClause::LimitOffset {
        limit: Some(limit), ..
    }) = &query.limit_clause
    {
        result.limit = Some(limit.to_string().parse().expect("a limit is a number"));
    }
    result.locking = query.locks.first().map(|lock| Locking {
        strength: match lock.lock_type {
            ast::LockType::Share => RowLock::Share,
            ast::LockType::Update => RowLock::Update,
        },
        wait: match lock.nonblock {
            None => WaitPolicy::Block,
            Some(ast::NonBlock::Nowait) => WaitPolicy::NoWait,
            Some(ast::NonBlock::SkipLocked) => WaitPolicy::SkipLocked,
        },
    });
    result
}

fn insert_statement(catalog: &Catalog, insert: &ast::Insert) -> Insert {
    let table = table_of(catalog, &insert.table.to_string());
    let scope = Scope::new(catalog, table);
    let source = insert
        .source
        .as_ref()
        .unwrap_or_else(|| panic!("unknown INSERT: {insert}"));
    let rows = match &*source.body {
        ast::SetExpr::Values(values) => values
            .rows
            .iter()
            .map(|row| row.iter().map(|item| scope.expr(item)).collect())
            .collect(),
        _ => generated_rows(&scope, source),
    };
    let on_conflict = match &insert.on {
        None => None,
        Some(ast::OnInsert::OnConflict(clause)) => Some(OnConflict {
            columns: match &clause.conflict_target {
                Some(ast::ConflictTarget::Columns(columns)) => columns
                    .iter()
                    .map(|column| scope.column(&column.value))
                    .collect(),
                _ => Vec::new(),
            },
            action: match &clause.action {
                ast::OnConflictAction::DoNothing => ConflictAction::Nothing,
                ast::OnConflictAction::DoUpdate(update) => ConflictAction::Update {
                    assignments: scope.assignments(&update.assignments),
                    filter: update.selection.as_ref().map(|filter| scope.expr(filter)),
                },
            },
        }),
        Some(other) => panic!("unknown clause: {other}"),
    };
    let columns = insert
        .columns
        .iter()
        .map(|column| scope.column(&column.value))
        .collect();
    let returning = scope.items(insert.returning.as_deref().unwrap_or_default());
    Insert {
        table,
        columns,
        rows,
        on_conflict,
        returning,
    }
}

/// The rows of `SELECT constant, …`, once for each number of a `generate_series` among them.
fn generated_rows(scope: &Scope<'_>, query: &ast::Query) -> Vec<Vec<Expr>> {
    let mut body = &*query.body;
    while let ast::SetExpr::Query(inner) = body {
        body = &inner.body;
    }
    let ast::SetExpr::Select(select) = body else {
        panic!("unknown source: {query}")
    };
    let items: Vec<&ast::Expr> = select
        .projection
        .iter()
        .map(|item| match item {
            ast::SelectItem::UnnamedExpr(expr) => expr,
            other => panic!("unknown item: {other}"),
        })
        .collect();
    let series = |expr: &ast::Expr| -> Option<(i64, i64)> {
        let text = expr.to_string();
        let (first, last) = text
            .strip_prefix("generate_series(")?
            .strip_suffix(')')?
            .split_once(", ")?;
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    let (first, last) = items.iter().find_map(|item| series(item)).unwrap_or((1, 1));
    let row = |number: i64| {
        let cell = |item: &&ast::Expr| {
            if series(item).is_some() {
                Expr::literal(number)
            } else {
                scope.expr(item)
            }
        };
        items.iter().map(cell).collect()
    };
    (first..=last).map(row).collect()
}

/// Where names of columns are looked up.
struct Scope<'a> {
    catalog: &'a Catalog,
    table: TableId,
}

impl<'a> Scope<'a> {
    fn new(catalog: &'a Catalog, table: TableId) -> Self {
        Self { catalog, table }
    }

    fn column(&self, name: &str) -> ColumnId {
        column_of(&self.catalog.tables[self.table.0], name)
    }

    fn assignments(&self, assignments: &[ast::Assignment]) -> Vec<Assignment> {
        let one = |assignment: &ast::Assignment| Assignment {
            column: self.column(&assignment.target.to_string()),
            value: self.expr(&assignment.value),
        };
        assignments.iter().map(one).collect()
    }

    fn items(&self, items: &[ast::SelectItem]) -> Vec<Expr> {
        let known = items
            .iter()
            .filter(|item| !matches!(item, ast::SelectItem::Wildcard(_)));
        known
            .map(|item| match item {
                ast::SelectItem::UnnamedExpr(expr)
                | ast::SelectItem::ExprWithAlias { expr, .. } => self.expr(expr),
                other => panic!("unknown item: {other}"),
            })
            .collect()
    }

    fn expr(&self, expr: &ast::Expr) -> Expr {
        match expr {
            ast::Expr::Identifier(name) => Expr::Column(self.column(&name.value)),
            ast::Expr::CompoundIdentifier(names)
                if names[0].value.eq_ignore_ascii_case("excluded") =>
            {
                Expr::Excluded(self.column(&names[1].value))
            }
            ast::Expr::CompoundIdentifier(names) => Expr::Column(self.column(&names[1].value)),
            ast::Expr::Nested(inner) => self.expr(inner),
            ast::Expr::Value(value) => Expr::Literal(constant(&value.value)),
            ast::Expr::TypedString(typed) => Expr::Literal(constant(&typed.value.value)),
            ast::Expr::UnaryOp {
                op: ast::UnaryOperator::Minus,
                expr,
            } => Expr::binary(BinaryOp::Subtract, Expr::literal(0), self.expr(expr)),
            ast::Expr::UnaryOp {
                op: ast::UnaryOperator::Not,
                expr,
            } => Expr::Not(Box::new(self.expr(expr))),
            ast::Expr::IsNull(inner) => Expr::IsNull(Box::new(self.expr(inner))),
            ast::Expr::IsNotNull(inner) => {
                Expr::Not(Box::new(Expr::IsNull(Box::new(self.expr(inner)))))
            }
            ast::Expr::InList {
                expr,
                list,
                negated: false,
            } => Expr::InList(
                Box::new(self.expr(expr)),
                list.iter().map(|item| self.expr(item)).collect(),
            ),
            ast::Expr::Subquery(query) => {
                Expr::Subquery(Box::new(select_statement(self.catalog, query)))
            }
            ast::Expr::BinaryOp { left, op, right } => {
                Expr::binary(operator(op), self.expr(left), self.expr(right))
            }
            ast::Expr::Function(function) => self.function(function),
            other => panic!("unknown expression: {other}"),
        }
    }

    fn function(&self, function: &ast::Function) -> Expr {
        let ast::FunctionArguments::List(list) = &function.args else {
            panic!("unknown call: {function}")
        };
        let arguments = list.args.iter().filter_map(|argument| match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(self.expr(expr)),
            _ => None,
        });
        let mut arguments: Vec<Expr> = arguments.collect();
        let aggregate = match function.name.to_string().to_lowercase().as_str() {
            "count" => return Expr::CountRows,
            "coalesce" => return Expr::Coalesce(arguments),
            "sum" => Aggregate::Sum,
            "min" => Aggregate::Min,
            "max" => Aggregate::Max,
            other => panic!("unknown function: {other}"),
        };
        Expr::Aggregate(aggregate, Box::new(arguments.remove(0)))
    }
}

fn operator(op: &ast::BinaryOperator) -> BinaryOp {
    match op {
        ast::BinaryOperator::Eq => BinaryOp::Equal,
        ast::BinaryOperator::NotEq => BinaryOp::NotEqual,
        ast::BinaryOperator::Lt => BinaryOp::Less,
        ast::BinaryOperator::LtEq => BinaryOp::LessOrEqual,
        ast::BinaryOperator::Gt => BinaryOp::Greater,
        ast::BinaryOperator::GtEq => BinaryOp::GreaterOrEqual,
        ast::BinaryOperator::And => BinaryOp::And,
        ast::BinaryOperator::Or => BinaryOp::Or,
        ast::BinaryOperator::Plus => BinaryOp::Add,
        ast::BinaryOperator::Minus => BinaryOp::Subtract,
        ast::BinaryOperator::Multiply => BinaryOp::Multiply,
        ast::BinaryOperator::Divide => BinaryOp::Divide,
        ast::BinaryOperator::Modulo => BinaryOp::Remainder,
        other => panic!("unknown operator: {other}"),
    }
}

fn constant(value: &ast::Value) -> Value {
    match value {
        ast::Value::Null => Value::Null,
        ast::Value::Boolean(flag) => Value::Bool(*flag),
        ast::Value::Number(text, _) => text.parse().map_or_else(|_| Value::text(text), Value::Int),
        ast::Value::SingleQuotedString(text) => Value::text(text),
        other => panic!("unknown constant: {other}"),
    }
}
