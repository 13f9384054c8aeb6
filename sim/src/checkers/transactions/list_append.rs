//! List-append: transactions append unique elements to lists and read whole lists.
//!
//! The longest read of a key is the order of its versions; every other read must be a prefix of it. From that order
//! follow all direct dependencies. What is inferred of transactions with unknown outcome: one whose element was read
//! did commit, and any other may not have happened, so nothing follows from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::cycles;
use super::explanation::note_cycles;
use super::graph::{GraphBuilder, Reason};
use super::realtime::{self, Lifetime};
use super::report::{Limits, Report};
use super::transaction::{Ending, ListHistory, ListStep, ending_and_steps};
use crate::checkers::history::OperationId;
use crate::checkers::interner::Interner;
use crate::checkers::verdict::UnknownReason;

mod direct;
mod telling;

/// Finds the anomalies of a list-append history.
pub fn analyse<Key, Value>(history: &ListHistory<Key, Value>, limits: Limits) -> Report
where
    Key: Ord + Clone + Display,
    Value: Ord + Display,
{
    if history.is_silent() {
        return Report::undecided(UnknownReason::NothingObserved);
    }
    let mut lists = match Lists::collect(history) {
        Ok(lists) => lists,
        Err(why) => return Report::undecided(UnknownReason::Ambiguous(why)),
    };
    let mut report = Report::new(limits);
    direct::note_incompatible_orders(&lists, &mut report);
    lists.settle_unknown();
    direct::note_reads(&lists, &mut report);
    direct::note_contradictions(&lists, &mut report);
    direct::note_lost_updates(&lists, &mut report);
    let mut graph = GraphBuilder::new(history.len());
    (0..lists.keys.len()).for_each(|key| lists.link_key(key, &mut graph));
    realtime::link(&lists.lifetimes(), &mut graph);
    note_cycles(
        &mut report,
        &cycles::find(&graph.finish(), limits.edges_visited_max),
        &lists,
    );
    report
}

/// A step without its key, which stands beside it as a number.
enum Access<'h, Value> {
    Append(&'h Value),
    /// None if the read was not answered.
    Read(Option<&'h [Value]>),
}

// Derived, these would ask that values can be copied; only references to them are.
impl<Value> Clone for Access<'_, Value> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Value> Copy for Access<'_, Value> {}

struct Transaction<'h, Value> {
    id: OperationId,
    ending: Ending,
    accesses: Vec<(usize, Access<'h, Value>)>,
}

/// Who appended an element.
#[derive(Clone, Copy)]
struct Append {
    transaction: u32,
    /// Whether the transaction appended nothing more to that key.
    is_final: bool,
}

/// What is known of one key.
struct List<'h, Value> {
    appends: BTreeMap<&'h Value, Append>,
    /// The longest committed read, and who read it.
    order: &'h [Value],
    order_read_by: u32,
    /// Place of each element in `order`; the first, if it is there twice.
    places: BTreeMap<&'h Value, usize>,
    /// Committed readers that saw a prefix of `order`, by its length.
    readers: BTreeMap<usize, BTreeSet<u32>>,
}

struct Lists<'h, Key, Value> {
    history: &'h ListHistory<Key, Value>,
    names: Interner<Key>,
    keys: Vec<List<'h, Value>>,
    transactions: Vec<Transaction<'h, Value>>,
}

impl<'h, Key: Ord + Clone + Display, Value: Ord + Display> Lists<'h, Key, Value> {
    fn collect(history: &'h ListHistory<Key, Value>) -> Result<Self, String> {
        let mut lists = Self {
            history,
            names: Interner::default(),
            keys: Vec::new(),
            transactions: Vec::with_capacity(history.len()),
        };
        for (id, operation) in history.iter() {
            let (ending, steps) = ending_and_steps(operation);
            let mut accesses = Vec::with_capacity(steps.len());
            for step in steps {
                let (key, access) = match step {
                    ListStep::Append { key, value } => (lists.key(key), Access::Append(value)),
                    ListStep::Read { key, seen } => (lists.key(key), Access::Read(seen.as_deref())),
                };
                lists.enter(id, ending, key, access, &accesses)?;
                accesses.push((key, access));
            }
            lists.transactions.push(Transaction {
                id,
                ending,
                accesses,
            });
        }
        lists.index_orders();
        Ok(lists)
    }

    fn key(&mut self, key: &Key) -> usize {
        let number = self.names.number(key) as usize;
        if number == self.keys.len() {
            self.keys.push(List {
                appends: BTreeMap::new(),
                order: &[],
                order_read_by: 0,
                places: BTreeMap::new(),
                readers: BTreeMap::new(),
            });
        }
        number
    }

