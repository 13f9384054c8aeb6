//! What a device can tell about an asset: what its sensors see, in what condition they are.

use super::hardware::Hardware;
use super::protocol::{Evidence, Occupant, Sensor};
use crate::ids::{AssetId, SlotNumber};

/// Under which circumstances evidence is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What the device's wall clock shows, in milliseconds.
    pub taken_at_ms: i64,
    /// The sensor tells what it read before the door moved last.
    pub stale: bool,
    /// The sensors of the slot contradict each other.
    pub contradicts: bool,
}

/// Takes evidence about an asset, in the slot that the controller gave it.
pub fn collect(
    hardware: &Hardware,
    slot: Option<SlotNumber>,
    asset: &AssetId,
    condition: Condition,
) -> Evidence {
    let sensor = match condition.stale {
        true => Sensor::Stale,
        false => Sensor::Fresh,
    };
    let seen = slot.and_then(|slot| hardware.read(slot, sensor));
    let occupant = match seen {
        _ if slot.is_some() && condition.contradicts => Occupant::Contradiction,
        None => Occupant::Empty,
        Some(seen) if seen == asset => Occupant::Expected,
        Some(_) => Occupant::Other,
    };
    Evidence {
        slot,
        occupant,
        photo: photo(hardware, slot, seen, condition.taken_at_ms),
        position: hardware.position(),
        taken_at_ms: condition.taken_at_ms,
        sensor,
    }
}

/// The digest of a picture of this slot in this device with this content at this moment.
fn photo(
    hardware: &Hardware,
    slot: Option<SlotNumber>,
    seen: Option<&AssetId>,
    taken_at_ms: i64,
) -> u64 {
    let picture = (hardware.position(), slot, seen, taken_at_ms);
    let bytes = postcard::to_allocvec(&picture).expect("plain values serialise without fail");
    // FNV-1a with its published 64-bit constants: nobody attacks a simulated picture.
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locker::hardware::Movement;
    use crate::locker::trouble::HardwareConfig;
    use sim::random::{Randomness, Seeds};

    const CALM: Condition = Condition {
        taken_at_ms: 7,
        stale: false,
        contradicts: false,
    };
    const STALE: Condition = Condition {
        stale: true,
        ..CALM
    };
    const CONTRADICTS: Condition = Condition {
        contradicts: true,
        ..CALM
    };

    /// A device in which slot 0 held `old` and holds `new`, and slot 1 holds `only`.
    fn hardware() -> Hardware {
        let randomness = Randomness::new(Seeds::derive(1));
        let config = HardwareConfig::default();
        let mut hardware = Hardware::new("locker-1", 3, &config, randomness);
        let close = |slot, asset: &str| Movement::Close(SlotNumber(slot), AssetId(asset.into()));
        let movements = [
            close(0, "old"),
            Movement::Open(SlotNumber(0)),
            close(0, "new"),
            close(1, "only"),
        ];
        for movement in movements {
            let moved = hardware.move_latch(&movement, false);
            moved.expect("nothing jams");
        }
        hardware
    }

    fn take(slot: Option<u32>, asset: &str, condition: Condition) -> Evidence {
        let slot = slot.map(SlotNumber);
        collect(&hardware(), slot, &AssetId(asset.into()), condition)
    }

    #[test]
    fn evidence_says_what_the_sensors_see_and_how_old_that_is() {
        for (slot, asset, condition, occupant) in [
            (Some(0), "new", CALM, Occupant::Expected),
            (Some(0), "new", STALE, Occupant::Other),
            (Some(1), "only", STALE, Occupant::Empty),
            (Some(0), "new", CONTRADICTS, Occupant::Contradiction),
            (None, "elsewhere", CALM, Occupant::Empty),
            (None, "elsewhere", CONTRADICTS, Occupant::Empty),
        ] {
            let found = take(slot, asset, condition);
            assert_eq!(
                found.occupant, occupant,
                "{asset} in {slot:?}, {condition:?}"
            );
            assert_eq!(found.sensor == Sensor::Stale, condition.stale);
            assert_eq!(found.slot, slot.map(SlotNumber));
        }
    }

    #[test]
    fn a_picture_is_the_same_only_for_the_same_slot_content_and_moment() {
        let photo = |slot, asset, condition| take(slot, asset, condition).photo;
        let one = photo(Some(0), "new", CALM);
        assert_eq!(one, photo(Some(0), "new", CALM));
        let later = Condition {
            taken_at_ms: 8,
            ..CALM
        };
        for other in [
            photo(Some(0), "new", later),
            photo(Some(0), "new", STALE),
            photo(Some(1), "only", CALM),
            photo(None, "new", CALM),
        ] {
            assert_ne!(one, other);
        }
    }
}
