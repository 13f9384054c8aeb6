//! Commands as a Locker's journal keeps them, and what they came to.

use serde::{Deserialize, Serialize};

use super::protocol::{HardwareFault, LockerResponse};
use crate::ids::{AssetId, DeviceOperation, SlotNumber};

/// A command that moves latches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Command {
    /// Close a latch for an asset.
    Link {
        /// The intended change.
        operation: DeviceOperation,
        /// The asset.
        asset: AssetId,
    },
    /// Take back a link, executed or not.
    Unlink {
        /// The intended change.
        operation: DeviceOperation,
        /// The operation of the link.
        cancels: DeviceOperation,
        /// The asset.
        asset: AssetId,
    },
}

impl Command {
    /// The intended change.
    pub fn operation(&self) -> &DeviceOperation {
        match self {
            Command::Link { operation, .. } | Command::Unlink { operation, .. } => operation,
        }
    }

    /// The asset it is about.
    pub fn asset(&self) -> &AssetId {
        match self {
            Command::Link { asset, .. } | Command::Unlink { asset, .. } => asset,
        }
    }
}

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The asset is in this slot.
    Linked(SlotNumber),
    /// The asset is in no slot.
    Unlinked,
    /// The link was taken back before.
    Cancelled,
    /// Nothing has moved. The same command may be tried again.
    Failed(HardwareFault),
}

impl From<Outcome> for LockerResponse {
    fn from(outcome: Outcome) -> LockerResponse {
        match outcome {
            Outcome::Linked(slot) => LockerResponse::Linked(slot),
            Outcome::Unlinked => LockerResponse::Unlinked,
            Outcome::Cancelled => LockerResponse::Cancelled,
            Outcome::Failed(fault) => LockerResponse::HardwareError(fault),
        }
    }
}

/// One entry of the journal.
///
/// An intent is durable before a latch moves for it. An intent without its completion is a command
/// that was accepted and perhaps executed: which of the two, the hardware tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Entry {
    /// The command was accepted. From here on the link that an unlink takes back is refused.
    Intent(Command),
    /// A start found that the latch had moved for this unfinished link. It stands before everything
    /// that is decided upon it: a later start may find the link finished otherwise, and the latch
    /// must still be accounted for.
    Found(Command, SlotNumber),
    /// The command is finished.
    Done(Command, Outcome),
}
