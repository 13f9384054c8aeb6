//! Realtime in Core: notifications are stored, sent to the sessions of their users, and marked as read.
//!
//! ```text
//! outbox ──fan_out──► storing ──► notifications ──watching──► streams ──► devices
//! people ─────────────┘  │                           ▲
//!                        └──────── ring ─────────────┘
//! ```
//!
//! [`storing`] numbers notifications in the transaction of what they tell of. Whoever has committed some
//! *rings*: it tells every instance which users have news. A ring may be lost, so each instance also looks
//! now and then ([`watching`]). What it finds goes to its [`streams`], one for each connected device, and
//! nothing goes there that was not read from the Ledger: so what a device is shown is committed, and in
//! the order of the numbers. [`inbox`] is what users ask for.

pub mod inbox;
pub mod storing;
pub mod streams;
pub mod watching;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use sim::{NodeContext, NodeId};

use self::streams::Stream;
use super::protocol::{Ask, CoreRequest};
use crate::defects::Defects;
use crate::ledger::client::LedgerClient;
use crate::ledger::engine::statement::Statement;
use crate::ledger::query;
use crate::ledger::tables::inboxes;
use crate::realtime::config::RealtimeConfig;

/// What one process of Core needs for its users.
pub struct Realtime {
    /// The users there are.
    pub users: Vec<String>,
    /// How long it waits at most until it looks for news.
    pub poll: Duration,
    context: NodeContext,
    ledger: LedgerClient,
    defects: Defects,
    /// How many notifications wait for one session at most.
    room: usize,
    /// The other instances.
    others: Vec<NodeId>,
    /// The devices connected to this instance, by stream.
    streams: RefCell<BTreeMap<String, Rc<Stream>>>,
    /// How many streams it has opened.
    opened: Cell<u64>,
    /// The last number of each user as this instance remembers it; for a defect.
    numbers: RefCell<BTreeMap<String, i64>>,
}

impl Realtime {
    /// For one process.
    pub fn new(
        context: &NodeContext,
        config: &RealtimeConfig,
        ledger: &LedgerClient,
        defects: &Defects,
    ) -> Realtime {
        let mut others = context.find_all("core-");
        others.retain(|node| *node != context.node());
        Realtime {
            users: config.user_names(),
            poll: Duration::from_millis(config.poll_ms),
            context: context.clone(),
            ledger: ledger.clone(),
            defects: defects.clone(),
            room: config.buffer as usize,
            others,
            streams: RefCell::default(),
            opened: Cell::new(0),
            numbers: RefCell::default(),
        }
    }

    /// Says to every instance, this one included, that there is something new for these users.
    pub fn ring(self: &Rc<Self>, users: &[String]) {
        if users.is_empty() {
            return;
        }
        for other in &self.others {
            let request = CoreRequest {
                budget_ms: 0,
                ask: Ask::Ring(users.to_vec()),
            };
            self.context.send(*other, request);
        }
        self.look_soon(users.to_vec());
    }
}

/// The inboxes that a new Ledger begins with.
pub fn first_rows(config: &RealtimeConfig) -> Vec<Statement> {
    let row = |user: String| {
        let values = [
            (inboxes::USER, user.as_str().into()),
            (inboxes::LAST, 0.into()),
            (inboxes::UNREAD, 0.into()),
        ];
        query::insert(inboxes::TABLE, values)
    };
    config.user_names().into_iter().map(row).collect()
}
