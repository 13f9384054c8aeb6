//! A number of places and a queue before them, as a pure value: the counting under bulkhead and pool.
//!
//! Whoever leaves hands its place to the first in the queue, so nobody overtakes. A place handed over
//! is *granted* until its new owner comes for it; an owner that went away meanwhile withdraws, and the
//! place goes on to the next. Nothing here knows what a place is good for, nor what time it is.

use std::collections::BTreeSet;

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
    /// Tickets ascend, so the first is who came first.
    queue: BTreeSet<Ticket>,
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
            queue: BTreeSet::new(),
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
        self.queue.insert(ticket);
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
        self.queue.remove(&ticket);
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
        let next = self.queue.pop_first()?;
        self.granted.insert(next);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_go_round_in_the_order_of_the_queue_and_the_rest_is_refused() {
        let mut places = Places::new(1, 2);
        assert_eq!(places.enter(), Entry::Entered);
        let [first, second] = [Ticket(0), Ticket(1)];
        assert_eq!(places.enter(), Entry::Queued(first));
        assert_eq!(places.enter(), Entry::Queued(second));
        assert_eq!(places.enter(), Entry::Full);
        assert!(!places.collect(first), "nobody has left yet");
        assert_eq!(places.leave(), Some(first));
        assert_eq!(places.enter(), Entry::Queued(Ticket(2)), "nobody overtakes");
        assert!(!places.collect(second));
        assert!(places.collect(first));
        assert_eq!(places.taken(), 1);
    }

    #[test]
    fn who_withdraws_loses_nothing_for_the_others() {
        let mut places = Places::new(1, 2);
        assert_eq!(places.enter(), Entry::Entered);
        let [first, second] = [Ticket(0), Ticket(1)];
        assert_eq!(places.enter(), Entry::Queued(first));
        assert_eq!(places.enter(), Entry::Queued(second));
        assert_eq!(places.leave(), Some(first));
        assert_eq!(
            places.withdraw(first),
            Some(second),
            "it goes on to the next"
        );
        assert_eq!(places.withdraw(second), None);
        assert_eq!(places.enter(), Entry::Entered, "the place is free again");
    }

    #[test]
    #[should_panic(expected = "a place is left once")]
    fn leaving_twice_is_a_bug() {
        let mut places = Places::new(1, 1);
        places.enter();
        places.leave();
        places.leave();
    }

    #[derive(Clone, Debug)]
    enum Action {
        Enter,
        Leave,
        Collect(prop::sample::Index),
        Withdraw(prop::sample::Index),
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            4 => Just(Action::Enter),
            3 => Just(Action::Leave),
            2 => any::<prop::sample::Index>().prop_map(Action::Collect),
            1 => any::<prop::sample::Index>().prop_map(Action::Withdraw),
        ]
    }

    /// People around the places, and what they know of them.
    struct Crowd {
        places: Places,
        inside: usize,
        /// The turns of those outside, in the order in which they came.
        outside: Vec<Ticket>,
        /// Those of them who were told that a place is theirs.
        called: BTreeSet<Ticket>,
    }

    impl Crowd {
        fn next(&self) -> Option<Ticket> {
            let mut waiting = self.outside.iter().filter(|it| !self.called.contains(it));
            waiting.next().copied()
        }

        fn act(&mut self, action: &Action) -> Result<(), TestCaseError> {
            let (next, outside) = (self.next(), self.outside.len());
            match action {
                Action::Enter => match self.places.enter() {
                    Entry::Entered => {
                        prop_assert_eq!(next, None, "somebody was overtaken");
                        self.inside += 1;
                    }
                    Entry::Queued(ticket) => self.outside.push(ticket),
                    Entry::Full => {
                        prop_assert_eq!(self.places.waiting(), self.places.queue_max);
                    }
                },
                Action::Leave if self.inside > 0 => {
                    self.inside -= 1;
                    prop_assert_eq!(self.places.leave(), next);
                    self.called.extend(next);
                }
                Action::Collect(which) if outside > 0 => {
                    let ticket = self.outside[which.index(outside)];
                    let was_called = self.called.remove(&ticket);
                    prop_assert_eq!(self.places.collect(ticket), was_called);
                    if was_called {
                        self.inside += 1;
                        self.outside.retain(|other| *other != ticket);
                    }
                }
                Action::Withdraw(which) if outside > 0 => {
                    let ticket = self.outside.remove(which.index(outside));
                    let was_called = self.called.remove(&ticket);
                    let told = next.filter(|_| was_called);
                    prop_assert_eq!(self.places.withdraw(ticket), told);
                    self.called.extend(told);
                }
                Action::Leave | Action::Collect(_) | Action::Withdraw(_) => {}
            }
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn places_are_conserved_and_handed_over_in_order(
            places_max in 1_u32..4,
            queue_max in 0_u32..5,
            actions in prop::collection::vec(action(), 1..120),
        ) {
            let mut crowd = Crowd {
                places: Places::new(places_max, queue_max),
                inside: 0,
                outside: Vec::new(),
                called: BTreeSet::new(),
            };
            for action in actions {
                crowd.act(&action)?;
                let given = crowd.inside + crowd.called.len();
                prop_assert_eq!(crowd.places.taken() as usize, crowd.inside);
                prop_assert!(given <= places_max as usize, "one too many is in");
                let waits_in_vain = given < places_max as usize && crowd.next().is_some();
                prop_assert!(!waits_in_vain, "somebody waits before a free place");
            }
        }
    }
}
