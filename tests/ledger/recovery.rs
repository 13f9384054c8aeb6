//! Crashes at every byte of the log, and damage: a store must come back as exactly the transactions whose
//! commit is whole.
//!
//! Random histories run on one engine, whose commits are written to a log; the expected store after each
//! commit is kept beside it, row by row, and compared with the engine's own at the end. Then the log is cut
//! at every byte, and damaged, and recovered.

use super::schedule::{SESSIONS, catalog, first_rows, schedule};
use model::ledger::engine::log::frame::{LogError, LogWriter, Lsn};
use model::ledger::engine::log::record::{Change, Image, Record};
use model::ledger::engine::log::recovery::recover;
use model::ledger::engine::schema::{SequenceId, TableId};
use model::ledger::engine::statement::{Isolation, Select, Statement, TransactionMode};
use model::ledger::engine::{Engine, EngineConfig, Reply, Row, SessionId, Tid};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Rows by table and place.
type Rows = Vec<BTreeMap<Tid, Row>>;

/// A store that keeps its log in memory and can be crashed.
struct Node {
    engine: Engine,
    writer: LogWriter,
    log: Vec<u8>,
    /// Where the log begins.
    base: Lsn,
    /// The rows that the commits so far make, and the length of the log and the rows after each whole commit.
    rows: Rows,
    commits: Vec<(usize, Rows)>,
    sessions: Vec<SessionId>,
    now_ns: u64,
}

impl Node {
    fn new() -> Self {
        let mut engine =
            Engine::new(catalog(), EngineConfig::postgresql_15()).expect("the schema is sound");
        let sessions = (0..SESSIONS)
            .map(|_| engine.open_session(true).expect("slots suffice"))
            .collect();
        let base = Lsn(0);
        let rows = Rows::from([BTreeMap::new(), BTreeMap::new()]);
        let commits = vec![(0, rows.clone())];
        let mut node = Self {
            engine,
            writer: LogWriter::new(base),
            log: Vec::new(),
            base,
            rows,
            commits,
            sessions,
            now_ns: 0,
        };
        for statement in first_rows() {
            node.execute(0, statement, true);
        }
        node
    }

    /// Executes a statement if the session is free; commits are made durable, after a sync if `sync`.
    fn execute(&mut self, session: usize, statement: Statement, sync: bool) {
        self.now_ns += 1_000_000_000;
        let id = self.sessions[session];
        let reply = self.engine.execute(id, statement, self.now_ns);
        self.take(id, reply, sync);
        loop {
            let completions = self.engine.take_completions();
            if completions.is_empty() {
                return;
            }
            for completion in completions {
                self.take(completion.session, completion.reply, sync);
            }
        }
    }

    fn take(&mut self, session: SessionId, reply: Reply, sync: bool) {
        let Reply::Committing(records) = reply else {
            return;
        };
        self.append(&records);
        if sync {
            self.writer.synced(self.writer.next());
        }
        for record in records {
            self.note(record);
        }
        self.commits.push((self.log.len(), self.rows.clone()));
        self.engine.commit_durable(session, self.now_ns);
    }

    fn note(&mut self, record: Record) {
        match record {
            Record::Change(_, Change::Insert { table, tid, row }) => {
                assert_eq!(
                    self.rows[table.0].insert(tid, row),
                    None,
                    "two rows in one place"
                );
            }
            Record::Change(
                _,
                Change::Update {
                    table,
                    old,
                    new,
                    row,
                },
            ) => {
                assert!(
                    self.rows[table.0].remove(&old).is_some(),
                    "an update of no row"
                );
                assert_eq!(
                    self.rows[table.0].insert(new, row),
                    None,
                    "two rows in one place"
                );
            }
            Record::Change(_, Change::Delete { table, tid }) => {
                assert!(
                    self.rows[table.0].remove(&tid).is_some(),
                    "a delete of no row"
                );
            }
            _ => {}
        }
    }

    fn append(&mut self, records: &[Record]) {
        let bytes = self.writer.append(records);
        self.log.extend_from_slice(&bytes);
    }

