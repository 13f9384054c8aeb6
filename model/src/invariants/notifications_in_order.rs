//! What a device shows has no gap, no repetition, and no wrong order, over all its streams.
//!
//! Judged at every moment, device by device, by the numbers of what it has shown: each is one more than
//! that before, from 1. It does not judge whether the device has shown all there is, nor whether what it
//! has shown is true (see `views_converge`).

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;

pub(super) const CHECK: Check = Check {
    name: "notifications_in_order",
    kind: Kind::Always,
    promise: "each device shows its user's notifications in order, without gap or repetition, whatever instances it was connected to",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut shown: BTreeMap<&str, i64> = BTreeMap::new();
    let mut evidence = Vec::new();
    let notes = record.notes.iter();
    for note in notes.filter(|note| note.name == "notification_shown") {
        let number = note.detail.get("number").as_int();
        let number = number.ok_or("a notification was shown without its number")?;
        let last = shown.insert(&note.node, number).unwrap_or(0);
        if number != last + 1 {
            let stream = note.detail.text("stream");
            let claim = format!("it showed notification {number} after {last} (stream {stream})");
            let mut one = Evidence::new(note.node.as_str(), claim);
            one.at = Some(note.at);
            evidence.push(one);
        }
    }
    Ok(evidence)
}
