//! The agenda: everything that is due to happen, in one cancellable heap.
//!
//! Message deliveries, timers and faults all wait here, ordered by (due, sequence): what was
//! entered first happens first among equals. It is a pure value and knows nothing of what its
//! entries mean. Because every happening passes through this one place, this is also where an
//! exploration strategy can reorder.
//!
//! Cancelling leaves a hole in the heap which is skipped later; when holes outnumber entries the
//! heap is rebuilt, so a workload that cancels most of its timers stays linear in live entries.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::time::SimTime;

/// Names one entry, for cancelling it. A ticket outlives its entry safely: it then cancels nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    slot: u32,
    sequence: u64,
}

/// A heap of entries ordered by (due, sequence).
pub struct Agenda<T> {
    heap: BinaryHeap<Reverse<(SimTime, u64, u32)>>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    next_sequence: u64,
    live: usize,
}

struct Slot<T> {
    sequence: u64,
    entry: Option<T>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Agenda {
            heap: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            next_sequence: 0,
            live: 0,
        }
    }
}

impl<T> Agenda<T> {
    /// Enters something that is due at a time.
    pub fn enter(&mut self, due: SimTime, entry: T) -> Ticket {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let filled = Slot {
            sequence,
            entry: Some(entry),
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = filled;
                slot
            }
            None => {
                self.slots.push(filled);
                u32::try_from(self.slots.len() - 1)
                    .expect("fewer than 2^32 entries are due at once")
            }
        };
        self.heap.push(Reverse((due, sequence, slot)));
        self.live += 1;
        Ticket { slot, sequence }
    }

    /// Takes an entry back before it is due. Gives nothing when it has happened or was cancelled.
    pub fn cancel(&mut self, ticket: Ticket) -> Option<T> {
        let slot = &mut self.slots[ticket.slot as usize];
        if slot.sequence != ticket.sequence {
            return None;
        }
        let entry = slot.entry.take()?;
        self.free.push(ticket.slot);
        self.live -= 1;
        if self.heap.len() > 64 && self.heap.len() > 2 * self.live {
            self.drop_holes();
        }
        Some(entry)
    }

    /// When the next entry is due.
    pub fn next_due(&mut self) -> Option<SimTime> {
        while let Some(&Reverse((due, sequence, slot))) = self.heap.peek() {
            if self.is_live(slot, sequence) {
                return Some(due);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes the next entry out.
    pub fn pop(&mut self) -> Option<(SimTime, T)> {
        self.next_due()?;
        let Reverse((due, _, slot)) = self.heap.pop()?;
        let entry = self.slots[slot as usize].entry.take();
        self.free.push(slot);
        self.live -= 1;
        Some((due, entry.expect("next_due leaves a live entry on top")))
    }

    /// Lets the next entry be due later, if it is one of those meant. Its ticket stays good.
    pub fn put_off_next(&mut self, by: Duration, meant: impl FnOnce(&T) -> bool) {
        if self.next_due().is_none() {
            return;
        }
        let Some(Reverse((due, sequence, slot))) = self.heap.pop() else {
            return;
        };
        let entry = self.slots[slot as usize].entry.as_ref();
        let span = match entry.is_some_and(meant) {
            true => by,
            false => Duration::ZERO,
        };
        self.heap.push(Reverse((due + span, sequence, slot)));
    }

    fn is_live(&self, slot: u32, sequence: u64) -> bool {
        let slot = &self.slots[slot as usize];
        slot.sequence == sequence && slot.entry.is_some()
    }

    fn drop_holes(&mut self) {
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        entries.retain(|&Reverse((_, sequence, slot))| self.is_live(slot, sequence));
        self.heap = entries.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn equals_happen_in_the_order_they_were_entered() {
        let mut agenda = Agenda::default();
        for name in ["first", "second", "third"] {
            agenda.enter(SimTime::from_millis(5), name);
        }
        agenda.enter(SimTime::from_millis(1), "earlier");
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop())
            .map(|(_, name)| name)
            .collect();
        assert_eq!(order, ["earlier", "first", "second", "third"]);
    }

    #[test]
    fn a_spent_ticket_cancels_nothing_even_when_its_slot_is_used_again() {
        let mut agenda = Agenda::default();
        let spent = agenda.enter(SimTime::START, "a");
        assert_eq!(agenda.pop(), Some((SimTime::START, "a")));
        agenda.enter(SimTime::START, "b");
        assert_eq!(agenda.cancel(spent), None);
        assert_eq!(agenda.live, 1);
    }

    #[test]
    fn what_is_put_off_lets_others_go_first_and_can_still_be_cancelled() {
        let ms = SimTime::from_millis;
        let mut agenda = Agenda::default();
        let late = agenda.enter(ms(1), "late");
        agenda.enter(ms(2), "other");
        agenda.put_off_next(Duration::from_millis(5), |entry| *entry == "late");
        // Not meant: it stays where it is.
        agenda.put_off_next(Duration::from_millis(5), |entry| *entry == "late");
        assert_eq!(agenda.pop(), Some((ms(2), "other")));
        assert_eq!(agenda.next_due(), Some(ms(6)));
        assert_eq!(agenda.cancel(late), Some("late"));
        assert_eq!(agenda.pop(), None);
    }

    proptest! {
        /// The agenda against the plainest thing that could be right: an ordered map.
        #[test]
        fn agenda_agrees_with_an_ordered_map(steps in prop::collection::vec((0_u8..4, 0_u64..50), 1..400)) {
            let mut agenda = Agenda::default();
            let mut map = BTreeMap::new();
            let mut tickets = Vec::new();
            for (number, (step, value)) in steps.into_iter().enumerate() {
                match step {
                    0 | 1 => {
                        let due = SimTime::from_nanos(value);
                        tickets.push((agenda.enter(due, number), (due, tickets.len())));
                        map.insert((due, tickets.len() - 1), number);
                    }
                    2 if !tickets.is_empty() => {
                        let (ticket, key) = tickets[value as usize % tickets.len()];
                        prop_assert_eq!(agenda.cancel(ticket), map.remove(&key));
                    }
                    _ => {
                        let expected = map.pop_first().map(|((due, _), entry)| (due, entry));
                        prop_assert_eq!(agenda.pop(), expected);
                    }
                }
                prop_assert_eq!(agenda.live, map.len());
            }
        }
    }
}
