//! Read-write registers: transactions write unique values and read one value at a time.
//!
//! A read shows one version and nothing of the order of the others, so less can be concluded than from lists. Certain is
//! only that the empty register came first. What else is known of the order is said in [`Assumptions`]: a harness that
//! knows the version chain of its store should pass it, and gets verdicts as sharp as from lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::cycles;
use super::explanation::note_cycles;
use super::graph::{GraphBuilder, Reason};
use super::isolation::Isolation;
use super::realtime::{self, Lifetime};
use super::report::{Limits, Report};
use super::transaction::{Ending, RegisterHistory, RegisterStep, ending_and_steps};
use crate::checkers::history::OperationId;
use crate::checkers::interner::Interner;
use crate::checkers::verdict::UnknownReason;

mod direct;
mod telling;
mod versions;

/// What may be taken for granted about the order of a register's versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumptions<Key, Value> {
    /// A transaction that read a key and then wrote it replaced what it read, directly or not.
    pub writes_follow_reads: bool,
    /// Each process meets the versions of a key in their order.
    pub sequential_keys: bool,
    /// Versions of a key follow real time: what one transaction left is not newer than what a later one found.
    pub linearizable_keys: bool,
    /// The order of versions of some keys, oldest first, as the store itself recorded it.
    pub known_orders: BTreeMap<Key, Vec<Value>>,
}

impl<Key, Value> Assumptions<Key, Value> {
    /// Takes nothing for granted but that registers start empty.
    pub fn none() -> Self {
        Self {
            writes_follow_reads: false,
            sequential_keys: false,
            linearizable_keys: false,
            known_orders: BTreeMap::new(),
        }
    }

    /// What every history that keeps `level` grants, so that a history which does not is found out.
    ///
    /// From read committed on, a write follows what its transaction read: were it older, the two writers would
    /// depend on each other in a circle of overwrites and reads-from, which is G1c. In strict serializability the
    /// versions of each key follow real time, as the transactions do.
    pub fn implied_by(level: Isolation) -> Self {
        Self {
            writes_follow_reads: level.includes(Isolation::ReadCommitted),
            linearizable_keys: level.includes(Isolation::StrictSerializable),
            ..Self::none()
        }
    }
}

/// Finds the anomalies of a register history.
pub fn analyse<Key, Value>(
    history: &RegisterHistory<Key, Value>,
    assumptions: &Assumptions<Key, Value>,
    limits: Limits,
) -> Report
where
    Key: Ord + Clone + Display,
    Value: Ord + Clone + Display,
{
    if history.is_silent() {
        return Report::undecided(UnknownReason::NothingObserved);
    }
    let mut registers = match Registers::collect(history) {
        Ok(registers) => registers,
        Err(why) => return Report::undecided(UnknownReason::Ambiguous(why)),
    };
    let mut report = Report::new(limits);
    registers.settle_unknown();
    direct::note_reads(&registers, &mut report);
    direct::note_contradictions(&registers, &mut report);
    direct::note_lost_updates(&registers, &mut report);
    registers.order_versions(assumptions, &mut report);
    let mut graph = GraphBuilder::new(history.len());
    (0..registers.keys.len()).for_each(|key| registers.link_key(key, &mut graph));
    realtime::link(&registers.lifetimes(), &mut graph);
    note_cycles(
        &mut report,
        &cycles::find(&graph.finish(), limits.edges_visited_max),
        &registers,
    );
    report
}

/// A version of a register: 0 is the empty one, others are numbered by first sight.
type Version = u32;

const EMPTY: Version = 0;

/// A step with key and value numbered.
#[derive(Clone, Copy)]
enum Access {
    Write(Version),
    /// None if the read was not answered.
    Read(Option<Version>),
}

struct Transaction {
    id: OperationId,
    ending: Ending,
    accesses: Vec<(usize, Access)>,
    /// Per key, what it found before it wrote, and what it left.
    external: BTreeMap<usize, External>,
}

#[derive(Clone, Copy, Default)]
struct External {
    found: Option<Version>,
    left: Option<Version>,
}

#[derive(Clone, Copy)]
struct Write {
    transaction: u32,
    /// Whether the transaction wrote nothing more to that key.
    is_final: bool,
}

/// What is known of one key.
struct Register<Value> {
    /// Values by version, without the empty one: version n is number n - 1.
    values: Interner<Value>,
    writes: BTreeMap<Version, Write>,
    /// Committed transactions that found a version.
    readers: BTreeMap<Version, BTreeSet<u32>>,
    /// Transactions that touched the key, in order of invocation.
    touched_by: Vec<u32>,
    /// Pairs of versions, older first.
    order: BTreeSet<(Version, Version)>,
}

struct Registers<'h, Key, Value> {
    history: &'h RegisterHistory<Key, Value>,
    names: Interner<Key>,
    keys: Vec<Register<Value>>,
    transactions: Vec<Transaction>,
}

