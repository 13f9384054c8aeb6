//! Taking an image of the store for a checkpoint, and making a store from one.
//!
//! An image holds what is committed and nothing else: no sessions, no locks, no dead versions. Start at
//! [`Engine::image`].

use super::config::EngineConfig;
use super::heap::Version;
use super::log::record::Image;
use super::schema::{Catalog, SchemaError, TableId};
use super::serving::Engine;
use super::session::{Activity, SessionId};
use super::transaction::{Fate, Transactions, Xid};

impl Engine {
    /// The store as the log describes it so far: all that is committed, including commits that are on their
    /// way to the disk.
    ///
    /// Written to the log as a checkpoint, behind those commits, it makes everything before it superfluous.
    /// So it may be asked for only when every batch of records handed out stands in the log, those of
    /// completions included.
    pub fn image(&self) -> Image {
        let decided: Vec<Xid> = self
            .sessions
            .keys()
            .filter_map(|id| self.committing_xid(*id))
            .collect();
        let stands =
            |xid: Xid| self.transactions.fate(xid) == Fate::Committed || decided.contains(&xid);
        let current = |version: &Version| {
            stands(version.xmin)
                && !version
                    .ending
                    .as_ref()
                    .is_some_and(|ending| stands(ending.xid))
        };
        let rows = |table: &super::serving::Table| {
            let versions = table.heap.iter().filter(|(_, version)| current(version));
            versions
                .map(|(tid, version)| (tid, version.values.clone()))
                .collect()
        };
        Image {
            next_xid: self.transactions.next().0,
            tables: self.tables.iter().map(rows).collect(),
            sequences: self
                .sequences
                .iter()
                .map(|sequence| sequence.logged.max(sequence.last))
                .collect(),
        }
    }

    /// A store made from an image, with no sessions. The image must fit the catalog, as one from recovery
    /// does.
    pub fn from_image(
        catalog: Catalog,
        config: EngineConfig,
        image: &Image,
    ) -> Result<Self, SchemaError> {
        let mut engine = Self::new(catalog, config)?;
        engine.transactions = Transactions::starting_at(Xid(image.next_xid.max(2)));
        engine.restore(image, Xid(1));
        Ok(engine)
    }

    /// Fills an empty store; its rows count as written by `xmin`.
    pub(super) fn restore(&mut self, image: &Image, xmin: Xid) {
        for (number, rows) in image.tables.iter().enumerate() {
            for (tid, row) in rows {
                self.enter_version(TableId(number), *tid, Version::new(row.clone(), xmin, 0));
            }
        }
        self.raise_sequences(&image.sequences);
    }

    fn committing_xid(&self, id: SessionId) -> Option<Xid> {
        let session = self.session(id);
        let committing = matches!(session.activity, Activity::Committing(_));
        session
            .transaction
            .as_ref()
            .filter(|_| committing)
            .and_then(|transaction| transaction.xid)
    }
}
