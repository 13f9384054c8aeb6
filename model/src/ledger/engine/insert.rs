//! Running an INSERT: row by row, with ON CONFLICT decided before the row is written.
//!
//! A row is written into the heap first and into the indexes after; while it waits for a unique key its heap
//! version already stands, unseen. Start at [`InsertRun`].

use super::error::{SqlError, SqlState};
use super::executor::{Progress, View};
use super::expression::{Scope, evaluate, replace_volatile};
use super::foreign_keys::KeyCheck;
use super::heap::Tid;
use super::key::Key;
use super::row_locks::Standing;
use super::schema::TableId;
use super::select::output_row;
use super::serving::Engine;
use super::session::SessionId;
use super::statement::{
    Assignment, CommandTag, ConflictAction, Expr, Insert, OnConflict, Outcome, RowLock, WaitPolicy,
};
use super::value::{Row, Value};
use super::writing::update_strength;
use std::collections::VecDeque;

/// An INSERT under way.
#[derive(Clone, Debug)]
pub(super) struct InsertRun {
    insert: Insert,
    position: usize,
    /// The row at the current position, computed once: its sequence numbers must not be drawn again after a
    /// wait.
    row: Option<Row>,
    written: Option<Written>,
    count: u64,
    answered: Vec<Row>,
}

/// A version that stands in the heap and is on its way into the indexes.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub tid: Tid,
    /// The version it replaced, if any.
    pub replaced: Option<Tid>,
    pub next_index: usize,
}

/// What ON CONFLICT made of a row.
enum Resolution {
    NoConflict,
    Skipped,
    Replaced(Written),
}

impl InsertRun {
    pub fn new(insert: Insert) -> Self {
        Self {
            insert,
            position: 0,
            row: None,
            written: None,
            count: 0,
            answered: Vec::new(),
        }
    }
}

impl Engine {
    /// Takes an INSERT as far as it goes.
    pub(super) fn run_insert(
        &mut self,
        view: &View,
        run: &mut InsertRun,
        checks: &mut VecDeque<KeyCheck>,
    ) -> Progress<Outcome> {
        let table = run.insert.table;
        while run.position < run.insert.rows.len() {
            let row = match &run.row {
                Some(row) => row.clone(),
                None => run
                    .row
                    .insert(self.inserted_row(view.session, &run.insert, run.position)?)
                    .clone(),
            };
            if run.written.is_none() {
                run.written = match self.resolve_conflict(view, &run.insert, &row)? {
                    Resolution::Skipped => None,
                    Resolution::Replaced(written) => Some(written),
                    Resolution::NoConflict => {
                        let tid = self.insert_version(view, table, row)?;
                        Some(Written {
                            tid,
                            replaced: None,
                            next_index: 0,
                        })
                    }
                };
            }
            if let Some(written) = &mut run.written {
                self.enter_indexes(view, table, written.tid, &mut written.next_index)?;
                self.queue_checks(view, table, written.replaced, Some(written.tid), checks);
                run.count += 1;
                if !run.insert.returning.is_empty() {
                    let row = self.tables[table.0]
                        .heap
                        .version(written.tid)
                        .values
                        .clone();
                    run.answered.push(output_row(&run.insert.returning, row)?);
                }
            }
            (run.row, run.written) = (None, None);
            run.position += 1;
        }
        Ok(Outcome {
            tag: CommandTag::Insert(run.count),
            rows: std::mem::take(&mut run.answered),
        })
    }

    /// Computes the row at a position: given values, then defaults, then the checks of the table.
    fn inserted_row(
        &mut self,
        session: SessionId,
        insert: &Insert,
        position: usize,
    ) -> Result<Row, SqlError> {
        let definition = self.catalog.table(insert.table).clone();
        let mut expressions: Vec<Expr> = definition
            .columns
            .iter()
            .map(|column| column.default.clone())
            .collect();
        for (number, expr) in insert.rows[position].iter().enumerate() {
            let column = insert.columns.get(number).map_or(number, |column| column.0);
            expressions[column] = expr.clone();
        }
        let mut row = Row::with_capacity(expressions.len());
        for mut expr in expressions {
            replace_volatile(&mut expr, &mut |part| {
                if let Expr::NextValue(sequence) = part {
                    *part = Expr::Literal(Value::Int(self.next_value(session, *sequence)?));
                }
                Ok::<(), SqlError>(())
            })?;
            row.push(evaluate(&expr, &Scope::row(&[]))?);
        }
        self.check_row(insert.table, &row)?;
        Ok(row)
    }

