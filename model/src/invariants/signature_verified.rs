//! Every message that reaches a receiver is signed so that it believes it; none it does not believe has
//! an effect. The same of messages that others send to Core: their own are believed, forged ones never.
//!
//! Judged over the notes `webhook_arrival`, by what the receiver itself made of signature and timestamp;
//! `payment_refused`, a provider's own message that Core did not take; and `forgery_answered`, by what
//! nobody may believe. Where the plan moves clocks and keeps messages or nodes back by more than the tolerance,
//! the age of a message that says when it was signed excuses, and nothing else does. It does not judge who else could have made a signature, nor what a repetition does that is
//! believed (see `incoming_once`).

use std::time::Duration;

use sim::check::{Check, Evidence, Kind};
use sim::fault::FaultKind;
use sim::record::Record;
use sim::record::value::Value;

use super::retry_policy_kept;
use crate::webhooks::signature::TOLERANCE;

pub(super) const CHECK: Check = Check {
    name: "signature_verified",
    kind: Kind::Always,
    promise: "each delivery verifies under the endpoint's secret, out and in; what does not is refused without effect",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    // What receivers processed must be known, or nothing is known of what they believed.
    record.facts.table("webhook_effects")?;
    let late = may_be_out_of_date(record);
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
            "payment_refused" if !(late && is_of_age(told)) => (
                told.text("payment"),
                format!(
                    "{} sent it, and was answered {status}",
                    told.text("provider")
                ),
            ),
            "forgery_answered" if told.get("must_be_refused") == &true.into() => {
                let how = told.text("how");
                let is_taken = status.as_int().is_some_and(|it| (200..300).contains(&it));
                let excused = late && how == "repeated";
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

/// Whether a refusal can have been for the age of the message.
fn is_of_age(refused: &Value) -> bool {
    let is_stamped = *refused.get("stamped") == Value::Bool(true);
    is_stamped && refused.get("status").as_int() == Some(401)
}

/// Whether the plan can make a message seem older, or younger, than receivers tolerate.
fn may_be_out_of_date(record: &Record) -> bool {
    let delays = record.plan.faults.iter().map(|fault| match fault.what {
        FaultKind::Delay { extra_ms } => extra_ms,
        _ => 0,
    });
    let longest = Duration::from_millis(delays.max().unwrap_or(0));
    let apart = retry_policy_kept::slack(record).saturating_add(longest);
    apart >= TOLERANCE
}
