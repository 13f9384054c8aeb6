//! Endpoints in the Ledger: how they are read, and what their owners ask for.

use std::cell::Cell;

use sim::NodeContext;

use crate::core::audit;
use crate::core::protocol::{Answer, Body};
use crate::defects::{Defect, Defects};
use crate::failure::Failure;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::webhook_endpoints as endpoints;
use crate::resilience::deadline::Deadline;
use crate::webhooks::config::WebhookConfig;
use crate::webhooks::endpoint::{EndpointState, Health};
use crate::webhooks::signature::Secret;

/// An endpoint as its row tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name.
    pub name: String,
    /// The kinds of events it wants; none for all.
    pub events: Vec<String>,
    /// Whether each asset's events come in order.
    pub ordered: bool,
    /// How it fares.
    pub health: Health,
    secret: Secret,
    /// The secret before, and until when it signs as well.
    former: Option<(Secret, LedgerMillis)>,
}

impl Endpoint {
    /// Reads a row.
    ///
    /// # Panics
    /// When a secret is none: they are looked at before they are written.
    pub fn of_row(row: &[Value]) -> Endpoint {
        let secret = |text| Secret::parse(text).expect("invariant: stored secrets are secrets");
        let former = row.maybe_text(endpoints::FORMER_SECRET).map(secret);
        Endpoint {
            name: row.text(endpoints::ENDPOINT).to_owned(),
            events: row
                .text(endpoints::EVENTS)
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            ordered: row.flag(endpoints::ORDERED),
            health: Health {
                state: EndpointState::from_name(row.text(endpoints::STATE)),
                failing_since: row.maybe_int(endpoints::FAILING_SINCE),
            },
            secret: secret(row.text(endpoints::SECRET)),
            former: former.zip(row.maybe_int(endpoints::FORMER_UNTIL)),
        }
    }

    /// What signs now: the current secret, and the former one while its owner may still use it.
    pub fn secrets(&self, now: LedgerMillis) -> Vec<Secret> {
        let former = self.former.iter().filter(|(_, until)| now < *until);
        let former = former.map(|(secret, _)| secret.clone());
        std::iter::once(self.secret.clone()).chain(former).collect()
    }
}

/// The secret that an endpoint begins with.
pub fn first_secret(endpoint: &str) -> Secret {
    Secret::made_of(&format!("secret of {endpoint}"))
}

/// The rows that a new Ledger begins with.
pub fn first_rows(config: &WebhookConfig) -> Vec<Statement> {
    let named = config.names().into_iter().zip(&config.endpoints);
    let row = |(name, it): (String, &crate::webhooks::config::EndpointConfig)| {
        let values = [
            (endpoints::ENDPOINT, Value::text(&name)),
            (endpoints::ORGANISATION, Value::text(&it.organisation)),
            (endpoints::EVENTS, Value::text(&it.events.join(" "))),
            (endpoints::ORDERED, it.ordered.into()),
            (endpoints::SECRET, Value::text(&first_secret(&name).text())),
            (endpoints::STATE, EndpointState::Enabled.name().into()),
        ];
        query::insert(endpoints::TABLE, values)
    };
    named.map(row).collect()
}

/// What changes in an endpoint's row with its health.
pub(super) fn health_written(endpoint: &str, health: Health) -> Statement {
    let since = health.failing_since.map_or(Value::Null, Value::Int);
    let values = [
        (endpoints::STATE, health.state.name().into()),
        (endpoints::FAILING_SINCE, since),
    ];
    query::update(endpoints::TABLE, values, is(endpoints::ENDPOINT, endpoint))
}

/// Its owner says that it works again: it is sent what has waited. Said again, it changes nothing.
///
/// # Errors
/// As [`LedgerClient::transact`].
pub async fn enable(
    context: &NodeContext,
    ledger: &LedgerClient,
    endpoint: &str,
    defects: &Defects,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let was = Cell::new(EndpointState::Enabled);
    let actor = context.name();
    let enabled = ledger
        .transact("endpoint.enable", deadline, async |transaction| {
            let this = is(endpoints::ENDPOINT, endpoint);
            let row = query::select(endpoints::TABLE, this).locking();
            let rows = transaction.query(row).await?;
            let Some(row) = rows.first() else {
                return Ok(Answer::refused(404, Failure::LedgerConstraint));
            };
            let health = Endpoint::of_row(row).health;
            was.set(health.state);
            let mut health = health.enabled();
            if health.state == EndpointState::Gone {
                return Ok(Answer::refused(409, Failure::LedgerConflict));
            }
            if defects.has(Defect::EndpointNeverReenabled) {
                health.state = EndpointState::from_name(row.text(endpoints::STATE));
            }
            transaction.stage_one(health_written(endpoint, health));
            if health.state != was.get() {
                let at = transaction.now().await?;
                let entry = audit::of_subject("endpoint_enabled", endpoint, None, &actor, at);
                transaction.stage(entry);
            }
            Ok(Answer::ok(200, Body::Nothing))
        })
        .await?;
    if enabled.is_success() && was.get() != EndpointState::Enabled {
        context.reached("endpoint_was_enabled_again");
    }
    Ok(enabled)
}

/// Its owner has a new secret; the former one signs as well for a while, so that no message is refused
/// while it is put in place. Said again, it changes nothing.
///
/// # Errors
/// As [`LedgerClient::transact`].
pub async fn rotate(
    context: &NodeContext,
    ledger: &LedgerClient,
    endpoint: &str,
    secret: &str,
    overlap: LedgerMillis,
    defects: &Defects,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    if Secret::parse(secret).is_err() {
        return Ok(Answer::refused(422, Failure::LedgerConstraint));
    }
    let actor = context.name();
    ledger
        .transact("endpoint.rotate", deadline, async |transaction| {
            let at = transaction.now().await?;
            let this = is(endpoints::ENDPOINT, endpoint);
            let row = query::select(endpoints::TABLE, this.clone()).locking();
            let rows = transaction.query(row).await?;
            let Some(row) = rows.first() else {
                return Ok(Answer::refused(404, Failure::LedgerConstraint));
            };
            let current = row.text(endpoints::SECRET);
            if current == secret {
                return Ok(Answer::ok(200, Body::Nothing));
            }
            let former = match defects.has(Defect::RotationWithoutOverlap) {
                true => Value::Null,
                false => current.into(),
            };
            let values = [
                (endpoints::SECRET, secret.into()),
                (endpoints::FORMER_SECRET, former),
                (endpoints::FORMER_UNTIL, at.saturating_add(overlap).into()),
            ];
            transaction.stage_one(query::update(endpoints::TABLE, values, this));
            let entry = audit::of_subject("secret_rotated", endpoint, None, &actor, at);
            transaction.stage(entry);
            Ok(Answer::ok(200, Body::Nothing))
        })
        .await
}
