//! A receiver as a node: verifies, deduplicates, works, answers. Start at [`run`].
//!
//! Its books — what it has processed, and its secrets — are in its database, which outlives its
//! process. It leaves a note `webhook_arrival` of every message it has dealt with: `endpoint`, `id`,
//! whether it was `valid` and else the `reason`, what it did (`act`), and the `status` it answered.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::NodeContext;
use sim::latency::Latency;
use sim::network::Incoming;
use sim::random::{Lineage, Root};
use sim::record::value::Value as Note;

use super::behaviour::{Act, Drawn, act};
use super::owner;
use super::protocol::{Effect, ReceiverAnswer, ReceiverRequest};
use crate::defects::{Defect, Defects};
use crate::points;
use crate::webhooks::config::ReceiverConfig;
use crate::webhooks::incoming::{Arrival, Inbox};
use crate::webhooks::signature::{Headers, Secret, TOLERANCE, unix_seconds, verify};

/// Longer than any schedule, its dead letters' replays included.
const REMEMBERS: Duration = Duration::from_secs(30 * 86_400);
/// What is sometimes recommended, and shorter than any schedule.
const REMEMBERS_TOO_SHORT: Duration = Duration::from_secs(300);

/// What a receiver keeps in its database.
pub struct Books {
    pub(super) secrets: Vec<Secret>,
    inbox: Inbox,
    effects: Vec<Effect>,
}

impl Books {
    /// A new receiver's.
    pub fn new(secret: Secret, defects: &Defects) -> Books {
        let keep = match defects.has(Defect::ReceiverForgetsTooSoon) {
            true => REMEMBERS_TOO_SHORT,
            false => REMEMBERS,
        };
        Books {
            secrets: vec![secret],
            inbox: Inbox::keeping(keep),
            effects: Vec::new(),
        }
    }
}

impl Books {
    /// An event was processed: one transaction of the database.
    fn processed(&mut self, effect: Effect, now: i64) {
        self.inbox.done(&effect.id, now);
        self.effects.push(effect);
    }
}

/// What a receiver is made of.
pub struct ReceiverSetup {
    /// What it does.
    pub config: ReceiverConfig,
    /// How long it works on an event.
    pub work: Latency,
    /// The names of the Core instances, for its owner.
    pub cores: Vec<String>,
    /// The bugs switched on.
    pub defects: Defects,
}

impl ReceiverSetup {
    /// A receiver's part of the configuration.
    ///
    /// # Panics
    /// When a table does not ascend: configurations are validated before anything is built.
    pub fn of(config: &ReceiverConfig, cores: &[String], defects: &Defects) -> ReceiverSetup {
        ReceiverSetup {
            config: config.clone(),
            work: Latency::try_from(config.work).expect("validated tables ascend"),
            cores: cores.to_vec(),
            defects: defects.clone(),
        }
    }
}

/// One process of a receiver.
pub(super) struct Receiver {
    pub(super) context: NodeContext,
    pub(super) setup: Rc<ReceiverSetup>,
    pub(super) books: Rc<RefCell<Books>>,
}

/// A receiver's program.
pub async fn run(context: NodeContext, setup: Rc<ReceiverSetup>, books: Rc<RefCell<Books>>) {
    // What an earlier life had in hand was rolled back with it.
    books.borrow_mut().inbox.restarted();
    let receiver = Rc::new(Receiver {
        context: context.clone(),
        setup,
        books,
    });
    owner::attend(&receiver);
    loop {
        let incoming = context.receive().await;
        context.spawn_for(incoming.lineage, receiver.clone().serve(incoming));
    }
}

/// What comes of a message.
struct Dealt {
    valid: Result<(), &'static str>,
    act: &'static str,
    status: u16,
    answers: bool,
}

impl Dealt {
    fn with(act: &'static str, status: u16) -> Dealt {
        Dealt {
            valid: Ok(()),
            act,
            status,
            answers: true,
        }
    }
}

