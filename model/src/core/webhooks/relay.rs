//! The relay of an instance: looks what is to be done for webhooks, and has it done.
//!
//! A look is one round trip that locks nothing. While there is nothing to do it looks more and more
//! rarely. Each endpoint is served by itself: only as much is claimed as its bulkhead has places.

use std::rc::Rc;
use std::time::Duration;

use sim::random::{Lineage, Root};
use sim::record::value::Value as Note;

use super::claim::{self, Claim};
use super::endpoints::Endpoint;
use super::{Line, Webhooks, replay, sending};
use crate::core::node::Core;
use crate::core::outbox::fan_out;
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::Select;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, is};
use crate::ledger::tables::{outbox, webhook_endpoints};
use crate::resilience::deadline::Deadline;
use crate::webhooks::endpoint::EndpointState;
use crate::webhooks::schedule::RETRY_AFTER_MAX;

const POLL_EVERY: Duration = Duration::from_secs(1);
/// While there is nothing to do it is asked more and more rarely, up to this.
const POLL_EVERY_MAX: Duration = Duration::from_secs(8);
const LIMIT: Duration = Duration::from_secs(5);

/// What a look has shown.
struct Seen {
    events: bool,
    replays: bool,
    endpoints: Vec<Endpoint>,
    /// For each line, whether something is due.
    due: Vec<bool>,
}

/// Drives webhooks for as long as the process lives.
pub async fn run(core: Rc<Core>, webhooks: Rc<Webhooks>) {
    let context = core.context.clone();
    tell_schedule(&core, &webhooks);
    let mut wait = POLL_EVERY;
    loop {
        // Instances poll at different moments, or they would all ask at once.
        let spread = context
            .stream(Root::Schedule, "relay")
            .span(Duration::ZERO, wait / 2);
        context.sleep(wait - spread).await;
        if core.is_draining() {
            return;
        }
        let Some(mut seen) = look(&core, &webhooks).await else {
            continue;
        };
        if seen.replays {
            replay::step(&core, &webhooks).await;
        }
        if seen.events {
            while fan_out::fan_out(&core).await {}
            seen.due.fill(true);
        }
        let busy = seen.replays || seen.due.contains(&true);
        wait = if busy {
            POLL_EVERY
        } else {
            (wait * 2).min(POLL_EVERY_MAX)
        };
        for (line, due) in webhooks.lines.iter().zip(&seen.due) {
            let endpoint = seen.endpoints.iter().find(|it| it.name == line.endpoint);
            if let Some(endpoint) = endpoint.filter(|it| *due && is_enabled(it)) {
                serve(&core, &webhooks, line, endpoint).await;
            }
        }
    }
}

/// Leaves a note `webhook_schedule`: the `waits_ms` between attempts, and the longest that is waited at
/// a receiver's wish (`retry_after_max_ms`).
fn tell_schedule(core: &Core, webhooks: &Webhooks) {
    let millis = |span: &Duration| Note::from(super::millis(*span));
    let waits = webhooks.schedule.waits.iter().map(millis);
    let detail = [
        ("waits_ms", Note::List(waits.collect())),
        ("retry_after_max_ms", millis(&RETRY_AFTER_MAX)),
    ];
    core.context.note("webhook_schedule", Note::map(detail));
}

fn is_enabled(endpoint: &Endpoint) -> bool {
    endpoint.health.state == EndpointState::Enabled
}

async fn look(core: &Core, webhooks: &Webhooks) -> Option<Seen> {
    let deadline = Deadline::within(LIMIT, core.context.monotonic());
    // Until the Ledger was heard its time is unknown, and everything may be due.
    let at = core.ledger.clock().estimate().unwrap_or(LedgerMillis::MAX);
    let mut looks = vec![
        fan_out::waiting(1),
        replay::due(at),
        Select::all(webhook_endpoints::TABLE),
    ];
    let lines = webhooks.lines.iter();
    looks.extend(lines.map(|line| claim::due(&line.endpoint, at, 1)));
    let seen = core
        .ledger
        .read_all("webhooks.look", deadline, &looks)
        .await;
    let mut seen = seen.ok()?.into_iter();
    let mut next = || seen.next().unwrap_or_default();
    let (events, replays, endpoints) = (next(), next(), next());
    let due: Vec<bool> = { &webhooks.lines }
        .iter()
        .map(|_| !next().is_empty())
        .collect();
    Some(Seen {
        events: !events.is_empty(),
        replays: !replays.is_empty(),
        due,
        endpoints: endpoints.iter().map(|row| Endpoint::of_row(row)).collect(),
    })
}

/// Claims for one endpoint what its bulkhead has places for, and sends it.
async fn serve(core: &Rc<Core>, webhooks: &Rc<Webhooks>, line: &Line, endpoint: &Endpoint) {
    let free = line.concurrent.saturating_sub(line.bulkhead.running());
    if free == 0 {
        core.context.reached("slow_endpoint_was_left_to_itself");
        return;
    }
    let claims = claim::claim(core, &webhooks.schedule, &line.endpoint, free).await;
    let claims = claims.unwrap_or_default();
    let Some(events) = read_events(core, &claims).await else {
        // The leases run out, and somebody claims again.
        return;
    };
    let endpoint = Rc::new(endpoint.clone());
    for (claim, event) in claims.into_iter().zip(events) {
        let place = line.bulkhead.enter(&core.context, Duration::ZERO).await;
        let Ok(compartment) = place else {
            return;
        };
        let lineage = Lineage::of(&claim.delivery).child("attempt", claim.token.0);
        let (core, webhooks) = (core.clone(), webhooks.clone());
        let sent = sending::send(
            core.clone(),
            webhooks,
            endpoint.clone(),
            claim,
            event,
            compartment,
        );
        core.context.spawn_for(lineage, sent);
    }
}

/// The events of claims, in their order.
async fn read_events(core: &Core, claims: &[Claim]) -> Option<Vec<Row>> {
    if claims.is_empty() {
        return Some(Vec::new());
    }
    let deadline = Deadline::within(LIMIT, core.context.monotonic());
    let of = |claim: &Claim| query::select(outbox::TABLE, is(outbox::POSITION, claim.position));
    let selects: Vec<Select> = claims.iter().map(of).collect();
    let read = core.ledger.read_all("outbox.read", deadline, &selects);
    let rows = read.await.ok()?.into_iter().map(|mut rows| rows.pop());
    rows.collect()
}
