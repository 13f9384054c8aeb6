//! Deadlock detection as the waiter whose timer ran out performs it.
//!
//! A cycle counts only if it leads back to the session that looks (others find theirs when their own timers
//! run out). An edge to a session that is merely ahead in a queue is *soft*: PostgreSQL first tries to let
//! the waiter overtake it and declares a deadlock only when no such change helps. Start at
//! [`Locks::deadlock_check`].

use super::heap::Tid;
use super::locks::{LockTag, Locks};
use super::schema::TableId;
use super::session::SessionId;
use super::transaction::Transactions;
use std::collections::BTreeSet;

/// What a deadlock check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No cycle through this session.
    Clear,
    /// A cycle; this session must fail.
    Deadlock,
    /// A queue was rearranged, which woke these sessions.
    Rearranged(Vec<SessionId>),
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    waiter: SessionId,
    blocker: SessionId,
    soft_in: Option<(TableId, Tid)>,
}

impl Locks {
    /// Looks for a cycle of waits that leads back to `session`.
    pub fn deadlock_check(&mut self, session: SessionId, transactions: &Transactions) -> Verdict {
        let mut rearranged = Vec::new();
        // Each round moves one waiter ahead of one blocker; a queue of n has n*n pairs, so the bound is
        // never met in practice and only guards against two moves undoing each other.
        for _ in 0..64 {
            let Some(cycle) = self.cycle_through(session, transactions) else {
                let woken = rearranged
                    .into_iter()
                    .flat_map(|row| self.grant_row(row))
                    .collect::<Vec<_>>();
                return if woken.is_empty() {
                    Verdict::Clear
                } else {
                    Verdict::Rearranged(woken)
                };
            };
            let Some((edge, row)) = cycle
                .iter()
                .find_map(|edge| edge.soft_in.map(|row| (*edge, row)))
            else {
                return Verdict::Deadlock;
            };
            self.overtake(row, edge);
            rearranged.push(row);
        }
        Verdict::Deadlock
    }

    fn cycle_through(&self, start: SessionId, transactions: &Transactions) -> Option<Vec<Edge>> {
        let mut path = Vec::new();
        let mut seen = BTreeSet::new();
        self.search(start, start, transactions, &mut seen, &mut path)
            .then_some(path)
    }

    fn search(
        &self,
        at: SessionId,
        start: SessionId,
        transactions: &Transactions,
        seen: &mut BTreeSet<SessionId>,
        path: &mut Vec<Edge>,
    ) -> bool {
        if !seen.insert(at) {
            return false;
        }
        for edge in self.edges(at, transactions) {
            path.push(edge);
            if edge.blocker == start || self.search(edge.blocker, start, transactions, seen, path) {
                return true;
            }
            path.pop();
        }
        false
    }

    fn edges(&self, waiter: SessionId, transactions: &Transactions) -> Vec<Edge> {
        let Some(wait) = self.waits.get(&waiter) else {
            return Vec::new();
        };
        match wait.tag {
            LockTag::SafeSnapshot => Vec::new(),
            LockTag::Transaction(xid) => {
                let owner = transactions.owner(xid);
                owner
                    .map(|blocker| Edge {
                        waiter,
                        blocker,
                        soft_in: None,
                    })
                    .into_iter()
                    .collect()
            }
            LockTag::Row(table, tid) => {
                let row = (table, tid);
                let Some(lock) = self.rows.get(&row) else {
                    return Vec::new();
                };
                let hard = lock
                    .holders
                    .iter()
                    .filter(|(_, held)| held.conflicts_with(wait.mode));
                let hard = hard.map(|(blocker, _)| Edge {
                    waiter,
                    blocker: *blocker,
                    soft_in: None,
                });
                let ahead = lock.queue.iter().take_while(|(other, _)| *other != waiter);
                let soft = ahead.filter(|(_, asked)| asked.conflicts_with(wait.mode));
                let soft = soft.map(|(blocker, _)| Edge {
                    waiter,
                    blocker: *blocker,
                    soft_in: Some(row),
                });
                hard.chain(soft).collect()
            }
        }
    }

    fn overtake(&mut self, row: (TableId, Tid), edge: Edge) {
        let Some(lock) = self.rows.get_mut(&row) else {
            return;
        };
        let position = |wanted| {
            lock.queue
                .iter()
                .position(|(session, _)| *session == wanted)
        };
        let (Some(from), Some(to)) = (position(edge.waiter), position(edge.blocker)) else {
            return;
        };
        if let Some(entry) = lock.queue.remove(from) {
            lock.queue.insert(to, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::statement::RowLock;
    use super::super::transaction::Xid;
    use super::*;

    const ROW: (TableId, Tid) = (TableId(0), Tid { page: 0, slot: 0 });

    #[test]
    fn cycle_is_found_by_each_member_and_by_nobody_else() {
        let (a, b, c) = (SessionId(1), SessionId(2), SessionId(3));
        let mut transactions = Transactions::starting_at(Xid(1));
        let (xa, xb) = (transactions.assign(a), transactions.assign(b));
        let mut locks = Locks::default();
        locks.wait_for_transaction(a, xb, 0);
        assert_eq!(locks.deadlock_check(a, &transactions), Verdict::Clear);
        locks.wait_for_transaction(b, xa, 0);
        locks.wait_for_transaction(c, xa, 0);
        assert_eq!(
            locks.deadlock_check(c, &transactions),
            Verdict::Clear,
            "c waits for a cycle, it is not in it"
        );
        assert_eq!(locks.deadlock_check(a, &transactions), Verdict::Deadlock);
        assert_eq!(locks.deadlock_check(b, &transactions), Verdict::Deadlock);
    }

    #[test]
    fn soft_cycle_is_dissolved_by_overtaking() {
        let (holder, exclusive, sharer) = (SessionId(1), SessionId(2), SessionId(3));
        let mut transactions = Transactions::starting_at(Xid(1));
        let xid = transactions.assign(sharer);
        let mut locks = Locks::default();
        assert!(locks.acquire_row(holder, ROW, RowLock::Share, 0));
        assert!(!locks.acquire_row(exclusive, ROW, RowLock::NoKeyUpdate, 0));
        assert!(!locks.acquire_row(sharer, ROW, RowLock::Share, 0));
        locks.wait_for_transaction(holder, xid, 0);
        assert_eq!(
            locks.deadlock_check(sharer, &transactions),
            Verdict::Rearranged(vec![sharer])
        );
    }
}
