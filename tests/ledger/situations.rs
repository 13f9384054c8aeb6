//! The situations of the probes, each as the statements that bring it about.
//!
//! A function here plays one situation on the engine and compares what it measures with what a real
//! server did; which probe wants which function stands in `probes`.

use super::probes::{ACCOUNTS, JOBS, SECOND_NS, Stage, T, blocked, name, same, shown};
use model::ledger::engine::schema::Catalog;
use model::ledger::engine::{Engine, EngineConfig, Reply, SessionTimeouts};
use serde_json::{Value as Json, json};

pub(super) fn unique_insert_wait(probe: &Json, level: &str) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.now(
        0,
        &format!("begin isolation level {level}; insert into t values (7, 1)"),
    );
    stage.now(1, &format!("begin isolation level {level}"));
    blocked(probe, &stage.say(1, "insert into t values (7, 2)"))?;
    stage.now(0, probe["first"].as_str().expect("commit or rollback"));
    same(probe, "second", &stage.later(1))?;
    same(probe, "second_commit", &stage.now(1, "commit"))
}

pub(super) fn unique_insert_after_read(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    for session in [0, 1] {
        stage.now(
            session,
            "begin isolation level serializable; select * from t where id = 7",
        );
    }
    stage.now(0, "insert into t values (7, 1)");
    blocked(probe, &stage.say(1, "insert into t values (7, 2)"))?;
    stage.now(0, "commit");
    same(probe, "second", &stage.later(1))
}

pub(super) fn on_conflict_do_nothing(probe: &Json, level: &str) -> Result<(), String> {
    let mut stage = Stage::new("create table t (id int primary key, v int);");
    stage.now(
        1,
        &format!("begin isolation level {level}; select v from t where id = 1"),
    );
    stage.now(0, "begin; insert into t values (1, 1)");
    blocked(
        probe,
        &stage.say(
            1,
            "insert into t values (1, 2) on conflict do nothing returning id",
        ),
    )?;
    stage.now(0, "commit");
    same(probe, "second", &stage.later(1))?;
    same(
        probe,
        "select_after",
        &stage.now(1, "select v from t where id = 1"),
    )
}

pub(super) fn upsert_increment(probe: &Json, level: &str) -> Result<(), String> {
    let mut stage = Stage::new("create table t (id int primary key, v int);");
    let upsert =
        "insert into t values (1, 1) on conflict (id) do update set v = t.v + 1 returning v";
    for session in [0, 1] {
        stage.now(
            session,
            &format!("begin isolation level {level}; select v from t where id = 1"),
        );
    }
    same(probe, "first", &stage.now(0, upsert))?;
    blocked(probe, &stage.say(1, upsert))?;
    stage.now(0, "commit");
    same(probe, "second", &stage.later(1))
}

pub(super) fn second_update(probe: &Json, second: &str, first: &str) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.now(0, &format!("begin; update t set v = {first} where id = 1"));
    stage.now(1, "begin");
    blocked(probe, &stage.say(1, second))?;
    stage.now(0, "commit");
    same(probe, "second", &stage.later(1))
}

pub(super) fn rr_concurrent_update(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.now(
        1,
        "begin isolation level repeatable read; select v from t where id = 1",
    );
    stage.now(0, "begin; update t set v = 11 where id = 1");
    blocked(probe, &stage.say(1, "update t set v = 12 where id = 1"))?;
    stage.now(0, probe["first"].as_str().expect("commit or rollback"));
    same(probe, "second", &stage.later(1))?;
    same(
        probe,
        "next_stmt",
        &stage.now(1, "select id from t where id = 1"),
    )?;
    same(probe, "commit", &stage.now(1, "commit"))
}

pub(super) fn rr_snapshot(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.now(1, "begin isolation level repeatable read");
    stage.now(0, "update t set v = 11 where id = 1");
    same(
        probe,
        "after_begin_then_other_commit",
        &stage.now(1, "select v from t where id = 1"),
    )?;
    stage.now(0, "update t set v = 12 where id = 1");
    same(
        probe,
        "after_second_commit",
        &stage.now(1, "select v from t where id = 1"),
    )
}

