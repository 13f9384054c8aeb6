//! What came of an attempt, in one transaction: the delivery, the attempt, the endpoint's health, what
//! waits behind it, and the dead letter when there is one.
//!
//! Every write names the claim's token, so an instance that comes back late changes nothing.

use std::time::Duration;

use super::claim::{Claim, attempt};
use super::endpoints::{Endpoint, health_written};
use super::{Webhooks, millis, release, release_after};
use crate::core::audit::{self, Entry};
use crate::core::dead_letters::{Casualty, Queue};
use crate::core::escalation;
use crate::core::node::Core;
use crate::defects::Defect;
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::tables::{attempts, deliveries, webhook_endpoints};
use crate::points;
use crate::resilience::deadline::Deadline;
use crate::webhooks::delivery::{Cause, DeliveryState, Next};
use crate::webhooks::endpoint::{EndpointState, Heard, Verdict};

/// Less than the lease has left after the longest wait for an answer.
const LIMIT: Duration = Duration::from_secs(20);

/// What is to be written of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Concluded {
    pub(super) heard: Heard,
    pub(super) verdict: Verdict,
    pub(super) next: Next,
}

/// Writes it; gives whether the claim still counted.
///
/// # Errors
/// As [`LedgerClient::transact`](crate::ledger::client::LedgerClient::transact).
pub(super) async fn conclude(
    core: &Core,
    webhooks: &Webhooks,
    claim: &Claim,
    concluded: Concluded,
) -> Result<LedgerMillis, LedgerError> {
    let deadline = Deadline::within(LIMIT, core.context.monotonic());
    let forgets = core.setup.defects.has(Defect::DeadLetterDroppedOnCrash);
    let written = core
        .ledger
        .transact("delivery.conclude", deadline, async |transaction| {
            let at = transaction.now().await?;
            write(core, transaction, claim, concluded, at, forgets).await?;
            judge_endpoint(core, webhooks, transaction, claim, concluded.verdict, at).await?;
            transaction.flush().await?;
            core.context.pass(points::CONCLUSION_STAGED).await;
            Ok(at)
        });
    let at = written.await?;
    let Next::Dead(cause) = concluded.next else {
        return Ok(at);
    };
    if core.sends_once() {
        return Ok(at);
    }
    core.context.pass(points::DELIVERY_GIVEN_UP).await;
    if forgets {
        let buried = core
            .ledger
            .transact("delivery.bury", deadline, async |transaction| {
                transaction.stage_all(letter(core, claim, cause, at));
                Ok(())
            });
        buried.await?;
    }
    Ok(at)
}

async fn write(
    core: &Core,
    transaction: &mut Transaction,
    claim: &Claim,
    concluded: Concluded,
    at: LedgerMillis,
    forgets: bool,
) -> Result<(), LedgerError> {
    let fenced = !core.setup.defects.has(Defect::WebhookConclusionUnfenced);
    let Concluded { heard, next, .. } = concluded;
    match next {
        // Its delivery was done with when it was begun, whatever came of it.
        _ if core.sends_once() => {}
        Next::Delivered => {
            let (state, never) = (DeliveryState::Delivered, Value::Null);
            transaction.stage_one(changed(claim, state, never, fenced));
        }
        Next::Again(wait) => {
            let due = (at + millis(wait)).into();
            transaction.stage_one(changed(claim, DeliveryState::Pending, due, fenced));
        }
        Next::Dead(_) if forgets => {
            transaction.stage_one(changed(claim, DeliveryState::Dead, Value::Null, fenced));
        }
        Next::Dead(cause) => {
            let mut buried = buried(core, claim, cause, at).into_iter();
            transaction.stage_one(
                buried
                    .next()
                    .expect("invariant: a burial begins with the row"),
            );
            transaction.stage_all(buried);
        }
    }
    let values = [
        (attempts::OUTCOME, heard.outcome().into()),
        (
            attempts::STATUS,
            heard
                .status()
                .map_or(Value::Null, |it| i64::from(it).into()),
        ),
        (attempts::ENDED_AT, at.into()),
    ];
    let this = is(
        attempts::ATTEMPT,
        attempt(&claim.delivery, claim.token).as_str(),
    );
    transaction.stage(query::update(attempts::TABLE, values, this));
    let breaks_order = core.setup.defects.has(Defect::OrderBrokenByRetry);
    match (&claim.lane, next) {
        (Some(lane), Next::Delivered) => release(transaction, lane, at).await,
        (Some(lane), Next::Again(_)) if breaks_order => {
            release_after(transaction, lane, 1, at).await
        }
        _ => Ok(()),
    }
}

