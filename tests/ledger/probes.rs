//! Small facts measured on a real PostgreSQL 15, replayed on the engine: SQLSTATEs, who waits, who dies,
//! after how long.
//!
//! The data names each situation and its outcome; the statements that bring it about stand here. Three
//! probes have no counterpart in an engine without NOTIFY and without processes and are left out by name.

use super::harness::Harness;
use super::hermitage::{data, engine_with};
use super::parse;
use super::situations::{
    admin_terminate, after_error, cancel_backend, check_then_insert, claim, connections, deadlock,
    disjoint_rows, foreign_key, idle_in_transaction, nowait, on_conflict_do_nothing, outbox,
    queue_claim, queue_order, read_only_anomaly, rr_concurrent_update, rr_snapshot, second_update,
    sequence, share_then_update, time_out, unique_insert_after_read, unique_insert_wait,
    upsert_increment, write_skew,
};
use model::ledger::engine::schema::Catalog;
use model::ledger::engine::statement::Outcome;
use model::ledger::engine::{SessionTimeouts, SqlError};
use serde_json::{Value as Json, json};

pub(super) const SECOND_NS: u64 = 1_000_000_000;

/// Probes about things the engine does not have.
const LEFT_OUT: &[&str] = &["notify", "note", "backend_sigkill"];

