//! Everything that is derived from the Ledger comes to show what the Ledger holds.
//!
//! Judged after heal. [`inboxes`]: users' notifications are what events and senders had to tell them, and
//! their devices show exactly those. [`index`]: the search index holds every asset as it is, and answers that
//! said they were up to date were. It does not judge in which order they came there (see
//! `notifications_in_order`), nor how long it took.

mod inboxes;
mod index;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;

pub(super) const CHECK: Check = Check {
    name: "views_converge",
    kind: Kind::Eventually,
    promise: "stored notifications, counts of the unread, connected devices and the search index equal the Ledger's truth",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut evidence = inboxes::judge(record)?;
    evidence.extend(index::judge(record)?);
    Ok(evidence)
}
