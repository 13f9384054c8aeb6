//! Dead letters: work that was given up, kept for people, with an alert; they leave by replay or discard.

use super::audit::Entry;
use super::escalation;
use super::protocol::{Answer, Body};
use super::webhooks;
use crate::defects::{Defect, Defects};
use crate::failure::Failure;
use crate::ids::{AssetId, FencingToken, LetterId};
use crate::ledger::client::transaction::Transaction;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::ledger::engine::Row;
use crate::ledger::engine::scalar::{BinaryOp, Expr};
use crate::ledger::engine::schema::ColumnId;
use crate::ledger::engine::statement::{Assignment, Select, Statement, Update};
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{dead_letters as letters, jobs, verifications};
use crate::resilience::deadline::Deadline;

/// Where the work fell out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Jobs of sagas.
    Link,
    /// Verifications.
    Verification,
    /// Deliveries of webhooks.
    Webhook,
}

impl Queue {
    /// Those of every system; only one with webhooks has the third.
    pub const ALWAYS: [Queue; 2] = [Queue::Link, Queue::Verification];

    /// As tables and metrics spell it.
    pub fn name(self) -> &'static str {
        match self {
            Queue::Link => "link",
            Queue::Verification => "verification",
            Queue::Webhook => "webhook",
        }
    }
}

/// Work that is given up.
#[derive(Clone, Copy, Debug)]
pub struct Casualty<'a> {
    /// The queue it falls out of.
    pub queue: Queue,
    /// The job, verification or delivery.
    pub subject: &'a str,
    /// The asset it is about.
    pub asset: &'a AssetId,
    /// The claim under which it died: replayed, it may die again under a later one.
    pub token: FencingToken,
    /// Why, by its code.
    pub cause: &'static str,
}

impl Casualty<'_> {
    /// What giving up writes besides the work's own state: the letter, and the alert that tells people.
    pub fn bury(&self, at: LedgerMillis, defects: &Defects) -> Vec<Statement> {
        let name = name(self.subject, self.token);
        let letter = [
            (letters::LETTER, Value::text(&name)),
            (letters::QUEUE, self.queue.name().into()),
            (letters::SUBJECT, self.subject.into()),
            (letters::ASSET, Value::text(&self.asset.0)),
            (letters::CAUSE, self.cause.into()),
            (letters::STATE, "open".into()),
            (letters::REPLAYS, 0.into()),
            (letters::AT, at.into()),
        ];
        let mut burial = vec![query::insert(letters::TABLE, letter)];
        if !defects.has(Defect::DeadLetterWithoutAlert) {
            burial.push(escalation::raise(&name, self.asset, self.cause, at));
        }
        burial
    }
}

/// The name of the letter about work that died under this claim.
pub fn name(subject: &str, token: FencingToken) -> String {
    format!("letter-{subject}-{}", token.0)
}

/// How many letters people are shown at a time.
const LISTED_MAX: u64 = 1_000;

/// All letters that wait for a decision. Whoever counts them needs every one: a backlog is what does
/// not fit on a page.
pub fn open() -> Select {
    query::select(letters::TABLE, is(letters::STATE, "open"))
}

/// Lists the open letters, oldest first, as far as they fit on a page.
///
/// # Errors
/// As [`LedgerClient::read`].
pub async fn list(ledger: &LedgerClient, deadline: Deadline) -> Result<Answer, LedgerError> {
    let oldest = open().first_by(letters::AT, LISTED_MAX);
    let rows = ledger.read("letters.list", deadline, oldest).await?;
    let names = rows
        .iter()
        .map(|row| LetterId(row.text(letters::LETTER).into()));
    Ok(Answer::ok(200, Body::Letters(names.collect())))
}

/// What people decide about a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The work gets another chance.
    Replay,
    /// The work is not to be done.
    Discard,
}

