//! What the engine promises beyond likeness: the two halves of a commit, vanished clients, exact tracking of
//! serializable reads, time-outs of many sessions, the same answers every time.

use super::harness::Harness;
use super::parse;
use super::schedule::schedule;
use super::sweeping::answers;
use model::ledger::engine::log::record::{Change, Record};
use model::ledger::engine::schema::Catalog;
use model::ledger::engine::statement::{CommandTag, Outcome, Statement};
use model::ledger::engine::{
    Engine, EngineConfig, Granularity, Reply, SessionId, SessionTimeouts, SqlError, SqlState,
};
use proptest::prelude::*;

const SETUP: &str =
    "create table t (id int primary key, v int); insert into t values (1, 10), (2, 20);";

fn catalog_of_setup() -> Catalog {
    parse::catalog(&parse::script(SETUP))
}

fn statement(sql: &str) -> Statement {
    let parsed = parse::script(sql).remove(0);
    parse::statement(&catalog_of_setup(), sql, &parsed).expect("no DDL")
}

fn engine(config: EngineConfig) -> Engine {
    let engine = Engine::new(catalog_of_setup(), config).expect("the schema is sound");
    let mut harness = Harness::new(engine, 1);
    harness
        .step(0, statement("insert into t values (1, 10), (2, 20)"))
        .expect("nobody waits")
        .expect("sound rows");
    harness.engine.close_session(harness.id(0), harness.now_ns);
    harness.engine
}

/// An engine, its sessions, and a clock of one millisecond per call.
struct Stage {
    engine: Engine,
    sessions: Vec<SessionId>,
    now_ns: u64,
}

impl Stage {
    fn new(config: EngineConfig) -> Self {
        let mut engine = engine(config);
        let sessions = (0..3)
            .map(|_| engine.open_session(true).expect("slots suffice"))
            .collect();
        let now_ns = engine.now_ns();
        Self {
            engine,
            sessions,
            now_ns,
        }
    }

    fn say(&mut self, session: usize, sql: &str) -> Reply {
        self.now_ns += 1_000_000;
        self.engine
            .execute(self.sessions[session], statement(sql), self.now_ns)
    }

    fn durable(&mut self, session: usize) -> Option<Outcome> {
        self.engine
            .commit_durable(self.sessions[session], self.now_ns)
    }

    /// Executes a script of statements, commits made durable, and gives the last outcome.
    fn run(&mut self, session: usize, script: &[&str]) -> Result<Outcome, SqlError> {
        let mut last = None;
        for sql in script {
            last = Some(match self.say(session, sql) {
                Reply::Done(result) => result,
                Reply::Committing(_) => Ok(self.durable(session).expect("the client is there")),
                other => panic!("{sql}: {other:?}"),
            });
        }
        last.expect("a script has statements")
    }

    fn value(&mut self, session: usize, id: i64) -> String {
        let rows = self
            .run(session, &[&format!("select v from t where id = {id}")])
            .expect("a plain query works")
            .rows;
        rows[0][0].to_string()
    }
}

fn state(result: Result<Outcome, SqlError>) -> Option<SqlState> {
    result.err().map(|error| error.state)
}

#[test]
fn commit_holds_locks_and_hides_rows_until_it_is_durable() {
    let mut stage = Stage::new(EngineConfig::postgresql_15());
    stage
        .run(0, &["begin", "update t set v = 11 where id = 1"])
        .expect("nobody is in the way");
    assert_eq!(
        stage.say(1, "update t set v = v + 1 where id = 1"),
        Reply::Waiting
    );
    let Reply::Committing(records) = stage.say(0, "commit") else {
        panic!("a writer's commit has records")
    };
    assert!(
        matches!(records.as_slice(), [Record::Change(a, Change::Update { .. }), Record::Commit(b)] if a == b)
    );
    assert_eq!(stage.value(2, 1), "10", "an undurable commit is not seen");
    assert_eq!(stage.engine.take_completions(), [], "its locks are held");
    assert_eq!(
        stage.durable(0).map(|outcome| outcome.tag),
        Some(CommandTag::Commit)
    );
    let woken = stage.engine.take_completions();
    assert!(
        matches!(woken.as_slice(), [woken] if matches!(woken.reply, Reply::Committing(_))),
        "{woken:?}"
    );
    stage.durable(1);
    assert_eq!(stage.value(2, 1), "12");
}

