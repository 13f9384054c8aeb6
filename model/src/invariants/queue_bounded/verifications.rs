//! Verify's queue: never more requested verifications than there may be, and registrations first.
//!
//! *Bound.* A verification is open for certain from when Core told that it is durable (`verification_admitted`)
//! until the last claim that still found it open. Of those at no time more than `requested_max` are. Who is turned
//! away is told 503 and when to come back.
//!
//! *Priority.* A claim may take as many requested verifications as places were kept for them
//! (`verifications_claimed`). When it took more, none of a registration was due for certain: queued ten seconds
//! before on the Ledger's clock, which is longer than any transaction, and not claimed until ten seconds after,
//! which is longer than another worker may have had it locked. Verifications of whose claims not all are told are
//! left out, because their first one is not known.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::Evidence;
use sim::record::Record;
use sim::record::note::Note;
use sim::record::value::Value;
use sim::time::SimTime;

use super::{number, shown, untold};

/// Longer than a transaction of Core or Verify takes, in milliseconds.
const CERTAIN_MS: i64 = 10_000;

/// What is wrong with what was let into the queue, and with what was taken out of it.
pub(super) fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut evidence = crowded(record)?;
    let notes = record.notes.iter();
    let away = notes.filter(|note| note.name == "verification_turned_away");
    evidence.extend(away.filter_map(|note| Some(shown(note, untold(note)?))));
    evidence.extend(out_of_turn(record)?);
    Ok(evidence)
}

fn crowded(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut left: BTreeMap<&str, SimTime> = BTreeMap::new();
    let mut died: BTreeSet<&str> = BTreeSet::new();
    for note in &record.notes {
        let (verification, state) = (note.detail.text("verification"), note.detail.text("state"));
        match (note.name.as_str(), state) {
            // A dead one that is replayed comes back without asking for a place.
            ("verification", "dead") => {
                died.insert(verification);
            }
            ("verification_claim", "queued" | "review") if !died.contains(verification) => {
                left.insert(verification, note.at);
            }
            _ => {}
        }
    }
    let mut open: BTreeSet<(SimTime, &str)> = BTreeSet::new();
    let mut evidence = Vec::new();
    for note in record
        .notes
        .iter()
        .filter(|it| it.name == "verification_admitted")
    {
        let max = number(note, "requested_max")?;
        while open.first().is_some_and(|(until, _)| *until <= note.at) {
            open.pop_first();
        }
        let verification = note.detail.text("verification");
        let until = left.get(verification).filter(|until| **until > note.at);
        open.extend(until.map(|until| (*until, verification)));
        if i64::try_from(open.len()).is_ok_and(|count| count > max) {
            let claim = format!(
                "{verification} was let in, and {} requested verifications are open, of {max} at most",
                open.len()
            );
            evidence.push(shown(note, claim));
        }
    }
    Ok(evidence)
}

/// A verification of a registration, on the Ledger's clock.
struct Registered<'a> {
    name: &'a str,
    queued_at: i64,
    claimed_at: i64,
}

fn out_of_turn(record: &Record) -> Result<Vec<Evidence>, String> {
    let claims: Vec<&Note> = record
        .notes
        .iter()
        .filter(|note| note.name == "verifications_claimed")
        .collect();
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let registered = registered(record, &claims)?;
    let mut evidence = Vec::new();
    for note in claims {
        let (at, kept) = (number(note, "at_ms")?, number(note, "kept")?);
        let taken = names(note, "requested").count();
        if i64::try_from(taken).is_ok_and(|taken| taken <= kept) {
            continue;
        }
        let waited = registered
            .iter()
            .find(|it| it.queued_at + CERTAIN_MS <= at && it.claimed_at > at + CERTAIN_MS);
        evidence.extend(waited.map(|waited| {
            let claim = format!(
                "took {taken} requested verifications, {kept} of them in turn, while {} of a registration waited \
                 for {} s more",
                waited.name,
                (waited.claimed_at - at) / 1_000
            );
            shown(note, claim)
        }));
    }
    Ok(evidence)
}

/// Those of registrations whose claims are all told.
fn registered<'a>(record: &'a Record, claims: &[&'a Note]) -> Result<Vec<Registered<'a>>, String> {
    let mut told: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for note in claims {
        let at = number(note, "at_ms")?;
        for name in names(note, "registered") {
            let (first, count) = told.entry(name).or_insert((at, 0));
            *first = at.min(*first);
            *count += 1;
        }
    }
    let mut registered = Vec::new();
    for row in record.facts.table("verifications")? {
        let name = row.text("verification");
        let (Some((claimed_at, count)), Some(queued_at)) =
            (told.get(name), row.get("queued_at").as_int())
        else {
            continue;
        };
        if row.get("token").as_int() == Some(*count) {
            registered.push(Registered {
                name,
                queued_at,
                claimed_at: *claimed_at,
            });
        }
    }
    Ok(registered)
}

fn names<'a>(note: &'a Note, key: &str) -> impl Iterator<Item = &'a str> {
    let listed = match note.detail.get(key) {
        Value::List(listed) => listed.as_slice(),
        _ => &[],
    };
    listed.iter().filter_map(Value::as_text)
}
