//! How long the Ledger's engine takes: transactions nobody else is in the way of, claims of due work, and a
//! hundred thousand updates.
//!
//! Method. Statements are built before the clock starts, so what is timed is the engine alone: `execute`, and
//! `commit_durable` in place of the disk. A *transaction* is BEGIN to COMMIT with the commit made durable; the
//! short one has five statements (BEGIN, INSERT, SELECT by key, UPDATE by key, COMMIT), the long one has five
//! between BEGIN and COMMIT (the same, then SELECT by a composite index, UPDATE by a secondary one). A *claim* is
//! BEGIN, `SELECT … WHERE run_at <= now ORDER BY run_at LIMIT 8 FOR UPDATE SKIP LOCKED`, COMMIT; one row in ten
//! is due, eight in ten have no date. *Sessions* are open beside the one that works, in no transaction. Batches
//! of all cases take turns, and the fastest of each counts: what else runs on the machine only ever adds. It is no regression
//! test: it fails when a statement fails, never for being slow.
//!
//! `cargo bench -p model --bench ledger_engine [-- --quick]`

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the real clock"
)]

use model::ledger::engine::schema::{Catalog, ColumnId, TableDef, TableId};
use model::ledger::engine::statement::{
    Assignment, BinaryOp, Direction, Expr, Insert, Isolation, Locking, RowLock, Select, Statement,
    TransactionMode, Update, WaitPolicy,
};
use model::ledger::engine::{Engine, EngineConfig, Reply, SessionId, Value, ValueType};
use std::time::{Duration, Instant};

/// `account (id primary key, balance, owner, kind, note, run_at)`, with indexes on owner and kind, kind, run_at.
const ACCOUNT: TableId = TableId(0);
/// `entry (id primary key, account, amount)`.
const ENTRY: TableId = TableId(1);

const SIZES: [i64; 3] = [10, 10_000, 100_000];
const SESSIONS: [usize; 2] = [1, 90];

/// What is timed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Short,
    Long,
    Serializable,
    Claim,
}

const WORKS: [(Work, &str); 4] = [
    (Work::Short, "transaction of 5 statements"),
    (Work::Long, "transaction of 5 between BEGIN and COMMIT"),
    (Work::Serializable, "the same, serializable"),
    (Work::Claim, "claim of 8 due rows"),
];

fn main() {
    // `cargo bench` passes `--bench`, which says nothing here.
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (batches, each, updates) = if quick {
        (2, 50, 5_000)
    } else {
        (60, 50, 100_000)
    };
    transactions(batches, each);
    long_update(updates);
}

fn transactions(batches: usize, each: i64) {
    println!("microseconds per transaction, fastest of {batches} batches of {each}");
    print!("{:<44}", "rows / other sessions");
    let mut benches = Vec::new();
    for rows in SIZES {
        for sessions in SESSIONS {
            print!("{:>12}", format!("{rows}/{sessions}"));
            benches.push(Bench::new(rows, sessions));
        }
    }
    println!();
    for (work, name) in WORKS {
        let mut spent = vec![Vec::new(); benches.len()];
        for _ in 0..batches {
            for (bench, spent) in benches.iter_mut().zip(&mut spent) {
                spent.push(bench.batch(work, each));
            }
        }
        print!("{name:<44}");
        for spent in spent {
            let fastest = spent.into_iter().min().unwrap_or_default();
            print!("{:>12.2}", micros(fastest, each));
        }
        println!();
    }
}

/// How many updates are timed together.
const PART: usize = 250;

/// Updates of a few rows in turn, in tenths, of small and large tables.
fn long_update(updates: i64) {
    println!(
        "\nmicroseconds per committed UPDATE: fastest {PART} in a row of each tenth of {updates}"
    );
    for (rows, hot) in [(10, 10), (10_000, 10), (10_000, 10_000), (100_000, 10)] {
        print!("{:<44}", format!("{hot} of {rows} rows in turn"));
        let mut bench = Bench::new(rows, 1);
        for tenth in 0..10 {
            let numbers = tenth * updates / 10..(tenth + 1) * updates / 10;
            let numbers: Vec<i64> = numbers.collect();
            let parts = numbers.chunks(PART).map(|part| {
                let updates = part.iter().map(|number| vec![update(0, 1 + number % hot)]);
                bench.play(updates.collect())
            });
            print!(
                "{:>8.2}",
                micros(parts.min().unwrap_or_default(), PART as i64)
            );
        }
        println!("   {} versions left", bench.engine.versions());
    }
}

fn micros(spent: Duration, count: i64) -> f64 {
    spent.as_nanos() as f64 / 1_000.0 / count as f64
}

/// An engine with rows, and the session that works.
struct Bench {
    engine: Engine,
    session: SessionId,
    rows: i64,
    next_entry: i64,
    now_ns: u64,
    draw: u64,
}

