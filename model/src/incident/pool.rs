//! The shared pool of connections: a limit and a queue, first come, first served.
//!
//! It knows nothing of time but what it is told. Who lost patience is found when the turn comes to it or
//! when somebody looks ([`Pool::expire`]).

use std::collections::VecDeque;

use sim::SimTime;

/// For whom a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A verification worker.
    Verifier(u16),
    /// A delivery worker.
    Deliverer(u16),
    /// A request, by its number.
    Request(u32),
    /// A session of a component in trouble.
    Lane(u8),
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    owner: Owner,
    since: SimTime,
    gives_up: SimTime,
}

/// What the head of the queue came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It has a connection.
    Granted(Owner),
    /// It had gone before its turn came.
    Gone(Owner),
}

/// The pool.
#[derive(Clone, Debug)]
pub struct Pool {
    limit: u32,
    in_use: u32,
    waiters: VecDeque<Waiter>,
}

impl Pool {
    /// An unused pool.
    pub fn new(limit: u32) -> Pool {
        Pool {
            limit,
            in_use: 0,
            waiters: VecDeque::new(),
        }
    }

    /// Changes the limit. Connections in use beyond it are closed when they come back.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// Connections in use.
    pub fn in_use(&self) -> u32 {
        self.in_use
    }

    /// Who waits.
    pub fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// Since when the longest waiting one waits.
    pub fn oldest(&self) -> Option<SimTime> {
        self.waiters.front().map(|waiter| waiter.since)
    }

    /// Enters the queue; [`Pool::turn`] says who has a connection.
    pub fn enter(&mut self, owner: Owner, now: SimTime, gives_up: SimTime) {
        self.waiters.push_back(Waiter {
            owner,
            since: now,
            gives_up,
        });
    }

    /// Gives a connection back.
    ///
    /// # Panics
    /// When none is in use.
    pub fn release(&mut self) {
        assert!(self.in_use > 0, "only what was taken is given back");
        self.in_use -= 1;
    }

    /// Serves the head of the queue, if there is one and a connection for it.
    pub fn turn(&mut self, now: SimTime) -> Option<Turn> {
        if self.in_use >= self.limit {
            return None;
        }
        let head = self.waiters.pop_front()?;
        if head.gives_up <= now {
            return Some(Turn::Gone(head.owner));
        }
        self.in_use += 1;
        Some(Turn::Granted(head.owner))
    }

    /// Takes everybody out who has lost patience.
    pub fn expire(&mut self, now: SimTime) -> Vec<Owner> {
        let mut gone = Vec::new();
        self.waiters.retain(|waiter| {
            let stays = waiter.gives_up > now;
            if !stays {
                gone.push(waiter.owner);
            }
            stays
        });
        gone
    }

    /// Takes the waiting sessions of a lane out.
    pub fn withdraw(&mut self, owner: Owner) {
        self.waiters.retain(|waiter| waiter.owner != owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_in_order_within_the_limit_and_pass_who_has_gone() {
        let at = SimTime::from_millis;
        let mut pool = Pool::new(1);
        pool.enter(Owner::Request(1), at(0), at(5));
        pool.enter(Owner::Request(2), at(0), at(5));
        pool.enter(Owner::Request(3), at(1), at(50));
        assert_eq!(pool.turn(at(2)), Some(Turn::Granted(Owner::Request(1))));
        assert_eq!(pool.turn(at(3)), None);
        pool.release();
        assert_eq!(pool.turn(at(9)), Some(Turn::Gone(Owner::Request(2))));
        assert_eq!(pool.turn(at(9)), Some(Turn::Granted(Owner::Request(3))));
        assert_eq!((pool.in_use(), pool.waiting()), (1, 0));
    }
}
