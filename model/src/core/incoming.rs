//! Incoming webhooks in Core: a message is believed or refused, and a payment is credited once.
//!
//! That a message was processed and what it did are written in one transaction: of one that is sent
//! again while it is worked on, or after a crash, only one commits. Only then is it acknowledged. How
//! messages are signed is [`webhooks::incoming`](crate::webhooks::incoming), who sends them
//! [`provider`](crate::provider).

use std::time::Duration;

use super::audit;
use super::node::Core;
use super::protocol::{Answer, Body, IncomingMessage};
use crate::defects::{Defect, Defects};
use crate::ledger::client::LedgerError;
use crate::ledger::client::transaction::Transaction;
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{accounts, incoming};
use crate::points;
use crate::provider::config::{IncomingConfig, secret_of};
use crate::provider::payment::Payment;
use crate::resilience::deadline::Deadline;
use crate::webhooks::incoming::{Convention, Refusal};
use crate::webhooks::signature::{TOLERANCE, Unverified, unix_seconds};

/// The providers that are known, by name.
#[derive(Clone, Debug, Default)]
pub struct Providers(Vec<(String, Convention)>);

impl Providers {
    /// Those of a configuration; none when there is no such part.
    pub fn of(config: Option<&IncomingConfig>) -> Providers {
        let known = config.map(|config| {
            let conventions = config.providers.iter().map(|it| it.convention);
            config.names().into_iter().zip(conventions).collect()
        });
        Providers(known.unwrap_or_default())
    }

    fn convention(&self, name: &str) -> Option<Convention> {
        let known = self.0.iter().find(|(known, _)| known == name);
        known.map(|(_, convention)| *convention)
    }
}

/// The rows that a new Ledger begins with: accounts without a balance.
pub fn first_rows(config: &IncomingConfig) -> Vec<Statement> {
    let row = |account: String| {
        let values = [
            (accounts::ACCOUNT, Value::Text(account)),
            (accounts::BALANCE, 0.into()),
        ];
        query::insert(accounts::TABLE, values)
    };
    config.account_names().into_iter().map(row).collect()
}

/// Deals with a message: 401 for one that is not believed, 422 for one that makes no sense, 200 once it
/// is durable, also when it was before.
///
/// # Errors
/// As [`LedgerClient::transact`](crate::ledger::client::LedgerClient::transact).
pub async fn receive(
    core: &Core,
    message: &IncomingMessage,
    deadline: Deadline,
    answer_early: impl Fn(Answer),
) -> Result<Answer, LedgerError> {
    let Some(convention) = core.providers.convention(&message.provider) else {
        return Ok(refused(404));
    };
    let id = match believed(core, convention, message) {
        Ok(id) => id,
        Err(refusal) => {
            tracing::info!(provider = message.provider, %refusal, "a message is not believed");
            core.context.reached(match refusal {
                Refusal::Unverified(Unverified::TooOld) => "stale_message_was_refused",
                _ => "unsigned_message_was_refused",
            });
            return Ok(refused(401));
        }
    };
    let Some(payment) = Payment::read(&message.body) else {
        return Ok(refused(422));
    };
    core.context.pass(points::MESSAGE_BELIEVED).await;
    let defects = &core.setup.defects;
    let once_by = match defects.has(Defect::IncomingTrustsUnsignedId) {
        true => id,
        false => convention.once_by(&id, &message.body),
    };
    let receipt = Receipt {
        key: format!("{}/{once_by}", message.provider),
        provider: &message.provider,
        payment: &payment,
    };
    let done = || Answer::ok(200, Body::Nothing);
    if defects.has(Defect::IncomingAckedBeforeProcessing) {
        answer_early(done());
    }
    let is_known = process(core, &receipt, deadline).await?;
    if !is_known {
        return Ok(refused(422));
    }
    core.context.pass(points::PAYMENT_CREDITED).await;
    Ok(done())
}

fn refused(status: u16) -> Answer {
    Answer {
        status,
        failure: None,
        again: false,
        body: Body::Nothing,
        retry_after_ms: None,
        token: None,
    }
}

/// The id of a message that is believed, or a defect's idea of that.
fn believed(
    core: &Core,
    convention: Convention,
    message: &IncomingMessage,
) -> Result<String, Refusal> {
    let defects = &core.setup.defects;
    let now = unix_seconds(core.context.wall_clock());
    let secret = secret_of(&message.provider, convention);
    let tolerance = match defects.has(Defect::IncomingTimestampUnchecked) {
        true => Duration::MAX,
        false => TOLERANCE,
    };
    let mut body = message.body.clone();
    if defects.has(Defect::IncomingOverParsedBody)
        && let Ok(parsed) = serde_json::from_str::<serde_json::Value>(&body)
    {
        body = parsed.to_string();
    }
    let believed = convention.believe(&message.headers, &body, &[secret], now, tolerance);
    match (believed, Payment::read(&message.body)) {
        (Err(_), Some(payment)) if defects.has(Defect::IncomingSignatureUnchecked) => {
            Ok(payment.id)
        }
        (believed, _) => believed,
    }
}

