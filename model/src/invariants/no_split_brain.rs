//! No two servers acknowledge commits in one reign, and none does in a reign that is over.
//!
//! Judged over the servers' notes `ledger_commit` (`{epoch, upto}`, one just before a commit is acknowledged) and the
//! operator's notes `ledger_failover` (`{epoch, from, to}`): all commits of an epoch are of one server, which is the
//! one that the operator named for it, and once an epoch is begun none of an earlier one is acknowledged. That is what
//! a lease and its fencing are for (Gray and Cheriton, "Leases", 1989). A Ledger of one server leaves no such notes and
//! promises nothing here. What a failover loses is for `acked_writes_survive`.

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::note::Note;

pub(super) const CHECK: Check = Check {
    name: "no_split_brain",
    kind: Kind::Always,
    promise: "at any time one server of the Ledger acknowledges commits, and no fenced one does",
    judge,
};

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut leaders: BTreeMap<i64, &str> = BTreeMap::new();
    let mut latest: Option<i64> = None;
    let mut shown = BTreeSet::new();
    let mut evidence = Vec::new();
    for note in &record.notes {
        let (epoch, server) = match note.name.as_str() {
            "ledger_failover" => (number(note)?, note.detail.text("to")),
            "ledger_commit" => (number(note)?, note.node.as_str()),
            _ => continue,
        };
        let leader = *leaders.entry(epoch).or_insert(server);
        let wrong = if leader != server {
            Some(format!("in epoch {epoch}, which is {leader}'s"))
        } else {
            let later = latest.filter(|latest| *latest > epoch);
            later.map(|later| format!("in epoch {epoch} after epoch {later} had begun"))
        };
        // One commit shows it; there may be hundreds.
        if let Some(wrong) = wrong
            && shown.insert((server, epoch))
        {
            evidence.push(Evidence {
                at: Some(note.at),
                ..Evidence::new(server, format!("{server} acknowledged a commit {wrong}"))
            });
        }
        latest = latest.max(Some(epoch));
    }
    Ok(evidence)
}

fn number(note: &Note) -> Result<i64, String> {
    let found = note.detail.get("epoch").as_int();
    found.ok_or_else(|| format!("a note `{}` of {} has no `epoch`", note.name, note.node))
}
