//! Messages: what a node sends, and what a node receives.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::call::CallId;
use crate::node::NodeId;
use crate::random::Lineage;
use crate::record::trace::EventId;

/// What a message carries. Any plain type qualifies that can be shown, hashed and shared:
///
/// ```
/// #[derive(Debug, Hash)]
/// struct Ping(u64);
/// impl sim::network::Payload for Ping {}
/// ```
pub trait Payload: Digest + Any + fmt::Debug + Send + Sync {
    /// Its size on the wire, in bytes; counts only where a link's bandwidth is limited.
    fn wire_bytes(&self) -> u64 {
        512
    }
}

/// Feeds a value's content to a fingerprint; every [`Hash`] type has it.
pub trait Digest {
    /// Feeds the content in.
    fn digest(&self, state: &mut dyn Hasher);
}

impl<T: Hash> Digest for T {
    fn digest(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

/// A payload that is a question with a typed answer.
pub trait Request: Payload {
    /// The type of the answer.
    type Response: Payload;
}

/// Names one message of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}

/// What role a message plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Nobody waits for an answer.
    OneWay,
    /// A caller waits for the answer.
    Request(CallId),
    /// The answer to a request.
    Response(CallId),
    /// The receiving machine has no process listening: the request had no effect.
    Refusal(CallId),
    /// The receiving process died with the request in hand: its effect is unknown.
    Reset(CallId),
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MessageKind::OneWay => "message",
            MessageKind::Request(_) => "request",
            MessageKind::Response(_) => "response",
            MessageKind::Refusal(_) => "refusal",
            MessageKind::Reset(_) => "reset",
        })
    }
}

/// A message under way.
#[derive(Clone)]
pub(crate) struct Envelope {
    pub(crate) id: MessageId,
    /// The event of its sending, which causes its arrival.
    pub(crate) sent: EventId,
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) kind: MessageKind,
    pub(crate) payload: Arc<dyn Payload>,
    pub(crate) lineage: Lineage,
}

/// A message at its receiver. Answer it with [`crate::node::NodeContext::reply`].
pub struct Incoming {
    /// The sender.
    pub from: NodeId,
    /// Set when the sender waits for an answer.
    pub(crate) call: Option<CallId>,
    /// The cause that everything done for this message follows from.
    pub lineage: Lineage,
    pub(crate) payload: Arc<dyn Payload>,
}

impl Incoming {
    /// The content, when it is of this type.
    pub fn payload<T: Payload>(&self) -> Option<Arc<T>> {
        downcast(self.payload.clone())
    }
}

/// A shared payload as its own type.
pub(crate) fn downcast<T: Payload>(payload: Arc<dyn Payload>) -> Option<Arc<T>> {
    let payload: Arc<dyn Any + Send + Sync> = payload;
    payload.downcast().ok()
}

/// What a refusal or a reset carries: nothing.
#[derive(Debug, Hash)]
pub(crate) struct NoPayload;
impl Payload for NoPayload {
    fn wire_bytes(&self) -> u64 {
        40
    }
}
