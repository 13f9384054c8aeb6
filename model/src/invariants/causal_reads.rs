//! Who was told of a version by another user, and asks for it with that user's token, finds it.
//!
//! Judged over the history alone, for reads that asked for it (`consistency` is `causal`): the version found is
//! at least the one that its user had `heard` of, which another session had made and told of beside the system.
//! That is causal consistency along messages between users (Ahamad et al., "Causal Memory", 1995), which the
//! token makes visible to a system that carries no such messages. What the session itself wrote and read is for
//! `session_guarantees`.

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::{Operation, OperationId, Outcome};

pub(super) const CHECK: Check = Check {
    name: "causal_reads",
    kind: Kind::Always,
    promise: "a read with another session's token shows what that session had told of",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut evidence = Vec::new();
    for (id, read) in record.history.iter() {
        let is_causal = read.function == "read" && read.input.text("consistency") == "causal";
        let Some(heard) = read.input.get("heard").as_int().filter(|_| is_causal) else {
            continue;
        };
        let Some(found) = found(id, read)? else {
            continue;
        };
        if found < heard {
            let claim =
                format!("a user who had heard of version {heard} was shown version {found}");
            evidence.push(Evidence::new(read.input.text("asset"), claim).shown_by(id));
        }
    }
    Ok(evidence)
}

/// The version a read found, 0 when it found no asset; nothing when it was not answered.
fn found(id: OperationId, read: &Operation) -> Result<Option<i64>, String> {
    match &read.outcome {
        Outcome::Ok(answer) => {
            let version = answer.get("version").as_int();
            let version = version.ok_or_else(|| format!("operation {} tells no version", id.0))?;
            Ok(Some(version))
        }
        Outcome::Fail(answer) if answer.get("status").as_int() == Some(404) => Ok(Some(0)),
        Outcome::Fail(_) | Outcome::Unknown(_) => Ok(None),
    }
}
