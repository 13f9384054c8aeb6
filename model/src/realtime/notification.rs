//! A stored notification, and what it means to have read it.

use serde::{Deserialize, Serialize};

/// A notification of one user.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Notification {
    /// Its place among the user's notifications, from 1 and without gaps.
    pub number: i64,
    /// What it tells of: the event's id, or the key of the request that sent it. One source makes one
    /// notification of a user.
    pub source: String,
    /// What kind of news it is.
    pub kind: String,
    /// The news.
    pub body: String,
}

/// Which notifications a user has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The one with this number.
    One(i64),
    /// All up to this number.
    UpTo(i64),
}

impl Mark {
    /// Whether it speaks of a notification.
    pub fn covers(self, number: i64) -> bool {
        match self {
            Mark::One(this) => number == this,
            Mark::UpTo(last) => number <= last,
        }
    }

    /// The number it names.
    pub fn number(self) -> i64 {
        match self {
            Mark::One(number) | Mark::UpTo(number) => number,
        }
    }

    /// `one` or `up_to`.
    pub fn name(self) -> &'static str {
        match self {
            Mark::One(_) => "one",
            Mark::UpTo(_) => "up_to",
        }
    }
}

/// The count of unread notifications after a mark that found so many unread ones. What was read before
/// is not found again: so a mark may come twice, and from two sessions.
///
/// # Panics
/// When more are read than are unread: the count and the notifications are changed in one transaction.
pub fn unread_after(unread: i64, found: u64) -> i64 {
    let left = i64::try_from(found).ok().map(|found| unread - found);
    left.filter(|left| *left >= 0)
        .unwrap_or_else(|| panic!("invariant: of {unread} unread notifications {found} were read"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mark_speaks_of_one_or_of_all_up_to_it() {
        for (mark, covered) in [
            (Mark::One(2), vec![2]),
            (Mark::UpTo(2), vec![1, 2]),
            (Mark::UpTo(0), vec![]),
        ] {
            let found: Vec<i64> = (1..=3).filter(|number| mark.covers(*number)).collect();
            assert_eq!(found, covered, "{mark:?}");
        }
    }

    fn any_mark() -> impl Strategy<Value = Mark> {
        (any::<bool>(), 1..8_i64).prop_map(|(one, number)| match one {
            true => Mark::One(number),
            false => Mark::UpTo(number),
        })
    }

    proptest! {
        #[test]
        fn the_count_is_that_of_the_unread_whatever_is_marked_and_however_often(
            marks in prop::collection::vec(any_mark(), 0..12),
        ) {
            let mut unread: Vec<i64> = (1..=7).collect();
            let mut count = unread.len() as i64;
            for mark in marks {
                let before = unread.len();
                unread.retain(|number| !mark.covers(*number));
                count = unread_after(count, (before - unread.len()) as u64);
                prop_assert_eq!(count, unread.len() as i64);
            }
        }
    }
}