/// Carries a decision out, once: a letter that is no longer open stays as it is, and its decider is
/// told that it was decided before.
///
/// # Errors
/// As [`LedgerClient::transact`].
pub async fn decide(
    ledger: &LedgerClient,
    letter: &LetterId,
    decision: Decision,
    actor: &str,
    defects: &Defects,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    let looks = !defects.has(Defect::ReplayTwice);
    ledger
        .transact("letters.decide", deadline, async |transaction| {
            let at = transaction.now().await?;
            let row = query::select(letters::TABLE, is(letters::LETTER, letter.0.as_str()));
            let rows = transaction.query(row.locking()).await?;
            match rows.first() {
                None => Ok(Answer::refused(404, Failure::LedgerConstraint)),
                Some(row) if looks && row.text(letters::STATE) != "open" => {
                    Ok(Answer::refused(409, Failure::LedgerConflict))
                }
                Some(row) => {
                    carry_out(transaction, row, decision, actor, at, defects).await?;
                    Ok(Answer::ok(200, Body::Nothing))
                }
            }
        })
        .await
}

/// Closes an open letter, and does with its work what was decided, in one transaction.
///
/// # Errors
/// As [`Transaction::flush`].
pub(super) async fn carry_out(
    transaction: &mut Transaction,
    letter: &Row,
    decision: Decision,
    actor: &str,
    at: LedgerMillis,
    defects: &Defects,
) -> Result<(), LedgerError> {
    let subject = letter.text(letters::SUBJECT);
    let asset = AssetId(letter.text(letters::ASSET).into());
    let (state, action) = match decision {
        Decision::Replay => ("replayed", "replayed"),
        Decision::Discard => ("discarded", "discarded"),
    };
    let replays = letter.int(letters::REPLAYS) + i64::from(decision == Decision::Replay);
    let values = [
        (letters::STATE, state.into()),
        (letters::REPLAYS, replays.into()),
    ];
    let this = is(letters::LETTER, letter.text(letters::LETTER));
    transaction.stage_one(query::update(letters::TABLE, values, this));
    let withheld = [
        Defect::ReplayRevivesNothing,
        Defect::LettersMarkedBeforeRevived,
    ]
    .map(|it| defects.has(it));
    let revives = decision == Decision::Replay && !withheld.contains(&true);
    match letter.text(letters::QUEUE) {
        queue if revives => transaction.stage(revive(queue, subject, at)),
        queue if queue == Queue::Webhook.name() && decision == Decision::Discard => {
            webhooks::discard(transaction, subject, at).await?;
        }
        _ => {}
    }
    let entry = Entry {
        asset: &asset,
        action,
        subject: Some(letter.text(letters::LETTER)),
        failure: Failure::from_code(letter.text(letters::CAUSE)),
        version: None,
        actor,
        at,
    };
    transaction.stage(entry.statement());
    Ok(())
}

/// Makes dead work due again. Its token goes on counting: whoever held it before stays fenced.
fn revive(queue: &str, subject: &str, at: LedgerMillis) -> Statement {
    if queue == Queue::Link.name() {
        let dead = is(jobs::JOB, subject).and(is(jobs::STATE, "dead"));
        let values = [
            (jobs::STATE, "ready".into()),
            (jobs::RUN_AT, at.into()),
            (jobs::RETRIES, 0.into()),
        ];
        query::update(jobs::TABLE, values, dead)
    } else if queue == Queue::Webhook.name() {
        webhooks::revived(subject, at)
    } else {
        let dead = is(verifications::VERIFICATION, subject).and(is(verifications::STATE, "dead"));
        let next = Expr::binary(
            BinaryOp::Add,
            Expr::column(verifications::TOKEN),
            Expr::literal(1),
        );
        let set = |column: usize, value: Expr| Assignment {
            column: ColumnId(column),
            value,
        };
        Statement::Update(Update {
            table: verifications::TABLE,
            assignments: vec![
                set(verifications::STATE, Expr::literal("queued")),
                set(verifications::RUN_AT, Expr::literal(at)),
                set(verifications::RETRIES, Expr::literal(0)),
                set(verifications::TOKEN, next),
            ],
            filter: Some(dead),
            returning: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use sim::alert::Condition;

    use super::open;
    use crate::alerts::catalogue::RULES;

    #[test]
    fn a_backlog_is_counted_beyond_the_limit_of_its_alert() {
        let rule = RULES.iter().find(|rule| rule.metric == "core.dlq.depth");
        let Some(Condition::Above(limit)) = rule.map(|rule| rule.condition) else {
            panic!("an alert watches how many letters are open");
        };
        let counted = open().limit.map(i128::from);
        assert!(counted.is_none_or(|most| most > i128::from(limit)));
    }
}
