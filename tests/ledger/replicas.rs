//! Servers of one Ledger in a world: whatever happens between them, replicas come to hold what the primary holds.
//!
//! A writer commits row after row, faults strike, and at the end every server is asked for its rows. A case names the
//! faults; the big rows make the log outgrow what a primary keeps for its replicas.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use model::config::Timing;
use model::defects::Defects;
use model::ledger::client::LedgerClient;
use model::ledger::engine::Row;
use model::ledger::engine::statement::Select;
use model::ledger::node::{LEDGER, LedgerSetup};
use model::ledger::query;
use model::ledger::replica::config::{ReplicaConfig, ReplicationMode};
use model::ledger::replica::operator::{self, OPERATOR, OperatorSetup};
use model::ledger::replica::protocol::{ServerRequest, ServerResponse};
use model::ledger::replica::server::{self, ServerSetup};
use model::ledger::tables::{self, lockers};
use model::ledger::timing::LedgerTiming;
use model::resilience::deadline::Deadline;
use sim::NodeContext;
use sim::fault::Plan;
use sim::latency::LatencyTable;
use sim::record::Record;
use sim::world::World;

use super::clients::world_config;

const SERVERS: [&str; 3] = [LEDGER, "ledger-2", "ledger-3"];
const WRITES: usize = 300;
/// Together more than a primary keeps of its log.
const ROW_BYTES: usize = 6_000;

/// What happens, and what must have come of it.
struct Case {
    mode: ReplicationMode,
    faults: &'static str,
    reached: &'static [&'static str],
    not_reached: &'static [&'static str],
}

const ANEW: &str = "replica_began_anew";
const FAILOVER: &str = "ledger_failed_over";

#[test]
fn replicas_come_to_hold_what_the_primary_holds_whatever_happens_between_them() {
    use ReplicationMode::{Asynchronous, Synchronous};
    for mode in [Asynchronous, Synchronous] {
        let cases = [
            ("[]", &[][..], &[ANEW, FAILOVER][..]),
            // Lost, repeated and overtaken messages.
            (
                r#"[{"where": "ledger <-> ledger-*", "what": {"loss": {"ratio": "20%"}}, "from_ms": 100, "until_ms": 9000},
                    {"where": "ledger <-> ledger-*", "what": {"duplicate": {"ratio": "20%"}}, "from_ms": 100, "until_ms": 9000},
                    {"where": "ledger <-> ledger-*", "what": {"reorder": {"ratio": "20%", "extra_ms": 300}}, "from_ms": 100, "until_ms": 9000}]"#,
                &[],
                &[FAILOVER],
            ),
            // A replica dies in the middle of a write, and goes on where its disk is.
            (
                r#"[{"where": "ledger-2", "what": "torn-write", "from_ms": 2000, "until_ms": 2500}]"#,
                &[],
                &[FAILOVER],
            ),
            // A replica is away while the log outgrows what is kept of it.
            (
                r#"[{"where": "ledger-3", "what": "isolate", "from_ms": 1000, "until_ms": 20000}]"#,
                &[ANEW],
                &[FAILOVER],
            ),
            // The primary dies and comes back in time: it goes on in its reign.
            (
                r#"[{"where": "ledger", "what": "power-loss", "from_ms": 2000, "until_ms": 3000}]"#,
                &[],
                &[FAILOVER],
            ),
            // The primary stands still, and wakes up when another leads.
            (
                r#"[{"where": "ledger", "what": "pause", "from_ms": 2000, "until_ms": 12000}]"#,
                &[FAILOVER, "old_primary_stepped_down"],
                &[],
            ),
        ];
        for (faults, reached, not_reached) in cases {
            check(&Case {
                mode,
                faults,
                reached,
                not_reached,
            });
        }
    }
}

fn check(case: &Case) {
    let told = format!("{:?} {}", case.mode, case.faults);
    for seed in 1..=3 {
        let (record, held) = run(case, seed);
        assert!(
            record.findings.is_empty(),
            "{told}, seed {seed}: {:?}",
            record.findings
        );
        let rows: Vec<usize> = held.iter().map(Vec::len).collect();
        assert!(
            held.windows(2).all(|two| two[0] == two[1]),
            "{told}, seed {seed}: {rows:?} rows"
        );
        assert!(rows[0] > WRITES / 2, "{told}, seed {seed}: {rows:?} rows");
        for state in case.reached {
            assert!(
                record.reached.contains(*state),
                "{told}, seed {seed}: {state}"
            );
        }
        for state in case.not_reached {
            assert!(
                !record.reached.contains(*state),
                "{told}, seed {seed}: {state}"
            );
        }
    }
}

