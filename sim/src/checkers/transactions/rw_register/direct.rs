//! Anomalies that need no cycle: one read, or two transactions, are proof enough.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Access, EMPTY, Registers, Version};
use crate::checkers::history::OperationId;
use crate::checkers::transactions::isolation::Anomaly;
use crate::checkers::transactions::report::Report;
use crate::checkers::transactions::transaction::Ending;

/// Reads of values that nobody wrote, whose writer aborted, or was not done with the key.
pub(super) fn note_reads<Key, Value>(registers: &Registers<'_, Key, Value>, report: &mut Report)
where
    Key: Ord + Clone + Display,
    Value: Ord + Clone + Display,
{
    for reader in registers
        .transactions
        .iter()
        .filter(|one| one.ending == Ending::Committed)
    {
        for &(key, access) in &reader.accesses {
            let Access::Read(Some(seen)) = access else {
                continue;
            };
            if seen != EMPTY {
                note_read(registers, report, reader.id, key, seen);
            }
        }
    }
}

fn note_read<Key, Value>(
    registers: &Registers<'_, Key, Value>,
    report: &mut Report,
    reader: OperationId,
    key: usize,
    seen: Version,
) where
    Key: Ord + Clone + Display,
    Value: Ord + Clone + Display,
{
    let (name, value) = (registers.name(key), registers.show(key, seen));
    let Some(write) = registers.keys[key].writes.get(&seen) else {
        report.note(Anomaly::UnwrittenValue, &[reader], || {
            format!("T{reader} read {name} as {value}, which no transaction wrote")
        });
        return;
    };
    let writer = OperationId(write.transaction);
    if registers.transactions[write.transaction as usize].ending == Ending::Aborted {
        report.note(Anomaly::G1a, &[reader, writer], || {
            format!(
                "T{reader} read {name} as {value}, which T{writer} wrote and took back by aborting"
            )
        });
    } else if !write.is_final && writer != reader {
        report.note(Anomaly::G1b, &[reader, writer], || {
            format!("T{reader} read {name} as {value}, a state in the middle of T{writer}, which wrote it again")
        });
    }
}

/// Transactions that contradict themselves, or read what they write only later.
pub(super) fn note_contradictions<Key, Value>(
    registers: &Registers<'_, Key, Value>,
    report: &mut Report,
) where
    Key: Ord + Clone + Display,
    Value: Ord + Clone + Display,
{
    for transaction in registers
        .transactions
        .iter()
        .filter(|one| one.ending == Ending::Committed)
    {
        let id = transaction.id;
        let mut known: BTreeMap<usize, Version> = BTreeMap::new();
        for &(key, access) in &transaction.accesses {
            let name = registers.name(key);
            match access {
                Access::Write(version) => {
                    if known.insert(key, version) == Some(version) {
                        let value = registers.show(key, version);
                        report.note(Anomaly::FutureRead, &[id], || {
                            format!("T{id} read {name} as {value} before writing that itself")
                        });
                    }
                }
                Access::Read(Some(seen)) => {
                    let before = known.insert(key, seen);
                    if let Some(before) = before.filter(|&before| before != seen) {
                        let (seen, before) =
                            (registers.show(key, seen), registers.show(key, before));
                        report.note(Anomaly::Internal, &[id], || {
                            format!("T{id} read {name} as {seen}, though its own earlier steps left it as {before}")
                        });
                    }
                }
                Access::Read(None) => {}
            }
        }
    }
}

/// Committed transactions that read one version of a key and then wrote it: all but one lost its premise.
pub(super) fn note_lost_updates<Key, Value>(
    registers: &Registers<'_, Key, Value>,
    report: &mut Report,
) where
    Key: Ord + Clone + Display,
    Value: Ord + Clone + Display,
{
    let mut updates: BTreeMap<(usize, Version), Vec<OperationId>> = BTreeMap::new();
    for transaction in registers
        .transactions
        .iter()
        .filter(|one| one.ending == Ending::Committed)
    {
        for (&key, external) in &transaction.external {
            if let (Some(found), Some(_)) = (external.found, external.left) {
                updates
                    .entry((key, found))
                    .or_default()
                    .push(transaction.id);
            }
        }
    }
    for ((key, version), transactions) in updates
        .into_iter()
        .filter(|(_, transactions)| transactions.len() > 1)
    {
        report.note(Anomaly::LostUpdate, &transactions, || {
            let names: Vec<_> = transactions.iter().map(|id| format!("T{id}")).collect();
            format!(
                "{} all read {} as {} and then wrote it, so that only one of them built on what it saw",
                names.join(", "),
                registers.name(key),
                registers.show(key, version),
            )
        });
    }
}
