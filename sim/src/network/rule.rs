//! Rules: the one question the network asks of each message — pass, delay, drop or duplicate.
//!
//! Every active network fault is a rule. A rule is asked when a message is sent, and rules that cut
//! links are asked again when it arrives, so that a partition also takes what is in flight. Each
//! rule draws from a stream of its own, named by the message's cause and the fault's number: taking
//! one rule away changes no other rule's answers.

use std::time::Duration;

use super::message::MessageKind;
use crate::fault::{FaultKind, Route};
use crate::node::NodeId;
use crate::random::Stream;

/// What a rule may know of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageFacts {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) kind: MessageKind,
}

/// What a rule wants done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing.
    Pass,
    /// Deliver it this much later; it may be overtaken and overtake.
    Delay { by: Duration, overtaking: bool },
    /// Lose it; the name of what took it.
    Drop(&'static str),
    /// Deliver it twice, the copy this much later.
    Duplicate { after: Duration },
    /// The line carries only this many bytes per second.
    Throttle { bytes_per_second: u64 },
}

/// An active network fault.
#[derive(Clone)]
pub(crate) struct Rule {
    /// The fault's number in the plan.
    pub(crate) fault: u32,
    pub(crate) kind: FaultKind,
    pub(crate) route: Route,
}

impl Rule {
    /// Whether this fault concerns the message's link at all.
    pub(crate) fn concerns(&self, message: MessageFacts) -> bool {
        self.route.carries(message.from, message.to)
    }

    /// The answer at sending. The stream is the rule's own for this message.
    pub(crate) fn ask(&self, message: MessageFacts, stream: impl Fn() -> Stream) -> Answer {
        match &self.kind {
            FaultKind::Partition | FaultKind::Isolate => Answer::Drop(self.kind.name()),
            FaultKind::Loss { ratio } if stream().chance(*ratio) => Answer::Drop(self.kind.name()),
            FaultKind::LoseRequests { ratio }
                if matches!(message.kind, MessageKind::Request(_)) && stream().chance(*ratio) =>
            {
                Answer::Drop(self.kind.name())
            }
            FaultKind::LoseReplies { ratio }
                if matches!(message.kind, MessageKind::Response(_)) && stream().chance(*ratio) =>
            {
                Answer::Drop(self.kind.name())
            }
            FaultKind::Duplicate { ratio } => {
                let mut stream = stream();
                if !stream.chance(*ratio) {
                    return Answer::Pass;
                }
                Answer::Duplicate {
                    after: stream.span(Duration::ZERO, Duration::from_millis(200)),
                }
            }
            FaultKind::Delay { extra_ms } => Answer::Delay {
                by: stream().span(Duration::ZERO, Duration::from_millis(*extra_ms)),
                overtaking: false,
            },
            FaultKind::Reorder { ratio, extra_ms } => {
                let mut stream = stream();
                if !stream.chance(*ratio) {
                    return Answer::Pass;
                }
                Answer::Delay {
                    by: stream.span(Duration::ZERO, Duration::from_millis(*extra_ms)),
                    overtaking: true,
                }
            }
            FaultKind::Bandwidth { bytes_per_second } => Answer::Throttle {
                bytes_per_second: *bytes_per_second,
            },
            _ => Answer::Pass,
        }
    }

    /// Whether a message that arrives now is lost after all.
    pub(crate) fn cuts(&self) -> bool {
        matches!(self.kind, FaultKind::Partition | FaultKind::Isolate)
    }
}
