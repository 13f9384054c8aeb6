//! A pool of two connections under users that come, work and go away.
//!
//! A connection here is a number that says when it is opened and closed. What is compared are the
//! words of users and connections, the pool's gauges, and the verdict of `pool_bounded`.

use std::cell::Cell;
use std::rc::Rc;

use model::defects::{Defect, Defects};
use model::invariants::CHECKS;
use model::resilience::pool::{AcquireError, Pool};
use sim::check::Verdict;
use sim::fault::FaultKind;
use sim::random::{Lineage, Randomness, Root, Seeds};
use sim::record::Record;
use sim::world::WorldConfig;
use sim::{NodeContext, SimTime};

use super::patience::within;
use crate::world::stage::{Program, Stage, during, expect_lines, ms, program, said_by, say};

/// How the statement of a user ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Answered,
    /// The connection is broken.
    Broken,
}

/// One user, in milliseconds: when it comes, how long its statement takes and how that ends, how long
/// it waits for a connection, and when it goes away whatever it is doing.
#[derive(Clone, Copy)]
struct User {
    at: u64,
    works: u64,
    ends: Ending,
    waits: u64,
    goes_after: u64,
}

const fn user(at: u64, works: u64) -> User {
    User {
        at,
        works,
        ends: Ending::Answered,
        waits: 1_000,
        goes_after: 1_000,
    }
}

struct Connection {
    node: NodeContext,
    number: u32,
}

impl Drop for Connection {
    fn drop(&mut self) {
        say(&self.node, format!("{} closed", self.number));
    }
}

/// What users share.
#[derive(Clone)]
struct Office {
    node: NodeContext,
    pool: Pool<Connection>,
    opened: Rc<Cell<u32>>,
}

impl Office {
    fn open(&self) -> Connection {
        let number = self.opened.get();
        self.opened.set(number + 1);
        say(&self.node, format!("{number} opened"));
        Connection {
            node: self.node.clone(),
            number,
        }
    }

    async fn use_one(&self, name: u64, user: User) -> Result<(), AcquireError> {
        let mut lease = self.pool.acquire(ms(user.waits)).await?;
        if lease.connection().is_none() {
            lease.put(self.open());
        }
        let connection = lease.take().expect("it was put in or was there");
        say(&self.node, format!("user {name} has {}", connection.number));
        self.node.sleep(ms(user.works)).await;
        match user.ends {
            Ending::Answered => lease.put(connection),
            Ending::Broken => lease.discard(),
        }
        Ok(())
    }
}

fn core(users: &[User], defects: &[Defect]) -> Program {
    let users: Rc<[User]> = users.into();
    let defects = Defects::of(defects.iter().copied());
    program(move |node| {
        let office = Office {
            pool: Pool::new(node.clone(), 2, &defects),
            opened: Rc::default(),
            node,
        };
        serve(office, users.clone())
    })
}

async fn serve(office: Office, users: Rc<[User]>) {
    for (name, user) in (0..).zip(users.iter().copied()) {
        let own = office.clone();
        let lineage = Lineage::of("user").child("number", name);
        office.node.spawn_for(lineage, async move {
            own.node.sleep(ms(user.at)).await;
            let work = own.use_one(name, user);
            match within(&own.node, ms(user.goes_after), work).await {
                Some(Ok(())) => {}
                Some(Err(error)) => say(&own.node, format!("user {name}: {error}")),
                None => say(&own.node, format!("user {name} goes away")),
            }
        });
    }
    // The pool outlives its users, as it does in a Core.
    std::future::pending().await
}

fn stage(users: &[User], defects: &[Defect]) -> Stage {
    Stage::new([("core-1", core(users, defects))])
}

fn verdict(record: &Record) -> Verdict {
    let check = CHECKS.iter().find(|check| check.name == "pool_bounded");
    check.expect("the check is listed").verdict(record)
}

