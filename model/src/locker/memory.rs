//! What a device remembers of operations: the last so many, and no more.
//!
//! A device's memory is small, and a journal's reader must come to the same memory as its writer:
//! hence a bound by count, oldest first out, and no clock. What the bound risks is small. A repeated
//! link of an asset that is still linked needs no memory, for its slot is recognised by the tag; a
//! repeated unlink of one that is not linked has nothing to do. Only a link command that was taken
//! back and comes again after as many other operations as are remembered is executed anew.

use std::collections::BTreeMap;

use crate::ids::{DeviceOperation, SlotNumber};

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// It linked its asset to this slot, where it still is.
    Linked(SlotNumber),
    /// It took its link back.
    Unlinked,
    /// It is a link that was taken back: never again.
    Cancelled,
}

/// The last operations and what became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    capacity: usize,
    /// Each is younger than all before.
    next_age: u64,
    by_age: BTreeMap<u64, DeviceOperation>,
    known: BTreeMap<DeviceOperation, (u64, Remembered)>,
}

impl Memory {
    /// A memory for so many operations.
    ///
    /// # Panics
    /// When it is for none: configurations are validated before anything is built.
    pub fn new(capacity: usize) -> Memory {
        assert!(capacity > 0, "a device remembers at least one operation");
        Memory {
            capacity,
            next_age: 0,
            by_age: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    /// What became of an operation, if it is remembered.
    pub fn recall(&self, operation: &DeviceOperation) -> Option<Remembered> {
        self.known.get(operation).map(|(_, what)| *what)
    }

    /// Forgets an operation as if it had never been.
    pub fn forget(&mut self, operation: &DeviceOperation) {
        if let Some((age, _)) = self.known.remove(operation) {
            self.by_age.remove(&age);
        }
    }

    /// Remembers an operation as the youngest, in place of the oldest when there is no room.
    pub fn remember(&mut self, operation: &DeviceOperation, what: Remembered) {
        let age = self.next_age;
        self.next_age += 1;
        if let Some((former, _)) = self.known.insert(operation.clone(), (age, what)) {
            self.by_age.remove(&former);
        }
        self.by_age.insert(age, operation.clone());
        if self.known.len() > self.capacity {
            let (_, oldest) = self.by_age.pop_first().expect("it holds one too many");
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers operations in this order and says which of a, b, c are known then.
    fn check(capacity: usize, order: &str, expected: &str) {
        let mut memory = Memory::new(capacity);
        for name in order.chars() {
            memory.remember(&DeviceOperation(name.into()), Remembered::Unlinked);
        }
        let known: String = "abc"
            .chars()
            .filter(|name| memory.recall(&DeviceOperation((*name).into())).is_some())
            .collect();
        assert_eq!(known, expected, "{order} in a memory for {capacity}");
        assert!(memory.by_age.len() == memory.known.len() && memory.known.len() <= capacity);
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        check(1, "ab", "b");
        check(2, "ab", "ab");
        check(2, "abc", "bc");
        check(3, "abc", "abc");
    }

    #[test]
    fn what_is_remembered_again_is_young_again() {
        check(2, "abac", "ac");
        check(2, "aaab", "ab");
    }

    #[test]
    fn what_is_forgotten_makes_room() {
        let mut memory = Memory::new(2);
        let [a, b, c] = ["a", "b", "c"].map(|name| DeviceOperation(name.into()));
        memory.remember(&a, Remembered::Unlinked);
        memory.remember(&b, Remembered::Unlinked);
        memory.forget(&b);
        memory.remember(&c, Remembered::Unlinked);
        assert_eq!(memory.recall(&b), None);
        assert!(memory.recall(&a).is_some() && memory.recall(&c).is_some());
    }

    #[test]
    fn what_became_of_it_last_counts() {
        let mut memory = Memory::new(2);
        let link = DeviceOperation("link".into());
        memory.remember(&link, Remembered::Linked(SlotNumber(3)));
        memory.remember(&link, Remembered::Cancelled);
        assert_eq!(memory.recall(&link), Some(Remembered::Cancelled));
    }
}
