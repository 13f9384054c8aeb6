//! Transactions in foreign histories: `[[:append k v] [:r k [v ...]]]` and `[[:w k v] [:r k v]]`.

use super::error::ForeignError;
use super::event::{Event, Vocabulary};
use super::form::Form;
use super::value::Value;
use crate::checkers::transactions::transaction::{ListStep, RegisterStep};

/// Transactions over lists.
#[derive(Clone, Copy, Debug)]
pub struct ListWords;

/// Transactions over registers.
#[derive(Clone, Copy, Debug)]
pub struct RegisterTransactionWords;

impl Vocabulary for ListWords {
    type Action = Vec<ListStep<Value, Value>>;
    type Output = Vec<ListStep<Value, Value>>;

    fn action(&self, event: &Event) -> Result<Self::Action, ForeignError> {
        steps(event, |name, key, value| list_step(name, key, value, false))
    }

    fn output(&self, _: &Self::Action, event: &Event) -> Result<Self::Output, ForeignError> {
        steps(event, |name, key, value| list_step(name, key, value, true))
    }
}

impl Vocabulary for RegisterTransactionWords {
    type Action = Vec<RegisterStep<Value, Value>>;
    type Output = Vec<RegisterStep<Value, Value>>;

    fn action(&self, event: &Event) -> Result<Self::Action, ForeignError> {
        steps(event, |name, key, value| {
            register_step(name, key, value, false)
        })
    }

    fn output(&self, _: &Self::Action, event: &Event) -> Result<Self::Output, ForeignError> {
        steps(event, |name, key, value| {
            register_step(name, key, value, true)
        })
    }
}

fn steps<Step>(
    event: &Event,
    step: impl Fn(&Form, Value, &Form) -> Result<Step, ForeignError>,
) -> Result<Vec<Step>, ForeignError> {
    let items = event.value.items().ok_or_else(|| {
        event.value.refuse(
            format!("{} instead of a transaction", event.value.kind()),
            "write a list of steps",
        )
    })?;
    let one = |item: &Form| match item.items() {
        Some([name, key, value]) => step(name, key.some_value("a key")?, value),
        _ => Err(item.refuse("a step that is no triple", "write [function key value]")),
    };
    items.iter().map(one).collect()
}

/// In an answered transaction a read of `nil` saw the empty list; in one only asked for it saw nothing yet.
fn list_step(
    name: &Form,
    key: Value,
    value: &Form,
    is_answered: bool,
) -> Result<ListStep<Value, Value>, ForeignError> {
    match name.word() {
        Some("append") => Ok(ListStep::Append {
            key,
            value: value.some_value("an element")?,
        }),
        Some("r") if value.is_nothing() => Ok(ListStep::Read {
            key,
            seen: is_answered.then(Vec::new),
        }),
        Some("r") => {
            let items = value.items().ok_or_else(|| {
                value.refuse(
                    format!("{} instead of a list", value.kind()),
                    "use --model rw-register for plain values",
                )
            })?;
            let seen = items
                .iter()
                .map(|item| item.some_value("an element"))
                .collect::<Result<_, _>>()?;
            Ok(ListStep::Read {
                key,
                seen: is_answered.then_some(seen),
            })
        }
        _ => Err(name.refuse("unknown step of a list transaction", "use append or r")),
    }
}

fn register_step(
    name: &Form,
    key: Value,
    value: &Form,
    is_answered: bool,
) -> Result<RegisterStep<Value, Value>, ForeignError> {
    match name.word() {
        Some("w") => Ok(RegisterStep::Write {
            key,
            value: value.some_value("a value")?,
        }),
        Some("r") if value.items().is_some() => Err(value.refuse(
            "a list instead of a value",
            "use --model list-append for lists",
        )),
        Some("r") => {
            let seen = value.value()?;
            Ok(RegisterStep::Read {
                key,
                seen: is_answered.then_some(seen),
            })
        }
        _ => Err(name.refuse("unknown step of a register transaction", "use w or r")),
    }
}
