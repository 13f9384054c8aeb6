//! Random concurrent schedules, stepped side by side against the engine and a private PostgreSQL.
//!
//! After each step both must agree on who has an answer (rows in order, command tag, SQLSTATE) and who
//! waits; at the end, on the tables. Time runs differently on both sides, so a step never falls near a
//! deadlock timer: a deadlock is resolved as soon as it exists, and then all timers are left to run out.
//! When one event wakes several sessions of the real server they race; such a moment counts as like if the
//! engine agrees in one of the orders of waking. What else a race may change (two sessions taking rows in
//! turn) is met by repeating a schedule that differs after such a moment.

use super::harness::Harness;
use super::schedule::{SESSIONS, Step, catalog, first_rows, schedule};
use super::server::Server;
use super::wire::{Answer, Wire};
use super::{no_server, render};
use model::ledger::engine::schema::TableId;
use model::ledger::engine::statement::{Isolation, Outcome, Select, Statement};
use model::ledger::engine::{Engine, EngineConfig, SqlError, Value, WakeOrder};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The real server's deadlock timeout: short, since a schedule waits for it.
const DEADLOCK_TIMEOUT: Duration = Duration::from_millis(250);

/// How often a schedule in which somebody was woken is repeated until the two sides agree. The real server
/// decides some races as the engine does in only two of three runs (a woken session against one that is
/// woken by the end of another woken one), and thousands of schedules have many of them.
const RACES_MAX: u32 = 15;

/// Set this to run more (or fewer) schedules per level or property.
pub const SCHEDULES: &str = "PROVENIQ_LEDGER_SCHEDULES";

/// Set this to draw other schedules.
pub const SEED: &str = "PROVENIQ_LEDGER_SEED";

#[test]
fn read_committed_schedules_go_as_in_postgresql() {
    check("read committed", Some(Isolation::ReadCommitted));
}

#[test]
fn repeatable_read_schedules_go_as_in_postgresql() {
    check("repeatable read", Some(Isolation::RepeatableRead));
}

#[test]
fn serializable_schedules_go_as_in_postgresql() {
    check("serializable", Some(Isolation::Serializable));
}

#[test]
fn mixed_schedules_go_as_in_postgresql() {
    check("mixed", None);
}

/// A number from the environment.
pub fn number(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} must be a number"))
    })
}

/// How often things happened, so that a run that tests nothing shows.
#[derive(Debug, Default)]
struct Tally {
    schedules: u64,
    statements: u64,
    waits: u64,
    /// Errors by SQLSTATE, agreed on by both sides.
    errors: BTreeMap<String, u64>,
    /// Schedules that had to be repeated because woken sessions raced.
    races: u64,
    /// Schedules never finished because the machine was too slow for the deadlock timer.
    late: u64,
}

/// Why a schedule was not followed to its end.
enum Stop {
    /// The two sides differ.
    Differs(String),
    /// A step took so long that a deadlock timer may have run out meanwhile.
    Late,
}

/// A server to compare with; says so loudly if there is none.
fn real_server(test: &str) -> Option<Server> {
    let timeout = format!("{}ms", DEADLOCK_TIMEOUT.as_millis());
    let settings = [
        ("fsync", "off"),
        ("autovacuum", "off"),
        // Rows then come in physical order from every scan, as from the engine.
        ("enable_indexscan", "off"),
        ("enable_indexonlyscan", "off"),
        ("max_connections", "12"),
        ("deadlock_timeout", timeout.as_str()),
    ];
    match Server::start(&settings) {
        Ok(server) => Some(server),
        Err(why) => {
            no_server(test, &why);
            None
        }
    }
}

/// Follows schedules that are written down on both sides; nothing happens without a server.
pub fn check_written(test: &str, schedules: &[(&str, Vec<Step>)]) {
    let Some(server) = real_server(test) else {
        return;
    };
    let mut rig = Rig::new(&server);
    let mut tally = Tally::default();
    let different: Vec<String> = schedules
        .iter()
        .filter_map(|(name, steps)| {
            let difference = compare(&mut rig, steps, &mut tally).err()?;
            Some(format!("{name}{difference}"))
        })
        .collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
    let compared = tally.schedules + tally.late;
    assert_eq!(compared, schedules.len() as u64, "{tally:?}");
    assert!(
        tally.late <= 1,
        "this machine is too slow for the comparison: {tally:?}"
    );
}