pub(super) fn queue_claim(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(JOBS);
    let lock = probe["lock"].as_str().expect("a locking clause");
    let claim = format!("select id from jobs where state = 'ready' order by id limit 1 {lock}");
    stage.now(0, "begin");
    same(probe, "first", &stage.now(0, &claim))?;
    stage.now(0, "update jobs set state = 'taken' where id = 1");
    stage.now(1, "begin");
    let second = stage.say(1, &claim);
    blocked(probe, &second)?;
    stage.now(0, "commit");
    let second = second.unwrap_or_else(|| stage.later(1));
    same(probe, "second", &second)
}

pub(super) fn deadlock(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    let delay_ns = (probe["second_wait_starts_at_s"].as_f64().expect("seconds") * 1e9) as u64;
    stage.now(0, "begin; update t set v = 1 where id = 1");
    stage.now(1, "begin; update t set v = 2 where id = 2");
    if stage.say(0, "update t set v = 1 where id = 2").is_some() {
        return Err("the first does not wait".to_owned());
    }
    let first_began = stage.harness.now_ns;
    stage.harness.sleep(delay_ns);
    if stage.say(1, "update t set v = 2 where id = 1").is_some() {
        return Err("the second does not wait".to_owned());
    }
    let second_began = stage.harness.now_ns;
    let first_dies = probe["first_waiter"]["sqlstate"] == "40P01";
    let (victim, began, field) = if first_dies {
        (0, first_began, "first_waiter")
    } else {
        (1, second_began, "second_waiter")
    };
    let due = began + SECOND_NS;
    stage.harness.sleep(due - 1 - stage.harness.now_ns);
    if stage.later(victim) != Json::Null {
        return Err("the victim dies before its deadlock timeout".to_owned());
    }
    stage.harness.sleep(1);
    let mut finished = stage.harness.take_finished();
    let dead = finished
        .remove(&victim)
        .ok_or("nobody dies after the deadlock timeout")?;
    same(probe, field, &shown(&dead))?;
    let other = if first_dies {
        "second_waiter"
    } else {
        "first_waiter"
    };
    let survivor = finished
        .remove(&(1 - victim))
        .ok_or("the survivor does not go on")?;
    same(probe, other, &shown(&survivor))
}

pub(super) fn share_then_update(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    for session in [0, 1] {
        stage.now(session, "begin; select v from t where id = 1 for share");
    }
    stage.say(0, "update t set v = 1 where id = 1");
    stage.harness.sleep(SECOND_NS * 3 / 10);
    stage.say(1, "update t set v = 2 where id = 1");
    stage.harness.sleep(SECOND_NS * 7 / 10);
    let mut finished = stage.harness.take_finished();
    for (session, field) in [(0, "first"), (1, "second")] {
        let result = finished
            .remove(&session)
            .ok_or_else(|| format!("{field} still waits"))?;
        same(probe, field, &shown(&result))?;
    }
    Ok(())
}

pub(super) fn time_out(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.now(0, "begin; update t set v = 1 where id = 1");
    let limit = Some(SECOND_NS * 3 / 10);
    stage.timeouts(
        1,
        match name(probe) {
            "lock_timeout" => SessionTimeouts {
                lock_ns: limit,
                ..SessionTimeouts::default()
            },
            _ => SessionTimeouts {
                statement_ns: limit,
                ..SessionTimeouts::default()
            },
        },
    );
    stage.say(1, "update t set v = 2 where id = 1");
    stage.harness.sleep(SECOND_NS * 3 / 10 - 1);
    if stage.later(1) != Json::Null {
        return Err("the time-out comes too early".to_owned());
    }
    stage.harness.sleep(1);
    same(probe, "r", &stage.later(1))
}

pub(super) fn after_error(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.now(0, "begin; insert into t values (1, 1)");
    same(probe, "next", &stage.now(0, "select v from t where id = 1"))?;
    same(probe, "commit", &stage.now(0, "commit"))
}

pub(super) fn nowait(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.now(0, "begin; select id from t where id = 1 for update");
    same(
        probe,
        "r",
        &stage.now(1, "select id from t where id = 1 for update nowait"),
    )?;
    same(
        probe,
        "skip",
        &stage.now(
            1,
            "select id from t order by id limit 1 for update skip locked",
        ),
    )
}

