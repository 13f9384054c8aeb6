//! What a system has tables for: which of the [`tables`](super::tables) anybody of it writes.

use super::engine::schema::TableId;
use super::tables::{
    accounts, asset_revisions, attempts, conflict_notices, deliveries, inboxes, incoming,
    notifications, outbox, relays, replays, search_feed, webhook_endpoints,
};
use crate::config::SystemConfig;

/// What a system has tables for, beyond what every system has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purposes {
    /// It tells others outside of what happens.
    pub webhooks: bool,
    /// It tells users while it happens.
    pub realtime: bool,
    /// It has a search index.
    pub search: bool,
    /// Others tell it of what happens elsewhere.
    pub incoming: bool,
    /// Its assets are edited.
    pub edits: bool,
}

impl Purposes {
    /// Those of a configuration.
    pub fn of(config: &SystemConfig) -> Purposes {
        Purposes {
            webhooks: config.webhooks.is_some(),
            realtime: config.realtime.is_some(),
            search: config.search.is_some(),
            incoming: config.incoming.is_some(),
            edits: config.conflicts.is_some(),
        }
    }

    /// Whether anybody hears of events.
    pub fn has_outbox(self) -> bool {
        self.webhooks || self.realtime || self.search
    }

    /// Whether such a system writes a table.
    pub fn need(self, table: TableId) -> bool {
        match table {
            outbox::TABLE | relays::TABLE => self.has_outbox(),
            webhook_endpoints::TABLE | deliveries::TABLE | attempts::TABLE | replays::TABLE => {
                self.webhooks
            }
            notifications::TABLE | inboxes::TABLE => self.realtime,
            search_feed::TABLE => self.search,
            incoming::TABLE | accounts::TABLE => self.incoming,
            asset_revisions::TABLE | conflict_notices::TABLE => self.edits,
            _ => true,
        }
    }
}
