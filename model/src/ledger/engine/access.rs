//! The choice of an access path: which index a filter bounds, and which gives the wanted order.
//!
//! An index is used when a filter fixes a prefix of its columns or bounds the next one. There are no statistics;
//! what a filter fixes is all that counts. Start at [`Access::choose`] and [`InOrder::choose`].

use super::index::{Entry, KeyRange};
use super::schema::{ColumnId, IndexDef};
use super::statement::{BinaryOp, Direction, Expr, Select};
use super::value::Value;

/// How a scan finds its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Sequential,
    /// Through the index with this number.
    Index(usize, Vec<KeyRange>),
}

/// A walk along an index that meets rows in the order a query wants, so that it can stop at its limit.
///
/// Rows that the order leaves open come in the order of the index: by its further columns, then by place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InOrder {
    /// The index with this number.
    pub index: usize,
    pub range: KeyRange,
    pub direction: Direction,
    /// The entry met last; `None` before the first.
    pub at: Option<Entry>,
}

impl InOrder {
    /// The walk for a query with an order and a limit, if an index offers one.
    pub fn choose(indexes: &[IndexDef], select: &Select) -> Option<Self> {
        let direction = select.order.first()?.1;
        select.limit?;
        let columns = select.order.iter().map(|(expr, other)| match expr {
            Expr::Column(column) if *other == direction => Some(*column),
            _ => None,
        });
        let columns = columns.collect::<Option<Vec<ColumnId>>>()?;
        let (index, range) = match Access::choose(indexes, select.filter.as_ref()) {
            Access::Index(number, mut ranges) if ranges.len() == 1 => (number, ranges.pop()?),
            Access::Index(..) => return None,
            Access::Sequential => {
                let whole = |index: &IndexDef| {
                    index.predicate.is_none() && index.columns.starts_with(&columns)
                };
                (indexes.iter().position(whole)?, KeyRange::default())
            }
        };
        let (fixed, further) = indexes[index].columns.split_at(range.prefix.len());
        // A column that the filter fixes orders nothing.
        let columns = columns.into_iter().filter(|column| !fixed.contains(column));
        further
            .starts_with(&columns.collect::<Vec<_>>())
            .then_some(Self {
                index,
                range,
                direction,
                at: None,
            })
    }
}

impl Access {
    /// Picks the index whose columns the filter fixes best; the first one wins a tie.
    pub fn choose(indexes: &[IndexDef], filter: Option<&Expr>) -> Self {
        let Some(filter) = filter else {
            return Self::Sequential;
        };
        let mut terms = Vec::new();
        conjuncts(filter, &mut terms);
        let mut best: Option<(usize, usize)> = None;
        for (number, index) in indexes.iter().enumerate() {
            let usable = |condition| terms.contains(&condition);
            if !index.predicate.as_ref().is_none_or(usable) {
                continue;
            }
            let weight = weight_of(index, &terms) + usize::from(index.predicate.is_some());
            if weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((weight, number));
            }
        }
        best.map_or(Self::Sequential, |(_, number)| {
            Self::Index(number, ranges_for(&indexes[number], &terms))
        })
    }
}

/// How much the terms fix of an index: two for an equality, one for a bound.
fn weight_of(index: &IndexDef, terms: &[&Expr]) -> usize {
    let mut weight = 0;
    for column in &index.columns {
        if terms
            .iter()
            .any(|term| equal_values(term, *column).is_some())
        {
            weight += 2;
        } else {
            let bounds = terms
                .iter()
                .filter(|term| bound_of(term, *column).is_some());
            return weight + bounds.count();
        }
    }
    weight
}

/// The ranges that the terms leave of an index.
fn ranges_for(index: &IndexDef, terms: &[&Expr]) -> Vec<KeyRange> {
    let mut ranges = vec![KeyRange::default()];
    for column in index.columns.iter().copied() {
        let Some(values) = terms.iter().find_map(|term| equal_values(term, column)) else {
            let bounds = terms.iter().filter_map(|term| bound_of(term, column));
            for (op, value) in bounds {
                ranges.iter_mut().for_each(|range| range.narrow(op, value));
            }
            break;
        };
        let extended = |range: KeyRange| {
            let values = values.iter().filter(|value| !value.is_null());
            values.map(move |value| {
                let prefix = range.prefix.with([(*value).clone()]);
                KeyRange {
                    prefix,
                    ..range.clone()
                }
            })
        };
        ranges = ranges.into_iter().flat_map(extended).collect();
    }
    ranges
}

impl KeyRange {
    fn narrow(&mut self, op: BinaryOp, value: &Value) {
        let value = value.clone();
        match op {
            BinaryOp::Less => self.high = Some((value, false)),
            BinaryOp::LessOrEqual => self.high = Some((value, true)),
            BinaryOp::Greater => self.low = Some((value, false)),
            _ => self.low = Some((value, true)),
        }
    }
}

fn conjuncts<'a>(filter: &'a Expr, terms: &mut Vec<&'a Expr>) {
    match filter {
        Expr::Binary(BinaryOp::And, left, right) => {
            conjuncts(left, terms);
            conjuncts(right, terms);
        }
        term => terms.push(term),
    }
}