pub(super) fn idle_in_transaction(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.timeouts(
        0,
        SessionTimeouts {
            idle_in_transaction_ns: Some(SECOND_NS / 5),
            ..SessionTimeouts::default()
        },
    );
    stage.now(0, "begin; update t set v = 1 where id = 1");
    stage.harness.sleep(SECOND_NS / 5);
    same(probe, "r", &stage.now(0, "select v from t where id = 1"))?;
    // The connection is gone, and with it the lock and the change.
    let after = stage.now(1, "select v from t where id = 1 for update nowait");
    if after == json!({ "ok": [["10"]] }) {
        Ok(())
    } else {
        Err(format!("the change stays: {after}"))
    }
}

pub(super) fn outbox(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new("create sequence s; create table o (id int primary key);");
    let mut ids = Vec::new();
    for session in [0, 1] {
        stage.now(session, "begin");
        let id = stage.now(session, "select nextval('s')");
        let number = id["ok"][0][0].as_str().expect("a number").to_owned();
        stage.now(session, &format!("insert into o values ({number})"));
        ids.push(json!({ "ok": id["ok"] }));
    }
    for (id, expected) in ids
        .iter()
        .zip(probe["ids"].as_array().expect("two numbers"))
    {
        same(&json!({ "id": expected }), "id", id)?;
    }
    stage.now(1, "commit");
    let before = stage.now(2, "select id from o where id > 0 order by id");
    stage.now(0, "commit");
    let after = stage.now(2, "select id from o where id > 2 order by id");
    let skipped = before == json!({ "ok": [["2"]] }) && after == json!({ "ok": [] });
    if skipped {
        Ok(())
    } else {
        Err(format!("the poller sees {before}, then {after}"))
    }
}

pub(super) fn sequence(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new("create sequence s; create table o (id int primary key);");
    stage.now(0, "begin; select nextval('s')");
    stage.now(0, "rollback");
    same(probe, "next", &stage.now(0, "select nextval('s')"))
}

pub(super) fn write_skew(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(ACCOUNTS);
    for session in [0, 1] {
        stage.now(
            session,
            "begin isolation level serializable; select sum(v) from t",
        );
    }
    let updates = [
        "update t set v = v - 1 where id = 1",
        "update t set v = v - 1 where id = 2",
    ];
    for (session, update) in updates.iter().enumerate() {
        let expected = json!({ "update": probe["stmts"][session] });
        same(&expected, "update", &stage.now(session, update))?;
    }
    let (first, second) = if probe["order"] == "ab" {
        (0, 1)
    } else {
        (1, 0)
    };
    same(probe, "first_commit", &stage.now(first, "commit"))?;
    same(probe, "second_commit", &stage.now(second, "commit"))
}

pub(super) fn disjoint_rows(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(ACCOUNTS);
    for (session, id) in [(0, 1), (1, 2)] {
        let read = format!("select v from t where id = {id}");
        stage.now(
            session,
            &format!(
                "begin isolation level serializable; {read}; update t set v = 0 where id = {id}"
            ),
        );
    }
    same(probe, "c1", &stage.now(0, "commit"))?;
    same(probe, "c2", &stage.now(1, "commit"))
}

pub(super) fn connections() -> Result<(), String> {
    let config = EngineConfig {
        connections_max: 20,
        ..EngineConfig::postgresql_15()
    };
    let mut engine = Engine::new(Catalog::default(), config).expect("an empty schema is sound");
    let ordinary = (0..30)
        .take_while(|_| engine.open_session(false).is_ok())
        .count();
    let refused = engine.open_session(false).expect_err("the slots are taken");
    let superusers = (0..30)
        .take_while(|_| engine.open_session(true).is_ok())
        .count();
    let full = engine.open_session(true).expect_err("all slots are taken");
    let right = (ordinary, superusers) == (17, 3)
        && refused.state.code() == "53300"
        && full.state.code() == "53300";
    let worded = refused.message.starts_with("remaining connection slots")
        && full.message.starts_with("sorry, too many");
    if right && worded {
        Ok(())
    } else {
        Err(format!("{ordinary} {superusers} {refused} {full}"))
    }
}

pub(super) fn admin_terminate(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.now(0, "begin; update t set v = 1 where id = 1");
    let (id, now_ns) = (stage.harness.id(0), stage.harness.now_ns);
    stage.harness.engine.terminate(id, now_ns);
    match stage
        .harness
        .engine
        .take_completions()
        .pop()
        .map(|completion| completion.reply)
    {
        Some(Reply::Terminated(error)) => same(probe, "sqlstate", &json!(error.state.code())),
        other => Err(format!("{other:?}")),
    }
}

