//! Eight clients of the Ledger's node in a world without faults, and the history they leave.
//!
//! A [`Trial`] says everything a run depends on; [`Trial::run`] gives what the clients were told and
//! what the Ledger holds at the end. Latencies are drawn, so transactions interleave; a statement is
//! one round trip, so locks and snapshots are held over several.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use model::defects::Defects;
use model::ledger::client::connection::{Connection, Executed};
use model::ledger::engine::SqlError;
use model::ledger::engine::statement::{
    CommandTag, Isolation, Outcome, Select, Statement, TransactionMode,
};
use model::ledger::node::{self, LEDGER, LedgerSetup, LedgerTiming};
use sim::NodeContext;
use sim::SimTime;
use sim::disk::DiskProfile;
use sim::latency::Latency;
use sim::network::LinkProfiles;
use sim::random::{Root, Seeds};
use sim::record::history::{History, Outcome as Told};
use sim::record::value::Value;
use sim::steering::Steering;
use sim::world::{Bounds, Recording, WorldConfig};

use super::appends::{self, LISTS, Manner, Step};

const CLIENTS: usize = 8;
/// Longer than any statement may wait, so that no outcome is unknown.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    pub isolation: Isolation,
    pub manner: Manner,
    pub seed: u64,
    pub transactions: usize,
}

/// What a run leaves.
pub struct Left {
    /// Each transaction as a list of `["r", key, [elements]]` and `["append", key, element]`.
    pub history: History,
    /// The lists at the end.
    pub lists: BTreeMap<i64, Vec<i64>>,
}

/// What the clients share: it stands outside the world, as the person who types their commands.
struct Work {
    trial: Trial,
    transactions: RefCell<VecDeque<Vec<Step>>>,
    finished: Cell<usize>,
}

impl Trial {
    /// Runs it.
    pub fn run(self) -> Left {
        let config = world_config(self.seed);
        let transactions = appends::draw(config.seeds, self.transactions);
        let (catalog, first_rows) = self.manner.schema(&transactions);
        let setup = Rc::new(LedgerSetup {
            timing: LedgerTiming::of(&model::config::Timing::default()),
            catalog,
            first_rows,
            defects: Defects::default(),
        });
        let work = Rc::new(Work {
            trial: self,
            transactions: RefCell::new(transactions.into()),
            finished: Cell::new(0),
        });
        let lists = Rc::new(RefCell::new(BTreeMap::new()));
        let read = lists.clone();
        let record = sim::run(config, move |world| {
            world.add_node(LEDGER, move |context| node::run(context, setup.clone()));
            for number in 0..CLIENTS {
                let work = work.clone();
                let main = move |context| work_off(context, work.clone());
                world.add_node(&format!("client-{number}"), main);
            }
            let director = world.director();
            async move {
                while work.finished.get() < CLIENTS {
                    director.sleep(Duration::from_millis(100)).await;
                }
                *read.borrow_mut() = read_all(&director, self.manner).await;
            }
        });
        assert!(
            record.findings.is_empty(),
            "{self:?}: {:?}",
            record.findings
        );
        let history = record.history;
        Left {
            history,
            lists: lists.take(),
        }
    }
}

/// A world without faults, in which latencies are drawn.
pub fn world_config(seed: u64) -> WorldConfig {
    let micros =
        |low, high| Latency::uniform(Duration::from_micros(low), Duration::from_micros(high));
    WorldConfig {
        seeds: Seeds::derive(seed),
        links: LinkProfiles::everywhere(micros(100, 3_000)),
        disk: DiskProfile {
            access: micros(20, 100),
            sync: micros(500, 2_000),
        },
        steering: Steering::NONE,
        bounds: Bounds {
            steps: 10_000_000,
            time: SimTime::from_millis(3_600_000),
            polls_per_instant: 10_000,
        },
        recording: Recording {
            trace: false,
            log: false,
            draws: false,
        },
    }
}

async fn read_all(context: &NodeContext, manner: Manner) -> BTreeMap<i64, Vec<i64>> {
    let connection = connect(context).await;
    let select = Statement::Select(Select::all(LISTS));
    let answer = connection.execute(vec![select], PATIENCE).await;
    let outcome = answer.expect("nothing fails here").outcomes.remove(0);
    let list = |row: &Vec<_>| (appends::key(row), manner.elements(row));
    outcome.rows.iter().map(list).collect()
}

