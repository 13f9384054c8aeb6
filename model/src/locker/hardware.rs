//! What a Locker physically is: latches, the assets behind them, and what the sensors read.
//!
//! It is not memory of the process: a crash and a power failure leave it as it is, so all lives of a
//! device see the same one. It decides nothing; what it is told to move it moves, or does not when a
//! latch jams.
//!
//! **What "the device says linked" means.** A link is a closed latch, and a closed latch bears the
//! tag for which it was closed. It says for which asset the slot is kept, not that the asset lies
//! there now: somebody who opens the door by hand takes the asset and leaves the link, and nobody in
//! the system is asked. So *the Ledger says linked if and only if the device does* is a promise that
//! the system can keep, while what really lies in a slot is for evidence to tell.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sim::random::{Lineage, Randomness, Root};
use sim::ratio::Ratio;

use super::doors::Doors;
use super::protocol::{HardwareFault, Sensor};
use super::trouble::HardwareConfig;
use crate::ids::{AssetId, SlotNumber};

/// A device, apart from the process that moves it.
#[derive(Clone, Debug)]
pub struct Hardware {
    randomness: Randomness,
    lineage: Lineage,
    position: (i64, i64),
    open: BTreeSet<SlotNumber>,
    closed: BTreeMap<SlotNumber, AssetId>,
    /// The closed latches by tag: as many per asset as were closed for it.
    by_tag: BTreeMap<AssetId, BTreeSet<SlotNumber>>,
    /// What lies where. An asset is one thing and lies in one place.
    lying: BTreeMap<SlotNumber, AssetId>,
    /// What each sensor read before the door of its slot moved last.
    before: BTreeMap<SlotNumber, AssetId>,
    /// How often a latch was to move.
    movements: u32,
    scripted_jams: BTreeSet<u32>,
    duplicate_serial: Ratio,
    doors: Option<Doors>,
}

/// A movement of a latch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Close an open latch for an asset, which lies behind it then.
    Close(SlotNumber, AssetId),
    /// Open a closed latch; the asset is taken out.
    Open(SlotNumber),
}

/// An asset that somebody took out by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenOut {
    /// From where.
    pub slot: SlotNumber,
    /// Which.
    pub asset: AssetId,
    /// When, by the device's monotonic clock.
    pub at: Duration,
}

impl Hardware {
    /// A device as it is put up: all its slots are open and empty.
    pub fn new(
        locker: &str,
        slots: u32,
        config: &HardwareConfig,
        randomness: Randomness,
    ) -> Hardware {
        let lineage = Lineage::of(locker);
        let jams = config.jams.iter().filter(|jam| jam.locker == locker);
        let doors = config.door_opened_every_ms.map(|every| {
            let every = Duration::from_millis(every);
            Doors::new(randomness, lineage.child("doors", 0), every)
        });
        Hardware {
            randomness,
            lineage,
            position: site(&randomness, lineage),
            open: (0..slots).map(SlotNumber).collect(),
            closed: BTreeMap::new(),
            by_tag: BTreeMap::new(),
            lying: BTreeMap::new(),
            before: BTreeMap::new(),
            movements: 0,
            scripted_jams: jams.map(|jam| jam.nth).collect(),
            duplicate_serial: config.duplicate_serial,
            doors,
        }
    }

    /// Where it stands: latitude and longitude in millionths of a degree.
    pub fn position(&self) -> (i64, i64) {
        self.position
    }

    /// The lowest slot whose latch is open.
    pub fn open_slot(&self) -> Option<SlotNumber> {
        self.open.first().copied()
    }

    /// The tag for which a slot's latch is closed.
    pub fn tag(&self, slot: SlotNumber) -> Option<&AssetId> {
        self.closed.get(&slot)
    }

    /// The lowest slot that is closed for an asset.
    pub fn slot_of(&self, asset: &AssetId) -> Option<SlotNumber> {
        self.by_tag.get(asset)?.first().copied()
    }

    /// Every closed latch with its tag, by slot.
    pub fn links(&self) -> impl Iterator<Item = (SlotNumber, &AssetId)> {
        self.closed.iter().map(|(slot, asset)| (*slot, asset))
    }

    /// What a slot's sensor reads.
    pub fn read(&self, slot: SlotNumber, sensor: Sensor) -> Option<&AssetId> {
        match sensor {
            Sensor::Fresh => self.lying.get(&slot),
            Sensor::Stale => self.before.get(&slot),
        }
    }

