//! What a statement sees: visibility of row versions, the choice of an access path, and the scan.
//!
//! An index is used when a filter fixes a prefix of its columns or bounds the next one; rows come in
//! physical order either way, as from PostgreSQL's bitmap scans. Serializable reads are noted here. Start at
//! [`Engine::scan`].

use super::error::SqlError;
use super::executor::View;
use super::expression::passes;
use super::heap::{Tid, Version};
use super::index::KeyRange;
use super::predicate_locks::{Granularity, Target};
use super::schema::{IndexDef, TableId};
use super::serializable::{Safety, SxId};
use super::serving::Engine;
use super::session::SessionId;
use super::statement::{BinaryOp, Expr};
use super::transaction::{Fate, Snapshot, Xid};
use super::value::{Row, Value};

/// How a scan finds its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Access {
    Sequential,
    Index(usize, Vec<KeyRange>),
}

impl Engine {
    /// The visible rows that pass a filter, in physical order (through an index, in that of their chains'
    /// first versions).
    pub(super) fn scan(
        &mut self,
        view: &View,
        table: TableId,
        filter: Option<&Expr>,
    ) -> Result<Vec<(Tid, Row)>, SqlError> {
        let reader = self.tracked_reader(view.session);
        let exact = self.config.granularity == Granularity::Exact;
        let access = choose_access(&self.catalog.table(table).indexes, filter);
        if let Some(reader) = reader {
            match &access {
                _ if exact => self.ssi.reads.add_predicate(reader, table, filter.cloned()),
                Access::Sequential => self.ssi.reads.add(reader, Target::Table(table)),
                Access::Index(index, ranges) => self.note_leaves(reader, table, *index, ranges),
            }
        }
        let candidates = match &access {
            Access::Sequential => self.tables[table.0]
                .heap
                .iter()
                .map(|(tid, _)| tid)
                .collect(),
            Access::Index(index, ranges) => {
                let mut roots: Vec<Tid> = ranges
                    .iter()
                    .flat_map(|range| self.tables[table.0].indexes[*index].lookup(range))
                    .collect();
                roots.sort_unstable();
                roots.dedup();
                roots
            }
        };
        let chained = matches!(access, Access::Index(..));
        let mut found = Vec::new();
        for root in candidates {
            let Some(tid) = self.visible_from(view, table, root, chained, reader, filter)? else {
                continue;
            };
            if let Some(reader) = reader {
                let matches = || passes(filter, &self.tables[table.0].heap.version(tid).values);
                match &access {
                    _ if exact && matches()? => {
                        self.ssi.reads.add_exactly(reader, Target::Row(table, tid))
                    }
                    Access::Index(..) if !exact => self.note_row(reader, view.session, table, tid),
                    _ => {}
                }
            }
            let values = &self.tables[table.0].heap.version(tid).values;
            if passes(filter, values)? {
                found.push((tid, values.clone()));
            }
        }
        Ok(found)
    }

    /// The visible version at `root` or, when `chained`, further along its heap-only chain.
    fn visible_from(
        &mut self,
        view: &View,
        table: TableId,
        root: Tid,
        chained: bool,
        reader: Option<SxId>,
        filter: Option<&Expr>,
    ) -> Result<Option<Tid>, SqlError> {
        let mut tid = if chained {
            self.tables[table.0].heap.chain_start(root)
        } else {
            root
        };
        loop {
            let Some(version) = self.tables[table.0].heap.get(tid) else {
                return Ok(None);
            };
            let visible = self.is_visible(view, version);
            let next = version.ending.as_ref().and_then(|ending| ending.next);
            if let Some(reader) = reader {
                self.ssi.check_doom(reader)?;
                let exact = self.config.granularity == Granularity::Exact;
                let relevant = !exact || passes(filter, &version.values)?;
                if relevant && let Some(writer) = self.unseen_writer(view.session, version, visible)
                {
                    let snapshot = self.transaction_snapshot(view);
                    self.ssi.conflict_out(reader, writer, &snapshot)?;
                }
            }
            if visible || !chained {
                return Ok(visible.then_some(tid));
            }
            match next.filter(|next| {
                self.tables[table.0]
                    .heap
                    .get(*next)
                    .is_some_and(|version| version.heap_only)
            }) {
                Some(next) => tid = next,
                None => return Ok(None),
            }
        }
    }

    /// Tells whether a view sees a version.
    pub(super) fn is_visible(&self, view: &View, version: &Version) -> bool {
        let own = self.own_xid(view.session);
        let sees = |xid: Xid, command: u32| {
            if Some(xid) == own {
                command < view.command
            } else {
                !view.snapshot.is_concurrent(xid) && self.transactions.fate(xid) == Fate::Committed
            }
        };
        sees(version.xmin, version.command)
            && !version
                .ending
                .as_ref()
                .is_some_and(|ending| sees(ending.xid, ending.command))
    }

    /// The writer whose work a reader of this version misses, if any: the one that ended what it sees, or
    /// the one that wrote what it does not see.
    fn unseen_writer(&self, session: SessionId, version: &Version, visible: bool) -> Option<Xid> {
        let born = self.transactions.fate(version.xmin);
        if born == Fate::Aborted {
            return None;
        }
        let ended = version
            .ending
            .as_ref()
            .filter(|ending| self.transactions.fate(ending.xid) != Fate::Aborted);
        let writer = match ended {
            None if visible => return None,
            None => version.xmin,
            Some(ending) if visible => ending.xid,
            Some(_) => version.xmin,
        };
        (Some(writer) != self.own_xid(session)).then_some(writer)
    }

