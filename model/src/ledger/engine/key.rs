//! The key of a row under an index: the indexed columns in order.
//!
//! Keys of one or two columns stand in the tree itself, so that a look-up need not follow a pointer for each key
//! it compares. Start at [`Key::of`].

use super::schema::ColumnId;
use super::value::Value;
use std::cmp::Ordering;
use std::ops::Deref;

/// A key, or the beginning of one; compared value by value, a beginning before what it begins.
#[derive(Clone, Debug)]
pub(super) enum Key {
    One([Value; 1]),
    Two([Value; 2]),
    Any(Vec<Value>),
}

impl Key {
    /// The key of a row.
    pub fn of(row: &[Value], columns: &[ColumnId]) -> Self {
        let value = |column: ColumnId| row[column.0].clone();
        match columns {
            [one] => Self::One([value(*one)]),
            [one, two] => Self::Two([value(*one), value(*two)]),
            columns => Self::Any(columns.iter().copied().map(value).collect()),
        }
    }

    /// The key that goes on with these values.
    pub fn with(&self, further: impl IntoIterator<Item = Value>) -> Self {
        let mut values = self.to_vec();
        values.extend(further);
        values.into()
    }
}

impl From<Vec<Value>> for Key {
    fn from(values: Vec<Value>) -> Self {
        match <[Value; 1]>::try_from(values) {
            Ok(one) => Self::One(one),
            Err(values) => <[Value; 2]>::try_from(values).map_or_else(Self::Any, Self::Two),
        }
    }
}

impl Default for Key {
    fn default() -> Self {
        Self::Any(Vec::new())
    }
}

impl Deref for Key {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        match self {
            Self::One(values) => values,
            Self::Two(values) => values,
            Self::Any(values) => values,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            // By far the most frequent.
            (Self::One([Value::Int(left)]), Self::One([Value::Int(right)])) => left.cmp(right),
            (left, right) => (**left).cmp(&**right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_by_their_values_however_they_are_held() {
        let values = [
            vec![],
            vec![1],
            vec![1, 1],
            vec![1, 1, 5],
            vec![1, 2],
            vec![2],
            vec![2, 0],
        ];
        let keys =
            values.map(|values| Key::from(values.into_iter().map(Value::Int).collect::<Vec<_>>()));
        assert!(keys.is_sorted());
        for (position, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(position));
            assert_eq!(key, &Key::Any(key.to_vec()));
        }
        assert_eq!(keys[1].with([Value::Int(1)]), keys[2]);
        let row = [Value::Int(2), Value::Null, Value::Int(1)];
        assert_eq!(Key::of(&row, &[ColumnId(2), ColumnId(0)]), keys[4]);
    }
}
