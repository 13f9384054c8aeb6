//! Transactions over lists: what is drawn, how a step is said in SQL, and how a cell is read.
//!
//! A list is one cell of one row. Who appends does it in one of two [`Manner`]s, and they are not
//! alike: what SQL computes it computes from the newest version, what a client computes it computes
//! from what it has read. Start at [`draw`].

use std::collections::BTreeMap;

use model::ledger::engine::Value;
use model::ledger::engine::schema::{Catalog, ColumnId, TableDef, TableId};
use model::ledger::engine::statement::{
    Assignment, BinaryOp, ConflictAction, Expr, Insert, OnConflict, Select, Statement,
};
use model::ledger::engine::value::ValueType;
use model::ledger::query;
use sim::random::{Lineage, Randomness, Root, Seeds, Stream};

/// The one table.
pub const LISTS: TableId = TableId(0);

const KEY: usize = 0;
const LIST: usize = 1;

/// Lists that transactions choose from at any time; a full one is replaced by a new one.
const KEYS_IN_USE: usize = 6;
/// The most appends to one list. More would not fit a number of 64 bits whose digits are the elements.
const APPENDS_MAX: i64 = 15;
const STEPS_MAX: u64 = 4;

/// Who computes the longer list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// `INSERT … ON CONFLICT DO UPDATE SET list = list * 16 + element`: the elements are the digits of
    /// a number.
    InSql,
    /// The client: it reads the text `1 2` and writes the text `1 2 3`, as most applications do.
    ByClient,
}

/// A step of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reads a whole list.
    Read(i64),
    /// Appends an element to a list. Invariant: no element is appended to a list twice.
    Append(i64, i64),
}

/// Draws transactions of one to four steps; half of the steps read.
pub fn draw(seeds: Seeds, transactions: usize) -> Vec<Vec<Step>> {
    let lineage = Lineage::of("transactions");
    let mut drawing = Drawing {
        stream: Randomness::new(seeds).stream(Root::Workload, lineage, "steps"),
        in_use: (0..KEYS_IN_USE as i64).collect(),
        appends: BTreeMap::new(),
    };
    (0..transactions).map(|_| drawing.transaction()).collect()
}

struct Drawing {
    stream: Stream,
    in_use: Vec<i64>,
    /// How many elements were given out for each list ever used.
    appends: BTreeMap<i64, i64>,
}

impl Drawing {
    fn transaction(&mut self) -> Vec<Step> {
        let steps = self.stream.between(1, STEPS_MAX);
        (0..steps).map(|_| self.step()).collect()
    }

    fn step(&mut self) -> Step {
        let place = self.stream.below(KEYS_IN_USE as u64) as usize;
        if self.stream.below(2) == 0 {
            return Step::Read(self.in_use[place]);
        }
        let newest = self.in_use.iter().copied().max().unwrap_or_default();
        if self.appends.get(&self.in_use[place]) == Some(&APPENDS_MAX) {
            self.in_use[place] = newest + 1;
        }
        let key = self.in_use[place];
        let element = self.appends.entry(key).or_default();
        *element += 1;
        Step::Append(key, *element)
    }
}

impl Manner {
    /// The table, and the rows that are there before the first transaction.
    pub fn schema(self, transactions: &[Vec<Step>]) -> (Catalog, Vec<Statement>) {
        let cell = match self {
            Self::InSql => ValueType::Int,
            Self::ByClient => ValueType::Text,
        };
        let table =
            TableDef::new("lists", &[("key", ValueType::Int), ("list", cell)]).primary_key(&[KEY]);
        let catalog = Catalog {
            tables: vec![table],
            sequences: Vec::new(),
        };
        let keys = transactions.iter().flatten().map(|step| match step {
            Step::Read(key) | Step::Append(key, _) => *key,
        });
        let empty = |key| query::insert(LISTS, [(KEY, Value::Int(key)), (LIST, Value::text(""))]);
        let rows = match self {
            // A list begins with its first element.
            Self::InSql => Vec::new(),
            Self::ByClient => (0..=keys.max().unwrap_or(0)).map(empty).collect(),
        };
        (catalog, rows)
    }

    /// Appends an element, given what was read of the list, which only the client's manner looks at.
    pub fn append(self, key: i64, element: i64, seen: &[i64]) -> Statement {
        match self {
            Self::InSql => append_digit(key, element),
            Self::ByClient => {
                let words = seen.iter().chain([&element]).map(i64::to_string);
                let list = words.collect::<Vec<_>>().join(" ");
                query::update(LISTS, [(LIST, Value::Text(list))], query::is(KEY, key))
            }
        }
    }

    /// The elements of a row's list.
    pub fn elements(self, row: &[Value]) -> Vec<i64> {
        match (self, &row[LIST]) {
            (Self::InSql, Value::Int(digits)) => {
                let places = (0..APPENDS_MAX as u32).rev();
                let elements = places.map(|place| digits >> (4 * place) & 15);
                elements.skip_while(|element| *element == 0).collect()
            }
            (Self::ByClient, Value::Text(words)) => words
                .split_whitespace()
                .map(|word| word.parse().expect("clients write numbers"))
                .collect(),
            (_, other) => panic!("{other:?} is no list"),
        }
    }
}

/// The key of a row.
pub fn key(row: &[Value]) -> i64 {
    match row[KEY] {
        Value::Int(key) => key,
        ref other => panic!("{other:?} is no key"),
    }
}

/// Reads one list; no row is an empty list.
pub fn read(key: i64) -> Select {
    query::select(LISTS, query::is(KEY, key))
}

fn append_digit(key: i64, element: i64) -> Statement {
    let shifted = Expr::binary(BinaryOp::Multiply, Expr::column(LIST), Expr::literal(16));
    let longer = Expr::binary(BinaryOp::Add, shifted, Expr::Excluded(ColumnId(LIST)));
    let set = Assignment {
        column: ColumnId(LIST),
        value: longer,
    };
    Statement::Insert(Insert {
        table: LISTS,
        columns: Vec::new(),
        rows: vec![vec![Expr::literal(key), Expr::literal(element)]],
        on_conflict: Some(OnConflict {
            columns: vec![ColumnId(KEY)],
            action: ConflictAction::Update {
                assignments: vec![set],
                filter: None,
            },
        }),
        returning: Vec::new(),
    })
}