impl Receiver {
    async fn serve(self: Rc<Self>, incoming: Incoming) {
        let request: Arc<ReceiverRequest> = incoming
            .payload()
            .expect("a receiver is asked in its own protocol");
        let ReceiverRequest::Webhook { headers, body } = &*request else {
            let effects = self.books.borrow().effects.clone();
            self.context.reply(&incoming, self.told(effects));
            return;
        };
        let dealt = self.deal_with(headers, body).await;
        self.tell(headers, &dealt);
        if !dealt.answers {
            self.context
                .reached("acknowledgement_was_lost_after_the_effect");
        } else {
            let retry_after_s = self.setup.config.retry_after_s;
            let answer = ReceiverAnswer::Status {
                status: dealt.status,
                retry_after_s: retry_after_s.filter(|_| dealt.status == 503),
            };
            self.context.reply(&incoming, answer);
        }
    }

    fn told(&self, effects: Vec<Effect>) -> ReceiverAnswer {
        ReceiverAnswer::Effects {
            deduplicates: self.setup.config.deduplicates,
            effects,
        }
    }

    async fn deal_with(&self, headers: &Headers, body: &str) -> Dealt {
        let now = unix_seconds(self.context.wall_clock());
        let verified = verify(headers, body, &self.books.borrow().secrets, now, TOLERANCE);
        if let Err(why) = verified {
            self.context.reached("receiver_refused_a_message");
            return Dealt {
                valid: Err(why.name()),
                ..Dealt::with("refused", 401)
            };
        }
        let now_ms = u64::try_from(self.context.monotonic().as_millis()).unwrap_or(u64::MAX);
        match act(&self.setup.config, now_ms, self.draw(&headers.id)) {
            Act::Process { answers } => Dealt {
                answers,
                ..self.process(&headers.id, body).await
            },
            act @ Act::Drop => Dealt::with(act.name(), 200),
            act @ Act::Fail => Dealt::with(act.name(), 503),
            act @ Act::Reject => Dealt::with(act.name(), 422),
            act @ Act::Gone => Dealt::with(act.name(), 410),
        }
    }

    /// Works on an event, once if it deduplicates: the id is taken before the work.
    async fn process(&self, id: &str, body: &str) -> Dealt {
        let config = &self.setup.config;
        let checks_then_sets = self.setup.defects.has(Defect::ReceiverDedupeCheckThenSet);
        if config.deduplicates {
            let now = unix_seconds(self.context.wall_clock());
            let arrival = self.books.borrow_mut().inbox.arrive(id, now);
            match arrival {
                Arrival::Repeated => {
                    self.context.reached("receiver_recognised_a_repetition");
                    return Dealt::with("repeated", 200);
                }
                Arrival::UnderWay if !checks_then_sets => {
                    self.context.reached("receiver_was_still_at_it");
                    return Dealt::with("under_way", 503);
                }
                Arrival::UnderWay | Arrival::First => {}
            }
        }
        self.context.work(&self.setup.work).await;
        let effect = Effect {
            id: id.to_owned(),
            body: body.to_owned(),
        };
        let now = unix_seconds(self.context.wall_clock());
        self.books.borrow_mut().processed(effect, now);
        self.context.pass(points::EFFECT_MADE).await;
        Dealt::with("processed", 200)
    }

    fn draw(&self, id: &str) -> Drawn {
        let config = &self.setup.config;
        let now = |purpose| self.context.stream(Root::Workload, purpose);
        let event = Lineage::of(&self.context.name()).child(id, 0);
        let always = |purpose| self.context.stream_of(Root::Workload, event, purpose);
        Drawn {
            fails: now("receiver.fails").chance(config.fails),
            loses_answer: now("receiver.answers").chance(config.loses_answer),
            drops: always("receiver.drops").chance(config.drops),
            rejects: always("receiver.rejects").chance(config.rejects),
        }
    }

    fn tell(&self, headers: &Headers, dealt: &Dealt) {
        let detail = [
            ("endpoint", Note::from(self.context.name())),
            ("id", headers.id.as_str().into()),
            ("valid", dealt.valid.is_ok().into()),
            ("reason", dealt.valid.err().into()),
            ("act", dealt.act.into()),
            ("status", u32::from(dealt.status).into()),
        ];
        self.context.note("webhook_arrival", Note::map(detail));
    }
}
