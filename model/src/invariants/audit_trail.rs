//! The audit as the checks read it: entries by asset, and by what else they are about. It judges nothing.

use std::collections::BTreeMap;

use sim::record::Record;
use sim::record::value::Value;

/// All entries, in the order of their numbers.
pub(super) struct AuditTrail<'a> {
    by_asset: BTreeMap<&'a str, Vec<&'a Value>>,
    by_subject: BTreeMap<&'a str, Vec<&'a Value>>,
}

impl<'a> AuditTrail<'a> {
    /// Of a record.
    ///
    /// # Errors
    /// When the audit could not be read.
    pub(super) fn of(record: &'a Record) -> Result<AuditTrail<'a>, String> {
        let mut entries: Vec<&Value> = record.facts.table("audit")?.iter().collect();
        entries.sort_by_key(|entry| entry.get("entry").as_int());
        let mut trail = AuditTrail {
            by_asset: BTreeMap::new(),
            by_subject: BTreeMap::new(),
        };
        for entry in entries {
            let (asset, subject) = (entry.text("asset"), entry.text("subject"));
            // A request that came to nothing may be about no asset at all.
            if !asset.is_empty() {
                trail.by_asset.entry(asset).or_default().push(entry);
            }
            trail.by_subject.entry(subject).or_default().push(entry);
        }
        Ok(trail)
    }

    /// Every asset that has entries.
    pub(super) fn assets(&self) -> impl Iterator<Item = &'a str> {
        self.by_asset.keys().copied()
    }

    /// The entries about an asset.
    pub(super) fn of_asset(&self, asset: &str) -> &[&'a Value] {
        self.by_asset.get(asset).map_or(&[], Vec::as_slice)
    }

    /// How often something was done to an asset.
    pub(super) fn count(&self, asset: &str, action: &str) -> usize {
        let entries = self.of_asset(asset).iter();
        entries
            .filter(|entry| entry.text("action") == action)
            .count()
    }

    /// How often something was done to a verification, job or letter.
    pub(super) fn count_about(&self, subject: &str, action: &str) -> usize {
        let entries = self.by_subject.get(subject).into_iter().flatten();
        entries
            .filter(|entry| entry.text("action") == action)
            .count()
    }

    /// The versions that an asset's renames and edits made, in the order of the entries.
    pub(super) fn versions(&self, asset: &str) -> Vec<i64> {
        let entries = self.of_asset(asset).iter();
        let renamed = entries.filter(|entry| matches!(entry.text("action"), "renamed" | "edited"));
        renamed
            .filter_map(|entry| entry.get("version").as_int())
            .collect()
    }
}