/// A write that counts only while the claim does.
fn changed(claim: &Claim, state: DeliveryState, run_at: Value, fenced: bool) -> Statement {
    let values = [
        (deliveries::STATE, state.name().into()),
        (deliveries::RUN_AT, run_at),
    ];
    let this = is(deliveries::DELIVERY, claim.delivery.as_str());
    let mine = is(deliveries::TOKEN, claim.token.0 as i64)
        .and(is(deliveries::STATE, DeliveryState::Pending.name()));
    let whose = if fenced { this.and(mine) } else { this };
    query::update(deliveries::TABLE, values, whose)
}

/// Giving up: the delivery's row first, then the letter, the alert and the audit.
pub(super) fn buried(core: &Core, claim: &Claim, cause: Cause, at: LedgerMillis) -> Vec<Statement> {
    let fenced = !core.setup.defects.has(Defect::WebhookConclusionUnfenced);
    let dead = changed(claim, DeliveryState::Dead, Value::Null, fenced);
    std::iter::once(dead)
        .chain(letter(core, claim, cause, at))
        .collect()
}

fn letter(core: &Core, claim: &Claim, cause: Cause, at: LedgerMillis) -> Vec<Statement> {
    core.context.reached("delivery_was_given_up");
    let casualty = Casualty {
        queue: Queue::Webhook,
        subject: &claim.delivery,
        asset: &claim.asset,
        token: claim.token,
        cause: cause.name(),
    };
    let mut burial = casualty.bury(at, &core.setup.defects);
    let actor = core.context.name();
    let entry = Entry {
        asset: &claim.asset,
        action: "delivery_given_up",
        subject: Some(&claim.delivery),
        failure: None,
        version: None,
        actor: &actor,
        at,
    };
    burial.push(entry.statement());
    burial
}

/// What the attempt says of its endpoint. The row is locked only when something may change in it.
async fn judge_endpoint(
    core: &Core,
    webhooks: &Webhooks,
    transaction: &mut Transaction,
    claim: &Claim,
    verdict: Verdict,
    at: LedgerMillis,
) -> Result<(), LedgerError> {
    let this = is(webhook_endpoints::ENDPOINT, claim.endpoint.as_str());
    if verdict == Verdict::Acknowledged {
        let enabled = is(webhook_endpoints::STATE, EndpointState::Enabled.name());
        let failing = this
            .and(enabled)
            .and(query::is_set(webhook_endpoints::FAILING_SINCE));
        let values = [(webhook_endpoints::FAILING_SINCE, Value::Null)];
        transaction.stage(query::update(webhook_endpoints::TABLE, values, failing));
        return Ok(());
    }
    let row = query::select(webhook_endpoints::TABLE, this).locking();
    let rows = transaction.query(row).await?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let before = Endpoint::of_row(row).health;
    let after = before.after(verdict, at, webhooks.disable_after);
    if after == before {
        return Ok(());
    }
    transaction.stage(health_written(&claim.endpoint, after));
    if after.state != before.state {
        let (state, action, code) = match after.state {
            EndpointState::Gone => ("endpoint_is_gone", "endpoint_gone", Cause::Gone),
            _ => (
                "endpoint_was_disabled",
                "endpoint_disabled",
                Cause::Exhausted,
            ),
        };
        let code = code.name();
        core.context.reached(state);
        let (actor, endpoint) = (core.context.name(), claim.endpoint.as_str());
        transaction.stage(audit::of_subject(action, endpoint, Some(code), &actor, at));
        let name = format!("{}-{}-{at}", claim.endpoint, after.state.name());
        transaction.stage(escalation::raise(&name, &claim.asset, code, at));
    }
    Ok(())
}
