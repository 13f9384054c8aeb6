//! The memory of a cache: what is fresh, what is being fetched, and who waits for that.
//!
//! A plain value that is given the time. An entry is fresh until its time to live is over, of which a jitter takes
//! away a part that is drawn for the entry. A fetch that is under way is known by its key, so that others can wait
//! for it (*single flight*).

use std::collections::BTreeMap;
use std::time::Duration;

/// What a read finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<V> {
    /// A fresh answer, fetched so long ago.
    Fresh(V, Duration),
    /// Somebody else is fetching it.
    UnderWay,
    /// Nothing: whoever asks is to fetch it.
    Nothing,
}

/// The memory.
#[derive(Clone, Debug)]
pub struct Memory<K, V> {
    kept: BTreeMap<K, Kept<V>>,
    under_way: BTreeMap<K, u32>,
    coalesce: bool,
}

#[derive(Clone, Debug)]
struct Kept<V> {
    value: V,
    fetched: Duration,
    until: Duration,
}

impl<K: Ord + Clone, V: Clone> Memory<K, V> {
    /// An empty one. Unless it coalesces, nobody waits for another's fetch.
    pub fn new(coalesce: bool) -> Memory<K, V> {
        Memory {
            kept: BTreeMap::new(),
            under_way: BTreeMap::new(),
            coalesce,
        }
    }

    /// Looks something up; who finds nothing has begun a fetch, and must end it.
    pub fn look_up(&mut self, key: &K, now: Duration) -> Found<V> {
        if let Some(kept) = self.kept.get(key).filter(|kept| now < kept.until) {
            return Found::Fresh(kept.value.clone(), now.saturating_sub(kept.fetched));
        }
        if self.coalesce && self.under_way.contains_key(key) {
            return Found::UnderWay;
        }
        *self.under_way.entry(key.clone()).or_default() += 1;
        Found::Nothing
    }

    /// A fetch that was begun at `asked` has ended: with a value that is fresh for `life` from then, or with none.
    pub fn fetched(&mut self, key: &K, value: Option<V>, asked: Duration, life: Duration) {
        if let Some(count) = self.under_way.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.under_way.remove(key);
            }
        }
        let Some(value) = value else { return };
        let newer = self.kept.get(key).is_none_or(|kept| kept.fetched <= asked);
        if newer {
            let until = asked + life;
            self.kept.insert(
                key.clone(),
                Kept {
                    value,
                    fetched: asked,
                    until,
                },
            );
        }
    }
}

/// How long an entry is fresh: its time to live, less the part of its jitter that `drawn` of 1,000 takes.
pub fn life(ttl: Duration, jitter_percent: u8, drawn: u64) -> Duration {
    let jitter = ttl * u32::from(jitter_percent.min(100)) / 100;
    ttl - jitter * u32::try_from(drawn.min(1_000)).unwrap_or(1_000) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// What three reads of one thing find: at the fetch, one more while it is under way, and at a later time.
    fn check(coalesce: bool, later: u64, expected: [Found<u8>; 3]) {
        let mut memory = Memory::new(coalesce);
        let first = memory.look_up(&"a", ms(0));
        let second = memory.look_up(&"a", ms(5));
        memory.fetched(&"a", Some(7), ms(0), ms(100));
        if second == Found::Nothing {
            memory.fetched(&"a", Some(8), ms(5), ms(100));
        }
        let third = memory.look_up(&"a", ms(later));
        assert_eq!([first, second, third], expected);
    }

    #[test]
    fn reads_of_one_thing_share_a_fetch_or_each_has_its_own() {
        check(
            true,
            99,
            [Found::Nothing, Found::UnderWay, Found::Fresh(7, ms(99))],
        );
        check(
            false,
            99,
            [Found::Nothing, Found::Nothing, Found::Fresh(8, ms(94))],
        );
    }

    #[test]
    fn what_is_no_longer_fresh_is_fetched_anew() {
        check(true, 100, [Found::Nothing, Found::UnderWay, Found::Nothing]);
        check(false, 105, [Found::Nothing, Found::Nothing, Found::Nothing]);
    }

    #[test]
    fn a_fetch_that_fails_leaves_nothing_and_lets_the_next_one_try() {
        let mut memory: Memory<&str, u8> = Memory::new(true);
        assert_eq!(memory.look_up(&"a", ms(0)), Found::Nothing);
        assert_eq!(memory.look_up(&"b", ms(0)), Found::Nothing);
        memory.fetched(&"a", None, ms(0), ms(100));
        assert_eq!(memory.look_up(&"a", ms(1)), Found::Nothing);
        assert_eq!(memory.look_up(&"b", ms(1)), Found::UnderWay);
    }

    #[test]
    fn a_fetch_that_was_begun_earlier_does_not_replace_a_later_one() {
        let mut memory = Memory::new(false);
        assert_eq!(memory.look_up(&"a", ms(0)), Found::Nothing);
        assert_eq!(memory.look_up(&"a", ms(9)), Found::Nothing);
        memory.fetched(&"a", Some(2), ms(9), ms(100));
        memory.fetched(&"a", Some(1), ms(0), ms(100));
        assert_eq!(memory.look_up(&"a", ms(20)), Found::Fresh(2, ms(11)));
    }

    #[test]
    fn jitter_takes_away_its_part_and_no_more() {
        let lives = [(0, 500), (20, 0), (20, 500), (20, 1_000), (100, 1_000)];
        let lives = lives.map(|(percent, drawn)| life(ms(1_000), percent, drawn));
        assert_eq!(lives, [1_000, 1_000, 900, 800, 0].map(ms));
    }
}
