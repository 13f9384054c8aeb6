//! How a saga stands in the Ledger: what is read when it is claimed, and the statements that move it.

use std::time::Duration;

use super::course::{Course, SagaState};
use crate::core::asset::Strategy;
use crate::failure::Failure;
use crate::ids::{
    AssetId, DeviceOperation, FencingToken, IdempotencyKey, JobId, LockerRef, SagaId, SlotNumber,
};
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, is, is_one_of};
use crate::ledger::row::Cells;
use crate::ledger::tables::{jobs, sagas};

/// A saga in the hands of one instance, until its lease ends.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The saga.
    pub saga: SagaId,
    /// Its job.
    pub job: JobId,
    /// The claim's number.
    pub token: FencingToken,
    /// How many retries have failed.
    pub retries: u32,
    /// The asset.
    pub asset: AssetId,
    /// The key to be answered.
    pub key: IdempotencyKey,
    /// Where to link.
    pub locker: LockerRef,
    /// The link's operation.
    pub operation: DeviceOperation,
    /// What to do when the link fails.
    pub strategy: Strategy,
    /// When it began, on the Ledger's clock.
    pub started_at: LedgerMillis,
    /// How far it has come.
    pub course: Course,
    /// A compensation was withheld for so long; not stored.
    pub withheld: Option<Duration>,
    /// The slot, if this instance has heard of it; not stored here but with the asset.
    pub slot: Option<SlotNumber>,
}

impl Claim {
    /// What a worker claims: the rows of a job and of its saga.
    pub fn of_rows(job: &[Value], token: FencingToken, saga: &[Value]) -> Claim {
        let failure = saga.maybe_text(sagas::FAILURE);
        let course = Course::restored(
            SagaState::from_name(saga.text(sagas::STATE)),
            saga.int(sagas::BEGUN),
            saga.int(sagas::DONE),
            saga.int(sagas::UNDONE),
            failure.and_then(Failure::from_code),
        );
        Claim {
            saga: SagaId(saga.text(sagas::SAGA).into()),
            job: JobId(job.text(jobs::JOB).into()),
            token,
            retries: u32::try_from(job.int(jobs::RETRIES)).expect("invariant: retries are few"),
            asset: AssetId(saga.text(sagas::ASSET).into()),
            key: IdempotencyKey(saga.text(sagas::KEY).into()),
            locker: LockerRef(saga.text(sagas::LOCKER).into()),
            operation: DeviceOperation(saga.text(sagas::OPERATION).into()),
            strategy: Strategy::from_name(saga.text(sagas::STRATEGY)),
            started_at: saga.int(sagas::STARTED_AT),
            course,
            withheld: None,
            slot: None,
        }
    }

    /// Inserts the saga and its job, leased to its maker.
    pub fn insert(&self, lease_until: LedgerMillis) -> [Statement; 2] {
        let course = &self.course;
        let saga = [
            (sagas::SAGA, Value::text(&self.saga.0)),
            (sagas::ASSET, Value::text(&self.asset.0)),
            (sagas::KEY, Value::text(&self.key.0)),
            (sagas::LOCKER, Value::text(&self.locker.0)),
            (sagas::OPERATION, Value::text(&self.operation.0)),
            (sagas::STRATEGY, self.strategy.name().into()),
            (sagas::STATE, course.state.name().into()),
            (sagas::BEGUN, course.begun.into()),
            (sagas::DONE, course.done.into()),
            (sagas::UNDONE, course.undone.into()),
            (sagas::STARTED_AT, self.started_at.into()),
        ];
        let job = [
            (jobs::JOB, Value::text(&self.job.0)),
            (jobs::SAGA, Value::text(&self.saga.0)),
            (jobs::ASSET, Value::text(&self.asset.0)),
            (jobs::STATE, "leased".into()),
            (jobs::RUN_AT, lease_until.into()),
            (jobs::TOKEN, (self.token.0 as i64).into()),
            (jobs::RETRIES, 0.into()),
        ];
        [
            query::insert(sagas::TABLE, saga),
            query::insert(jobs::TABLE, job),
        ]
    }

    /// Writes where the saga is, if it still is where this claim knows it: it meets one row, or none.
    ///
    /// A write of this very claim that was never answered may still be under way when the saga is read
    /// again, and take effect while its repetition waits for the row. The token is the same in both;
    /// only the course tells that the step is done.
    pub fn moved(&self, course: &Course, fenced: bool) -> Statement {
        let values = [
            (sagas::STATE, course.state.name().into()),
            (sagas::BEGUN, course.begun.into()),
            (sagas::DONE, course.done.into()),
            (sagas::UNDONE, course.undone.into()),
            (
                sagas::FAILURE,
                query::text(course.failure.map(Failure::code)),
            ),
        ];
        let known = &self.course;
        let this = is(sagas::SAGA, self.saga.0.as_str());
        let where_known = match fenced {
            true => this
                .and(is_one_of(sagas::STATE, known.state.stored_as()))
                .and(is(sagas::DONE, known.done))
                .and(is(sagas::UNDONE, known.undone)),
            false => this,
        };
        query::update(sagas::TABLE, values, where_known)
    }

    /// Changes the job, if it is still this claim's: it meets one row, or none when the claim is lost.
    /// Unfenced, as a defect has it, it does not ask whose the job is.
    pub fn job_moved(&self, fate: JobFate, fenced: bool) -> Statement {
        let mut values: Vec<(usize, Value)> = match fate {
            JobFate::Kept { lease_until } => vec![(jobs::RUN_AT, lease_until.into())],
            JobFate::Due { at, retries } => vec![
                (jobs::STATE, "ready".into()),
                (jobs::RUN_AT, at.into()),
                (jobs::RETRIES, i64::from(retries).into()),
            ],
            JobFate::Done => vec![(jobs::STATE, "done".into()), (jobs::RUN_AT, Value::Null)],
            JobFate::Dead => vec![(jobs::STATE, "dead".into()), (jobs::RUN_AT, Value::Null)],
        };
        // The row is rewritten even where nothing changes: the write is what the fence needs.
        values.push((jobs::TOKEN, (self.token.0 as i64).into()));
        let this = is(jobs::JOB, self.job.0.as_str());
        let whose = match fenced {
            true => this
                .and(is(jobs::TOKEN, self.token.0 as i64))
                .and(is(jobs::STATE, "leased")),
            false => this,
        };
        query::update(jobs::TABLE, values, whose)
    }
}

/// What becomes of a claimed job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobFate {
    /// The claim goes on.
    Kept {
        /// Until then.
        lease_until: LedgerMillis,
    },
    /// Somebody is to take it up again.
    Due {
        /// From then on.
        at: LedgerMillis,
        /// After so many failed retries.
        retries: u32,
    },
    /// There is nothing left to do.
    Done,
    /// It is given up.
    Dead,
}