    /// Moves a latch, unless it jams.
    ///
    /// # Errors
    /// Why nothing has moved.
    ///
    /// # Panics
    /// When the latch is where it should go: the controller knows less of the device than it must.
    pub fn move_latch(&mut self, movement: &Movement, jams: bool) -> Result<(), HardwareFault> {
        self.movements += 1;
        if jams || self.scripted_jams.contains(&self.movements) {
            return Err(HardwareFault::Jammed);
        }
        match movement {
            Movement::Close(_, asset) if self.serial_is_taken(asset) => {
                return Err(HardwareFault::DuplicateSerial);
            }
            Movement::Close(slot, asset) => self.close(*slot, asset),
            Movement::Open(slot) => self.release(*slot),
        }
        Ok(())
    }

    fn close(&mut self, slot: SlotNumber, asset: &AssetId) {
        assert!(self.open.remove(&slot), "only an open latch can close");
        for other in self.by_tag.get(asset).into_iter().flatten() {
            if self.lying.get(other) == Some(asset) {
                self.lying.remove(other);
            }
        }
        self.closed.insert(slot, asset.clone());
        self.by_tag.entry(asset.clone()).or_default().insert(slot);
        self.lying.insert(slot, asset.clone());
    }

    /// Opens a latch. The sensor is read when a door closes, so it keeps what it read until then.
    fn release(&mut self, slot: SlotNumber) {
        let tag = self.closed.remove(&slot);
        let asset = tag.expect("only a closed latch can open");
        let slots = self.by_tag.get_mut(&asset).expect("its tag is listed");
        slots.remove(&slot);
        if slots.is_empty() {
            self.by_tag.remove(&asset);
        }
        self.remove_content(slot);
        self.open.insert(slot);
    }

    fn remove_content(&mut self, slot: SlotNumber) -> Option<AssetId> {
        let asset = self.lying.remove(&slot)?;
        self.before.insert(slot, asset.clone());
        Some(asset)
    }

    /// Whether another asset's tag bears this serial. That is so or not for each asset, however
    /// often it is tried.
    fn serial_is_taken(&self, asset: &AssetId) -> bool {
        if self.closed.is_empty() || self.duplicate_serial == Ratio::NEVER {
            return false;
        }
        let cause = self.lineage.child(&asset.0, 0);
        self.randomness
            .stream(Root::Plan, cause, "hardware.duplicate_serial")
            .chance(self.duplicate_serial)
    }

    /// Lets everything happen that people have done to it by hand until now.
    pub fn open_doors(&mut self, now: Duration) -> Vec<TakenOut> {
        let mut taken = Vec::new();
        while let Some(opening) = self.doors.as_mut().and_then(|doors| doors.due(now)) {
            let lying = self.lying.iter().map(|(slot, asset)| (*slot, asset));
            let Some(slot) = opening.takes(lying) else {
                continue;
            };
            let asset = self.remove_content(slot).expect("it lay there");
            let at = opening.at;
            taken.push(TakenOut { slot, asset, at });
        }
        taken
    }
}

