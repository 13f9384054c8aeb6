//! Editing an asset: the decision, and everything that goes with it, in one transaction.
//!
//! The transaction takes the key, looks at the current version and at every revision, decides
//! ([`decision`](super::decision)), and writes version, revision, audit and notices. What the registration wrote
//! becomes the first revision with the first edit. Optimistic, the write names the version that was looked at and
//! meets no row when somebody was in between: then the whole is done again, a few times. Pessimistic, the row is
//! locked before the look, and nobody comes in between.

use std::cell::RefCell;

use super::config::{ConflictConfig, ConflictStrategy, EditLocking};
use super::decision::{Decision, Made, Version, decide};
use super::fields::{Field, Fields};
use super::history::{History, Revision, of_asset, of_revisions};
use super::notices::{self, Overtaken};
use crate::core::answers;
use crate::core::audit::Entry;
use crate::core::node::Core;
use crate::core::protocol::{Answer, Body, EditAsset};
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ids::AssetId;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::statement::Statement;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::tables::assets;
use crate::points;
use crate::resilience::deadline::Deadline;

/// How often an edit that others overtake looks again before its user is asked to.
const LOOKS_MAX: u32 = 3;

/// Why a transaction is rolled back, as far as it has come.
enum Lost {
    /// The key was used before.
    Key,
    /// Somebody changed the asset since this transaction looked.
    Race,
    /// It decided to change nothing, and nothing shall stay, its key included.
    Refused(Answer),
}

/// What an edit did.
struct Done {
    answer: Answer,
    /// Notices that a defect writes after it.
    late: Vec<Statement>,
}

/// Edits, as the configured strategy has it.
///
/// # Errors
/// As [`LedgerClient::transact`](crate::ledger::client::LedgerClient::transact).
pub async fn edit(
    core: &Core,
    config: &ConflictConfig,
    asked: &EditAsset,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let digest = answers::digest(asked);
    for _ in 0..LOOKS_MAX {
        let lost = RefCell::new(Lost::Key);
        let edited = core.ledger.transact("edit", deadline, async |transaction| {
            attempt(core, config, asked, &digest, transaction, &lost).await
        });
        let edited = edited.await;
        match (edited, lost.into_inner()) {
            (Ok(Done { answer, late }), _) => {
                core.context.pass(points::EDIT_COMMITTED).await;
                notices::write_late(core, late, deadline).await;
                return Ok(answer);
            }
            (Err(LedgerError::Stale), Lost::Refused(answer)) => return Ok(answer),
            (Err(LedgerError::Stale), Lost::Key) => {
                return known(core, asked, &digest, deadline).await;
            }
            (Err(LedgerError::Stale), Lost::Race) => core.context.reached("edit_looked_again"),
            (Err(error), _) => return Err(error),
        }
    }
    Ok(Answer::later(409, Some(Failure::LedgerConflict)))
}

/// One look, one decision, one write.
async fn attempt(
    core: &Core,
    config: &ConflictConfig,
    asked: &EditAsset,
    digest: &str,
    transaction: &mut Transaction,
    lost: &RefCell<Lost>,
) -> Result<Done, LedgerError> {
    lost.replace(Lost::Key);
    let at = transaction.now().await?;
    let taken = answers::take(&asked.key, digest, Some(&asked.asset), None, at);
    transaction.stage_one(taken);
    let look = match config.locking {
        EditLocking::Optimistic => of_asset(&asked.asset),
        EditLocking::Pessimistic => of_asset(&asked.asset).locking(),
    };
    let rows = transaction.query(look).await?;
    lost.replace(Lost::Race);
    let Some(row) = rows.first() else {
        lost.replace(Lost::Refused(Answer::refused(
            404,
            Failure::LedgerConstraint,
        )));
        return Err(LedgerError::Stale);
    };
    let written = transaction.query(of_revisions(&asked.asset)).await?;
    let history = History::of(row, &written);
    let (base, current) = (history.version(asked.base), history.current());
    let defects = &core.setup.defects;
    match decide(config.strategy, base, current, &asked.wanted, defects) {
        Decision::Refuse(clashing) => {
            core.context.reached("conflict_was_rejected");
            lost.replace(Lost::Refused(clash(asked, current, clashing)));
            Err(LedgerError::Stale)
        }
        Decision::Make(made, fields) => {
            let change = Change {
                asked,
                made,
                fields: &fields,
                before: current.number,
            };
            let answer = change.answer();
            write_down(core, transaction, &change, &history, at).await?;
            transaction.stage(answers::store_first(&asked.key, &answer));
            let late = tell(core, config, transaction, &change, &history, at);
            if made == Made::Merged {
                core.context.reached("conflict_was_merged");
            }
            Ok(Done { answer, late })
        }
    }
}

