//! Schedules written down with every answer of a real server, for both sides.
//!
//! Each shows a rule that one random schedule in some thousands meets, where the engine once went another
//! way. The answers are PostgreSQL's; the engine is held to them with and without a server at hand. The
//! tables are those of `schedule`, and all sessions have begun a transaction. Start at [`check`].

use super::differential::{check_written, first_model, model_text};
use super::parse;
use super::schedule::{SESSIONS, Step, catalog};
use model::ledger::engine::statement::{Isolation, RowLock, Statement, TransactionMode};

/// What happens: `s1: statement`, and below it who answers what, the earlier session first.
struct Story {
    name: &'static str,
    level: Isolation,
    script: &'static str,
}

const SERIALIZABLE: &[Story] = &[
    Story {
        name: "1: a commit looks at its readers in the order in which they read, here s3 first",
        level: Isolation::Serializable,
        script: "
            s2: update c set v = v + 1 where id = 1
                s2 <- UPDATE 1 []
            s3: update t set v = v + 1 where id = (select id from t where v < 8 order by id limit 1)
                s3 <- UPDATE 1 []
            s2: update t set v = v + 1 where id = (select id from t where v < 8 order by id limit 1)
            s0: delete from t where id = 2
                s0 <- DELETE 1 []
            s0: commit
                s0 <- COMMIT []
            s3: commit
                s2 <- 40001
                s3 <- 40001",
    },
    Story {
        name: "2: the same with s2 first: it alone fails",
        level: Isolation::Serializable,
        script: "
            s2: select v from t where v = 7
                s2 <- SELECT 1 [7]
            s2: update c set v = v + 1 where id = 1
                s2 <- UPDATE 1 []
            s3: update t set v = v + 1 where id = (select id from t where v < 8 order by id limit 1)
                s3 <- UPDATE 1 []
            s2: update t set v = v + 1 where id = (select id from t where v < 8 order by id limit 1)
            s0: delete from t where id = 2
                s0 <- DELETE 1 []
            s0: commit
                s0 <- COMMIT []
            s3: commit
                s2 <- 40001
                s3 <- COMMIT []",
    },
    Story {
        name: "3: the order of reading counts, not that of the snapshots",
        level: Isolation::Serializable,
        script: "
            s3: select v from c where id = 2
                s3 <- SELECT 1 [0]
            s2: select v from t where v = 7
                s2 <- SELECT 1 [7]
            s2: update c set v = v + 1 where id = 1
                s2 <- UPDATE 1 []
            s3: update t set v = v + 1 where id = (select id from t where v < 8 order by id limit 1)
                s3 <- UPDATE 1 []
            s2: update t set v = v + 1 where id = (select id from t where v < 8 order by id limit 1)
            s0: delete from t where id = 2
                s0 <- DELETE 1 []
            s0: commit
                s0 <- COMMIT []
            s3: commit
                s2 <- 40001
                s3 <- COMMIT []",
    },
];

const SHARED_ROWS: &[Story] = &[
    Story {
        name: "4: who follows an update of a row whose key is shared queues for the old version again",
        level: Isolation::ReadCommitted,
        script: "
            s3: update t set v = v + 1 where id = 3
                s3 <- UPDATE 1 []
            s2: update t set v = v + 1 where v < 8
            s1: select * from t where k = 30 for key share
                s1 <- SELECT 1 [3,30,7]
            s0: delete from t where id > 2
            s1: insert into t values (1, null, 4)
            s3: commit
                s0 <- DELETE 1 []
                s1 <- 40P01
                s3 <- COMMIT []
            s0: commit
                s0 <- COMMIT []
                s2 <- UPDATE 2 []",
    },
    Story {
        name: "5: without the sharer it goes on at once",
        level: Isolation::ReadCommitted,
        script: "
            s3: update t set v = v + 1 where id = 3
                s3 <- UPDATE 1 []
            s2: update t set v = v + 1 where v < 9
            s0: delete from t where id > 2
            s3: commit
                s2 <- UPDATE 3 []
                s3 <- COMMIT []
            s2: commit
                s0 <- DELETE 1 []
                s2 <- COMMIT []",
    },
    Story {
        name: "6: an update that comes to a replaced version whose key is shared queues for it too",
        level: Isolation::ReadCommitted,
        script: "
            s1: rollback
                s1 <- ROLLBACK []
            s1: begin isolation level repeatable read
                s1 <- BEGIN []
            s3: update t set v = v + 1 where id in (1, 3)
                s3 <- UPDATE 2 []
            s0: select * from t where id = 3 for key share
                s0 <- SELECT 1 [3,30,7]
            s1: delete from t where id = 3
            s2: update t set v = v + 1
            s3: commit
                s3 <- COMMIT []
            s0: commit
                s0 <- COMMIT []
                s1 <- 40001
                s2 <- UPDATE 3 []",
    },
    Story {
        name: "7: so does a query that locks",
        level: Isolation::ReadCommitted,
        script: "
            s1: rollback
                s1 <- ROLLBACK []
            s1: begin isolation level repeatable read
                s1 <- BEGIN []
            s3: update t set v = v + 1 where id in (1, 3)
                s3 <- UPDATE 2 []
            s0: select * from t where id = 3 for key share
                s0 <- SELECT 1 [3,30,7]
            s1: delete from t where id = 3
            s2: select * from t for no key update
            s3: commit
                s3 <- COMMIT []
            s0: commit
                s0 <- COMMIT []
                s1 <- 40001
                s2 <- SELECT 3 [1,10,6 2,null,6 3,30,8]",
    },
];

