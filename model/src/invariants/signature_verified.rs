//! Every message that reaches a receiver is signed so that it believes it; none it does not believe has
//! an effect.
//!
//! Judged over the notes `webhook_arrival`, by what the receiver itself made of signature and timestamp.
//! A message that was refused for its age is no breach where the plan moves clocks or keeps messages
//! back. It does not judge who else could have made a signature.

use sim::check::{Check, Evidence, Kind};
use sim::fault::FaultKind;
use sim::record::Record;

pub(super) const CHECK: Check = Check {
    name: "signature_verified",
    kind: Kind::Always,
    promise: "each delivery verifies under the endpoint's secret; what does not is refused without effect",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    // What receivers processed must be known, or nothing is known of what they believed.
    record.facts.table("webhook_effects")?;
    let late = record
        .plan
        .faults
        .iter()
        .any(|fault| makes_late(&fault.what));
    let mut evidence = Vec::new();
    for note in record
        .notes
        .iter()
        .filter(|it| it.name == "webhook_arrival")
    {
        let told = &note.detail;
        if told.get("valid") == &true.into() {
            continue;
        }
        let reason = told.text("reason");
        let excused = late && matches!(reason, "too_old" | "too_new");
        let act = told.text("act");
        let claim = match act {
            "refused" if excused => continue,
            "refused" => format!("{} refused it: {reason}", note.node),
            act => format!(
                "{} did not believe it ({reason}), and has {act} it",
                note.node
            ),
        };
        evidence.push(Evidence {
            at: Some(note.at),
            ..Evidence::new(told.text("id"), claim)
        });
    }
    Ok(evidence)
}

/// Whether a fault makes messages older, or clocks wrong.
fn makes_late(fault: &FaultKind) -> bool {
    matches!(
        fault,
        FaultKind::ClockSkew { .. }
            | FaultKind::ClockJump { .. }
            | FaultKind::ClockDrift { .. }
            | FaultKind::Delay { .. }
    )
}