/// The last values of the gauges: busy and idle.
fn at_rest(record: &Record) -> (i64, i64) {
    let last = |state: &str| {
        let key = format!(r#"core.ledger.connections{{instance="core-1",state="{state}"}}"#);
        let mut gauges = record.metrics.gauges();
        let (_, samples) = gauges
            .find(|(found, _)| found.to_string() == key)
            .expect("the pool shows its connections");
        samples.last().expect("it showed them at its start").1
    };
    (last("busy"), last("idle"))
}

#[track_caller]
fn check(claim: &str, users: &[User], lines: &[&str], rest: (i64, i64)) {
    let record = stage(users, &[]).play();
    // What is left at the end of the run is closed with the process.
    let mut said = said_by(&record, "core-1");
    said.retain(|line| !line.starts_with("100 "));
    expect_lines(&said, lines, claim);
    assert_eq!(at_rest(&record), rest, "{claim}: busy and idle at rest");
    assert_eq!(verdict(&record), Verdict::Held, "{claim}");
}

#[test]
fn connections_are_opened_up_to_the_maximum_and_used_again() {
    check(
        "five users and two connections",
        &[
            user(1, 20),
            user(2, 30),
            user(3, 10),
            user(4, 10),
            user(50, 5),
        ],
        &[
            "1 0 opened",
            "1 user 0 has 0",
            "2 1 opened",
            "2 user 1 has 1",
            "21 user 2 has 0",
            "31 user 3 has 0",
            "50 user 4 has 0",
        ],
        (0, 2),
    );
}

#[test]
fn nobody_waits_longer_than_its_limit() {
    const HASTY: User = User {
        waits: 5,
        ..user(3, 10)
    };
    check(
        "the third gives up, the fourth is served",
        &[user(1, 20), user(2, 30), HASTY, user(4, 10)],
        &[
            "1 0 opened",
            "1 user 0 has 0",
            "2 1 opened",
            "2 user 1 has 1",
            "8 user 2: all connections were in use for 5 ms; ask again later",
            "21 user 3 has 0",
        ],
        (0, 2),
    );
}

#[test]
fn a_broken_connection_is_closed_and_its_place_opens_another() {
    const UNLUCKY: User = User {
        ends: Ending::Broken,
        ..user(1, 10)
    };
    check(
        "the third gets the place of the broken one",
        &[UNLUCKY, user(2, 30), user(3, 10)],
        &[
            "1 0 opened",
            "1 user 0 has 0",
            "2 1 opened",
            "2 user 1 has 1",
            "11 0 closed",
            "11 2 opened",
            "11 user 2 has 2",
        ],
        (0, 2),
    );
}

/// Goes away in the middle of its statement.
const CANCELLED: User = User {
    goes_after: 10,
    ..user(1, 50)
};

#[test]
fn a_connection_with_a_statement_under_way_is_never_handed_on() {
    check(
        "the third gets a new connection, not that of who was cancelled",
        &[CANCELLED, user(2, 30), user(3, 10)],
        &[
            "1 0 opened",
            "1 user 0 has 0",
            "2 1 opened",
            "2 user 1 has 1",
            "11 0 closed",
            "11 user 0 goes away",
            "11 2 opened",
            "11 user 2 has 2",
        ],
        (0, 2),
    );
}

#[test]
fn who_goes_away_while_waiting_takes_nothing_along() {
    const LEAVES_THE_QUEUE: User = User {
        goes_after: 5,
        ..user(3, 10)
    };
    check(
        "the fourth gets what the third waited for",
        &[user(1, 20), user(2, 30), LEAVES_THE_QUEUE, user(4, 10)],
        &[
            "1 0 opened",
            "1 user 0 has 0",
            "2 1 opened",
            "2 user 1 has 1",
            "8 user 2 goes away",
            "21 user 3 has 0",
        ],
        (0, 2),
    );
}

#[test]
fn a_connection_lost_in_mid_statement_is_told_of_once() {
    let defect = Defect::ConnectionLeakedOnTimeout;
    assert_eq!(defect.info().caught_by, "pool_bounded");
    let users = [CANCELLED, user(2, 10), user(30, 10), user(31, 10)];
    let record = stage(&users, &[defect]).play();
    assert_eq!(at_rest(&record), (1, 1));
    let Verdict::Violated(evidence) = verdict(&record) else {
        panic!("it is caught");
    };
    let found: Vec<_> = evidence
        .iter()
        .map(|one| (&*one.subject, &*one.claim, one.at))
        .collect();
    let at = Some(SimTime::from_millis(11));
    let claim = "2 connections are taken, and only 1 held";
    assert_eq!(found, [("core-1", claim, at)]);
}

#[test]
fn a_pool_that_loses_its_connections_serves_nobody_in_the_end() {
    let users = [
        CANCELLED,
        CANCELLED,
        User {
            waits: 20,
            ..user(40, 5)
        },
    ];
    let last = |defects: &[Defect]| {
        let said = said_by(&stage(&users, defects).play(), "core-1");
        said.into_iter()
            .rfind(|line| line.contains("user 2"))
            .expect("it says something")
    };
    assert_eq!(last(&[]), "40 user 2 has 2");
    let refused = "60 user 2: all connections were in use for 20 ms; ask again later";
    assert_eq!(last(&[Defect::ConnectionLeakedOnTimeout]), refused);
}

/// Users by chance, on a process that is paused and killed.
fn drawn(seed: u64, defects: &[Defect]) -> Record {
    let randomness = Randomness::new(Seeds::derive(seed));
    let mut stream = randomness.stream(Root::Workload, Lineage::of("users"), "users");
    let users: Vec<User> = (0..60)
        .map(|_| User {
            at: stream.below(400),
            works: stream.between(1, 20),
            ends: *stream.pick(&[Ending::Answered, Ending::Answered, Ending::Broken]),
            waits: stream.between(1, 40),
            goes_after: *stream.pick(&[5, 20, 1_000]),
        })
        .collect();
    let faults = [
        during(FaultKind::Pause, "core-1", 100, 130),
        during(FaultKind::Crash, "core-1", 250, 260),
    ];
    let seeded = |config: &mut WorldConfig| config.seeds = Seeds::derive(seed);
    stage(&users, defects)
        .with(faults)
        .lasting(2_000)
        .configured(seeded)
        .play()
}

/// How many connections were open at once at most, by what they said.
fn open_at_most(record: &Record) -> i64 {
    let (mut open, mut most) = (0_i64, 0);
    let mut life = 0;
    for note in record.notes.iter().filter(|note| note.name == "says") {
        if note.incarnation != life {
            (life, open) = (note.incarnation, 0);
        }
        let words = note.detail.as_text().unwrap_or_default();
        open += i64::from(words.ends_with(" opened")) - i64::from(words.ends_with(" closed"));
        most = most.max(open);
    }
    most
}

/// How many seeds are tried.
const SEEDS: u64 = 40;

#[test]
fn users_by_chance_never_have_more_than_the_maximum_and_leave_nothing_behind() {
    for seed in 1..=SEEDS {
        let record = drawn(seed, &[]);
        assert_eq!(verdict(&record), Verdict::Held, "seed {seed}");
        assert_eq!(record.findings, [], "seed {seed}");
        assert_eq!(open_at_most(&record), 2, "seed {seed}");
        assert_eq!(at_rest(&record).0, 0, "seed {seed}: nobody holds anything");
    }
}

#[test]
fn users_by_chance_show_the_leak() {
    let leaks = [Defect::ConnectionLeakedOnTimeout];
    let caught = |seed: &u64| matches!(verdict(&drawn(*seed, &leaks)), Verdict::Violated(_));
    let seed = (1..=SEEDS).find(caught);
    assert!(seed.is_some(), "the leak escapes {SEEDS} seeds");
}
