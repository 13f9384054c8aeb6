//! A session's state: its transaction, what it is doing, its time-outs.
//!
//! Plain data; the transitions are in `engine`, `commit` and `timers`.

use super::executor::Execution;
use super::log::record::Change;
use super::serializable::SxId;
use super::statement::{Isolation, Outcome, TransactionMode};
use super::sweep::Leavings;
use super::timers::Due;
use super::transaction::{Snapshot, Xid};
use std::sync::Arc;

/// One connection's number; never used twice by an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Time-outs of a session, nanoseconds; `None` means never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionTimeouts {
    /// `statement_timeout`: 57014.
    pub statement_ns: Option<u64>,
    /// `lock_timeout`, counted anew for each wait: 55P03.
    pub lock_ns: Option<u64>,
    /// `idle_in_transaction_session_timeout`: 25P03 and the end of the session.
    pub idle_in_transaction_ns: Option<u64>,
}

/// What a session is doing.
#[derive(Clone, Debug)]
pub(super) enum Activity {
    /// Nothing since this time, nanoseconds.
    Idle(u64),
    /// A statement under way: it waits, or is about to go on.
    Executing(Box<Execution>),
    /// A statement that the engine is working on at this moment.
    Running,
    /// A commit whose records are on their way to the disk, and what will be answered.
    Committing(Outcome),
}

#[derive(Clone, Debug)]
pub(super) struct Session {
    pub timeouts: SessionTimeouts,
    pub transaction: Option<Transaction>,
    pub activity: Activity,
    pub statement_began_ns: u64,
    /// Whether the deadlock timer of the present wait has run out already; each wait is checked once.
    pub deadlock_checked: bool,
    /// The alarm that is set for it.
    pub alarm: Option<Due>,
    /// Whether the client has gone while a statement was under way: PostgreSQL finishes the statement first.
    pub client_gone: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub mode: TransactionMode,
    /// Whether it was opened by BEGIN; otherwise it ends with its statement.
    pub block: bool,
    pub failed: bool,
    /// Whether a statement has run in it; from then on its level is fixed.
    pub queried: bool,
    pub xid: Option<Xid>,
    /// The one snapshot of REPEATABLE READ and SERIALIZABLE, from the first statement on.
    pub snapshot: Option<Arc<Snapshot>>,
    pub command: u32,
    pub sxact: Option<SxId>,
    /// What it wrote, in order, for the log; handed out when it commits.
    pub changes: Vec<Change>,
    /// What its commit, once durable, leaves dead.
    pub leavings: Option<Leavings>,
}

impl Transaction {
    pub fn new(mode: TransactionMode, block: bool) -> Self {
        let (xid, snapshot, sxact, changes) = (None, None, None, Vec::new());
        Self {
            mode,
            block,
            failed: false,
            queried: false,
            xid,
            snapshot,
            command: 0,
            sxact,
            changes,
            leavings: None,
        }
    }

    /// Whether one snapshot serves the whole transaction.
    pub fn keeps_snapshot(&self) -> bool {
        self.mode.isolation != Isolation::ReadCommitted
    }
}