    /// The serializable transaction whose reads must be noted.
    pub(super) fn tracked_reader(&mut self, session: SessionId) -> Option<SxId> {
        let sxact = self.session(session).transaction.as_ref()?.sxact?;
        if self.ssi.safety(sxact) == Safety::Safe {
            self.transaction_mut(session).sxact = None;
            self.ssi.release(sxact);
            return None;
        }
        Some(sxact)
    }

    /// The snapshot by which concurrency is judged: the transaction's own where it has one.
    fn transaction_snapshot(&self, view: &View) -> Snapshot {
        let transaction = self.session(view.session).transaction.as_ref();
        transaction
            .and_then(|transaction| transaction.snapshot.clone())
            .unwrap_or_else(|| view.snapshot.clone())
    }

    fn note_leaves(&mut self, reader: SxId, table: TableId, index: usize, ranges: &[KeyRange]) {
        for range in ranges {
            let leaves = self.tables[table.0].indexes[index].leaves_of(range);
            if leaves.is_empty() {
                // An empty index has no leaf yet; nothing finer than the whole can be noted.
                self.ssi.reads.add(reader, Target::Index(table, index));
            }
            for leaf in leaves {
                self.ssi.reads.add(reader, Target::Leaf(table, index, leaf));
            }
        }
    }

    fn note_row(&mut self, reader: SxId, session: SessionId, table: TableId, tid: Tid) {
        // A row of its own needs no note: whoever changes it must wait for its end.
        if Some(self.tables[table.0].heap.version(tid).xmin) != self.own_xid(session) {
            self.ssi.reads.add(reader, Target::Row(table, tid));
        }
    }
}

/// Picks the index whose columns the filter fixes best; the first one wins a tie.
fn choose_access(indexes: &[IndexDef], filter: Option<&Expr>) -> Access {
    let Some(filter) = filter else {
        return Access::Sequential;
    };
    let mut terms = Vec::new();
    conjuncts(filter, &mut terms);
    let mut best: Option<(usize, usize, Vec<KeyRange>)> = None;
    for (number, index) in indexes.iter().enumerate() {
        if index
            .predicate
            .as_ref()
            .is_some_and(|predicate| !terms.contains(&predicate))
        {
            continue;
        }
        let (weight, ranges) = ranges_for(index, &terms);
        let weight = weight + usize::from(index.predicate.is_some());
        if weight > best.as_ref().map_or(0, |(weight, ..)| *weight) {
            best = Some((weight, number, ranges));
        }
    }
    best.map_or(Access::Sequential, |(_, number, ranges)| {
        Access::Index(number, ranges)
    })
}

/// The ranges that the terms leave of an index, and how much they fix: two for an equality, one for a bound.
fn ranges_for(index: &IndexDef, terms: &[&Expr]) -> (usize, Vec<KeyRange>) {
    let mut weight = 0;
    let mut ranges = vec![KeyRange::default()];
    for column in &index.columns {
        let column = Expr::Column(*column);
        if let Some(values) = terms.iter().find_map(|term| equal_values(term, &column)) {
            weight += 2;
            ranges = ranges
                .iter()
                .flat_map(|range| {
                    values.iter().filter(|value| !value.is_null()).map(|value| {
                        let mut range = range.clone();
                        range.prefix.push((*value).clone());
                        range
                    })
                })
                .collect();
            continue;
        }
        for term in terms {
            let Some((op, value)) = bound_of(term, &column) else {
                continue;
            };
            weight += 1;
            for range in &mut ranges {
                match op {
                    BinaryOp::Less => range.high = Some((value.clone(), false)),
                    BinaryOp::LessOrEqual => range.high = Some((value.clone(), true)),
                    BinaryOp::Greater => range.low = Some((value.clone(), false)),
                    _ => range.low = Some((value.clone(), true)),
                }
            }
        }
        break;
    }
    (weight, ranges)
}

fn conjuncts<'a>(filter: &'a Expr, terms: &mut Vec<&'a Expr>) {
    match filter {
        Expr::Binary(BinaryOp::And, left, right) => {
            conjuncts(left, terms);
            conjuncts(right, terms);
        }
        term => terms.push(term),
    }
}

/// The constants a term requires a column to equal.
fn equal_values<'a>(term: &'a Expr, column: &Expr) -> Option<Vec<&'a Value>> {
    match term {
        Expr::Binary(BinaryOp::Equal, left, right) => match (&**left, &**right) {
            (side, Expr::Literal(value)) | (Expr::Literal(value), side) if side == column => {
                Some(vec![value])
            }
            _ => None,
        },
        Expr::InList(inner, list) if **inner == *column => {
            let constant = |item: &'a Expr| {
                if let Expr::Literal(value) = item {
                    Some(value)
                } else {
                    None
                }
            };
            list.iter().map(constant).collect()
        }
        _ => None,
    }
}

/// The bound a term sets on a column: `column op constant`.
fn bound_of<'a>(term: &'a Expr, column: &Expr) -> Option<(BinaryOp, &'a Value)> {
    let Expr::Binary(op, left, right) = term else {
        return None;
    };
    if !matches!(
        op,
        BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual
    ) {
        return None;
    }
    match (&**left, &**right) {
        (side, Expr::Literal(value)) if side == column && !value.is_null() => Some((*op, value)),
        (Expr::Literal(value), side) if side == column && !value.is_null() => {
            let turned = match op {
                BinaryOp::Less => BinaryOp::Greater,
                BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
                BinaryOp::Greater => BinaryOp::Less,
                _ => BinaryOp::LessOrEqual,
            };
            Some((turned, value))
        }
        _ => None,
    }
}
