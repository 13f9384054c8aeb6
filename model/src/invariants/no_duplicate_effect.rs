//! An event has at most one effect at a receiver that deduplicates, and one id over all its attempts.
//!
//! Judged over what receivers have processed at the end: of one that deduplicates, no body stands
//! there more often than there are events with it, under whatever ids (two events may say the same in the
//! same millisecond); and over the notes `webhook_attempt`: a delivery's attempts carry
//! one id. A second arrival is no breach, nor is a second effect at a receiver that does not
//! deduplicate. It does not judge whether an event had an effect at all (see `webhook_conserved`).

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;

pub(super) const CHECK: Check = Check {
    name: "no_duplicate_effect",
    kind: Kind::Always,
    promise: "each event has at most one effect at a receiver that deduplicates; its id is the same at each attempt",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut ids: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for effect in record.facts.table("webhook_effects")? {
        if effect.get("deduplicates") == &true.into() {
            let key = (effect.text("endpoint"), effect.text("body"));
            ids.entry(key).or_default().push(effect.text("id"));
        }
    }
    let mut events: BTreeMap<&str, usize> = BTreeMap::new();
    for event in record.facts.table("outbox").unwrap_or_default() {
        *events.entry(event.text("body")).or_default() += 1;
    }
    // A body that is none of an event's is still processed once at most.
    let allowed = |body: &str| events.get(body).copied().unwrap_or(1);
    let twice = ids.into_iter().filter(|((_, body), ids)| {
        let different: BTreeSet<&&str> = ids.iter().collect();
        ids.len() > allowed(body) || different.len() < ids.len()
    });
    let mut evidence: Vec<Evidence> = twice
        .map(|((endpoint, _), ids)| {
            let claim = format!(
                "{endpoint} processed it {} times, as {}",
                ids.len(),
                ids.join(", ")
            );
            Evidence::new(ids[0], claim)
        })
        .collect();
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for note in record
        .notes
        .iter()
        .filter(|it| it.name == "webhook_attempt")
    {
        let delivery = note.detail.text("delivery");
        named
            .entry(delivery)
            .or_default()
            .insert(note.detail.text("id"));
    }
    for (delivery, ids) in named.into_iter().filter(|(_, ids)| ids.len() > 1) {
        let claim = format!("its attempts carry {} ids", ids.len());
        evidence.push(Evidence::new(delivery, claim));
    }
    Ok(evidence)
}