fn check(level: &str, isolation: Option<Isolation>) {
    let Some(server) = real_server(&format!("differential test at {level}")) else {
        return;
    };
    let cases = number(SCHEDULES, 150);
    let seed = number(SEED, 1).to_le_bytes();
    let config = Config {
        cases,
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(
        RngAlgorithm::ChaCha,
        &std::array::from_fn::<u8, 32, _>(|byte| seed[byte % 4]),
    );
    let rig = RefCell::new(Rig::new(&server));
    let tally = RefCell::new(Tally::default());
    let result = TestRunner::new_with_rng(config, rng).run(&schedule(isolation), |steps| {
        compare(&mut rig.borrow_mut(), &steps, &mut tally.borrow_mut()).map_err(TestCaseError::fail)
    });
    let tally = tally.into_inner();
    eprintln!("{level}: {tally:?}");
    match result {
        Ok(()) => {}
        // The story says it all; the drawn value is too long to read.
        Err(TestError::Fail(story, _)) => panic!("{level}: the two sides differ{story}"),
        Err(error) => panic!("{level}: {error}"),
    }
    assert!(
        tally.waits > u64::from(cases) / 4,
        "the schedules hardly ever wait: {tally:?}"
    );
    assert!(
        tally.late <= u64::from(cases) / 10,
        "this machine is too slow for the comparison: {tally:?}"
    );
}

fn compare(rig: &mut Rig, steps: &[Step], tally: &mut Tally) -> Result<(), String> {
    let mut late = 0;
    let mut races = 0;
    loop {
        let mut run = SideBySide::new(rig);
        match run.run(steps) {
            Ok(()) => {
                tally.races += u64::from(races > 0);
                run.count(tally);
                return Ok(());
            }
            Err(Stop::Late) if late < 8 => late += 1,
            Err(Stop::Late) => {
                tally.late += 1;
                return Ok(());
            }
            Err(Stop::Differs(_)) if run.raced && races < RACES_MAX => races += 1,
            Err(Stop::Differs(difference)) => return Err(format!("{}{difference}", run.story)),
        }
    }
}

/// The real server's side, used for one schedule after another.
struct Rig {
    control: Wire,
    sessions: Vec<Wire>,
}

impl Rig {
    fn new(server: &Server) -> Self {
        let socket = server.socket();
        Self {
            control: Wire::connect(&socket),
            sessions: (0..SESSIONS).map(|_| Wire::connect(&socket)).collect(),
        }
    }

    fn reset(&mut self) {
        let socket_trouble = "a session that was left alone answers";
        for session in &mut self.sessions {
            if session.is_busy() {
                self.control
                    .run(&format!("select pg_cancel_backend({})", session.pid))
                    .expect(socket_trouble);
                session
                    .wait(Duration::from_secs(5))
                    .expect(socket_trouble)
                    .ok();
            }
            session.run("rollback").expect(socket_trouble);
        }
        let catalog = catalog();
        let mut sql = String::from("drop table if exists c, t; drop sequence if exists s;");
        sql.push_str(&render::schema(&catalog));
        for statement in first_rows() {
            sql.push_str(&render::statement(&catalog, &statement));
            sql.push(';');
        }
        self.control.run(&sql).expect("the schema is valid");
    }

    /// The sessions that wait for a lock they have not been given, when each began to, and for how long it
    /// has, in ms.
    fn blocked(&mut self) -> BTreeMap<usize, (String, u64)> {
        let sql = "select pid, waitstart, floor(1000 * extract(epoch from clock_timestamp() - waitstart))::bigint \
                   from pg_locks where not granted and waitstart is not null";
        let (_, rows) = self.control.run(sql).expect("pg_locks can be read");
        let mut blocked = BTreeMap::new();
        for row in rows {
            let cells: Vec<String> = row.into_iter().flatten().collect();
            let session = self
                .sessions
                .iter()
                .position(|session| session.pid.to_string() == cells[0]);
            if let Some(session) = session {
                blocked.insert(session, (cells[1].clone(), cells[2].parse().unwrap_or(0)));
            }
        }
        blocked
    }
}

/// The engine's side at the start of a schedule.
pub fn first_model() -> Harness {
    let engine =
        Engine::new(catalog(), EngineConfig::postgresql_15()).expect("the schema is valid");
    let mut model = Harness::new(engine, SESSIONS);
    for statement in first_rows() {
        model
            .step(0, statement)
            .expect("nobody is in the way")
            .expect("the rows are valid");
    }
    model
}

/// Both sides of one schedule.
struct SideBySide<'a> {
    rig: &'a mut Rig,
    /// The engine, once for each order of races so far that explains all answers so far.
    models: Vec<Harness>,
    /// When each session of the real server began its present wait.
    waits: BTreeMap<usize, String>,
    /// What was done and answered, for the report.
    story: String,
    /// Some event woke a session, which then raced: against others it woke, or against the committing one,
    /// which lets its locks go before it tells serializable ones that it has committed.
    raced: bool,
    /// How many sessions the latest event woke.
    woken: usize,
    statements: u64,
    waited: u64,
    errors: BTreeMap<String, u64>,
}

