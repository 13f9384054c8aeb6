//! Foreign keys: checked when a statement has written all its rows, as PostgreSQL's triggers do.
//!
//! A child locks its parent's key against change; a parent that goes looks for children with a snapshot of
//! its own, so that it finds even those outside the transaction's snapshot. Start at [`KeyCheck`].

use super::error::{SqlError, SqlState};
use super::executor::{Progress, View};
use super::expression::passes;
use super::heap::{Tid, Version};
use super::key::Key;
use super::schema::{ColumnId, TableId};
use super::serving::Engine;
use super::statement::{BinaryOp, Expr, RowLock, WaitPolicy};
use super::value::Value;
use std::collections::VecDeque;

/// One foreign key to check for one row.
#[derive(Clone, Debug)]
pub(super) struct KeyCheck {
    child: TableId,
    /// Position among the child's foreign keys.
    number: usize,
    key: Key,
    side: Side,
    /// Taken when the check begins; `None` before.
    view: Option<View>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// A child was written: its parent must exist.
    ParentMustExist,
    /// A parent lost this key: no child may refer to it.
    NoChildMayExist,
}

impl Engine {
    /// Queues the checks that a written row calls for. `before` is the version replaced or deleted, `after`
    /// the one written.
    pub(super) fn queue_checks(
        &self,
        view: &View,
        table: TableId,
        before: Option<Tid>,
        after: Option<Tid>,
        checks: &mut VecDeque<KeyCheck>,
    ) {
        let heap = &self.tables[table.0].heap;
        let before = before.map(|tid| heap.version(tid));
        let after = after.map(|tid| heap.version(tid));
        for (child, definition) in self.catalog.tables.iter().enumerate() {
            for (number, key) in definition.foreign_keys.iter().enumerate() {
                let (child, view) = (TableId(child), None::<View>);
                if let Some(before) = before
                    && key.parent == table
                    && let Some(key) = lost_key(before, after, &key.parent_columns)
                {
                    checks.push_back(KeyCheck {
                        child,
                        number,
                        key,
                        side: Side::NoChildMayExist,
                        view,
                    });
                }
            }
        }
        let Some(after) = after else { return };
        let own = self.own_xid(view.session);
        for (number, key) in self.catalog.table(table).foreign_keys.iter().enumerate() {
            let value = Key::of(&after.values, &key.columns);
            // A row this transaction wrote itself is checked again even if its key stayed: its first check
            // may be pending.
            let unchanged = before.is_some_and(|before| {
                Some(before.xmin) != own && Key::of(&before.values, &key.columns) == value
            });
            if !unchanged && !value.iter().any(Value::is_null) {
                let side = Side::ParentMustExist;
                checks.push_back(KeyCheck {
                    child: table,
                    number,
                    key: value,
                    side,
                    view: None,
                });
            }
        }
    }

    /// Performs one check; waits where a running transaction holds the row that decides.
    pub(super) fn check_key(&mut self, view: &View, check: &mut KeyCheck) -> Progress<()> {
        let probe = match &check.view {
            Some(probe) => probe.clone(),
            None => check.view.insert(self.check_view(view, check.side)).clone(),
        };
        let child = self.catalog.table(check.child);
        let key = child.foreign_keys[check.number].clone();
        let child = child.name.clone();
        let parent = self.catalog.table(key.parent).name.clone();
        if self.key_row_exists(&probe, key.parent, &key.parent_columns, &check.key)? {
            return Ok(());
        }
        let name = &key.name;
        let words = match check.side {
            Side::ParentMustExist => {
                format!(
                    "insert or update on table \"{child}\" violates foreign key constraint \"{name}\""
                )
            }
            Side::NoChildMayExist => {
                if !self.key_row_exists(&probe, check.child, &key.columns, &check.key)? {
                    return Ok(());
                }
                format!(
                    "update or delete on table \"{parent}\" violates foreign key constraint \"{name}\" on table \"{child}\""
                )
            }
        };
        Err(SqlError::new(SqlState::ForeignKeyViolation, words).into())
    }

    fn check_view(&mut self, view: &View, side: Side) -> View {
        let latest = side == Side::NoChildMayExist || !self.keeps_snapshot(view.session);
        let snapshot = if latest {
            self.transactions.snapshot()
        } else {
            view.snapshot.clone()
        };
        View {
            session: view.session,
            snapshot,
            command: view.command + 1,
        }
    }

    /// Key-share locks the first row with this key and tells whether there is one.
    fn key_row_exists(
        &mut self,
        view: &View,
        table: TableId,
        columns: &[ColumnId],
        key: &Key,
    ) -> Progress<bool> {
        let terms = columns.iter().zip(key.iter()).map(|(column, value)| {
            Expr::binary(
                BinaryOp::Equal,
                Expr::Column(*column),
                Expr::Literal(value.clone()),
            )
        });
        let filter = terms.reduce(Expr::and);
        let found = self.scan(view, table, filter.as_ref())?;
        let recheck = |version: &Version| passes(filter.as_ref(), &version.values);
        for (tid, _) in found {
            if self
                .lock_row(
                    view,
                    table,
                    tid,
                    RowLock::KeyShare,
                    WaitPolicy::Block,
                    &recheck,
                )?
                .is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The key a row had before and has no longer.
fn lost_key(before: &Version, after: Option<&Version>, columns: &[ColumnId]) -> Option<Key> {
    let key = Key::of(&before.values, columns);
    let kept = after.is_some_and(|after| Key::of(&after.values, columns) == key);
    (!kept && !key.iter().any(Value::is_null)).then_some(key)
}
