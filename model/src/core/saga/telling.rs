//! What a saga tells the record while it runs: notes `saga`, by which its course can be judged.
//!
//! Each names its `saga`, the claim's `token` and an `event`:
//!
//! | event | when | besides |
//! |---|---|---|
//! | `link_asked` | a Locker is about to be asked to link | `resumed`: whether by a worker |
//! | `link_postponed` | a failed link is to be tried again, durably | `failure`, `retries` that have failed, `wait_ms` |
//! | `link_waits` | a link that was never sent is to be asked for again, durably: no retry | `failure`, `wait_ms` at least |
//! | `link_given_up` | a failed link is left to people, durably | `failure`, `retries` that have failed |
//! | `compensated` | a step is taken back, durably | `step` |
//! | `compensation_failed` | a step could not be taken back now | `step` |
//! | `compensation_rested` | what is left is to be tried later | `left`: the steps |

use std::time::Duration;

use sim::NodeContext;
use sim::record::value::Value;

use super::course::Step;
use super::ledger::Claim;
use crate::core::retry::LinkRetry;
use crate::failure::Failure;

/// The link is about to be asked for.
pub(super) fn link_asked(context: &NodeContext, claim: &Claim, resumed: bool) {
    note(context, claim, "link_asked", [("resumed", resumed.into())]);
}

/// A failed link is to be tried again, or was given up after so many retries, for certain.
pub(super) fn link_failed(
    context: &NodeContext,
    claim: &Claim,
    failure: Failure,
    retry: Option<LinkRetry>,
    failed: u32,
) {
    let failure = ("failure", failure.code().into());
    let millis = |wait: Duration| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    match retry {
        Some(LinkRetry::Counted { wait, retries }) => {
            let besides = [
                failure,
                ("retries", retries.into()),
                ("wait_ms", millis(wait).into()),
            ];
            note(context, claim, "link_postponed", besides);
        }
        Some(LinkRetry::Uncounted { wait }) => {
            let besides = [failure, ("wait_ms", millis(wait).into())];
            note(context, claim, "link_waits", besides);
        }
        None => note(
            context,
            claim,
            "link_given_up",
            [failure, ("retries", failed.into())],
        ),
    }
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
    besides: [(&'static str, Value); N],
) {
    let saga = Value::from(claim.saga.0.as_str());
    let token = (claim.token.0 as i64).into();
    let mut detail = Value::map([("saga", saga), ("token", token), ("event", event.into())]);
    if let Value::Map(pairs) = &mut detail {
        pairs.extend(besides);
    }
    context.note("saga", detail);
}
