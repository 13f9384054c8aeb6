//! Intake: requests for a verification that are written down together, many in one transaction.
//!
//! A transaction costs about the same for one request as for fifty, and two that run at once may have to be
//! repeated because of each other. So those that come while all clerks are busy wait, and the next clerk that is
//! free takes them all, up to a number. A request is answered when the transaction with it is durable, no
//! sooner: a crash before that leaves nothing behind, and its client asks again with the same key. What is written for
//! each is [`requesting`](super::verification::requesting)'s business.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::NodeContext;

use super::node::failed;
use super::protocol::Answer;
use super::verification::requesting::Requests;
use crate::ids::{AssetId, IdempotencyKey};
use crate::resilience::deadline::Deadline;

/// The `[system.intake]` table of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntakeConfig {
    /// How many requests one transaction takes at most. At least 1.
    pub batch: u32,
    /// How many such transactions one Core has under way. At least 1.
    pub clerks: u32,
}

/// How long a transaction with many requests may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Where an answer is put for who waits for it.
#[derive(Clone, Default)]
struct Tray(Rc<RefCell<(Option<Answer>, Option<Waker>)>>);

impl Tray {
    fn put(&self, answer: Answer) {
        let mut tray = self.0.borrow_mut();
        tray.0 = Some(answer);
        if let Some(waker) = tray.1.take() {
            waker.wake();
        }
    }

    async fn answer(&self) -> Answer {
        poll_fn(|context| {
            let mut tray = self.0.borrow_mut();
            match tray.0.take() {
                Some(answer) => Poll::Ready(answer),
                None => {
                    tray.1 = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

struct Waiting {
    key: IdempotencyKey,
    asset: AssetId,
    deadline: Deadline,
    tray: Tray,
}

/// The intake of one process. Clones share its queue.
#[derive(Clone)]
pub struct Intake {
    context: NodeContext,
    requests: Requests,
    config: IntakeConfig,
    waiting: Rc<RefCell<VecDeque<Waiting>>>,
    busy: Rc<Cell<u32>>,
}

impl Intake {
    /// An empty one.
    pub fn new(requests: Requests, config: IntakeConfig) -> Intake {
        Intake {
            context: requests.context.clone(),
            requests,
            config,
            waiting: Rc::default(),
            busy: Rc::default(),
        }
    }

    /// Has a verification queued; the answer once that is durable.
    ///
    /// Whoever still waits when its deadline is over is told to ask again; how many wait is what the door lets in.
    pub async fn request(
        &self,
        key: &IdempotencyKey,
        asset: &AssetId,
        deadline: Deadline,
    ) -> Answer {
        let tray = Tray::default();
        self.waiting.borrow_mut().push_back(Waiting {
            key: key.clone(),
            asset: asset.clone(),
            deadline,
            tray: tray.clone(),
        });
        if self.busy.get() < self.config.clerks {
            self.busy.set(self.busy.get() + 1);
            self.context.spawn("clerk", self.clone().work());
        }
        tray.answer().await
    }

    /// A clerk works until nothing waits.
    async fn work(self) {
        loop {
            let batch = self.next_batch();
            if batch.is_empty() {
                break;
            }
            let asked: Vec<(IdempotencyKey, AssetId)> = batch
                .iter()
                .map(|waiting| (waiting.key.clone(), waiting.asset.clone()))
                .collect();
            let deadline = Deadline::within(LIMIT, self.context.monotonic());
            let answers = match self.requests.request_many(&asked, deadline).await {
                Ok(answers) => answers,
                Err(error) => vec![failed(&error); batch.len()],
            };
            for (waiting, answer) in batch.into_iter().zip(answers) {
                waiting.tray.put(answer);
            }
        }
        self.busy.set(self.busy.get() - 1);
    }

    fn next_batch(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.borrow_mut();
        let now = self.context.monotonic();
        waiting.retain(|it| {
            let is_over = it.deadline.expired(now);
            if is_over {
                it.tray.put(Answer::later(503, None));
            }
            !is_over
        });
        let most = (self.config.batch as usize).min(waiting.len());
        waiting.drain(..most).collect()
    }
}
