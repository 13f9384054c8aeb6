//! Notices: who was overtaken by another's edit is told, however long it takes.
//!
//! A notice is a row written in the transaction of the edit that overtook, and it waits for its reader. A user's
//! device asks for what is unread, shows it, and says so with its next question; one whose answer was lost is
//! given again under the same name, so the device can tell. Start at [`Overtaken`] and [`take`].

use serde::{Deserialize, Serialize};

use super::decision::Made;
use crate::core::node::Core;
use crate::core::protocol::{Answer, Body};
use crate::ids::AssetId;
use crate::ledger::client::LedgerError;
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is, is_one_of};
use crate::ledger::row::Cells;
use crate::ledger::tables::conflict_notices as notices;
use crate::resilience::deadline::Deadline;

/// How many notices one answer carries at most.
const AT_ONCE: u64 = 50;

/// A version that somebody else's edit did not see.
pub struct Overtaken<'a> {
    /// The asset.
    pub asset: &'a AssetId,
    /// The version.
    pub version: i64,
    /// Who made it, and is to be told.
    pub author: &'a str,
    /// The version that the edit made.
    pub by: i64,
    /// How.
    pub made: Made,
}

impl Overtaken<'_> {
    /// The insert of its notice.
    pub fn notice(&self, at: LedgerMillis) -> Statement {
        let name = format!("{}/{} over {}", self.asset, self.by, self.version);
        let values = [
            (notices::NOTICE, Value::text(&name)),
            (notices::RECIPIENT, self.author.into()),
            (notices::ASSET, Value::text(&self.asset.0)),
            (notices::OF_VERSION, self.version.into()),
            (notices::BY_VERSION, self.by.into()),
            (notices::MADE, self.made.name().into()),
            (notices::UNREAD, true.into()),
            (notices::AT, at.into()),
        ];
        query::insert(notices::TABLE, values)
    }
}

/// A notice as its reader gets it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Notice {
    /// Its name, the same each time it is given.
    pub name: String,
    /// The asset.
    pub asset: AssetId,
    /// The reader's version.
    pub version: i64,
    /// The version that came over it.
    pub by: i64,
    /// Whether it was merged or overwritten.
    pub made: Made,
}

/// Takes note of what a user was shown, and gives what is unread.
///
/// # Errors
/// As [`LedgerClient::transact`](crate::ledger::client::LedgerClient::transact).
pub async fn take(
    core: &Core,
    user: &str,
    shown: &[String],
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    if !shown.is_empty() {
        let names = shown.iter().map(String::as_str);
        let theirs = is(notices::RECIPIENT, user).and(is_one_of(notices::NOTICE, names));
        let read = query::update(notices::TABLE, [(notices::UNREAD, false.into())], theirs);
        let noted = core
            .ledger
            .transact("notices.shown", deadline, async |transaction| {
                transaction.stage(read.clone());
                Ok(())
            });
        noted.await?;
    }
    let unread = is(notices::RECIPIENT, user).and(is(notices::UNREAD, true));
    let select = query::select(notices::TABLE, unread).first_by(notices::NOTICE, AT_ONCE);
    let rows = core.ledger.read("notices.unread", deadline, select).await?;
    Ok(Answer::ok(
        200,
        Body::Notices(rows.iter().map(told).collect()),
    ))
}

fn told(row: &Row) -> Notice {
    Notice {
        name: row.text(notices::NOTICE).to_owned(),
        asset: AssetId(row.text(notices::ASSET).to_owned()),
        version: row.int(notices::OF_VERSION),
        by: row.int(notices::BY_VERSION),
        made: Made::from_name(row.text(notices::MADE)),
    }
}

/// The defect's way: notices in a transaction of their own, after the edit's. What fails is gone.
pub(super) async fn write_late(core: &Core, late: Vec<Statement>, deadline: Deadline) {
    if late.is_empty() {
        return;
    }
    let written = core
        .ledger
        .transact("notices.late", deadline, async |transaction| {
            transaction.stage_all(late.iter().cloned());
            Ok(())
        });
    drop(written.await);
}
