//! End-of-run reads: what is unfinished, and the tables the checks judge.
//!
//! Everything is asked through the nodes' ordinary interfaces, by the director as a client would.
//! What does not answer is missing from the facts, and a check that needs it says *unknown*. [`unfinished()`]
//! names what is still to be done, [`read_facts`] reads how all ended.

mod facts;
mod unfinished;

use std::sync::Arc;
use std::time::Duration;

use sim::network::Request;
use sim::{NodeContext, NodeId};

use crate::ledger::client::connection::Connection;
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::{Isolation, Select, Statement, TransactionMode};
use crate::ledger::node::LEDGER;
use crate::ledger::tables::Purposes;
use crate::listener::protocol::{Heard, ListenerRequest};
use crate::provider::protocol::{ListPayments, Told};

pub use self::facts::read_facts;
pub use self::unfinished::unfinished;

const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;

/// Where a system can be looked at from outside, besides its Ledger.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// What the Ledger has tables for.
    pub purposes: Purposes,
    /// The names of the Lockers.
    pub lockers: &'a [String],
    /// The names of the customers' machines.
    pub receivers: &'a [String],
    /// The names of the users' devices.
    pub listeners: &'a [String],
    /// The names of those who send webhooks.
    pub providers: &'a [String],
}

/// Asks a few times.
async fn ask<R: Request + Clone>(
    context: &NodeContext,
    node: NodeId,
    request: R,
) -> Option<Arc<R::Response>> {
    for _ in 0..TRIES {
        if let Ok(answer) = context.call(node, request.clone(), PATIENCE).await {
            return Some(answer);
        }
    }
    None
}

/// Reads from the Ledger in one snapshot; nothing when it does not answer.
async fn read_ledger(context: &NodeContext, selects: &[Select]) -> Option<Vec<Vec<Row>>> {
    let servers = context.find_all(LEDGER);
    for number in 0..TRIES as usize * servers.len() {
        // Of several one is the primary, and the others say at once that they are not.
        let ledger = servers[number % servers.len()];
        let Ok(connection) = Connection::open(context, ledger, true, PATIENCE).await else {
            continue;
        };
        let begin = Statement::Begin(TransactionMode::new(Isolation::RepeatableRead));
        let mut statements = vec![begin];
        statements.extend(selects.iter().cloned().map(Statement::Select));
        statements.push(Statement::Commit);
        let Ok(executed) = connection.execute(statements, PATIENCE).await else {
            continue;
        };
        if executed.error.is_none() {
            let read = executed.outcomes.into_iter().skip(1).take(selects.len());
            return Some(read.map(|outcome| outcome.rows).collect());
        }
    }
    None
}

/// A device's user, the number it has come to, and its badge; nothing when it does not answer.
async fn read_listener(
    context: &NodeContext,
    listener: &str,
) -> Option<(String, i64, Option<i64>)> {
    let answer = ask(context, context.find(listener), ListenerRequest::Tell).await?;
    match &*answer {
        Heard::Shown { user, last, badge } => Some((user.clone(), *last, *badge)),
        other => panic!("invariant: a device answers Tell in kind, not with {other:?}"),
    }
}

/// What providers have told of, each with its provider; nothing when one of them does not answer.
async fn read_payments(context: &NodeContext, providers: &[String]) -> Option<Vec<(String, Told)>> {
    let mut told = Vec::new();
    for provider in providers {
        let answer = ask(context, context.find(provider), ListPayments).await?;
        let own = answer.0.iter().cloned();
        told.extend(own.map(|it| (provider.clone(), it)));
    }
    Some(told)
}
