//! Single objects in foreign histories: registers, key-value stores, sets and queues.

use std::collections::BTreeSet;

use super::error::ForeignError;
use super::event::{Event, Vocabulary};
use super::form::Form;
use super::value::{Key, Value};
use crate::checkers::linearizability::queue::{QueueAction, QueueOutput};
use crate::checkers::linearizability::register::{RegisterAction, RegisterOutput, RegisterRequest};
use crate::checkers::linearizability::set::{SetAction, SetOutput};
use crate::checkers::queue::{DeliveryAction, DeliveryOutput};

/// Registers: `read`, `write`, `cas [from to]`; with a key in front of the value (`[key value]`) where there are several.
#[derive(Clone, Copy, Debug)]
pub struct RegisterWords {
    /// Whether compare-and-set may occur.
    pub has_cas: bool,
    /// Whether every value must carry a key; otherwise a list of two is taken as key and value.
    pub is_keyed: bool,
}

/// Sets: `add`, `remove`, `contains`, `read` of the whole.
#[derive(Clone, Copy, Debug)]
pub struct SetWords;

/// First-in-first-out queues: `enqueue`, `dequeue`.
#[derive(Clone, Copy, Debug)]
pub struct QueueWords;

/// Queues of which only conservation is asked: `enqueue`, `dequeue`, `drain`.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryWords;

impl RegisterWords {
    /// Splits a value into key and rest.
    fn keyed<'f>(
        &self,
        value: &'f Form,
        is_pair: bool,
    ) -> Result<(Option<Value>, Option<&'f Form>), ForeignError> {
        match value.items() {
            Some([key, rest]) if is_pair => Ok((Some(key.some_value("a key")?), Some(rest))),
            _ if self.is_keyed => Err(value.refuse("a value without its key", "write [key value]")),
            _ => Ok((None, Some(value).filter(|value| !value.is_nothing()))),
        }
    }
}

impl Vocabulary for RegisterWords {
    type Action = RegisterAction<Key, Value>;
    type Output = RegisterOutput<Value>;

    fn action(&self, event: &Event) -> Result<Self::Action, ForeignError> {
        let value = &event.value;
        let is_pair = value.items().is_some_and(|items| items.len() == 2);
        let (key, request) = match event.function.word() {
            Some("read" | "get" | "r") => (self.keyed(value, is_pair)?.0, RegisterRequest::Read),
            Some("write" | "put" | "w") => {
                let (key, written) = self.keyed(value, is_pair)?;
                (
                    key,
                    RegisterRequest::Write(written.map(Form::value).transpose()?.flatten()),
                )
            }
            Some("delete") if self.is_keyed => {
                // `[key nil]` like every other operation, or the key alone.
                let key = match self.keyed(value, is_pair) {
                    Ok((Some(key), _)) => key,
                    _ => value.some_value("a key")?,
                };
                (Some(key), RegisterRequest::Write(None))
            }
            Some("cas") if self.has_cas => {
                let has_key = value
                    .items()
                    .is_some_and(|items| items.len() == 2 && items[1].items().is_some());
                let (key, change) = self.keyed(value, has_key)?;
                let Some([from, to]) = change.and_then(Form::items) else {
                    return Err(value.refuse(
                        "a cas without its two values",
                        "write [from to] or [key [from to]]",
                    ));
                };
                (
                    key,
                    RegisterRequest::CompareAndSet {
                        from: from.value()?,
                        to: to.value()?,
                    },
                )
            }
            Some("cas") => {
                return Err(event
                    .function
                    .refuse("a plain register has no cas", "use --model cas-register"));
            }
            _ => return Err(unknown(event, "read, write or cas")),
        };
        Ok(RegisterAction {
            key: Key(key),
            request,
        })
    }

