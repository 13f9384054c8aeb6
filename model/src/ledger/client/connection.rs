//! One connection to the Ledger, as a driver sees it.
//!
//! After a silence a connection is *broken* for good: nobody can know which of its requests arrived,
//! so it is closed and another one is opened. Start at [`Connection::open`].

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use sim::network::CallError;
use sim::random::Root;
use sim::{NodeContext, NodeId};

use super::error::LedgerError;
use crate::ledger::engine::SqlError;
use crate::ledger::engine::log::frame::Lsn;
use crate::ledger::engine::statement::{Outcome, Statement};
use crate::ledger::protocol::{ConnectionKey, LedgerMillis, LedgerRequest, LedgerResponse, Peer};

/// An open connection. Dropping it closes it.
pub struct Connection {
    context: NodeContext,
    ledger: NodeId,
    key: ConnectionKey,
    life: Cell<u32>,
    next: Cell<u64>,
    broken: Cell<bool>,
}

/// What a pipeline came to.
#[derive(Clone, Debug)]
pub struct Executed {
    /// The outcome of each statement up to the first that failed.
    pub outcomes: Vec<Outcome>,
    /// Why that one failed.
    pub error: Option<SqlError>,
    /// The Ledger's clock.
    pub at: LedgerMillis,
    /// How far its log is durable.
    pub durable: Lsn,
}

/// The connection is of no use any more, and nobody can know whether its last pipeline was executed: a
/// refusal, too, may answer a second copy of what was executed and not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl Connection {
    /// Connects a node.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`], or the server's refusal (53300).
    pub async fn open(
        context: &NodeContext,
        ledger: NodeId,
        superuser: bool,
        limit: Duration,
    ) -> Result<Connection, LedgerError> {
        let bits = context.stream(Root::Schedule, "connection").bits();
        let connection = Connection {
            context: context.clone(),
            ledger,
            key: ConnectionKey(bits),
            life: Cell::new(0),
            next: Cell::new(0),
            broken: Cell::new(false),
        };
        let peer = Peer {
            name: context.name(),
            incarnation: context.incarnation(),
            superuser,
        };
        let request = LedgerRequest::Connect {
            connection: connection.key,
            peer,
        };
        match context.call(ledger, request, limit).await.as_deref() {
            Ok(LedgerResponse::Connected { life }) => {
                connection.life.set(*life);
                Ok(connection)
            }
            Ok(LedgerResponse::Refused(error)) => {
                connection.broken.set(true);
                Err(LedgerError::Sql(error.clone()))
            }
            Ok(LedgerResponse::NotPrimary) => {
                connection.broken.set(true);
                Err(LedgerError::Unavailable)
            }
            // It may be open without our knowing; dropping it here closes it.
            Err(_) => Err(LedgerError::Unavailable),
            Ok(other) => unexpected("Connect", other),
        }
    }

    /// Whether it can still be used.
    pub fn is_usable(&self) -> bool {
        !self.broken.get()
    }

    /// Executes statements in order, up to the first that fails.
    ///
    /// # Errors
    /// [`Broken`] when nothing came back in time: the connection is then of no use.
    pub async fn execute(
        &self,
        statements: Vec<Statement>,
        limit: Duration,
    ) -> Result<Executed, Broken> {
        // Should this call be given up before its end, the connection is out of step with the server.
        self.broken.set(true);
        let sequence = self.next.replace(self.next.get() + 1);
        let request = LedgerRequest::Execute {
            connection: self.key,
            life: self.life.get(),
            sequence,
            statements,
        };
        let answer: Result<Arc<LedgerResponse>, CallError> =
            self.context.call(self.ledger, request, limit).await;
        match answer.as_deref() {
            Ok(LedgerResponse::Executed {
                outcomes,
                error,
                at,
                durable,
            }) => {
                self.broken.set(false);
                Ok(Executed {
                    outcomes: outcomes.clone(),
                    error: error.clone(),
                    at: *at,
                    durable: *durable,
                })
            }
            Ok(LedgerResponse::NotConnected)
            | Err(CallError::Refused | CallError::Reset | CallError::TimedOut) => Err(Broken),
            Ok(other) => unexpected("Execute", other),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let connection = self.key;
        self.context
            .send(self.ledger, LedgerRequest::Close { connection });
    }
}

fn unexpected(asked: &str, answer: &LedgerResponse) -> ! {
    panic!("invariant: the Ledger answers {asked} in kind, not with {answer:?}")
}