/// A change that is made.
struct Change<'a> {
    asked: &'a EditAsset,
    made: Made,
    fields: &'a Fields,
    /// The version it follows.
    before: i64,
}

impl Change<'_> {
    fn answer(&self) -> Answer {
        Answer::ok(
            200,
            Body::Edited {
                asset: self.asked.asset.clone(),
                version: self.before + 1,
                made: self.made,
                fields: self.fields.clone(),
            },
        )
    }
}

/// Writes the version, and stages its revision and the audit.
async fn write_down(
    core: &Core,
    transaction: &mut Transaction,
    change: &Change<'_>,
    history: &History,
    at: LedgerMillis,
) -> Result<(), LedgerError> {
    let (asked, version) = (change.asked, change.before + 1);
    let values = [
        (assets::NAME, change.fields.name.as_str().into()),
        (assets::CATEGORY, change.fields.category.as_str().into()),
        (assets::VERSION, version.into()),
    ];
    let seen = is(assets::ASSET, asked.asset.0.as_str()).and(is(assets::VERSION, change.before));
    transaction.stage_one(query::update(assets::TABLE, values, seen));
    // What follows is written only when nobody was in between.
    transaction.flush().await?;
    transaction.stage_all(history.unwritten(&asked.asset));
    let made = Revision {
        version,
        made: change.made,
        fields: change.fields,
        by: Some(asked),
    };
    transaction.stage(made.statement(&asked.asset));
    let entry = Entry {
        asset: &asked.asset,
        action: "edited",
        subject: None,
        failure: None,
        version: Some(version),
        actor: &core.context.name(),
        at,
    };
    transaction.stage(entry.statement());
    transaction.stage_all(core.outbox.event("edited", &asked.asset, Some(version), at));
    Ok(())
}

/// Stages the notices for those who were overtaken; gives those that a defect writes later.
fn tell(
    core: &Core,
    config: &ConflictConfig,
    transaction: &mut Transaction,
    change: &Change<'_>,
    history: &History,
    at: LedgerMillis,
) -> Vec<Statement> {
    let defects = &core.setup.defects;
    let is_last_writer = config.strategy == ConflictStrategy::LastWriter;
    if is_last_writer && defects.has(Defect::LastWriterWithoutNotice) {
        return Vec::new();
    }
    let overtaken = history
        .since(change.asked.base)
        .map(|(number, author)| Overtaken {
            asset: &change.asked.asset,
            version: number,
            author,
            by: change.before + 1,
            made: change.made,
        });
    let notices: Vec<Statement> = overtaken.map(|it| it.notice(at)).collect();
    if defects.has(Defect::NoticeOutsideTxn) {
        return notices;
    }
    transaction.stage_all(notices);
    Vec::new()
}

/// The asset as it is, for who wants to edit it.
///
/// # Errors
/// As [`LedgerClient::read_all`](crate::ledger::client::LedgerClient::read_all).
pub async fn look(core: &Core, asset: &AssetId, deadline: Deadline) -> Result<Answer, LedgerError> {
    let selects = [of_asset(asset), of_revisions(asset)];
    let read = core
        .ledger
        .read_all("asset.look", deadline, &selects)
        .await?;
    let [rows, written] = &read[..] else {
        unreachable!("two statements give two results");
    };
    let Some(row) = rows.first() else {
        return Ok(Answer::refused(404, Failure::LedgerConstraint));
    };
    let history = History::of(row, written);
    // Each statement has a snapshot of its own: the later one may know of a later version.
    let Version { number, fields } = history.latest().clone();
    let asset = asset.clone();
    Ok(Answer::ok(
        200,
        Body::Form {
            asset,
            version: number,
            fields,
        },
    ))
}

/// Both versions for a user whose edit is refused.
fn clash(asked: &EditAsset, current: &Version, clashing: Vec<Field>) -> Answer {
    let mut answer = Answer::refused(409, Failure::LedgerConflict);
    answer.body = Body::Clash {
        asset: asked.asset.clone(),
        yours: asked.base,
        current: current.number,
        fields: current.fields.clone(),
        clashing,
    };
    answer
}

/// The key was used before.
async fn known(
    core: &Core,
    asked: &EditAsset,
    digest: &str,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let select = answers::of_key(&asked.key);
    let rows = core.ledger.read("key.read", deadline, select).await?;
    let row = rows.first().ok_or(LedgerError::Stale)?;
    Ok(answers::again(
        &core.context,
        row,
        digest,
        &core.setup.defects,
    ))
}