/// Runs a case; gives the record and what each server holds at the end.
fn run(case: &Case, seed: u64) -> (Record, Vec<Vec<Row>>) {
    let config = ReplicaConfig {
        count: 2,
        mode: case.mode,
        apply_lag: LatencyTable::of([1_000, 10_000, 50_000, 200_000, 400_000]),
        lease_ms: 2_000,
        loss_accepted_ms: 60_000,
    };
    let faults = serde_json::from_str(case.faults).expect("a plan is written as JSON");
    let plan = Plan { faults };
    let held = Rc::new(Cell::new(Vec::new()));
    let told = held.clone();
    let record = sim::run(world_config(seed), move |world| {
        add_servers(world, &config);
        let finished = Rc::new(Cell::new(false));
        let writer = finished.clone();
        world.add_node("writer", move |context| write(context, writer.clone()));
        world.install(plan);
        let (world, director) = (world.clone(), world.director());
        async move {
            while !finished.get() {
                director.sleep(Duration::from_millis(500)).await;
            }
            world.heal();
            director.sleep(Duration::from_secs(15)).await;
            let mut all = Vec::new();
            for server in SERVERS {
                all.push(rows_of(&director, server).await);
            }
            told.set(all);
        }
    });
    (record, held.take())
}

fn add_servers(world: &World, config: &ReplicaConfig) {
    let ledger = Rc::new(LedgerSetup {
        timing: LedgerTiming::of(&Timing::default()),
        catalog: tables::catalog(tables::Purposes::default()),
        first_rows: Vec::new(),
        defects: Defects::default(),
    });
    let setup = Rc::new(ServerSetup {
        ledger,
        config: config.clone(),
    });
    for name in SERVERS {
        let setup = setup.clone();
        world.add_node(name, move |context| server::run(context, setup.clone()));
    }
    let setup = Rc::new(OperatorSetup {
        config: config.clone(),
        first: LEDGER.to_owned(),
        defects: Defects::default(),
    });
    world.add_node(OPERATOR, move |context| {
        operator::run(context, setup.clone())
    });
}

/// Commits row after row; whether each succeeds is none of its business.
async fn write(context: NodeContext, finished: Rc<Cell<bool>>) {
    let client = LedgerClient::new(context.clone(), 4, &Defects::default());
    for number in 0..WRITES {
        let name = format!("locker-{number} {}", "x".repeat(ROW_BYTES));
        let deadline = Deadline::within(Duration::from_secs(10), context.monotonic());
        let written = client.transact("write", deadline, async |transaction| {
            let row = [(lockers::LOCKER, name.as_str().into())];
            transaction.stage(query::insert(lockers::TABLE, row));
            Ok(())
        });
        drop(written.await);
        context.sleep(Duration::from_millis(30)).await;
    }
    finished.set(true);
}

/// What a server holds, in physical order: from a replica as a service reads it, else as a client of the primary.
async fn rows_of(context: &NodeContext, server: &str) -> Vec<Row> {
    let node = context.find(server);
    let request = ServerRequest::Read {
        selects: vec![Select::all(lockers::TABLE)],
        at_least: model::ledger::engine::log::frame::Lsn(0),
        wait_ms: 0,
    };
    let patience = Duration::from_secs(5);
    let answer: Result<Arc<ServerResponse>, _> = context.call(node, request, patience).await;
    if let ServerResponse::Rows { rows, .. } = &*answer.expect("every server is back") {
        return rows[0].clone();
    }
    let connection =
        model::ledger::client::connection::Connection::open(context, node, false, patience);
    let connection = connection.await.expect("who is no replica is the primary");
    let select = query::Refine::statement(Select::all(lockers::TABLE));
    let read = connection.execute(vec![select], patience).await;
    read.expect("nothing fails here").outcomes.remove(0).rows
}
