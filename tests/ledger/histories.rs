//! The Ledger's likeness to PostgreSQL as its clients see it: which anomalies their histories show.
//!
//! A store that shows fewer is as unlike PostgreSQL as one that shows more: there, READ COMMITTED loses
//! updates and shows read skew, REPEATABLE READ shows write skew and nothing worse (it is snapshot
//! isolation), SERIALIZABLE shows nothing, not even to who looks at the clock. Every history is judged
//! by our checker and by another one, `adya`.
//!
//! Lists that clients compute are judged as registers that hold the last element: an append that makes
//! earlier ones vanish is none, and who takes it for one infers an order of versions that never was.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::ledger::engine::statement::Isolation as Level;
use sim::checkers::foreign::event::read_history;
use sim::checkers::foreign::reader::Reader;
use sim::checkers::foreign::transactions::{ListWords, RegisterTransactionWords};
use sim::checkers::transactions::rw_register::Assumptions;
use sim::checkers::transactions::{Anomaly, Isolation, Limits, Report, list_append, rw_register};
use sim::record::history::{History, Operation, Outcome};
use sim::record::value::Value;

use super::appends::Manner;
use super::clients::{Left, Trial};

const LEVELS: [Level; 3] = [
    Level::ReadCommitted,
    Level::RepeatableRead,
    Level::Serializable,
];
const SEEDS: u64 = 3;
/// Far more than it needs: its time is real, and a verdict must not depend on the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What PostgreSQL shows at a level.
struct Row {
    /// Anomalies that there must be.
    shown: &'static [Anomaly],
    /// What is promised, so that every anomaly that breaks it is missing.
    kept: Isolation,
    /// The same in the other checker's words, which know snapshots that are taken in real time.
    kept_in_their_words: &'static str,
    /// Whether appends that were acknowledged vanish, by who computes them.
    loses: fn(Manner) -> bool,
    /// The errors that clients may meet: each means that nothing was done.
    errors: &'static [&'static str],
}

fn row(level: Level) -> Row {
    match level {
        Level::ReadCommitted => Row {
            shown: &[Anomaly::LostUpdate, Anomaly::GSingle, Anomaly::G2Item],
            kept: Isolation::ReadCommitted,
            kept_in_their_words: "strong-read-committed",
            loses: |manner| manner == Manner::ByClient,
            errors: &["40P01", "55P03", "57014"],
        },
        Level::RepeatableRead => Row {
            shown: &[Anomaly::WriteSkew, Anomaly::G2Item],
            kept: Isolation::SnapshotIsolation,
            kept_in_their_words: "strong-snapshot-isolation",
            loses: |_| false,
            errors: &["40001", "40P01", "55P03", "57014"],
        },
        Level::Serializable => Row {
            shown: &[],
            kept: Isolation::StrictSerializable,
            kept_in_their_words: "strict-serializable",
            loses: |_| false,
            errors: &["40001", "40P01", "55P03", "57014"],
        },
    }
}

#[test]
fn appends_in_sql_show_the_anomalies_of_postgresql() {
    check_rows(Manner::InSql);
}

#[test]
fn appends_by_clients_show_the_anomalies_of_postgresql() {
    check_rows(Manner::ByClient);
}

#[track_caller]
fn check_rows(manner: Manner) {
    let (mut agreed, mut asked) = (0, 0);
    for level in LEVELS {
        for seed in 1..=SEEDS {
            let left = trial(manner, level, seed, 3_000);
            let judged = Judged::of(manner, &left);
            let about = format!("{manner:?} {level:?} seed {seed}");
            assert_eq!(judged.differences(manner, &row(level)), [""; 0], "{about}");
            let (same, all) = judged.agreement();
            (agreed, asked) = (agreed + same, asked + all);
            println!("{about}: {}", judged.summary());
        }
    }
    println!("{manner:?}: {agreed} of {asked} verdicts as adya's");
    assert_eq!(agreed, asked);
}

