//! What travels between the Ledger's servers, and between a server and the operator.
//!
//! Every exchange is a question that may be lost, repeated or late, and does no harm when it is: positions in the log
//! only grow, a report names the life of its sender and the view it is based on, and an image begins a log anew.

use sim::network::{Payload, Request};

use super::super::engine::log::frame::Lsn;
use super::super::engine::statement::Select;
use super::super::engine::{Row, SqlError};
use super::epochs::{Epoch, Epochs};
use super::outbox::Shipment;

/// A question to a server, from another or from a service that reads.
#[derive(Clone, Debug, Hash)]
pub enum ServerRequest {
    /// A replica asks for what follows its log, and tells by it how far it is durable. The answer may take a while.
    Follow {
        /// Its name.
        follower: String,
        /// The reign in which the end of its log was written.
        epoch: Epoch,
        /// The end of its log; all before is durable.
        end: Lsn,
        /// Up to where it may show what it has.
        visible: Lsn,
    },
    /// Read in one snapshot that is not older than this.
    Read {
        /// The statements.
        selects: Vec<Select>,
        /// The position in the log that must have been applied.
        at_least: Lsn,
        /// How long to wait for it, in milliseconds.
        wait_ms: u64,
    },
}

/// A server's answer.
#[derive(Clone, Debug, Hash)]
pub enum ServerResponse {
    /// What follows.
    Shipped {
        /// The history of the primary's log.
        epochs: Epochs,
        /// Whether the log must be begun anew, with the first shipment, which is a checkpoint.
        anew: bool,
        /// Commits in order; none when nothing came for a while.
        shipments: Vec<Shipment>,
        /// Up to where they may be shown: commits beyond are not confirmed yet.
        visible: Lsn,
    },
    /// What each statement gave.
    Rows {
        /// The rows.
        rows: Vec<Vec<Row>>,
        /// The position as of which they were read.
        applied: Lsn,
    },
    /// The position was not reached in time.
    Behind,
    /// A statement failed.
    Refused(SqlError),
    /// This server does not do that now.
    NotMine,
}

/// What a server tells the operator, about twice a second.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Report {
    /// Its name.
    pub server: String,
    /// Its life.
    pub life: u32,
    /// The reign in which the end of its log was written.
    pub epoch: Epoch,
    /// How far its log is durable.
    pub durable: Lsn,
    /// The number of the view it knows.
    pub view: u64,
    /// As primary: replicas it now waits for at each commit, and which may be its successors from now on.
    pub joining: Vec<String>,
    /// As primary: replicas that it would like to wait for no longer.
    pub lagging: Vec<String>,
}

/// Who leads, by the operator's word. To the primary it is the renewal of its lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// Counts the views.
    pub number: u64,
    /// The current reign.
    pub epoch: Epoch,
    /// Whose it is.
    pub primary: String,
    /// The replicas that hold every confirmed commit, in synchronous mode.
    pub in_sync: Vec<String>,
}

impl Payload for ServerRequest {}
impl Payload for ServerResponse {}
impl Request for ServerRequest {
    type Response = ServerResponse;
}
impl Payload for Report {}
impl Payload for View {}
impl Request for Report {
    type Response = View;
}
