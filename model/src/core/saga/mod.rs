//! A registration as a saga: persisted, leased, taken forward or back by whichever instance holds it.
//!
//! [`course`] is what comes next, as a pure value. [`ledger`] is how a saga stands in the tables, and
//! the transactions that move it; each of them names the job's token, so that a worker that lost its
//! lease changes nothing. [`runner`] does the steps; `fate` is what becomes of the job, `telling` what the
//! record hears of it. The instance that took the request runs the saga
//! first; [`worker`](super::worker)s take up what it had to leave.

pub mod course;
mod fate;
pub mod ledger;
pub mod runner;
mod telling;
