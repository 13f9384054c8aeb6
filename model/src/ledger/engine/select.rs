//! Running a query: scan, sort, lock row by row until the limit, then compute the output.
//!
//! Rows are locked after sorting and only as many as the limit asks for, and a row that moved on is locked
//! in its newest version without being sorted again; both are what PostgreSQL does. Start at [`SelectRun`].

use super::access::InOrder;
use super::executor::{Progress, View, select_expressions};
use super::expression::{Scope, evaluate, has_aggregate, passes};
use super::heap::Tid;
use super::serving::Engine;
use super::statement::{Direction, Select};
use super::value::{Row, Value};
use std::cmp::Ordering;

/// A query under way.
#[derive(Clone, Debug)]
pub(super) struct SelectRun {
    select: Select,
    nested: Option<Box<SelectRun>>,
    /// The walk along an index that finds candidates as they are needed; `None` means that one scan found all.
    walk: Option<InOrder>,
    /// The rows that matched when the scan was made, in order; `None` before the scan.
    candidates: Option<Vec<(Tid, Row)>>,
    position: usize,
    answered: Vec<Row>,
}

impl SelectRun {
    pub fn new(select: Select) -> Self {
        Self {
            select,
            nested: None,
            walk: None,
            candidates: None,
            position: 0,
            answered: Vec::new(),
        }
    }
}

impl Engine {
    /// Takes a query as far as it goes and answers its rows.
    pub(super) fn run_select(&mut self, view: &View, run: &mut SelectRun) -> Progress<Vec<Row>> {
        let aggregated = run.select.output.iter().any(has_aggregate);
        if run.candidates.is_none() {
            for expr in select_expressions(&mut run.select) {
                self.replace_subqueries(view, expr, &mut run.nested)?;
            }
            run.candidates = Some(self.first_candidates(view, run, aggregated)?);
        }
        let limit = run.select.limit.filter(|_| !aggregated).unwrap_or(u64::MAX);
        while (run.answered.len() as u64) < limit && self.find_candidate(view, run, limit)? {
            let row = self.lock_candidate(view, run)?;
            run.answered.extend(row);
            run.position += 1;
        }
        project(&run.select, std::mem::take(&mut run.answered), aggregated)
    }

    /// All rows that match, in order; none yet when an index will give them one by one.
    fn first_candidates(
        &mut self,
        view: &View,
        run: &mut SelectRun,
        aggregated: bool,
    ) -> Progress<Vec<(Tid, Row)>> {
        let select = &run.select;
        // What a serializable transaction reads is noted by the scan, and what it does not read for the sake of
        // a limit is not worth a second way of noting.
        if !aggregated && self.tracked_reader(view.session).is_none() {
            run.walk = InOrder::choose(&self.catalog.table(select.table).indexes, select);
        }
        if run.walk.is_some() {
            return Ok(Vec::new());
        }
        let mut rows = self.scan(view, select.table, select.filter.as_ref())?;
        sort_rows(select, &mut rows)?;
        Ok(rows)
    }

    /// Tells whether there is a candidate at the current position, after walking on to it if need be.
    fn find_candidate(&self, view: &View, run: &mut SelectRun, limit: u64) -> Progress<bool> {
        let known = run.candidates.as_ref().map_or(0, Vec::len);
        if run.position < known {
            return Ok(true);
        }
        let Some(walk) = &mut run.walk else {
            return Ok(false);
        };
        let (table, filter) = (run.select.table, run.select.filter.as_ref());
        let wanted = limit - run.answered.len() as u64;
        let rows = self.scan_in_order(view, table, filter, walk, wanted)?;
        let found = !rows.is_empty();
        (run.candidates, run.position) = (Some(rows), 0);
        Ok(found)
    }

    /// The row at the current position, locked if the query asks for it; `None` when it drops out.
    fn lock_candidate(&mut self, view: &View, run: &SelectRun) -> Progress<Option<Row>> {
        let Some((tid, row)) = run
            .candidates
            .as_ref()
            .and_then(|rows| rows.get(run.position))
        else {
            return Ok(None);
        };
        let Some(locking) = run.select.locking else {
            return Ok(Some(row.clone()));
        };
        let (table, filter) = (run.select.table, run.select.filter.as_ref());
        let recheck = |version: &super::heap::Version| passes(filter, &version.values);
        let locked = self.lock_row(view, table, *tid, locking.strength, locking.wait, &recheck)?;
        Ok(locked.map(|tid| self.tables[table.0].heap.version(tid).values.clone()))
    }
}

fn sort_rows(select: &Select, rows: &mut Vec<(Tid, Row)>) -> Progress<()> {
    if select.order.is_empty() {
        return Ok(());
    }
    let mut keyed = Vec::with_capacity(rows.len());
    for (tid, row) in rows.drain(..) {
        let scope = Scope::row(&row);
        let key = select
            .order
            .iter()
            .map(|(expr, _)| evaluate(expr, &scope))
            .collect::<Result<Vec<Value>, _>>()?;
        keyed.push((key, tid, row));
    }
    keyed.sort_by(|(left, ..), (right, ..)| {
        let parts = left.iter().zip(right).zip(&select.order);
        let compared = parts.map(|((left, right), (_, direction))| match direction {
            Direction::Ascending => left.cmp(right),
            Direction::Descending => right.cmp(left),
        });
        compared.fold(Ordering::Equal, Ordering::then)
    });
    rows.extend(keyed.into_iter().map(|(_, tid, row)| (tid, row)));
    Ok(())
}

fn project(select: &Select, rows: Vec<Row>, aggregated: bool) -> Progress<Vec<Row>> {
    if aggregated {
        let scope = Scope {
            row: &[],
            excluded: None,
            group: Some(&rows),
        };
        let row = select
            .output
            .iter()
            .map(|expr| evaluate(expr, &scope))
            .collect::<Result<Row, _>>()?;
        return Ok(vec![row]);
    }
    rows.into_iter()
        .map(|row| Ok(output_row(&select.output, row)?))
        .collect()
}

/// The answered columns of a row; no expressions means all columns.
pub(super) fn output_row(
    output: &[super::statement::Expr],
    row: Row,
) -> Result<Row, super::error::SqlError> {
    if output.is_empty() {
        return Ok(row);
    }
    output
        .iter()
        .map(|expr| evaluate(expr, &Scope::row(&row)))
        .collect()
}
