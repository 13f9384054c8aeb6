//! Reading an asset, from the Ledger's primary or from a replica.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use super::asset::AssetStatus;
use super::node::Core;
use super::protocol::{Answer, Body};
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ids::AssetId;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::ledger::engine::Row;
use crate::ledger::engine::log::frame::Lsn;
use crate::ledger::engine::statement::Select;
use crate::ledger::protocol::Consistency;
use crate::ledger::query::{self, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::assets;
use crate::resilience::deadline::Deadline;

/// Reads an asset as the Ledger has it.
///
/// # Errors
/// As [`LedgerClient::read`].
pub async fn read(core: &Core, asset: &AssetId, deadline: Deadline) -> Result<Answer, LedgerError> {
    let remembers = core.setup.defects.has(Defect::StaleCachedRead);
    let now = core.context.monotonic();
    if remembers && let Some(answer) = core.remembered.recall(asset, now) {
        return Ok(answer);
    }
    let answer = read_now(&core.ledger, asset, deadline).await?;
    if remembers {
        core.remembered.remember(asset, &answer, now);
    }
    Ok(answer)
}

async fn read_now(
    ledger: &LedgerClient,
    asset: &AssetId,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let rows = ledger.read("asset.read", deadline, of(asset)).await?;
    Ok(told(asset, &rows))
}

/// Reads an asset as some server of the Ledger has it. The answer's token is what its session has seen by it.
///
/// # Errors
/// As [`LedgerClient::read`].
pub async fn read_at(
    core: &Core,
    asset: &AssetId,
    consistency: Consistency,
    seen: u64,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let ledger = &core.ledger;
    if let Some(cache) = core
        .cache
        .as_ref()
        .filter(|_| consistency == Consistency::Eventual)
    {
        let patience = deadline.remaining(core.context.monotonic());
        return cache
            .read(asset, patience, read_now(ledger, asset, deadline))
            .await;
    }
    let read = ledger.read_as_of("asset.read", deadline, of(asset), consistency, Lsn(seen));
    let (rows, as_of) = read.await?;
    let mut answer = told(asset, &rows);
    let stays = core.setup.defects.has(Defect::TokenNotAdvancedByReads);
    answer.token = Some(if stays { seen } else { seen.max(as_of.0) });
    Ok(answer)
}

fn of(asset: &AssetId) -> Select {
    query::select(assets::TABLE, is(assets::ASSET, asset.0.as_str()))
}

fn told(asset: &AssetId, rows: &[Row]) -> Answer {
    match rows.first() {
        None => Answer::refused(404, Failure::LedgerConstraint),
        Some(row) => Answer::ok(
            200,
            Body::Asset {
                asset: asset.clone(),
                name: row.text(assets::NAME).to_owned(),
                status: AssetStatus::from_name(row.text(assets::STATUS)),
                version: row.int(assets::VERSION),
            },
        ),
    }
}

/// What a defect's instance keeps of its reads.
#[derive(Default)]
pub struct Remembered(RefCell<BTreeMap<AssetId, (Duration, Answer)>>);

impl Remembered {
    const KEPT: Duration = Duration::from_secs(30);

    fn recall(&self, asset: &AssetId, now: Duration) -> Option<Answer> {
        let kept = self.0.borrow();
        let (since, answer) = kept.get(asset)?;
        (now < *since + Self::KEPT).then(|| answer.clone())
    }

    fn remember(&self, asset: &AssetId, answer: &Answer, now: Duration) {
        let kept = (now, answer.clone());
        self.0.borrow_mut().insert(asset.clone(), kept);
    }
}
