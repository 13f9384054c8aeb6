//! What a user asks of the inbox: what there is, and to mark it as read.

use crate::core::node::Core;
use crate::core::protocol::{Answer, Body};
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ledger::client::LedgerError;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::query::{self, Refine, at_most, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{inboxes, notifications};
use crate::realtime::notification::{Mark, unread_after};
use crate::resilience::deadline::Deadline;

use super::storing;
use super::watching::following;

/// How many notifications one answer has at most.
pub const PAGE: u64 = 20;

/// A user's notifications behind a number, and how many are unread in all: two reads, of which the second
/// may see more.
///
/// # Errors
/// As [`LedgerClient::read`](crate::ledger::client::LedgerClient::read).
pub async fn list(
    core: &Core,
    user: &str,
    after: i64,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let inbox = query::select(inboxes::TABLE, is(inboxes::USER, user));
    let selects = [following(user, after, PAGE), inbox];
    let read = core.ledger.read_all("inbox.list", deadline, &selects);
    let read = read.await?;
    let (page, inbox) = (&read[0], &read[1]);
    let Some(inbox) = inbox.first() else {
        return Ok(Answer::refused(404, Failure::LedgerConstraint));
    };
    let body = Body::Notifications {
        unread: inbox.int(inboxes::UNREAD),
        some: page.iter().map(|row| storing::of_row(row)).collect(),
    };
    Ok(Answer::ok(200, body))
}

/// Marks notifications as read. The count of the unread goes down by those that were: so the same mark may
/// come again, late, and from another session.
///
/// # Errors
/// As [`LedgerClient::transact`](crate::ledger::client::LedgerClient::transact).
pub async fn mark(
    core: &Core,
    user: &str,
    mark: Mark,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let blind = core.setup.defects.has(Defect::MarkReadCountsTwice);
    let marked = core
        .ledger
        .transact("inbox.mark", deadline, async |transaction| {
            let inbox = query::select(inboxes::TABLE, is(inboxes::USER, user)).locking();
            let rows = transaction.query(inbox).await?;
            let Some(inbox) = rows.first() else {
                return Ok(None);
            };
            transaction.stage(read(user, mark));
            let met = transaction.counts().await?;
            let found = met.last().copied().unwrap_or(0);
            let before = inbox.int(inboxes::UNREAD);
            let unread = match mark {
                Mark::One(_) if blind => before - 1,
                Mark::UpTo(_) if blind => before - found as i64,
                Mark::One(_) | Mark::UpTo(_) => unread_after(before, found),
            };
            if found == 0 {
                core.context.reached("notification_was_marked_again");
            }
            let this = is(inboxes::USER, user);
            let values = [(inboxes::UNREAD, unread.into())];
            transaction.stage_one(query::update(inboxes::TABLE, values, this));
            Ok(Some(unread))
        });
    Ok(match marked.await? {
        Some(unread) => Answer::ok(200, Body::Unread(unread)),
        None => Answer::refused(404, Failure::LedgerConstraint),
    })
}

fn read(user: &str, mark: Mark) -> Statement {
    let these = match mark {
        Mark::One(number) => is(notifications::NUMBER, number),
        Mark::UpTo(last) => at_most(notifications::NUMBER, last),
    };
    let unread = is(notifications::USER, user).and(is(notifications::UNREAD, true));
    let values = [(notifications::UNREAD, Value::Null)];
    query::update(notifications::TABLE, values, unread.and(these))
}