#[test]
fn no_level_shows_what_another_one_shows() {
    for manner in [Manner::InSql, Manner::ByClient] {
        for shown in LEVELS {
            let left = trial(manner, shown, 1, 1_000);
            let judged = Judged::of(manner, &left);
            for claimed in LEVELS {
                let fits = judged.differences(manner, &row(claimed)).is_empty();
                assert_eq!(
                    fits,
                    shown == claimed,
                    "{manner:?} {shown:?} taken for {claimed:?}"
                );
            }
        }
    }
}

fn trial(manner: Manner, isolation: Level, seed: u64, transactions: usize) -> Left {
    let trial = Trial {
        isolation,
        manner,
        seed,
        transactions,
    };
    trial.run()
}

/// A run with the judgements on it.
struct Judged {
    ours: Report,
    theirs: adya::History,
    workload: adya::Workload,
    /// How many transactions ended how: `ok`, `unknown`, or an error's code.
    ends: BTreeMap<String, u64>,
    /// Appends that were acknowledged and are not there, and appends that failed and are.
    lost: usize,
    risen: usize,
}

impl Judged {
    fn of(manner: Manner, left: &Left) -> Judged {
        let text = lines(manner, &left.history);
        let reader = Reader::new(&text).expect("clients write histories");
        let (ours, workload) = match manner {
            Manner::InSql => {
                let history = read_history(reader, &ListWords).expect("of lists");
                let report = list_append::analyse(&history, Limits::USUAL);
                (report, adya::Workload::ListAppend)
            }
            Manner::ByClient => {
                let words = &RegisterTransactionWords;
                let history = read_history(reader, words).expect("of registers");
                let known = Assumptions {
                    writes_follow_reads: true,
                    ..Assumptions::none()
                };
                let report = rw_register::analyse(&history, &known, Limits::USUAL);
                (report, adya::Workload::RwRegister)
            }
        };
        let mut ends = BTreeMap::new();
        for (_, operation) in left.history.iter() {
            *ends.entry(end(operation)).or_default() += 1;
        }
        let is_there = |(key, element): &(i64, i64)| {
            let list = left.lists.get(key);
            list.is_some_and(|list| list.contains(element))
        };
        let appends = |ok| {
            let operations = left.history.iter().map(|(_, operation)| operation);
            let ended = operations.filter(move |operation| operation.is_ok() == ok);
            ended.flat_map(|operation| appends(&operation.input))
        };
        Judged {
            ours,
            theirs: adya::History::from_json(&text).expect("clients write histories"),
            workload,
            ends,
            lost: appends(true).filter(|append| !is_there(append)).count(),
            risen: appends(false).filter(is_there).count(),
        }
    }

    /// How this run is unlike a row; empty when it is not.
    fn differences(&self, manner: Manner, row: &Row) -> Vec<String> {
        let mut found = Vec::new();
        let verdict = self.ours.verdict(row.kept);
        if verdict.word() != "held" {
            found.push(format!("{} is {verdict}", row.kept));
        }
        let theirs = self.their_report(row.kept_in_their_words);
        if theirs.valid != adya::Valid::True {
            let types = &theirs.anomaly_types;
            found.push(format!("adya: {} shows {types:?}", row.kept_in_their_words));
        }
        let missing = row.shown.iter().filter(|one| self.ours.count(**one) == 0);
        found.extend(missing.map(|anomaly| format!("no {anomaly}")));
        if (self.lost > 0) != (row.loses)(manner) {
            found.push(format!("{} acknowledged appends are gone", self.lost));
        }
        if self.risen > 0 {
            found.push(format!("{} failed appends took effect", self.risen));
        }
        let strange = |end: &&String| *end != "ok" && !row.errors.contains(&end.as_str());
        let strange = self.ends.keys().filter(strange);
        found.extend(strange.map(|end| format!("transactions ended with {end}")));
        found
    }

    fn their_report(&self, model: &str) -> adya::Report {
        let options = adya::Opts {
            models: vec![model.to_owned()],
            timeout: PATIENCE,
            wfr_keys: true,
            ..adya::Opts::default()
        };
        adya::check(&self.theirs, self.workload, &options)
    }

