//! Running an UPDATE or DELETE: find the rows, then claim and change them one by one.
//!
//! A row that another transaction changed meanwhile is, under READ COMMITTED, looked at again in its newest
//! version (it is left out if the filter no longer holds, and new values are computed from it); under the
//! stricter levels it is 40001. Start at [`ModifyRun`].

use super::error::SqlError;
use super::executor::{Progress, View};
use super::expression::{Scope, evaluate, passes};
use super::foreign_keys::KeyCheck;
use super::heap::Tid;
use super::insert::Written;
use super::row_locks::Standing;
use super::schema::TableId;
use super::select::output_row;
use super::serving::Engine;
use super::statement::{
    Assignment, CommandTag, Delete, Expr, Outcome, RowLock, Update, WaitPolicy,
};
use super::value::Row;
use super::writing::update_strength;
use std::collections::VecDeque;

/// An UPDATE or DELETE under way.
#[derive(Clone, Debug)]
pub(super) struct ModifyRun {
    table: TableId,
    /// New values; `None` for DELETE.
    assignments: Option<Vec<Assignment>>,
    filter: Option<Expr>,
    returning: Vec<Expr>,
    /// The rows found, of which the current one may since have been followed to a newer version; `None`
    /// before the scan.
    targets: Option<Vec<Tid>>,
    position: usize,
    pursuit: Pursuit,
    written: Option<Written>,
    count: u64,
    answered: Vec<Row>,
}

/// How far an UPDATE or DELETE is with a row that another transaction replaced; a wait must not throw it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pursuit {
    /// The version may still turn out to be free.
    Claiming,
    /// It was replaced. PostgreSQL now locks it as a query would, from the beginning, before it looks for the
    /// newest version; this shows where the version's key is still shared, for then there is a queue again.
    Replaced,
    /// Nothing is left to be had from the replaced version.
    Following,
}

impl ModifyRun {
    pub fn update(update: Update) -> Self {
        Self::new(
            update.table,
            Some(update.assignments),
            update.filter,
            update.returning,
        )
    }

    pub fn delete(delete: Delete) -> Self {
        Self::new(delete.table, None, delete.filter, delete.returning)
    }

    fn new(
        table: TableId,
        assignments: Option<Vec<Assignment>>,
        filter: Option<Expr>,
        returning: Vec<Expr>,
    ) -> Self {
        let (targets, written, answered) = (None, None, Vec::new());
        Self {
            table,
            assignments,
            filter,
            returning,
            targets,
            position: 0,
            pursuit: Pursuit::Claiming,
            written,
            count: 0,
            answered,
        }
    }
}

impl Engine {
    /// Takes an UPDATE or DELETE as far as it goes.
    pub(super) fn run_modify(
        &mut self,
        view: &View,
        run: &mut ModifyRun,
        checks: &mut VecDeque<KeyCheck>,
    ) -> Progress<Outcome> {
        if run.targets.is_none() {
            let found = self.scan(view, run.table, run.filter.as_ref())?;
            run.targets = Some(found.into_iter().map(|(tid, _)| tid).collect());
        }
        while let Some(target) = run
            .targets
            .as_ref()
            .and_then(|targets| targets.get(run.position))
            .copied()
        {
            if run.assignments.is_some() {
                self.update_target(view, run, target, checks)?;
            } else {
                self.delete_target(view, run, target, checks)?;
            }
            run.written = None;
            run.position += 1;
        }
        let tag = if run.assignments.is_some() {
            CommandTag::Update
        } else {
            CommandTag::Delete
        };
        Ok(Outcome {
            tag: tag(run.count),
            rows: std::mem::take(&mut run.answered),
        })
    }

