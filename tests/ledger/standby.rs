//! A standby that is handed a primary's commits holds the same rows at each of them, shows its readers nothing
//! in between, and takes over as recovery of the same log would.
//!
//! Random histories run on a primary whose log is kept; after each commit the standby is compared with the primary
//! and with recovery.

use super::differential::{SCHEDULES, SEED, number};
use super::harness::Harness;
use super::schedule::{SESSIONS, Step, catalog, first_rows, schedule};
use super::sweeping::{rival_steps, statement};
use model::ledger::engine::log::frame::{LogWriter, Lsn};
use model::ledger::engine::log::record::{Change, Image, Record};
use model::ledger::engine::log::recovery::recover;
use model::ledger::engine::schema::{SequenceId, TableId};
use model::ledger::engine::statement::{Isolation, Outcome, Select, Statement, TransactionMode};
use model::ledger::engine::{
    Engine, EngineConfig, Reply, Row, SessionId, SqlError, SqlState, Standby, StandbyError, Tid,
    Xid,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The records of one commit and where they stand in the log.
#[derive(Clone)]
struct Shipment {
    from: Lsn,
    records: Vec<Record>,
    upto: Lsn,
    /// The length of the log with them, in bytes, and the rows that recovery finds in it. The primary's own image
    /// would not do: when one end of a transaction lets two others commit, it shows both before either is shipped.
    length: usize,
    rows: Vec<Vec<(Tid, Row)>>,
}

/// A primary that keeps its log and everything it ships.
struct Primary {
    engine: Engine,
    sessions: Vec<SessionId>,
    writer: LogWriter,
    log: Vec<u8>,
    shipments: Vec<Shipment>,
    now_ns: u64,
}

impl Primary {
    fn new() -> Self {
        let mut engine =
            Engine::new(catalog(), EngineConfig::postgresql_15()).expect("the schema is sound");
        let sessions = (0..SESSIONS)
            .map(|_| engine.open_session(true).expect("slots suffice"))
            .collect();
        Self {
            engine,
            sessions,
            writer: LogWriter::new(Lsn(0)),
            log: Vec::new(),
            shipments: Vec::new(),
            now_ns: 0,
        }
    }

    /// Runs a schedule, a session that waits being left alone, and sweeps after each step.
    fn run(steps: &[Step], checkpoint_at: Option<usize>) -> Self {
        let mut primary = Self::new();
        let mut waiting = Vec::new();
        let first = first_rows().into_iter();
        let first = first.map(|statement| Step {
            session: 0,
            statement,
        });
        for (number, step) in first.chain(steps.iter().cloned()).enumerate() {
            let id = primary.sessions[step.session];
            if waiting.contains(&id) {
                continue;
            }
            primary.now_ns += 1_000_000;
            let reply = primary.engine.execute(id, step.statement, primary.now_ns);
            if reply == Reply::Waiting {
                waiting.push(id);
            }
            primary.take(id, reply);
            loop {
                let completions = primary.engine.take_completions();
                if completions.is_empty() {
                    break;
                }
                for completion in completions {
                    waiting.retain(|waiter| *waiter != completion.session);
                    primary.take(completion.session, completion.reply);
                }
            }
            primary.engine.sweep();
            if checkpoint_at == Some(number) {
                let image = primary.engine.image();
                primary.ship(vec![Record::Checkpoint(image)]);
            }
        }
        primary
    }

    fn take(&mut self, session: SessionId, reply: Reply) {
        if let Reply::Committing(records) = reply {
            self.ship(records);
            self.engine.commit_durable(session, self.now_ns);
        }
    }

    fn ship(&mut self, records: Vec<Record>) {
        let from = self.writer.next();
        let bytes = self.writer.append(&records);
        self.log.extend_from_slice(&bytes);
        self.shipments.push(Shipment {
            from,
            records,
            upto: self.writer.next(),
            length: self.log.len(),
            rows: recovered(&self.log).tables,
        });
    }
}

fn empty_standby() -> Standby {
    Standby::new(catalog(), EngineConfig::postgresql_15(), Lsn(0)).expect("the schema is sound")
}

fn recovered(log: &[u8]) -> Image {
    recover(&catalog(), log, Lsn(0))
        .expect("the log is whole")
        .image
}

/// A session of a standby that looks at all tables, within a transaction of one snapshot or not.
struct Reader {
    session: SessionId,
    /// What the open transaction saw first.
    seen: Option<Vec<Vec<Row>>>,
}

impl Reader {
    fn open(standby: &mut Standby) -> Self {
        let session = standby.engine().open_session(true).expect("slots suffice");
        Self {
            session,
            seen: None,
        }
    }

    fn begin(&mut self, standby: &mut Standby) {
        let mode = TransactionMode::new(Isolation::RepeatableRead);
        execute(standby, self.session, Statement::Begin(mode)).expect("a block can be opened");
        self.seen = Some(self.look(standby).expect("a plain query works"));
    }

    fn look(&self, standby: &mut Standby) -> Result<Vec<Vec<Row>>, SqlError> {
        let tables = (0..catalog().tables.len()).map(TableId);
        let all = tables.map(|table| Statement::Select(Select::all(table)));
        all.map(|select| execute(standby, self.session, select).map(|outcome| outcome.rows))
            .collect()
    }
}

fn execute(
    standby: &mut Standby,
    session: SessionId,
    statement: Statement,
) -> Result<Outcome, SqlError> {
    let now_ns = standby.engine().now_ns();
    match standby.engine().execute(session, statement, now_ns) {
        Reply::Done(result) => result,
        other => panic!("a reader neither waits nor commits anything: {other:?}"),
    }
}

fn only_rows(tables: &[Vec<(Tid, Row)>]) -> Vec<Vec<Row>> {
    let rows = |table: &Vec<(Tid, Row)>| table.iter().map(|(_, row)| row.clone()).collect();
    tables.iter().map(rows).collect()
}

/// Follows a primary with two readers: one sees each commit, one keeps a snapshot for a while.
fn follow(primary: &Primary, keep: usize) -> Result<Vec<Standby>, TestCaseError> {
    let mut standby = empty_standby();
    let now = Reader::open(&mut standby);
    let mut then = Reader::open(&mut standby);
    let mut at_each = vec![standby.clone()];
    for (number, shipment) in primary.shipments.iter().enumerate() {
        if number % keep == 0 {
            execute(&mut standby, then.session, Statement::Rollback).expect("nothing forbids it");
            then.begin(&mut standby);
        }
        let time_ns = number as u64;
        let result = standby.apply(shipment.from, &shipment.records, shipment.upto, time_ns);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(standby.applied(), shipment.upto);
        prop_assert_eq!(&standby.image().tables, &shipment.rows, "commit {}", number);
        let seen = now.look(&mut standby);
        prop_assert_eq!(seen, Ok(only_rows(&shipment.rows)), "commit {}", number);
        match then.look(&mut standby) {
            Ok(seen) => prop_assert_eq!(Some(seen), then.seen.clone(), "commit {}", number),
            Err(error) => {
                // His rows' places were used again.
                prop_assert_eq!(error.state, SqlState::SerializationFailure);
                then = Reader::open(&mut standby);
                then.begin(&mut standby);
            }
        }
        at_each.push(standby.clone());
    }
    prop_assert_eq!(standby.image().tables, primary.engine.image().tables);
    Ok(at_each)
}

/// What sessions are told during a schedule on an engine.
fn answers(engine: Engine, steps: &[Step]) -> Vec<String> {
    let mut harness = Harness::new(engine, SESSIONS);
    let mut waiting = [false; SESSIONS];
    let mut answers = Vec::new();
    for step in steps {
        if waiting[step.session] {
            continue;
        }
        let result = harness.step(step.session, step.statement.clone());
        waiting[step.session] = result.is_none();
        answers.push(format!("{result:?}"));
        for (session, result) in harness.take_finished() {
            waiting[session] = false;
            answers.push(format!("{session}: {result:?}"));
        }
    }
    answers
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: number(SCHEDULES, 60),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(number(SEED, 7).into()),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn standby_holds_what_the_primary_holds_and_takes_over_as_recovery_would(
        steps in schedule(None),
        checkpoint_at in prop::option::of(0..20usize),
        keep in 1..9usize,
        after in rival_steps(),
    ) {
        let primary = Primary::run(&steps, checkpoint_at);
        let at_each = follow(&primary, keep)?;
        let lengths = [0].into_iter().chain(primary.shipments.iter().map(|shipment| shipment.length));
        for (standby, length) in at_each.into_iter().zip(lengths) {
            let expected = recovered(&primary.log[..length]);
            prop_assert_eq!(&standby.image(), &expected, "log of {} bytes", length);
            let promoted = standby.promote();
            prop_assert_eq!(&promoted.image(), &expected, "log of {} bytes", length);
            let restarted = Engine::from_image(catalog(), EngineConfig::postgresql_15(), &expected)
                .expect("the schema is sound");
            prop_assert_eq!(answers(promoted, &after), answers(restarted, &after));
        }
    }

    #[test]
    fn readers_keep_their_snapshots_while_rows_come_and_go(
        steps in rival_steps(),
        keep in 1..9usize,
    ) {
        follow(&Primary::run(&steps, None), keep)?;
    }
}

#[test]
fn reader_of_a_row_whose_place_is_used_again_is_ended_and_others_are_not() {
    let deletes_all = [
        "delete from c",
        "delete from t",
        "insert into t values (8, 80, 8)",
    ];
    let steps = deletes_all.map(|sql| Step {
        session: 0,
        statement: statement(sql),
    });
    let primary = Primary::run(&steps, None);
    let mut standby = empty_standby();
    let mut early = Reader::open(&mut standby);
    let mut late = Reader::open(&mut standby);
    for (number, shipment) in primary.shipments.iter().enumerate() {
        match number {
            2 => early.begin(&mut standby),
            4 => late.begin(&mut standby),
            _ => {}
        }
        standby
            .apply(shipment.from, &shipment.records, shipment.upto, 0)
            .expect("the log is whole");
    }
    assert_eq!(primary.shipments.len(), 5);
    let ended = early.look(&mut standby).expect_err("its rows are gone");
    assert_eq!(ended.state, SqlState::SerializationFailure);
    let completions = standby.engine().take_completions();
    assert!(
        matches!(completions.as_slice(), [one] if one.session == early.session
            && matches!(one.reply, Reply::Terminated(_))),
        "{completions:?}"
    );
    assert_eq!(late.look(&mut standby), Ok(vec![vec![], vec![]]));
}

#[test]
fn standby_reads_only_until_it_is_promoted() {
    let primary = Primary::run(&[], None);
    let mut standby = empty_standby();
    for shipment in &primary.shipments {
        let result = standby.apply(shipment.from, &shipment.records, shipment.upto, 0);
        assert_eq!(result, Ok(()));
    }
    let open = standby.engine().open_session(true).expect("slots suffice");
    let state = |result: Result<Outcome, SqlError>| result.err().map(|error| error.state);
    for (sql, expected) in [
        ("select * from t", None),
        (
            "insert into t values (9, 9, 9)",
            Some(SqlState::ReadOnlySqlTransaction),
        ),
        (
            "select * from t for share",
            Some(SqlState::ReadOnlySqlTransaction),
        ),
        ("begin isolation level serializable", None),
        ("select * from t", Some(SqlState::FeatureNotSupported)),
        ("rollback", None),
        ("begin", None),
    ] {
        assert_eq!(
            state(execute(&mut standby, open, statement(sql))),
            expected,
            "{sql}"
        );
    }
    let mut engine = standby.promote();
    let insert = statement("insert into t values (9, 9, 9)");
    let refused = engine.execute(open, insert.clone(), 0);
    assert!(
        matches!(&refused, Reply::Done(Err(error)) if error.state == SqlState::ReadOnlySqlTransaction),
        "what began on a standby stays read-only: {refused:?}"
    );
    engine.execute(open, Statement::Rollback, 0);
    let Reply::Committing(records) = engine.execute(open, insert, 0) else {
        panic!("a writer's commit has records")
    };
    assert_eq!(
        records.last(),
        Some(&Record::Commit(Xid(3))),
        "two came before"
    );
}

#[test]
fn records_that_do_not_follow_are_refused_and_change_nothing() {
    let primary = Primary::run(&[], None);
    let [first, second] = primary.shipments.as_slice() else {
        panic!("there are two first commits")
    };
    let mut standby = empty_standby();
    let (start, middle) = (Lsn(0), first.upto);
    let gap = StandbyError::Gap {
        applied: start,
        from: middle,
    };
    let apply = |standby: &mut Standby, from, records: &[Record], upto| {
        standby.apply(from, records, upto, 0)
    };
    assert_eq!(
        apply(&mut standby, middle, &second.records, second.upto),
        Err(gap)
    );
    assert_eq!(apply(&mut standby, start, &first.records, middle), Ok(()));
    let past = Err(StandbyError::Past {
        applied: middle,
        from: start,
    });
    assert_eq!(apply(&mut standby, start, &first.records, middle), past);
    let before = standby.image();
    let row = vec![1.into(), 2.into(), 3.into()];
    let tid = |slot| Tid { page: 0, slot };
    let in_t = |tid, row| Change::Insert {
        table: TableId(0),
        tid,
        row,
    };
    let commit = Record::Commit(Xid(7));
    let change = |change| Record::Change(Xid(7), change);
    let not_one = StandbyError::NotOneTransaction { from: middle };
    for records in [
        vec![],
        vec![change(in_t(tid(9), row.clone()))],
        vec![
            Record::Change(Xid(6), in_t(tid(9), row.clone())),
            commit.clone(),
        ],
        [second.records.clone(), second.records.clone()].concat(),
    ] {
        assert_eq!(
            apply(&mut standby, middle, &records, second.upto),
            Err(not_one)
        );
    }
    let delete = |table, slot| Change::Delete {
        table: TableId(table),
        tid: tid(slot),
    };
    let number = Change::Sequence {
        sequence: SequenceId(3),
        upto: 5,
    };
    for changes in [
        vec![in_t(tid(0), row.clone())],
        vec![delete(0, 9)],
        vec![delete(0, 0), delete(0, 0)],
        vec![delete(0, 0), in_t(tid(0), row.clone())],
        vec![delete(5, 0)],
        vec![in_t(tid(9), vec![1.into()])],
        vec![in_t(tid(9), vec!["a".into(), 2.into(), 3.into()])],
        vec![number],
    ] {
        let records: Vec<Record> = changes
            .into_iter()
            .map(change)
            .chain([commit.clone()])
            .collect();
        let found = apply(&mut standby, middle, &records, second.upto);
        assert!(
            matches!(found, Err(StandbyError::Contradiction { .. })),
            "{records:?}: {found:?}"
        );
    }
    let checkpoint = [Record::Checkpoint(Image::default())];
    let found = apply(&mut standby, middle, &checkpoint, second.upto);
    assert!(
        matches!(found, Err(StandbyError::Contradiction { .. })),
        "{found:?}"
    );
    assert_eq!((standby.image(), standby.applied()), (before, middle));
    assert_eq!(
        apply(&mut standby, middle, &second.records, second.upto),
        Ok(())
    );
}

#[test]
fn standby_begins_from_an_image_or_from_a_checkpoint() {
    let primary = Primary::run(&[], None);
    let image = primary.engine.image();
    let at = primary.writer.next();
    let from_image = Standby::from_image(catalog(), EngineConfig::postgresql_15(), &image, at)
        .expect("the schema is sound");
    let mut from_checkpoint =
        Standby::new(catalog(), EngineConfig::postgresql_15(), at).expect("the schema is sound");
    let mut reader = Reader::open(&mut from_checkpoint);
    reader.begin(&mut from_checkpoint);
    let upto = Lsn(at.0 + 100);
    let checkpoint = [Record::Checkpoint(image.clone())];
    assert_eq!(from_checkpoint.apply(at, &checkpoint, upto, 0), Ok(()));
    assert_eq!(reader.look(&mut from_checkpoint), Ok(vec![vec![], vec![]]));
    assert_eq!(from_image.image(), image);
    assert_eq!(from_checkpoint.image(), image);
    for standby in [from_image, from_checkpoint] {
        assert_eq!(standby.promote().image(), image);
    }
}