pub(super) fn cancel_backend(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(T);
    stage.now(0, "begin; update t set v = 1 where id = 1");
    stage.say(1, "update t set v = 2 where id = 1");
    let (id, now_ns) = (stage.harness.id(1), stage.harness.now_ns);
    stage.harness.engine.cancel(id, now_ns);
    stage.harness.sleep(0);
    same(probe, "r", &stage.later(1))
}

pub(super) fn claim(probe: &Json, lock: &str) -> Result<(), String> {
    let mut stage = Stage::new(JOBS);
    let recheck = if name(probe).ends_with("recheck") {
        " and state = 'ready'"
    } else {
        ""
    };
    let claim = format!(
        "update jobs set state = 'taken' where id = (select id from jobs where state = 'ready' order by id limit 1{lock}){recheck} returning id"
    );
    for session in [0, 1] {
        stage.now(session, "begin");
    }
    same(probe, "first", &stage.now(0, &claim))?;
    let second = stage.say(1, &claim);
    blocked(probe, &second)?;
    stage.now(0, "commit");
    let second = second.unwrap_or_else(|| stage.later(1));
    same(probe, "second", &second)
}

pub(super) fn foreign_key(probe: &Json, insert_first: bool) -> Result<(), String> {
    let mut stage = Stage::new(
        "create table p (id int primary key); create table c (id int primary key, pid int references p); insert into p values (1);",
    );
    let steps = ["insert into c values (1, 1)", "delete from p where id = 1"];
    let (first, second) = if insert_first {
        (steps[0], steps[1])
    } else {
        (steps[1], steps[0])
    };
    stage.now(0, &format!("begin; {first}"));
    stage.now(1, "begin");
    blocked(probe, &stage.say(1, second))?;
    stage.now(0, "commit");
    same(probe, "second", &stage.later(1))
}

pub(super) fn check_then_insert(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new("create table t (k int);");
    for session in [0, 1] {
        stage.now(session, "begin");
        let expected = json!({ "count": probe["counts"][session] });
        same(
            &expected,
            "count",
            &stage.now(session, "select count(*) from t where k = 1"),
        )?;
    }
    for session in [0, 1] {
        stage.now(session, "insert into t values (1); commit");
    }
    let rows = stage.now(2, "select count(*) from t");
    if rows == json!({ "ok": [[probe["rows"].to_string()]] }) {
        Ok(())
    } else {
        Err(format!("{rows} rows"))
    }
}

pub(super) fn read_only_anomaly(probe: &Json) -> Result<(), String> {
    let mut stage = Stage::new(ACCOUNTS);
    stage.now(0, "begin isolation level serializable; select * from t");
    stage.now(
        1,
        "begin isolation level serializable; update t set v = v + 5 where id = 2",
    );
    same(probe, "t2_commit", &stage.now(1, "commit"))?;
    stage.now(2, "begin isolation level serializable");
    same(probe, "t3_select", &stage.now(2, "select * from t"))?;
    same(probe, "t3_commit", &stage.now(2, "commit"))?;
    same(
        probe,
        "t1_update",
        &stage.now(0, "update t set v = 0 where id = 1"),
    )?;
    same(probe, "t1_commit", &stage.now(0, "commit"))
}

pub(super) fn queue_order(probe: &Json) -> Result<(), String> {
    let mut stage =
        Stage::new("create table t (id int primary key, v int); insert into t values (1, 0);");
    stage.now(0, "begin; update t set v = v + 1 where id = 1");
    for session in [1, 2] {
        stage.now(session, "begin");
        stage.say(session, "update t set v = v + 1 where id = 1 returning v");
    }
    stage.now(0, "commit");
    same(probe, "second", &stage.later(1))?;
    stage.now(1, "commit");
    same(probe, "third", &stage.later(2))?;
    stage.now(2, "commit");
    let end = stage.now(3, "select v from t");
    if end == json!({ "ok": [[probe["final"].to_string()]] }) {
        Ok(())
    } else {
        Err(format!("ends with {end}"))
    }
}
