//! Storing notifications, each under the next number of its user.
//!
//! Whoever stores has the rows of the users' inboxes locked from the drawing of the numbers to the commit:
//! so of one user's notifications a later number is committed later, and none is left out. Inboxes are
//! locked in the order of their users' names, so that two who tell several users never wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Realtime;
use crate::core::answers;
use crate::core::node::Core;
use crate::core::protocol::{Answer, Body};
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ids::IdempotencyKey;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::{Select, Statement};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is, is_one_of};
use crate::ledger::row::Cells;
use crate::ledger::tables::{inboxes, notifications, outbox};
use crate::points;
use crate::realtime::audience::Audience;
use crate::realtime::notification::Notification;
use crate::resilience::deadline::Deadline;
use crate::webhooks::event;

/// Something that several users are to be told.
struct News {
    to: BTreeSet<String>,
    source: String,
    kind: String,
    body: String,
}

/// Stores what events have to tell to users; gives those users.
///
/// # Errors
/// As [`Transaction::flush`].
pub async fn of_events(
    core: &Core,
    transaction: &mut Transaction,
    events: &[Row],
    at: LedgerMillis,
) -> Result<Vec<String>, LedgerError> {
    let Some(realtime) = core.realtime.as_ref().filter(|_| !events.is_empty()) else {
        return Ok(Vec::new());
    };
    let news = |row: &Row| {
        let (kind, asset) = (row.text(outbox::KIND), row.text(outbox::ASSET));
        let audience = Audience::of_event(kind, asset, &realtime.users);
        let members = audience.members(&realtime.users).into_iter();
        News {
            to: members.map(str::to_owned).collect(),
            source: event::id(row.int(outbox::POSITION)),
            kind: kind.to_owned(),
            body: row.text(outbox::BODY).to_owned(),
        }
    };
    let all: Vec<News> = events.iter().map(news).collect();
    store(realtime, transaction, &all, at).await
}

/// Tells users of something, once for each key.
///
/// # Errors
/// As [`LedgerClient::transact`](crate::ledger::client::LedgerClient::transact).
pub async fn notify(
    core: &Core,
    key: &IdempotencyKey,
    to: &Audience,
    text: &str,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let Some(realtime) = &core.realtime else {
        return Ok(Answer::refused(404, Failure::LedgerConstraint));
    };
    let members: BTreeSet<String> = { to.members(&realtime.users) }
        .into_iter()
        .map(str::to_owned)
        .collect();
    if members.is_empty() {
        return Ok(Answer::refused(404, Failure::LedgerConstraint));
    }
    let digest = answers::digest(&("notify", to, text));
    let done = Answer::ok(201, Body::Nothing);
    let news = [News {
        to: members,
        source: key.0.clone(),
        kind: "message".to_owned(),
        body: text.to_owned(),
    }];
    let stored = core
        .ledger
        .transact("notify", deadline, async |transaction| {
            let at = transaction.now().await?;
            transaction.stage(answers::take(key, &digest, None, Some(&done), at));
            if transaction.counts().await?.last() == Some(&0) {
                return Ok(None);
            }
            let told = store(realtime, transaction, &news, at).await?;
            transaction.flush().await?;
            core.context.pass(points::NOTIFICATIONS_STAGED).await;
            Ok(Some(told))
        });
    if let Some(told) = stored.await? {
        realtime.ring(&told);
        return Ok(done);
    }
    let rows = core.ledger.read("key.read", deadline, answers::of_key(key));
    let rows = rows.await?;
    let row = rows.first().ok_or(LedgerError::Stale)?;
    let defects = &core.setup.defects;
    Ok(answers::again(&core.context, row, &digest, defects))
}

/// Gives the users who were told.
async fn store(
    realtime: &Realtime,
    transaction: &mut Transaction,
    news: &[News],
    at: LedgerMillis,
) -> Result<Vec<String>, LedgerError> {
    let users: BTreeSet<&str> = { news.iter() }
        .flat_map(|it| it.to.iter().map(String::as_str))
        .collect();
    let mut heads = BTreeMap::new();
    for row in transaction.query(locked(&users)).await? {
        let counts = (row.int(inboxes::LAST), row.int(inboxes::UNREAD));
        heads.insert(row.text(inboxes::USER).to_owned(), counts);
    }
    let defects = &realtime.defects;
    for it in news {
        for user in &it.to {
            let (last, unread) = heads
                .get_mut(user)
                .expect("invariant: every user has an inbox");
            *last = match defects.has(Defect::SequenceFromMemory) {
                true => realtime.remembered_next(user, *last),
                false => *last + 1,
            };
            *unread += 1;
            transaction.stage(insert(user, *last, it, at));
            if defects.has(Defect::PushBeforeCommit) {
                realtime.bring(user, &[it.numbered(*last)]);
            }
        }
    }
    for (user, (last, unread)) in &heads {
        let values = [
            (inboxes::LAST, (*last).into()),
            (inboxes::UNREAD, (*unread).into()),
        ];
        let this = is(inboxes::USER, user.as_str());
        transaction.stage_one(query::update(inboxes::TABLE, values, this));
    }
    Ok(heads.into_keys().collect())
}

fn locked(users: &BTreeSet<&str>) -> Select {
    let these = is_one_of(inboxes::USER, users.iter().copied());
    query::select(inboxes::TABLE, these)
        .first_by(inboxes::USER, users.len() as u64)
        .locking()
}

impl News {
    fn numbered(&self, number: i64) -> Notification {
        Notification {
            number,
            source: self.source.clone(),
            kind: self.kind.clone(),
            body: self.body.clone(),
        }
    }
}

fn insert(user: &str, number: i64, news: &News, at: LedgerMillis) -> Statement {
    let name = format!("{user}/{}", news.source);
    let values = [
        (notifications::NOTIFICATION, Value::text(&name)),
        (notifications::USER, user.into()),
        (notifications::NUMBER, number.into()),
        (notifications::SOURCE, Value::text(&news.source)),
        (notifications::KIND, Value::text(&news.kind)),
        (notifications::BODY, Value::text(&news.body)),
        (notifications::UNREAD, true.into()),
        (notifications::AT, at.into()),
    ];
    query::insert(notifications::TABLE, values)
}

/// A stored notification as it is sent.
pub fn of_row(row: &[Value]) -> Notification {
    Notification {
        number: row.int(notifications::NUMBER),
        source: row.text(notifications::SOURCE).to_owned(),
        kind: row.text(notifications::KIND).to_owned(),
        body: row.text(notifications::BODY).to_owned(),
    }
}

impl Realtime {
    /// The defect's way: the instance counts for itself, from what it has once read.
    fn remembered_next(&self, user: &str, read: i64) -> i64 {
        let mut numbers = self.numbers.borrow_mut();
        let next = numbers.get(user).copied().unwrap_or(read) + 1;
        numbers.insert(user.to_owned(), next);
        next
    }
}