/// Somewhere on land or sea, away from the poles.
fn site(randomness: &Randomness, lineage: Lineage) -> (i64, i64) {
    let mut stream = randomness.stream(Root::Workload, lineage, "hardware.site");
    let mut within = |degrees: i64| {
        let most = degrees.unsigned_abs() * 1_000_000;
        stream.between(0, 2 * most).cast_signed() - degrees * 1_000_000
    };
    (within(60), within(180))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locker::trouble::ScriptedJam;
    use sim::random::Seeds;

    fn hardware(slots: u32, change: impl FnOnce(&mut HardwareConfig)) -> Hardware {
        let mut config = HardwareConfig::default();
        change(&mut config);
        let randomness = Randomness::new(Seeds::derive(3));
        Hardware::new("locker-1", slots, &config, randomness)
    }

    fn asset(name: &str) -> AssetId {
        AssetId(name.to_owned())
    }

    fn close(hardware: &mut Hardware, slot: u32, name: &str) -> Result<(), HardwareFault> {
        hardware.move_latch(&Movement::Close(SlotNumber(slot), asset(name)), false)
    }

    fn open(hardware: &mut Hardware, slot: u32) -> Result<(), HardwareFault> {
        hardware.move_latch(&Movement::Open(SlotNumber(slot)), false)
    }

    #[track_caller]
    fn check_links(hardware: &Hardware, expected: &[(u32, &str)]) {
        let links: Vec<(u32, &str)> = hardware
            .links()
            .map(|(slot, asset)| (slot.0, asset.0.as_str()))
            .collect();
        assert_eq!(links, expected);
    }

    #[test]
    fn a_latch_closes_for_a_tag_and_opens_again() {
        let mut hardware = hardware(2, |_| ());
        assert_eq!(close(&mut hardware, 0, "a"), Ok(()));
        assert_eq!(close(&mut hardware, 1, "b"), Ok(()));
        check_links(&hardware, &[(0, "a"), (1, "b")]);
        assert_eq!(hardware.open_slot(), None);
        assert_eq!(open(&mut hardware, 0), Ok(()));
        check_links(&hardware, &[(1, "b")]);
        assert_eq!(hardware.open_slot(), Some(SlotNumber(0)));
        assert_eq!(hardware.slot_of(&asset("a")), None);
        assert_eq!(hardware.slot_of(&asset("b")), Some(SlotNumber(1)));
    }

    #[test]
    fn what_jams_on_the_script_or_by_chance_does_not_move() {
        let jam = ScriptedJam {
            locker: "locker-1".to_owned(),
            nth: 2,
        };
        let elsewhere = ScriptedJam {
            locker: "locker-2".to_owned(),
            nth: 1,
        };
        let mut hardware = hardware(3, |config| config.jams = vec![jam, elsewhere]);
        assert_eq!(close(&mut hardware, 0, "a"), Ok(()));
        assert_eq!(open(&mut hardware, 0), Err(HardwareFault::Jammed));
        check_links(&hardware, &[(0, "a")]);
        let movement = Movement::Open(SlotNumber(0));
        let by_chance = hardware.move_latch(&movement, true);
        assert_eq!(by_chance, Err(HardwareFault::Jammed));
        assert_eq!(open(&mut hardware, 0), Ok(()));
    }

    #[test]
    fn a_duplicate_serial_stays_one_and_needs_another_asset() {
        let mut always = hardware(3, |config| config.duplicate_serial = Ratio::ALWAYS);
        assert_eq!(close(&mut always, 0, "a"), Ok(()), "there is no other");
        for _ in 0..2 {
            assert_eq!(
                close(&mut always, 1, "b"),
                Err(HardwareFault::DuplicateSerial)
            );
        }
        check_links(&always, &[(0, "a")]);
        let mut now_and_then = hardware(100, |config| {
            config.duplicate_serial = Ratio::new(1, 2);
        });
        let mut refused = 0;
        for number in 0..100 {
            let name = format!("asset-{number}");
            let slot = now_and_then.open_slot().expect("there are enough").0;
            let first = close(&mut now_and_then, slot, &name);
            if first.is_err() {
                refused += 1;
                assert_eq!(close(&mut now_and_then, slot, &name), first);
            }
        }
        assert!((30..=70).contains(&refused), "{refused} of 100");
    }

    #[test]
    fn a_stale_sensor_tells_what_lay_there_before() {
        let mut hardware = hardware(1, |_| ());
        let slot = SlotNumber(0);
        let read = |hardware: &Hardware, sensor| hardware.read(slot, sensor).cloned();
        close(&mut hardware, 0, "a").expect("it moves");
        assert_eq!(read(&hardware, Sensor::Fresh), Some(asset("a")));
        assert_eq!(read(&hardware, Sensor::Stale), None);
        open(&mut hardware, 0).expect("it moves");
        close(&mut hardware, 0, "b").expect("it moves");
        assert_eq!(read(&hardware, Sensor::Fresh), Some(asset("b")));
        assert_eq!(read(&hardware, Sensor::Stale), Some(asset("a")));
    }

    #[test]
    fn who_takes_an_asset_out_by_hand_leaves_its_link() {
        let mut hardware = hardware(4, |config| config.door_opened_every_ms = Some(60_000));
        close(&mut hardware, 2, "a").expect("it moves");
        let day = Duration::from_secs(86_400);
        let taken = hardware.open_doors(day);
        assert_eq!(taken.len(), 1, "there is one to take");
        assert_eq!(
            (taken[0].slot, &taken[0].asset),
            (SlotNumber(2), &asset("a"))
        );
        assert!(taken[0].at < day);
        check_links(&hardware, &[(2, "a")]);
        assert_eq!(hardware.read(SlotNumber(2), Sensor::Fresh), None);
        assert_eq!(
            hardware.read(SlotNumber(2), Sensor::Stale),
            Some(&asset("a"))
        );
        assert_eq!(hardware.open_doors(day), [], "each opening happens once");
    }

    #[test]
    fn an_asset_lies_in_one_place_even_when_two_latches_are_closed_for_it() {
        let mut hardware = hardware(2, |_| ());
        close(&mut hardware, 0, "a").expect("it moves");
        close(&mut hardware, 1, "a").expect("it moves");
        check_links(&hardware, &[(0, "a"), (1, "a")]);
        assert_eq!(hardware.read(SlotNumber(0), Sensor::Fresh), None);
        assert_eq!(
            hardware.read(SlotNumber(1), Sensor::Fresh),
            Some(&asset("a"))
        );
        open(&mut hardware, 0).expect("it moves");
        assert_eq!(hardware.slot_of(&asset("a")), Some(SlotNumber(1)));
    }
}
