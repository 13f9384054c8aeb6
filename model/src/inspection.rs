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
use crate::ledger::engine::schema::TableId;
use crate::ledger::engine::statement::{Isolation, Select, Statement, TransactionMode};
use crate::ledger::engine::{Row, Value as Cell};
use crate::ledger::node::LEDGER;
use crate::ledger::protocol::{LedgerRequest, LedgerResponse, SessionActivity};
use crate::ledger::query::{self, Refine, is, is_set};
use crate::ledger::row::Cells;
use crate::ledger::tables::{
    self, Extent, audit, audit_heads, deliveries, inboxes, jobs, outbox, replays, search_feed,
    verifications, webhook_endpoints,
};
use crate::listener::protocol::{Heard, ListenerRequest};
use crate::locker::protocol::{LockerRequest, LockerResponse};
use crate::provider::payment::Payment;
use crate::provider::protocol::{ListPayments, Told, ToldState};
use crate::receiver::protocol::{ReceiverAnswer, ReceiverRequest};
use crate::search::index::Document;
use crate::search::node::SEARCH;
use crate::search::protocol::{SearchRequest, SearchResponse};

const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;

/// Where a system can be looked at from outside, besides its Ledger.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// Which tables the Ledger has.
    pub extent: Extent,
    /// The names of the Lockers.
    pub lockers: &'a [String],
    /// The names of the customers' machines.
    pub receivers: &'a [String],
    /// The names of the users' devices.
    pub listeners: &'a [String],
    /// The names of those who send webhooks.
    pub providers: &'a [String],
    /// Whether there is a search index.
    pub search: bool,
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

/// The unfinished work in the Ledger, each by name; nothing when it does not answer.
pub async fn unfinished(context: &NodeContext, ends: &Ends<'_>) -> Option<Vec<String>> {
    let mut open = vec![
        query::select(jobs::TABLE, is_set(jobs::RUN_AT)),
        query::select(verifications::TABLE, is_set(verifications::RUN_AT)),
        query::select(audit::TABLE, is(audit::UNSEALED, true)).first_by(audit::ENTRY, 1),
        Select::all(audit_heads::TABLE),
    ];
    if ends.extent > Extent::Inside {
        open.extend(unfinished_webhooks());
    }
    if ends.extent == Extent::Whole {
        open.push(query::select(
            search_feed::TABLE,
            is_set(search_feed::RUN_AT),
        ));
        open.push(Select::all(inboxes::TABLE));
    }
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
    let named = named.chain(verifications).chain(unsealed);
    let webhooks = match &read[4..] {
        [events, deliveries, replays, endpoints, ..] => {
            told_unfinished(events, deliveries, replays, endpoints)
        }
        _ => Vec::new(),
    };
    let mut named: Vec<String> = named.chain(webhooks).collect();
    if let [.., unfed, inboxes] = &read[..]
        && ends.extent == Extent::Whole
    {
        named.extend(views_behind(context, ends, unfed, inboxes).await);
    }
    named.extend(untold(&read_payments(context, ends.providers).await?));
    Some(named)
}

/// The payments that their providers will try to tell of again.
fn untold(payments: &[(String, Told)]) -> impl Iterator<Item = String> {
    let open = payments.iter();
    let open = open.filter(|(_, told)| told.state == ToldState::Open);
    open.map(|(provider, told)| {
        let payment = &told.payment.id;
        format!("{provider} has not told of {payment} yet")
    })
}

/// What webhooks have to do: events, deliveries, replays; and the endpoints, of which some are left
/// alone.
fn unfinished_webhooks() -> [Select; 4] {
    [
        query::select(outbox::TABLE, is(outbox::FANNED_OUT, false)),
        query::select(deliveries::TABLE, is_set(deliveries::RUN_AT)),
        query::select(replays::TABLE, is_set(replays::RUN_AT)),
        Select::all(webhook_endpoints::TABLE),
    ]
}

fn told_unfinished(
    events: &[Row],
    deliveries: &[Row],
    replays: &[Row],
    endpoints: &[Row],
) -> Vec<String> {
    let event = |row: &Row| format!("event {} has no deliveries", row.int(outbox::POSITION));
    let replay = |row: &Row| format!("replay {} is under way", row.text(replays::REPLAY));
    let delivery = |row: &Row| format!("{} is pending", row.text(deliveries::DELIVERY));
    let is_served = |row: &&Row| {
        let endpoint = row.text(deliveries::ENDPOINT);
        let its = |it: &&Row| it.text(webhook_endpoints::ENDPOINT) == endpoint;
        let state = endpoints.iter().find(its);
        state.is_none_or(|it| it.text(webhook_endpoints::STATE) == "enabled")
    };
    let named = events.iter().map(event).chain(replays.iter().map(replay));
    let due = deliveries.iter().filter(is_served).map(delivery);
    named.chain(due).collect()
}