impl<'a> SideBySide<'a> {
    fn new(rig: &'a mut Rig) -> Self {
        rig.reset();
        let (waits, story, errors) = (BTreeMap::new(), String::from("\n"), BTreeMap::new());
        Self {
            rig,
            models: vec![first_model()],
            waits,
            story,
            raced: false,
            woken: 0,
            statements: 0,
            waited: 0,
            errors,
        }
    }

    fn count(&self, tally: &mut Tally) {
        tally.schedules += 1;
        tally.statements += self.statements;
        tally.waits += self.waited;
        for (state, count) in &self.errors {
            *tally.errors.entry(state.clone()).or_default() += count;
        }
    }

    fn run(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for step in steps {
            if !self.rig.sessions[step.session].is_busy() {
                self.step(step.session, &step.statement)?;
            }
        }
        // Whoever can, commits; that lets the others go on until nobody waits.
        loop {
            let waiting: Vec<bool> = self.rig.sessions.iter().map(Wire::is_busy).collect();
            for session in (0..SESSIONS).filter(|session| !waiting[*session]) {
                self.step(session, &Statement::Commit)?;
            }
            if !waiting.contains(&true) {
                break;
            }
        }
        for table in [TableId(0), TableId(1)] {
            self.step(0, &Statement::Select(Select::all(table)))?;
        }
        Ok(())
    }

