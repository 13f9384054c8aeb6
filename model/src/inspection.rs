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

use crate::ledger::node::LEDGER;
use crate::ledger::protocol::{LedgerRequest, LedgerResponse};
use crate::ledger::store::{JobState, Store};
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

/// The Ledger's tables; nothing when it does not answer.
async fn read_ledger(context: &NodeContext) -> Option<Store> {
    let answer = ask(context, context.find(LEDGER), LedgerRequest::ReadTables).await?;
    match &*answer {
        LedgerResponse::Tables(store) => Some((**store).clone()),
        other => panic!("the Ledger answers ReadTables in kind, not with {other:?}"),
    }
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
        other => panic!("a Locker answers ListLinks in kind, not with {other:?}"),
    }
}

/// The unfinished work in the Ledger, each by name; nothing when it does not answer.
pub async fn unfinished(context: &NodeContext) -> Option<Vec<String>> {
    let answer = ask(context, context.find(LEDGER), LedgerRequest::ReadOpenJobs).await?;
    let LedgerResponse::OpenJobs(jobs) = &*answer else {
        panic!("the Ledger answers ReadOpenJobs in kind, not with {answer:?}");
    };
    let named = jobs.iter().map(|(asset, state)| {
        let state = match state {
            JobState::Due { .. } => "waits for its retry",
            JobState::Leased { .. } => "is leased",
            JobState::Done | JobState::Dead => "is finished",
        };
        format!("the link job of {asset} {state}")
    });
    Some(named.collect())
}

/// All facts that can be read.
pub async fn read_facts(context: &NodeContext, lockers: &[String]) -> Facts {
    let mut facts = Facts::default();
    if let Some(store) = read_ledger(context).await {
        add_ledger(&mut facts, &store);
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

fn add_ledger(facts: &mut Facts, store: &Store) {
    facts.add(
        "assets",
        store.assets.iter().map(|(id, row)| {
            Value::map([
                ("asset", id.0.as_str().into()),
                ("key", row.key.0.as_str().into()),
                ("name", row.content.name.as_str().into()),
                ("category", row.content.category.as_str().into()),
                ("locker", row.content.locker.0.as_str().into()),
                ("status", row.status.name().into()),
                ("slot", row.slot.map(|slot| slot.0).into()),
            ])
        }),
    );
    facts.add(
        "jobs",
        store.jobs.iter().map(|(asset, job)| {
            let state = match job.state {
                JobState::Due { .. } => "due",
                JobState::Leased { .. } => "leased",
                JobState::Done => "done",
                JobState::Dead => "dead",
            };
            Value::map([
                ("asset", asset.0.as_str().into()),
                ("state", state.into()),
                ("retries", job.retries.into()),
            ])
        }),
    );
    facts.add(
        "alerts",
        store.alerts.iter().map(|alert| {
            Value::map([
                ("asset", alert.asset.0.as_str().into()),
                ("failure", alert.failure.code().into()),
            ])
        }),
    );
    facts.add(
        "audit",
        store.audit.iter().map(|row| {
            Value::map([
                ("asset", row.asset.0.as_str().into()),
                ("action", format!("{:?}", row.action).into()),
                ("failure", row.failure.map(|failure| failure.code()).into()),
            ])
        }),
    );
    facts.add(
        "verifications",
        store.verifications.iter().map(|(asset, verification)| {
            Value::map([
                ("asset", asset.0.as_str().into()),
                ("verification", verification.0.as_str().into()),
            ])
        }),
    );
}