    fn resolve_conflict(
        &mut self,
        view: &View,
        insert: &Insert,
        row: &Row,
    ) -> Progress<Resolution> {
        let Some(clause) = &insert.on_conflict else {
            return Ok(Resolution::NoConflict);
        };
        loop {
            let Some(holder) = self.conflicting_row(view, insert.table, clause, row)? else {
                return Ok(Resolution::NoConflict);
            };
            match &clause.action {
                ConflictAction::Nothing => {
                    self.check_in_snapshot(view, insert.table, holder)?;
                    return Ok(Resolution::Skipped);
                }
                ConflictAction::Update {
                    assignments,
                    filter,
                } => {
                    let resolved = self.update_holder(
                        view,
                        insert.table,
                        holder,
                        row,
                        assignments,
                        filter.as_ref(),
                    )?;
                    if let Some(resolution) = resolved {
                        return Ok(resolution);
                    }
                }
            }
        }
    }

    /// The live row that holds one of the keys that decide, after waiting for whoever is about to hold or
    /// free it.
    fn conflicting_row(
        &mut self,
        view: &View,
        table: TableId,
        clause: &OnConflict,
        row: &Row,
    ) -> Progress<Option<Tid>> {
        let indexes = self.catalog.table(table).indexes.iter().enumerate();
        let decides = indexes.filter(|(_, index)| {
            index.unique && (clause.columns.is_empty() || index.columns == clause.columns)
        });
        let keys: Vec<_> = decides
            .map(|(number, index)| (number, Key::of(row, &index.columns)))
            .collect();
        if keys.is_empty() && !clause.columns.is_empty() {
            let words =
                "there is no unique or exclusion constraint matching the ON CONFLICT specification";
            return Err(SqlError::new(SqlState::InvalidColumnReference, words).into());
        }
        for (number, key) in keys {
            if let Some(holder) = self.key_holder(view, table, number, &key, None)? {
                return Ok(Some(holder));
            }
        }
        Ok(None)
    }

    /// Under the stricter levels a conflict with a row outside the snapshot is a serialization failure.
    fn check_in_snapshot(&self, view: &View, table: TableId, tid: Tid) -> Result<(), SqlError> {
        let version = self.tables[table.0].heap.version(tid);
        let own = Some(version.xmin) == self.own_xid(view.session);
        if self.keeps_snapshot(view.session) && !own && !self.is_visible(view, version) {
            return Err(SqlError::concurrent_update());
        }
        Ok(())
    }

    /// DO UPDATE of the row in the way; `None` means that it moved on and the conflict must be looked at
    /// again.
    fn update_holder(
        &mut self,
        view: &View,
        table: TableId,
        holder: Tid,
        excluded: &Row,
        assignments: &[Assignment],
        filter: Option<&Expr>,
    ) -> Progress<Option<Resolution>> {
        let strict = self.keeps_snapshot(view.session);
        let before = self.tables[table.0].heap.version(holder).values.clone();
        let scope = Scope {
            row: &before,
            excluded: Some(excluded),
            group: None,
        };
        let keys: Vec<_> = self.catalog.table(table).key_columns().collect();
        let touches_key = assignments
            .iter()
            .any(|assignment| keys.contains(&assignment.column));
        let strength = if touches_key {
            RowLock::Update
        } else {
            RowLock::NoKeyUpdate
        };
        match self.lock_version(view, table, holder, strength, WaitPolicy::Block, false)? {
            Standing::Free => {}
            Standing::Updated if strict => return Err(SqlError::concurrent_update().into()),
            Standing::Deleted if strict => return Err(SqlError::concurrent_delete().into()),
            Standing::Updated | Standing::Deleted | Standing::WouldBlock => return Ok(None),
            Standing::Invisible | Standing::EndedBySelf => {
                let words = "ON CONFLICT DO UPDATE command cannot affect row a second time";
                return Err(SqlError::new(SqlState::CardinalityViolation, words).into());
            }
        }
        self.check_in_snapshot(view, table, holder)?;
        if let Some(filter) = filter
            && evaluate(filter, &scope)? != Value::Bool(true)
        {
            return Ok(Some(Resolution::Skipped));
        }
        let mut after = before.clone();
        for assignment in assignments {
            after[assignment.column.0] = evaluate(&assignment.value, &scope)?;
        }
        self.check_row(table, &after)?;
        let strength = update_strength(self.catalog.table(table), &before, &after);
        match self.claim_version(view, table, holder, strength)? {
            Standing::Free => {}
            other => panic!(
                "invariant: a row locked by this command is free to be changed by it, not {other:?}"
            ),
        }
        let tid = self.replace_version(view, table, holder, after, strength)?;
        Ok(Some(Resolution::Replaced(Written {
            tid,
            replaced: Some(holder),
            next_index: 0,
        })))
    }
}
