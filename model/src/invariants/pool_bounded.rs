//! Connections are bounded, and none is lost.
//!
//! Judged at every moment: the Ledger never has more sessions open than its limit (its notes
//! `connections`, `{client, open, limit}`, one whenever it opens or refuses a session), and no pool has
//! a place taken that nobody holds (notes `pool`). Judged at rest, over the table `sessions`
//! (`{client, state, idle_ms}`, states as in PostgreSQL's `pg_stat_activity`): no client whose pool is
//! known has used more sessions in the last half minute than its pool may open, which is where
//! connections that a pool lost would be, and no session idles inside a transaction for longer than
//! any client waits between two statements. Sessions that idle for longer than a client keeps one are
//! those of connections that broke, and are not counted: the Ledger closes them when the next one is
//! opened. It does not judge how long anybody waited for a connection: waits without end are for
//! `everything_settles`.

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::note::Note;

pub(super) const CHECK: Check = Check {
    name: "pool_bounded",
    kind: Kind::Always,
    promise: "connections stay within their limits; none is leaked at rest",
    judge,
};

/// No client of the Ledger lets a transaction wait for so long.
const BETWEEN_STATEMENTS_MS: i64 = 10_000;
/// No client keeps a connection that it has not used for so long.
const FORGOTTEN_MS: i64 = 30_000;

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut evidence = Vec::new();
    let mut pools: BTreeMap<&str, i64> = BTreeMap::new();
    let mut any_connection = false;
    for note in &record.notes {
        match (note.name.as_str(), note.detail.text("event")) {
            ("connections", _) => {
                any_connection = true;
                let (open, limit) = (number(note, "open")?, number(note, "limit")?);
                if open > limit {
                    let client = note.detail.text("client");
                    let claim = format!("{client} made it {open} sessions, of {limit} at most");
                    evidence.push(shown(note, claim));
                }
            }
            ("pool", "opened") => {
                pools.insert(&note.node, number(note, "max")?);
            }
            ("pool", "leaked") => {
                let (busy, leases) = (number(note, "busy")?, number(note, "leases")?);
                let claim = format!("{busy} connections are taken, and only {leases} held");
                evidence.push(shown(note, claim));
            }
            _ => {}
        }
    }
    // Where no session was ever opened none can be left; otherwise it must be known how it ended.
    if any_connection || record.facts.table("sessions").is_ok() {
        match left_at_rest(record, &pools) {
            Ok(left) => evidence.extend(left),
            Err(reason) if evidence.is_empty() => return Err(reason),
            Err(_) => {}
        }
    }
    Ok(evidence)
}

fn left_at_rest(record: &Record, pools: &BTreeMap<&str, i64>) -> Result<Vec<Evidence>, String> {
    let mut evidence = Vec::new();
    let mut sessions: BTreeMap<&str, i64> = BTreeMap::new();
    for row in record.facts.table("sessions")? {
        let (client, idle_ms) = (
            row.text("client"),
            row.get("idle_ms").as_int().unwrap_or_default(),
        );
        if idle_ms < FORGOTTEN_MS {
            *sessions.entry(client).or_default() += 1;
        }
        let state = row.text("state");
        if state.starts_with("idle in transaction") && idle_ms > BETWEEN_STATEMENTS_MS {
            let claim = format!("a session of it is left {state}");
            evidence.push(Evidence::new(client, claim));
        }
    }
    for (client, count) in sessions {
        let Some(max) = pools.get(client) else {
            continue;
        };
        if count > *max {
            let claim = format!("{count} sessions of it are open, of a pool of {max}");
            evidence.push(Evidence::new(client, claim));
        }
    }
    Ok(evidence)
}

fn shown(note: &Note, claim: String) -> Evidence {
    Evidence {
        at: Some(note.at),
        ..Evidence::new(note.node.as_str(), claim)
    }
}

fn number(note: &Note, name: &str) -> Result<i64, String> {
    let found = note.detail.get(name).as_int();
    found.ok_or_else(|| format!("a note `{}` of {} has no `{name}`", note.name, note.node))
}