impl Bench {
    fn new(rows: i64, sessions: usize) -> Self {
        let mut engine =
            Engine::new(catalog(), EngineConfig::postgresql_15()).expect("the schema is sound");
        let session = engine.open_session(true).expect("slots suffice");
        for _ in 0..sessions {
            engine.open_session(true).expect("slots suffice");
        }
        let mut bench = Self {
            engine,
            session,
            rows,
            next_entry: rows + 1,
            now_ns: 0,
            draw: 1,
        };
        let rows: Vec<Vec<Statement>> = (1..=rows)
            .map(|id| vec![insert(ACCOUNT, account(id)), insert(ENTRY, entry(id, id))])
            .collect();
        bench.play(rows);
        bench
    }

    fn batch(&mut self, work: Work, count: i64) -> Duration {
        let scripts = (0..count).map(|_| self.script(work)).collect();
        self.play(scripts)
    }

    fn script(&mut self, work: Work) -> Vec<Statement> {
        let level = if work == Work::Serializable {
            Isolation::Serializable
        } else {
            Isolation::ReadCommitted
        };
        let begin = Statement::Begin(TransactionMode::new(level));
        if work == Work::Claim {
            return vec![begin, claim(), Statement::Commit];
        }
        let (one, other) = (self.any_row(), self.any_row());
        let entry = entry(self.next_entry, one);
        self.next_entry += 1;
        let mut script = vec![
            begin,
            insert(ENTRY, entry),
            select(Expr::column_is(0, one)),
            update(0, one),
        ];
        if work != Work::Short {
            let composite = Expr::column_is(2, other % 1_000).and(Expr::column_is(3, other));
            script.extend([select(composite), update(3, other)]);
        }
        script.push(Statement::Commit);
        script
    }

    /// A row number; the same sequence of them in every case.
    fn any_row(&mut self) -> i64 {
        self.draw = self
            .draw
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        1 + (self.draw >> 33) as i64 % self.rows
    }

    fn play(&mut self, scripts: Vec<Vec<Statement>>) -> Duration {
        let begin = Instant::now();
        for statement in scripts.into_iter().flatten() {
            self.now_ns += 1_000;
            match self.engine.execute(self.session, statement, self.now_ns) {
                Reply::Done(Ok(_)) => {}
                Reply::Committing(_) => {
                    self.engine.commit_durable(self.session, self.now_ns);
                }
                other => panic!("nobody is in the way, yet: {other:?}"),
            }
        }
        begin.elapsed()
    }
}

fn catalog() -> Catalog {
    let int = ValueType::Int;
    let account = [
        ("id", int),
        ("balance", int),
        ("owner", int),
        ("kind", int),
        ("note", ValueType::Text),
        ("run_at", int),
    ];
    let account = TableDef::new("account", &account)
        .primary_key(&[0])
        .index(&[2, 3])
        .index(&[3])
        .index(&[5]);
    let entry = [("id", int), ("account", int), ("amount", int)];
    let entry = TableDef::new("entry", &entry).primary_key(&[0]);
    Catalog {
        tables: vec![account, entry],
        sequences: Vec::new(),
    }
}

fn account(id: i64) -> Vec<Value> {
    let run_at = match id % 10 {
        0 => Value::Int(id),
        1 => Value::Int(1_000_000_000 + id),
        _ => Value::Null,
    };
    let note = Value::text("a note of a middling length");
    vec![
        id.into(),
        0.into(),
        (id % 1_000).into(),
        id.into(),
        note,
        run_at,
    ]
}

fn entry(id: i64, account: i64) -> Vec<Value> {
    vec![id.into(), account.into(), 1.into()]
}

fn insert(table: TableId, row: Vec<Value>) -> Statement {
    Statement::Insert(Insert {
        table,
        columns: Vec::new(),
        rows: vec![row.into_iter().map(Expr::Literal).collect()],
        on_conflict: None,
        returning: Vec::new(),
    })
}

fn select(filter: Expr) -> Statement {
    Statement::Select(Select {
        filter: Some(filter),
        ..Select::all(ACCOUNT)
    })
}

/// Adds one to the balance of the rows that have `value` in a column.
fn update(column: usize, value: i64) -> Statement {
    let assignment = Assignment {
        column: ColumnId(1),
        value: Expr::binary(BinaryOp::Add, Expr::column(1), Expr::literal(1)),
    };
    Statement::Update(Update {
        table: ACCOUNT,
        assignments: vec![assignment],
        filter: Some(Expr::column_is(column, value)),
        returning: Vec::new(),
    })
}

fn claim() -> Statement {
    let due = Expr::binary(
        BinaryOp::LessOrEqual,
        Expr::column(5),
        Expr::literal(500_000_000),
    );
    Statement::Select(Select {
        filter: Some(due),
        order: vec![(Expr::column(5), Direction::Ascending)],
        limit: Some(8),
        locking: Some(Locking {
            strength: RowLock::Update,
            wait: WaitPolicy::SkipLocked,
        }),
        ..Select::all(ACCOUNT)
    })
}