async fn connect(context: &NodeContext) -> Connection {
    Connection::open(context, context.find(LEDGER), false, PATIENCE)
        .await
        .expect("the Ledger has room for all")
}

/// One client: transaction after transaction, until there are none.
async fn work_off(context: NodeContext, work: Rc<Work>) {
    let connection = connect(&context).await;
    loop {
        let next = work.transactions.borrow_mut().pop_front();
        let Some(steps) = next else { break };
        let asked = steps.iter().map(asked).collect();
        let operation = context.invoke(context.name(), "transaction", Value::List(asked));
        let told = transact(&connection, work.trial, &steps).await;
        context.complete(operation, told);
        // Never nothing: a client's next transaction begins later than its last one ended.
        let (shortest, longest) = (Duration::from_micros(1), Duration::from_millis(2));
        let mut stream = context.stream(Root::Workload, "pause");
        context.sleep(stream.span(shortest, longest)).await;
    }
    work.finished.set(work.finished.get() + 1);
}

/// Why a transaction ended without its commit.
enum End {
    Refused(SqlError),
    Broken,
}

async fn transact(connection: &Connection, trial: Trial, steps: &[Step]) -> Told {
    let mut session = Session {
        connection,
        staged: vec![Statement::Begin(TransactionMode::new(trial.isolation))],
    };
    let done = match session.run(trial.manner, steps).await {
        Ok(done) => session
            .say(Statement::Commit)
            .await
            .map(|it| (it.tag, done)),
        Err(end) => Err(end),
    };
    match done {
        Ok((CommandTag::Commit, done)) => Told::Ok(Value::List(done)),
        Ok((tag, _)) => panic!("a commit after no error was answered with {tag}"),
        Err(End::Broken) => Told::Unknown(Value::Null),
        Err(End::Refused(error)) => {
            // After a failed commit there is nothing to roll back, and saying so does no harm.
            drop(session.say(Statement::Rollback).await);
            Told::Fail(Value::Text(error.state.code().to_owned()))
        }
    }
}

struct Session<'c> {
    connection: &'c Connection,
    /// What travels with the next statement.
    staged: Vec<Statement>,
}

impl Session<'_> {
    /// Executes the steps, and tells them with what was read.
    async fn run(&mut self, manner: Manner, steps: &[Step]) -> Result<Vec<Value>, End> {
        let mut done = Vec::new();
        for step in steps {
            match *step {
                Step::Read(key) => done.push(self.read(manner, key).await?.1),
                Step::Append(key, element) => {
                    let mut seen = Vec::new();
                    if manner == Manner::ByClient {
                        let (elements, told) = self.read(manner, key).await?;
                        done.push(told);
                        seen = elements;
                    }
                    let append = manner.append(key, element, &seen);
                    let tag = self.say(append).await?.tag;
                    let one = matches!(tag, CommandTag::Insert(1) | CommandTag::Update(1));
                    assert!(one, "an append meets one row, not {tag}");
                    done.push(asked(step));
                }
            }
        }
        Ok(done)
    }

    async fn read(&mut self, manner: Manner, key: i64) -> Result<(Vec<i64>, Value), End> {
        let rows = self.say(Statement::Select(appends::read(key))).await?.rows;
        let elements = rows.first().map_or(Vec::new(), |row| manner.elements(row));
        let list = elements.iter().map(|element| Value::Int(*element));
        let told = triple("r", key, Value::List(list.collect()));
        Ok((elements, told))
    }

    async fn say(&mut self, statement: Statement) -> Result<Outcome, End> {
        let mut statements = std::mem::take(&mut self.staged);
        statements.push(statement);
        let executed = self.connection.execute(statements, PATIENCE).await;
        let Executed {
            mut outcomes,
            error,
            ..
        } = executed.map_err(|_| End::Broken)?;
        match error {
            Some(error) => Err(End::Refused(error)),
            None => Ok(outcomes.pop().expect("every statement has an outcome")),
        }
    }
}

/// A step before it is answered.
fn asked(step: &Step) -> Value {
    match *step {
        Step::Read(key) => triple("r", key, Value::Null),
        Step::Append(key, element) => triple("append", key, Value::Int(element)),
    }
}

fn triple(name: &str, key: i64, value: Value) -> Value {
    Value::List(vec![name.into(), Value::Int(key), value])
}