    fn update_target(
        &mut self,
        view: &View,
        run: &mut ModifyRun,
        mut target: Tid,
        checks: &mut VecDeque<KeyCheck>,
    ) -> Progress<()> {
        let table = run.table;
        while run.written.is_none() {
            let before = &self.tables[table.0].heap.version(target).values;
            let after = assigned_row(run.assignments.as_deref().unwrap_or_default(), before)?;
            self.check_row(table, &after)?;
            let strength = update_strength(self.catalog.table(table), before, &after);
            match self.claim_target(view, run, target, strength)? {
                Claim::Dropped => return Ok(()),
                Claim::Moved(newest) => target = newest,
                Claim::Mine => {
                    let tid = self.replace_version(view, table, target, after, strength)?;
                    run.written = Some(Written {
                        tid,
                        replaced: Some(target),
                        next_index: 0,
                    });
                }
            }
        }
        if let Some(written) = &mut run.written {
            self.enter_indexes(view, table, written.tid, &mut written.next_index)?;
            self.queue_checks(view, table, written.replaced, Some(written.tid), checks);
            let tid = written.tid;
            answer(run, &self.tables[table.0].heap.version(tid).values)?;
        }
        Ok(())
    }

    fn delete_target(
        &mut self,
        view: &View,
        run: &mut ModifyRun,
        mut target: Tid,
        checks: &mut VecDeque<KeyCheck>,
    ) -> Progress<()> {
        loop {
            match self.claim_target(view, run, target, RowLock::Update)? {
                Claim::Dropped => return Ok(()),
                Claim::Moved(newest) => target = newest,
                Claim::Mine => break,
            }
        }
        self.delete_version(view, run.table, target)?;
        self.queue_checks(view, run.table, Some(target), None, checks);
        Ok(answer(
            run,
            &self.tables[run.table.0].heap.version(target).values,
        )?)
    }

    fn claim_target(
        &mut self,
        view: &View,
        run: &mut ModifyRun,
        target: Tid,
        strength: RowLock,
    ) -> Progress<Claim> {
        let strict = self.keeps_snapshot(view.session);
        if run.pursuit == Pursuit::Claiming {
            match self.claim_version(view, run.table, target, strength)? {
                Standing::Free => return Ok(Claim::Mine),
                Standing::Updated if strict => return Err(SqlError::concurrent_update().into()),
                Standing::Deleted if strict => return Err(SqlError::concurrent_delete().into()),
                Standing::Updated => run.pursuit = Pursuit::Replaced,
                Standing::Deleted | Standing::EndedBySelf | Standing::Invisible => {
                    return Ok(Claim::Dropped);
                }
                Standing::WouldBlock => panic!("invariant: a claim that may wait never gives up"),
            }
        }
        if run.pursuit == Pursuit::Replaced {
            let wait = WaitPolicy::Block;
            let standing = self.lock_version(view, run.table, target, strength, wait, false)?;
            assert_eq!(
                standing,
                Standing::Updated,
                "invariant: {target:?} was replaced for good"
            );
            run.pursuit = Pursuit::Following;
        }
        let newest = self.lock_newest(view, run.table, target, strength, WaitPolicy::Block)?;
        run.pursuit = Pursuit::Claiming;
        match newest {
            Some(newest)
                if passes(
                    run.filter.as_ref(),
                    &self.tables[run.table.0].heap.version(newest).values,
                )? =>
            {
                // Remembered at once: the row is locked now, and a later wait must not look from the old
                // version.
                if let Some(targets) = &mut run.targets {
                    targets[run.position] = newest;
                }
                Ok(Claim::Moved(newest))
            }
            _ => Ok(Claim::Dropped),
        }
    }
}

/// What became of the attempt to claim a row.
enum Claim {
    Mine,
    /// The row moved on to this version, which still passes the filter.
    Moved(Tid),
    /// The row is gone, or no longer passes the filter.
    Dropped,
}

fn assigned_row(assignments: &[Assignment], before: &Row) -> Result<Row, SqlError> {
    let mut after = before.clone();
    for assignment in assignments {
        after[assignment.column.0] = evaluate(&assignment.value, &Scope::row(before))?;
    }
    Ok(after)
}

fn answer(run: &mut ModifyRun, row: &Row) -> Result<(), SqlError> {
    run.count += 1;
    if !run.returning.is_empty() {
        run.answered.push(output_row(&run.returning, row.clone())?);
    }
    Ok(())
}