    /// Writes a checkpoint and throws the log before it away.
    fn checkpoint(&mut self) {
        let image = self.engine.image();
        let begin = self.writer.next();
        self.log.clear();
        self.base = begin;
        self.append(&[Record::Checkpoint(image)]);
        self.writer.synced(self.writer.next());
        self.commits = vec![(self.log.len(), self.rows.clone())];
    }
}

fn run(steps: Vec<super::schedule::Step>, checkpoint_at: Option<usize>) -> Node {
    let mut node = Node::new();
    let mut waiting = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        // A session that still waits is left alone; the log does not care who it is.
        let id = node.sessions[step.session];
        if waiting.contains(&id) {
            continue;
        }
        node.now_ns += 1;
        let reply = node.engine.execute(id, step.statement, node.now_ns);
        if reply == Reply::Waiting {
            waiting.push(id);
        }
        node.take(id, reply, number % 3 == 0);
        loop {
            // A commit made durable may let others commit; all of them must be in the log before a
            // checkpoint.
            let completions = node.engine.take_completions();
            if completions.is_empty() {
                break;
            }
            for completion in completions {
                waiting.retain(|waiter| *waiter != completion.session);
                node.take(completion.session, completion.reply, number % 3 == 0);
            }
        }
        if checkpoint_at == Some(number) {
            node.checkpoint();
        }
    }
    node
}

