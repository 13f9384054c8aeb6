//! A Locker's hardware as a pure value: slots, and the operations it has executed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{AssetId, DeviceOperation, SlotNumber};

/// One executed link, as the device's journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Linked {
    /// The operation that asked for it.
    pub operation: DeviceOperation,
    /// The asset.
    pub asset: AssetId,
    /// Where it is.
    pub slot: SlotNumber,
}

/// The device's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    free: BTreeSet<SlotNumber>,
    /// Which asset is in which slot.
    links: BTreeMap<SlotNumber, AssetId>,
    /// Which operations were executed, and with which result.
    executed: BTreeMap<DeviceOperation, SlotNumber>,
}

/// What a link command comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkDecision {
    /// This operation was executed before; its result then.
    AlreadyDone(SlotNumber),
    /// To be done: the asset goes into this slot.
    Do(Linked),
    /// No slot is free.
    Full,
}

impl Device {
    /// An empty device.
    pub fn new(slots: u32) -> Device {
        Device {
            free: (0..slots).map(SlotNumber).collect(),
            links: BTreeMap::new(),
            executed: BTreeMap::new(),
        }
    }

    /// What to do about a command. Without memory of operations, a repeated one is done again.
    pub fn decide(
        &self,
        operation: &DeviceOperation,
        asset: &AssetId,
        remembers: bool,
    ) -> LinkDecision {
        if remembers && let Some(slot) = self.executed.get(operation) {
            return LinkDecision::AlreadyDone(*slot);
        }
        match self.free.first() {
            Some(slot) => LinkDecision::Do(Linked {
                operation: operation.clone(),
                asset: asset.clone(),
                slot: *slot,
            }),
            None => LinkDecision::Full,
        }
    }

    /// Does a link, at once or again from the journal.
    pub fn execute(&mut self, linked: &Linked) {
        assert!(
            self.free.remove(&linked.slot),
            "a link goes into a free slot"
        );
        self.links.insert(linked.slot, linked.asset.clone());
        self.executed.insert(linked.operation.clone(), linked.slot);
    }

    /// Every occupied slot with its asset.
    pub fn links(&self) -> impl Iterator<Item = (SlotNumber, &AssetId)> {
        self.links.iter().map(|(slot, asset)| (*slot, asset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(device: &mut Device, name: &str, remembers: bool) -> Option<u32> {
        let operation = DeviceOperation(format!("link-{name}"));
        match device.decide(&operation, &AssetId(name.into()), remembers) {
            LinkDecision::AlreadyDone(slot) => Some(slot.0),
            LinkDecision::Do(linked) => {
                device.execute(&linked);
                Some(linked.slot.0)
            }
            LinkDecision::Full => None,
        }
    }

    #[test]
    fn a_repeated_operation_gives_its_former_slot() {
        let mut device = Device::new(2);
        assert_eq!(link(&mut device, "a", true), Some(0));
        assert_eq!(link(&mut device, "b", true), Some(1));
        assert_eq!(link(&mut device, "a", true), Some(0));
        assert_eq!(
            link(&mut device, "c", true),
            None,
            "two slots hold two assets"
        );
    }

    #[test]
    fn a_device_without_memory_links_the_same_asset_twice() {
        let mut device = Device::new(2);
        assert_eq!(link(&mut device, "a", false), Some(0));
        assert_eq!(link(&mut device, "a", false), Some(1));
    }
}