#[test]
fn probes_come_out_as_in_postgresql() {
    let Some(data) = data("the test of measured facts", "pg15-probes.json") else {
        return;
    };
    let probes = data["probes"].as_array().expect("a list of probes");
    let (mut same, mut left_out, mut differences) = (0, 0, Vec::new());
    for probe in probes {
        if LEFT_OUT.contains(&name(probe)) {
            left_out += 1;
            continue;
        }
        match replay(probe) {
            Ok(()) => same += 1,
            Err(what) => differences.push(format!("{}: {what}", name(probe))),
        }
    }
    eprintln!(
        "probes: {same} as in PostgreSQL, {} not, {left_out} left out",
        differences.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!((same, left_out), (46, 3));
}

pub(super) fn name(probe: &Json) -> &str {
    probe["probe"].as_str().expect("every probe has a name")
}

/// A handful of sessions on one schema, spoken to in SQL.
pub(super) struct Stage {
    pub(super) harness: Harness,
    pub(super) catalog: Catalog,
}

impl Stage {
    pub(super) fn new(setup: &str) -> Self {
        let catalog = parse::catalog(&parse::script(setup));
        Self {
            harness: Harness::new(engine_with(setup), 4),
            catalog,
        }
    }

    /// Executes a script in a session; the outcome of its last statement, `None` if that waits.
    pub(super) fn say(&mut self, session: usize, sql: &str) -> Option<Json> {
        let mut last = None;
        for statement in parse::script(sql) {
            let statement =
                parse::statement(&self.catalog, sql, &statement).expect("probes have no DDL");
            last = self
                .harness
                .step(session, statement)
                .map(|result| shown(&result));
        }
        last
    }

    /// Executes a script that must not wait.
    pub(super) fn now(&mut self, session: usize, sql: &str) -> Json {
        self.say(session, sql)
            .unwrap_or_else(|| panic!("{sql} waits"))
    }

    /// The outcome of a statement that had waited.
    pub(super) fn later(&mut self, session: usize) -> Json {
        let mut finished = self.harness.take_finished();
        finished
            .remove(&session)
            .map_or(Json::Null, |result| shown(&result))
    }

    pub(super) fn timeouts(&mut self, session: usize, timeouts: SessionTimeouts) {
        self.harness
            .engine
            .set_timeouts(self.harness.id(session), timeouts);
    }
}

/// An outcome as the data writes it, without wording and times.
pub(super) fn shown(result: &Result<Outcome, SqlError>) -> Json {
    match result {
        Err(error) => json!({ "sqlstate": error.state.code() }),
        Ok(outcome) if outcome.rows.is_empty() && outcome.tag.to_string().starts_with("SELECT") => {
            json!({ "ok": [] })
        }
        Ok(outcome) if outcome.rows.is_empty() => json!({ "ok": outcome.tag.to_string() }),
        Ok(outcome) => {
            let row = |row: &Vec<_>| row.iter().map(ToString::to_string).collect::<Vec<_>>();
            json!({ "ok": outcome.rows.iter().map(row).collect::<Vec<_>>() })
        }
    }
}

/// Compares one outcome of the data; an empty set of returned rows and a tag that counts none mean the same.
pub(super) fn same(probe: &Json, field: &str, actual: &Json) -> Result<(), String> {
    let mut expected = probe[field].clone();
    if let Some(fields) = expected.as_object_mut() {
        fields.remove("msg");
        fields.remove("ms");
    }
    let nothing = |outcome: &Json| {
        let tag = outcome["ok"].as_str().unwrap_or_default();
        outcome["ok"] == json!([]) || tag.starts_with("UPDATE 0") || tag.starts_with("INSERT 0 0")
    };
    if expected == *actual || (nothing(&expected) && nothing(actual)) {
        return Ok(());
    }
    Err(format!("{field} is {actual} instead of {expected}"))
}

pub(super) fn blocked(probe: &Json, outcome: &Option<Json>) -> Result<(), String> {
    if probe["blocked"] == json!(outcome.is_none()) {
        Ok(())
    } else {
        Err(format!("blocked is not {}", probe["blocked"]))
    }
}

pub(super) const T: &str =
    "create table t (id int primary key, v int); insert into t values (1, 10), (2, 20);";
pub(super) const ACCOUNTS: &str =
    "create table t (id int primary key, v int); insert into t values (1, 10), (2, 20);";
pub(super) const JOBS: &str = "create table jobs (id int primary key, state text); insert into jobs values (1, 'ready'), (2, 'ready'), (3, 'ready');";

fn replay(probe: &Json) -> Result<(), String> {
    let level = probe["level"].as_str().unwrap_or("read committed");
    match name(probe) {
        "unique_insert_wait" => unique_insert_wait(probe, level),
        "unique_insert_after_read_serializable" => unique_insert_after_read(probe),
        "on_conflict_do_nothing" => on_conflict_do_nothing(probe, level),
        "upsert_increment" => upsert_increment(probe, level),
        "rc_atomic_increment" => second_update(
            probe,
            "update t set v = v + 1 where id = 1 returning v",
            "11",
        ),
        "rc_epq_compare_and_set" => {
            second_update(probe, "update t set v = 99 where id = 1 and v = 10", "11")
        }
        "rr_concurrent_update" => rr_concurrent_update(probe),
        "rr_snapshot_taken_at_first_statement" => rr_snapshot(probe),
        "queue_claim_limit1" => queue_claim(probe),
        "deadlock" => deadlock(probe),
        "share_then_update_deadlock" => share_then_update(probe),
        "lock_timeout" | "statement_timeout" => time_out(probe),
        "after_error_in_txn" => after_error(probe),
        "for_update_nowait" => nowait(probe),
        "idle_in_transaction_session_timeout" => idle_in_transaction(probe),
        "outbox_highwater_skips_row" => outbox(probe),
        "sequence_not_rolled_back" => sequence(probe),
        "ssi_write_skew" => write_skew(probe),
        "ssi_disjoint_rows_small_table_seqscan" | "ssi_disjoint_rows_indexscan" => {
            disjoint_rows(probe)
        }
        "connection_exhaustion" => connections(),
        "admin_terminate" => admin_terminate(probe),
        "cancel_backend" => cancel_backend(probe),
        "claim_subselect_no_lock" | "claim_subselect_no_lock_recheck" => claim(probe, ""),
        "claim_subselect_for_update" => claim(probe, " for update"),
        "claim_subselect_skip_locked" => claim(probe, " for update skip locked"),
        "fk_delete_parent_vs_insert_child" => foreign_key(probe, true),
        "fk_insert_child_vs_delete_parent" => foreign_key(probe, false),
        "check_then_insert_no_unique_RC" => check_then_insert(probe),
        "ssi_read_only_anomaly" => read_only_anomaly(probe),
        "row_lock_queue_order" => queue_order(probe),
        other => Err(format!("no replay is written for {other}")),
    }
}
