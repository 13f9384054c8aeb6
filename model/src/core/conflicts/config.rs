//! How conflicts of edits are resolved, and how edits lock, as a scenario says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[system.conflicts]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictConfig {
    /// What becomes of an edit whose version is no longer current.
    pub strategy: ConflictStrategy,
    /// How an edit keeps others out.
    #[serde(default)]
    pub locking: EditLocking,
}

/// What becomes of an edit whose version is no longer current.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictStrategy {
    /// It is refused with 409; its user gets both versions.
    Reject,
    /// Fields that only one of the two changed are merged, and both are told; else it is refused with 409.
    MergeByField,
    /// It is made as it stands, and whoever it overwrites is told.
    LastWriter,
}

/// How an edit keeps others out between its look at the current version and its write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EditLocking {
    /// It does not: its write names the version it saw, and an edit that meets no row looks again.
    #[default]
    Optimistic,
    /// It locks the asset's row before it looks (`SELECT … FOR UPDATE`), and others wait.
    Pessimistic,
}
