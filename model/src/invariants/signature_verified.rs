//! Every message that reaches a receiver is signed so that it believes it; none it does not believe has
//! an effect. The same of messages that others send to Core: their own are believed, forged ones never.
//!
//! Judged over the notes `webhook_arrival`, by what the receiver itself made of signature and timestamp;
//! `payment_refused`, a provider's own message that Core did not take; and `forgery_answered`, by what
//! nobody may believe. Where the plan moves clocks or keeps messages back, the age of a message
//! excuses. It does not judge who else could have made a signature, nor what a repetition does that is
//! believed (see `incoming_once`).

use sim::check::{Check, Evidence, Kind};
use sim::fault::FaultKind;
use sim::record::Record;

pub(super) const CHECK: Check = Check {
    name: "signature_verified",
    kind: Kind::Always,
    promise: "each delivery verifies under the endpoint's secret, out and in; what does not is refused without effect",
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
    evidence.extend(incoming(record, late));
    Ok(evidence)
}

/// Providers' own messages that were refused, and forged ones that were not.
fn incoming(record: &Record, late: bool) -> impl Iterator<Item = Evidence> {
    record.notes.iter().filter_map(move |note| {
        let told = &note.detail;
        let status = told.get("status");
        let (subject, claim) = match note.name.as_str() {
            "payment_refused" if !late => (
                told.text("payment"),
                format!(
                    "{} sent it, and was answered {status}",
                    told.text("provider")
                ),
            ),
            "forgery_answered" if told.get("must_be_refused") == &true.into() => {
                let how = told.text("how");
                let is_taken = status.as_int().is_some_and(|it| (200..300).contains(&it));
                let excused = late && matches!(how, "repeated" | "restamped");
                if !is_taken || excused {
                    return None;
                }
                let provider = told.text("provider");
                (
                    how,
                    format!("a forged message of {provider} was answered {status}"),
                )
            }
            _ => return None,
        };
        Some(Evidence {
            at: Some(note.at),
            ..Evidence::new(subject, claim)
        })
    })
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
