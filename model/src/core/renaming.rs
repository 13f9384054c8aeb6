//! Renaming assets: optimistic, by version; several at once or none.
//!
//! Each change names the version its user has seen. A row that has another version by now is met by no
//! write, so nothing is overwritten unseen, and the loser is told the version there is. The rows are
//! locked in the order in which they were asked for, because the first conflict in that order is the
//! one to tell; two requests that cross may deadlock, which the store breaks and the client repeats.

use std::cell::RefCell;

use super::answers;
use super::audit::Entry;
use super::node::Core;
use super::protocol::{Answer, Body, Renaming};
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ids::{AssetId, IdempotencyKey};
use crate::ledger::client::LedgerError;
use crate::ledger::engine::statement::Statement;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::assets;
use crate::resilience::deadline::Deadline;

/// Renames.
///
/// # Errors
/// As [`LedgerClient::transact`](crate::ledger::client::LedgerClient::transact).
pub async fn rename(
    core: &Core,
    key: &IdempotencyKey,
    changes: &[Renaming],
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let digest = answers::digest(&("rename", changes));
    let versions = changes.iter().map(|it| (it.asset.clone(), it.version + 1));
    let done = Answer::ok(200, Body::Renamed(versions.collect()));
    let actor = core.context.name();
    let lost = RefCell::new(None);
    let defects = &core.setup.defects;
    let looks_first = defects.has(Defect::VersionCheckedOutsideTxn);
    if looks_first && let Some(asset) = outdated(core, changes, deadline).await? {
        return conflict(core, asset, deadline).await;
    }
    let blind = looks_first || defects.has(Defect::LostUpdateBlindWrite);
    let renamed = core
        .ledger
        .transact("rename", deadline, async |transaction| {
            let at = transaction.now().await?;
            let first = changes.first().map(|change| &change.asset);
            transaction.stage(answers::take(key, &digest, first, Some(&done), at));
            let mut met = Vec::new();
            for change in changes {
                transaction.stage(changed(change, blind));
                // Seen before the next is locked: what is not going to be changed stays free.
                met.extend(transaction.counts().await?);
                if let Some(position) = met.iter().position(|rows| *rows != 1) {
                    lost.replace(Some(position));
                    return Err(LedgerError::Stale);
                }
            }
            for change in changes {
                transaction.stage(entry(change, &actor, at).statement());
                let version = Some(change.version + 1);
                let event = core.outbox.event("renamed", &change.asset, version, at);
                transaction.stage_all(event);
            }
            Ok(())
        });
    match (renamed.await, lost.take()) {
        (Ok(()), _) => Ok(done),
        (Err(LedgerError::Stale), Some(0)) => known(core, key, &digest, deadline).await,
        (Err(LedgerError::Stale), Some(_)) if defects.has(Defect::ConflictNotTold) => Ok(done),
        (Err(LedgerError::Stale), Some(position)) => {
            conflict(core, &changes[position - 1].asset, deadline).await
        }
        (Err(error), _) => Err(error),
    }
}

/// The defect's way: the first asset that has another version now than was seen.
async fn outdated<'a>(
    core: &Core,
    changes: &'a [Renaming],
    deadline: Deadline,
) -> Result<Option<&'a AssetId>, LedgerError> {
    for change in changes {
        let select = query::select(assets::TABLE, is(assets::ASSET, change.asset.0.as_str()));
        let rows = core.ledger.read("asset.read", deadline, select).await?;
        if rows.first().map(|row| row.int(assets::VERSION)) != Some(change.version) {
            return Ok(Some(&change.asset));
        }
    }
    Ok(None)
}

/// The write of a change; blind, as a defect has it, it does not ask which version there is.
fn changed(change: &Renaming, blind: bool) -> Statement {
    let values = [
        (assets::NAME, change.name.as_str().into()),
        (assets::VERSION, (change.version + 1).into()),
    ];
    let this = is(assets::ASSET, change.asset.0.as_str());
    let seen = match blind {
        true => this,
        false => this.and(is(assets::VERSION, change.version)),
    };
    query::update(assets::TABLE, values, seen)
}

fn entry<'a>(change: &'a Renaming, actor: &'a str, at: LedgerMillis) -> Entry<'a> {
    Entry {
        asset: &change.asset,
        action: "renamed",
        subject: None,
        failure: None,
        version: Some(change.version + 1),
        actor,
        at,
    }
}

/// The key was used before.
async fn known(
    core: &Core,
    key: &IdempotencyKey,
    digest: &str,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let select = answers::of_key(key);
    let rows = core.ledger.read("key.read", deadline, select).await?;
    let row = rows.first().ok_or(LedgerError::Stale)?;
    Ok(answers::again(
        &core.context,
        row,
        digest,
        &core.setup.defects,
    ))
}

/// Somebody else was first: the loser is told the version there is.
async fn conflict(core: &Core, asset: &AssetId, deadline: Deadline) -> Result<Answer, LedgerError> {
    core.context.reached("version_conflict_was_told");
    let select = query::select(assets::TABLE, is(assets::ASSET, asset.0.as_str()));
    let rows = core.ledger.read("asset.read", deadline, select).await?;
    let Some(row) = rows.first() else {
        return Ok(Answer::refused(404, Failure::LedgerConstraint));
    };
    let mut answer = Answer::refused(409, Failure::LedgerConflict);
    answer.body = Body::Conflict(asset.clone(), row.int(assets::VERSION));
    Ok(answer)
}
