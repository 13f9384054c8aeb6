//! The books: what became of every verification, delivery and audit entry.
//!
//! They are written by the simulation as things happen and are the truth a grade compares with. The audit is a
//! chain of hashes over every recorded change; an action that goes round the service leaves it short or broken.

use sim::SimTime;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Where a verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Standing {
    /// Waiting.
    Queued = 0,
    /// A worker has it.
    InWork = 1,
    /// Kept aside by a component in trouble, or by an operator. Still to be done.
    Aside = 2,
    /// Done.
    Completed = 3,
    /// Refused, and its owner told.
    Rejected = 4,
    /// Gone: neither done nor to be done.
    Lost = 5,
    /// Said to be verified by somebody who did not verify it.
    Falsified = 6,
}

/// A recorded change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    item: u32,
    to: u8,
}

/// What became of everything.
#[derive(Clone, Debug, Default)]
pub struct Books {
    items: Vec<(Standing, u32)>,
    audit: Vec<Entry>,
    audit_head: u64,
    changes: u64,
    counts: [u64; 7],
    /// Effects that happened twice.
    pub duplicates: u64,
    /// Deliveries that overtook an earlier one of the same asset.
    pub disordered: u64,
    /// Requests refused for load, whose sender was told.
    pub refused: u64,
}

/// The balance of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Balance {
    /// Verifications that were accepted.
    pub accepted: u64,
    /// Done.
    pub completed: u64,
    /// Refused after a judgement, owner told.
    pub rejected: u64,
    /// Still to be done.
    pub queued: u64,
    /// Gone.
    pub lost: u64,
    /// Said to be verified and not.
    pub falsified: u64,
    /// Effects that happened twice.
    pub duplicates: u64,
    /// Deliveries out of order.
    pub disordered: u64,
    /// Changes without an audit entry.
    pub unaudited: u64,
    /// Whether the chain of the audit verifies.
    pub chain_intact: bool,
}

impl Balance {
    /// Whether data was lost or spoilt.
    pub fn loses(&self) -> bool {
        self.lost > 0 || self.falsified > 0
    }
}

fn link(head: u64, entry: Entry) -> u64 {
    let bytes = (u64::from(entry.item) << 8 | u64::from(entry.to)).to_le_bytes();
    xxh3_64_with_seed(&bytes, head)
}

impl Books {
    /// A new verification, queued.
    pub fn accept(&mut self, now: SimTime) -> u32 {
        let item = u32::try_from(self.items.len()).expect("a run has fewer than 2³² items");
        let second = u32::try_from(now.millis() / 1000).expect("a run is shorter than a century");
        self.items.push((Standing::Queued, second));
        self.counts[Standing::Queued as usize] += 1;
        self.record(item, Standing::Queued);
        item
    }

    fn record(&mut self, item: u32, to: Standing) {
        let entry = Entry { item, to: to as u8 };
        self.changes += 1;
        self.audit.push(entry);
        self.audit_head = link(self.audit_head, entry);
    }

    fn put(&mut self, item: u32, to: Standing) {
        let standing = &mut self.items[item as usize].0;
        self.counts[*standing as usize] -= 1;
        self.counts[to as usize] += 1;
        *standing = to;
    }

    /// Moves an item between places where it is still to be done: no change of state, no audit.
    pub fn hold(&mut self, item: u32, at: Standing) {
        self.put(item, at);
    }

    /// Ends an item as the service does, with its audit entry.
    pub fn end(&mut self, item: u32, to: Standing) {
        self.put(item, to);
        self.record(item, to);
    }

    /// Ends items behind the service's back: no audit entry.
    pub fn end_unaudited(&mut self, items: impl IntoIterator<Item = u32>, to: Standing) {
        for item in items {
            self.put(item, to);
            self.changes += 1;
        }
    }

    /// Takes the audit entries of items that are gone out of the table, as a cascading delete does.
    pub fn forget_lost(&mut self) {
        let items = &self.items;
        self.audit
            .retain(|entry| items[entry.item as usize].0 != Standing::Lost);
    }

    /// Where an item stands.
    pub fn standing(&self, item: u32) -> Standing {
        self.items[item as usize].0
    }

    /// Verifications that are still to be done.
    pub fn open(&self) -> u64 {
        let [queued, in_work, aside, ..] = self.counts;
        queued + in_work + aside
    }

    /// Verifications that are done or refused.
    pub fn processed(&self) -> u64 {
        self.counts[Standing::Completed as usize] + self.counts[Standing::Rejected as usize]
    }

    /// When an item was accepted, in whole seconds of the run.
    pub fn accepted_at_s(&self, item: u32) -> u32 {
        self.items[item as usize].1
    }

    /// The sum of everything.
    pub fn balance(&self) -> Balance {
        let count = |standing: Standing| self.counts[standing as usize];
        let head = self.audit.iter().fold(0, |head, entry| link(head, *entry));
        Balance {
            accepted: self.items.len() as u64,
            completed: count(Standing::Completed),
            rejected: count(Standing::Rejected),
            queued: self.open(),
            lost: count(Standing::Lost),
            falsified: count(Standing::Falsified),
            duplicates: self.duplicates,
            disordered: self.disordered,
            unaudited: self.changes - self.audit.len() as u64,
            chain_intact: head == self.audit_head,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_round_the_service_shows_in_the_audit() {
        let mut books = Books::default();
        let items: Vec<u32> = (0..3).map(|_| books.accept(SimTime::START)).collect();
        books.end(items[0], Standing::Completed);
        assert!(books.balance().chain_intact && books.balance().unaudited == 0);
        books.end_unaudited([items[1]], Standing::Falsified);
        assert_eq!(books.balance().unaudited, 1);
        books.end_unaudited([items[2]], Standing::Lost);
        books.forget_lost();
        let balance = books.balance();
        assert!(!balance.chain_intact && balance.loses() && balance.queued == 0);
    }
}
