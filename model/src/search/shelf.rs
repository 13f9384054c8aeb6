//! The index that answers, and beside it one that is being built anew.
//!
//! A build begins empty. From then on every update goes into both; meanwhile the builder loads what the
//! Ledger held at some moment after the begin, each document with its version. What is older than an
//! update that came in the meantime is not taken. So when the builder is through, the build holds all that
//! the snapshot held and all that came since, and takes the place of the former index at once. While there
//! is no index at all updates need not be kept: any build's snapshot is newer than they are.

use std::time::Duration;

use super::index::{Flaws, Hit, Index, Update};

/// A build that was not touched for so long is abandoned: its builder is gone.
pub const ABANDONED_AFTER: Duration = Duration::from_secs(30);

/// The two indexes.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    live: Option<Index>,
    build: Option<Build>,
    flaws: Flaws,
}

#[derive(Clone, Debug)]
struct Build {
    number: u64,
    index: Index,
    touched: Duration,
}

/// What loading did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// How many documents were older than what had come in the meantime.
    pub raced: usize,
}

/// There is no such build, or not any more: another has taken its place, or the node has died since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("build {0} is not under way; begin another")]
pub struct NoSuchBuild(pub u64);

impl Shelf {
    /// With what was there before, if anything was.
    pub fn new(live: Option<Index>, flaws: Flaws) -> Shelf {
        Shelf {
            live,
            build: None,
            flaws,
        }
    }

    /// Whether there is an index that answers.
    pub fn is_built(&self) -> bool {
        self.live.is_some()
    }

    /// The index that answers.
    pub fn live(&self) -> Option<&Index> {
        self.live.as_ref()
    }

    /// Whether an update would change an index: the one that answers, the one being built.
    pub fn is_news(&self, update: &Update) -> (bool, bool) {
        let live = self.live.as_ref();
        let build = self.build.as_ref();
        (
            live.is_some_and(|index| index.is_news(update)),
            build.is_some_and(|build| build.index.is_news(update)),
        )
    }

    /// Takes an update.
    pub fn apply(&mut self, update: &Update) {
        if let Some(live) = &mut self.live {
            live.apply(update);
        }
        if let Some(build) = &mut self.build {
            build.index.apply(update);
        }
    }

    /// Begins a build, unless one is under way; gives whether it has.
    pub fn begin(&mut self, number: u64, now: Duration) -> bool {
        let under_way = self.build.as_ref();
        if under_way.is_some_and(|build| now < build.touched + ABANDONED_AFTER) {
            return false;
        }
        self.build = Some(Build {
            number,
            index: Index::new(self.flaws),
            touched: now,
        });
        true
    }

    /// Whether a build is under way.
    ///
    /// # Errors
    /// [`NoSuchBuild`].
    pub fn expect(&self, number: u64) -> Result<(), NoSuchBuild> {
        let build = self.build.as_ref().filter(|build| build.number == number);
        build.map(|_| ()).ok_or(NoSuchBuild(number))
    }

    /// Loads documents of the snapshot; `blindly` for a defect.
    ///
    /// # Errors
    /// [`NoSuchBuild`].
    pub fn load(
        &mut self,
        number: u64,
        documents: &[Update],
        now: Duration,
        blindly: bool,
    ) -> Result<Loaded, NoSuchBuild> {
        self.expect(number)?;
        let build = self.build.as_mut().ok_or(NoSuchBuild(number))?;
        build.touched = now;
        let mut raced = 0;
        for document in documents {
            raced += usize::from(!build.index.is_news(document));
            match blindly {
                true => build.index.put(document),
                false => _ = build.index.apply(document),
            }
        }
        Ok(Loaded { raced })
    }

    /// Puts a build in the place of the index that answers.
    ///
    /// # Errors
    /// [`NoSuchBuild`].
    pub fn swap(&mut self, number: u64) -> Result<(), NoSuchBuild> {
        self.expect(number)?;
        self.live = self.build.take().map(|build| build.index);
        Ok(())
    }