/// That a payment was told of.
struct Receipt<'a> {
    key: String,
    provider: &'a str,
    payment: &'a Payment,
}

impl Receipt<'_> {
    /// Written unless it is there: then no row is met.
    fn statement(&self, at: LedgerMillis) -> Statement {
        let values = [
            (incoming::MESSAGE, Value::text(&self.key)),
            (incoming::PROVIDER, Value::text(self.provider)),
            (incoming::PAYMENT, Value::text(&self.payment.id)),
            (incoming::ACCOUNT, Value::text(&self.payment.account)),
            (incoming::AMOUNT, self.payment.amount.into()),
            (incoming::AT, at.into()),
        ];
        query::insert_if_absent(incoming::TABLE, values)
    }

    /// That it was credited, for the audit.
    fn entry(&self, actor: &str, at: LedgerMillis) -> Statement {
        audit::of_subject("payment_credited", &self.key, None, actor, at)
    }

    async fn is_first(&self, transaction: &mut Transaction) -> Result<bool, LedgerError> {
        let at = transaction.now().await?;
        transaction.stage(self.statement(at));
        let counts = transaction.counts().await?;
        Ok(counts.last() == Some(&1))
    }

    /// What adds the amount to its account; nothing when there is no such account.
    async fn credit(
        &self,
        transaction: &mut Transaction,
    ) -> Result<Option<Statement>, LedgerError> {
        let this = is(accounts::ACCOUNT, self.payment.account.as_str());
        let row = query::select(accounts::TABLE, this.clone()).locking();
        let rows = transaction.query(row).await?;
        let credited = |row: &Row| {
            let balance = row.int(accounts::BALANCE) + self.payment.amount;
            let values = [(accounts::BALANCE, balance.into())];
            query::update(accounts::TABLE, values, this)
        };
        Ok(rows.first().map(credited))
    }
}

/// Credits a payment, unless that was done; whether its account is known.
async fn process(
    core: &Core,
    receipt: &Receipt<'_>,
    deadline: Deadline,
) -> Result<bool, LedgerError> {
    let defects = &core.setup.defects;
    if let Some(in_two) = InTwo::of(defects) {
        return process_in_two(core, receipt, in_two, deadline).await;
    }
    let ledger = &core.ledger;
    ledger
        .transact("incoming.process", deadline, async |transaction| {
            let Some(credit) = receipt.credit(transaction).await? else {
                return Ok(false);
            };
            match receipt.is_first(transaction).await? {
                true => {
                    transaction.stage_one(credit);
                    let at = transaction.now().await?;
                    transaction.stage(receipt.entry(&core.context.name(), at));
                }
                false => core.context.reached("incoming_repetition_was_recognised"),
            }
            Ok(true)
        })
        .await
}

/// A defect's order of two transactions where there should be one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InTwo {
    ReceiptFirst,
    CreditFirst,
}

impl InTwo {
    fn of(defects: &Defects) -> Option<InTwo> {
        if defects.has(Defect::IncomingMarkedBeforeEffect) {
            return Some(InTwo::ReceiptFirst);
        }
        let credits_first = defects.has(Defect::IncomingDedupeCheckThenAct);
        credits_first.then_some(InTwo::CreditFirst)
    }
}

async fn process_in_two(
    core: &Core,
    receipt: &Receipt<'_>,
    order: InTwo,
    deadline: Deadline,
) -> Result<bool, LedgerError> {
    let ledger = &core.ledger;
    let marked = async || {
        let mark = ledger.transact("incoming.mark", deadline, async |transaction| {
            receipt.is_first(transaction).await
        });
        mark.await
    };
    let credited = async || {
        let credit = ledger.transact("incoming.credit", deadline, async |transaction| {
            let credit = receipt.credit(transaction).await?;
            let is_known = credit.is_some();
            if is_known {
                let at = transaction.now().await?;
                transaction.stage(receipt.entry(&core.context.name(), at));
            }
            transaction.stage_all(credit);
            Ok(is_known)
        });
        credit.await
    };
    if order == InTwo::ReceiptFirst {
        if !marked().await? {
            return Ok(true);
        }
        core.context.pass(points::PAYMENT_CREDITED).await;
        return credited().await;
    }
    let known = query::select(incoming::TABLE, is(incoming::MESSAGE, receipt.key.as_str()));
    let known = ledger.read("incoming.known", deadline, known).await?;
    if !known.is_empty() {
        return Ok(true);
    }
    let is_known = credited().await?;
    core.context.pass(points::PAYMENT_CREDITED).await;
    marked().await?;
    Ok(is_known)
}
