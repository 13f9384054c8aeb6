//! An index: for each asset the newest that is known of it, by version.
//!
//! Updates may come late, twice and in any order: one counts only when it is newer than what is there. A
//! version is the place of an event in the outbox, and places of one asset are in the order of its
//! changes. An asset that is gone leaves its version behind (a *tombstone*), or a late update would bring it
//! back. So whatever the course, the same updates make the same index.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is known of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Document {
    /// What its owner calls it.
    pub name: String,
    /// What kind of thing it is.
    pub category: String,
    /// The Locker it belongs into.
    pub locker: String,
    /// How often it was renamed, from 1.
    pub revision: i64,
}

/// That an asset is so, as of a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Update {
    /// The asset.
    pub asset: String,
    /// The place of the event that it is as new as, at least.
    pub version: i64,
    /// What it is; nothing when it is gone.
    pub document: Option<Document>,
}

/// An asset that was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hit {
    /// The asset.
    pub asset: String,
    /// Its name.
    pub name: String,
    /// How often it was renamed, from 1.
    pub revision: i64,
}

/// A bug an index may be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flaws {
    /// Whatever comes last counts.
    pub last_arrival_wins: bool,
    /// An asset that is gone leaves nothing.
    pub without_tombstones: bool,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    entries: BTreeMap<String, (i64, Option<Document>)>,
    newest: i64,
    flaws: Flaws,
}

impl Index {
    /// An empty one.
    pub fn new(flaws: Flaws) -> Index {
        Index {
            flaws,
            ..Index::default()
        }
    }

    /// Whether an update is newer than what is there.
    pub fn is_news(&self, update: &Update) -> bool {
        let known = self.entries.get(&update.asset);
        known.is_none_or(|(version, _)| self.flaws.last_arrival_wins || *version < update.version)
    }

    /// Takes an update, if it is newer than what is there; gives whether it was.
    pub fn apply(&mut self, update: &Update) -> bool {
        let is_news = self.is_news(update);
        if is_news {
            self.put(update);
        }
        is_news
    }

    /// Takes an update whatever is there; for a defect.
    pub fn put(&mut self, update: &Update) {
        self.newest = self.newest.max(update.version);
        if update.document.is_none() && self.flaws.without_tombstones {
            self.entries.remove(&update.asset);
            return;
        }
        let entry = (update.version, update.document.clone());
        self.entries.insert(update.asset.clone(), entry);
    }

    /// The highest version of any update that counted; 0 before the first.
    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// The assets with a word in their name, so many at most, in the order of their ids.
    pub fn search(&self, word: &str, limit: usize) -> Vec<Hit> {
        let hits = self.documents().filter(|(_, document)| {
            let mut words = document.name.split_whitespace();
            words.any(|it| it == word)
        });
        let hit = |(asset, document): (&str, &Document)| Hit {
            asset: asset.to_owned(),
            name: document.name.clone(),
            revision: document.revision,
        };
        hits.map(hit).take(limit).collect()
    }

    /// Every asset that is not gone.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &Document)> {
        let entries = self.entries.iter();
        entries.filter_map(|(asset, (_, document))| Some((asset.as_str(), document.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn update(asset: &str, version: i64, name: Option<&str>) -> Update {
        Update {
            asset: asset.to_owned(),
            version,
            document: name.map(|name| Document {
                name: name.to_owned(),
                category: "tool".into(),
                locker: "locker-1".into(),
                revision: 1,
            }),
        }
    }

    /// What a search for `drill` finds after these updates.
    fn check(updates: &[(&str, i64, Option<&str>)], expected: &[&str]) {
        let mut index = Index::default();
        for (asset, version, name) in updates {
            index.apply(&update(asset, *version, *name));
        }
        let found = index.search("drill", 10);
        let found: Vec<&str> = found.iter().map(|hit| hit.asset.as_str()).collect();
        assert_eq!(found, expected, "{updates:?}");
    }

    #[test]
    fn an_index_shows_the_newest_of_each_asset_whatever_comes_last() {
        check(&[("a", 1, Some("a drill"))], &["a"]);
        check(&[("a", 1, Some("drills"))], &[]);
        check(&[("a", 2, Some("saw")), ("a", 1, Some("drill"))], &[]);
        check(&[("a", 1, Some("saw")), ("a", 2, Some("drill"))], &["a"]);
        check(
            &[("b", 1, Some("drill")), ("a", 2, Some("drill"))],
            &["a", "b"],
        );
    }

    #[test]
    fn what_is_gone_does_not_come_back_with_a_late_update() {
        check(&[("a", 3, None), ("a", 2, Some("drill"))], &[]);
        check(&[("a", 3, None), ("a", 4, Some("drill"))], &["a"]);
    }

    #[test]
    fn the_newest_version_is_told() {
        let mut index = Index::default();
        assert!(index.apply(&update("a", 5, Some("drill"))));
        assert!(!index.apply(&update("a", 3, Some("saw"))));
        assert_eq!(index.newest(), 5);
    }

    /// The changes of a few assets in the order of the Ledger: each has a version of its own.
    fn changes() -> impl Strategy<Value = Vec<Update>> {
        let change = (0..4_u8, prop::option::of("[a-c]"));
        prop::collection::vec(change, 0..20).prop_map(|changes| {
            let versions = 1..;
            { changes.into_iter().zip(versions) }
                .map(|((asset, name), version)| {
                    update(&format!("asset-{asset}"), version, name.as_deref())
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn any_order_with_any_repetitions_makes_the_index_of_the_ledger(
            (changes, order) in changes().prop_flat_map(|changes| {
                let count = changes.len();
                let again = prop::collection::vec(0..count.max(1), 0..count * 2 + 1);
                let all: Vec<usize> = (0..count).collect();
                let shuffled = Just(all).prop_shuffle();
                (Just(changes), (again, shuffled))
            }),
        ) {
            let mut truth: BTreeMap<String, Document> = BTreeMap::new();
            for change in &changes {
                match &change.document {
                    Some(document) => truth.insert(change.asset.clone(), document.clone()),
                    None => truth.remove(&change.asset),
                };
            }
            let mut index = Index::default();
            let (again, shuffled) = order;
            for at in again.into_iter().filter(|at| *at < changes.len()).chain(shuffled) {
                index.apply(&changes[at]);
            }
            let shown = index.documents().map(|(asset, it)| (asset.to_owned(), it.clone()));
            prop_assert_eq!(shown.collect::<BTreeMap<_, _>>(), truth);
        }
    }
}
