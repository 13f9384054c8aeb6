//! The audit: one entry per change, written in the transaction of the change, and one per request to
//! change something that came to nothing.
//!
//! What an entry says and how it is read stands here. [`chain`] makes later changes of entries visible,
//! and [`sealing`] adds new entries to it. [`querying`] answers questions, page by page.

pub mod chain;
pub mod querying;
pub mod sealing;

use crate::failure::Failure;
use crate::ids::AssetId;
use crate::ledger::engine::statement::{Select, Statement};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::audit;

/// What is to be remembered of a change.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The asset it is about.
    pub asset: &'a AssetId,
    /// What was done, such as `linked`.
    pub action: &'static str,
    /// The verification, job or letter it was done to, where an asset has several.
    pub subject: Option<&'a str>,
    /// The failure that led to it.
    pub failure: Option<Failure>,
    /// The asset's new version, after a rename.
    pub version: Option<i64>,
    /// The instance that did it.
    pub actor: &'a str,
    /// When, on the Ledger's clock.
    pub at: LedgerMillis,
}

impl Entry<'_> {
    /// The insert.
    pub fn statement(&self) -> Statement {
        let values = [
            (audit::ASSET, Value::text(&self.asset.0)),
            (audit::ACTION, self.action.into()),
            (audit::SUBJECT, query::text(self.subject)),
            (audit::FAILURE, query::text(self.failure.map(Failure::code))),
            (audit::VERSION, self.version.map_or(Value::Null, Value::Int)),
            (audit::ACTOR, self.actor.into()),
            (audit::AT, self.at.into()),
        ];
        query::insert(audit::TABLE, values)
    }
}

/// The insert for a change of what belongs to no asset: an endpoint, a payment from outside, an order of people.
pub fn of_subject(
    action: &'static str,
    subject: &str,
    failure: Option<&str>,
    actor: &str,
    at: LedgerMillis,
) -> Statement {
    let values = [
        (audit::ACTION, action.into()),
        (audit::SUBJECT, Value::text(subject)),
        (audit::FAILURE, query::text(failure)),
        (audit::ACTOR, actor.into()),
        (audit::AT, at.into()),
    ];
    query::insert(audit::TABLE, values)
}

/// The insert for a request that came to nothing (see [`refusals`](super::refusals)).
pub fn refusal(
    action: &str,
    asset: Option<&AssetId>,
    failure: Failure,
    actor: &str,
    at: LedgerMillis,
) -> Statement {
    let values = [
        (
            audit::ASSET,
            query::text(asset.map(|asset| asset.0.as_str())),
        ),
        (audit::ACTION, action.into()),
        (audit::FAILURE, failure.code().into()),
        (audit::ACTOR, actor.into()),
        (audit::AT, at.into()),
    ];
    query::insert(audit::TABLE, values)
}

/// Everything that was done to an asset.
pub fn of_asset(asset: &AssetId) -> Select {
    query::select(audit::TABLE, is(audit::ASSET, asset.0.as_str())).first_by(audit::ENTRY, 1_000)
}

/// An entry for people.
pub fn told(row: &[Value]) -> String {
    let failure = row.maybe_text(audit::FAILURE);
    let because = failure.map_or_else(String::new, |code| format!(" after {code}"));
    format!(
        "{}{because} by {}",
        row.text(audit::ACTION),
        row.text(audit::ACTOR)
    )
}
