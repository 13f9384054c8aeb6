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
    parents: Candidates,
    children: Candidates,
}

/// The rows that have the key, once they were looked for, less those that turned out to be gone. A check that had to
/// wait goes on at the row it waited for and reads nothing again: a doomed transaction would be told there.
type Candidates = Option<VecDeque<Tid>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// A child was written: its parent must exist.
    ParentMustExist,
    /// A parent lost this key: no child may refer to it.
    NoChildMayExist,
}

impl KeyCheck {
    fn new(child: TableId, number: usize, key: Key, side: Side) -> Self {
        Self {
            child,
            number,
            key,
            side,
            view: None,
            parents: None,
            children: None,
        }
    }
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
        for (child, number) in self.tables[table.0].referrers.iter().copied() {
            let key = &self.catalog.table(child).foreign_keys[number];
            if let Some(before) = before
                && let Some(key) = lost_key(before, after, &key.parent_columns)
            {
                checks.push_back(KeyCheck::new(child, number, key, Side::NoChildMayExist));
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
                checks.push_back(KeyCheck::new(table, number, value, Side::ParentMustExist));
            }
        }
    }

    /// Performs one check; waits where a running transaction holds the row that decides.
    pub(super) fn check_key(&mut self, view: &View, check: &mut KeyCheck) -> Progress<()> {
        let probe = match &check.view {
            Some(probe) => probe.clone(),
            None => check.view.insert(self.check_view(view, check.side)).clone(),
        };
        let key = &self.catalog.table(check.child).foreign_keys[check.number];
        let filter = key_filter(&key.parent_columns, &check.key);
        if self.key_row_exists(&probe, key.parent, filter, &mut check.parents)? {
            return Ok(());
        }
        if check.side == Side::NoChildMayExist {
            let key = &self.catalog.table(check.child).foreign_keys[check.number];
            let filter = key_filter(&key.columns, &check.key);
            if !self.key_row_exists(&probe, check.child, filter, &mut check.children)? {
                return Ok(());
            }
        }
        Err(self.broken_key(check).into())
    }

    fn broken_key(&self, check: &KeyCheck) -> SqlError {
        let child = self.catalog.table(check.child);
        let key = &child.foreign_keys[check.number];
        let (name, child) = (&key.name, &child.name);
        let parent = &self.catalog.table(key.parent).name;
        let words = match check.side {
            Side::ParentMustExist => {
                format!(
                    "insert or update on table \"{child}\" violates foreign key constraint \"{name}\""
                )
            }
            Side::NoChildMayExist => {
                format!(
                    "update or delete on table \"{parent}\" violates foreign key constraint \"{name}\" on table \"{child}\""
                )
            }
        };
        SqlError::new(SqlState::ForeignKeyViolation, words)
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

    /// Key-share locks the first row that has the key and tells whether there is one.
    fn key_row_exists(
        &mut self,
        view: &View,
        table: TableId,
        filter: Option<Expr>,
        candidates: &mut Candidates,
    ) -> Progress<bool> {
        let candidates = match candidates {
            Some(candidates) => candidates,
            None => {
                let found = self.scan(view, table, filter.as_ref())?;
                candidates.insert(found.into_iter().map(|(tid, _)| tid).collect())
            }
        };
        let recheck = |version: &Version| passes(filter.as_ref(), &version.values);
        let (strength, policy) = (RowLock::KeyShare, WaitPolicy::Block);
        while let Some(tid) = candidates.front().copied() {
            let locked = self.lock_row(view, table, tid, strength, policy, &recheck)?;
            if locked.is_some() {
                return Ok(true);
            }
            candidates.pop_front();
        }
        Ok(false)
    }
}

/// The condition that a row has this key.
fn key_filter(columns: &[ColumnId], key: &Key) -> Option<Expr> {
    let terms = columns.iter().zip(key.iter()).map(|(column, value)| {
        let value = Expr::Literal(value.clone());
        Expr::binary(BinaryOp::Equal, Expr::Column(*column), value)
    });
    terms.reduce(Expr::and)
}

/// The key a row had before and has no longer.
fn lost_key(before: &Version, after: Option<&Version>, columns: &[ColumnId]) -> Option<Key> {
    let key = Key::of(&before.values, columns);
    let kept = after.is_some_and(|after| Key::of(&after.values, columns) == key);
    (!kept && !key.iter().any(Value::is_null)).then_some(key)
}
