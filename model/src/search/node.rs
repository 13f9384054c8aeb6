//! The search node's process. It does one thing after the other, so its files are in the order of its
//! answers. Start at [`run`].

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use sim::NodeContext;
use sim::latency::Latency;

use super::config::SearchConfig;
use super::index::{Flaws, Update};
use super::protocol::{SearchRequest, SearchResponse};
use super::shelf::Shelf;
use super::store::Store;
use crate::defects::{Defect, Defects};
use crate::points;

/// The node's name.
pub const SEARCH: &str = "search";

/// What the node is made of.
pub struct SearchSetup {
    /// How long it works on a message.
    pub work: Latency,
    /// The bugs switched on.
    pub defects: Defects,
}

impl SearchSetup {
    /// The node's part of the configuration.
    ///
    /// # Panics
    /// When a table does not ascend: configurations are validated before anything is built.
    pub fn of(config: &SearchConfig, defects: &Defects) -> SearchSetup {
        SearchSetup {
            work: Latency::try_from(config.work).expect("validated tables ascend"),
            defects: defects.clone(),
        }
    }
}

struct Search {
    context: NodeContext,
    setup: Rc<SearchSetup>,
    store: Store,
    shelf: Shelf,
    builds: Cell<u64>,
}

/// The node's program.
pub async fn run(context: NodeContext, setup: Rc<SearchSetup>) {
    let defects = &setup.defects;
    let flaws = Flaws {
        last_arrival_wins: defects.has(Defect::SearchUpdateAppliedOutOfOrder),
        without_tombstones: defects.has(Defect::SearchDeleteResurrected),
    };
    let syncs = !defects.has(Defect::SearchAckBeforeDurable);
    let (store, index) = Store::open(context.clone(), flaws, syncs).await;
    let mut search = Search {
        context: context.clone(),
        setup,
        store,
        shelf: Shelf::new(index, flaws),
        builds: Cell::new(0),
    };
    loop {
        let incoming = context.receive().await;
        let request: Arc<SearchRequest> = incoming
            .payload()
            .expect("the search node is asked in its own protocol");
        context.work(&search.setup.work).await;
        let response = search.answer(&request).await;
        context.reply(&incoming, response);
    }
}

impl Search {
    async fn answer(&mut self, request: &SearchRequest) -> SearchResponse {
        match request {
            SearchRequest::Apply(updates) => self.apply(updates).await,
            SearchRequest::Begin => self.begin().await,
            SearchRequest::Load { build, documents } => self.load(*build, documents).await,
            SearchRequest::Swap { build } => self.swap(*build).await,
            SearchRequest::Find { word, limit } => match self.shelf.search(word, *limit as usize) {
                Some((hits, newest)) => SearchResponse::Found { hits, newest },
                None => SearchResponse::NotBuilt,
            },
            SearchRequest::Dump => SearchResponse::Dumped(self.shelf.live().map(|index| {
                let documents = index.documents();
                { documents.map(|(asset, document)| (asset.to_owned(), document.clone())) }
                    .collect()
            })),
        }
    }

    async fn apply(&mut self, updates: &[Update]) -> SearchResponse {
        let (mut live, mut build) = (Vec::new(), Vec::new());
        for update in updates {
            let (for_live, for_build) = self.shelf.is_news(update);
            live.extend(for_live.then_some(update));
            build.extend(for_build.then_some(update));
            self.shelf.apply(update);
        }
        if live.len() < updates.len() && self.shelf.is_built() {
            self.context.reached("search_update_came_late_or_again");
        }
        self.store.keep_build(&build).await;
        self.store.keep_live(&live).await;
        self.context.pass(points::INDEX_WRITTEN).await;
        SearchResponse::Applied {
            is_built: self.shelf.is_built(),
        }
    }

    async fn begin(&mut self) -> SearchResponse {
        // No build of an earlier life has its number.
        let number = (u64::from(self.context.incarnation()) << 32) + self.builds.get() + 1;
        if !self.shelf.begin(number, self.context.monotonic()) {
            return SearchResponse::Busy;
        }
        self.builds.set(self.builds.get() + 1);
        self.store.begin().await;
        SearchResponse::Begun(number)
    }

    async fn load(&mut self, build: u64, documents: &[Update]) -> SearchResponse {
        let blindly = self.setup.defects.has(Defect::ReindexOverwritesNewer);
        let news: Vec<&Update> = { documents.iter() }
            .filter(|document| blindly || self.shelf.is_news(document).1)
            .collect();
        let now = self.context.monotonic();
        match self.shelf.load(build, documents, now, blindly) {
            Err(_) => SearchResponse::NoSuchBuild,
            Ok(loaded) => {
                if loaded.raced > 0 {
                    self.context.reached("reindex_raced_an_update");
                }
                self.store.keep_build(&news).await;
                SearchResponse::Done
            }
        }
    }

    async fn swap(&mut self, build: u64) -> SearchResponse {
        if self.shelf.expect(build).is_err() {
            return SearchResponse::NoSuchBuild;
        }
        self.store.swap().await;
        match self.shelf.swap(build) {
            Ok(()) => SearchResponse::Done,
            Err(_) => SearchResponse::NoSuchBuild,
        }
    }
}
