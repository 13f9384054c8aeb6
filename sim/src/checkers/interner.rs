//! Small dense numbers for values that are compared often.
//!
//! A search touches the same keys, values and states millions of times; a `u32` compares in one instruction and fits in
//! a memo key. Numbers are given in order of first sight, so that the same history always yields the same numbers.

use std::collections::BTreeMap;

/// A two-way table between values and dense numbers, the first being 0.
#[derive(Clone, Debug)]
pub struct Interner<T> {
    numbers: BTreeMap<T, u32>,
    values: Vec<T>,
}

impl<T: Ord + Clone> Interner<T> {
    /// Gives the number of `value`, a new one if it was never seen.
    pub fn number(&mut self, value: &T) -> u32 {
        if let Some(&number) = self.numbers.get(value) {
            return number;
        }
        let number = u32::try_from(self.values.len())
            .expect("a history has fewer than 2^32 distinct values");
        self.numbers.insert(value.clone(), number);
        self.values.push(value.clone());
        number
    }

    /// The number of a value already seen.
    pub fn find(&self, value: &T) -> Option<u32> {
        self.numbers.get(value).copied()
    }

    /// The value behind a number this table gave out.
    pub fn value(&self, number: u32) -> &T {
        &self.values[number as usize]
    }

    /// How many distinct values were seen.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was seen yet.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            numbers: BTreeMap::new(),
            values: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_first_sight_and_lead_back() {
        let mut table = Interner::default();
        let numbers: Vec<_> = ["b", "a", "b", "c"]
            .iter()
            .map(|word| table.number(word))
            .collect();
        assert_eq!(numbers, [0, 1, 0, 2]);
        assert_eq!(
            (*table.value(1), table.find(&"c"), table.find(&"z")),
            ("a", Some(2), None)
        );
        assert_eq!((table.len(), table.is_empty()), (3, false));
    }
}
