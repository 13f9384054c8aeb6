//! A B-tree index: keys to row versions, and the leaf page on which an entry would stand.
//!
//! Entries are ordered by key and then by place, as PostgreSQL orders them. Leaves matter to serializable
//! transactions only, which track index reads by leaf. A leaf overflows and splits by the sizes of PostgreSQL's
//! pages (half and half; 90 % when it is the rightmost), and never merges. Start at [`Index::insert`].

use super::heap::Tid;
use super::key::Key;
use super::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// The number of a leaf page within its index.
pub(super) type LeafId = u32;

/// One entry of an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub key: Key,
    pub tid: Tid,
}

/// The part of an index a query looks at: keys with this prefix and, in the next column, within these bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyRange {
    pub prefix: Key,
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
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// How many columns a key has.
    columns: usize,
    entries: BTreeSet<Entry>,
    /// Leaves by their lowest possible entry; the first begins before every entry. Empty until the first
    /// insert.
    leaves: BTreeMap<Entry, Leaf>,
    next_leaf: LeafId,
}

#[derive(Clone, Copy, Debug)]
struct Leaf {
    id: LeafId,
    bytes: usize,
}

const LEAF_BYTES: usize = 8192 - 24 - 16;

impl Entry {
    /// Before every entry whose key begins with these values.
    fn before(key: Key) -> Self {
        Self {
            key,
            tid: Tid::FIRST,
        }
    }

    /// Not before any entry whose key begins with these values: null sorts last.
    fn after(key: &Key, columns: usize) -> Self {
        let missing = columns.saturating_sub(key.len());
        Self {
            key: key.with(std::iter::repeat_n(Value::Null, missing)),
            tid: Tid::LAST,
        }
    }
}

impl KeyRange {
    /// The range of one full key or prefix.
    #[cfg(test)]
    pub fn exactly(prefix: Vec<Value>) -> Self {
        Self {
            prefix: prefix.into(),
            low: None,
            high: None,
        }
    }

    /// The first and the last entry of an index inside. A bounded column is not null.
    fn bounds(&self, columns: usize) -> (Bound<Entry>, Bound<Entry>) {
        let with = |value: &Value| self.prefix.with([value.clone()]);
        let start = match &self.low {
            Some((low, true)) => Bound::Included(Entry::before(with(low))),
            Some((low, false)) => Bound::Excluded(Entry::after(&with(low), columns)),
            None => Bound::Included(Entry::before(self.prefix.clone())),
        };
        let end = match &self.high {
            Some((high, true)) => Bound::Included(Entry::after(&with(high), columns)),
            Some((high, false)) => Bound::Excluded(Entry::before(with(high))),
            None if self.low.is_some() => Bound::Excluded(Entry::before(with(&Value::Null))),
            None => Bound::Included(Entry::after(&self.prefix, columns)),
        };
        (start, end)
    }
}

