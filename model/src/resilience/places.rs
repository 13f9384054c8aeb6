//! A number of places and a queue before them, as a pure value: the counting under bulkhead and pool.
//!
//! Whoever leaves hands its place to the first in the queue, so nobody overtakes. A place handed over
//! is *granted* until its new owner comes for it; an owner that went away meanwhile withdraws, and the
//! place goes on to the next. Nothing here knows what a place is good for, nor what time it is.

use std::collections::{BTreeSet, VecDeque};

/// A turn in the queue. No two are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// What who comes is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// There is a place, and it is taken now.
    Entered,
    /// All are taken; this is the turn.
    Queued(Ticket),
    /// All are taken, and the queue is full.
    Full,
}

/// Places and the queue before them.
#[derive(Clone, Debug)]
pub struct Places {
    taken: u32,
    places_max: u32,
    queue: VecDeque<Ticket>,
    queue_max: u32,
    /// Places handed over and not yet come for.
    granted: BTreeSet<Ticket>,
    tickets_given: u64,
}

impl Places {
    /// So many free places, and a queue that takes so many.
    ///
    /// # Panics
    /// When there is no place at all: nobody could ever enter.
    pub fn new(places_max: u32, queue_max: u32) -> Places {
        assert!(places_max > 0, "there is at least one place");
        Places {
            taken: 0,
            places_max,
            queue: VecDeque::new(),
            queue_max,
            granted: BTreeSet::new(),
            tickets_given: 0,
        }
    }

    /// Comes in, or queues.
    pub fn enter(&mut self) -> Entry {
        if self.taken + self.granted() < self.places_max {
            self.taken += 1;
            return Entry::Entered;
        }
        if self.waiting() >= self.queue_max {
            return Entry::Full;
        }
        let ticket = Ticket(self.tickets_given);
        self.tickets_given += 1;
        self.queue.push_back(ticket);
        Entry::Queued(ticket)
    }

    /// Leaves a place; who is to be told that it got it.
    ///
    /// # Panics
    /// When nobody is in: a place was left twice.
    pub fn leave(&mut self) -> Option<Ticket> {
        assert!(self.taken > 0, "a place is left once");
        self.taken -= 1;
        self.grant_next()
    }

    /// Comes for a place that was handed over; whether it was.
    pub fn collect(&mut self, ticket: Ticket) -> bool {
        let granted = self.granted.remove(&ticket);
        self.taken += u32::from(granted);
        granted
    }

    /// Waits no longer, whether or not a place was handed over meanwhile; who is to be told that it
    /// got it instead.
    pub fn withdraw(&mut self, ticket: Ticket) -> Option<Ticket> {
        if self.granted.remove(&ticket) {
            return self.grant_next();
        }
        self.queue.retain(|waiting| *waiting != ticket);
        None
    }

    /// How many places are taken, those not counted that were handed over and not come for.
    pub fn taken(&self) -> u32 {
        self.taken
    }

    /// How many wait.
    pub fn waiting(&self) -> u32 {
        u32::try_from(self.queue.len()).unwrap_or(u32::MAX)
    }

    fn granted(&self) -> u32 {
        u32::try_from(self.granted.len()).unwrap_or(u32::MAX)
    }

    fn grant_next(&mut self) -> Option<Ticket> {
        let next = self.queue.pop_front()?;
        self.granted.insert(next);
        Some(next)
    }
}
