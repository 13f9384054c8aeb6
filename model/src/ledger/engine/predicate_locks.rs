//! What serializable transactions have read: tracked by row, page, table or index leaf, as PostgreSQL tracks
//! it, or exactly.
//!
//! These locks never block anyone; a writer looks them up to learn who read what it changes. PostgreSQL
//! keeps them coarse (a sequential scan locks the table, an index scan locks leaves, three rows of a page
//! become the page), so it may abort without a real cycle. [`Granularity::Exact`] keeps the rows read and
//! the predicate itself. Start at [`ReadLocks::add`].

use super::expression::passes;
use super::heap::Tid;
use super::index::LeafId;
use super::schema::TableId;
use super::serializable::SxId;
use super::statement::Expr;
use super::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How finely serializable reads are tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// By row, page, index leaf and table, with PostgreSQL's default promotion limits.
    PostgreSql,
    /// By row and by predicate: only real dependencies count.
    Exact,
}

/// Something that can be read: a whole relation, a page of it, or one row version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Table(TableId),
    Page(TableId, u32),
    Row(TableId, Tid),
    Index(TableId, usize),
    Leaf(TableId, usize, LeafId),
}

impl Target {
    /// The coarser targets that cover this one, nearest first.
    fn parents(self) -> Vec<Self> {
        match self {
            Self::Table(_) | Self::Index(..) => Vec::new(),
            Self::Page(table, _) => vec![Self::Table(table)],
            Self::Row(table, tid) => vec![Self::Page(table, tid.page), Self::Table(table)],
            Self::Leaf(table, index, _) => vec![Self::Index(table, index)],
        }
    }

    /// How many finer locks below this target one transaction may hold before they become this one
    /// (`max_pred_locks_per_page` = 2; `max_pred_locks_per_relation` = -2 of
    /// `max_pred_locks_per_transaction` = 64).
    fn children_max(self) -> usize {
        if matches!(self, Self::Page(..)) {
            2
        } else {
            64 / 2 - 1
        }
    }
}

/// The read locks of all serializable transactions.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadLocks {
    /// Each target's readers in the order in which they read it: a writer meets them in this order, and the
    /// first dangerous structure it meets decides who fails.
    by_target: BTreeMap<Target, Vec<SxId>>,
    by_reader: BTreeMap<SxId, BTreeSet<Target>>,
    predicates: BTreeMap<SxId, Vec<(TableId, Option<Expr>)>>,
}

impl ReadLocks {
    /// Notes a read; finer locks are promoted when there are too many, as PostgreSQL does with its default
    /// settings.
    pub fn add(&mut self, reader: SxId, target: Target) {
        let held = self.by_reader.entry(reader).or_default();
        if held.contains(&target) || target.parents().iter().any(|parent| held.contains(parent)) {
            return;
        }
        for parent in target.parents() {
            let children = held
                .iter()
                .filter(|other| other.parents().contains(&parent))
                .count();
            if children + 1 > parent.children_max() {
                return self.add(reader, parent);
            }
        }
        held.insert(target);
        self.by_target.entry(target).or_default().push(reader);
        let covered: Vec<Target> = self.by_reader[&reader]
            .iter()
            .filter(|other| other.parents().contains(&target))
            .copied()
            .collect();
        for child in covered {
            self.remove(reader, child);
        }
    }

    /// Notes a read exactly: this row version and no more.
    pub fn add_exactly(&mut self, reader: SxId, target: Target) {
        if self.by_reader.entry(reader).or_default().insert(target) {
            self.by_target.entry(target).or_default().push(reader);
        }
    }

    /// Notes that a reader asked for all rows of a table that pass a filter.
    pub fn add_predicate(&mut self, reader: SxId, table: TableId, filter: Option<Expr>) {
        let known = self.predicates.entry(reader).or_default();
        if !known
            .iter()
            .any(|(other, expr)| *other == table && *expr == filter)
        {
            known.push((table, filter));
        }
    }

    /// Who read this target itself, the earliest first.
    pub fn readers(&self, target: Target) -> Vec<SxId> {
        self.by_target
            .get(&target)
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    /// Whose predicates a row would satisfy. A filter that can't be evaluated on it counts as satisfied.
    pub fn readers_matching(&self, table: TableId, row: &[Value]) -> Vec<SxId> {
        let matches = |(other, filter): &(TableId, Option<Expr>)| {
            *other == table && passes(filter.as_ref(), row).unwrap_or(true)
        };
        self.predicates
            .iter()
            .filter(|(_, list)| list.iter().any(matches))
            .map(|(reader, _)| *reader)
            .collect()
    }

    /// Forgets one read.
    pub fn remove(&mut self, reader: SxId, target: Target) {
        if let Some(held) = self.by_reader.get_mut(&reader) {
            held.remove(&target);
        }
        if let Some(readers) = self.by_target.get_mut(&target) {
            readers.retain(|other| *other != reader);
            if readers.is_empty() {
                self.by_target.remove(&target);
            }
        }
    }

    /// Forgets everything a transaction read.
    pub fn release(&mut self, reader: SxId) {
        for target in self.by_reader.get(&reader).cloned().unwrap_or_default() {
            self.remove(reader, target);
        }
        self.by_reader.remove(&reader);
        self.predicates.remove(&reader);
    }

    /// Readers of a leaf that was split have read both halves.
    pub fn leaf_split(&mut self, old: Target, new: Target) {
        for reader in self.readers(old) {
            self.add(reader, new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: TableId = TableId(0);

    fn row(page: u32, slot: u16) -> Target {
        Target::Row(TABLE, Tid { page, slot })
    }

    #[test]
    fn third_row_of_a_page_locks_the_page_and_many_pages_lock_the_table() {
        let mut locks = ReadLocks::default();
        let me = SxId(1);
        locks.add(me, row(0, 0));
        locks.add(me, row(0, 1));
        assert!(locks.readers(Target::Page(TABLE, 0)).is_empty());
        locks.add(me, row(0, 2));
        assert_eq!(locks.readers(Target::Page(TABLE, 0)), [me]);
        assert!(
            locks.readers(row(0, 0)).is_empty(),
            "the page covers its rows"
        );
        for page in 1..31 {
            locks.add(me, row(page, 0));
        }
        assert!(locks.readers(Target::Table(TABLE)).is_empty());
        locks.add(me, row(31, 0));
        assert_eq!(locks.readers(Target::Table(TABLE)), [me]);
        locks.release(me);
        assert!(locks.by_target.is_empty());
    }
}