const KEY_CHECKS: &[Story] = &[Story {
    name: "8: a check of a foreign key that waited looks at nothing again, so a doomed transaction is told later",
    level: Isolation::Serializable,
    script: "
            s2: delete from t where id = 3
                s2 <- DELETE 1 []
            s0: update t set k = null where id in (3, 1)
            s1: select * from t where k = 30
                s1 <- SELECT 1 [3,30,7]
            s1: update c set t_id = 1 where id > 1
            s2: commit
                s0 <- 40001
                s1 <- UPDATE 1 []
                s2 <- COMMIT []
            s1: commit
                s1 <- 40001",
}];

#[test]
fn check_of_a_foreign_key_goes_on_where_it_waited_as_in_postgresql() {
    check("the test of waiting key checks", KEY_CHECKS);
}

#[test]
fn replaced_row_with_a_shared_key_is_queued_for_as_in_postgresql() {
    check("the test of rows with a shared key", SHARED_ROWS);
}

#[test]
fn victim_of_a_dangerous_structure_is_that_of_postgresql() {
    check("the test of victims", SERIALIZABLE);
}

fn check(test: &str, stories: &[Story]) {
    let mut written = Vec::new();
    for story in stories {
        let lines = story.script.lines().map(str::trim);
        let expected: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        let steps: Vec<Step> = expected
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(session, sql)| step(session, sql))
            .collect();
        assert_eq!(
            played(story.level, &expected),
            expected,
            "the engine differs in story {}",
            story.name
        );
        let steps = begins(story.level).chain(steps).collect();
        written.push((story.name, steps));
    }
    check_written(test, &written);
}

fn begins(isolation: Isolation) -> impl Iterator<Item = Step> {
    (0..SESSIONS).map(move |session| Step {
        session,
        statement: Statement::Begin(TransactionMode::new(isolation)),
    })
}

/// The story as the engine tells it.
fn played(level: Isolation, lines: &[&str]) -> Vec<String> {
    let mut model = first_model();
    for Step { session, statement } in begins(level) {
        let began = model.step(session, statement).expect("nobody waits yet");
        began.expect("a transaction can begin");
    }
    let mut told = Vec::new();
    let mut waiting = [false; SESSIONS];
    for line in lines {
        let Some((session, sql)) = line.split_once(": ") else {
            continue;
        };
        told.push((*line).to_owned());
        let Step { session, statement } = step(session, sql);
        if waiting[session] {
            told.push(format!("s{session} still waits"));
            return told;
        }
        waiting[session] = true;
        let result = model.step(session, statement);
        let mut answers = model.take_finished();
        answers.extend(result.map(|result| (session, result)));
        while model.resolve_deadlock() {
            answers.extend(model.take_finished());
        }
        for (session, result) in &answers {
            waiting[*session] = false;
            told.push(format!("s{session} <- {}", model_text(result)));
        }
    }
    told
}

fn step(session: &str, sql: &str) -> Step {
    let session = session[1..].parse().expect("sessions are s0 to s3");
    // The parser of the tests doesn't know the two milder locks.
    let (sql, milder) = match [
        (" for key share", " for share", RowLock::KeyShare),
        (" for no key update", " for update", RowLock::NoKeyUpdate),
    ]
    .into_iter()
    .find(|(words, ..)| sql.contains(words))
    {
        Some((words, known, strength)) => (sql.replace(words, known), Some(strength)),
        None => (sql.to_owned(), None),
    };
    let parsed = parse::script(&sql).remove(0);
    let mut statement = parse::statement(&catalog(), &sql, &parsed).expect("no DDL");
    if let (Statement::Select(select), Some(strength)) = (&mut statement, milder) {
        let locking = select.locking.as_mut();
        locking.expect("the words name a lock").strength = strength;
    }
    Step { session, statement }
}
