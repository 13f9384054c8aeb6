//! One attempt: sign, send, hear, write what came of it.
//!
//! It leaves notes: `webhook_attempt` when the request is about to go (`delivery`, `endpoint`, `id`,
//! `token`, `attempts` in this round), and `webhook_heard` when it is over (`outcome`, `status`,
//! `retry_after_ms`).

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::network::CallError;
use sim::random::Root;
use sim::record::value::Value as Note;

use super::claim::Claim;
use super::conclusion::{Concluded, conclude};
use super::endpoints::Endpoint;
use super::{Line, Webhooks};
use crate::core::node::Core;
use crate::defects::{Defect, Defects};
use crate::ledger::client::LedgerError;
use crate::ledger::engine::Row;
use crate::ledger::row::Cells;
use crate::ledger::tables::outbox;
use crate::points;
use crate::receiver::protocol::{ReceiverAnswer, ReceiverRequest};
use crate::resilience::bulkhead::Compartment;
use crate::resilience::deadline::Deadline;
use crate::webhooks::delivery::{self, Next};
use crate::webhooks::endpoint::{Heard, Verdict};
use crate::webhooks::event;
use crate::webhooks::signature::{Headers, Secret, unix_seconds};

/// Makes the attempt of a claim. The compartment is the place it takes at its endpoint.
pub(super) async fn send(
    core: Rc<Core>,
    webhooks: Rc<Webhooks>,
    endpoint: Rc<Endpoint>,
    claim: Claim,
    event: Row,
    compartment: Compartment,
) {
    let work = core.begin_work();
    core.context.pass(points::DELIVERY_CLAIMED).await;
    if let Some(line) = webhooks.line(&endpoint.name) {
        let sent = || attempt(&core, &webhooks, line, &endpoint, &claim, &event);
        let heard = match core.setup.defects.has(Defect::PoolHeldAcrossHttp) {
            true => within_transaction(&core, &webhooks, sent).await,
            false => sent().await,
        };
        core.context.pass(points::WEBHOOK_ANSWERED).await;
        finish(&core, &webhooks, &claim, &event, heard).await;
    }
    drop((compartment, work));
}

/// The defect's way: what is sent is sent once a transaction has its connection, which waits with it.
async fn within_transaction(
    core: &Core,
    webhooks: &Webhooks,
    sent: impl AsyncFn() -> Heard,
) -> Heard {
    let heard = Cell::new(None);
    let deadline = Deadline::within(2 * webhooks.schedule.timeout, core.context.monotonic());
    let transacted = core
        .ledger
        .transact("delivery.send", deadline, async |transaction| {
            transaction.now().await?;
            if heard.get().is_none() {
                heard.set(Some(sent().await));
            }
            Ok(())
        });
    if let Err(error) = transacted.await {
        tracing::info!(%error, "a webhook was sent without the transaction around it");
    }
    heard.get().unwrap_or(Heard::TimedOut)
}

async fn attempt(
    core: &Core,
    webhooks: &Webhooks,
    line: &Line,
    endpoint: &Endpoint,
    claim: &Claim,
    event: &Row,
) -> Heard {
    let context = &core.context;
    let body = event.text(outbox::BODY);
    let id = match core.setup.defects.has(Defect::NewWebhookIdPerAttempt) {
        true => format!("{}_{}", event::id(claim.position), claim.token.0),
        false => event::id(claim.position),
    };
    let timestamp = unix_seconds(context.wall_clock());
    let now = core.ledger.clock().estimate().unwrap_or_default();
    let secrets = endpoint.secrets(now);
    if secrets.len() > 1 {
        context.reached("message_carried_two_signatures");
    }
    let headers = signed(&id, timestamp, body, &secrets, &core.setup.defects);
    context.note(
        "webhook_attempt",
        Note::map([
            ("delivery", claim.delivery.as_str().into()),
            ("endpoint", claim.endpoint.as_str().into()),
            ("id", id.as_str().into()),
            ("token", (claim.token.0 as i64).into()),
            ("attempts", claim.attempts.into()),
        ]),
    );
    let request = ReceiverRequest::Webhook {
        headers,
        body: body.to_owned(),
    };
    let timeout = webhooks.schedule.timeout;
    let answer: Result<Arc<ReceiverAnswer>, CallError> =
        context.call(line.node, request, timeout).await;
    let heard = heard(answer);
    note_heard(core, claim, heard);
    heard
}

