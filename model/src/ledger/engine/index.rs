//! A B-tree index: keys to row versions, and the leaf page on which a key would stand.
//!
//! Leaves matter to serializable transactions only, which track index reads by leaf. A leaf overflows and
//! splits by the sizes of PostgreSQL's pages (half and half; 90 % when it is the rightmost), and never
//! merges. Start at [`Index::insert`].

use super::heap::Tid;
use super::value::{Row, Value};
use std::collections::BTreeMap;
use std::ops::Bound;

/// The number of a leaf page within its index.
pub(super) type LeafId = u32;

/// A key: the indexed columns in order.
pub(super) type Key = Vec<Value>;

/// The part of an index a query looks at: keys with this prefix and, in the next column, within these bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyRange {
    pub prefix: Vec<Value>,
    /// Lower bound of the next column and whether it is included.
    pub low: Option<(Value, bool)>,
    /// Upper bound of the next column and whether it is included.
    pub high: Option<(Value, bool)>,
}

/// A leaf that overflowed and the leaf that took its upper part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split {
    pub old: LeafId,
    pub new: LeafId,
}

/// One index of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    entries: BTreeMap<Key, Vec<Tid>>,
    /// Leaves by their lowest possible key; the first begins with the empty key. Empty until the first
    /// insert.
    leaves: BTreeMap<Key, Leaf>,
    next_leaf: LeafId,
}

#[derive(Clone, Copy, Debug)]
struct Leaf {
    id: LeafId,
    bytes: usize,
}

const LEAF_BYTES: usize = 8192 - 24 - 16;

impl KeyRange {
    /// The range of one full key or prefix.
    #[cfg(test)]
    pub fn exactly(prefix: Vec<Value>) -> Self {
        Self {
            prefix,
            low: None,
            high: None,
        }
    }

    fn start(&self) -> Bound<Key> {
        let mut key = self.prefix.clone();
        match &self.low {
            // A longer key with the same beginning sorts after the bound itself, so `contains` settles
            // exclusion.
            Some((low, _)) => key.push(low.clone()),
            None if key.is_empty() => return Bound::Unbounded,
            None => {}
        }
        Bound::Included(key)
    }

    /// Tells whether a key, at or after the start, lies inside; `None` means it lies past the end.
    fn contains(&self, key: &[Value]) -> Option<bool> {
        if !key.starts_with(&self.prefix) {
            return None;
        }
        let Some(next) = key.get(self.prefix.len()) else {
            return Some(true);
        };
        if let Some((high, included)) = &self.high
            && (next > high || (next == high && !included))
        {
            return None;
        }
        let bounded = self.low.is_some() || self.high.is_some();
        let above = self
            .low
            .as_ref()
            .is_none_or(|(low, included)| next > low || (next == low && *included));
        Some(above && !(bounded && next.is_null()))
    }
}

impl Index {
    /// Adds an entry; tells of a leaf that split.
    pub fn insert(&mut self, key: Key, tid: Tid) -> Option<Split> {
        let bytes = entry_bytes(&key);
        if self.leaves.is_empty() {
            self.leaves.insert(Key::new(), Leaf { id: 0, bytes: 0 });
            self.next_leaf = 1;
        }
        self.entries.entry(key.clone()).or_default().push(tid);
        let (low, leaf) = match self.leaves.range_mut(..=key).next_back() {
            Some((low, leaf)) => (low.clone(), leaf),
            None => panic!("invariant: the first leaf begins below every key"),
        };
        leaf.bytes += bytes;
        if leaf.bytes <= LEAF_BYTES {
            None
        } else {
            self.split(low)
        }
    }

    /// Removes an entry; nothing happens if there is none, as for a row that a partial index leaves out.
    pub fn remove(&mut self, key: &Key, tid: Tid) {
        let Some(tids) = self.entries.get_mut(key) else {
            return;
        };
        let before = tids.len();
        tids.retain(|entry| *entry != tid);
        let removed = before - tids.len();
        if tids.is_empty() {
            self.entries.remove(key);
        }
        if let Some((_, leaf)) = self.leaves.range_mut(..=key.clone()).next_back() {
            leaf.bytes = leaf.bytes.saturating_sub(removed * entry_bytes(key));
        }
    }

    /// The entries of one key, in the order they were added.
    pub fn get(&self, key: &Key) -> &[Tid] {
        self.entries.get(key).map_or(&[], Vec::as_slice)
    }

    /// All entries in a range, in key order.
    pub fn lookup(&self, range: &KeyRange) -> Vec<Tid> {
        let mut tids = Vec::new();
        for (key, entries) in self.entries.range((range.start(), Bound::Unbounded)) {
            match range.contains(key) {
                None => break,
                Some(true) => tids.extend_from_slice(entries),
                Some(false) => {}
            }
        }
        tids
    }

