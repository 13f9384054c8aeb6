//! Reading an asset.

use super::asset::AssetStatus;
use super::protocol::{Answer, Body};
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
pub async fn read(
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
