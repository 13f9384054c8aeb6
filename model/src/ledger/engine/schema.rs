//! The catalog: tables, columns, keys and sequences, fixed when an engine is made.
//!
//! There is no DDL inside transactions; a simulated store gets its schema from its node and again after a
//! crash, and the log holds rows only. [`Catalog::validate`] refuses a schema that contradicts itself. Start
//! at [`Catalog`].

use super::error::SqlError;
use super::statement::Expr;
use super::validation::{validate_condition, validate_default};
use super::value::{Value, ValueType};
use thiserror::Error;

/// Position of a table in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub usize);

/// Position of a column in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub usize);

/// Position of a sequence in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceId(pub usize);

/// All tables and sequences of one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Tables by [`TableId`].
    pub tables: Vec<TableDef>,
    /// Sequence names by [`SequenceId`]; each counts up from 1.
    pub sequences: Vec<String>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDef {
    /// Its name, as error messages tell it.
    pub name: String,
    /// Its columns by [`ColumnId`].
    pub columns: Vec<ColumnDef>,
    /// Its indexes, the primary key first if there is one; uniqueness is checked in this order.
    pub indexes: Vec<IndexDef>,
    /// Parents its rows must have.
    pub foreign_keys: Vec<ForeignKey>,
    /// Conditions no row may make false, with their names.
    pub checks: Vec<(String, Expr)>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDef {
    /// Its name.
    pub name: String,
    /// What it may hold.
    pub value_type: ValueType,
    /// Whether null is allowed.
    pub nullable: bool,
    /// The value of a column that an insert leaves out: a constant or [`Expr::NextValue`].
    pub default: Expr,
}

/// One B-tree index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexDef {
    /// Its name, which is also the name of its unique constraint.
    pub name: String,
    /// The indexed columns in order.
    pub columns: Vec<ColumnId>,
    /// Whether two rows may not share a key; keys with a null never collide.
    pub unique: bool,
    /// The condition of a partial index: only rows that pass it have an entry.
    pub predicate: Option<Expr>,
}

/// A reference to a unique key of another table, with `NO ACTION` on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// The referring columns.
    pub columns: Vec<ColumnId>,
    /// The table referred to.
    pub parent: TableId,
    /// The unique key referred to, column by column.
    pub parent_columns: Vec<ColumnId>,
}

/// A schema that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// A column number outside its table.
    #[error(
        "table \"{table}\": {place} names column {column}, but there are {columns}; correct the number"
    )]
    UnknownColumn {
        /// The table at fault.
        table: String,
        /// The index, key or check that names it.
        place: String,
        /// The number named.
        column: usize,
        /// How many there are.
        columns: usize,
    },
    /// A table number outside the catalog.
    #[error("foreign key \"{0}\" names a table that does not exist; correct the number")]
    UnknownTable(String),
    /// A check, an index condition or a default that can't be computed.
    #[error("table \"{table}\": {place} can't be computed: {why}; correct the expression")]
    Expression {
        /// The table at fault.
        table: String,
        /// The check, index or column it belongs to.
        place: String,
        /// What is wrong with it.
        why: SqlError,
    },
    /// Parent columns that are no unique key.
    #[error(
        "foreign key \"{0}\" does not name a unique key of its parent; add a unique index over exactly those columns"
    )]
    ParentNotUnique(String),
}

impl TableDef {
    /// A table of nullable columns without keys.
    pub fn new(name: &str, columns: &[(&str, ValueType)]) -> Self {
        let columns = columns
            .iter()
            .map(|(name, value_type)| ColumnDef {
                name: (*name).to_owned(),
                value_type: *value_type,
                nullable: true,
                default: Expr::Literal(Value::Null),
            })
            .collect();
        let name = name.to_owned();
        Self {
            name,
            columns,
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
        }
    }

    /// Adds the primary key, whose columns become not null.
    pub fn primary_key(mut self, columns: &[usize]) -> Self {
        for column in columns {
            self.columns[*column].nullable = false;
        }
        let columns = columns.iter().copied().map(ColumnId).collect();
        self.indexes.insert(
            0,
            IndexDef {
                name: format!("{}_pkey", self.name),
                columns,
                unique: true,
                predicate: None,
            },
        );
        self
    }

    /// Adds a unique key.
    pub fn unique(mut self, columns: &[usize]) -> Self {
        let name = format!("{}_{}_key", self.name, self.columns[columns[0]].name);
        self.indexes.push(IndexDef {
            name,
            columns: columns.iter().copied().map(ColumnId).collect(),
            unique: true,
            predicate: None,
        });
        self
    }

    /// Adds a secondary index.
    pub fn index(mut self, columns: &[usize]) -> Self {
        let name = format!("{}_{}_idx", self.name, self.columns[columns[0]].name);
        self.indexes.push(IndexDef {
            name,
            columns: columns.iter().copied().map(ColumnId).collect(),
            unique: false,
            predicate: None,
        });
        self
    }

    /// Adds a reference to a unique key of another table.
    pub fn references(
        mut self,
        columns: &[usize],
        parent: TableId,
        parent_columns: &[usize],
    ) -> Self {
        let name = format!("{}_{}_fkey", self.name, self.columns[columns[0]].name);
        let columns = columns.iter().copied().map(ColumnId).collect();
        let parent_columns = parent_columns.iter().copied().map(ColumnId).collect();
        self.foreign_keys.push(ForeignKey {
            name,
            columns,
            parent,
            parent_columns,
        });
        self
    }

