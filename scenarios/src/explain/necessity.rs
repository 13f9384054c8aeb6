//! What a failure needs: each fault and each operation is taken away alone, and the run is had again.
//!
//! A counterfactual is only as good as what else stays as it was; draws named by their causes see to
//! that. "Needed" means needed with all others in place: of two faults of which either suffices,
//! neither is.

use reports::explain::{Necessity, Without};

use super::Asked;
use super::twin::Nearest;
use crate::setup::Setup;

/// For each fault, then each operation: what becomes of the run without it.
pub(super) fn necessities(
    setup: &Setup,
    asked: &mut Asked<'_>,
    twins: &mut Nearest<'_>,
) -> Vec<Necessity> {
    let faults = setup.given.plan.iter().flat_map(|plan| &plan.faults);
    let operations = setup.given.operations.iter().flatten();
    let faults = faults.enumerate().map(|(number, fault)| {
        let mut variant = setup.clone();
        if let Some(plan) = &mut variant.given.plan {
            plan.faults.remove(number);
        }
        ("fault", fault.to_string(), variant)
    });
    let operations = operations.enumerate().map(|(number, operation)| {
        let mut variant = setup.clone();
        if let Some(operations) = &mut variant.given.operations {
            operations.remove(number);
        }
        ("operation", operation.to_string(), variant)
    });
    let parts = faults.chain(operations);
    let asked_of_each = parts.map(|(kind, what, variant)| {
        let (outcome, without) = asked.run("what it needs", &variant);
        if without == Without::Passes {
            twins.offer(format!("without the {kind}: {what}"), outcome.record);
        }
        Necessity {
            kind: kind.to_owned(),
            what,
            without,
        }
    });
    asked_of_each.collect()
}
