//! Writing row versions: into the heap, into the indexes, into the list of changes for the log.
//!
//! The caller has made sure that the version may be changed; here uniqueness is checked and serializable
//! readers are met. Start at [`Engine::insert_version`].

use super::error::{SqlError, SqlState};
use super::executor::{Progress, View};
use super::expression::{Scope, evaluate, passes};
use super::heap::{Ending, Tid, Version};
use super::index::Entry;
use super::key::Key;
use super::log::record::Change;
use super::predicate_locks::{Granularity, Target};
use super::schema::{ColumnId, TableDef, TableId};
use super::serving::Engine;
use super::session::SessionId;
use super::statement::{RowLock, WaitPolicy};
use super::transaction::{Fate, Xid};
use super::value::{Row, Value};

/// How a unique key stands towards a row that wants it.
enum KeyStanding {
    Free,
    /// By this live row.
    Held(Tid),
    /// Until this transaction ends.
    Undecided(Xid),
}

impl Engine {
    /// Refuses a row that breaks a type, a NOT NULL or a CHECK.
    pub(super) fn check_row(&self, table: TableId, row: &[Value]) -> Result<(), SqlError> {
        let definition = self.catalog.table(table);
        for (column, value) in definition.columns.iter().zip(row) {
            if value
                .value_type()
                .is_some_and(|value_type| value_type != column.value_type)
            {
                return Err(SqlError::type_mismatch(&format!(
                    "column \"{}\"",
                    column.name
                )));
            }
            if value.is_null() && !column.nullable {
                let words = format!(
                    "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                    column.name, definition.name
                );
                return Err(SqlError::new(SqlState::NotNullViolation, words));
            }
        }
        for (name, check) in &definition.checks {
            if evaluate(check, &Scope::row(row))? == Value::Bool(false) {
                let words = format!(
                    "new row for relation \"{}\" violates check constraint \"{name}\"",
                    definition.name
                );
                return Err(SqlError::new(SqlState::CheckViolation, words));
            }
        }
        Ok(())
    }

    /// Writes a new row into the heap; its index entries follow.
    pub(super) fn insert_version(
        &mut self,
        view: &View,
        table: TableId,
        values: Row,
    ) -> Result<Tid, SqlError> {
        let xmin = self.assign_xid(view.session);
        self.meet_readers(view.session, table, &[Target::Table(table)], Some(&values))?;
        let version = Version {
            values: values.clone(),
            xmin,
            command: view.command,
            ending: None,
            lockers: Vec::new(),
            heap_only: false,
        };
        let tid = self.tables[table.0].heap.place(version, None);
        self.note_change(
            view.session,
            Change::Insert {
                table,
                tid,
                row: values,
            },
        );
        Ok(tid)
    }

    /// Replaces a claimed version by a new one; index entries follow if [`Version::heap_only`] is false.
    pub(super) fn replace_version(
        &mut self,
        view: &View,
        table: TableId,
        old: Tid,
        values: Row,
        strength: RowLock,
    ) -> Result<Tid, SqlError> {
        let xid = self.assign_xid(view.session);
        self.meet_readers(view.session, table, &row_targets(table, old), Some(&values))?;
        let before = self.tables[table.0].heap.version(old);
        let lockers = self.other_lockers(view.session, before);
        // A row this transaction had locked more strongly keeps that strength: whoever waits for its key
        // must look again.
        let held = before
            .lockers
            .iter()
            .filter(|(locker, _)| *locker == xid)
            .map(|(_, held)| *held);
        let strength = held.chain([strength]).max().unwrap_or(strength);
        let unchanged = same_indexed_columns(self.catalog.table(table), &before.values, &values);
        let version = Version {
            values: values.clone(),
            xmin: xid,
            command: view.command,
            ending: None,
            lockers: lockers.clone(),
            heap_only: false,
        };
        let heap = &mut self.tables[table.0].heap;
        let tid = heap.place(version, Some(old));
        heap.version_mut(tid).heap_only = unchanged && tid.page == old.page;
        let before = heap.version_mut(old);
        before.lockers = lockers;
        before.ending = Some(Ending {
            xid,
            command: view.command,
            next: Some(tid),
            strength,
        });
        self.note_change(
            view.session,
            Change::Update {
                table,
                old,
                new: tid,
                row: values,
            },
        );
        self.give_up_turn(view.session, table, old);
        Ok(tid)
    }

    /// Ends a claimed version.
    pub(super) fn delete_version(
        &mut self,
        view: &View,
        table: TableId,
        tid: Tid,
    ) -> Result<(), SqlError> {
        let xid = self.assign_xid(view.session);
        self.meet_readers(view.session, table, &row_targets(table, tid), None)?;
        let lockers = self.other_lockers(view.session, self.tables[table.0].heap.version(tid));
        let version = self.tables[table.0].heap.version_mut(tid);
        version.lockers = lockers;
        version.ending = Some(Ending {
            xid,
            command: view.command,
            next: None,
            strength: RowLock::Update,
        });
        self.note_change(view.session, Change::Delete { table, tid });
        self.give_up_turn(view.session, table, tid);
        Ok(())
    }