    /// Notes the append, or the read if it is the longest so far.
    fn enter(
        &mut self,
        id: OperationId,
        ending: Ending,
        key: usize,
        access: Access<'h, Value>,
        before: &[(usize, Access<'h, Value>)],
    ) -> Result<(), String> {
        let list = &mut self.keys[key];
        match access {
            Access::Append(value) => {
                for earlier in before.iter().filter(|(of, _)| *of == key) {
                    if let Access::Append(earlier) = earlier.1
                        && let Some(append) = list.appends.get_mut(earlier)
                    {
                        append.is_final = false;
                    }
                }
                if let Some(other) = list.appends.insert(
                    value,
                    Append {
                        transaction: id.0,
                        is_final: true,
                    },
                ) {
                    return Err(format!(
                        "{value} was appended to {} by both T{} and T{id}; the order of versions can only be found if \
                         every element is appended once",
                        self.names.value(key as u32),
                        other.transaction
                    ));
                }
            }
            Access::Read(Some(seen))
                if ending == Ending::Committed && seen.len() > list.order.len() =>
            {
                list.order = seen;
                list.order_read_by = id.0;
            }
            Access::Read(_) => {}
        }
        Ok(())
    }

    fn index_orders(&mut self) {
        for list in &mut self.keys {
            for (place, value) in list.order.iter().enumerate() {
                list.places.entry(value).or_insert(place);
            }
        }
        for transaction in self
            .transactions
            .iter()
            .filter(|one| one.ending == Ending::Committed)
        {
            for &(key, access) in &transaction.accesses {
                let list = &mut self.keys[key];
                if let Access::Read(Some(seen)) = access
                    && list.order.starts_with(seen)
                {
                    list.readers
                        .entry(seen.len())
                        .or_default()
                        .insert(transaction.id.0);
                }
            }
        }
    }

    /// A transaction of unknown outcome whose element was read did commit.
    fn settle_unknown(&mut self) {
        for list in &self.keys {
            for append in list
                .places
                .keys()
                .filter_map(|value| list.appends.get(value))
            {
                let ending = &mut self.transactions[append.transaction as usize].ending;
                if *ending == Ending::Unknown {
                    *ending = Ending::Committed;
                }
            }
        }
    }

    fn is_committed(&self, transaction: u32) -> bool {
        self.transactions[transaction as usize].ending == Ending::Committed
    }

    /// The committed writers of the elements of `order`, without those whose writer is unknown or aborted.
    fn writers(&self, key: usize) -> Vec<(usize, u32)> {
        let list = &self.keys[key];
        let writer = |value| list.appends.get(value).map(|append| append.transaction);
        let places = list.order.iter().enumerate();
        places
            .filter_map(|(place, value)| Some((place, writer(value)?)))
            .filter(|(_, who)| self.is_committed(*who))
            .collect()
    }

    fn link_key(&self, key: usize, graph: &mut GraphBuilder) {
        let list = &self.keys[key];
        let writers = self.writers(key);
        for pair in writers.windows(2) {
            graph.link(pair[0].1, pair[1].1, Reason::WriteWrite);
        }
        // What was appended for certain and never read came after all that was.
        let unread: BTreeSet<u32> = list
            .appends
            .iter()
            .filter(|(value, append)| {
                !list.places.contains_key(*value) && self.is_committed(append.transaction)
            })
            .map(|(_, append)| append.transaction)
            .collect();
        if let Some(&(_, last)) = writers.last() {
            unread
                .iter()
                .for_each(|&later| graph.link(last, later, Reason::WriteWrite));
        }
        for (&length, readers) in &list.readers {
            if let Some(writer) = length
                .checked_sub(1)
                .and_then(|last| list.appends.get(&list.order[last]))
                && self.is_committed(writer.transaction)
            {
                readers
                    .iter()
                    .for_each(|&reader| graph.link(writer.transaction, reader, Reason::WriteRead));
            }
            match writers.get(writers.partition_point(|(place, _)| *place < length)) {
                Some(&(_, next)) => {
                    readers
                        .iter()
                        .for_each(|&reader| graph.link(reader, next, Reason::ReadWrite));
                }
                None => graph.link_all(readers, &unread, Reason::ReadWrite),
            }
        }
    }

    fn lifetimes(&self) -> Vec<Lifetime> {
        let committed = self
            .transactions
            .iter()
            .filter(|one| one.ending == Ending::Committed);
        let lifetime = |id: OperationId| {
            let operation = self.history.operation(id);
            Lifetime {
                transaction: id.0,
                invoked: operation.invoked.position,
                returned: operation.returned_position(),
            }
        };
        committed.map(|one| lifetime(one.id)).collect()
    }

    fn name(&self, key: usize) -> &Key {
        self.names.value(key as u32)
    }
}
