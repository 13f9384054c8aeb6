//! Verifications on users' requests: one for an asset at a time, many requests in one transaction, and no
//! more open ones than Verify's queue has room for.
//!
//! "Unless one is open" and "unless there are too many" read rows and insert others, which only SERIALIZABLE
//! keeps apart from a second transaction that does the same. Start at [`Requests::request_many`].

use std::collections::{BTreeMap, BTreeSet};

use sim::NodeContext;
use sim::random::Root;
use sim::record::value::Value as Note;

use super::{OPEN, VerificationPriority, queue};
use crate::core::answers;
use crate::core::asset::AssetStatus;
use crate::core::audit::Entry;
use crate::core::protocol::{Answer, Body};
use crate::defects::{Defect, Defects};
use crate::failure::Failure;
use crate::ids::{AssetId, IdempotencyKey, LockerRef, VerificationId};
use crate::ledger::client::transaction::Transaction;
use crate::ledger::client::{LedgerClient, LedgerError};
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::{Isolation, Select, Statement};
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, Refine, at_most, is, is_one_of};
use crate::ledger::row::Cells;
use crate::ledger::tables::{assets, verifications};
use crate::resilience::deadline::Deadline;
use crate::verify::VerifyQueueConfig;

/// Whoever writes down requests: the process, its way to the Ledger, and the rules.
#[derive(Clone)]
pub struct Requests {
    /// The process.
    pub context: NodeContext,
    /// Its way to the Ledger.
    pub ledger: LedgerClient,
    /// How many may be open; any number when not given.
    pub room: Option<VerifyQueueConfig>,
    /// The bugs switched on.
    pub defects: Defects,
}

impl Requests {
    /// Queues a verification on a user's request, unless one is open.
    ///
    /// # Errors
    /// As [`LedgerClient::transact`].
    pub async fn request(
        &self,
        key: &IdempotencyKey,
        asset: &AssetId,
        deadline: Deadline,
    ) -> Result<Answer, LedgerError> {
        let asked = [(key.clone(), asset.clone())];
        let mut answers = self.request_many(&asked, deadline).await?;
        Ok(answers.pop().expect("invariant: each request is answered"))
    }

    /// As [`request`](Self::request), for many at once in one transaction: an answer for each, in their order.
    ///
    /// # Errors
    /// As [`LedgerClient::transact`]; then nothing was done for any.
    pub async fn request_many(
        &self,
        asked: &[(IdempotencyKey, AssetId)],
        deadline: Deadline,
    ) -> Result<Vec<Answer>, LedgerError> {
        let mut stream = self.context.stream(Root::Schedule, "verification ids");
        let fresh: Vec<VerificationId> = asked
            .iter()
            .map(|_| VerificationId(format!("verification-{:016x}", stream.bits())))
            .collect();
        let counted_before = match &self.room {
            Some(room) if self.defects.has(Defect::QueueCountedOutsideTxn) => {
                let open = self.ledger.read("verification.count", deadline, open(room));
                Some(open.await?.len())
            }
            _ => None,
        };
        let desk = self.ledger.transact_at(
            Isolation::Serializable,
            "verification.request",
            deadline,
            async |it| {
                let at = it.now().await?;
                let mut desk = Desk::read(it, asked, self.room.as_ref(), counted_before).await?;
                for ((key, asset), fresh) in asked.iter().zip(&fresh) {
                    desk.take(self, (key, asset), fresh, at);
                }
                desk.stage(it);
                it.flush().await?;
                Ok(desk)
            },
        );
        let desk = desk.await?;
        desk.tell(self);
        Ok(desk.answers)
    }
}

/// The open verifications that users asked for, as many as there may be at most.
fn open(room: &VerifyQueueConfig) -> Select {
    let requested = is(
        verifications::PRIORITY,
        VerificationPriority::Requested.name(),
    );
    let has_work = at_most(verifications::RUN_AT, LedgerMillis::MAX);
    let open = requested
        .and(has_work)
        .and(is_one_of(verifications::STATE, OPEN));
    query::select(verifications::TABLE, open)
        .first_by(verifications::RUN_AT, room.requested_max.into())
}

/// What a transaction knows of the keys and assets it was asked about, its own rows included, what it writes,
/// and what it answers.
struct Desk {
    answered: BTreeMap<String, Row>,
    given: BTreeMap<String, (String, Answer)>,
    lockers: BTreeMap<String, LockerRef>,
    open: BTreeMap<String, VerificationId>,
    /// How many more may be queued; any number when nothing.
    places: Option<usize>,
    fresh: Vec<VerificationId>,
    queued: Vec<Statement>,
    entries: Vec<Statement>,
    taken: Vec<Statement>,
    answers: Vec<Answer>,
}