    /// The leaf a key stands on, or would stand on; `None` while the index is empty.
    pub fn leaf_of(&self, key: &Key) -> Option<LeafId> {
        self.leaves
            .range(..=key.clone())
            .next_back()
            .map(|(_, leaf)| leaf.id)
    }

    /// The leaves a range touches; empty while the index is empty.
    pub fn leaves_of(&self, range: &KeyRange) -> Vec<LeafId> {
        let start = match range.start() {
            Bound::Included(key) => key,
            _ => Key::new(),
        };
        let first = self.leaf_of(&start);
        let after = self
            .leaves
            .range((Bound::Excluded(start), Bound::Unbounded));
        let touched = after
            .take_while(|(low, _)| range.contains(low).is_some())
            .map(|(_, leaf)| leaf.id);
        first.into_iter().chain(touched).collect()
    }

    fn split(&mut self, low: Key) -> Option<Split> {
        let end = self
            .leaves
            .range((Bound::Excluded(low.clone()), Bound::Unbounded))
            .next();
        let end = end.map(|(key, _)| key.clone());
        let leaf = self.leaves[&low];
        let keep = if end.is_none() {
            leaf.bytes / 10 * 9
        } else {
            leaf.bytes / 2
        };
        let upper = end.map_or(Bound::Unbounded, Bound::Excluded);
        let mut kept = 0;
        let mut first_moved = None;
        for (key, tids) in self.entries.range((Bound::Included(low.clone()), upper)) {
            if kept >= keep && kept > 0 {
                first_moved = Some(key.clone());
                break;
            }
            kept += tids.len() * entry_bytes(key);
        }
        // A leaf full of one key can't be split by key; it grows instead.
        let first_moved = first_moved?;
        let new = Leaf {
            id: self.next_leaf,
            bytes: leaf.bytes.saturating_sub(kept),
        };
        self.next_leaf += 1;
        self.leaves.insert(
            low,
            Leaf {
                id: leaf.id,
                bytes: kept,
            },
        );
        self.leaves.insert(first_moved, new);
        Some(Split {
            old: leaf.id,
            new: new.id,
        })
    }
}

/// The key of a row under an index.
pub(super) fn key_of(row: &Row, columns: &[super::schema::ColumnId]) -> Key {
    columns.iter().map(|column| row[column.0].clone()).collect()
}

fn entry_bytes(key: &[Value]) -> usize {
    4 + 8
        + key
            .iter()
            .map(Value::width_bytes)
            .sum::<usize>()
            .next_multiple_of(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(range: &KeyRange, expected: &[u16]) {
        let mut index = Index::default();
        let keys = [(1, "a"), (1, "b"), (2, "a"), (2, "c"), (3, "b")];
        for (slot, (number, text)) in keys.into_iter().enumerate() {
            index.insert(
                vec![number.into(), text.into()],
                Tid {
                    page: 0,
                    slot: slot as u16,
                },
            );
        }
        let found: Vec<u16> = index
            .lookup(range)
            .into_iter()
            .map(|tid| tid.slot)
            .collect();
        assert_eq!(found, expected, "{range:?}");
    }

    #[test]
    fn ranges_find_their_keys() {
        check(&KeyRange::default(), &[0, 1, 2, 3, 4]);
        check(&KeyRange::exactly(vec![2.into()]), &[2, 3]);
        check(&KeyRange::exactly(vec![2.into(), "c".into()]), &[3]);
        check(
            &KeyRange {
                low: Some((1.into(), false)),
                ..KeyRange::default()
            },
            &[2, 3, 4],
        );
        check(
            &KeyRange {
                high: Some((2.into(), true)),
                ..KeyRange::default()
            },
            &[0, 1, 2, 3],
        );
        check(
            &KeyRange {
                high: Some((2.into(), false)),
                ..KeyRange::default()
            },
            &[0, 1],
        );
        check(
            &KeyRange {
                prefix: vec![1.into()],
                low: Some(("b".into(), true)),
                high: None,
            },
            &[1],
        );
    }

    #[test]
    fn leaves_split_and_cover_every_key_once() {
        let mut index = Index::default();
        let splits = (0..1000i64)
            .filter_map(|number| {
                index.insert(vec![(number * 37 % 1000).into()], Tid { page: 0, slot: 0 })
            })
            .count();
        assert!(splits >= 2, "1000 keys of 20 bytes need at least 3 leaves");
        let all = index.leaves_of(&KeyRange::default());
        assert_eq!(all.len(), splits + 1);
        for number in 0..1000i64 {
            let leaf = index.leaf_of(&vec![number.into()]);
            assert_eq!(
                index.leaves_of(&KeyRange::exactly(vec![number.into()])),
                leaf.into_iter().collect::<Vec<_>>()
            );
        }
    }
}
