//! Waiting and loss in the steady state, beside the formulas of queueing theory.
//!
//! Kleinrock, "Queueing Systems", volume 1 (1975), has them all: M/M/1 and M/M/c in chapter 3, M/D/1
//! as a case of Pollaczek and Khinchine in chapter 5. A service takes a second on average.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use model::ledger::engine::schema::Catalog;
use model::ledger::engine::{Engine, EngineConfig, SqlState};
use sim::NodeContext;
use sim::random::{Lineage, Root};

use super::estimate::{Estimate, expect_near, percentile};
use super::quiet::{moments, run_until, world};
use super::station::{Span, Station};
use super::times;

const SECOND: Duration = Duration::from_secs(1);

/// The chance that all of c servers are busy, at this utilisation (Erlang C).
fn erlang_c(servers: u32, utilisation: f64) -> f64 {
    let offered = f64::from(servers) * utilisation;
    let blocked = erlang_b(servers, offered);
    blocked / (1.0 - utilisation * (1.0 - blocked))
}

/// The chance that a customer is turned away by c servers without a line (Erlang B), by its recursion.
fn erlang_b(servers: u32, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |blocked, server| {
        offered * blocked / (f64::from(server) + offered * blocked)
    })
}

/// One if it took any time.
fn happens(wait: &f64) -> f64 {
    f64::from(u8::from(*wait > 0.0))
}

#[track_caller]
fn check(servers: u32, utilisation: f64, service: Span, thousands: u64, error_max: f64) {
    let station = Station {
        servers,
        rate: utilisation * f64::from(servers),
        service,
        customers: thousands * 1_000 * times(),
    };
    let served = station.run();
    let waiting = erlang_c(servers, utilisation);
    let wait = waiting / (f64::from(servers) * (1.0 - utilisation));
    let (name, wait) = match service {
        Span::Exponential(_) => (format!("M/M/{servers} at {utilisation}"), wait),
        // A constant service halves the wait.
        Span::Constant(_) => (format!("M/D/{servers} at {utilisation}"), wait / 2.0),
    };
    Estimate::of(&served.waits).expect(&format!("{name}: wait"), wait, error_max);
    let waited: Vec<f64> = served.waits.iter().map(happens).collect();
    Estimate::of(&waited).expect(&format!("{name}: share that waits"), waiting, 0.03);
    if let (1, Span::Exponential(_)) = (servers, service) {
        let longest = 100_f64.ln() / (1.0 - utilisation);
        let name = format!("{name}: 99th percentile of the time there");
        expect_near(&name, percentile(&served.sojourns, 99), longest, 0.1);
    }
}

#[test]
fn one_server_with_exponential_service_makes_customers_wait_as_m_m_1() {
    check(1, 0.5, Span::Exponential(SECOND), 50, 0.03);
    check(1, 0.8, Span::Exponential(SECOND), 150, 0.05);
}

#[test]
fn several_servers_make_customers_wait_as_erlang_c() {
    check(2, 0.8, Span::Exponential(SECOND), 80, 0.06);
    check(4, 0.8, Span::Exponential(SECOND), 80, 0.06);
    check(16, 0.9, Span::Exponential(SECOND), 150, 0.1);
}

#[test]
fn one_server_with_constant_service_makes_customers_wait_half_as_long() {
    check(1, 0.5, Span::Constant(SECOND), 50, 0.03);
    check(1, 0.8, Span::Constant(SECOND), 100, 0.05);
}

/// Opens sessions of the Ledger at random, each for a second on average, and counts those refused.
fn refused_sessions(limit: u32, offered: f64, arrivals: u64) -> Estimate {
    let (over, refused) = (Rc::new(Cell::new(false)), Rc::new(RefCell::new(Vec::new())));
    let (end, answers) = (over.clone(), refused.clone());
    run_until(world(u64::from(limit), moments()), over, |world| {
        world.add_node("ledger", move |context| {
            open_sessions(
                context,
                limit,
                offered,
                arrivals,
                answers.clone(),
                end.clone(),
            )
        });
    });
    Estimate::of(&refused.take())
}

async fn open_sessions(
    context: NodeContext,
    limit: u32,
    offered: f64,
    arrivals: u64,
    refused: Rc<RefCell<Vec<f64>>>,
    over: Rc<Cell<bool>>,
) {
    let catalog = Catalog {
        tables: Vec::new(),
        sequences: Vec::new(),
    };
    let config = EngineConfig {
        connections_max: limit as usize,
        connections_reserved: 0,
        ..EngineConfig::postgresql_15()
    };
    let engine = Engine::new(catalog, config).expect("an empty schema is valid");
    let engine = Rc::new(RefCell::new(engine));
    let gap = Duration::from_secs_f64(1.0 / offered);
    let mut gaps = context.stream(Root::Workload, "gaps");
    for number in 0..arrivals {
        context.sleep(gaps.exponential(gap)).await;
        let opened = engine.borrow_mut().open_session(false);
        refused
            .borrow_mut()
            .push(f64::from(u8::from(opened.is_err())));
        let session = match opened {
            Ok(session) => session,
            Err(error) => {
                assert_eq!(error.state, SqlState::TooManyConnections);
                continue;
            }
        };
        let (node, engine) = (context.clone(), engine.clone());
        let lineage = Lineage::of("session").child("number", number);
        context.spawn_for(lineage, async move {
            let held = node.stream(Root::Workload, "held").exponential(SECOND);
            node.sleep(held).await;
            let now = u64::try_from(node.monotonic().as_nanos()).expect("a run is short");
            engine.borrow_mut().close_session(session, now);
        });
    }
    over.set(true);
}

#[test]
fn the_connection_limit_refuses_as_many_as_erlang_b() {
    for (limit, offered) in [(5, 3.0), (10, 8.0), (20, 16.0), (100, 90.0)] {
        refused_sessions(limit, offered, 100_000 * times()).expect(
            &format!("{limit} connections for {offered}"),
            erlang_b(limit, offered),
            0.1,
        );
    }
}
