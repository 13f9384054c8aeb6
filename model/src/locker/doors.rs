//! When somebody opens a door of a device by hand, and which asset is taken out.
//!
//! Nobody has to be awake for it: not the process, and no task of the world. The times follow from
//! the seed alone, so whoever looks at the hardware first asks which openings have come due.

use std::time::Duration;

use sim::random::{Lineage, Randomness, Root, Stream};

use crate::ids::AssetId;

/// The openings of one device's doors, one after the other.
#[derive(Clone, Debug)]
pub struct Doors {
    randomness: Randomness,
    lineage: Lineage,
    mean: Duration,
    /// How many have come due.
    opened: u64,
    /// When the next one does, by the device's monotonic clock.
    next_at: Duration,
}

impl Doors {
    /// Doors that are opened after this time in the mean: each wait is drawn evenly up to twice as
    /// long.
    pub fn new(randomness: Randomness, lineage: Lineage, mean: Duration) -> Doors {
        let mut doors = Doors {
            randomness,
            lineage,
            mean,
            opened: 0,
            next_at: Duration::ZERO,
        };
        doors.next_at = doors.wait();
        doors
    }

    /// The moment of the next opening, when it has come by now. Each is given once.
    pub fn due(&mut self, now: Duration) -> Option<Opening> {
        if now < self.next_at {
            return None;
        }
        let opening = Opening {
            at: self.next_at,
            randomness: self.randomness,
            lineage: self.lineage.child("opening", self.opened),
        };
        self.opened += 1;
        self.next_at += self.wait();
        Some(opening)
    }

    fn wait(&self) -> Duration {
        let cause = self.lineage.child("opening", self.opened);
        self.randomness
            .stream(Root::Plan, cause, "door.wait")
            .span(Duration::from_nanos(1), 2 * self.mean)
    }
}

/// One opening.
#[derive(Clone, Debug)]
pub struct Opening {
    /// When it was, by the device's monotonic clock.
    pub at: Duration,
    randomness: Randomness,
    lineage: Lineage,
}

impl Opening {
    /// Which of the assets that lie in the device is taken: the one with the lowest lot. Each asset
    /// draws a lot of its own, so that one asset less changes the choice only when it was chosen.
    pub fn takes<'a, T>(&self, lying: impl Iterator<Item = (T, &'a AssetId)>) -> Option<T> {
        let lot = |asset: &AssetId| -> u64 {
            let cause = self.lineage.child(&asset.0, 0);
            let mut stream: Stream = self.randomness.stream(Root::Plan, cause, "door.lot");
            stream.bits()
        };
        lying
            .min_by_key(|(_, asset)| lot(asset))
            .map(|(slot, _)| slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::random::Seeds;

    const MEAN: Duration = Duration::from_secs(60);

    fn doors(locker: &str) -> Doors {
        let randomness = Randomness::new(Seeds::derive(5));
        Doors::new(randomness, Lineage::of(locker), MEAN)
    }

    fn openings(locker: &str, until: Duration) -> Vec<Opening> {
        let mut doors = doors(locker);
        std::iter::from_fn(|| doors.due(until)).collect()
    }

    #[test]
    fn openings_come_in_order_and_about_as_often_as_said() {
        let found = openings("locker-1", 1_000 * MEAN);
        assert!(found.windows(2).all(|pair| pair[0].at < pair[1].at));
        assert!((900..=1_100).contains(&found.len()), "{}", found.len());
        assert!(openings("locker-2", 1_000 * MEAN)[0].at != found[0].at);
    }

    #[test]
    fn looking_often_or_once_finds_the_same_openings() {
        let mut often = doors("locker-1");
        let seconds = (0..3_600).map(Duration::from_secs);
        let found: Vec<Duration> = seconds
            .filter_map(|now| often.due(now))
            .map(|opening| opening.at)
            .collect();
        let once = openings("locker-1", Duration::from_secs(3_599));
        assert_eq!(found, once.iter().map(|it| it.at).collect::<Vec<_>>());
        assert!(found.len() > 30, "{}", found.len());
    }

    #[test]
    fn without_one_asset_the_others_are_taken_as_before() {
        let assets: Vec<AssetId> = (0..10).map(|it| AssetId(format!("a-{it}"))).collect();
        let taken = |opening: &Opening, without: usize| {
            let lying = assets.iter().enumerate().filter(|(at, _)| *at != without);
            opening.takes(lying)
        };
        let found = openings("locker-1", 100 * MEAN);
        let mut moved = 0;
        for opening in &found {
            let of_all = taken(opening, assets.len()).expect("ten assets lie there");
            let of_fewer = taken(opening, 3).expect("nine assets lie there");
            assert!(of_all == of_fewer || of_all == 3);
            moved += usize::from(of_all == 3);
        }
        assert!(moved > 0, "it was chosen now and then");
    }
}
