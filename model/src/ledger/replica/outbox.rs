//! What a primary keeps of its log for those who follow it: whole transactions and checkpoints, with their places.
//!
//! A follower names the end of its log and gets what comes next. One that is too far behind, or whose log went
//! another way, begins anew at a checkpoint, which tells everything. Start at [`Outbox::after`].

use std::collections::VecDeque;

use super::super::engine::log::frame::Lsn;
use super::super::engine::log::record::Record;

/// The records of one commit, or one checkpoint, and where they stand in the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shipment {
    /// Where they begin.
    pub from: Lsn,
    /// The records.
    pub records: Vec<Record>,
    /// Where they end.
    pub upto: Lsn,
}

impl Shipment {
    /// Whether a log may begin with it.
    pub fn is_checkpoint(&self) -> bool {
        matches!(self.records.as_slice(), [Record::Checkpoint(_)])
    }
}

/// What a follower is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// These, in order; none when it has everything.
    Follows(Vec<Shipment>),
    /// These, of which the first is a checkpoint to begin a new log with.
    Anew(Vec<Shipment>),
    /// Nothing that would help: a checkpoint must be made first.
    NeedsCheckpoint,
}

/// The end of the log, as far as it is kept for followers.
#[derive(Clone, Debug)]
pub struct Outbox {
    shipments: VecDeque<Shipment>,
    end: Lsn,
}

/// How much of the log is kept: who is farther behind gets a checkpoint (`wal_keep_size`).
const KEPT_BYTES: u64 = 1024 * 1024;
/// How many shipments go into one message.
const TOGETHER_MAX: usize = 64;

impl Outbox {
    /// Nothing is kept yet of a log that ends here.
    pub fn new(end: Lsn) -> Outbox {
        Outbox {
            shipments: VecDeque::new(),
            end,
        }
    }

    /// Where the log ends.
    pub fn end(&self) -> Lsn {
        self.end
    }

    /// Adds what was appended to the log and is durable.
    ///
    /// # Panics
    /// When it does not begin where the log ends.
    pub fn push(&mut self, shipment: Shipment) {
        assert_eq!(shipment.from, self.end, "invariant: the log has no gap");
        self.end = shipment.upto;
        self.shipments.push_back(shipment);
        let kept_from = self.end.0.saturating_sub(KEPT_BYTES);
        while self.shipments.len() > 1
            && self
                .shipments
                .front()
                .is_some_and(|it| it.upto.0 <= kept_from)
        {
            self.shipments.pop_front();
        }
    }

    /// What follows the log of somebody who is at `position`, or nowhere that this log was.
    pub fn after(&self, position: Option<Lsn>) -> Next {
        let sent = |first: usize| {
            self.shipments
                .iter()
                .skip(first)
                .take(TOGETHER_MAX)
                .cloned()
                .collect()
        };
        if position == Some(self.end) {
            return Next::Follows(Vec::new());
        }
        let known = self
            .shipments
            .iter()
            .position(|it| Some(it.from) == position);
        if let Some(first) = known {
            return Next::Follows(sent(first));
        }
        match self.shipments.iter().rposition(Shipment::is_checkpoint) {
            Some(first) => Next::Anew(sent(first)),
            None => Next::NeedsCheckpoint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::engine::Xid;
    use super::super::super::engine::log::record::Image;
    use super::*;

    fn commit(from: u64, upto: u64) -> Shipment {
        Shipment {
            from: Lsn(from),
            records: vec![Record::Commit(Xid(from))],
            upto: Lsn(upto),
        }
    }

    fn checkpoint(from: u64, upto: u64) -> Shipment {
        Shipment {
            records: vec![Record::Checkpoint(Image::default())],
            ..commit(from, upto)
        }
    }

    fn outbox(shipments: &[Shipment]) -> Outbox {
        let mut outbox = Outbox::new(shipments[0].from);
        shipments.iter().cloned().for_each(|it| outbox.push(it));
        outbox
    }

    #[test]
    fn follower_gets_what_comes_next_and_a_stranger_a_checkpoint() {
        let all = [commit(100, 150), checkpoint(150, 300), commit(300, 340)];
        let outbox = outbox(&all);
        let cases = [
            (Some(100), Next::Follows(all.to_vec())),
            (Some(300), Next::Follows(all[2..].to_vec())),
            (Some(340), Next::Follows(vec![])),
            (Some(50), Next::Anew(all[1..].to_vec())),
            (Some(120), Next::Anew(all[1..].to_vec())),
            (Some(900), Next::Anew(all[1..].to_vec())),
            (None, Next::Anew(all[1..].to_vec())),
        ];
        for (position, next) in cases {
            assert_eq!(outbox.after(position.map(Lsn)), next, "{position:?}");
        }
    }

    #[test]
    fn without_a_checkpoint_one_must_be_made_and_old_shipments_go() {
        let mut outbox = outbox(&[commit(0, 10), commit(10, 20)]);
        assert_eq!(outbox.after(None), Next::NeedsCheckpoint);
        outbox.push(commit(20, 20 + KEPT_BYTES));
        assert_eq!(outbox.after(Some(Lsn(10))), Next::NeedsCheckpoint);
        assert_eq!(
            outbox.after(Some(Lsn(20))),
            Next::Follows(vec![commit(20, 20 + KEPT_BYTES)])
        );
    }

    #[test]
    #[should_panic(expected = "invariant: the log has no gap")]
    fn gap_is_no_log() {
        outbox(&[commit(0, 10), commit(11, 20)]);
    }
}
