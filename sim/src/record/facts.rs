//! End-of-run reads: what the system says of itself once everything is quiet.
//!
//! Facts are rows read through the system's ordinary interfaces — a table of the store, a device's
//! own list — never a node's memory. A table that could not be read is *missing*, which a check
//! must answer with unknown, not with held.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::value::Value;

/// Named tables of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts {
    tables: BTreeMap<String, Vec<Value>>,
}

impl Facts {
    /// Adds rows to a table, creating it when needed (also for no rows: empty differs from missing).
    pub fn add(&mut self, table: &str, rows: impl IntoIterator<Item = Value>) {
        self.tables
            .entry(table.to_owned())
            .or_default()
            .extend(rows);
    }

    /// The rows of a table.
    ///
    /// # Errors
    /// When the table was never read, with the reason a check gives for its unknown verdict.
    pub fn table(&self, name: &str) -> Result<&[Value], String> {
        self.tables
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| format!("the table `{name}` could not be read at the end of the run"))
    }

    /// All tables by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Value])> {
        self.tables
            .iter()
            .map(|(name, rows)| (name.as_str(), rows.as_slice()))
    }
}
