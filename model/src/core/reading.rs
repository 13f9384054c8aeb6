//! Reading an asset.

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
    let select = query::select(assets::TABLE, is(assets::ASSET, asset.0.as_str()));
    let rows = ledger.read("asset.read", deadline, select).await?;
    Ok(match rows.first() {
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
    })
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
