//! Policies that marks are measured against: what an expert does, and doing nothing.

use super::action::{Action, RetryPolicy};
use super::case::Case;
use super::cause::{Cause, CauseKind};

/// What an expert does, who needs a few minutes to see each cause: its second, and the action.
///
/// The workers are scaled last, when connections are there for them.
pub fn expert(case: &Case) -> Vec<(u64, Action)> {
    let mut actions: Vec<(u64, Action)> = Vec::new();
    for (at, cause) in (0..).zip(&case.causes) {
        let remedies = remedy(cause).into_iter();
        actions.extend(remedies.map(|(after, action)| (180 + 120 * at + after, action)));
    }
    let workers = Action::ScaleWorkers { workers: 80 };
    actions.push((600, workers));
    actions.sort_by_key(|(at, _)| *at);
    actions
}

/// What ends a cause.
fn remedy(cause: &Cause) -> Vec<(u64, Action)> {
    let thing = cause.parameter();
    let now = |action| vec![(0, action)];
    match cause.kind {
        CauseKind::ConnectionHeldAcrossHttp => now(Action::Pause { what: thing }),
        CauseKind::EvidenceRetryStorm => vec![
            (
                0,
                Action::SetRetryPolicy {
                    component: "evidence-collection".to_owned(),
                    policy: RetryPolicy::Backoff,
                },
            ),
            (
                0,
                Action::OpenBreaker {
                    circuit: thing.clone(),
                },
            ),
            (120, Action::CloseBreaker { circuit: thing }),
        ],
        CauseKind::BlockingReindex => now(Action::Pause {
            what: "reindex".to_owned(),
        }),
        CauseKind::SlowStatement | CauseKind::ShrunkPool => now(Action::RollBack { change: thing }),
        CauseKind::PoisonItem => now(Action::QuarantineItem { item: thing }),
        CauseKind::LostLease => now(Action::RestartNode { node: thing }),
    }
}