/// The views that do not show everything yet: the index, by the events it does not have, and devices.
async fn views_behind(
    context: &NodeContext,
    ends: &Ends<'_>,
    unfed: &[Row],
    inboxes: &[Row],
) -> Vec<String> {
    let event = |row: &Row| row.int(search_feed::POSITION);
    let unfed = unfed
        .iter()
        .map(|row| format!("event {} is not in the index", event(row)));
    let mut behind: Vec<String> = unfed.collect();
    for listener in ends.listeners {
        behind.extend(not_up_to_date(context, listener, inboxes).await);
    }
    behind
}

/// What keeps a device from showing what is in its user's inbox, if anything does.
async fn not_up_to_date(context: &NodeContext, listener: &str, inboxes: &[Row]) -> Option<String> {
    let Some((user, last, badge)) = read_listener(context, listener).await else {
        return Some(format!("{listener} does not answer"));
    };
    let inbox = inboxes.iter().find(|row| row.text(inboxes::USER) == user)?;
    let there = (inbox.int(inboxes::LAST), Some(inbox.int(inboxes::UNREAD)));
    (there != (last, badge)).then(|| format!("{listener} does not show what is in {user}'s inbox"))
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

/// All facts that can be read: every table of the Ledger under its name, its `sessions`, and
/// `device_links`, `webhook_effects`, `payments` as their providers know them, and `listeners`.
pub async fn read_facts(context: &NodeContext, ends: &Ends<'_>) -> Facts {
    let mut facts = Facts::default();
    // A table that the system does not have is empty unread.
    let is_read = |table: &TableId| ends.extent.has(*table);
    let read = tables::names().filter(|(table, ..)| is_read(table));
    let selects: Vec<Select> = read.map(|(table, ..)| Select::all(table)).collect();
    if let Some(read) = read_ledger(context, &selects).await {
        let mut read = read.into_iter();
        for (table, name, columns) in tables::names() {
            let rows = is_read(&table).then(|| read.next()).flatten();
            let columns: Vec<&str> = columns.collect();
            let rows = rows.unwrap_or_default();
            facts.add(name, rows.iter().map(|row| told(&columns, row)));
        }
    }
    if let Some(effects) = read_effects(context, ends.receivers).await {
        facts.add("webhook_effects", effects);
    }
    if let Some(payments) = read_payments(context, ends.providers).await {
        facts.add("payments", payments.iter().map(told_payment));
    }
    let mut listeners = Vec::new();
    for listener in ends.listeners {
        let read = read_listener(context, listener).await;
        listeners.extend(read.map(|(user, last, badge)| {
            Value::map([
                ("listener", listener.as_str().into()),
                ("user", user.as_str().into()),
                ("last", last.into()),
                ("badge", badge.map_or(Value::Null, Value::from)),
            ])
        }));
    }
    if listeners.len() == ends.listeners.len() {
        facts.add("listeners", listeners);
    }
    if let Some(index) = read_index(context, ends.search).await {
        facts.add("search_index", index);
    }
    if let Some(sessions) = read_sessions(context).await {
        facts.add("sessions", sessions);
    }
    let mut links = Vec::new();
    for locker in ends.lockers {
        match read_locker(context, locker).await {
            Some(rows) => links.extend(rows),
            // A table of only some Lockers would make the others look empty.
            None => return facts,
        }
    }
    facts.add("device_links", links);
    facts
}

/// What events have done at all receivers; nothing when one of them does not answer.
async fn read_effects(context: &NodeContext, receivers: &[String]) -> Option<Vec<Value>> {
    let mut told = Vec::new();
    for receiver in receivers {
        let node = context.find(receiver);
        let answer = ask(context, node, ReceiverRequest::ListEffects).await?;
        let ReceiverAnswer::Effects {
            deduplicates,
            effects,
        } = &*answer
        else {
            panic!("invariant: a receiver answers ListEffects in kind, not with {answer:?}");
        };
        told.extend(effects.iter().map(|effect| {
            Value::map([
                ("endpoint", receiver.as_str().into()),
                ("id", effect.id.as_str().into()),
                ("body", effect.body.as_str().into()),
                ("deduplicates", (*deduplicates).into()),
            ])
        }));
    }
    Some(told)
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

fn told_payment((provider, told): &(String, Told)) -> Value {
    let Payment {
        id,
        account,
        amount,
    } = &told.payment;
    Value::map([
        ("provider", provider.as_str().into()),
        ("payment", id.as_str().into()),
        ("account", account.as_str().into()),
        ("amount", (*amount).into()),
        ("state", told.state.name().into()),
    ])
}

/// What the search index holds; nothing when it does not answer, or there is none yet.
async fn read_index(context: &NodeContext, exists: bool) -> Option<Vec<Value>> {
    if !exists {
        return Some(Vec::new());
    }
    let answer = ask(context, context.find(SEARCH), SearchRequest::Dump).await?;
    let SearchResponse::Dumped(index) = &*answer else {
        panic!("invariant: the search node answers Dump in kind, not with {answer:?}");
    };
    let told = |(asset, document): &(String, Document)| {
        Value::map([
            ("asset", asset.as_str().into()),
            ("name", document.name.as_str().into()),
            ("category", document.category.as_str().into()),
            ("locker", document.locker.as_str().into()),
            ("version", document.revision.into()),
        ])
    };
    Some(index.as_ref()?.iter().map(told).collect())
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
