//! Drives an engine as a client drives a server: named sessions, one statement each, commits made durable at
//! once.

use model::ledger::engine::statement::{Outcome, Statement};
use model::ledger::engine::{Engine, Reply, SessionId, SqlError};
use std::collections::BTreeMap;

/// Nanoseconds between two steps; far less than a deadlock timeout.
pub const STEP_NS: u64 = 1_000_000;

/// An engine, its clock, and what each session is waiting for.
#[derive(Clone, Debug)]
pub struct Harness {
    pub engine: Engine,
    pub now_ns: u64,
    sessions: Vec<SessionId>,
    finished: BTreeMap<usize, Result<Outcome, SqlError>>,
}

impl Harness {
    pub fn new(mut engine: Engine, sessions: usize) -> Self {
        let sessions: Vec<SessionId> = (0..sessions)
            .map(|_| engine.open_session(true).expect("slots suffice for a test"))
            .collect();
        let now_ns = engine.now_ns();
        Self {
            engine,
            now_ns,
            sessions,
            finished: BTreeMap::new(),
        }
    }

    pub fn id(&self, session: usize) -> SessionId {
        self.sessions[session]
    }

    /// Executes a statement; `None` means that it waits.
    pub fn step(
        &mut self,
        session: usize,
        statement: Statement,
    ) -> Option<Result<Outcome, SqlError>> {
        self.now_ns += STEP_NS;
        let reply = self
            .engine
            .execute(self.sessions[session], statement, self.now_ns);
        let result = self.settle_reply(session, reply);
        self.collect();
        result
    }

    /// Lets time pass.
    pub fn sleep(&mut self, nanoseconds: u64) {
        self.now_ns += nanoseconds;
        self.engine.advance(self.now_ns);
        self.collect();
    }

    /// Results of statements that had waited, since the last call.
    pub fn take_finished(&mut self) -> BTreeMap<usize, Result<Outcome, SqlError>> {
        std::mem::take(&mut self.finished)
    }

    /// Lets time pass until a session falls victim to a deadlock, if one will.
    pub fn resolve_deadlock(&mut self) -> bool {
        let mut future = self.clone();
        future.sleep(3_600_000_000_000);
        let doomed = future
            .finished
            .values()
            .any(|result| matches!(result, Err(error) if error.state.code() == "40P01"));
        if !doomed {
            return false;
        }
        loop {
            let due = self
                .engine
                .next_deadline()
                .expect("a deadlock to come has a timer");
            self.sleep(due - self.now_ns);
            if self
                .finished
                .values()
                .any(|result| matches!(result, Err(error) if error.state.code() == "40P01"))
            {
                return true;
            }
        }
    }

    fn collect(&mut self) {
        loop {
            let completions = self.engine.take_completions();
            if completions.is_empty() {
                return;
            }
            for completion in completions {
                let session = self
                    .sessions
                    .iter()
                    .position(|id| *id == completion.session);
                let session = session.expect("only known sessions complete");
                let result = self
                    .settle_reply(session, completion.reply)
                    .expect("a completion is an end");
                self.finished.insert(session, result);
            }
        }
    }

    fn settle_reply(&mut self, session: usize, reply: Reply) -> Option<Result<Outcome, SqlError>> {
        match reply {
            Reply::Waiting => None,
            Reply::Done(result) => Some(result),
            Reply::Terminated(error) => Some(Err(error)),
            Reply::Committing(_) => {
                let outcome = self
                    .engine
                    .commit_durable(self.sessions[session], self.now_ns);
                Some(Ok(outcome.expect("the client is still there")))
            }
        }
    }
}
