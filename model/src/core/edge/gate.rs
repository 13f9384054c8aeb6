//! Who is let in, who waits and who is turned away: places, and a bounded queue by priority.
//!
//! A plain value that counts; who waits for a call is [`door`](super::door). The more important a request, the
//! sooner it is called. When the queue is full a newcomer takes the place of the last that waits with less
//! importance, and is turned away when there is none.

use std::collections::VecDeque;

/// How important a request is; the first is the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Other parts of the system wait for it, or people who mend something.
    High,
    /// It changes something.
    Normal,
    /// It only reads, and can be asked again at no loss.
    Low,
}

impl Priority {
    /// From the most important to the least.
    pub const ALL: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

    /// As notes name it.
    pub fn name(self) -> &'static str {
        match self {
            Priority::High => "high",
            Priority::Normal => "normal",
            Priority::Low => "low",
        }
    }
}

/// Names a request at the gate, in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Visitor(pub u64);

/// What becomes of a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It has a place.
    Begins,
    /// It waits until it is called. Another one that waited is turned away for it.
    Waits {
        /// The other.
        instead_of: Option<(Visitor, Priority)>,
    },
    /// It is turned away.
    Refused,
}

/// How a gate departs from what it should do, for defects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flaws {
    /// The queue has no bound.
    pub unbounded: bool,
    /// The least important is called first.
    pub inverted: bool,
}

/// The gate of one instance.
#[derive(Clone, Debug)]
pub struct Gate {
    places: u32,
    waiting_max: Option<u32>,
    flaws: Flaws,
    in_flight: u32,
    waiting: [VecDeque<Visitor>; 3],
}

impl Gate {
    /// An empty one. Without `waiting_max` as many may wait as come.
    ///
    /// # Panics
    /// Without any place.
    pub fn new(places: u32, waiting_max: Option<u32>, flaws: Flaws) -> Gate {
        assert!(places > 0, "invariant: a gate lets somebody in");
        let waiting_max = waiting_max.filter(|_| !flaws.unbounded);
        Gate {
            places,
            waiting_max,
            flaws,
            in_flight: 0,
            waiting: Default::default(),
        }
    }

    /// A request comes.
    pub fn arrive(&mut self, visitor: Visitor, priority: Priority) -> Arrival {
        if self.in_flight < self.places && self.waiting_count() == 0 {
            self.in_flight += 1;
            return Arrival::Begins;
        }
        let is_full = (self.waiting_max).is_some_and(|max| self.waiting_count() >= max);
        let instead_of = match is_full {
            false => None,
            true => match self.give_up_below(priority) {
                None => return Arrival::Refused,
                other => other,
            },
        };
        self.waiting[priority as usize].push_back(visitor);
        Arrival::Waits { instead_of }
    }

    /// Takes the last one out of the queue that is less important.
    fn give_up_below(&mut self, priority: Priority) -> Option<(Visitor, Priority)> {
        let below = Priority::ALL.into_iter().rev().filter(|it| *it > priority);
        for lesser in below {
            if let Some(visitor) = self.waiting[lesser as usize].pop_back() {
                return Some((visitor, lesser));
            }
        }
        None
    }

    /// A request that had a place is done.
    pub fn leave(&mut self) {
        let left = self.in_flight.checked_sub(1);
        self.in_flight = left.expect("invariant: who leaves has entered");
    }

    /// Gives a free place to the next that waits.
    pub fn call(&mut self) -> Option<(Visitor, Priority)> {
        if self.in_flight >= self.places {
            return None;
        }
        let mut order = Priority::ALL;
        if self.flaws.inverted {
            order.reverse();
        }
        let next = order.into_iter().find_map(|priority| {
            let visitor = self.waiting[priority as usize].pop_front()?;
            Some((visitor, priority))
        })?;
        self.in_flight += 1;
        Some(next)
    }

    /// One that waits goes away. Gives whether it was still waiting.
    pub fn withdraw(&mut self, visitor: Visitor, priority: Priority) -> bool {
        let queue = &mut self.waiting[priority as usize];
        let place = queue.iter().position(|it| *it == visitor);
        place.is_some_and(|place| queue.remove(place).is_some())
    }

    /// From now on there are so many places. Who is in stays in.
    pub fn set_places(&mut self, places: u32) {
        self.places = places.max(1);
    }