/// The constants one of which a term requires a column to equal.
fn equal_values(term: &Expr, column: ColumnId) -> Option<Vec<&Value>> {
    match term {
        Expr::Binary(BinaryOp::Equal, left, right) => match (&**left, &**right) {
            (side, Expr::Literal(value)) | (Expr::Literal(value), side)
                if is_column(side, column) =>
            {
                Some(vec![value])
            }
            _ => None,
        },
        Expr::InList(inner, list) if is_column(inner, column) => {
            let constants = list.iter().map(|item| match item {
                Expr::Literal(value) => Some(value),
                _ => None,
            });
            constants.collect()
        }
        _ => None,
    }
}

/// The bound a term sets on a column: `column op constant`.
fn bound_of(term: &Expr, column: ColumnId) -> Option<(BinaryOp, &Value)> {
    let Expr::Binary(op, left, right) = term else {
        return None;
    };
    if !matches!(
        op,
        BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual
    ) {
        return None;
    }
    match (&**left, &**right) {
        (side, Expr::Literal(value)) if is_column(side, column) && !value.is_null() => {
            Some((*op, value))
        }
        (Expr::Literal(value), side) if is_column(side, column) && !value.is_null() => {
            let turned = match op {
                BinaryOp::Less => BinaryOp::Greater,
                BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
                BinaryOp::Greater => BinaryOp::Less,
                _ => BinaryOp::LessOrEqual,
            };
            Some((turned, value))
        }
        _ => None,
    }
}

fn is_column(expr: &Expr, column: ColumnId) -> bool {
    matches!(expr, Expr::Column(other) if *other == column)
}

#[cfg(test)]
mod tests {
    use super::super::schema::{TableDef, TableId};
    use super::super::value::ValueType;
    use super::*;

    /// Indexes on (a), (b, c) and (c).
    fn indexes() -> Vec<IndexDef> {
        let int = ValueType::Int;
        let table = TableDef::new("t", &[("a", int), ("b", int), ("c", int)]);
        table.primary_key(&[0]).index(&[1, 2]).index(&[2]).indexes
    }

    fn compared(op: BinaryOp, column: usize, number: i64) -> Expr {
        Expr::binary(op, Expr::column(column), Expr::literal(number))
    }

    fn check_access(filter: Expr, expected: Option<usize>) {
        let found = match Access::choose(&indexes(), Some(&filter)) {
            Access::Sequential => None,
            Access::Index(number, _) => Some(number),
        };
        assert_eq!(found, expected, "{filter:?}");
    }

    #[test]
    fn index_that_a_filter_fixes_best_is_used() {
        use BinaryOp::{Equal, LessOrEqual, NotEqual};
        check_access(compared(NotEqual, 0, 1), None);
        check_access(compared(Equal, 0, 1), Some(0));
        check_access(compared(LessOrEqual, 2, 1), Some(2));
        check_access(compared(Equal, 1, 1).and(compared(Equal, 2, 1)), Some(1));
        check_access(
            compared(LessOrEqual, 0, 1).and(compared(Equal, 2, 1)),
            Some(2),
        );
        check_access(
            compared(LessOrEqual, 1, 1).and(compared(Equal, 2, 1)),
            Some(2),
        );
    }

    /// The index and direction of the walk for `WHERE filter ORDER BY columns LIMIT 1`.
    fn check_order(filter: Option<Expr>, order: &[(usize, Direction)], expected: Option<usize>) {
        let order = order
            .iter()
            .map(|(column, direction)| (Expr::column(*column), *direction));
        let select = Select {
            filter: filter.clone(),
            order: order.collect(),
            limit: Some(1),
            ..Select::all(TableId(0))
        };
        let found = InOrder::choose(&indexes(), &select);
        assert_eq!(
            found.map(|walk| walk.index),
            expected,
            "{filter:?} {:?}",
            select.order
        );
        let unlimited = Select {
            limit: None,
            ..select
        };
        assert_eq!(InOrder::choose(&indexes(), &unlimited), None);
    }

    #[test]
    fn index_that_gives_the_order_is_walked_unless_the_filter_wants_another() {
        use BinaryOp::{Equal, LessOrEqual};
        use Direction::{Ascending, Descending};
        check_order(None, &[(0, Ascending)], Some(0));
        check_order(None, &[(1, Descending)], Some(1));
        check_order(None, &[(1, Ascending), (2, Ascending)], Some(1));
        check_order(None, &[(1, Ascending), (2, Descending)], None);
        check_order(None, &[(2, Ascending), (1, Ascending)], None);
        let bounded = Some(compared(LessOrEqual, 2, 9));
        check_order(bounded.clone(), &[(2, Ascending)], Some(2));
        check_order(bounded, &[(0, Ascending)], None);
        let fixed = Some(compared(Equal, 1, 9).and(compared(LessOrEqual, 2, 9)));
        check_order(fixed.clone(), &[(2, Ascending)], Some(1));
        check_order(fixed.clone(), &[(1, Ascending), (2, Ascending)], Some(1));
        check_order(fixed, &[(0, Ascending)], None);
    }
}