/// The headers of an attempt, or a defect's idea of them.
fn signed(id: &str, timestamp: i64, body: &str, secrets: &[Secret], defects: &Defects) -> Headers {
    if defects.has(Defect::SignatureOverParsedBody) {
        let parsed: serde_json::Value =
            serde_json::from_str(body).expect("invariant: bodies are JSON");
        return Headers::signed(id, timestamp, &parsed.to_string(), secrets);
    }
    if defects.has(Defect::SignatureWithoutTimestamp) {
        let unstamped = Headers::signed(id, 0, body, secrets);
        return Headers {
            timestamp: timestamp.to_string(),
            ..unstamped
        };
    }
    Headers::signed(id, timestamp, body, secrets)
}

fn heard(answer: Result<Arc<ReceiverAnswer>, CallError>) -> Heard {
    match answer.as_deref() {
        Ok(ReceiverAnswer::Status {
            status,
            retry_after_s,
        }) => Heard::Status {
            status: *status,
            retry_after: retry_after_s.map(Duration::from_secs),
        },
        Ok(other) => panic!("invariant: a receiver answers a webhook in kind, not with {other:?}"),
        Err(CallError::Refused) => Heard::Refused,
        Err(CallError::Reset) => Heard::Reset,
        Err(CallError::TimedOut) => Heard::TimedOut,
    }
}

fn note_heard(core: &Core, claim: &Claim, heard: Heard) {
    let retry_after = match heard {
        Heard::Status { retry_after, .. } => retry_after,
        _ => None,
    };
    let millis = retry_after.map(|it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX));
    core.context.count(
        "core.webhook.attempts",
        &[("endpoint", &claim.endpoint), ("outcome", heard.outcome())],
    );
    core.context.note(
        "webhook_heard",
        Note::map([
            ("delivery", claim.delivery.as_str().into()),
            ("endpoint", claim.endpoint.as_str().into()),
            ("token", (claim.token.0 as i64).into()),
            ("outcome", heard.outcome().into()),
            ("status", heard.status().map(u32::from).into()),
            ("retry_after_ms", millis.into()),
        ]),
    );
}

async fn finish(core: &Core, webhooks: &Webhooks, claim: &Claim, event: &Row, heard: Heard) {
    let defects = &core.setup.defects;
    let verdict = match (heard, Verdict::of(heard)) {
        (Heard::TimedOut, _) if defects.has(Defect::WebhookTimeoutCountedAsSuccess) => {
            Verdict::Acknowledged
        }
        (Heard::TimedOut, _) if defects.has(Defect::AckLostMeansDead) => Verdict::Permanent,
        (_, Verdict::Gone) if defects.has(Defect::WebhookRetriedAfterGone) => {
            Verdict::Transient { retry_after: None }
        }
        (_, Verdict::Transient { .. }) if defects.has(Defect::RetryAfterIgnored) => {
            Verdict::Transient { retry_after: None }
        }
        (_, verdict) => verdict,
    };
    let mut stream = core.context.stream(Root::Schedule, "webhook.retry");
    let attempts = claim.attempts.max(1);
    let concluded = Concluded {
        heard,
        verdict,
        next: delivery::next(verdict, attempts, &webhooks.schedule, &mut stream),
    };
    match conclude(core, webhooks, claim, concluded).await {
        Ok(at) if concluded.next == Next::Delivered => {
            // Tokens count over all replays, attempts since the last.
            if claim.token.0 > u64::from(claim.attempts) {
                core.context.reached("dead_letter_was_delivered");
            }
            let span = u64::try_from(at - event.int(outbox::AT)).unwrap_or(0);
            let labels = [("endpoint", claim.endpoint.as_str())];
            let span = Some(Duration::from_millis(span));
            core.context.measure("core.webhook.latency", &labels, span);
        }
        Ok(_) => {}
        Err(LedgerError::Stale) => core.context.reached("stale_sender_was_fenced"),
        // Its lease runs out, and somebody sends it again under the same id.
        Err(error) => {
            tracing::info!(delivery = claim.delivery, %error, "an outcome is not written")
        }
    }
}
