//! A delivery in the hands of one instance: leased under a token, its attempt counted as it begins.

use std::time::Duration;

use super::conclusion;
use super::millis;
use crate::core::node::Core;
use crate::defects::Defect;
use crate::ids::{AssetId, FencingToken};
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::statement::{Select, Statement};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, at_most, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{attempts, deliveries};
use crate::resilience::deadline::Deadline;
use crate::webhooks::delivery::{self, Cause, DeliveryState};
use crate::webhooks::schedule::Schedule;

const LIMIT: Duration = Duration::from_secs(5);

/// A claim: one attempt.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The delivery.
    pub delivery: String,
    /// Its event's place.
    pub position: i64,
    /// Its endpoint.
    pub endpoint: String,
    /// The asset it is about.
    pub asset: AssetId,
    /// The lane it stands in.
    pub lane: Option<String>,
    /// The claim's number.
    pub token: FencingToken,
    /// How many attempts were begun since it was made or replayed, this one included.
    pub attempts: u32,
}

/// What is due to an endpoint.
pub fn due(endpoint: &str, at: LedgerMillis, limit: u64) -> Select {
    let due = is(deliveries::ENDPOINT, endpoint).and(at_most(deliveries::RUN_AT, at));
    query::select(deliveries::TABLE, due).first_by(deliveries::RUN_AT, limit)
}

/// The attempt of a claim, as its row is named.
pub(super) fn attempt(delivery: &str, token: FencingToken) -> String {
    format!("{delivery}#{}", token.0)
}

/// Claims what is due to an endpoint, so many at most.
///
/// # Errors
/// As [`LedgerClient::transact`](crate::ledger::client::LedgerClient::transact). Unanswered, the
/// claims' leases run out, and somebody claims again.
pub(super) async fn claim(
    core: &Core,
    schedule: &Schedule,
    endpoint: &str,
    free: u32,
) -> Result<Vec<Claim>, LedgerError> {
    let deadline = Deadline::within(LIMIT, core.context.monotonic());
    core.ledger
        .transact("deliveries.claim", deadline, async |transaction| {
            let at = transaction.now().await?;
            let due = due(endpoint, at, free.into()).claiming();
            let mut claims = Vec::new();
            for row in transaction.query(due).await? {
                let found = Claim::of_row(&row);
                transaction.stage(lost(&found, at));
                if delivery::may_begin(found.attempts, schedule) {
                    claims.push(begin(core, transaction, found, schedule, at));
                } else {
                    // Its last attempt was lost with its sender.
                    core.context
                        .reached("delivery_was_lost_with_its_last_attempt");
                    let dead = conclusion::buried(core, &found, Cause::Exhausted, at);
                    transaction.stage_all(dead);
                }
            }
            Ok(claims)
        })
        .await
}

impl Claim {
    /// As it was left: the token and the count are those of the attempt before.
    fn of_row(row: &[Value]) -> Claim {
        let number = |column| u64::try_from(row.int(column)).expect("invariant: counts count up");
        Claim {
            delivery: row.text(deliveries::DELIVERY).to_owned(),
            position: row.int(deliveries::POSITION),
            endpoint: row.text(deliveries::ENDPOINT).to_owned(),
            asset: AssetId(row.text(deliveries::ASSET).into()),
            lane: row.maybe_text(deliveries::LANE).map(str::to_owned),
            token: FencingToken(number(deliveries::TOKEN)),
            attempts: u32::try_from(number(deliveries::ATTEMPTS)).expect("invariant: they are few"),
        }
    }
}

/// The attempt before, if nobody wrote what came of it.
fn lost(found: &Claim, at: LedgerMillis) -> Statement {
    let before = is(
        attempts::ATTEMPT,
        attempt(&found.delivery, found.token).as_str(),
    );
    let values = [
        (attempts::OUTCOME, "lost".into()),
        (attempts::ENDED_AT, at.into()),
    ];
    let unknown = before.and(is(attempts::OUTCOME, "begun"));
    query::update(attempts::TABLE, values, unknown)
}

fn begin(
    core: &Core,
    transaction: &mut Transaction,
    found: Claim,
    schedule: &Schedule,
    at: LedgerMillis,
) -> Claim {
    let defects = &core.setup.defects;
    let claim = Claim {
        token: FencingToken(found.token.0 + 1),
        attempts: found.attempts + u32::from(!defects.has(Defect::WebhookAttemptsNeverCounted)),
        ..found
    };
    let lease = match defects.has(Defect::WebhookLeaseShorterThanTimeout) {
        true => Duration::from_secs(5),
        false => delivery::lease(claim.attempts.max(1), schedule),
    };
    let mut values = vec![
        (deliveries::RUN_AT, (at + millis(lease)).into()),
        (deliveries::TOKEN, (claim.token.0 as i64).into()),
        (deliveries::ATTEMPTS, i64::from(claim.attempts).into()),
    ];
    if core.sends_once() || defects.has(Defect::OutboxMarkedBeforeSend) {
        values[0].1 = Value::Null;
        values.push((deliveries::STATE, DeliveryState::Delivered.name().into()));
    }
    let this = is(deliveries::DELIVERY, claim.delivery.as_str());
    transaction.stage_one(query::update(deliveries::TABLE, values, this));
    let begun = [
        (
            attempts::ATTEMPT,
            Value::text(&attempt(&claim.delivery, claim.token)),
        ),
        (attempts::DELIVERY, Value::text(&claim.delivery)),
        (attempts::TOKEN, (claim.token.0 as i64).into()),
        (attempts::OUTCOME, "begun".into()),
        (attempts::BEGUN_AT, at.into()),
    ];
    transaction.stage(query::insert(attempts::TABLE, begun));
    claim
}
