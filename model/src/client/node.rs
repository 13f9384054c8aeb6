//! A client as a node: sends each request until it knows its outcome or has no attempt left.
//!
//! All attempts of one request carry the same idempotency key and go to the Core instances in turn.
//! What the client then knows goes into the history: success, certain failure, or unknown.

use std::rc::Rc;
use std::time::Duration;

use sim::random::{Lineage, Root};
use sim::record::history::Outcome;
use sim::record::value::Value;
use sim::{NodeContext, NodeId};

use super::script::Planned;
use crate::config::Workload;
use crate::core::protocol::{Answer, RegisterAsset};
use crate::core::retry::Backoff;

/// What a client is made of.
pub struct ClientSetup {
    /// What it does, in order.
    pub script: Vec<Planned>,
    /// How it waits and retries.
    pub workload: Workload,
    /// The names of the Core instances.
    pub cores: Vec<String>,
}

/// A client's program.
pub async fn run(context: NodeContext, setup: Rc<ClientSetup>) {
    let cores: Rc<Vec<NodeId>> =
        Rc::new(setup.cores.iter().map(|name| context.find(name)).collect());
    let mut elapsed = Duration::ZERO;
    for planned in &setup.script {
        context.sleep(planned.after.saturating_sub(elapsed)).await;
        elapsed = elapsed.max(planned.after);
        let lineage = Lineage::of("client").child("operation", planned.number);
        let operation = Operation {
            context: context.clone(),
            setup: setup.clone(),
            cores: cores.clone(),
            number: planned.number,
        };
        let request = planned.request.clone();
        context.spawn_for(lineage, async move { operation.perform(request).await });
    }
}

/// One operation under way.
struct Operation {
    context: NodeContext,
    setup: Rc<ClientSetup>,
    cores: Rc<Vec<NodeId>>,
    number: u64,
}

impl Operation {
    async fn perform(&self, request: RegisterAsset) {
        let process = format!("{}/{}", self.context.name(), self.number);
        let id = self
            .context
            .invoke(process, "register", input_value(&request));
        let began = self.context.monotonic();
        let outcome = self.ask_until_known(&request).await;
        let succeeded = matches!(outcome, Outcome::Ok(_));
        let span = succeeded.then(|| self.context.monotonic() - began);
        // A certain refusal is an answer the client was right to get; only not knowing is a failure.
        if !matches!(outcome, Outcome::Fail(_)) {
            self.context
                .measure("client.registration.latency", &[], span);
        }
        self.context.complete(id, outcome);
    }

    async fn ask_until_known(&self, request: &RegisterAsset) -> Outcome {
        let workload = &self.setup.workload;
        let backoff = Backoff {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(10),
            attempts_max: workload.attempts_max,
        };
        let limit = Duration::from_millis(workload.attempt_timeout_ms);
        let mut attempt = 0;
        loop {
            let turn = (self.number / 2 + u64::from(attempt)) as usize % self.cores.len();
            let answer = self
                .context
                .call(self.cores[turn], request.clone(), limit)
                .await;
            let last = match answer.as_deref() {
                Ok(answer) if answer.is_success() => return Outcome::Ok(answer_value(answer)),
                Ok(answer) if !answer.may_be_retried() => {
                    return Outcome::Fail(answer_value(answer));
                }
                Ok(answer) => answer_value(answer),
                Err(error) => Value::map([("error", error.to_string().into())]),
            };
            attempt += 1;
            let mut stream = self.context.stream(Root::Schedule, "client.retry");
            match backoff.wait(attempt, &mut stream) {
                Some(wait) => self.context.sleep(wait).await,
                None => return Outcome::Unknown(last),
            }
        }
    }
}

fn input_value(request: &RegisterAsset) -> Value {
    Value::map([
        ("key", request.key.0.as_str().into()),
        ("name", request.content.name.as_str().into()),
        ("category", request.content.category.as_str().into()),
        ("locker", request.content.locker.0.as_str().into()),
    ])
}

fn answer_value(answer: &Answer) -> Value {
    Value::map([
        ("status", u32::from(answer.status).into()),
        (
            "failure",
            answer.failure.map(|failure| failure.code()).into(),
        ),
        (
            "asset",
            answer.asset.as_ref().map(|asset| asset.0.as_str()).into(),
        ),
        (
            "asset_status",
            answer.asset_status.map(|status| status.name()).into(),
        ),
        ("slot", answer.slot.map(|slot| slot.0).into()),
        (
            "verification",
            answer.verification.as_ref().map(|it| it.0.as_str()).into(),
        ),
    ])
}
