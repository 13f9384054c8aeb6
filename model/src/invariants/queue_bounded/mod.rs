//! Queues keep their bounds and priorities; overload is told with when to come back; what was let in is not lost.
//!
//! Judged over notes, in two parts: the [`door`] of an instance, and the queue of [`verifications`] in the Ledger.
//! That accepted verifications are not lost is [`verification_conserved`](super::verification_conserved)'s business.

mod door;
mod verifications;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::note::Note;

pub(super) const CHECK: Check = Check {
    name: "queue_bounded",
    kind: Kind::Always,
    promise: "queues keep their bounds and priorities, overload is told with when to come back, nobody let in is lost",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut evidence = door::judge(record)?;
    evidence.extend(verifications::judge(record)?);
    Ok(evidence)
}

fn number(note: &Note, key: &str) -> Result<i64, String> {
    let found = note.detail.get(key).as_int();
    found.ok_or_else(|| format!("a note `{}` of {} tells no {key}", note.name, note.node))
}

fn shown(note: &Note, claim: String) -> Evidence {
    Evidence::new(
        note.node.clone(),
        format!("at {} ms: {claim}", note.at.nanos() / 1_000_000),
    )
}

/// An overload that was not told as such.
fn untold(note: &Note) -> Option<String> {
    let status = note.detail.get("status").as_int();
    let wait = note.detail.get("retry_after_ms").as_int();
    let told = matches!(status, Some(429 | 503)) && wait > Some(0);
    (!told).then(|| "a request was turned away and not told when to come back".to_owned())
}
