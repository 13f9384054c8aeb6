//! The versions of edited assets as the checks read them. It judges nothing.

use std::collections::BTreeMap;

use sim::record::Record;
use sim::record::history::{Operation, OperationId};
use sim::record::value::Value;

/// What can be edited.
pub(super) const FIELDS: [&str; 3] = ["name", "category", "note"];

/// A row of `asset_revisions`.
pub(super) struct Revision<'a> {
    pub(super) asset: &'a str,
    pub(super) version: i64,
    /// The version its author saw; nothing for the registration's.
    pub(super) base: Option<i64>,
    pub(super) made: &'a str,
    pub(super) author: &'a str,
    pub(super) key: &'a str,
    row: &'a Value,
}

impl<'a> Revision<'a> {
    /// What a field says in it.
    pub(super) fn says(&self, field: &str) -> &'a str {
        self.row.text(field)
    }

    /// Whether its author saw an older version than the one before it.
    pub(super) fn is_conflict(&self) -> bool {
        self.base.is_some_and(|base| base + 1 < self.version)
    }
}

/// All revisions, by asset and version.
pub(super) struct Revisions<'a>(BTreeMap<&'a str, BTreeMap<i64, Revision<'a>>>);

impl<'a> Revisions<'a> {
    /// Of a record.
    ///
    /// # Errors
    /// When they could not be read.
    pub(super) fn of(record: &'a Record) -> Result<Revisions<'a>, String> {
        let mut all: BTreeMap<&str, BTreeMap<i64, Revision<'_>>> = BTreeMap::new();
        for row in record.facts.table("asset_revisions")? {
            let version = row.get("version").as_int();
            let revision = Revision {
                asset: row.text("asset"),
                version: version.ok_or("a revision has no version")?,
                base: row.get("base").as_int(),
                made: row.text("made"),
                author: row.text("author"),
                key: row.text("key"),
                row,
            };
            let its = all.entry(revision.asset).or_default();
            its.insert(revision.version, revision);
        }
        Ok(Revisions(all))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Revision<'a>> {
        self.0.values().flat_map(BTreeMap::values)
    }

    pub(super) fn get(&self, asset: &str, version: i64) -> Option<&Revision<'a>> {
        self.0.get(asset)?.get(&version)
    }

    /// The versions of one asset, in their order; none when nobody edited it.
    pub(super) fn of_asset(&self, asset: &str) -> impl Iterator<Item = &Revision<'a>> {
        self.0.get(asset).into_iter().flat_map(BTreeMap::values)
    }
}

/// The edits of a history.
pub(super) fn edits(record: &Record) -> impl Iterator<Item = (OperationId, &Operation)> {
    let all = record.history.iter();
    all.filter(|(_, operation)| operation.function == "edit")
}
