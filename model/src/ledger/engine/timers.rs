//! Time-outs: lock, statement, idle-in-transaction, and the timer after which a waiter looks for a deadlock.
//!
//! The caller asks for [`Engine::next_deadline`] and calls [`Engine::advance`] when it comes; every other
//! entry point advances first, so that a late caller sees what a punctual one would have seen. Each session's next
//! alarm stands in one ordered set, kept up to date by [`Engine::set_alarm`] whenever a session begins to wait or
//! to idle, so that nobody looks through all sessions.

use super::deadlock::Verdict;
use super::error::{SqlError, SqlState};
use super::locks::LockTag;
use super::serving::Engine;
use super::session::{Activity, Session, SessionId};

/// What a timer does, in the order in which timers of one moment go off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    Deadlock,
    Lock,
    Statement,
    IdleInTransaction,
}

/// When an alarm goes off (nanoseconds), what it does, the number of the wait it belongs to, and whose it is.
pub(super) type Due = (u64, Alarm, u64, SessionId);

impl Engine {
    /// When the next timer goes off, nanoseconds; `None` while none is set.
    pub fn next_deadline(&self) -> Option<u64> {
        self.alarms.first().map(|(due_ns, ..)| *due_ns)
    }

    /// The time of the latest call, nanoseconds.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Lets time pass up to `now_ns`: all timers due by then go off, each at its own moment.
    pub fn advance(&mut self, now_ns: u64) {
        assert!(
            now_ns >= self.now_ns,
            "invariant: time does not go back ({now_ns} after {})",
            self.now_ns
        );
        debug_assert!(
            self.sessions
                .iter()
                .all(|(id, session)| session.alarm == self.alarm_of(*id, session)),
            "invariant: every session's alarm is the one that its state calls for"
        );
        while let Some((due_ns, alarm, _, session)) = self
            .alarms
            .first()
            .copied()
            .filter(|(due_ns, ..)| *due_ns <= now_ns)
        {
            self.now_ns = self.now_ns.max(due_ns);
            self.ring(alarm, session);
            self.run_runnable();
        }
        self.now_ns = now_ns;
    }

    /// Sets, moves or takes back a session's alarm after what it does has changed.
    pub(super) fn set_alarm(&mut self, id: SessionId) {
        let due = self.computed_alarm(id);
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let before = std::mem::replace(&mut session.alarm, due);
        if before != due {
            before.map(|before| self.alarms.remove(&before));
            self.alarms.extend(due);
        }
    }

    fn computed_alarm(&self, id: SessionId) -> Option<Due> {
        let session = self.sessions.get(&id)?;
        self.alarm_of(id, session)
    }

    fn alarm_of(&self, id: SessionId, session: &Session) -> Option<Due> {
        let timeouts = &session.timeouts;
        match &session.activity {
            Activity::Idle(since_ns) => {
                let in_block = session
                    .transaction
                    .as_ref()
                    .is_some_and(|transaction| transaction.block);
                let timeout = timeouts.idle_in_transaction_ns.filter(|_| in_block)?;
                Some((
                    since_ns.saturating_add(timeout),
                    Alarm::IdleInTransaction,
                    0,
                    id,
                ))
            }
            Activity::Executing(_) => {
                let wait = self.locks.waits.get(&id);
                let queued = wait.filter(|wait| wait.tag != LockTag::SafeSnapshot);
                let deadlock = queued.filter(|_| !session.deadlock_checked);
                let deadlock = deadlock.map(|wait| {
                    (
                        wait.since_ns
                            .saturating_add(self.config.deadlock_timeout_ns),
                        Alarm::Deadlock,
                    )
                });
                let lock = queued.zip(timeouts.lock_ns);
                let lock = lock
                    .map(|(wait, timeout)| (wait.since_ns.saturating_add(timeout), Alarm::Lock));
                let statement = timeouts.statement_ns;
                let statement = statement.map(|timeout| {
                    (
                        session.statement_began_ns.saturating_add(timeout),
                        Alarm::Statement,
                    )
                });
                let first = [deadlock, lock, statement].into_iter().flatten().min();
                let number = wait.map_or(0, |wait| wait.number);
                let number = if self.config.wake_order.last_wait_first {
                    u64::MAX - number
                } else {
                    number
                };
                first.map(|(due_ns, alarm)| (due_ns, alarm, number, id))
            }
            Activity::Running | Activity::Committing(_) => None,
        }
    }

    fn ring(&mut self, alarm: Alarm, id: SessionId) {
        match alarm {
            Alarm::Deadlock => {
                self.session_mut(id).deadlock_checked = true;
                self.set_alarm(id);
                match self.locks.deadlock_check(id, &self.transactions) {
                    Verdict::Clear => {}
                    Verdict::Rearranged(woken) => self.wake(woken),
                    Verdict::Deadlock => self.interrupt(id, SqlError::deadlock()),
                }
            }
            Alarm::Lock => {
                let words = "canceling statement due to lock timeout";
                self.interrupt(id, SqlError::new(SqlState::LockNotAvailable, words));
            }
            Alarm::Statement => {
                let words = "canceling statement due to statement timeout";
                self.interrupt(id, SqlError::new(SqlState::QueryCanceled, words));
            }
            Alarm::IdleInTransaction => {
                let words = "terminating connection due to idle-in-transaction timeout";
                self.expel(
                    id,
                    SqlError::new(SqlState::IdleInTransactionSessionTimeout, words),
                );
            }
        }
    }
}
