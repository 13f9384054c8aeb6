//! What travels between a client of the Ledger and the Ledger: connections and their statements.
//!
//! A connection behaves like one over TCP, though the network below delivers single messages that may
//! be lost, repeated or overtaken. The client names the connection by a number of its own choice and
//! counts its requests; the server hears each number once, in order, and nothing else. A name is taken
//! once, and a request names the life of the server that took it, so that late copies of a whole
//! connection open nothing: TCP has its handshake for that. What is lost therefore looks like what a
//! broken TCP connection looks like: silence, after which the client gives the connection up and cannot
//! know what became of its last request.

use sim::network::{Payload, Request};

use super::engine::SqlError;
use super::engine::log::frame::Lsn;
use super::engine::statement::{Outcome, Statement};

/// Milliseconds of the Ledger's wall clock, the time of leases and due dates.
pub type LedgerMillis = i64;

/// How much of what happened before a read must show.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// Anything that once was.
    Eventual,
    /// What the session has written and read (Terry et al., "Session Guarantees", 1994: read your writes and
    /// monotonic reads).
    Session,
    /// Everything that was answered to anybody.
    Strong,
    /// What the session has written and read, and what another session told it of, with its token.
    Causal,
}

impl Consistency {
    /// As histories name it.
    pub fn name(self) -> &'static str {
        match self {
            Consistency::Eventual => "eventual",
            Consistency::Session => "session",
            Consistency::Strong => "strong",
            Consistency::Causal => "causal",
        }
    }
}

/// Names a connection: drawn by its client, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionKey(pub u64);

/// Who connects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The client's name.
    pub name: String,
    /// Which life of it. A newer one tells the server that the older one's connections are dead, as a
    /// machine answers packets for a connection it does not know with a reset.
    pub incarnation: u32,
    /// Whether the slots reserved for superusers may be used.
    pub superuser: bool,
}

/// A message to the Ledger.
#[derive(Clone, Debug, Hash)]
pub enum LedgerRequest {
    /// Open a connection.
    Connect {
        /// Its name.
        connection: ConnectionKey,
        /// Who asks.
        peer: Peer,
    },
    /// Execute statements in order, in one round trip, up to the first that fails (a *pipeline*).
    Execute {
        /// The connection.
        connection: ConnectionKey,
        /// The life of the server that opened it.
        life: u32,
        /// Counts the requests of the connection, from 0.
        sequence: u64,
        /// The statements.
        statements: Vec<Statement>,
    },
    /// Who is connected, and what their sessions are doing, as `pg_stat_activity` tells it.
    Activity,
    /// Close the connection; what it has open is rolled back. Nobody waits for an answer.
    Close {
        /// The connection.
        connection: ConnectionKey,
    },
}

/// The Ledger's answer. Whatever it tells of commits is durable.
#[derive(Clone, Debug, Hash)]
pub enum LedgerResponse {
    /// The connection is open.
    Connected {
        /// Which life of the server has opened it.
        life: u32,
    },
    /// It cannot be opened.
    Refused(SqlError),
    /// What the statements did.
    Executed {
        /// The outcome of each statement up to the first that failed.
        outcomes: Vec<Outcome>,
        /// Why that one failed.
        error: Option<SqlError>,
        /// The Ledger's clock when the last of them was over, as `clock_timestamp()` tells it.
        at: LedgerMillis,
        /// How far the log is durable: a reader who knows this position has seen all that was answered.
        durable: Lsn,
    },
    /// Each session.
    Sessions(Vec<SessionActivity>),
    /// There is no such connection (any more).
    NotConnected,
    /// This server is not the primary now: another may be.
    NotPrimary,
}

/// What a session is doing.
#[derive(Clone, Debug, Hash)]
pub struct SessionActivity {
    /// Whose it is.
    pub client: String,
    /// In PostgreSQL's words.
    pub state: &'static str,
    /// How long it has idled, in milliseconds; 0 while it is active.
    pub idle_ms: u64,
}

impl Payload for LedgerRequest {}
impl Payload for LedgerResponse {}
impl Request for LedgerRequest {
    type Response = LedgerResponse;
}
