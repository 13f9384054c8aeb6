//! The ends of statements, transactions and sessions.
//!
//! A commit has two halves. The first decides (serializable transactions may fail here) and hands out log
//! records; until the second, [`Engine::commit_durable`], the transaction counts as running: its locks are
//! held and its rows unseen, as in PostgreSQL between the writing of the commit record and the end of its
//! flush. An error ends a transaction at once: its locks go, and only COMMIT or ROLLBACK are heard from then
//! on. Start at [`Engine::end_block`].

use super::error::{SqlError, SqlState};
use super::log::record::Record;
use super::serving::{Engine, Reply};
use super::session::{Activity, SessionId};
use super::statement::{CommandTag, Outcome};
use super::sweep::Leavings;

impl Engine {
    /// Confirms that the records of a commit are durable: the changes show, the locks go, the outcome may be
    /// told.
    ///
    /// `None` when the session's client has gone meanwhile; the commit stands all the same.
    pub fn commit_durable(&mut self, id: SessionId, now_ns: u64) -> Option<Outcome> {
        self.advance(now_ns);
        let session = self.sessions.get_mut(&id)?;
        let Activity::Committing(outcome) =
            std::mem::replace(&mut session.activity, Activity::Idle(now_ns))
        else {
            panic!("invariant: only a commit under way can become durable, {id:?} has none");
        };
        self.end_transaction(id, true);
        self.set_alarm(id);
        let gone = self.session(id).client_gone;
        if gone {
            self.remove_session(id);
        }
        self.run_runnable();
        (!gone).then_some(outcome)
    }

    /// Cancels the statement under way, as `pg_cancel_backend` or a cancel request does; nothing happens to
    /// an idle session.
    pub fn cancel(&mut self, id: SessionId, now_ns: u64) {
        self.advance(now_ns);
        let error = SqlError::new(
            SqlState::QueryCanceled,
            "canceling statement due to user request",
        );
        self.interrupt(id, error);
        self.run_runnable();
    }

    /// Ends a session by force, as `pg_terminate_backend` does; a commit under way is not interrupted.
    pub fn terminate(&mut self, id: SessionId, now_ns: u64) {
        self.advance(now_ns);
        let words = "terminating connection due to administrator command";
        self.expel(id, SqlError::new(SqlState::AdminShutdown, words));
        self.run_runnable();
    }

    /// COMMIT or ROLLBACK.
    pub(super) fn end_block(&mut self, id: SessionId, commit: bool) -> Reply {
        let rolled_back = Outcome {
            tag: CommandTag::Rollback,
            rows: Vec::new(),
        };
        let committed = Outcome {
            tag: CommandTag::Commit,
            rows: Vec::new(),
        };
        match &self.session(id).transaction {
            // Outside a block PostgreSQL only warns (25P01), and answers the tag of the command.
            None => self.idle_with(id, Ok(if commit { committed } else { rolled_back })),
            Some(transaction) if commit && !transaction.failed => self.commit(id, committed),
            Some(transaction) => {
                if !transaction.failed {
                    self.end_transaction(id, false);
                }
                self.session_mut(id).transaction = None;
                self.idle_with(id, Ok(rolled_back))
            }
        }
    }

    /// A statement did its work: outside a block its transaction commits now.
    pub(super) fn finish_statement(&mut self, id: SessionId, outcome: Outcome) -> Reply {
        let transaction = self.transaction_mut(id);
        transaction.command += 1;
        if transaction.block {
            return self.idle_with(id, Ok(outcome));
        }
        self.commit(id, outcome)
    }

    /// A statement failed: its transaction is undone at once.
    pub(super) fn fail_statement(&mut self, id: SessionId, error: SqlError) -> Reply {
        self.end_transaction(id, false);
        self.idle_with(id, Err(error))
    }

    /// Fails the waiting statement of a session; does nothing if none waits.
    pub(super) fn interrupt(&mut self, id: SessionId, error: SqlError) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        if matches!(session.activity, Activity::Executing(_)) {
            let reply = self.fail_statement(id, error);
            self.answer_later(id, reply);
        }
    }

    /// Ends a session from the server's side and tells its client why.
    pub(super) fn expel(&mut self, id: SessionId, error: SqlError) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if matches!(session.activity, Activity::Committing(_)) {
            session.client_gone = true;
        } else {
            self.remove_session(id);
        }
        self.last_words.insert(id, error.clone());
        self.completions.push_back(super::serving::Completion {
            session: id,
            reply: Reply::Terminated(error),
        });
    }

    /// Rolls back whatever a session has open and frees its slot.
    pub(super) fn remove_session(&mut self, id: SessionId) {
        if self
            .session(id)
            .transaction
            .as_ref()
            .is_some_and(|transaction| !transaction.failed)
        {
            self.end_transaction(id, false);
        }
        let session = self.sessions.remove(&id);
        if let Some(due) = session.and_then(|session| session.alarm) {
            self.alarms.remove(&due);
        }
    }

    /// Leaves a session idle with an answer.
    pub(super) fn idle_with(&mut self, id: SessionId, result: Result<Outcome, SqlError>) -> Reply {
        self.session_mut(id).activity = Activity::Idle(self.now_ns);
        self.set_alarm(id);
        Reply::Done(result)
    }

    fn commit(&mut self, id: SessionId, outcome: Outcome) -> Reply {
        if let Some(sxact) = self.transaction(id).sxact
            && let Err(error) = self.ssi.pre_commit(sxact)
        {
            self.end_transaction(id, false);
            self.session_mut(id).transaction = None;
            return self.idle_with(id, Err(error));
        }
        let Some(xid) = self.own_xid(id) else {
            self.end_transaction(id, true);
            return self.idle_with(id, Ok(outcome));
        };
        let sequences = std::mem::take(&mut self.sequence_changes);
        let transaction = self.transaction_mut(id);
        let changes = std::mem::take(&mut transaction.changes);
        transaction.leavings = Some(Leavings::new(xid, true, &changes));
        let changes = sequences.into_iter().chain(changes);
        let records = changes
            .map(|change| Record::Change(xid, change))
            .chain([Record::Commit(xid)])
            .collect();
        self.session_mut(id).activity = Activity::Committing(outcome);
        self.set_alarm(id);
        Reply::Committing(records)
    }

    /// Makes the end of a transaction known, gives up its locks and wakes who waited for them.
    ///
    /// A committed or implicit transaction is forgotten; a failed block stays, deaf to all but its end.
    fn end_transaction(&mut self, id: SessionId, committed: bool) {
        let Some(transaction) = self.session_mut(id).transaction.as_mut() else {
            return;
        };
        transaction.failed = true;
        let (xid, sxact) = (transaction.xid.take(), transaction.sxact.take());
        let changes = std::mem::take(&mut transaction.changes);
        let leavings = xid.map(|xid| {
            let left = transaction.leavings.take();
            left.unwrap_or_else(|| Leavings::new(xid, committed, &changes))
        });
        if committed || !transaction.block {
            self.session_mut(id).transaction = None;
        }
        if let Some(xid) = xid {
            self.transactions.finish(xid, committed);
        }
        if let Some(sxact) = sxact {
            for session in self.ssi.finish(sxact, committed, self.transactions.next()) {
                if self.locks.safe_snapshot_settled(session) {
                    self.wake(vec![session]);
                }
            }
        }
        let mut woken = self.locks.abandon(id);
        woken.extend(
            xid.into_iter()
                .flat_map(|xid| self.locks.transaction_ended(xid)),
        );
        self.wake(woken);
        if let Some(leavings) = leavings {
            self.leave(leavings);
        }
    }
}
