//! Notes: what a node says of itself for the checks, kept whether or not the trace is.
//!
//! A note tells what no answer shows and no table keeps, such as a breaker that opened. It is
//! written at the moment at which it is true, by the node it is about; a dead process writes none.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::SimTime;

use super::value::Value;

/// One note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// When it was written.
    pub at: SimTime,
    /// The name of the node that wrote it.
    pub node: String,
    /// Which of the node's lives wrote it, counted from zero.
    #[serde(default)]
    pub incarnation: u32,
    /// What kind of note it is, such as `breaker`.
    pub name: String,
    /// What it says; shared with the trace.
    pub detail: Arc<Value>,
}
