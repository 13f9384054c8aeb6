//! What the search node is asked, and what it answers.

use sim::network::{Payload, Request};

use super::index::{Document, Hit, Update};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SearchRequest {
    /// Take these updates.
    Apply(Vec<Update>),
    /// Begin to build the index anew.
    Begin,
    /// Take these documents of a snapshot into a build.
    Load {
        /// The build's number.
        build: u64,
        /// The documents, and what is gone.
        documents: Vec<Update>,
    },
    /// Let a build answer from now on.
    Swap {
        /// The build's number.
        build: u64,
    },
    /// Find assets with a word in their name.
    Find {
        /// The word.
        word: String,
        /// How many at most.
        limit: u32,
    },
    /// Everything in the index; asked at the end of a run.
    Dump,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SearchResponse {
    /// The updates are durable.
    Applied {
        /// Whether there is an index; else one must be built, and the updates were not needed.
        is_built: bool,
    },
    /// A build has begun under this number.
    Begun(u64),
    /// Another build is under way.
    Busy,
    /// The documents are durable, or the build answers.
    Done,
    /// There is no such build any more.
    NoSuchBuild,
    /// What was found.
    Found {
        /// The assets.
        hits: Vec<Hit>,
        /// The highest place of any event in the index.
        newest: i64,
    },
    /// There is no index yet.
    NotBuilt,
    /// Everything in the index; nothing while there is none.
    Dumped(Option<Vec<(String, Document)>>),
}

impl Payload for SearchRequest {}
impl Payload for SearchResponse {}
impl Request for SearchRequest {
    type Response = SearchResponse;
}
