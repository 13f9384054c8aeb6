//! A provider as a node: tells Core of each payment until it is acknowledged or its schedule ends.
//!
//! Its books are in its database, which outlives its process. It leaves a note `payment_refused` when
//! Core does not take a message that is its own: `provider`, `payment`, `status`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::NodeContext;
use sim::network::CallError;
use sim::random::{Lineage, Root};
use sim::record::value::Value as Note;

use super::config::{IncomingConfig, secret_of};
use super::forgery::Overheard;
use super::payment::Payment;
use super::protocol::{ListPayments, Payments, Told, ToldState};
use crate::core::protocol::{Answer, Ask, CoreRequest, IncomingMessage};
use crate::webhooks::incoming::Convention;
use crate::webhooks::schedule::Schedule;
use crate::webhooks::signature::unix_seconds;

/// What was overheard of all providers' messages, for an attacker.
pub type Wire = Rc<RefCell<Vec<(String, Overheard)>>>;

/// What a provider keeps: its payments, in their order.
pub type Books = Rc<RefCell<Vec<Told>>>;

/// What a provider is made of.
pub struct ProviderSetup {
    /// How it signs.
    pub convention: Convention,
    /// When it tries again.
    pub schedule: Schedule,
    /// How many payments it tells of.
    pub payments: u32,
    /// The mean time between two.
    pub every: Duration,
    /// The accounts that are paid into.
    pub accounts: Vec<String>,
    /// The names of the Core instances.
    pub cores: Vec<String>,
    /// Where its messages are overheard.
    pub wire: Wire,
}

impl ProviderSetup {
    /// A provider's part of the configuration, by its place.
    pub fn of(config: &IncomingConfig, index: usize, cores: &[String], wire: &Wire) -> Self {
        let own = &config.providers[index];
        ProviderSetup {
            convention: own.convention,
            schedule: own.schedule.schedule(),
            payments: own.payments,
            every: Duration::from_millis(own.every_ms),
            accounts: config.account_names(),
            cores: cores.to_vec(),
            wire: wire.clone(),
        }
    }
}

struct Provider {
    context: NodeContext,
    setup: Rc<ProviderSetup>,
    books: Books,
}

/// A provider's program.
pub async fn run(context: NodeContext, setup: Rc<ProviderSetup>, books: Books) {
    let provider = Rc::new(Provider {
        context: context.clone(),
        setup,
        books,
    });
    context.spawn("payments", provider.clone().take_payments());
    loop {
        let incoming = context.receive().await;
        let asked: Option<Arc<ListPayments>> = incoming.payload();
        asked.expect("a provider is asked for its payments and nothing else");
        let told = provider.books.borrow().clone();
        context.reply(&incoming, Payments(told));
    }
}

impl Provider {
    async fn take_payments(self: Rc<Self>) {
        let name = self.context.name();
        for number in 0..self.setup.payments {
            let cause = Lineage::of(&name).child("payment", u64::from(number));
            let draw = |purpose| self.context.stream_of(Root::Workload, cause, purpose);
            let pause = draw("payment.pause").exponential(self.setup.every);
            self.context.sleep(pause).await;
            let accounts = &self.setup.accounts;
            let payment = Payment {
                id: format!("evt_{name}_{number}"),
                account: draw("payment.account").pick(accounts).clone(),
                amount: draw("payment.amount").between(1, 100_000) as i64,
            };
            let told = Told {
                payment: payment.clone(),
                state: ToldState::Open,
            };
            self.books.borrow_mut().push(told);
            let telling = self.clone().tell(number as usize, payment);
            self.context.spawn_for(cause, telling);
        }
    }

    async fn tell(self: Rc<Self>, number: usize, payment: Payment) {
        let mut attempts = 0;
        let state = loop {
            attempts += 1;
            if self.attempt(&payment, attempts).await {
                break ToldState::Acknowledged;
            }
            let mut stream = self.context.stream(Root::Schedule, "payment.retry");
            match self.setup.schedule.wait(attempts, None, &mut stream) {
                Some(wait) => self.context.sleep(wait).await,
                None => break ToldState::GivenUp,
            }
        };
        self.books.borrow_mut()[number].state = state;
    }

    /// One attempt; whether it was acknowledged.
    async fn attempt(&self, payment: &Payment, attempts: u32) -> bool {
        let ProviderSetup {
            convention, cores, ..
        } = &*self.setup;
        let name = self.context.name();
        let body = payment.body();
        let at = unix_seconds(self.context.wall_clock());
        let headers = convention.signed(&payment.id, at, &body, &secret_of(&name, *convention));
        let overheard = Overheard {
            convention: *convention,
            headers: headers.clone(),
            body: body.clone(),
            at,
        };
        self.setup.wire.borrow_mut().push((name.clone(), overheard));
        let message = IncomingMessage {
            provider: name.clone(),
            headers,
            body,
        };
        let turn = attempts as usize + payment.amount as usize;
        let core = self.context.find(&cores[turn % cores.len()]);
        let answer = send(&self.context, core, message, self.setup.schedule.timeout).await;
        let Ok(answer) = answer else { return false };
        if matches!(answer.status, 400 | 401 | 422) {
            let detail = Note::map([
                ("provider", name.into()),
                ("payment", payment.id.as_str().into()),
                ("status", u32::from(answer.status).into()),
                ("stamped", convention.is_stamped().into()),
            ]);
            self.context.note("payment_refused", detail);
        }
        answer.is_success()
    }
}

/// Sends a message to a Core, as whoever has one can.
pub(super) async fn send(
    context: &NodeContext,
    core: sim::NodeId,
    message: IncomingMessage,
    patience: Duration,
) -> Result<Arc<Answer>, CallError> {
    let request = CoreRequest {
        budget_ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
        ask: Ask::ReceiveWebhook(message),
    };
    context.call(core, request, patience).await
}
