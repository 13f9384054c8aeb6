//! The engine's statements as SQL text, for a real server.

use model::ledger::engine::schema::{Catalog, ColumnId, TableDef, TableId};
use model::ledger::engine::statement::*;
use model::ledger::engine::{Value, ValueType};

/// The schema as DDL.
pub fn schema(catalog: &Catalog) -> String {
    let mut sql = String::new();
    for table in &catalog.tables {
        let columns = table.columns.iter().map(|column| {
            let value_type = match column.value_type {
                ValueType::Int => "bigint",
                ValueType::Text => "text",
                ValueType::Bool => "boolean",
            };
            format!(
                "{} {value_type}{}",
                column.name,
                if column.nullable { "" } else { " not null" }
            )
        });
        let names = |table: &TableDef, columns: &[ColumnId]| {
            columns
                .iter()
                .map(|column| table.columns[column.0].name.clone())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let keys = table.indexes.iter().filter(|index| index.unique);
        let keys = keys.map(|index| {
            format!(
                "constraint {} unique ({})",
                index.name,
                names(table, &index.columns)
            )
        });
        let foreign = table.foreign_keys.iter().map(|key| {
            let parent = &catalog.tables[key.parent.0];
            let (own, other) = (
                names(table, &key.columns),
                names(parent, &key.parent_columns),
            );
            format!(
                "constraint {} foreign key ({own}) references {} ({other})",
                key.name, parent.name
            )
        });
        let parts: Vec<String> = columns.chain(keys).chain(foreign).collect();
        sql.push_str(&format!(
            "create table {} ({});\n",
            table.name,
            parts.join(", ")
        ));
        for index in table.indexes.iter().filter(|index| !index.unique) {
            sql.push_str(&format!(
                "create index {} on {} ({});\n",
                index.name,
                table.name,
                names(table, &index.columns)
            ));
        }
    }
    for sequence in &catalog.sequences {
        sql.push_str(&format!("create sequence {sequence};\n"));
    }
    sql
}

/// One statement.
pub fn statement(catalog: &Catalog, statement: &Statement) -> String {
    match statement {
        Statement::Begin(mode) => {
            let level = match mode.isolation {
                Isolation::ReadCommitted => "read committed",
                Isolation::RepeatableRead => "repeatable read",
                Isolation::Serializable => "serializable",
            };
            let read_only = if mode.read_only { " read only" } else { "" };
            let deferrable = if mode.deferrable { " deferrable" } else { "" };
            format!("begin isolation level {level}{read_only}{deferrable}")
        }
        Statement::Commit => "commit".to_owned(),
        Statement::Rollback => "rollback".to_owned(),
        Statement::NextValue(sequence) => {
            format!("select nextval('{}')", catalog.sequences[sequence.0])
        }
        Statement::Select(query) => select(catalog, query),
        Statement::Insert(query) => insert(catalog, query),
        Statement::Update(query) => {
            let table = &catalog.tables[query.table.0];
            let set = assignments(catalog, query.table, &query.assignments);
            let tail = filter(catalog, query.table, query.filter.as_ref());
            format!(
                "update {} set {set}{tail}{}",
                table.name,
                returning(catalog, query.table, &query.returning)
            )
        }
        Statement::Delete(query) => {
            let table = &catalog.tables[query.table.0];
            let tail = filter(catalog, query.table, query.filter.as_ref());
            format!(
                "delete from {}{tail}{}",
                table.name,
                returning(catalog, query.table, &query.returning)
            )
        }
    }
}

fn select(catalog: &Catalog, query: &Select) -> String {
    let table = &catalog.tables[query.table.0];
    let output = if query.output.is_empty() {
        "*".to_owned()
    } else {
        list(catalog, query.table, &query.output)
    };
    let mut sql = format!("select {output} from {}", table.name);
    sql.push_str(&filter(catalog, query.table, query.filter.as_ref()));
    if !query.order.is_empty() {
        let keys = query.order.iter().map(|(key, direction)| {
            let suffix = if *direction == Direction::Descending {
                " desc"
            } else {
                ""
            };
            format!("{}{suffix}", expr(catalog, query.table, key))
        });
        sql.push_str(&format!(
            " order by {}",
            keys.collect::<Vec<_>>().join(", ")
        ));
    }
    if let Some(limit) = query.limit {
        sql.push_str(&format!(" limit {limit}"));
    }
    if let Some(locking) = query.locking {
        sql.push_str(match locking.strength {
            RowLock::KeyShare => " for key share",
            RowLock::Share => " for share",
            RowLock::NoKeyUpdate => " for no key update",
            RowLock::Update => " for update",
        });
        sql.push_str(match locking.wait {
            WaitPolicy::Block => "",
            WaitPolicy::NoWait => " nowait",
            WaitPolicy::SkipLocked => " skip locked",
        });
    }
    sql
}

fn insert(catalog: &Catalog, query: &Insert) -> String {
    let table = &catalog.tables[query.table.0];
    let names = |columns: &[ColumnId]| {
        columns
            .iter()
            .map(|column| table.columns[column.0].name.clone())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let columns = if query.columns.is_empty() {
        String::new()
    } else {
        format!(" ({})", names(&query.columns))
    };
    let rows = query
        .rows
        .iter()
        .map(|row| format!("({})", list(catalog, query.table, row)));
    let mut sql = format!(
        "insert into {}{columns} values {}",
        table.name,
        rows.collect::<Vec<_>>().join(", ")
    );
    if let Some(clause) = &query.on_conflict {
        sql.push_str(" on conflict");
        if !clause.columns.is_empty() {
            sql.push_str(&format!(" ({})", names(&clause.columns)));
        }
        match &clause.action {
            ConflictAction::Nothing => sql.push_str(" do nothing"),
            ConflictAction::Update {
                assignments: set,
                filter: condition,
            } => {
                sql.push_str(&format!(
                    " do update set {}",
                    assignments(catalog, query.table, set)
                ));
                sql.push_str(&filter(catalog, query.table, condition.as_ref()));
            }
        }
    }
    sql + &returning(catalog, query.table, &query.returning)
}

fn assignments(catalog: &Catalog, table: TableId, set: &[Assignment]) -> String {
    let part = |assignment: &Assignment| {
        let column = &catalog.tables[table.0].columns[assignment.column.0].name;
        format!("{column} = {}", expr(catalog, table, &assignment.value))
    };
    set.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn filter(catalog: &Catalog, table: TableId, filter: Option<&Expr>) -> String {
    filter.map_or(String::new(), |filter| {
        format!(" where {}", expr(catalog, table, filter))
    })
}

fn returning(catalog: &Catalog, table: TableId, output: &[Expr]) -> String {
    if output.is_empty() {
        String::new()
    } else {
        format!(" returning {}", list(catalog, table, output))
    }
}

fn list(catalog: &Catalog, table: TableId, list: &[Expr]) -> String {
    list.iter()
        .map(|item| expr(catalog, table, item))
        .collect::<Vec<_>>()
        .join(", ")
}

fn expr(catalog: &Catalog, table: TableId, node: &Expr) -> String {
    let name = |column: &ColumnId| catalog.tables[table.0].columns[column.0].name.clone();
    let sub = |node: &Expr| expr(catalog, table, node);
    match node {
        Expr::Column(column) => format!("{}.{}", catalog.tables[table.0].name, name(column)),
        Expr::Excluded(column) => format!("excluded.{}", name(column)),
        Expr::Literal(Value::Text(text)) => format!("'{}'", text.replace('\'', "''")),
        Expr::Literal(Value::Bool(flag)) => flag.to_string(),
        Expr::Literal(value) => value.to_string(),
        Expr::Binary(op, left, right) => format!("({} {} {})", sub(left), symbol(*op), sub(right)),
        Expr::Not(inner) => format!("(not {})", sub(inner)),
        Expr::IsNull(inner) => format!("({} is null)", sub(inner)),
        Expr::InList(inner, items) => {
            format!("({} in ({}))", sub(inner), list(catalog, table, items))
        }
        Expr::Coalesce(items) => format!("coalesce({})", list(catalog, table, items)),
        Expr::Subquery(query) => format!("({})", select(catalog, query)),
        Expr::NextValue(sequence) => format!("nextval('{}')", catalog.sequences[sequence.0]),
        Expr::CountRows => "count(*)".to_owned(),
        Expr::Aggregate(Aggregate::Sum, inner) => format!("sum({})", sub(inner)),
        Expr::Aggregate(Aggregate::Min, inner) => format!("min({})", sub(inner)),
        Expr::Aggregate(Aggregate::Max, inner) => format!("max({})", sub(inner)),
    }
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Equal => "=",
        BinaryOp::NotEqual => "<>",
        BinaryOp::Less => "<",
        BinaryOp::LessOrEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterOrEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Remainder => "%",
    }
}
