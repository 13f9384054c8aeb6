//! The operations not yet placed in the order under construction.
//!
//! Two doubly linked lists over the same operations, one by invocation and one by answer, from which an operation can be
//! taken and put back in constant time. Putting back must happen in the reverse order of taking ("dancing links",
//! Knuth, 2000); the search does so by construction.

const END: u32 = u32::MAX;

/// A completed operation of one partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub invoked: u64,
    pub returned: u64,
}

/// The completed operations that still have to be placed.
pub(super) struct Pending {
    calls: Vec<Call>,
    by_invocation: Links,
    by_return: Links,
    left: usize,
}

impl Pending {
    /// Starts with all `calls` pending; they must be sorted by invocation.
    pub fn new(calls: Vec<Call>) -> Self {
        let in_order: Vec<u32> = (0..calls.len() as u32).collect();
        let mut returning = in_order.clone();
        returning.sort_by_key(|&call| calls[call as usize].returned);
        let left = calls.len();
        Self {
            by_invocation: Links::new(&in_order),
            by_return: Links::new(&returning),
            calls,
            left,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// The pending operation that answers first. Nothing invoked after its answer may be placed before it.
    pub fn first_to_return(&self) -> Option<u32> {
        self.by_return.first()
    }

    pub fn call(&self, call: u32) -> Call {
        self.calls[call as usize]
    }

    /// Appends to `into` the pending operations invoked before `deadline`, in order of invocation.
    pub fn invoked_before(&self, deadline: u64, into: &mut Vec<u32>) {
        let mut next = self.by_invocation.first();
        while let Some(call) = next {
            if self.call(call).invoked > deadline {
                return;
            }
            into.push(call);
            next = self.by_invocation.after(call);
        }
    }

    pub fn take(&mut self, call: u32) {
        self.by_invocation.take(call);
        self.by_return.take(call);
        self.left -= 1;
    }

    /// Undoes the latest [`Pending::take`] not yet undone, which must be that of `call`.
    pub fn put_back(&mut self, call: u32) {
        self.by_return.put_back(call);
        self.by_invocation.put_back(call);
        self.left += 1;
    }
}

/// A doubly linked list over dense numbers; the head is one slot past the last.
struct Links {
    next: Vec<u32>,
    previous: Vec<u32>,
}

impl Links {
    fn new(order: &[u32]) -> Self {
        let head = order.len();
        let mut links = Self {
            next: vec![END; head + 1],
            previous: vec![END; head + 1],
        };
        let mut last = head as u32;
        for &item in order {
            links.next[last as usize] = item;
            links.previous[item as usize] = last;
            last = item;
        }
        links
    }

    fn first(&self) -> Option<u32> {
        self.after(self.next.len() as u32 - 1)
    }

    fn after(&self, item: u32) -> Option<u32> {
        let next = self.next[item as usize];
        (next != END).then_some(next)
    }

    fn take(&mut self, item: u32) {
        let (previous, next) = (self.previous[item as usize], self.next[item as usize]);
        self.next[previous as usize] = next;
        if next != END {
            self.previous[next as usize] = previous;
        }
    }

    fn put_back(&mut self, item: u32) {
        let (previous, next) = (self.previous[item as usize], self.next[item as usize]);
        self.next[previous as usize] = item;
        if next != END {
            self.previous[next as usize] = item;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> Pending {
        // 0 spans 1 and 2; 3 starts after all have answered.
        let spans = [(0, 9), (1, 3), (4, 6), (10, 11)];
        Pending::new(
            spans
                .map(|(invoked, returned)| Call { invoked, returned })
                .to_vec(),
        )
    }

    fn open(pending: &Pending) -> Vec<u32> {
        let mut calls = Vec::new();
        if let Some(first) = pending.first_to_return() {
            pending.invoked_before(pending.call(first).returned, &mut calls);
        }
        calls
    }

    #[test]
    fn only_operations_invoked_before_the_first_answer_are_open() {
        let mut pending = pending();
        assert_eq!(open(&pending), [0, 1]);
        pending.take(1);
        assert_eq!(open(&pending), [0, 2]);
        pending.take(0);
        assert_eq!(open(&pending), [2]);
        pending.take(2);
        assert_eq!(open(&pending), [3]);
        pending.take(3);
        assert!(pending.is_empty() && open(&pending).is_empty());
    }

    #[test]
    fn putting_back_in_reverse_restores_the_start() {
        let mut pending = pending();
        for call in [1, 0, 2, 3] {
            pending.take(call);
        }
        for call in [3, 2, 0, 1] {
            pending.put_back(call);
        }
        assert_eq!(open(&pending), [0, 1]);
        assert!(!pending.is_empty());
    }
}
