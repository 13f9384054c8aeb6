//! One row that everybody writes: how the Ledger's throughput grows with its clients, and where it ends.
//!
//! Gunther's Universal Scalability Law ("Guerrilla Capacity Planning", 2007) says
//! X(N) = γN / (1 + α(N − 1) + βN(N − 1)): α is the part of the work that only one can do at a time, β what
//! they cost each other by their number. Every client here prepares its transaction, which all do at the
//! same time, and then holds the lock of one row from its update to its commit.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use model::defects::Defects;
use model::ledger::client::connection::Connection;
use model::ledger::engine::Value;
use model::ledger::engine::schema::{Catalog, TableDef, TableId};
use model::ledger::engine::statement::{Isolation, Statement, TransactionMode};
use model::ledger::engine::value::ValueType;
use model::ledger::node::{self, LEDGER, LedgerSetup, LedgerTiming};
use model::ledger::query;
use sim::NodeContext;
use sim::random::Root;

use super::estimate::expect_near;
use super::quiet::{moments, run_until, world};

const COUNTERS: TableId = TableId(0);
/// Preparation and the time under the lock are drawn with these means.
const PREPARES: Duration = Duration::from_millis(90);
const HOLDS: Duration = Duration::from_millis(10);
const MEASURED: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(60);

/// Transactions per second that so many clients get through.
fn throughput(clients: u32) -> f64 {
    let (over, done) = (Rc::new(Cell::new(false)), Rc::new(RefCell::new(0_u32)));
    let (end, tally) = (over.clone(), done.clone());
    run_until(world(8, moments()), over, |world| {
        let setup = Rc::new(ledger());
        world.add_node(LEDGER, move |context| node::run(context, setup.clone()));
        for number in 0..clients {
            let (tally, end) = (tally.clone(), end.clone());
            world.add_node(&format!("client-{number}"), move |context| {
                write(context, tally.clone(), end.clone())
            });
        }
    });
    f64::from(*done.borrow()) / MEASURED.as_secs_f64()
}

fn ledger() -> LedgerSetup {
    let table = TableDef::new("counters", &[("id", ValueType::Int), ("n", ValueType::Int)]);
    LedgerSetup {
        timing: LedgerTiming::of(&model::config::Timing::default()),
        catalog: Catalog {
            tables: vec![table.primary_key(&[0])],
            sequences: Vec::new(),
        },
        first_rows: vec![query::insert(
            COUNTERS,
            [(0, Value::Int(1)), (1, Value::Int(0))],
        )],
        defects: Defects::default(),
    }
}

async fn write(context: NodeContext, done: Rc<RefCell<u32>>, over: Rc<Cell<bool>>) {
    let ledger = context.find(LEDGER);
    let connection = Connection::open(&context, ledger, false, PATIENCE).await;
    let connection = connection.expect("the Ledger has room for all");
    let mut spans = context.stream(Root::Workload, "spans");
    let mut number = 0;
    while context.monotonic() < MEASURED {
        context.sleep(spans.exponential(PREPARES)).await;
        number += 1;
        let begin = Statement::Begin(TransactionMode::new(Isolation::ReadCommitted));
        let update = query::update(COUNTERS, [(1, Value::Int(number))], query::is(0, 1));
        let begun = connection.execute(vec![begin, update], PATIENCE).await;
        assert_eq!(begun.expect("nothing fails here").error, None);
        context.sleep(spans.exponential(HOLDS)).await;
        let committed = connection.execute(vec![Statement::Commit], PATIENCE).await;
        assert_eq!(committed.expect("nothing fails here").error, None);
        *done.borrow_mut() += 1;
    }
    over.set(true);
    std::future::pending().await
}

/// γ, α and β for measured (N, X): with c = N/X it is c = (1 + α(N − 1) + βN(N − 1))/γ, which is linear,
/// so least squares solve it.
fn fit(measured: &[(f64, f64)]) -> (f64, f64, f64) {
    let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for (n, x) in measured {
        let terms = [1.0, n - 1.0, n * (n - 1.0)];
        let weight = (x / n).powi(2);
        for row in 0..3 {
            for column in 0..3 {
                matrix[row][column] += weight * terms[row] * terms[column];
            }
            right[row] += weight * terms[row] * n / x;
        }
    }
    let [a, b, c] = solve(matrix, right);
    (1.0 / a, b / a, c / a)
}

/// Gaussian elimination; the matrix is positive definite, so no pivot is zero.
fn solve(mut matrix: [[f64; 3]; 3], mut right: [f64; 3]) -> [f64; 3] {
    for pivot in 0..3 {
        for row in pivot + 1..3 {
            let factor = matrix[row][pivot] / matrix[pivot][pivot];
            let above = matrix[pivot];
            for (cell, above) in matrix[row].iter_mut().zip(above) {
                *cell -= factor * above;
            }
            right[row] -= factor * right[pivot];
        }
    }
    let mut solution = [0.0; 3];
    for row in (0..3).rev() {
        let known: f64 = (row + 1..3)
            .map(|column| matrix[row][column] * solution[column])
            .sum();
        solution[row] = (right[row] - known) / matrix[row][row];
    }
    solution
}

#[test]
fn the_fit_finds_the_law_that_made_its_points() {
    let law = |n: f64| 100.0 * n / (1.0 + 0.05 * (n - 1.0) + 0.001 * n * (n - 1.0));
    let points: Vec<(f64, f64)> = [1.0, 4.0, 9.0, 20.0, 40.0].map(|n| (n, law(n))).to_vec();
    let (gamma, alpha, beta) = fit(&points);
    expect_near("γ", gamma, 100.0, 1e-6);
    expect_near("α", alpha, 0.05, 1e-6);
    expect_near("β", beta, 0.001, 1e-6);
    expect_near("the best N", ((1.0 - alpha) / beta).sqrt(), 30.82, 1e-3);
}

/// What N customers get through that prepare by themselves and are served one at a time, by exact mean
/// value analysis (Reiser and Lavenberg, 1980).
fn machine_repair(prepares: f64, holds: f64, customers: u32) -> f64 {
    let mut in_line = 0.0;
    let mut throughput = 0.0;
    for n in 1..=customers {
        let there = holds * (1.0 + in_line);
        throughput = f64::from(n) / (prepares + there);
        in_line = throughput * there;
    }
    throughput
}

#[test]
fn writers_of_one_row_queue_as_exact_analysis_says_and_scale_as_the_law_does() {
    let sweep = [1, 2, 4, 8, 12, 16, 24, 32].map(|clients| (clients, throughput(clients)));
    // A lone client shows how long a transaction takes, a crowd how long the lock is held.
    let (alone, crowded) = (sweep[0].1, sweep[7].1);
    let holds = 1.0 / crowded;
    for (clients, found) in sweep {
        let exact = machine_repair(1.0 / alone - holds, holds, clients);
        expect_near(&format!("{clients} clients in line"), found, exact, 0.03);
    }
    let measured = sweep.map(|(clients, found)| (f64::from(clients), found));
    let (gamma, alpha, beta) = fit(&measured);
    println!("γ {gamma:.3} a second, α {alpha:.4}, β {beta:.6}");
    for (n, found) in measured {
        let law = gamma * n / (1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0));
        expect_near(&format!("{n} clients"), found, law, 0.1);
    }
}