impl<'h, Key: Ord + Clone + Display, Value: Ord + Clone + Display> Registers<'h, Key, Value> {
    fn collect(history: &'h RegisterHistory<Key, Value>) -> Result<Self, String> {
        let mut registers = Self {
            history,
            names: Interner::default(),
            keys: Vec::new(),
            transactions: Vec::new(),
        };
        for (id, operation) in history.iter() {
            let (ending, steps) = ending_and_steps(operation);
            let mut transaction = Transaction {
                id,
                ending,
                accesses: Vec::new(),
                external: BTreeMap::new(),
            };
            for step in steps {
                registers.enter(step, &mut transaction)?;
            }
            registers.transactions.push(transaction);
        }
        for transaction in registers
            .transactions
            .iter()
            .filter(|one| one.ending == Ending::Committed)
        {
            for (&key, external) in &transaction.external {
                if let Some(found) = external.found {
                    registers.keys[key]
                        .readers
                        .entry(found)
                        .or_default()
                        .insert(transaction.id.0);
                }
            }
        }
        Ok(registers)
    }

    fn enter(
        &mut self,
        step: &RegisterStep<Key, Value>,
        transaction: &mut Transaction,
    ) -> Result<(), String> {
        let (RegisterStep::Write { key: name, .. } | RegisterStep::Read { key: name, .. }) = step;
        let key = self.names.number(name) as usize;
        if key == self.keys.len() {
            self.keys.push(Register {
                values: Interner::default(),
                writes: BTreeMap::new(),
                readers: BTreeMap::new(),
                touched_by: Vec::new(),
                order: BTreeSet::new(),
            });
        }
        let register = &mut self.keys[key];
        if register.touched_by.last() != Some(&transaction.id.0) {
            register.touched_by.push(transaction.id.0);
        }
        let external = transaction.external.entry(key).or_default();
        match step {
            RegisterStep::Write { value, .. } => {
                let version = register.values.number(value) + 1;
                if let Some(earlier) = external
                    .left
                    .replace(version)
                    .and_then(|left| register.writes.get_mut(&left))
                {
                    earlier.is_final = false;
                }
                let write = Write {
                    transaction: transaction.id.0,
                    is_final: true,
                };
                if let Some(other) = register.writes.insert(version, write) {
                    return Err(format!(
                        "{value} was written to {name} by both T{} and T{}; reads can only be traced if every value is \
                         written once per key",
                        other.transaction, transaction.id
                    ));
                }
                transaction.accesses.push((key, Access::Write(version)));
            }
            RegisterStep::Read { seen, .. } => {
                let seen = seen.as_ref().map(|seen| {
                    seen.as_ref()
                        .map_or(EMPTY, |value| register.values.number(value) + 1)
                });
                if external.left.is_none() && external.found.is_none() {
                    external.found = seen;
                }
                transaction.accesses.push((key, Access::Read(seen)));
            }
        }
        Ok(())
    }

    /// A transaction of unknown outcome whose value was read did commit.
    fn settle_unknown(&mut self) {
        for register in &self.keys {
            for write in register
                .readers
                .keys()
                .filter_map(|version| register.writes.get(version))
            {
                let ending = &mut self.transactions[write.transaction as usize].ending;
                if *ending == Ending::Unknown {
                    *ending = Ending::Committed;
                }
            }
        }
    }

    fn is_committed(&self, transaction: u32) -> bool {
        self.transactions[transaction as usize].ending == Ending::Committed
    }

    /// The committed transaction that wrote a version; an intermediate version counts, since reading it is a dependency.
    fn writer(&self, key: usize, version: Version) -> Option<u32> {
        let write = self.keys[key].writes.get(&version)?;
        self.is_committed(write.transaction)
            .then_some(write.transaction)
    }

    fn link_key(&self, key: usize, graph: &mut GraphBuilder) {
        let register = &self.keys[key];
        let nobody = BTreeSet::new();
        for (&version, readers) in &register.readers {
            if let Some(writer) = self.writer(key, version) {
                readers
                    .iter()
                    .for_each(|&reader| graph.link(writer, reader, Reason::WriteRead));
            }
        }
        let mut older: Option<Version> = None;
        for &(version, _) in &register.order {
            if older.replace(version) == Some(version) {
                continue;
            }
            let newer = register.order.range((version, 0)..=(version, Version::MAX));
            let later: BTreeSet<u32> = newer
                .filter_map(|&(_, newer)| self.writer(key, newer))
                .collect();
            if let Some(writer) = self.writer(key, version) {
                later
                    .iter()
                    .for_each(|&later| graph.link(writer, later, Reason::WriteWrite));
            }
            graph.link_all(
                register.readers.get(&version).unwrap_or(&nobody),
                &later,
                Reason::ReadWrite,
            );
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

    fn show(&self, key: usize, version: Version) -> String {
        match version.checked_sub(1) {
            None => "empty".to_string(),
            Some(number) => self.keys[key].values.value(number).to_string(),
        }
    }
}
