//! The trace: everything that happened, in order, each with the event that caused it.
//!
//! Between two entries of the agenda the world is idle, so whatever happens after one is popped and
//! before the next is caused by it: the causal parent of an event is the [`Happening::Delivered`],
//! [`Happening::Woke`] … that the agenda brought last. Values are kept typed and are rendered only
//! when somebody looks.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::history::OperationId;
use super::value::Value;
use crate::network::{MessageId, MessageKind, Payload};
use crate::node::NodeId;
use crate::time::SimTime;

/// The position of an event in the trace, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub u32);

/// One event.
#[derive(Clone, Debug, Hash)]
pub struct Event {
    /// When, on the world's own clock.
    pub at: SimTime,
    /// The event without which this one would not have happened; itself for the first.
    pub cause: EventId,
    /// Where.
    pub node: NodeId,
    /// What.
    pub what: Happening,
}

/// What an event is. Variants are in the order of a message's life, then machine, then observer.
#[derive(Clone, Debug, Hash)]
pub enum Happening {
    /// A message left its sender.
    Sent {
        /// Which message.
        message: MessageId,
        /// Request, response or one-way.
        kind: MessageKind,
        /// The receiver.
        to: NodeId,
        /// The content.
        payload: Traced,
    },
    /// A message reached its receiver's process.
    Delivered {
        /// Which message.
        message: MessageId,
    },
    /// A message was lost.
    Dropped {
        /// Which message.
        message: MessageId,
        /// What took it.
        by: &'static str,
    },
    /// A fault made a second copy of a message.
    Duplicated {
        /// The original.
        message: MessageId,
        /// The copy.
        copy: MessageId,
    },
    /// A timer rang.
    Woke,
    /// Bytes were written to a file, not yet durable.
    Wrote {
        /// The file's name.
        file: Arc<str>,
        /// How many bytes.
        bytes: u64,
    },
    /// A file's written bytes became durable.
    Synced {
        /// The file's name.
        file: Arc<str>,
    },
    /// The disk refused.
    DiskFailed {
        /// The file's name.
        file: Arc<str>,
        /// Why.
        why: &'static str,
    },
    /// A process started; the incarnation counts from zero.
    Started {
        /// Which life of the node this is.
        incarnation: u32,
    },
    /// A process died.
    Crashed {
        /// What became of bytes it had not synced.
        unsynced: &'static str,
    },
    /// A process stopped running, without knowing.
    Paused,
    /// A paused process runs on.
    Resumed,
    /// A planned fault took hold; its position in the plan.
    FaultBegan {
        /// Position in the plan.
        fault: u32,
    },
    /// A planned fault was lifted.
    FaultEnded {
        /// Position in the plan.
        fault: u32,
    },
    /// A node passed a named point at which faults may strike.
    PointReached {
        /// The point's name.
        point: &'static str,
    },
    /// A client asked for an operation.
    Invoked {
        /// Which one.
        operation: OperationId,
    },
    /// A client learned an operation's outcome, or gave up.
    Completed {
        /// Which one.
        operation: OperationId,
    },
    /// The system said something of itself worth judging.
    Noted {
        /// What kind of note.
        name: &'static str,
        /// Its details; shared with the note.
        detail: Arc<Value>,
    },
    /// A task panicked: a finding of its own.
    Panicked {
        /// The panic's message.
        message: Arc<str>,
    },
    /// All faults were lifted for good.
    Healed,
}

/// A payload inside an event: shared with the message, hashed by content, rendered on demand.
#[derive(Clone)]
pub struct Traced(pub Arc<dyn Payload>);

impl Hash for Traced {
    fn hash<H: Hasher>(&self, mut state: &mut H) {
        self.0.digest(&mut state);
    }
}

impl fmt::Debug for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// All events of a run, or none when the run was told not to keep them.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    events: Vec<Event>,
}

impl Trace {
    pub(crate) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// All events in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The event with this id, when the trace was kept.
    pub fn get(&self, id: EventId) -> Option<&Event> {
        self.events.get(id.0 as usize)
    }
}

/// One line without time and node: what happened, in words.
impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Happening::Sent {
                message,
                kind,
                to,
                payload,
            } => write!(
                f,
                "sends {kind} {message} to node {}: {payload:?}",
                to.index()
            ),
            Happening::Delivered { message } => write!(f, "receives {message}"),
            Happening::Dropped { message, by } => write!(f, "{message} is lost ({by})"),
            Happening::Duplicated { message, copy } => write!(f, "{message} is copied as {copy}"),
            Happening::Woke => f.write_str("wakes"),
            Happening::Wrote { file, bytes } => write!(f, "writes {bytes} bytes to {file}"),
            Happening::Synced { file } => write!(f, "syncs {file}"),
            Happening::DiskFailed { file, why } => write!(f, "disk fails on {file}: {why}"),
            Happening::Started { incarnation: 0 } => f.write_str("starts"),
            Happening::Started { incarnation } => write!(f, "restarts (life {incarnation})"),
            Happening::Crashed { unsynced } => write!(f, "crashes (unsynced bytes {unsynced})"),
            Happening::Paused => f.write_str("is paused"),
            Happening::Resumed => f.write_str("runs on"),
            Happening::FaultBegan { fault } => write!(f, "fault #{fault} begins"),
            Happening::FaultEnded { fault } => write!(f, "fault #{fault} ends"),
            Happening::PointReached { point } => write!(f, "passes {point}"),
            Happening::Invoked { operation } => write!(f, "invokes operation {}", operation.0),
            Happening::Completed { operation } => write!(f, "completes operation {}", operation.0),
            Happening::Noted { name, detail } => write!(f, "notes {name} {detail}"),
            Happening::Panicked { message } => write!(f, "panics: {message}"),
            Happening::Healed => f.write_str("all faults are lifted"),
        }
    }
}