    /// Enters a version into the indexes from number `next` on; waits where another transaction holds a
    /// unique key.
    pub(super) fn enter_indexes(
        &mut self,
        view: &View,
        table: TableId,
        tid: Tid,
        next: &mut usize,
    ) -> Progress<()> {
        if self.tables[table.0].heap.version(tid).heap_only {
            return Ok(());
        }
        while *next < self.catalog.table(table).indexes.len() {
            let number = *next;
            let row = &self.tables[table.0].heap.version(tid).values;
            let index = &self.catalog.table(table).indexes[number];
            if !passes(index.predicate.as_ref(), row)? {
                *next += 1;
                continue;
            }
            let key = Key::of(row, &index.columns);
            let taken = if index.unique {
                self.key_holder(view, table, number, &key, Some(tid))?
            } else {
                None
            };
            let entry = Entry { key, tid };
            let leaf = self.tables[table.0].indexes[number].leaf_of(&entry);
            let whole = Target::Index(table, number);
            let leaf = leaf.map_or(whole, |leaf| Target::Leaf(table, number, leaf));
            self.meet_readers(view.session, table, &[leaf, whole], None)?;
            if taken.is_some() {
                let name = &self.catalog.table(table).indexes[number].name;
                let words = format!("duplicate key value violates unique constraint \"{name}\"");
                return Err(SqlError::new(SqlState::UniqueViolation, words).into());
            }
            if let Some(split) = self.tables[table.0].indexes[number].insert(entry) {
                let (old, new) = (
                    Target::Leaf(table, number, split.old),
                    Target::Leaf(table, number, split.new),
                );
                self.ssi.reads.leaf_split(old, new);
            }
            *next += 1;
        }
        Ok(())
    }

    /// The live row that holds a unique key; waits while a running transaction holds it or is giving it up.
    pub(super) fn key_holder(
        &mut self,
        view: &View,
        table: TableId,
        index: usize,
        key: &Key,
        except: Option<Tid>,
    ) -> Progress<Option<Tid>> {
        match self.key_standing(view, table, index, key, except) {
            KeyStanding::Free => Ok(None),
            KeyStanding::Held(tid) => Ok(Some(tid)),
            KeyStanding::Undecided(xid) => {
                self.wait_for(view.session, xid, WaitPolicy::Block, table)?;
                panic!("invariant: {xid:?} was in progress, so it was waited for");
            }
        }
    }

    fn key_standing(
        &self,
        view: &View,
        table: TableId,
        index: usize,
        key: &Key,
        except: Option<Tid>,
    ) -> KeyStanding {
        if key.iter().any(Value::is_null) {
            return KeyStanding::Free;
        }
        let own = self.own_xid(view.session);
        let running = |xid| Some(xid) != own && self.transactions.fate(xid) == Fate::InProgress;
        let store = &self.tables[table.0];
        for root in store.indexes[index].places(key) {
            let mut at = Some(store.heap.chain_start(root));
            while let Some((tid, version)) = at.and_then(|tid| Some((tid, store.heap.get(tid)?))) {
                let born = self.transactions.fate(version.xmin);
                let ending = version.ending.as_ref();
                let ended = ending
                    .map(|ending| ending.xid)
                    .filter(|xid| self.transactions.fate(*xid) != Fate::Aborted);
                if Some(tid) != except && born != Fate::Aborted {
                    match ended {
                        _ if running(version.xmin) => return KeyStanding::Undecided(version.xmin),
                        None => return KeyStanding::Held(tid),
                        Some(xid) if running(xid) => return KeyStanding::Undecided(xid),
                        Some(_) => {}
                    }
                }
                let next = ending.and_then(|ending| ending.next);
                at = next.filter(|next| {
                    store
                        .heap
                        .get(*next)
                        .is_some_and(|version| version.heap_only)
                });
            }
        }
        KeyStanding::Free
    }

    /// Notes the dependency of each serializable reader of these targets on this writer.
    fn meet_readers(
        &mut self,
        session: SessionId,
        table: TableId,
        targets: &[Target],
        written: Option<&Row>,
    ) -> Result<(), SqlError> {
        let Some(writer) = self
            .session(session)
            .transaction
            .as_ref()
            .and_then(|transaction| transaction.sxact)
        else {
            return Ok(());
        };
        let exact = self.config.granularity == Granularity::Exact;
        let also = match written {
            Some(row) if exact => self.ssi.reads.readers_matching(table, row),
            _ => Vec::new(),
        };
        self.ssi.conflict_in(writer, targets, also)
    }

    fn note_change(&mut self, session: SessionId, change: Change) {
        if let Some(transaction) = self.session_mut(session).transaction.as_mut() {
            transaction.changes.push(change);
        }
    }
}

/// The strength of the lock an update takes: the strongest only if it changes a unique key.
pub(super) fn update_strength(definition: &TableDef, before: &[Value], after: &[Value]) -> RowLock {
    let changed = |column: ColumnId| before[column.0] != after[column.0];
    if definition.key_columns().any(changed) {
        RowLock::Update
    } else {
        RowLock::NoKeyUpdate
    }
}

fn same_indexed_columns(definition: &TableDef, before: &[Value], after: &[Value]) -> bool {
    definition.indexes.iter().all(|index| {
        // The columns of a partial index's condition count as indexed; comparing whole rows is the simple
        // safe side.
        if index.predicate.is_some() {
            return before == after;
        }
        index
            .columns
            .iter()
            .all(|column| before[column.0] == after[column.0])
    })
}

fn row_targets(table: TableId, tid: Tid) -> [Target; 3] {
    [
        Target::Row(table, tid),
        Target::Page(table, tid.page),
        Target::Table(table),
    ]
}
