//! Idempotency keys: one intent, one effect, one answer.
//!
//! A key's row is inserted in the transaction of the first effect, with a digest of the request. So of
//! two requests with one key only one can commit; the other finds the row, and gets the stored answer,
//! a refusal when it asks for something else, or is told to wait.

use serde::Serialize;
use sim::NodeContext;
use xxhash_rust::xxh3::xxh3_128;

use super::protocol::Answer;
use crate::defects::{Defect, Defects};
use crate::failure::Failure;
use crate::ids::{AssetId, IdempotencyKey};
use crate::ledger::engine::scalar::Expr;
use crate::ledger::engine::statement::{Select, Statement};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::idempotency_keys as keys;

/// A digest that differs when requests differ.
pub fn digest(request: &impl Serialize) -> String {
    let bytes = postcard::to_allocvec(request).expect("requests serialise without fail");
    format!("{:032x}", xxh3_128(&bytes))
}

/// Takes a key, unless it is taken: then no row is met. An answer that is known beforehand may be
/// stored at once.
pub fn take(
    key: &IdempotencyKey,
    digest: &str,
    asset: Option<&AssetId>,
    answer: Option<&Answer>,
    at: LedgerMillis,
) -> Statement {
    let values = [
        (keys::KEY, Value::text(&key.0)),
        (keys::DIGEST, digest.into()),
        (
            keys::ASSET,
            query::text(asset.map(|asset| asset.0.as_str())),
        ),
        (keys::ANSWER, answer.map_or(Value::Null, as_value)),
        (keys::CREATED_AT, at.into()),
    ];
    query::insert_if_absent(keys::TABLE, values)
}

/// Stores the answer, unless one was given before: the first one stays.
pub fn store_first(key: &IdempotencyKey, answer: &Answer) -> Statement {
    let open = Expr::IsNull(Box::new(Expr::column(keys::ANSWER)));
    query::update(
        keys::TABLE,
        [(keys::ANSWER, as_value(answer))],
        is(keys::KEY, key.0.as_str()).and(open),
    )
}

/// Gives a key free whose effect was taken back, so that the same request may be tried anew.
pub fn release(key: &IdempotencyKey) -> Statement {
    query::delete(keys::TABLE, is(keys::KEY, key.0.as_str()))
}

/// What is known of a key.
pub fn of_key(key: &IdempotencyKey) -> Select {
    query::select(keys::TABLE, is(keys::KEY, key.0.as_str()))
}

/// What is known of several.
pub fn of_keys<'a>(wanted: impl IntoIterator<Item = &'a IdempotencyKey>) -> Select {
    let wanted = wanted.into_iter().map(|key| key.0.as_str());
    query::select(keys::TABLE, query::is_one_of(keys::KEY, wanted))
}

/// The key of such a row.
pub fn key_of(row: &[Value]) -> &str {
    row.text(keys::KEY)
}

/// What a request is told whose key is taken.
pub fn again(context: &NodeContext, row: &[Value], digest: &str, defects: &Defects) -> Answer {
    if row.text(keys::DIGEST) != digest && !defects.has(Defect::KeyIgnoresBody) {
        context.reached("key_reuse_was_refused");
        return Answer::refused(422, Failure::LedgerConstraint);
    }
    match row.maybe_text(keys::ANSWER) {
        Some(stored) => {
            context.reached("stored_answer_was_given_again");
            serde_json::from_str(stored)
                .expect("invariant: a stored answer was written by `as_value`")
        }
        None => Answer::later(409, Some(Failure::LedgerConflict)),
    }
}

fn as_value(answer: &Answer) -> Value {
    Value::Text(serde_json::to_string(answer).expect("answers serialise without fail"))
}

/// Whether a key was taken for this asset.
pub fn is_of_asset(row: &[Value], asset: &AssetId) -> bool {
    row.maybe_text(keys::ASSET) == Some(asset.0.as_str())
}

/// When a key was taken, on the Ledger's clock.
pub fn taken_at(row: &[Value]) -> LedgerMillis {
    row.int(keys::CREATED_AT)
}
