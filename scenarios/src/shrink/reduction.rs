//! Delta debugging: the shortest part of a list that still fails.
//!
//! Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE Transactions on
//! Software Engineering 28(2), 2002: the algorithm *ddmin*. It knows nothing of what is in the list.

/// A part of `items`, in their order, that fails, and of which nothing can be taken away alone: without
/// any one of its items it does not fail. All `items` together are taken to fail. `first_failing` says which
/// of several parts is the first that fails; it is given them together so that it may try some at a time.
pub fn minimized<T: Clone>(
    items: &[T],
    mut first_failing: impl FnMut(&[Vec<T>]) -> Option<usize>,
) -> Vec<T> {
    let mut current = items.to_vec();
    if current.is_empty() || first_failing(&[Vec::new()]).is_some() {
        return Vec::new();
    }
    let mut parts = 2;
    while current.len() > 1 {
        let size = current.len().div_ceil(parts);
        let mut first = |parts: Vec<Vec<T>>| first_failing(&parts).map(|at| parts[at].clone());
        if let Some(part) = first(current.chunks(size).map(<[T]>::to_vec).collect()) {
            current = part;
            parts = 2;
        } else if let Some(rest) = first(rests(&current, size)) {
            current = rest;
            parts = (parts - 1).max(2);
        } else if size == 1 {
            break;
        } else {
            parts = (2 * parts).min(current.len());
        }
    }
    current
}

/// The list without each of its parts.
fn rests<T: Clone>(items: &[T], size: usize) -> Vec<Vec<T>> {
    let parts = items.len().div_ceil(size);
    // Of two parts, each is the rest of the other, and was tried.
    if parts <= 2 {
        return Vec::new();
    }
    let without = |part: usize| {
        let (from, to) = (part * size, ((part + 1) * size).min(items.len()));
        [&items[..from], &items[to..]].concat()
    };
    (0..parts).map(without).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_single_cause_is_found_in_few_steps() {
        let items: Vec<u32> = (0..200).collect();
        let mut runs = 0;
        let found = minimized(&items, |parts| {
            let fails = |part: &Vec<u32>| {
                runs += 1;
                part.contains(&137)
            };
            parts.iter().position(fails)
        });
        assert_eq!(found, [137]);
        assert!(runs < 24, "{runs} runs");
    }

    #[test]
    fn what_fails_without_anything_needs_nothing() {
        assert_eq!(minimized(&[1, 2, 3], |_| Some(0)), Vec::<u32>::new());
    }

    proptest! {
        /// Whatever the rule, and even when more can hide what fewer show.
        #[test]
        fn nothing_can_be_taken_away_alone(
            needed in prop::collection::btree_set(0_u32..40, 1..6),
            hidden_by in prop::option::of(0_u32..40),
            length in 40_u32..60,
        ) {
            let fails = |part: &[u32]| {
                let part: BTreeSet<u32> = part.iter().copied().collect();
                let hidden = hidden_by.is_some_and(|it| {
                    !needed.contains(&it) && part.contains(&it) && part.len() < 30
                });
                needed.is_subset(&part) && !hidden
            };
            let items: Vec<u32> = (0..length).collect();
            let found = minimized(&items, |parts| parts.iter().position(|part| fails(part)));
            prop_assert!(fails(&found));
            for away in 0..found.len() {
                let mut fewer = found.clone();
                fewer.remove(away);
                prop_assert!(!fails(&fewer), "{:?} without {}", found, found[away]);
            }
        }
    }
}
