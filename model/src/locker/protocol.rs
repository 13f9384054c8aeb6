//! What is asked of a Locker and what it answers.

use sim::network::{Payload, Request};

use crate::ids::{AssetId, DeviceOperation, SlotNumber};

/// A command to a Locker.
#[derive(Clone, Debug, Hash)]
pub enum LockerRequest {
    /// Link an asset to a free slot.
    Link {
        /// The intended change, the same over all retries.
        operation: DeviceOperation,
        /// The asset.
        asset: AssetId,
    },
    /// List the occupied slots.
    ListLinks,
}

/// A Locker's answer.
#[derive(Clone, Debug, Hash)]
pub enum LockerResponse {
    /// The asset is in this slot.
    Linked(SlotNumber),
    /// The hardware cannot do it: no slot is free, or its journal cannot be written.
    HardwareError(&'static str),
    /// Every occupied slot with its asset.
    Links(Vec<(SlotNumber, AssetId)>),
}

impl Payload for LockerRequest {}
impl Payload for LockerResponse {}
impl Request for LockerRequest {
    type Response = LockerResponse;
}
