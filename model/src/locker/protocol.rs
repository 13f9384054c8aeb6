//! What is asked of a Locker and what it answers.

use std::fmt;

use serde::{Deserialize, Serialize};
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
    /// Take back a link and free the asset's slot, if it has one. Idempotent. The link's own command
    /// is refused with [`LockerResponse::Cancelled`] when it arrives, or is executed, later.
    Unlink {
        /// The intended change, the same over all retries.
        operation: DeviceOperation,
        /// The operation of the link that is taken back.
        cancels: DeviceOperation,
        /// The asset.
        asset: AssetId,
    },
    /// Tell what there is to tell about an asset, for its verification.
    CollectEvidence {
        /// The asset.
        asset: AssetId,
    },
    /// List every latch that is closed, with the asset it is closed for.
    ListLinks,
}

/// A Locker's answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockerResponse {
    /// The asset is in this slot.
    Linked(SlotNumber),
    /// The asset is in no slot, and the link that was taken back will never come.
    Unlinked,
    /// This link was taken back before; nothing was done.
    Cancelled,
    /// The hardware cannot do it; nothing has moved.
    HardwareError(HardwareFault),
    /// What the device can tell about the asset.
    Evidence(Evidence),
    /// What physically is: every closed latch with its asset. An asset stands here twice when two
    /// latches are closed for it.
    Links(Vec<(SlotNumber, AssetId)>),
}

/// Why the hardware did not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HardwareFault {
    /// The latch is stuck. Another try may succeed.
    Jammed,
    /// No slot is free.
    Full,
    /// The asset's tag bears the serial of an asset that lies in another slot: one of the two is not
    /// what it claims to be. No other try will succeed.
    DuplicateSerial,
}

impl HardwareFault {
    /// Its name in logs, metrics and tables.
    pub fn name(self) -> &'static str {
        match self {
            HardwareFault::Jammed => "jammed",
            HardwareFault::Full => "full",
            HardwareFault::DuplicateSerial => "duplicate_serial",
        }
    }
}

impl fmt::Display for HardwareFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HardwareFault::Jammed => "the latch is jammed",
            HardwareFault::Full => "no slot is free",
            HardwareFault::DuplicateSerial => "the tag's serial is already in another slot",
        })
    }
}

/// What a device can tell about an asset.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// The slot that is closed for it, if there is one.
    pub slot: Option<SlotNumber>,
    /// What the slot's sensors say lies in it; [`Occupant::Empty`] when the asset has no slot.
    pub occupant: Occupant,
    /// A digest of the picture of the slot: the same for the same slot, content and moment.
    pub photo: u64,
    /// Where the device stands: latitude and longitude in millionths of a degree.
    pub position: (i64, i64),
    /// When it was taken, in milliseconds of the device's own wall clock, which may be wrong.
    pub taken_at_ms: i64,
    /// Whether the sensors tell what is or what was.
    pub sensor: Sensor,
}

/// What lies in a slot, as its sensors see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occupant {
    /// The asset that was asked for.
    Expected,
    /// Nothing.
    Empty,
    /// Another asset.
    Other,
    /// The sensors of the slot contradict each other.
    Contradiction,
}

/// How old a sensor's reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sensor {
    /// It was taken for this answer.
    Fresh,
    /// It is the one from before the slot's door moved last.
    Stale,
}

impl Payload for LockerRequest {}
impl Payload for LockerResponse {}
impl Request for LockerRequest {
    type Response = LockerResponse;
}