    /// How many have a place.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// How many wait.
    pub fn waiting_count(&self) -> u32 {
        Priority::ALL
            .into_iter()
            .map(|it| self.waiting_with(it))
            .sum()
    }

    /// How many wait with a priority.
    pub fn waiting_with(&self, priority: Priority) -> u32 {
        self.waiting[priority as usize].len() as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Priority::{High, Low, Normal};
    use super::*;

    /// Lets them come one after the other; each line tells what became of it.
    fn check(places: u32, waiting_max: Option<u32>, comes: &[(Priority, Arrival)]) -> Gate {
        let mut gate = Gate::new(places, waiting_max, Flaws::default());
        for (number, (priority, expected)) in comes.iter().enumerate() {
            let arrival = gate.arrive(Visitor(number as u64), *priority);
            assert_eq!(arrival, *expected, "visitor {number}");
        }
        gate
    }

    fn waits() -> Arrival {
        Arrival::Waits { instead_of: None }
    }

    fn instead_of(number: u64, priority: Priority) -> Arrival {
        Arrival::Waits {
            instead_of: Some((Visitor(number), priority)),
        }
    }

    #[test]
    fn who_finds_the_queue_full_takes_the_place_of_a_lesser_one_or_is_turned_away() {
        let begins = Arrival::Begins;
        check(
            1,
            Some(2),
            &[
                (Low, begins),
                (Low, waits()),
                (Normal, waits()),
                (Low, Arrival::Refused),
                (Normal, instead_of(1, Low)),
                (Normal, Arrival::Refused),
                (High, instead_of(4, Normal)),
                (High, instead_of(2, Normal)),
                (High, Arrival::Refused),
            ],
        );
        check(1, Some(0), &[(Normal, begins), (High, Arrival::Refused)]);
        check(1, None, &[(Low, begins), (Low, waits()), (Low, waits())]);
    }

    #[test]
    fn the_most_important_is_called_first_and_among_equals_the_one_who_came_first() {
        let comes = [Low, Low, Normal, High, Normal];
        let comes = comes.map(|it| (it, waits()));
        let mut gate = Gate::new(1, None, Flaws::default());
        assert_eq!(gate.arrive(Visitor(9), Low), Arrival::Begins);
        for (number, (priority, _)) in comes.iter().enumerate() {
            gate.arrive(Visitor(number as u64), *priority);
        }
        assert_eq!(gate.call(), None, "no place is free");
        let mut order = Vec::new();
        while gate.waiting_count() > 0 {
            gate.leave();
            order.extend(gate.call().map(|(visitor, _)| visitor.0));
        }
        assert_eq!(order, [3, 2, 4, 0, 1]);
    }

    #[test]
    fn fewer_places_throw_nobody_out_and_let_nobody_in() {
        let begins = Arrival::Begins;
        let mut gate = check(2, None, &[(Low, begins), (Low, begins), (Low, waits())]);
        gate.set_places(1);
        gate.leave();
        assert_eq!((gate.in_flight(), gate.call()), (1, None));
        gate.leave();
        assert_eq!(gate.call(), Some((Visitor(2), Low)));
        assert!(
            !gate.withdraw(Visitor(2), Low),
            "who was called waits no more"
        );
    }

    proptest! {
        #[test]
        fn bounds_hold_and_nobody_is_forgotten(
            steps in proptest::collection::vec((0_u8..6, 0_usize..3), 1..80),
        ) {
            let mut gate = Gate::new(3, Some(4), Flaws::default());
            let (mut came, mut gone, mut done) = (0_u64, 0_u64, 0_u64);
            for (step, priority) in steps {
                if step < 4 {
                    came += 1;
                    match gate.arrive(Visitor(came), Priority::ALL[priority]) {
                        Arrival::Begins => {}
                        Arrival::Waits { instead_of } => gone += u64::from(instead_of.is_some()),
                        Arrival::Refused => gone += 1,
                    }
                } else if gate.in_flight() > 0 {
                    gate.leave();
                    done += 1;
                    gate.call();
                }
                prop_assert!(gate.in_flight() <= 3 && gate.waiting_count() <= 4);
                let here = u64::from(gate.in_flight() + gate.waiting_count());
                prop_assert_eq!(came, gone + done + here);
            }
        }
    }
}
