//! What is still to be done, each by name.

use sim::NodeContext;

use super::{Ends, read_ledger, read_listener, read_payments};
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::Select;
use crate::ledger::query::{self, Refine, is, is_set};
use crate::ledger::row::Cells;
use crate::ledger::tables::{
    Purposes, audit, audit_heads, conflict_notices, deliveries, inboxes, jobs, outbox, replays,
    search_feed, verifications, webhook_endpoints,
};
use crate::provider::protocol::{Told, ToldState};

/// The unfinished work in the Ledger, at users' devices and at providers, each by name; nothing when the
/// Ledger or a provider does not answer.
pub async fn unfinished(context: &NodeContext, ends: &Ends<'_>) -> Option<Vec<String>> {
    let purposes = ends.purposes;
    let read = read_ledger(context, &questions(purposes)).await?;
    let mut read = read.into_iter();
    let mut next = || read.next().unwrap_or_default();
    let mut named: Vec<String> = Vec::new();
    named.extend(next().iter().map(job));
    named.extend(next().iter().map(verification));
    let (unsealed, heads) = (next(), next());
    // Without a head the audit is not sealed at all.
    let unsealed = unsealed.iter().filter(|_| !heads.is_empty());
    named
        .extend(unsealed.map(|row| format!("audit entry {} is not sealed", row.int(audit::ENTRY))));
    if purposes.has_outbox() {
        named.extend(next().iter().map(event));
    }
    if purposes.webhooks {
        named.extend(next().iter().map(replay));
        let (deliveries, endpoints) = (next(), next());
        named.extend(pending(&deliveries, &endpoints));
    }
    if purposes.search {
        named.extend(next().iter().map(unfed));
    }
    if purposes.edits {
        named.extend(next().iter().map(unread));
    }
    let inboxes = next();
    for listener in ends.listeners {
        named.extend(not_up_to_date(context, listener, &inboxes).await);
    }
    named.extend(untold(&read_payments(context, ends.providers).await?));
    Some(named)
}

/// What is asked of the Ledger, in the order in which the answers are told.
fn questions(purposes: Purposes) -> Vec<Select> {
    let mut asked = vec![
        query::select(jobs::TABLE, is_set(jobs::RUN_AT)),
        query::select(verifications::TABLE, is_set(verifications::RUN_AT)),
        query::select(audit::TABLE, is(audit::UNSEALED, true)).first_by(audit::ENTRY, 1),
        Select::all(audit_heads::TABLE),
    ];
    if purposes.has_outbox() {
        asked.push(query::select(outbox::TABLE, is(outbox::FANNED_OUT, false)));
    }
    if purposes.webhooks {
        asked.extend([
            query::select(replays::TABLE, is_set(replays::RUN_AT)),
            query::select(deliveries::TABLE, is_set(deliveries::RUN_AT)),
            Select::all(webhook_endpoints::TABLE),
        ]);
    }
    if purposes.search {
        let waits = is_set(search_feed::RUN_AT);
        asked.push(query::select(search_feed::TABLE, waits));
    }
    if purposes.edits {
        let unread = is(conflict_notices::UNREAD, true);
        asked.push(query::select(conflict_notices::TABLE, unread));
    }
    if purposes.realtime {
        asked.push(Select::all(inboxes::TABLE));
    }
    asked
}

fn job(row: &Row) -> String {
    let (asset, state) = (row.text(jobs::ASSET), row.text(jobs::STATE));
    format!("the job of {asset} is {state}")
}

fn verification(row: &Row) -> String {
    let name = row.text(verifications::VERIFICATION);
    format!("{name} is {}", row.text(verifications::STATE))
}

fn event(row: &Row) -> String {
    format!("event {} has no deliveries", row.int(outbox::POSITION))
}

fn replay(row: &Row) -> String {
    format!("replay {} is under way", row.text(replays::REPLAY))
}

fn unfed(row: &Row) -> String {
    format!(
        "event {} is not in the index",
        row.int(search_feed::POSITION)
    )
}

fn unread(row: &Row) -> String {
    let reader = row.text(conflict_notices::RECIPIENT);
    let notice = row.text(conflict_notices::NOTICE);
    format!("{reader} has not read the notice of {notice}")
}

/// The deliveries that are due, but for those to endpoints that are left alone.
fn pending(deliveries: &[Row], endpoints: &[Row]) -> impl Iterator<Item = String> {
    let is_served = |row: &&Row| {
        let endpoint = row.text(deliveries::ENDPOINT);
        let its = |it: &&Row| it.text(webhook_endpoints::ENDPOINT) == endpoint;
        let state = endpoints.iter().find(its);
        state.is_none_or(|it| it.text(webhook_endpoints::STATE) == "enabled")
    };
    let due = deliveries.iter().filter(is_served);
    due.map(|row| format!("{} is pending", row.text(deliveries::DELIVERY)))
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

/// What keeps a device from showing what is in its user's inbox, if anything does.
async fn not_up_to_date(context: &NodeContext, listener: &str, inboxes: &[Row]) -> Option<String> {
    let Some((user, last, badge)) = read_listener(context, listener).await else {
        return Some(format!("{listener} does not answer"));
    };
    let inbox = inboxes.iter().find(|row| row.text(inboxes::USER) == user)?;
    let there = (inbox.int(inboxes::LAST), Some(inbox.int(inboxes::UNREAD)));
    (there != (last, badge)).then(|| format!("{listener} does not show what is in {user}'s inbox"))
}