    fn step(&mut self, session: usize, statement: &Statement) -> Result<(), Stop> {
        self.keep_clear_of_timers();
        let sql = render::statement(&catalog(), statement);
        writeln!(self.story, "s{session}: {sql}").expect("strings can be written");
        self.woken = 0;
        let began = Instant::now();
        let play = |model: &mut Harness| {
            let result = model.step(session, statement.clone());
            let mut results = model.take_finished();
            results.extend(result.map(|result| (session, result)));
            results
        };
        self.rig.sessions[session].send(&sql);
        self.statements += 1;
        let answers = self.settle(session);
        if began.elapsed() > DEADLOCK_TIMEOUT * 2 / 5 {
            return Err(Stop::Late);
        }
        self.agree(play, &answers)?;
        let mut deadlocked = false;
        while self
            .models
            .iter()
            .any(|model| model.clone().resolve_deadlock())
        {
            let deadline = Instant::now() + DEADLOCK_TIMEOUT * 4;
            let mut answers = BTreeMap::new();
            while answers.is_empty() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
                answers = self.settle(session);
            }
            let play = |model: &mut Harness| {
                model.resolve_deadlock();
                model.take_finished()
            };
            self.agree(play, &answers)?;
            deadlocked = true;
        }
        if deadlocked {
            // Those who still wait began about when the victim did; their timers must not fall between later
            // steps.
            std::thread::sleep(DEADLOCK_TIMEOUT * 3 / 2);
            self.let_engine_timers_run_out();
        }
        Ok(())
    }

    /// Lets the deadlock timers of both sides run out if one of the real server's is half through, so that
    /// no step falls near it.
    fn keep_clear_of_timers(&mut self) {
        if self.waits.is_empty() {
            return;
        }
        let half = DEADLOCK_TIMEOUT.as_millis() as u64 / 2;
        let ages: Vec<u64> = self
            .rig
            .blocked()
            .into_values()
            .map(|(_, age)| age)
            .collect();
        if ages.iter().any(|age| *age > half) {
            if ages.iter().any(|age| *age < half * 3) {
                std::thread::sleep(DEADLOCK_TIMEOUT * 3 / 2);
            }
            self.let_engine_timers_run_out();
        }
    }

    fn let_engine_timers_run_out(&mut self) {
        self.models
            .iter_mut()
            .for_each(|model| model.sleep(2_000_000_000));
    }

    /// Waits until every session of the real server has answered or waits for a lock; returns the answers.
    fn settle(&mut self, sender: usize) -> BTreeMap<usize, Answer> {
        let mut answers = BTreeMap::new();
        loop {
            for (number, session) in self
                .rig
                .sessions
                .iter_mut()
                .enumerate()
                .filter(|(_, session)| session.is_busy())
            {
                if let Some(answer) = session.poll() {
                    answers.insert(number, answer);
                }
            }
            let busy: Vec<usize> = (0..SESSIONS)
                .filter(|number| self.rig.sessions[*number].is_busy())
                .collect();
            if busy == [sender]
                && self.rig.sessions[sender].wait_readable(Duration::from_micros(800))
            {
                continue;
            }
            let blocked = if busy.is_empty() {
                BTreeMap::new()
            } else {
                self.rig.blocked()
            };
            if busy.iter().all(|number| blocked.contains_key(number)) {
                let now: BTreeMap<usize, String> = blocked
                    .into_iter()
                    .map(|(number, (since, _))| (number, since))
                    .collect();
                let changed = self
                    .waits
                    .iter()
                    .filter(|(number, since)| now.get(number) != Some(since))
                    .count();
                self.raced |= changed > 0;
                self.woken = self.woken.max(changed);
                self.waited += now
                    .keys()
                    .filter(|number| !self.waits.contains_key(number))
                    .count() as u64;
                self.waits = now;
                return answers;
            }
        }
    }

    /// Lets the engine do the same, in every order in which woken sessions may go on, until it answers as
    /// the real server did.
    fn agree(
        &mut self,
        play: impl Fn(&mut Harness) -> BTreeMap<usize, Result<Outcome, SqlError>>,
        answers: &BTreeMap<usize, Answer>,
    ) -> Result<(), Stop> {
        // Up to three sessions can be woken at once, and each may be woken again by another.
        let orders = (0..24).flat_map(|choices| {
            [false, true].map(|last_wait_first| WakeOrder {
                choices,
                last_wait_first,
            })
        });
        let orders: Vec<WakeOrder> = if self.woken > 1 {
            orders.collect()
        } else {
            vec![WakeOrder::default()]
        };
        let mut explained = Vec::new();
        let mut first_difference = None;
        for (model, order) in self
            .models
            .iter()
            .flat_map(|model| orders.iter().map(move |order| (model, order)))
        {
            let mut model = model.clone();
            model.engine.set_wake_order(*order);
            let expected = play(&mut model);
            match difference(&expected, answers) {
                None => explained.push(model),
                some => first_difference = first_difference.or(some),
            }
        }
        if explained.is_empty() {
            let unknown = || "no order of races explains the answers\n".to_owned();
            return Err(Stop::Differs(first_difference.unwrap_or_else(unknown)));
        }
        // Most of these are equal; a bound keeps a long row of races from multiplying them.
        explained.truncate(64);
        self.models = explained;
        for (session, answer) in answers {
            writeln!(self.story, "    s{session} <- {}", real_text(answer))
                .expect("strings can be written");
            if let Err((state, _)) = answer {
                *self.errors.entry(state.clone()).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// The first session that the two sides answer differently.
fn difference(
    expected: &BTreeMap<usize, Result<Outcome, SqlError>>,
    answers: &BTreeMap<usize, Answer>,
) -> Option<String> {
    (0..SESSIONS).find_map(|session| {
        let text = |text: Option<String>| text.unwrap_or_else(|| "no answer yet".to_owned());
        let model = text(expected.get(&session).map(model_text));
        let real = text(answers.get(&session).map(real_text));
        let words = answers
            .get(&session)
            .and_then(|answer| answer.as_ref().err())
            .map(|(_, words)| words.as_str());
        let words = words.unwrap_or_default();
        (model != real).then(|| {
            format!("    s{session}: the engine says {model}, PostgreSQL says {real} {words}\n")
        })
    })
}

/// An answer in the words of a story.
pub fn model_text(result: &Result<Outcome, SqlError>) -> String {
    match result {
        Ok(outcome) => {
            let cell = |value: &Value| {
                if value.is_null() {
                    "null".to_owned()
                } else {
                    value.to_string()
                }
            };
            let rows = outcome
                .rows
                .iter()
                .map(|row| row.iter().map(cell).collect::<Vec<_>>().join(","));
            format!("{} [{}]", outcome.tag, rows.collect::<Vec<_>>().join(" "))
        }
        Err(error) => error.state.code().to_owned(),
    }
}

fn real_text(answer: &Answer) -> String {
    match answer {
        Ok((tag, rows)) => {
            let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "null".to_owned());
            let rows = rows
                .iter()
                .map(|row| row.iter().map(cell).collect::<Vec<_>>().join(","));
            format!("{tag} [{}]", rows.collect::<Vec<_>>().join(" "))
        }
        Err((state, _)) => state.clone(),
    }
}
