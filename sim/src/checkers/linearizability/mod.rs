//! Linearizability: does every operation seem to take effect at one instant between its invocation and its answer?
//!
//! The search is Wing and Gong's ("Testing and Verifying Concurrent Objects", 1993) with Lowe's memo of configurations
//! ("Testing for linearizability", 2017). It is exponential in the worst case, hence the [`Budget`]: a search that
//! exceeds it answers unknown. Histories over many keys are judged key by key, which is sound because linearizability
//! is local (Herlihy and Wing, 1990) and necessary because the search would otherwise explode.
//!
//! What is not checked: anything that spans two keys. Read [`model`] first, then [`search`]; the objects are
//! [`register`], [`set`] and [`queue`].

pub mod model;
pub mod search;

pub mod queue;
pub mod register;
pub mod set;

mod pending;
#[cfg(test)]
pub(super) mod specimen;
#[cfg(test)]
mod tests;

use super::history::History;
use super::verdict::{UnknownReason, Verdict};
use model::Model;
pub use search::Budget;

/// Judges a history against a sequential object, one partition at a time.
///
/// The budget is shared: what one partition spends is not there for the next. A violation anywhere decides, even if
/// another partition ran out of budget.
pub fn check<M: Model>(
    model: &M,
    history: &History<M::Action, M::Output>,
    budget: Budget,
) -> Verdict {
    if history.is_silent() {
        return Verdict::Unknown(UnknownReason::NothingObserved);
    }
    let mut left = budget;
    let mut verdict = Verdict::Held;
    for part in history
        .partition_by(|action| model.partition(action))
        .values()
    {
        verdict = verdict.and(search::check_partition(model, history, part, &mut left));
    }
    verdict
}