#[test]
fn statement_of_a_vanished_client_takes_effect_and_its_block_does_not() {
    for (block, expected) in [(false, "99"), (true, "11")] {
        let mut stage = Stage::new(EngineConfig::postgresql_15());
        stage
            .run(0, &["begin", "update t set v = 11 where id = 1"])
            .expect("nobody is in the way");
        if block {
            stage.run(1, &["begin"]).expect("a block can be opened");
        }
        assert_eq!(
            stage.say(1, "update t set v = 99 where id = 1"),
            Reply::Waiting
        );
        stage.engine.close_session(stage.sessions[1], stage.now_ns);
        stage.run(0, &["commit"]).expect("nothing forbids it");
        for completion in stage.engine.take_completions() {
            assert_eq!(completion.session, stage.sessions[1]);
            assert!(matches!(completion.reply, Reply::Committing(_)));
            assert_eq!(stage.durable(1), None, "nobody is there to be told");
        }
        assert_eq!(stage.value(2, 1), expected, "block: {block}");
        assert_eq!(stage.engine.sessions_open(), 2);
    }
}

#[test]
fn write_skew_is_prevented_at_either_granularity() {
    for granularity in [Granularity::PostgreSql, Granularity::Exact] {
        let mut stage = Stage::new(EngineConfig {
            granularity,
            ..EngineConfig::postgresql_15()
        });
        for session in [0, 1] {
            let script = [
                "begin isolation level serializable",
                "select sum(v) from t where v > 0",
            ];
            stage.run(session, &script).expect("readers never wait");
        }
        stage
            .run(0, &["update t set v = 0 where id = 1"])
            .expect("nobody is in the way");
        stage
            .run(1, &["update t set v = 0 where id = 2"])
            .expect("nobody is in the way");
        assert_eq!(state(stage.run(0, &["commit"])), None, "{granularity:?}");
        assert_eq!(
            state(stage.run(1, &["commit"])),
            Some(SqlState::SerializationFailure),
            "{granularity:?}"
        );
    }
}

#[test]
fn only_coarse_tracking_fails_transactions_that_are_in_no_cycle() {
    for (granularity, expected) in [
        (
            Granularity::PostgreSql,
            Some(SqlState::SerializationFailure),
        ),
        (Granularity::Exact, None),
    ] {
        let mut stage = Stage::new(EngineConfig {
            granularity,
            ..EngineConfig::postgresql_15()
        });
        // Each looks for rows by value, which scans the table, and changes another row than the other looks
        // for.
        for (session, value) in [(0, 10), (1, 20)] {
            let read = format!("select v from t where v = {value}");
            stage
                .run(session, &["begin isolation level serializable", &read])
                .expect("readers never wait");
        }
        stage
            .run(0, &["update t set v = 11 where id = 1"])
            .expect("nobody is in the way");
        stage
            .run(1, &["update t set v = 21 where id = 2"])
            .expect("nobody is in the way");
        assert_eq!(state(stage.run(0, &["commit"])), None);
        assert_eq!(
            state(stage.run(1, &["commit"])),
            expected,
            "{granularity:?}"
        );
    }
}

#[test]
fn time_outs_go_off_at_their_moment_even_when_nobody_looks() {
    let mut stage = Stage::new(EngineConfig::postgresql_15());
    let timeouts = SessionTimeouts {
        idle_in_transaction_ns: Some(50_000_000),
        ..SessionTimeouts::default()
    };
    stage.engine.set_timeouts(stage.sessions[0], timeouts);
    stage
        .run(0, &["begin", "update t set v = 11 where id = 1"])
        .expect("nobody is in the way");
    let timeouts = SessionTimeouts {
        lock_ns: Some(200_000_000),
        ..SessionTimeouts::default()
    };
    stage.engine.set_timeouts(stage.sessions[1], timeouts);
    assert_eq!(
        stage.say(1, "update t set v = 12 where id = 1"),
        Reply::Waiting
    );
    assert_eq!(
        stage.engine.next_deadline(),
        Some(stage.now_ns - 1_000_000 + 50_000_000)
    );
    // The first is expelled at 50 ms, which frees the row long before the second's 200 ms.
    stage.now_ns += 10_000_000_000;
    stage.engine.advance(stage.now_ns);
    let completions = stage.engine.take_completions();
    assert!(
        matches!(&completions[..], [first, second]
            if matches!(&first.reply, Reply::Terminated(error) if error.state == SqlState::IdleInTransactionSessionTimeout)
            && matches!(second.reply, Reply::Committing(_))),
        "{completions:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn same_statements_give_the_same_answers(steps in schedule(None)) {
        prop_assert_eq!(answers(&steps, false), answers(&steps, false));
    }
}
