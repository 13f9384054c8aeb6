//! The search node's files: two logs of updates, and one that says which of them is the index.
//!
//! A build is written into the log that is not the index. It becomes the index by one line of `alias`, made
//! durable after the build; a crash before that line leaves the former index, and the build is begun
//! anew. A node that cannot write any more ends itself: its supervisor starts it again, and whoever was
//! not answered sends again.

use std::cell::Cell;
use std::time::Duration;

use sim::NodeContext;
use sim::disk::DiskError;

use super::index::{Flaws, Index, Update};
use crate::journal;

const LOGS: [&str; 2] = ["index.0", "index.1"];
const ALIAS: &str = "alias";
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// The files of one process.
pub struct Store {
    context: NodeContext,
    /// The log that is the index; the other is for builds.
    live: Cell<usize>,
    /// Whether acknowledged updates are made durable; not with a defect.
    syncs: bool,
}

impl Store {
    /// Opens the files; gives the index, if there is one.
    pub async fn open(context: NodeContext, flaws: Flaws, syncs: bool) -> (Store, Option<Index>) {
        let aliases: Vec<u8> = journal::recover(&context, ALIAS).await;
        let live = aliases.last().map(|log| usize::from(*log) % LOGS.len());
        let mut index = None;
        if let Some(live) = live {
            let mut read = Index::new(flaws);
            let updates: Vec<Update> = journal::recover(&context, LOGS[live]).await;
            for update in &updates {
                read.put(update);
            }
            index = Some(read);
        }
        let store = Store {
            context,
            live: Cell::new(live.unwrap_or(0)),
            syncs,
        };
        (store, index)
    }

    /// Makes updates of the index durable.
    pub async fn keep_live(&self, updates: &[&Update]) {
        self.keep(LOGS[self.live.get()], updates, self.syncs).await;
    }

    /// Makes updates of a build durable.
    pub async fn keep_build(&self, updates: &[&Update]) {
        self.keep(self.build_log(), updates, true).await;
    }

    /// Makes room for a build.
    pub async fn begin(&self) {
        let cut = self.context.disk().truncate(self.build_log(), 0).await;
        self.insist(cut).await;
    }

    /// The build becomes the index.
    pub async fn swap(&self) {
        let build = 1 - self.live.get();
        let line = journal::encode(&(build as u8));
        let written = self.context.disk().append(ALIAS, &line).await;
        self.insist(written).await;
        let synced = self.context.disk().sync(ALIAS).await;
        self.insist(synced).await;
        self.live.set(build);
    }

    fn build_log(&self) -> &'static str {
        LOGS[1 - self.live.get()]
    }

    async fn keep(&self, log: &str, updates: &[&Update], syncs: bool) {
        if updates.is_empty() {
            return;
        }
        let bytes: Vec<u8> = updates.iter().flat_map(|it| journal::encode(*it)).collect();
        let written = self.context.disk().append(log, &bytes).await;
        self.insist(written).await;
        if syncs {
            let synced = self.context.disk().sync(log).await;
            self.insist(synced).await;
        }
    }

    /// Goes on only when a write was done.
    async fn insist(&self, done: Result<(), DiskError>) {
        if let Err(error) = done {
            tracing::error!(%error, "the search index cannot be written");
            self.context.abort(RESTART_AFTER).await;
        }
    }
}
