//! Evaluation of expressions: three-valued logic, checked integer arithmetic, aggregates over the rows of an
//! answer.
//!
//! Subqueries are not evaluated here. PostgreSQL runs an uncorrelated subquery once per statement, so the
//! executor replaces it by its value first, and draws from sequences the same way ([`replace_volatile`]).
//! Start at [`evaluate`].

use super::error::{SqlError, SqlState};
use super::statement::{Aggregate, BinaryOp, Expr};
use super::value::{Row, Value};
use std::borrow::Cow;

/// What an expression may look at.
pub(super) struct Scope<'a> {
    /// The row at hand.
    pub row: &'a [Value],
    /// The row an insert wanted to add.
    pub excluded: Option<&'a [Value]>,
    /// All rows of the answer, when aggregates are allowed.
    pub group: Option<&'a [Row]>,
}

impl<'a> Scope<'a> {
    /// A scope of one row.
    pub fn row(row: &'a [Value]) -> Self {
        Self {
            row,
            excluded: None,
            group: None,
        }
    }
}

/// Tells whether a row passes a filter: null counts as false.
pub(super) fn passes(filter: Option<&Expr>, row: &[Value]) -> Result<bool, SqlError> {
    match filter {
        None => Ok(true),
        Some(filter) => Ok(*value_of(filter, &Scope::row(row))? == Value::Bool(true)),
    }
}

/// Computes an expression.
///
/// # Panics
/// When a subquery or a sequence is still inside: the executor must have replaced it by its value.
pub(super) fn evaluate(expr: &Expr, scope: &Scope<'_>) -> Result<Value, SqlError> {
    value_of(expr, scope).map(Cow::into_owned)
}

fn value_of<'a>(expr: &'a Expr, scope: &Scope<'a>) -> Result<Cow<'a, Value>, SqlError> {
    let value = match expr {
        Expr::Column(column) => return Ok(Cow::Borrowed(&scope.row[column.0])),
        Expr::Excluded(column) => match scope.excluded {
            Some(row) => return Ok(Cow::Borrowed(&row[column.0])),
            None => panic!("invariant: EXCLUDED is only used inside ON CONFLICT DO UPDATE"),
        },
        Expr::Literal(value) => return Ok(Cow::Borrowed(value)),
        Expr::Binary(op, left, right) => {
            binary(*op, value_of(left, scope)?, value_of(right, scope)?)?
        }
        Expr::Not(inner) => match &*value_of(inner, scope)? {
            Value::Bool(flag) => Value::Bool(!flag),
            Value::Null => Value::Null,
            _ => return Err(SqlError::type_mismatch("argument of NOT")),
        },
        Expr::IsNull(inner) => Value::Bool(value_of(inner, scope)?.is_null()),
        Expr::InList(inner, list) => in_list(inner, list, scope)?,
        Expr::Coalesce(list) => {
            for item in list {
                let value = value_of(item, scope)?;
                if !value.is_null() {
                    return Ok(value);
                }
            }
            Value::Null
        }
        Expr::CountRows => Value::Int(group_of(scope).len() as i64),
        Expr::Aggregate(aggregate, inner) => aggregate_of(*aggregate, inner, group_of(scope))?,
        Expr::Subquery(_) | Expr::NextValue(_) => {
            panic!(
                "invariant: subqueries and sequences are replaced by their values before evaluation"
            )
        }
    };
    Ok(Cow::Owned(value))
}

/// Tells whether an expression holds an aggregate.
pub(super) fn has_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::CountRows | Expr::Aggregate(..) => true,
        Expr::Binary(_, left, right) => has_aggregate(left) || has_aggregate(right),
        Expr::Not(inner) | Expr::IsNull(inner) => has_aggregate(inner),
        Expr::InList(inner, list) => has_aggregate(inner) || list.iter().any(has_aggregate),
        Expr::Coalesce(list) => list.iter().any(has_aggregate),
        _ => false,
    }
}

/// Calls `visit` on each subquery and sequence, which replaces it in place.
pub(super) fn replace_volatile<E>(
    expr: &mut Expr,
    visit: &mut dyn FnMut(&mut Expr) -> Result<(), E>,
) -> Result<(), E> {
    match expr {
        Expr::Subquery(_) | Expr::NextValue(_) => visit(expr),
        Expr::Binary(_, left, right) => {
            replace_volatile(left, visit)?;
            replace_volatile(right, visit)
        }
        Expr::Not(inner) | Expr::IsNull(inner) | Expr::Aggregate(_, inner) => {
            replace_volatile(inner, visit)
        }
        Expr::InList(inner, list) => {
            replace_volatile(inner, visit)?;
            list.iter_mut()
                .try_for_each(|item| replace_volatile(item, visit))
        }
        Expr::Coalesce(list) => list
            .iter_mut()
            .try_for_each(|item| replace_volatile(item, visit)),
        Expr::Column(_) | Expr::Excluded(_) | Expr::Literal(_) | Expr::CountRows => Ok(()),
    }
}

fn group_of<'a>(scope: &Scope<'a>) -> &'a [Row] {
    scope
        .group
        .unwrap_or_else(|| panic!("invariant: aggregates appear only in the output of a query"))
}

