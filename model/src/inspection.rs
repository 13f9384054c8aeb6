//! End-of-run reads: what is unfinished, and the tables the checks judge.
//!
//! Everything is asked through the nodes' ordinary interfaces, by the director as a client would.
//! What does not answer is missing from the facts, and a check that needs it says *unknown*.

use std::sync::Arc;
use std::time::Duration;

use sim::network::Request;
use sim::record::facts::Facts;
use sim::record::value::Value;
use sim::{NodeContext, NodeId};

use crate::ledger::client::connection::Connection;
use crate::ledger::engine::statement::{Isolation, Select, Statement, TransactionMode};
use crate::ledger::engine::{Row, Value as Cell};
use crate::ledger::node::LEDGER;
use crate::ledger::protocol::{LedgerRequest, LedgerResponse, SessionActivity};
use crate::ledger::query::{self, Refine, is, is_set};
use crate::ledger::row::Cells;
use crate::ledger::tables::{self, audit, audit_heads, jobs, verifications};
use crate::locker::protocol::{LockerRequest, LockerResponse};

const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;

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

/// The unfinished work in the Ledger, each by name; nothing when it does not answer.
pub async fn unfinished(context: &NodeContext) -> Option<Vec<String>> {
    let open = [
        query::select(jobs::TABLE, is_set(jobs::RUN_AT)),
        query::select(verifications::TABLE, is_set(verifications::RUN_AT)),
        query::select(audit::TABLE, is(audit::UNSEALED, true)).first_by(audit::ENTRY, 1),
        Select::all(audit_heads::TABLE),
    ];
    let read = read_ledger(context, &open).await?;
    let job = |row: &Row| {
        let (asset, state) = (row.text(jobs::ASSET), row.text(jobs::STATE));
        format!("the job of {asset} is {state}")
    };
    let verification = |row: &Row| {
        let name = row.text(verifications::VERIFICATION);
        format!("{name} is {}", row.text(verifications::STATE))
    };
    let named = read[0].iter().map(job);
    let verifications = read[1].iter().map(verification);
    // Without a head the audit is not sealed at all.
    let is_sealed = !read[3].is_empty();
    let unsealed = read[2].iter().filter(|_| is_sealed);
    let unsealed =
        unsealed.map(|row| format!("audit entry {} is not sealed", row.int(audit::ENTRY)));
    Some(named.chain(verifications).chain(unsealed).collect())
}

/// All facts that can be read: every table of the Ledger under its name, its `sessions`, and
/// `device_links`.
pub async fn read_facts(context: &NodeContext, lockers: &[String]) -> Facts {
    let mut facts = Facts::default();
    let selects: Vec<Select> = tables::names()
        .map(|(table, ..)| Select::all(table))
        .collect();
    if let Some(read) = read_ledger(context, &selects).await {
        for ((_, name, columns), rows) in tables::names().zip(read) {
            let columns: Vec<&str> = columns.collect();
            facts.add(name, rows.iter().map(|row| told(&columns, row)));
        }
    }
    if let Some(sessions) = read_sessions(context).await {
        facts.add("sessions", sessions);
    }
    let mut links = Vec::new();
    for locker in lockers {
        match read_locker(context, locker).await {
            Some(rows) => links.extend(rows),
            // A table of only some Lockers would make the others look empty.
            None => return facts,
        }
    }
    facts.add("device_links", links);
    facts
}

/// What the Ledger's sessions are doing; nothing when it does not answer.
async fn read_sessions(context: &NodeContext) -> Option<Vec<Value>> {
    let mut primary = None;
    for server in context.find_all(LEDGER) {
        let answer = ask(context, server, LedgerRequest::Activity).await;
        primary = primary.or(answer.filter(|it| !matches!(**it, LedgerResponse::NotPrimary)));
    }
    let answer = primary?;
    let LedgerResponse::Sessions(sessions) = &*answer else {
        panic!("invariant: the Ledger answers Activity in kind, not with {answer:?}");
    };
    let told = |session: &SessionActivity| {
        Value::map([
            ("client", session.client.as_str().into()),
            ("state", session.state.into()),
            ("idle_ms", (session.idle_ms as i64).into()),
        ])
    };
    Some(sessions.iter().map(told).collect())
}

/// A row as the record tells it.
fn told(columns: &[&str], row: &Row) -> Value {
    let cells = columns.iter().zip(row).map(|(column, cell)| {
        let value = match cell {
            Cell::Null => Value::Null,
            Cell::Bool(flag) => (*flag).into(),
            Cell::Int(number) => (*number).into(),
            Cell::Text(text) => text.as_str().into(),
        };
        ((*column).to_owned(), value)
    });
    Value::Map(cells.collect())
}

/// A Locker's occupied slots as rows; nothing when it does not answer.
async fn read_locker(context: &NodeContext, locker: &str) -> Option<Vec<Value>> {
    let answer = ask(context, context.find(locker), LockerRequest::ListLinks).await?;
    match &*answer {
        LockerResponse::Links(links) => Some(
            links
                .iter()
                .map(|(slot, asset)| {
                    Value::map([
                        ("locker", locker.into()),
                        ("slot", slot.0.into()),
                        ("asset", asset.0.as_str().into()),
                    ])
                })
                .collect(),
        ),
        other => panic!("invariant: a Locker answers ListLinks in kind, not with {other:?}"),
    }
}