impl Index {
    /// An empty index over so many columns.
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            entries: BTreeSet::new(),
            leaves: BTreeMap::new(),
            next_leaf: 0,
        }
    }

    /// Adds an entry; tells of a leaf that split.
    pub fn insert(&mut self, entry: Entry) -> Option<Split> {
        if self.leaves.is_empty() {
            let leaf = Leaf { id: 0, bytes: 0 };
            self.leaves.insert(Entry::before(Key::default()), leaf);
            self.next_leaf = 1;
        }
        let bytes = entry_bytes(&entry.key);
        let upto = (Bound::Unbounded, Bound::Included(&entry));
        let full = match self.leaves.range_mut::<Entry, _>(upto).next_back() {
            Some((low, leaf)) => {
                leaf.bytes += bytes;
                (leaf.bytes > LEAF_BYTES).then(|| low.clone())
            }
            None => panic!("invariant: the first leaf begins before every entry"),
        };
        self.entries.insert(entry);
        full.and_then(|low| self.split(low))
    }

    /// Removes an entry; nothing happens if there is none, as for a row that a partial index leaves out.
    pub fn remove(&mut self, entry: &Entry) {
        if !self.entries.remove(entry) {
            return;
        }
        let upto = (Bound::Unbounded, Bound::Included(entry));
        if let Some((_, leaf)) = self.leaves.range_mut::<Entry, _>(upto).next_back() {
            leaf.bytes = leaf.bytes.saturating_sub(entry_bytes(&entry.key));
        }
    }

    /// The entries in a range in the order of keys or against it, those up to `from` left out.
    pub fn lookup(
        &self,
        range: &KeyRange,
        from: Option<&Entry>,
        upwards: bool,
    ) -> impl Iterator<Item = &Entry> + use<'_> {
        let (mut start, mut end) = range.bounds(self.columns);
        if let Some(from) = from {
            *if upwards { &mut start } else { &mut end } = Bound::Excluded(from.clone());
        }
        let mut entries = self.between((start, end));
        std::iter::from_fn(move || {
            if upwards {
                entries.next()
            } else {
                entries.next_back()
            }
        })
    }

    /// The places entered under a full key.
    pub fn places(&self, key: &Key) -> impl Iterator<Item = Tid> {
        let from = Entry::before(key.clone());
        let entries = self.entries.range(from..);
        let same = entries.take_while(move |entry| entry.key == *key);
        same.map(|entry| entry.tid)
    }

    /// The leaf an entry stands on, or would stand on; `None` while the index is empty.
    pub fn leaf_of(&self, entry: &Entry) -> Option<LeafId> {
        let upto = (Bound::Unbounded, Bound::Included(entry));
        let leaf = self.leaves.range::<Entry, _>(upto).next_back();
        leaf.map(|(_, leaf)| leaf.id)
    }

    /// The leaves a range touches; empty while the index is empty.
    pub fn leaves_of(&self, range: &KeyRange) -> Vec<LeafId> {
        let (Bound::Included(start) | Bound::Excluded(start), end) = range.bounds(self.columns)
        else {
            panic!("invariant: every range has a start");
        };
        let first = self.leaf_of(&start);
        let (Bound::Included(last) | Bound::Excluded(last)) = &end else {
            panic!("invariant: every range has an end");
        };
        let further = (start < *last).then(|| self.leaves.range((Bound::Excluded(start), end)));
        let further = further.into_iter().flatten().map(|(_, leaf)| leaf.id);
        first.into_iter().chain(further).collect()
    }

    fn between(
        &self,
        bounds: (Bound<Entry>, Bound<Entry>),
    ) -> impl DoubleEndedIterator<Item = &Entry> {
        let (Bound::Included(first) | Bound::Excluded(first)) = &bounds.0 else {
            panic!("invariant: every range has a start");
        };
        let (Bound::Included(last) | Bound::Excluded(last)) = &bounds.1 else {
            panic!("invariant: every range has an end");
        };
        // A range may be empty by contradiction (`a > 5 and a < 3`), which the standard library refuses.
        let sound = first < last
            || (first == last && matches!(bounds, (Bound::Included(_), Bound::Included(_))));
        sound
            .then(|| self.entries.range(bounds))
            .into_iter()
            .flatten()
    }

    fn split(&mut self, low: Entry) -> Option<Split> {
        let above = (Bound::Excluded(&low), Bound::Unbounded);
        let end = self.leaves.range::<Entry, _>(above).next();
        let end = end.map(|(entry, _)| entry.clone());
        let leaf = self.leaves[&low];
        let keep = if end.is_none() {
            leaf.bytes / 10 * 9
        } else {
            leaf.bytes / 2
        };
        let upper = end.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut kept = 0;
        let mut last_kept: Option<&Entry> = None;
        let mut first_moved = None;
        for entry in self
            .entries
            .range::<Entry, _>((Bound::Included(&low), upper))
        {
            if let Some(last) = last_kept.filter(|_| kept >= keep) {
                // Between two keys the boundary needs no place, so that all of a key stands on one leaf.
                let between_keys = entry.key != last.key;
                first_moved = Some(if between_keys {
                    Entry::before(entry.key.clone())
                } else {
                    entry.clone()
                });
                break;
            }
            kept += entry_bytes(&entry.key);
            last_kept = Some(entry);
        }
        // A leaf of a single entry can't be split; it grows instead.
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

    fn entry(key: Vec<Value>, slot: u16) -> Entry {
        let tid = Tid { page: 0, slot };
        let key = key.into();
        Entry { key, tid }
    }

    fn check(range: &KeyRange, expected: &[u16]) {
        let mut index = Index::new(2);
        let keys = [(1, "a"), (1, "b"), (2, "a"), (2, "c"), (3, "b")];
        let keys = keys.map(|(number, text)| vec![number.into(), text.into()]);
        let keys = keys.into_iter().chain([vec![Value::Null, "a".into()]]);
        for (slot, key) in keys.enumerate() {
            index.insert(entry(key, slot as u16));
        }
        let found: Vec<u16> = index
            .lookup(range, None, true)
            .map(|entry| entry.tid.slot)
            .collect();
        assert_eq!(found, expected, "{range:?}");
    }

    #[test]
    fn ranges_find_their_keys() {
        check(&KeyRange::default(), &[0, 1, 2, 3, 4, 5]);
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
                prefix: vec![1.into()].into(),
                low: Some(("b".into(), true)),
                high: None,
            },
            &[1],
        );
    }

    #[test]
    fn ranges_that_contradict_themselves_are_empty() {
        for (low, high) in [
            ((3, true), (1, true)),
            ((2, false), (2, false)),
            ((2, true), (2, false)),
        ] {
            check(
                &KeyRange {
                    prefix: Key::default(),
                    low: Some((low.0.into(), low.1)),
                    high: Some((high.0.into(), high.1)),
                },
                &[],
            );
        }
    }

    #[test]
    fn leaves_split_and_cover_every_key_once() {
        let mut index = Index::new(1);
        let splits = (0..1000i64)
            .filter_map(|number| index.insert(entry(vec![(number * 37 % 1000).into()], 0)))
            .count();
        assert!(splits >= 2, "1000 keys of 20 bytes need at least 3 leaves");
        let all = index.leaves_of(&KeyRange::default());
        assert_eq!(all.len(), splits + 1);
        for number in 0..1000i64 {
            let key = vec![number.into()];
            let leaf = index.leaf_of(&entry(key.clone(), 0));
            assert_eq!(
                index.leaves_of(&KeyRange::exactly(key)),
                leaf.into_iter().collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn a_key_of_many_entries_takes_many_leaves_and_keeps_others_apart() {
        let mut index = Index::new(1);
        for slot in 0..2000 {
            index.insert(entry(vec![Value::Null], slot));
        }
        index.insert(entry(vec![7.into()], 0));
        let nulls = KeyRange::exactly(vec![Value::Null]);
        assert_eq!(index.lookup(&nulls, None, true).count(), 2000);
        assert!(index.leaves_of(&nulls).len() > 3);
        let seven = KeyRange::exactly(vec![7.into()]);
        assert_eq!(index.leaves_of(&seven).len(), 1);
        let after = entry(vec![Value::Null], 1997);
        let rest = |upwards| {
            let entries = index.lookup(&nulls, Some(&after), upwards);
            entries
                .take(3)
                .map(|entry| entry.tid.slot)
                .collect::<Vec<u16>>()
        };
        assert_eq!(rest(true), [1998, 1999]);
        assert_eq!(rest(false), [1996, 1995, 1994]);
        for slot in 0..2000 {
            index.remove(&entry(vec![Value::Null], slot));
        }
        assert_eq!(index.lookup(&KeyRange::default(), None, true).count(), 1);
    }
}