    /// What a search finds; nothing while there is no index.
    pub fn search(&self, word: &str, limit: usize) -> Option<(Vec<Hit>, i64)> {
        let live = self.live.as_ref()?;
        Some((live.search(word, limit), live.newest()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::index::Document;
    use super::*;

    const START: Duration = Duration::ZERO;

    fn update(version: i64, name: Option<&str>) -> Update {
        Update {
            asset: "a".into(),
            version,
            document: name.map(|name| Document {
                name: name.into(),
                category: "tool".into(),
                locker: "locker-1".into(),
                revision: 1,
            }),
        }
    }

    fn name(shelf: &Shelf) -> Option<String> {
        let mut documents = shelf.live()?.documents();
        documents.next().map(|(_, document)| document.name.clone())
    }

    /// A build during which `meanwhile` comes, and then a snapshot with `snapshot` is loaded.
    fn check(meanwhile: Option<Update>, snapshot: Update, expected: Option<&str>, raced: usize) {
        let mut shelf = Shelf::default();
        assert!(shelf.begin(1, START));
        if let Some(update) = &meanwhile {
            shelf.apply(update);
        }
        let loaded = shelf.load(1, &[snapshot], START, false);
        assert_eq!(loaded, Ok(Loaded { raced }));
        assert_eq!(name(&shelf), None, "the build does not answer yet");
        shelf.swap(1).unwrap();
        assert_eq!(name(&shelf).as_deref(), expected);
    }

    #[test]
    fn what_comes_while_an_index_is_built_is_not_overwritten_by_the_snapshot() {
        check(None, update(3, Some("old")), Some("old"), 0);
        check(
            Some(update(4, Some("new"))),
            update(3, Some("old")),
            Some("new"),
            1,
        );
        check(Some(update(4, None)), update(3, Some("old")), None, 1);
        check(
            Some(update(2, Some("older"))),
            update(3, Some("old")),
            Some("old"),
            0,
        );
    }

    /// A course of changes to a few assets, of which the snapshot has the first so many.
    fn changes() -> impl Strategy<Value = (Vec<Update>, usize)> {
        let change = (0..3_u8, prop::option::weighted(0.7, "[a-c]"));
        let changes = prop::collection::vec(change, 1..12);
        changes.prop_flat_map(|changes| {
            let count = changes.len();
            let update = |((asset, name), version): ((u8, Option<String>), i64)| Update {
                asset: format!("asset-{asset}"),
                ..self::update(version, name.as_deref())
            };
            let updates = changes.into_iter().zip(1..).map(update).collect::<Vec<_>>();
            (Just(updates), 0..=count)
        })
    }

    fn newest(changes: &[Update]) -> Vec<Update> {
        let newest = changes.iter().map(|it| (it.asset.as_str(), it));
        let newest: BTreeMap<&str, &Update> = newest.collect();
        newest.into_values().cloned().collect()
    }

    /// What happens to a shelf while a build is under way.
    #[derive(Clone, Debug)]
    enum Step {
        Load(Update),
        Apply(Update),
    }

    proptest! {
        #[test]
        fn a_build_in_the_midst_of_updates_ends_as_the_ledger_is(
            (changes, before, steps) in changes().prop_flat_map(|(changes, snapshot)| {
                let (old, _) = changes.split_at(snapshot);
                // What the snapshot does not have was committed after the begin, so it comes after it.
                let before = prop::sample::subsequence(old.to_vec(), 0..=old.len());
                let loads = newest(old).into_iter().map(Step::Load);
                let twice = changes.iter().chain(&changes).cloned().map(Step::Apply);
                let steps: Vec<Step> = loads.chain(twice).collect();
                (Just(changes), before, Just(steps).prop_shuffle())
            }),
        ) {
            let mut shelf = Shelf::default();
            for update in &before {
                shelf.apply(update);
            }
            shelf.begin(1, START);
            let mut loads = steps.iter().filter(|it| matches!(it, Step::Load(_))).count();
            if loads == 0 {
                shelf.swap(1).unwrap();
            }
            for step in &steps {
                match step {
                    Step::Apply(update) => shelf.apply(update),
                    Step::Load(document) => {
                        shelf.load(1, std::slice::from_ref(document), START, false).unwrap();
                        loads -= 1;
                        if loads == 0 {
                            shelf.swap(1).unwrap();
                        }
                    }
                }
            }
            let mut truth = newest(&changes);
            truth.retain(|it| it.document.is_some());
            let truth: Vec<_> = truth.into_iter().map(|it| (it.asset, it.document)).collect();
            let shown = shelf.live().unwrap().documents();
            let shown: Vec<_> = shown.map(|(asset, it)| (asset.to_owned(), Some(it.clone()))).collect();
            prop_assert_eq!(shown, truth);
        }
    }

    #[test]
    fn one_build_at_a_time_until_its_builder_is_gone() {
        let mut shelf = Shelf::default();
        assert!(shelf.begin(1, START));
        assert!(!shelf.begin(2, START + ABANDONED_AFTER / 2));
        assert!(shelf.begin(3, START + ABANDONED_AFTER));
        assert_eq!(shelf.load(1, &[], START, false), Err(NoSuchBuild(1)));
        assert_eq!(shelf.swap(1), Err(NoSuchBuild(1)));
        assert_eq!(shelf.swap(3), Ok(()));
        assert_eq!(shelf.swap(3), Err(NoSuchBuild(3)), "it is the index now");
    }

    #[test]
    fn the_former_index_answers_until_the_swap() {
        let mut shelf = Shelf::default();
        assert!(shelf.search("drill", 1).is_none(), "there is none");
        shelf.begin(1, START);
        shelf.swap(1).unwrap();
        shelf.apply(&update(1, Some("drill")));
        shelf.begin(2, START);
        let found = shelf
            .search("drill", 1)
            .map(|(hits, newest)| (hits.len(), newest));
        assert_eq!(found, Some((1, 1)));
    }
}
