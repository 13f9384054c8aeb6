//! Replaying dead letters: many at a time, in the order of their events, no faster than agreed.
//!
//! A replay is a row that remembers how far it has come. Each step revives the next letters and moves
//! the row on in one transaction, so a crash in the middle loses nothing and repeats nothing: whoever
//! finds the row due goes on. A letter that somebody has decided about meanwhile is passed over, and
//! one that died after the replay was asked for is not its business.

use std::time::Duration;

use sim::record::value::Value as Note;

use super::{Webhooks, revived};
use crate::core::dead_letters::{self, Decision};
use crate::core::node::Core;
use crate::core::protocol::{Answer, Body};
use crate::defects::Defect;
use crate::ids::{FencingToken, IdempotencyKey};
use crate::ledger::client::transaction::Transaction;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::ledger::engine::Row;
use crate::ledger::engine::scalar::{BinaryOp, Expr};
use crate::ledger::engine::statement::Select;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, at_most, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{dead_letters as letters, deliveries, replays};
use crate::points;
use crate::resilience::deadline::Deadline;
use crate::webhooks::delivery::DeliveryState;

const LIMIT: Duration = Duration::from_secs(5);
const STEP_EVERY_MS: LedgerMillis = 1_000;

/// Takes note that the letters of an endpoint, or of all, are to be replayed. Asked again under the
/// same key, it is one replay.
///
/// # Errors
/// As [`LedgerClient::transact`].
pub async fn ask(
    ledger: &LedgerClient,
    key: &IdempotencyKey,
    endpoint: Option<&str>,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    ledger
        .transact("replay.ask", deadline, async |transaction| {
            let at = transaction.now().await?;
            let values = [
                (replays::REPLAY, Value::text(&key.0)),
                (replays::ENDPOINT, query::text(endpoint)),
                (replays::CURSOR, "".into()),
                (replays::RUN_AT, at.into()),
                (replays::ASKED_AT, at.into()),
            ];
            transaction.stage(query::insert_if_absent(replays::TABLE, values));
            Ok(Answer::ok(202, Body::Nothing))
        })
        .await
}

/// The replays that have a step to do.
pub fn due(at: LedgerMillis) -> Select {
    query::select(replays::TABLE, at_most(replays::RUN_AT, at)).first_by(replays::RUN_AT, 1)
}

/// Does the next step of a replay that is due. It leaves a note `webhook_replayed` for each letter that
/// is revived, durably (`replay`, `delivery`, and the Ledger's time of the step, `at_ms`: an instance may
/// stand still between the commit and the note, and tell of it after the next step).
pub(super) async fn step(core: &Core, webhooks: &Webhooks) {
    let deadline = Deadline::within(LIMIT, core.context.monotonic());
    let marks_first = core.setup.defects.has(Defect::LettersMarkedBeforeRevived);
    let stepped = core
        .ledger
        .transact("replay.step", deadline, async |transaction| {
            let at = transaction.now().await?;
            let rows = transaction.query(due(at).claiming()).await?;
            let Some(replay) = rows.first() else {
                return Ok(None);
            };
            if webhooks.is_of_another(replay) {
                core.context.reached("replay_was_carried_on_by_another");
            }
            let revived = advance(core, webhooks, transaction, replay, at).await?;
            transaction.flush().await?;
            core.context.pass(points::REPLAY_STAGED).await;
            Ok(Some((replay.text(replays::REPLAY).to_owned(), revived, at)))
        });
    let Ok(Some((replay, revived, at))) = stepped.await else {
        return;
    };
    webhooks.replays.borrow_mut().insert(replay.clone());
    core.context.pass(points::REPLAY_COMMITTED).await;
    if marks_first {
        revive_late(core, &revived, at, deadline).await;
    }
    for delivery in revived {
        core.context.reached("dead_letters_were_replayed_in_order");
        let detail = [
            ("replay", Note::from(replay.as_str())),
            ("delivery", delivery.into()),
            ("at_ms", at.into()),
        ];
        core.context.note("webhook_replayed", Note::map(detail));
    }
}

/// Revives the next letters and moves the replay on.
async fn advance(
    core: &Core,
    webhooks: &Webhooks,
    transaction: &mut Transaction,
    replay: &Row,
    at: LedgerMillis,
) -> Result<Vec<String>, LedgerError> {
    let batch = u64::from(webhooks.replays_per_second);
    let mut dead = transaction.query(next(replay, batch)).await?;
    let is_last = (dead.len() as u64) < batch;
    let cursor = dead.last().map_or("", |row| row.text(deliveries::DELIVERY));
    let run_at = match is_last {
        true => Value::Null,
        false => (at + STEP_EVERY_MS).into(),
    };
    let values = [(replays::CURSOR, cursor.into()), (replays::RUN_AT, run_at)];
    let this = is(replays::REPLAY, replay.text(replays::REPLAY));
    transaction.stage_one(query::update(replays::TABLE, values, this));
    if core.setup.defects.has(Defect::ReplayOutOfOrder) {
        dead.reverse();
    }
    let actor = core.context.name();
    let mut revived = Vec::new();
    for (index, row) in (0..).zip(&dead) {
        let delivery = row.text(deliveries::DELIVERY);
        let token = FencingToken(u64::try_from(row.int(deliveries::TOKEN)).unwrap_or(0));
        let name = dead_letters::name(delivery, token);
        let letter = query::select(letters::TABLE, is(letters::LETTER, name.as_str()));
        let rows = transaction.query(letter.locking()).await?;
        let asked_at = replay.int(replays::ASKED_AT);
        let fits = |it: &&Row| it.text(letters::STATE) == "open" && it.int(letters::AT) <= asked_at;
        if let Some(letter) = rows.first().filter(fits) {
            let defects = &core.setup.defects;
            // What is revived first is due first.
            let due = at + index;
            dead_letters::carry_out(transaction, letter, Decision::Replay, &actor, due, defects)
                .await?;
            revived.push(delivery.to_owned());
        }
    }
    Ok(revived)
}

/// The next dead deliveries of a replay, in the order of their names, which is that of their events.
fn next(replay: &Row, batch: u64) -> Select {
    let beyond = Expr::binary(
        BinaryOp::Greater,
        Expr::column(deliveries::DELIVERY),
        Expr::literal(replay.text(replays::CURSOR)),
    );
    let dead = is(deliveries::STATE, DeliveryState::Dead.name()).and(beyond);
    let dead = match replay.maybe_text(replays::ENDPOINT) {
        Some(endpoint) => dead.and(is(deliveries::ENDPOINT, endpoint)),
        None => dead,
    };
    query::select(deliveries::TABLE, dead).first_by(deliveries::DELIVERY, batch)
}

/// The defect's way: the letters are closed, now their work follows.
async fn revive_late(core: &Core, delivered: &[String], at: LedgerMillis, deadline: Deadline) {
    let late = core
        .ledger
        .transact("replay.revive", deadline, async |transaction| {
            let all = delivered.iter().map(|it| revived(it, at));
            transaction.stage_all(all);
            Ok(())
        });
    drop(late.await);
}