impl Desk {
    async fn read(
        transaction: &mut Transaction,
        asked: &[(IdempotencyKey, AssetId)],
        room: Option<&VerifyQueueConfig>,
        counted_before: Option<usize>,
    ) -> Result<Desk, LedgerError> {
        let named: BTreeSet<&str> = asked.iter().map(|(_, asset)| asset.0.as_str()).collect();
        let keys = answers::of_keys(asked.iter().map(|(key, _)| key));
        let answered = transaction.query(keys).await?;
        let these = is_one_of(assets::ASSET, named.iter().copied());
        let rows = transaction
            .query(query::select(assets::TABLE, these))
            .await?;
        let lockers = rows.iter().filter_map(|row| {
            let locker = locker_if_linked(row)?;
            Some((row.text(assets::ASSET).to_owned(), locker))
        });
        let lockers = lockers.collect();
        let of_these =
            is_one_of(verifications::ASSET, named).and(is_one_of(verifications::STATE, OPEN));
        let rows = transaction
            .query(query::select(verifications::TABLE, of_these))
            .await?;
        let of_these = rows.iter().map(|row| {
            let verification = VerificationId(row.text(verifications::VERIFICATION).into());
            (row.text(verifications::ASSET).to_owned(), verification)
        });
        let places = match room {
            Some(room) => {
                let open = match counted_before {
                    Some(open) => open,
                    None => transaction.query(open(room)).await?.len(),
                };
                Some((room.requested_max as usize).saturating_sub(open))
            }
            None => None,
        };
        let by_key = |row: Row| (answers::key_of(&row).to_owned(), row);
        Ok(Desk {
            answered: answered.into_iter().map(by_key).collect(),
            given: BTreeMap::new(),
            lockers,
            open: of_these.collect(),
            places,
            fresh: Vec::new(),
            queued: Vec::new(),
            entries: Vec::new(),
            taken: Vec::new(),
            answers: Vec::new(),
        })
    }

    /// Has all of it written: a statement for each table.
    fn stage(&mut self, transaction: &mut Transaction) {
        transaction.stage_all(query::together(self.queued.drain(..)));
        transaction.stage_all(query::together(self.entries.drain(..)));
        let rows = self.taken.len() as u64;
        if let Some(taken) = query::together(self.taken.drain(..)) {
            transaction.stage_rows(taken, rows);
        }
    }

    /// One request: what it is told, and what will be written for it.
    fn take(
        &mut self,
        requests: &Requests,
        asked: (&IdempotencyKey, &AssetId),
        fresh: &VerificationId,
        at: LedgerMillis,
    ) {
        let answer = self.answer(requests, asked, fresh, at);
        self.answers.push(answer);
    }

    fn answer(
        &mut self,
        requests: &Requests,
        (key, asset): (&IdempotencyKey, &AssetId),
        fresh: &VerificationId,
        at: LedgerMillis,
    ) -> Answer {
        let digest = answers::digest(&("verify", asset));
        if let Some(row) = self.answered.get(&key.0) {
            return answers::again(&requests.context, row, &digest, &requests.defects);
        }
        if let Some((former, answer)) = self.given.get(&key.0) {
            return match *former == digest {
                true => answer.clone(),
                false => Answer::refused(422, Failure::LedgerConstraint),
            };
        }
        let Some(locker) = self.lockers.get(&asset.0).cloned() else {
            return Answer::refused(422, Failure::LedgerConstraint);
        };
        let verification = match self.open.get(&asset.0) {
            Some(open) => open.clone(),
            None => {
                if let (Some(0), Some(room)) = (self.places, &requests.room) {
                    return room.full();
                }
                self.places = self.places.map(|places| places - 1);
                self.enter(&requests.context, fresh, asset, &locker, at);
                fresh.clone()
            }
        };
        let answer = Answer::ok(202, Body::Verification(verification));
        self.taken
            .push(answers::take(key, &digest, Some(asset), Some(&answer), at));
        self.given.insert(key.0.clone(), (digest, answer.clone()));
        answer
    }

    /// A verification is to be queued.
    fn enter(
        &mut self,
        context: &NodeContext,
        fresh: &VerificationId,
        asset: &AssetId,
        locker: &LockerRef,
        at: LedgerMillis,
    ) {
        let priority = VerificationPriority::Requested;
        self.queued.push(queue(fresh, asset, locker, priority, at));
        let entry = Entry {
            asset,
            action: "verification_queued",
            subject: Some(&fresh.0),
            failure: None,
            version: None,
            actor: &context.name(),
            at,
        };
        self.entries.push(entry.statement());
        self.open.insert(asset.0.clone(), fresh.clone());
        self.fresh.push(fresh.clone());
    }

    /// Where there is a bound, leaves a note `verification_admitted` of each that was queued, and
    /// `verification_turned_away` of each request that was not.
    fn tell(&self, requests: &Requests) {
        let Some(room) = &requests.room else {
            return;
        };
        let context = &requests.context;
        for fresh in &self.fresh {
            let detail = [
                ("verification", Note::from(fresh.0.as_str())),
                ("requested_max", room.requested_max.into()),
            ];
            context.note("verification_admitted", Note::map(detail));
        }
        for answer in self.answers.iter().filter(|it| it.retry_after_ms.is_some()) {
            let wait = answer
                .retry_after_ms
                .map(|wait| i64::try_from(wait).unwrap_or(i64::MAX));
            let detail = [
                ("status", u32::from(answer.status).into()),
                ("retry_after_ms", wait.into()),
            ];
            context.note("verification_turned_away", Note::map(detail));
            context.reached("verification_queue_was_full");
            let labels = [("why", "queue_full"), ("priority", "requested")];
            context.count("core.edge.turned_away", &labels);
        }
    }
}

fn locker_if_linked(row: &Row) -> Option<LockerRef> {
    let linked = AssetStatus::from_name(row.text(assets::STATUS)).is_linked();
    linked.then(|| LockerRef(row.text(assets::LOCKER).into()))
}