    /// On how many levels both checkers answer alike, of how many. A transaction that reads a key twice
    /// with different results is left out of one: Elle's tables, which `adya` follows, do not hold that
    /// against repeatable read, though it is the very read that Adya's PL-2.99 rules out.
    fn agreement(&self) -> (usize, usize) {
        let of_interest = |level: &Isolation| {
            *level != Isolation::RepeatableRead || self.ours.count(Anomaly::Internal) == 0
        };
        let levels: Vec<_> = Isolation::ALL.into_iter().filter(of_interest).collect();
        let alike = |level: &&Isolation| {
            let theirs = match self.their_report(level.name()).valid {
                adya::Valid::True => "held",
                adya::Valid::False => "violated",
                adya::Valid::Unknown => "unknown",
            };
            self.ours.verdict(**level).word() == theirs
        };
        (levels.iter().filter(alike).count(), levels.len())
    }

    fn summary(&self) -> String {
        let ours = self.ours.anomalies();
        let ours: Vec<_> = ours
            .map(|one| format!("{one} {}", self.ours.count(one)))
            .collect();
        let theirs = self.their_report("strict-serializable").anomaly_types;
        let theirs: BTreeSet<_> = theirs.into_iter().collect();
        let (ends, lost) = (&self.ends, self.lost);
        format!("{ends:?}, {lost} lost; {ours:?}; adya {theirs:?}")
    }
}

fn end(operation: &Operation) -> String {
    match &operation.outcome {
        Outcome::Ok(_) => "ok".to_owned(),
        Outcome::Unknown(_) => "unknown".to_owned(),
        Outcome::Fail(state) => state.as_text().expect("an error has a code").to_owned(),
    }
}

fn items(list: &Value) -> &[Value] {
    match list {
        Value::List(items) => items,
        other => panic!("clients tell lists, not {other:?}"),
    }
}

fn appends(steps: &Value) -> impl Iterator<Item = (i64, i64)> {
    items(steps).iter().filter_map(|step| match items(step) {
        [Value::Text(name), Value::Int(key), Value::Int(element)] if name == "append" => {
            Some((*key, *element))
        }
        _ => None,
    })
}

/// The history in the form that Jepsen made common, one event a line.
fn lines(manner: Manner, history: &History) -> String {
    let mut events = Vec::new();
    for (id, operation) in history.iter() {
        let (_, process) = operation
            .process
            .split_once('-')
            .expect("clients have numbers");
        let line = |kind: &str, steps: &Value| {
            let steps = match manner {
                Manner::InSql => steps.clone(),
                Manner::ByClient => as_registers(steps),
            };
            let steps = serde_json::to_string(&steps).expect("plain data");
            format!(r#"{{"type":"{kind}","process":{process},"f":"txn","value":{steps}}}"#)
        };
        events.push((
            operation.invoked,
            false,
            id,
            line("invoke", &operation.input),
        ));
        let Some(completed) = operation.completed else {
            continue;
        };
        let completion = match &operation.outcome {
            Outcome::Ok(steps) => line("ok", steps),
            Outcome::Fail(_) => line("fail", &operation.input),
            Outcome::Unknown(_) => line("info", &operation.input),
        };
        events.push((completed, true, id, completion));
    }
    // Of one instant the invocations come first: what ended in it did not end before they began.
    events.sort_by_key(|(at, completes, id, _)| (*at, *completes, *id));
    events.into_iter().map(|(.., line)| line + "\n").collect()
}

/// The steps as of registers that hold the last element of a list.
fn as_registers(steps: &Value) -> Value {
    let step = |step: &Value| {
        Value::List(match items(step) {
            [Value::Text(name), key, element] if name == "append" => {
                vec!["w".into(), key.clone(), element.clone()]
            }
            [read, key, Value::List(seen)] => {
                let last = seen.last().cloned().unwrap_or_default();
                vec![read.clone(), key.clone(), last]
            }
            unanswered => unanswered.to_vec(),
        })
    };
    Value::List(items(steps).iter().map(step).collect())
}
