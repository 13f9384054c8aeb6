//! The sending end of a session: a cursor, and a buffer with a bound.
//!
//! Notifications go in by number without a gap, whoever brings them and however often; so a session may
//! be filled from several reads at once. A session that is behind is filled no faster than it empties. One
//! that is live is not waited for: when its buffer is full it is to be closed, and resumes later where its
//! device has come to. It sends nothing itself and knows no node.

use std::collections::VecDeque;

use super::notification::Notification;

/// What became of a notification that was brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is in the buffer.
    Taken,
    /// It was there before.
    Known,
    /// Others come before it, which are not there yet.
    Ahead,
    /// The buffer is full.
    Overflow,
}

/// A session's buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet {
    /// The last number that went in.
    cursor: i64,
    waiting: VecDeque<Notification>,
    room_max: usize,
    live: bool,
}

impl Outlet {
    /// For a device that has everything up to a number, with room for so many.
    pub fn after(number: i64, room_max: usize) -> Outlet {
        Outlet {
            cursor: number,
            waiting: VecDeque::new(),
            room_max,
            live: false,
        }
    }

    /// Brings a notification.
    pub fn offer(&mut self, notification: &Notification) -> Offered {
        if notification.number <= self.cursor {
            return Offered::Known;
        }
        if notification.number > self.cursor + 1 {
            return Offered::Ahead;
        }
        if self.room() == 0 {
            return Offered::Overflow;
        }
        self.cursor = notification.number;
        self.waiting.push_back(notification.clone());
        Offered::Taken
    }

    /// Passes over a notification that does not fit; for a defect.
    pub fn drop_silently(&mut self, notification: &Notification) {
        self.cursor = notification.number;
    }

    /// The last number that went in.
    pub fn cursor(&self) -> i64 {
        self.cursor
    }

    /// How many more fit.
    pub fn room(&self) -> usize {
        self.room_max - self.waiting.len()
    }

    /// What is to be sent next. It stays until it is [`sent`](Self::sent).
    pub fn next(&self) -> Option<&Notification> {
        self.waiting.front()
    }

    /// The device has what was next.
    pub fn sent(&mut self) {
        self.waiting.pop_front();
    }

    /// It has caught up: from now on it is not waited for.
    pub fn go_live(&mut self) {
        self.live = true;
    }

    /// Whether it has caught up.
    pub fn is_live(&self) -> bool {
        self.live
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn notification(number: i64) -> Notification {
        Notification {
            number,
            source: format!("evt_{number}"),
            kind: "news".into(),
            body: String::new(),
        }
    }

    /// Brings numbers to a session that has everything up to 3 and room for two.
    fn check(numbers: &[i64], expected: &[Offered]) {
        let mut outlet = Outlet::after(3, 2);
        let offered = numbers.iter().map(|it| outlet.offer(&notification(*it)));
        assert_eq!(offered.collect::<Vec<_>>(), expected, "{numbers:?}");
    }

    #[test]
    fn a_session_takes_what_follows_and_nothing_else() {
        use Offered::{Ahead, Known, Overflow, Taken};
        check(&[4, 5], &[Taken, Taken]);
        check(&[3, 4, 4], &[Known, Taken, Known]);
        check(&[5, 4, 5], &[Ahead, Taken, Taken]);
        check(&[4, 5, 6, 6], &[Taken, Taken, Overflow, Overflow]);
    }

    #[test]
    fn what_is_next_stays_until_it_is_sent_and_then_there_is_room() {
        let mut outlet = Outlet::after(0, 1);
        assert_eq!(outlet.next(), None);
        outlet.offer(&notification(1));
        assert_eq!(outlet.next().map(|it| it.number), Some(1));
        assert_eq!((outlet.room(), outlet.cursor()), (0, 1));
        outlet.sent();
        assert_eq!(outlet.offer(&notification(2)), Offered::Taken);
    }

    proptest! {
        #[test]
        fn whatever_reads_bring_in_whatever_order_goes_out_in_order_without_gap_or_repetition(
            reads in prop::collection::vec((0..6_i64, 0..6_i64), 0..30),
        ) {
            let mut outlet = Outlet::after(0, 4);
            let mut sent = Vec::new();
            for (from, count) in reads {
                for number in from..from + count {
                    outlet.offer(&notification(number + 1));
                }
                if let Some(next) = outlet.next() {
                    sent.push(next.number);
                    outlet.sent();
                }
            }
            let expected: Vec<i64> = (1..=sent.len() as i64).collect();
            prop_assert_eq!(sent, expected);
        }
    }
}
