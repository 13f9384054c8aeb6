//! Telling an event: a trace event in words, with names in place of numbers.
//!
//! The trace keeps events typed and small: a delivery names only its message, a fault only its
//! number. The [`Narrator`] looks up the rest, so that each line can be read by itself. Numbers wear
//! their kind: `e12` is an event, `m4` a message, `o3` an operation, `#0` a fault.

use std::collections::BTreeMap;

use sim::NodeId;
use sim::network::{MessageId, MessageKind};
use sim::record::Record;
use sim::record::history::{Operation, OperationId, Outcome};
use sim::record::trace::{Event, Happening, Traced};

use crate::style::Role;

/// Tells the events of one record.
pub(crate) struct Narrator<'a> {
    record: &'a Record,
    operations: Vec<&'a Operation>,
    letters: BTreeMap<MessageId, Letter<'a>>,
}

/// What a message was when it left.
#[derive(Clone, Copy)]
struct Letter<'a> {
    from: NodeId,
    to: NodeId,
    kind: MessageKind,
    payload: &'a Traced,
}

/// An event in words.
pub(crate) struct Told {
    /// For a message: which way it goes, and the node at the other end.
    pub(crate) other: Option<(Direction, NodeId)>,
    /// What happened.
    pub(crate) text: String,
    /// How it is painted.
    pub(crate) role: Role,
}

/// Which way a message goes, seen from the event's node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// It leaves the node.
    Out,
    /// It reaches the node.
    In,
}

impl Direction {
    /// As an arrow between this node, on the left, and the other.
    pub(crate) fn arrow(self) -> &'static str {
        match self {
            Direction::Out => "→",
            Direction::In => "←",
        }
    }
}

impl Told {
    /// The event as one piece of text.
    pub(crate) fn in_words(&self, record: &Record) -> String {
        match self.other {
            Some((direction, node)) => {
                let name = record.node_name(node);
                format!("{} {name} {}", direction.arrow(), self.text)
            }
            None => self.text.clone(),
        }
    }

    fn plainly(text: impl Into<String>, role: Role) -> Told {
        Told {
            other: None,
            text: text.into(),
            role,
        }
    }
}

impl<'a> Narrator<'a> {
    /// A narrator that has read the record's messages and operations.
    pub(crate) fn new(record: &'a Record) -> Narrator<'a> {
        let mut letters = BTreeMap::new();
        for event in record.trace.events() {
            match &event.what {
                Happening::Sent {
                    message,
                    kind,
                    to,
                    payload,
                } => {
                    let letter = Letter {
                        from: event.node,
                        to: *to,
                        kind: *kind,
                        payload,
                    };
                    letters.insert(*message, letter);
                }
                Happening::Duplicated { message, copy } => {
                    if let Some(letter) = letters.get(message).copied() {
                        letters.insert(*copy, letter);
                    }
                }
                _ => {}
            }
        }
        let operations = record.history.iter();
        Narrator {
            record,
            operations: operations.map(|(_, operation)| operation).collect(),
            letters,
        }
    }

    /// The event in words.
    pub(crate) fn tell(&self, event: &Event) -> Told {
        match &event.what {
            Happening::Sent {
                message,
                kind,
                to,
                payload,
            } => Told {
                other: Some((Direction::Out, *to)),
                text: format!("{kind} {message} {payload:?}"),
                role: Role::Plain,
            },
            Happening::Delivered { message } => self.tell_delivery(*message),
            Happening::Dropped { message, by } => {
                let text = format!("{} is lost ({by})", self.letter(*message));
                Told::plainly(text, Role::Fault)
            }
            Happening::Duplicated { message, copy } => {
                let text = format!("{} is copied as {copy}", self.letter(*message));
                Told::plainly(text, Role::Fault)
            }
            Happening::FaultBegan { fault } => self.tell_fault(*fault, "begins"),
            Happening::FaultEnded { fault } => self.tell_fault(*fault, "ends"),
            Happening::Invoked { operation } => self.tell_invocation(*operation),
            Happening::Completed { operation } => self.tell_completion(*operation),
            other => Told::plainly(other.to_string(), role_of(other)),
        }
    }

    fn tell_delivery(&self, message: MessageId) -> Told {
        let Some(letter) = self.letters.get(&message) else {
            return Told::plainly(format!("receives {message}"), Role::Faint);
        };
        Told {
            other: Some((Direction::In, letter.from)),
            text: format!("{} {message} {}", letter.kind, type_name(letter.payload)),
            role: Role::Faint,
        }
    }

    /// A message with both its ends, for when neither is the point.
    fn letter(&self, message: MessageId) -> String {
        match self.letters.get(&message) {
            Some(letter) => format!(
                "{} {message} {} → {}",
                letter.kind,
                self.record.node_name(letter.from),
                self.record.node_name(letter.to)
            ),
            None => message.to_string(),
        }
    }

    fn tell_fault(&self, fault: u32, what: &str) -> Told {
        let text = match self.record.plan.faults.get(fault as usize) {
            Some(planned) => format!("fault #{fault} {what}: {planned}"),
            None => format!("fault #{fault} {what}"),
        };
        Told::plainly(text, Role::Fault)
    }

    fn tell_invocation(&self, id: OperationId) -> Told {
        let text = match self.operations.get(id.0 as usize) {
            Some(operation) => format!(
                "{} invokes o{} {} {}",
                operation.process, id.0, operation.function, operation.input
            ),
            None => format!("invokes o{}", id.0),
        };
        Told::plainly(text, Role::Head)
    }

    fn tell_completion(&self, id: OperationId) -> Told {
        let text = match self.operations.get(id.0 as usize) {
            Some(operation) => format!(
                "{} completes o{} {}: {}",
                operation.process,
                id.0,
                operation.function,
                outcome_in_words(&operation.outcome)
            ),
            None => format!("completes o{}", id.0),
        };
        Told::plainly(text, Role::Head)
    }
}

/// An outcome with its answer or reason.
pub(crate) fn outcome_in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(answer) if answer.is_null() => "ok".to_owned(),
        Outcome::Ok(answer) => format!("ok {answer}"),
        Outcome::Fail(reason) if reason.is_null() => "failed".to_owned(),
        Outcome::Fail(reason) => format!("failed ({reason})"),
        Outcome::Unknown(known) if known.is_null() => "unknown".to_owned(),
        Outcome::Unknown(known) => format!("unknown ({known})"),
    }
}

/// The operation with this number, when the history has it.
pub(crate) fn operation(record: &Record, id: OperationId) -> Option<&Operation> {
    let mut operations = record.history.iter();
    operations
        .nth(id.0 as usize)
        .map(|(_, operation)| operation)
}

fn role_of(happening: &Happening) -> Role {
    match happening {
        Happening::DiskFailed { .. } | Happening::Crashed { .. } | Happening::Paused => Role::Fault,
        Happening::Panicked { .. } => Role::Bad,
        Happening::Healed => Role::Good,
        Happening::Woke | Happening::PointReached { .. } => Role::Faint,
        _ => Role::Plain,
    }
}

/// The payload's type as its `Debug` form opens: the content was shown when it was sent.
fn type_name(payload: &Traced) -> String {
    let shown = format!("{payload:?}");
    let end = shown
        .find(|character: char| !(character.is_alphanumeric() || character == '_'))
        .unwrap_or(shown.len());
    shown[..end].to_owned()
}
