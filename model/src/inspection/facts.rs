//! How a run ended: every table of the Ledger, and what others hold.

use sim::NodeContext;
use sim::record::facts::Facts;
use sim::record::value::Value;

use super::{Ends, ask, read_ledger, read_listener, read_payments};
use crate::ledger::engine::schema::TableId;
use crate::ledger::engine::statement::Select;
use crate::ledger::engine::{Row, Value as Cell};
use crate::ledger::node::LEDGER;
use crate::ledger::protocol::{LedgerRequest, LedgerResponse, SessionActivity};
use crate::ledger::tables;
use crate::locker::protocol::{LockerRequest, LockerResponse};
use crate::provider::payment::Payment;
use crate::provider::protocol::Told;
use crate::receiver::protocol::{ReceiverAnswer, ReceiverRequest};
use crate::search::index::Document;
use crate::search::node::SEARCH;
use crate::search::protocol::{SearchRequest, SearchResponse};

/// All facts that can be read: every table of the Ledger under its name, its `sessions`, and
/// `device_links`, `webhook_effects`, `payments` as their providers know them, and `listeners`.
pub async fn read_facts(context: &NodeContext, ends: &Ends<'_>) -> Facts {
    let mut facts = Facts::default();
    // A table that the system does not have is empty unread.
    let is_read = |table: &TableId| ends.purposes.need(*table);
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
    if let Some(index) = read_index(context, ends.purposes.search).await {
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
fn told(columns: &[&'static str], row: &Row) -> Value {
    let cells = columns.iter().zip(row).map(|(column, cell)| {
        let value = match cell {
            Cell::Null => Value::Null,
            Cell::Bool(flag) => (*flag).into(),
            Cell::Int(number) => (*number).into(),
            Cell::Text(text) => text.as_str().into(),
        };
        (*column, value)
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
