//! The named values of a [`Value`]: few, ordered by name, and cheap to keep by the million.
//!
//! A record holds several such maps for each operation. Names are nearly always written in the
//! code, so a map borrows them, and ten values in one sorted vector take a third of the memory that
//! a tree of owned names took, and one allocation.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::Value;

/// A name inside a map.
pub type Name = Cow<'static, str>;

/// Named values. No name is there twice, and they are ordered by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueMap(Vec<(Name, Value)>);

impl ValueMap {
    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).ok().map(|place| &self.0[place].1)
    }

    /// Puts a value under a name, in place of the one that was there.
    pub fn insert(&mut self, name: impl Into<Name>, value: Value) {
        let name = name.into();
        match self.place(&name) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (name, value)),
        }
    }

    /// All of them, ordered by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Where a name is, or where it would have to go.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(held, _)| (**held).cmp(name))
    }
}

/// Of values under one name the last stays.
impl<N: Into<Name>> FromIterator<(N, Value)> for ValueMap {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(pairs: I) -> ValueMap {
        let mut map = ValueMap::default();
        map.extend(pairs);
        map
    }
}

impl<N: Into<Name>> Extend<(N, Value)> for ValueMap {
    fn extend<I: IntoIterator<Item = (N, Value)>>(&mut self, pairs: I) {
        let pairs = pairs.into_iter();
        self.0.reserve_exact(pairs.size_hint().0);
        for (name, value) in pairs {
            self.insert(name, value);
        }
    }
}

impl Serialize for ValueMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for ValueMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ValueMap, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = ValueMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("named values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<ValueMap, A::Error> {
        let mut map = ValueMap::default();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            map.insert(name, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_map_holds_reads_orders_and_serialises_as_a_tree_would(
            pairs in prop::collection::vec(("[a-c]{0,2}", any::<i64>()), 0..12)
        ) {
            let pairs = pairs.into_iter().map(|(name, value)| (name, Value::Int(value)));
            let map: ValueMap = pairs.clone().collect();
            let tree: BTreeMap<String, Value> = pairs.collect();
            let held: Vec<_> = map.iter().collect();
            let expected: Vec<_> = tree.iter().map(|(name, value)| (name.as_str(), value)).collect();
            prop_assert_eq!(held, expected);
            for name in ["", "a", "bb", "zz"] {
                prop_assert_eq!(map.get(name), tree.get(name));
            }
            let text = serde_json::to_string(&map).expect("a map is JSON");
            prop_assert_eq!(&text, &serde_json::to_string(&tree).expect("a tree is JSON"));
            let back: ValueMap = serde_json::from_str(&text).expect("what was written is read");
            prop_assert_eq!(back, map);
        }
    }
}
