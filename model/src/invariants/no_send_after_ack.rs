//! Once an acknowledgement is recorded, its delivery is not sent again.
//!
//! Judged over the attempts that the Ledger holds at the end: an attempt that was recorded as
//! acknowledged is its delivery's last. An acknowledgement that was heard and died with its hearer was
//! not recorded, and the delivery is rightly sent again.

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;

pub(super) const CHECK: Check = Check {
    name: "no_send_after_ack",
    kind: Kind::Always,
    promise: "once an acknowledgement is recorded, no further attempt is made for that delivery",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    let mut acknowledged: BTreeMap<&str, i64> = BTreeMap::new();
    for attempt in record.facts.table("attempts")? {
        let token = attempt
            .get("token")
            .as_int()
            .ok_or_else(|| format!("an attempt of {} has no token", attempt.text("delivery")))?;
        let delivery = attempt.text("delivery");
        let latest = last.entry(delivery).or_insert(token);
        *latest = token.max(*latest);
        if attempt.text("outcome") == "acknowledged" {
            let first = acknowledged.entry(delivery).or_insert(token);
            *first = token.min(*first);
        }
    }
    let judged = acknowledged.into_iter().filter_map(|(delivery, token)| {
        let last = last.get(delivery).copied().unwrap_or(token);
        let claim =
            format!("attempt {token} was acknowledged, and attempt {last} was made after it");
        (last > token).then(|| Evidence::new(delivery, claim))
    });
    Ok(judged.collect())
}