fn rows_of(image: &Image) -> Rows {
    image
        .tables
        .iter()
        .map(|rows| rows.iter().cloned().collect())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn crash_at_every_byte_recovers_exactly_the_committed_prefix(
        steps in schedule(Some(Isolation::ReadCommitted)),
        checkpoint_at in prop::option::of(0..20usize),
    ) {
        let node = run(steps, checkpoint_at);
        prop_assert_eq!(&rows_of(&node.engine.image()), &node.rows, "the log tells what the engine holds");
        let whole = node.commits.iter().map(|(length, _)| *length).min().unwrap_or(0);
        for cut in whole..=node.log.len() {
            let recovered = recover(&catalog(), &node.log[..cut], node.base).expect("a torn tail is no damage");
            let (_, expected) = node.commits.iter().rev().find(|(length, _)| *length <= cut).expect("the first is whole");
            prop_assert_eq!(&rows_of(&recovered.image), expected, "cut at {}", cut);
            prop_assert!(recovered.valid_bytes <= cut);
        }
    }

    #[test]
    fn what_a_torn_transaction_wrote_never_counts_however_the_log_goes_on(
        steps in schedule(Some(Isolation::ReadCommitted)),
    ) {
        let node = run(steps, None);
        for cut in 0..=node.log.len() {
            let torn = recover(&catalog(), &node.log[..cut], node.base).expect("a torn tail is no damage");
            let mut log = node.log[..torn.valid_bytes].to_vec();
            let mut writer = LogWriter::new(Lsn(node.base.0 + log.len() as u64));
            let next = model::ledger::engine::Xid(torn.image.next_xid);
            log.extend(writer.append(&[Record::Commit(next)]));
            let again = recover(&catalog(), &log, node.base).expect("what recovery left can be written on");
            prop_assert_eq!(rows_of(&again.image), rows_of(&torn.image), "cut at {}", cut);
        }
    }

    #[test]
    fn damage_to_safe_bytes_is_refused(
        steps in schedule(Some(Isolation::ReadCommitted)),
        place in any::<prop::sample::Index>(),
        bit in 0..8u32,
    ) {
        let mut node = run(steps, None);
        node.writer.synced(node.writer.next());
        let safe = node.log.len();
        node.append(&[Record::Commit(model::ledger::engine::Xid(u64::MAX - 1))]);
        let offset = place.index(safe);
        node.log[offset] ^= 1 << bit;
        match recover(&catalog(), &node.log, node.base) {
            Err(LogError::Damaged { offset: found, .. }) => prop_assert!(found <= offset),
            other => prop_assert!(false, "byte {offset} was damaged, and recovery says {other:?}"),
        }
    }

    #[test]
    fn recovered_store_goes_on_as_the_lost_one(steps in schedule(Some(Isolation::ReadCommitted))) {
        let node = run(steps, Some(6));
        let recovered = recover(&catalog(), &node.log, node.base).expect("the log is whole");
        let mut engine = Engine::from_image(catalog(), EngineConfig::postgresql_15(), &recovered.image)
            .expect("the schema is sound");
        let session = engine.open_session(true).expect("slots suffice");
        let (_, expected) = node.commits.last().expect("there is a first");
        for (number, rows) in expected.iter().enumerate() {
            let Reply::Done(Ok(outcome)) = engine.execute(session, Statement::Select(Select::all(TableId(number))), 0) else {
                return Err(TestCaseError::fail("a plain query works"));
            };
            prop_assert_eq!(outcome.rows, rows.values().cloned().collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_a_torn_transaction_left_is_cut_so_that_the_next_of_its_number_can_follow() {
    let (xid, table) = (model::ledger::engine::Xid(5), TableId(1));
    let node = Node::new();
    let insert = |slot| {
        let tid = Tid { page: 9, slot };
        let row = node.rows[1]
            .values()
            .next()
            .expect("there are first rows")
            .clone();
        Record::Change(xid, Change::Insert { table, tid, row })
    };
    let mut writer = LogWriter::new(node.writer.next());
    // The crash kept the change and tore the commit; recovery gives the number to somebody else.
    let torn = writer.append(&[insert(1)]);
    let log = [node.log.clone(), torn].concat();
    let recovered = recover(&catalog(), &log, node.base).expect("a torn tail is no damage");
    assert_eq!(recovered.valid_bytes, node.log.len());
    let mut writer = LogWriter::new(node.writer.next());
    let next = writer.append(&[insert(1), Record::Commit(xid)]);
    let log = [node.log.clone(), next].concat();
    let again = recover(&catalog(), &log, node.base).expect("the log goes on");
    assert_eq!(again.commits, recovered.commits + 1);
}

#[test]
fn unsynced_tail_out_of_order_is_cut_and_not_called_damage() {
    let mut writer = LogWriter::new(Lsn(0));
    let first = writer.append(&[Record::Commit(model::ledger::engine::Xid(5))]);
    writer.synced(writer.next());
    let second = writer.append(&[Record::Commit(model::ledger::engine::Xid(6))]);
    let third = writer.append(&[Record::Commit(model::ledger::engine::Xid(7))]);
    // The disk kept the third frame and not the second; both were written after the last sync.
    let log = [first.clone(), vec![0; second.len()], third].concat();
    let recovered = recover(&catalog(), &log, Lsn(0)).expect("nothing safe is lost");
    assert_eq!((recovered.commits, recovered.valid_bytes), (1, first.len()));
}

#[test]
fn log_of_another_schema_is_refused() {
    let image = Image {
        next_xid: 9,
        tables: vec![vec![]],
        sequences: vec![],
    };
    let log = LogWriter::new(Lsn(0)).append(&[Record::Checkpoint(image)]);
    let error = recover(&catalog(), &log, Lsn(0)).expect_err("one table instead of two");
    assert!(
        matches!(error, LogError::Contradiction { offset: 0, .. }),
        "{error}"
    );
}

#[test]
fn number_drawn_from_a_sequence_is_never_drawn_again_after_a_crash() {
    let mut node = Node::new();
    let begin = |node: &mut Node, session| {
        node.execute(
            session,
            Statement::Begin(TransactionMode::new(Isolation::ReadCommitted)),
            true,
        );
        node.execute(session, Statement::NextValue(SequenceId(0)), true);
    };
    // The first draws 1 and logs ahead, but does not commit; the second draws 2 and commits a row that may
    // rest on it.
    begin(&mut node, 0);
    begin(&mut node, 1);
    let row = first_rows().remove(1);
    node.execute(
        1,
        Statement::Delete(model::ledger::engine::statement::Delete {
            table: TableId(1),
            filter: None,
            returning: vec![],
        }),
        true,
    );
    node.execute(1, row, true);
    node.execute(1, Statement::Commit, true);
    let recovered = recover(&catalog(), &node.log, node.base).expect("the log is whole");
    assert!(
        recovered.image.sequences[0] >= 2,
        "{:?}",
        recovered.image.sequences
    );
}