    fn output(&self, action: &Self::Action, event: &Event) -> Result<Self::Output, ForeignError> {
        Ok(match &action.request {
            RegisterRequest::Read if action.key.0.is_some() => {
                let Some([_, seen]) = event.value.items() else {
                    return Err(event
                        .value
                        .refuse("a read without its key", "answer it with [key value]"));
                };
                RegisterOutput::Value(seen.value()?)
            }
            RegisterRequest::Read => RegisterOutput::Value(event.value.value()?),
            RegisterRequest::Write(_) => RegisterOutput::Written,
            RegisterRequest::CompareAndSet { .. } => RegisterOutput::Swapped(true),
        })
    }
}

impl Vocabulary for SetWords {
    type Action = SetAction<Value>;
    type Output = SetOutput<Value>;

    fn action(&self, event: &Event) -> Result<Self::Action, ForeignError> {
        let element = || event.value.some_value("an element");
        Ok(match event.function.word() {
            Some("add") => SetAction::Add(element()?),
            Some("remove") => SetAction::Remove(element()?),
            Some("contains") => SetAction::Contains(element()?),
            Some("read") => SetAction::ReadAll,
            _ => return Err(unknown(event, "add, remove, contains or read")),
        })
    }

    fn output(&self, action: &Self::Action, event: &Event) -> Result<Self::Output, ForeignError> {
        Ok(match action {
            SetAction::Add(_) | SetAction::Remove(_) => SetOutput::Done,
            SetAction::Contains(_) => match event.value.value()? {
                Some(Value::Truth(seen)) => SetOutput::Contained(seen),
                _ => {
                    return Err(event.value.refuse(
                        "`contains` answered by no truth value",
                        "answer true or false",
                    ));
                }
            },
            SetAction::ReadAll => {
                SetOutput::Elements(elements(&event.value)?.into_iter().collect::<BTreeSet<_>>())
            }
        })
    }
}

impl Vocabulary for QueueWords {
    type Action = QueueAction<Value>;
    type Output = QueueOutput<Value>;

    fn action(&self, event: &Event) -> Result<Self::Action, ForeignError> {
        Ok(match event.function.word() {
            Some("enqueue") => QueueAction::Enqueue(event.value.some_value("an element")?),
            Some("dequeue") => QueueAction::Dequeue,
            _ => return Err(unknown(event, "enqueue or dequeue")),
        })
    }

    fn output(&self, action: &Self::Action, event: &Event) -> Result<Self::Output, ForeignError> {
        Ok(match action {
            QueueAction::Enqueue(_) => QueueOutput::Enqueued,
            QueueAction::Dequeue => QueueOutput::Dequeued(event.value.value()?),
        })
    }
}

impl Vocabulary for DeliveryWords {
    type Action = DeliveryAction<Value>;
    type Output = DeliveryOutput<Value>;

    fn action(&self, event: &Event) -> Result<Self::Action, ForeignError> {
        Ok(match event.function.word() {
            Some("enqueue") => DeliveryAction::Enqueue(event.value.some_value("an element")?),
            Some("dequeue") => DeliveryAction::Dequeue,
            Some("drain") => DeliveryAction::Drain,
            _ => return Err(unknown(event, "enqueue, dequeue or drain")),
        })
    }

    fn output(&self, action: &Self::Action, event: &Event) -> Result<Self::Output, ForeignError> {
        Ok(match action {
            DeliveryAction::Enqueue(_) => DeliveryOutput::Enqueued,
            DeliveryAction::Dequeue => {
                DeliveryOutput::Taken(event.value.value()?.into_iter().collect())
            }
            DeliveryAction::Drain => DeliveryOutput::Taken(elements(&event.value)?),
        })
    }
}

fn elements(form: &Form) -> Result<Vec<Value>, ForeignError> {
    if form.is_nothing() {
        return Ok(Vec::new());
    }
    let items = form.items().ok_or_else(|| {
        form.refuse(
            format!("{} instead of a list", form.kind()),
            "list the elements",
        )
    })?;
    items
        .iter()
        .map(|item| item.some_value("an element"))
        .collect()
}

fn unknown(event: &Event, known: &str) -> ForeignError {
    let function = event.function.word().unwrap_or("nil");
    event.function.refuse(
        format!("the model has no operation `{function}`"),
        format!("use {known}, or another --model"),
    )
}