fn binary(op: BinaryOp, left: Cow<'_, Value>, right: Cow<'_, Value>) -> Result<Value, SqlError> {
    let (left, right) = (&*left, &*right);
    match op {
        BinaryOp::And => logic(left, right, false),
        BinaryOp::Or => logic(left, right, true),
        _ if left.is_null() || right.is_null() => Ok(Value::Null),
        BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Remainder => {
            let (Value::Int(left), Value::Int(right)) = (left, right) else {
                return Err(SqlError::type_mismatch("operand of arithmetic"));
            };
            arithmetic(op, *left, *right)
        }
        _ if left.value_type() != right.value_type() => {
            Err(SqlError::type_mismatch("operand of comparison"))
        }
        BinaryOp::Equal => Ok(Value::Bool(left == right)),
        BinaryOp::NotEqual => Ok(Value::Bool(left != right)),
        BinaryOp::Less => Ok(Value::Bool(left < right)),
        BinaryOp::LessOrEqual => Ok(Value::Bool(left <= right)),
        BinaryOp::Greater => Ok(Value::Bool(left > right)),
        BinaryOp::GreaterOrEqual => Ok(Value::Bool(left >= right)),
    }
}

/// AND (`dominant` false) and OR (`dominant` true): the dominant value wins over null.
fn logic(left: &Value, right: &Value, dominant: bool) -> Result<Value, SqlError> {
    let mut unknown = false;
    for side in [left, right] {
        match side {
            Value::Bool(flag) if *flag == dominant => return Ok(Value::Bool(dominant)),
            Value::Bool(_) => {}
            Value::Null => unknown = true,
            _ => return Err(SqlError::type_mismatch("operand of AND/OR")),
        }
    }
    Ok(if unknown {
        Value::Null
    } else {
        Value::Bool(!dominant)
    })
}

fn arithmetic(op: BinaryOp, left: i64, right: i64) -> Result<Value, SqlError> {
    if matches!(op, BinaryOp::Divide | BinaryOp::Remainder) && right == 0 {
        return Err(SqlError::new(SqlState::DivisionByZero, "division by zero"));
    }
    let result = match op {
        BinaryOp::Add => left.checked_add(right),
        BinaryOp::Subtract => left.checked_sub(right),
        BinaryOp::Multiply => left.checked_mul(right),
        BinaryOp::Divide => left.checked_div(right),
        // PostgreSQL answers 0 for a remainder by -1 instead of overflowing.
        BinaryOp::Remainder => Some(left.checked_rem(right).unwrap_or(0)),
        _ => panic!("invariant: only arithmetic operators reach arithmetic"),
    };
    result.map(Value::Int).ok_or_else(SqlError::out_of_range)
}

fn in_list<'a>(inner: &'a Expr, list: &'a [Expr], scope: &Scope<'a>) -> Result<Value, SqlError> {
    let wanted = value_of(inner, scope)?;
    let mut unknown = wanted.is_null();
    for item in list {
        match wanted.compare(&*value_of(item, scope)?) {
            Some(std::cmp::Ordering::Equal) => return Ok(Value::Bool(true)),
            Some(_) => {}
            None => unknown = true,
        }
    }
    Ok(if unknown {
        Value::Null
    } else {
        Value::Bool(false)
    })
}

fn aggregate_of(aggregate: Aggregate, inner: &Expr, group: &[Row]) -> Result<Value, SqlError> {
    let mut total = Value::Null;
    for row in group {
        let value = evaluate(inner, &Scope::row(row))?;
        if value.is_null() {
            continue;
        }
        total = match (aggregate, total) {
            (_, Value::Null) => value,
            (Aggregate::Min, total) => total.min(value),
            (Aggregate::Max, total) => total.max(value),
            (Aggregate::Sum, Value::Int(total)) => {
                let Value::Int(value) = value else {
                    return Err(SqlError::type_mismatch("argument of sum"));
                };
                Value::Int(
                    total
                        .checked_add(value)
                        .ok_or_else(SqlError::out_of_range)?,
                )
            }
            (Aggregate::Sum, _) => return Err(SqlError::type_mismatch("argument of sum")),
        };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(op: BinaryOp, left: Value, right: Value, expected: Result<Value, SqlState>) {
        let expr = Expr::binary(op, Expr::Literal(left), Expr::Literal(right));
        assert_eq!(
            evaluate(&expr, &Scope::row(&[])).map_err(|error| error.state),
            expected,
            "{expr:?}"
        );
    }

    #[test]
    fn null_is_neither_true_nor_false() {
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        check(BinaryOp::And, Value::Null, no.clone(), Ok(no.clone()));
        check(BinaryOp::And, Value::Null, yes.clone(), Ok(Value::Null));
        check(BinaryOp::Or, yes.clone(), Value::Null, Ok(yes));
        check(BinaryOp::Or, no, Value::Null, Ok(Value::Null));
        check(BinaryOp::Equal, Value::Null, Value::Null, Ok(Value::Null));
    }

    #[test]
    fn arithmetic_is_checked() {
        check(
            BinaryOp::Add,
            Value::Int(i64::MAX),
            Value::Int(1),
            Err(SqlState::NumericValueOutOfRange),
        );
        check(
            BinaryOp::Divide,
            Value::Int(7),
            Value::Int(0),
            Err(SqlState::DivisionByZero),
        );
        check(
            BinaryOp::Remainder,
            Value::Int(i64::MIN),
            Value::Int(-1),
            Ok(Value::Int(0)),
        );
        check(
            BinaryOp::Remainder,
            Value::Int(-7),
            Value::Int(3),
            Ok(Value::Int(-1)),
        );
        check(
            BinaryOp::Add,
            Value::Int(1),
            Value::text("a"),
            Err(SqlState::DatatypeMismatch),
        );
    }
}
