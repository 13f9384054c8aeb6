//! Queries of the audit: by asset, by who did it, or by time, page by page in the order of the entries.
//!
//! A page begins behind the last entry of the page before, named by its number. Numbers are drawn before the
//! commit: an entry that commits while somebody pages through may come with a number that is passed
//! already. A query promises what was committed when it began, page by page, and no more.

use serde::{Deserialize, Serialize};

use crate::core::node::Core;
use crate::core::protocol::{Answer, Body};
use crate::defects::Defect;
use crate::ids::AssetId;
use crate::ledger::client::LedgerError;
use crate::ledger::engine::scalar::{BinaryOp, Expr};
use crate::ledger::engine::statement::Select;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, above, at_most, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::audit;
use crate::resilience::deadline::Deadline;

/// The most entries of one page.
pub const PAGE_MAX: u32 = 100;

/// Which entries are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those about an asset.
    Asset(AssetId),
    /// Those of an actor, by the instance's name.
    Actor(String),
    /// Those of a span of time, on the Ledger's clock, both ends included.
    Between {
        /// Its begin.
        from: LedgerMillis,
        /// Its end.
        until: LedgerMillis,
    },
}

/// An entry as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Told {
    /// Its number.
    pub entry: i64,
    /// The asset it is about, if it is about one.
    pub asset: Option<AssetId>,
    /// What was done.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: LedgerMillis,
}

impl Scope {
    fn filter(&self) -> Expr {
        match self {
            Scope::Asset(asset) => is(audit::ASSET, asset.0.as_str()),
            Scope::Actor(actor) => is(audit::ACTOR, actor.as_str()),
            Scope::Between { from, until } => {
                let begun = Expr::binary(
                    BinaryOp::GreaterOrEqual,
                    Expr::column(audit::AT),
                    Expr::literal(*from),
                );
                begun.and(at_most(audit::AT, *until))
            }
        }
    }
}

/// Answers everything that was done to an asset, for people.
///
/// # Errors
/// As [`LedgerClient::read`](crate::ledger::client::LedgerClient::read).
pub async fn whole(
    core: &Core,
    asset: &AssetId,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let select = super::of_asset(asset);
    let rows = core.ledger.read("audit.query", deadline, select).await?;
    let told = rows.iter().map(|row| super::told(row));
    Ok(Answer::ok(200, Body::Audit(told.collect())))
}

/// The entries of a scope behind a number, so many at most.
fn page(scope: &Scope, after: i64, rows: u64) -> Select {
    let these = scope.filter().and(above(audit::ENTRY, after));
    query::select(audit::TABLE, these).first_by(audit::ENTRY, rows)
}

/// Answers one page. One entry more than fits is read, to tell whether a page follows.
///
/// # Errors
/// As [`LedgerClient::read`](crate::ledger::client::LedgerClient::read).
pub async fn answer(
    core: &Core,
    scope: &Scope,
    after: i64,
    limit: u32,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let limit = limit.clamp(1, PAGE_MAX) as usize;
    let select = page(scope, after, limit as u64 + 1);
    let rows = core.ledger.read("audit.page", deadline, select).await?;
    let skips = core.setup.defects.has(Defect::AuditQuerySkipsPageBoundary);
    let entries = rows.iter().take(limit).map(|row| told(row));
    let beyond = rows.get(limit).map(|row| row.int(audit::ENTRY));
    let last = rows.get(limit - 1).map(|row| row.int(audit::ENTRY));
    let body = Body::AuditPage {
        entries: entries.collect(),
        // The one beyond belongs to the next page, which begins behind what is named here.
        next: beyond.and(if skips { beyond } else { last }),
    };
    Ok(Answer::ok(200, body))
}

fn told(row: &[Value]) -> Told {
    Told {
        entry: row.int(audit::ENTRY),
        asset: row.maybe_text(audit::ASSET).map(|it| AssetId(it.into())),
        action: row.text(audit::ACTION).to_owned(),
        actor: row.text(audit::ACTOR).to_owned(),
        at: row.int(audit::AT),
    }
}
