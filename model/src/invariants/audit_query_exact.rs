//! A query of the audit answers with exactly the entries asked for.
//!
//! Judged page by page, and over the pages of one query: a query is the pages that one client asked for one
//! after the other. What is answered is in the audit, belongs to what was asked, and comes in the order of
//! the numbers, each entry once. From where a query began to where a page ends nothing is left out that was
//! certainly committed when the query began: what the client of a registration or a rename had been told
//! by then, or what an earlier query had answered. Entries that were committed meanwhile may be there or
//! not. It does not judge how entries came to be (see `audit_complete`).

use std::collections::{BTreeMap, BTreeSet};

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::{Operation, OperationId};
use sim::record::value::Value;
use sim::time::SimTime;

use super::list;

pub(super) const CHECK: Check = Check {
    name: "audit_query_exact",
    kind: Kind::Always,
    promise: "the pages of an audit query hold what was committed when it began, in order, each entry once, and nothing else",
    judge,
};

/// One query: its pages in the order in which they were asked for.
struct Query<'a> {
    began: SimTime,
    pages: Vec<(OperationId, &'a Operation)>,
}

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let queries = queries(record);
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    let rows = record.facts.table("audit")?;
    let by_entry: BTreeMap<i64, &Value> = rows.iter().map(|row| (entry(row), row)).collect();
    let known = known(record, &by_entry);
    let mut evidence = Vec::new();
    for query in queries {
        let mut judged = Judged {
            by_entry: &by_entry,
            known: &known,
            evidence: Vec::new(),
        };
        judged.judge(&query);
        evidence.append(&mut judged.evidence);
    }
    Ok(evidence)
}

fn entry(row: &Value) -> i64 {
    row.get("entry").as_int().unwrap_or(-1)
}

fn queries(record: &Record) -> Vec<Query<'_>> {
    let mut queries: BTreeMap<&str, Query<'_>> = BTreeMap::new();
    for (id, operation) in record.history.iter() {
        if operation.function == "page_audit" && operation.is_ok() {
            let query = queries.entry(&operation.process).or_insert_with(|| Query {
                began: operation.invoked,
                pages: Vec::new(),
            });
            query.pages.push((id, operation));
        }
    }
    queries.into_values().collect()
}

/// Since when an entry is certainly committed, for those of which that is known.
fn known(record: &Record, by_entry: &BTreeMap<i64, &Value>) -> BTreeMap<i64, SimTime> {
    let mut told: BTreeMap<(&str, &str, i64), SimTime> = BTreeMap::new();
    let mut known: BTreeMap<i64, SimTime> = BTreeMap::new();
    for (_, operation) in record.history.iter() {
        let (Some(answer), Some(at)) = (operation.answer(), operation.completed) else {
            continue;
        };
        match operation.function.as_str() {
            "register" => {
                let asset = answer.text("asset");
                told.entry((asset, "created", 1)).or_insert(at);
            }
            "rename" => {
                for change in list(answer.get("renamed")) {
                    let version = change.get("version").as_int().unwrap_or(0);
                    let named = (change.text("asset"), "renamed", version);
                    told.entry(named).or_insert(at);
                }
            }
            "page_audit" => {
                for row in list(answer.get("page")) {
                    let since = known.entry(entry(row)).or_insert(at);
                    *since = at.min(*since);
                }
            }
            _ => {}
        }
    }
    for (entry, row) in by_entry {
        let version = row.get("version").as_int().unwrap_or(0);
        let named = (row.text("asset"), row.text("action"), version);
        if let Some(at) = told.get(&named) {
            let since = known.entry(*entry).or_insert(*at);
            *since = (*at).min(*since);
        }
    }
    known
}

struct Judged<'a> {
    by_entry: &'a BTreeMap<i64, &'a Value>,
    known: &'a BTreeMap<i64, SimTime>,
    evidence: Vec<Evidence>,
}

impl Judged<'_> {
    fn judge(&mut self, query: &Query<'_>) {
        let mut seen = BTreeSet::new();
        let mut last = 0;
        for (id, page) in &query.pages {
            let Some(answer) = page.answer() else {
                continue;
            };
            for told in list(answer.get("page")) {
                let number = entry(told);
                if !self.is_there(told, &page.input) {
                    self.blame(
                        number,
                        *id,
                        "it was answered, and is not in what was asked for",
                    );
                }
                if number <= last {
                    self.blame(number, *id, &format!("it was answered after entry {last}"));
                }
                last = number;
                seen.insert(number);
            }
            let end = match answer.get("next").as_int() {
                Some(_) => last,
                None => i64::MAX,
            };
            self.judge_missing(query.began, &page.input, end, &mut seen, *id);
        }
    }

    /// Whether the audit has an answered entry, and it was asked for.
    fn is_there(&self, told: &Value, asked: &Value) -> bool {
        let same = |row: &&&Value| {
            let columns = ["asset", "action", "actor", "at"];
            columns.iter().all(|it| row.get(it) == told.get(it))
        };
        let row = self.by_entry.get(&entry(told)).filter(same);
        row.is_some_and(|row| is_asked_for(row, asked))
    }

    /// What is left out up to a number, each once.
    fn judge_missing(
        &mut self,
        began: SimTime,
        asked: &Value,
        end: i64,
        seen: &mut BTreeSet<i64>,
        id: OperationId,
    ) {
        let mut missing = Vec::new();
        for (number, row) in self.by_entry.range(..=end) {
            let was_there = self.known.get(number).is_some_and(|since| *since < began);
            if was_there && is_asked_for(row, asked) && seen.insert(*number) {
                missing.push(*number);
            }
        }
        for number in missing {
            let claim = "it was committed when the query began, and the pages leave it out";
            self.blame(number, id, claim);
        }
    }

    fn blame(&mut self, number: i64, id: OperationId, claim: &str) {
        let one = Evidence::new(format!("audit entry {number}"), claim);
        self.evidence.push(one.shown_by(id));
    }
}

fn is_asked_for(row: &Value, asked: &Value) -> bool {
    match asked.text("by") {
        "asset" => row.text("asset") == asked.text("asset"),
        "actor" => row.text("actor") == asked.text("actor"),
        _ => {
            let at = row.get("at").as_int();
            at >= asked.get("from").as_int() && at <= asked.get("until").as_int()
        }
    }
}
