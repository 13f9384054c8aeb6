//! What a saga tells the record while it runs: notes `saga`, by which its course can be judged.
//!
//! Each names its `saga`, the claim's `token` and an `event`:
//!
//! | event | when | besides |
//! |---|---|---|
//! | `link_asked` | a Locker is about to be asked to link | `resumed`: whether by a worker |
//! | `link_postponed` | a failed link is to be tried again, durably | `failure`, `retries` that have failed, `wait_ms` |
//! | `link_given_up` | a failed link is left to people, durably | `failure`, `retries` that have failed |
//! | `compensated` | a step is taken back, durably | `step` |
//! | `compensation_failed` | a step could not be taken back now | `step` |
//! | `compensation_rested` | what is left is to be tried later | `left`: the steps |

use std::time::Duration;

use sim::NodeContext;
use sim::record::value::Value;

use super::course::Step;
use super::ledger::Claim;
use crate::failure::Failure;

/// The link is about to be asked for.
pub(super) fn link_asked(context: &NodeContext, claim: &Claim, resumed: bool) {
    note(context, claim, "link_asked", [("resumed", resumed.into())]);
}

/// A failed link was postponed, or given up without a wait, for certain.
pub(super) fn link_failed(
    context: &NodeContext,
    claim: &Claim,
    failure: Failure,
    retries: u32,
    wait: Option<Duration>,
) {
    let (failure, retries) = (
        ("failure", failure.code().into()),
        ("retries", retries.into()),
    );
    let Some(wait) = wait else {
        return note(context, claim, "link_given_up", [failure, retries]);
    };
    let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    let besides = [failure, retries, ("wait_ms", wait_ms.into())];
    note(context, claim, "link_postponed", besides);
}

/// A compensation went well (`compensated`) or did not (`compensation_failed`).
pub(super) fn compensation(context: &NodeContext, claim: &Claim, event: &str, step: Step) {
    note(context, claim, event, [("step", step.name().into())]);
}

/// Compensations are left for later.
pub(super) fn compensation_rested(context: &NodeContext, claim: &Claim) {
    let left = claim.course.not_undone().map(|step| step.name().into());
    let left = Value::List(left.collect());
    note(context, claim, "compensation_rested", [("left", left)]);
}

fn note<const N: usize>(
    context: &NodeContext,
    claim: &Claim,
    event: &str,
    besides: [(&str, Value); N],
) {
    let saga = Value::from(claim.saga.0.as_str());
    let token = (claim.token.0 as i64).into();
    let mut detail = Value::map([("saga", saga), ("token", token), ("event", event.into())]);
    if let Value::Map(pairs) = &mut detail {
        pairs.extend(besides.map(|(name, value)| (name.to_owned(), value)));
    }
    context.note("saga", detail);
}