    /// The columns of all unique keys: an update that changes one of them takes the stronger row lock.
    pub(super) fn key_columns(&self) -> impl Iterator<Item = ColumnId> + '_ {
        self.indexes
            .iter()
            .filter(|index| index.unique && index.predicate.is_none())
            .flat_map(|index| index.columns.iter().copied())
    }
}

impl Catalog {
    /// Refuses a schema that names columns, tables or keys that do not exist.
    pub fn validate(&self) -> Result<(), SchemaError> {
        for (number, table) in self.tables.iter().enumerate() {
            self.validate_expressions(TableId(number), table)?;
            for index in &table.indexes {
                check_columns(table, &index.name, &index.columns)?;
            }
            for key in &table.foreign_keys {
                check_columns(table, &key.name, &key.columns)?;
                let parent = self
                    .tables
                    .get(key.parent.0)
                    .ok_or_else(|| SchemaError::UnknownTable(key.name.clone()))?;
                check_columns(parent, &key.name, &key.parent_columns)?;
                let covered =
                    |index: &IndexDef| index.unique && index.columns == key.parent_columns;
                if key.columns.len() != key.parent_columns.len()
                    || !parent.indexes.iter().any(covered)
                {
                    return Err(SchemaError::ParentNotUnique(key.name.clone()));
                }
            }
        }
        Ok(())
    }

    fn validate_expressions(&self, id: TableId, table: &TableDef) -> Result<(), SchemaError> {
        let checks = table.checks.iter().map(|(name, check)| (name, check));
        let conditions = table
            .indexes
            .iter()
            .filter_map(|index| Some((&index.name, index.predicate.as_ref()?)));
        let conditions = checks
            .chain(conditions)
            .map(|(name, condition)| (name, validate_condition(self, id, condition)));
        let defaults = table
            .columns
            .iter()
            .map(|column| (&column.name, validate_default(self, &column.default)));
        for (place, result) in conditions.chain(defaults) {
            result.map_err(|why| SchemaError::Expression {
                table: table.name.clone(),
                place: place.clone(),
                why,
            })?;
        }
        Ok(())
    }

    /// The foreign keys that refer to a table: the child and their position there.
    pub(super) fn referrers(&self, parent: TableId) -> impl Iterator<Item = (TableId, usize)> {
        let children = self.tables.iter().enumerate();
        children.flat_map(move |(child, definition)| {
            let keys = definition.foreign_keys.iter().enumerate();
            keys.filter(move |(_, key)| key.parent == parent)
                .map(move |(number, _)| (TableId(child), number))
        })
    }

    /// The definition of a table.
    pub(super) fn table(&self, table: TableId) -> &TableDef {
        &self.tables[table.0]
    }
}

fn check_columns(table: &TableDef, place: &str, columns: &[ColumnId]) -> Result<(), SchemaError> {
    match columns
        .iter()
        .find(|column| column.0 >= table.columns.len())
    {
        None => Ok(()),
        Some(column) => Err(SchemaError::UnknownColumn {
            table: table.name.clone(),
            place: place.to_owned(),
            column: column.0,
            columns: table.columns.len(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent() -> TableDef {
        TableDef::new("p", &[("id", ValueType::Int)]).primary_key(&[0])
    }

    fn check(child: TableDef) -> Result<(), SchemaError> {
        Catalog {
            tables: vec![parent(), child],
            sequences: Vec::new(),
        }
        .validate()
    }

    #[test]
    fn schema_that_contradicts_itself_is_refused() {
        let child = || TableDef::new("c", &[("pid", ValueType::Int)]);
        assert_eq!(check(child().references(&[0], TableId(0), &[0])), Ok(()));
        assert_eq!(
            check(child().references(&[0], TableId(7), &[0])),
            Err(SchemaError::UnknownTable("c_pid_fkey".to_owned()))
        );
        assert_eq!(
            check(child().references(&[0], TableId(1), &[0])),
            Err(SchemaError::ParentNotUnique("c_pid_fkey".to_owned()))
        );
        let mut broken = child().index(&[0]);
        broken.indexes[0].columns.push(ColumnId(4));
        assert!(matches!(
            check(broken),
            Err(SchemaError::UnknownColumn {
                column: 4,
                columns: 1,
                ..
            })
        ));
    }

    #[test]
    fn expression_that_could_never_be_computed_is_refused() {
        let refused = |change: &dyn Fn(&mut TableDef)| {
            let mut child = TableDef::new("c", &[("pid", ValueType::Int)]).index(&[0]);
            change(&mut child);
            matches!(check(child), Err(SchemaError::Expression { .. }))
        };
        assert!(!refused(&|child| child
            .checks
            .push(("positive".to_owned(), Expr::column(0)))));
        assert!(refused(&|child| child
            .checks
            .push(("positive".to_owned(), Expr::column(1)))));
        assert!(refused(
            &|child| child.indexes[0].predicate = Some(Expr::CountRows)
        ));
        assert!(!refused(
            &|child| child.columns[0].default = Expr::literal(7)
        ));
        assert!(refused(&|child| child.columns[0].default = Expr::column(0)));
        assert!(refused(
            &|child| child.columns[0].default = Expr::NextValue(SequenceId(0))
        ));
    }
}
