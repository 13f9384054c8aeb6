//! Running one statement: a resumable value that is stepped until it is done, waits, or fails.
//!
//! A step that has to wait returns [`Pause::Wait`] after the session was put into a queue; when its turn
//! comes, the same step is taken again from its beginning and finds its way by what it reads, as PostgreSQL
//! re-checks a row after every wait. So every step is written to be repeatable up to the point where it
//! waits. Start at [`Execution`].

use super::error::{SqlError, SqlState};
use super::expression::replace_volatile;
use super::foreign_keys::KeyCheck;
use super::insert::InsertRun;
use super::select::SelectRun;
use super::serving::Engine;
use super::session::SessionId;
use super::statement::{CommandTag, ConflictAction, Expr, Outcome, Select, Statement};
use super::transaction::Snapshot;
use super::update::ModifyRun;
use super::value::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// Why a step stopped before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// The session stands in a queue and will be resumed.
    Wait,
    /// The statement failed.
    Error(SqlError),
}

impl From<SqlError> for Pause {
    fn from(error: SqlError) -> Self {
        Self::Error(error)
    }
}

/// What a step yields.
pub(super) type Progress<T> = Result<T, Pause>;

/// Who looks, and what they may see.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub session: SessionId,
    pub snapshot: Arc<Snapshot>,
    /// Own changes of this command and later ones are not seen.
    pub command: u32,
}

/// A statement under way.
#[derive(Clone, Debug)]
pub(super) struct Execution {
    pub statement: Statement,
    /// Taken when the statement begins to work; `None` before.
    pub view: Option<View>,
    subquery: Option<Box<SelectRun>>,
    work: Option<Work>,
    /// Foreign keys to check once all rows are written.
    checks: VecDeque<KeyCheck>,
}

#[derive(Clone, Debug)]
enum Work {
    Select(SelectRun),
    Insert(InsertRun),
    Modify(ModifyRun),
    /// The rows are written; the foreign keys are being checked.
    Check(Outcome),
}

impl Execution {
    pub fn new(statement: Statement) -> Self {
        Self {
            statement,
            view: None,
            subquery: None,
            work: None,
            checks: VecDeque::new(),
        }
    }
}

impl Engine {
    /// Takes a statement as far as it goes.
    pub(super) fn step(&mut self, session: SessionId, run: &mut Execution) -> Progress<Outcome> {
        let view = match &run.view {
            Some(view) => view.clone(),
            None => run.view.insert(self.begin_view(session)?).clone(),
        };
        if let Statement::NextValue(sequence) = run.statement {
            let rows = vec![vec![Value::Int(self.next_value(session, sequence)?)]];
            return Ok(Outcome {
                tag: CommandTag::Select(1),
                rows,
            });
        }
        if run.work.is_none() {
            for expr in statement_expressions(&mut run.statement) {
                self.replace_subqueries(&view, expr, &mut run.subquery)?;
            }
            run.work = Some(begin_work(&run.statement));
        }
        loop {
            let outcome = match run.work.as_mut() {
                Some(Work::Select(select)) => {
                    let rows = self.run_select(&view, select)?;
                    return Ok(Outcome {
                        tag: CommandTag::Select(rows.len() as u64),
                        rows,
                    });
                }
                Some(Work::Insert(insert)) => self.run_insert(&view, insert, &mut run.checks)?,
                Some(Work::Modify(modify)) => self.run_modify(&view, modify, &mut run.checks)?,
                Some(Work::Check(outcome)) => {
                    while let Some(check) = run.checks.front_mut() {
                        self.check_key(&view, check)?;
                        run.checks.pop_front();
                    }
                    return Ok(outcome.clone());
                }
                None => panic!("invariant: work begins before it is stepped"),
            };
            run.work = Some(Work::Check(outcome));
        }
    }

    /// Replaces each subquery of an expression by its value, running them one after another.
    pub(super) fn replace_subqueries(
        &mut self,
        view: &View,
        expr: &mut Expr,
        slot: &mut Option<Box<SelectRun>>,
    ) -> Progress<()> {
        replace_volatile(expr, &mut |part| {
            let Expr::Subquery(select) = part else {
                return Ok(());
            };
            let run = slot.get_or_insert_with(|| Box::new(SelectRun::new((**select).clone())));
            let mut rows = self.run_select(view, run)?;
            *slot = None;
            if rows.len() > 1 {
                let words = "more than one row returned by a subquery used as an expression";
                return Err(SqlError::new(SqlState::CardinalityViolation, words).into());
            }
            let value = rows
                .pop()
                .and_then(|row| row.into_iter().next())
                .unwrap_or(Value::Null);
            *part = Expr::Literal(value);
            Ok(())
        })
    }
}

fn begin_work(statement: &Statement) -> Work {
    match statement {
        Statement::Select(select) => Work::Select(SelectRun::new(select.clone())),
        Statement::Insert(insert) => Work::Insert(InsertRun::new(insert.clone())),
        Statement::Update(update) => Work::Modify(ModifyRun::update(update.clone())),
        Statement::Delete(delete) => Work::Modify(ModifyRun::delete(delete.clone())),
        Statement::NextValue(_) | Statement::Begin(_) | Statement::Commit | Statement::Rollback => {
            panic!("invariant: statements without rows are answered before execution")
        }
    }
}

/// Every expression of a statement, in the order in which its subqueries run.
fn statement_expressions(statement: &mut Statement) -> Vec<&mut Expr> {
    match statement {
        Statement::Begin(_) | Statement::Commit | Statement::Rollback | Statement::NextValue(_) => {
            Vec::new()
        }
        Statement::Select(select) => select_expressions(select),
        Statement::Insert(insert) => {
            let mut all: Vec<&mut Expr> = insert.rows.iter_mut().flatten().collect();
            if let Some(ConflictAction::Update {
                assignments,
                filter,
            }) = insert.on_conflict.as_mut().map(|clause| &mut clause.action)
            {
                all.extend(
                    assignments
                        .iter_mut()
                        .map(|assignment| &mut assignment.value),
                );
                all.extend(filter);
            }
            all.extend(&mut insert.returning);
            all
        }
        Statement::Update(update) => {
            let values = update
                .assignments
                .iter_mut()
                .map(|assignment| &mut assignment.value);
            update
                .filter
                .iter_mut()
                .chain(values)
                .chain(&mut update.returning)
                .collect()
        }
        Statement::Delete(delete) => delete
            .filter
            .iter_mut()
            .chain(&mut delete.returning)
            .collect(),
    }
}

/// Every expression of a query.
pub(super) fn select_expressions(select: &mut Select) -> Vec<&mut Expr> {
    let order = select.order.iter_mut().map(|(expr, _)| expr);
    select
        .filter
        .iter_mut()
        .chain(&mut select.output)
        .chain(order)
        .collect()
}
