//! The network: typed messages between nodes over faulty links.
//!
//! - [`message`]: what is sent and received,
//! - [`link`]: how long a link takes when nothing is wrong,
//! - [`rule`]: the one question asked of each message (pass, delay, drop, duplicate),
//! - [`call`]: request, deadline and at most one answer.
//!
//! This file routes: it asks the rules, enters deliveries on the agenda, and hands over what
//! arrives. A message is addressed to a node, not to one life of it: sent to a node that restarts
//! meanwhile, it reaches the new incarnation. Nodes use the network through
//! [`crate::node::NodeContext`].

pub mod call;
pub mod link;
pub mod message;
pub(crate) mod rule;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

pub use call::{CallError, CallId};
pub use link::LinkProfiles;
pub use message::{Digest, Incoming, MessageId, MessageKind, Payload, Request};

use crate::agenda_entry::Entry;
use crate::network::call::{Calls, InHand};
use crate::network::link::{Links, Profiles};
use crate::network::message::{Envelope, NoPayload};
use crate::network::rule::{Answer, MessageFacts, Rule};
use crate::node::NodeId;
use crate::random::{Lineage, Root};
use crate::record::trace::{Happening, Traced};
use crate::world::World;

/// Messages that arrived at a process and were not yet received by it.
#[derive(Default)]
pub(crate) struct Mailbox {
    pub(crate) arrived: VecDeque<Incoming>,
    pub(crate) receiver: Option<Waker>,
}

/// The network's state.
pub(crate) struct Network {
    profiles: Profiles,
    links: Links,
    pub(crate) calls: Calls,
    rules: Vec<Rule>,
    next_message: u64,
}

impl Network {
    pub(crate) fn new(profiles: LinkProfiles) -> Network {
        Network {
            profiles: Profiles::Written(profiles),
            links: Links::default(),
            calls: Calls::default(),
            rules: Vec::new(),
            next_message: 0,
        }
    }

    pub(crate) fn install(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(crate) fn remove(&mut self, fault: u32) {
        self.rules.retain(|rule| rule.fault != fault);
    }

    fn next_message(&mut self) -> MessageId {
        let id = MessageId(self.next_message);
        self.next_message += 1;
        id
    }
}

/// What the rules together make of one message.
#[derive(Default)]
struct Treatment {
    extra: Duration,
    overtakes: bool,
    dropped_by: Option<&'static str>,
    copy_after: Option<Duration>,
    bytes_per_second: Option<u64>,
}

impl World {
    /// Sends a message on its way.
    pub(crate) fn send(
        &self,
        from: NodeId,
        to: NodeId,
        kind: MessageKind,
        payload: Arc<dyn Payload>,
        lineage: Lineage,
    ) {
        let id = self.network().borrow_mut().next_message();
        let happening = Happening::Sent {
            message: id,
            kind,
            to,
            payload: Traced(payload.clone()),
        };
        let envelope = Envelope {
            id,
            sent: self.trace(from, happening),
            from,
            to,
            kind,
            payload,
            lineage,
        };
        let treatment = self.treat(&envelope);
        if let Some(by) = treatment.dropped_by {
            self.trace(from, Happening::Dropped { message: id, by });
            return;
        }
        if let Some(after) = treatment.copy_after {
            let copy = self.network().borrow_mut().next_message();
            self.trace(from, Happening::Duplicated { message: id, copy });
            let copied = Envelope {
                id: copy,
                lineage: lineage.child("copy", 0),
                ..envelope.clone()
            };
            let treatment = Treatment {
                extra: treatment.extra + after,
                overtakes: true,
                ..Treatment::default()
            };
            self.dispatch(copied, &treatment);
        }
        self.dispatch(envelope, &treatment);
    }

    /// Asks every rule that concerns the message.
    fn treat(&self, envelope: &Envelope) -> Treatment {
        let mut treatment = Treatment::default();
        let facts = MessageFacts {
            from: envelope.from,
            to: envelope.to,
            kind: envelope.kind,
        };
        let network = self.network().borrow();
        for rule in network.rules.iter().filter(|rule| rule.concerns(facts)) {
            let fault = self.fault_lineage(rule.fault);
            let stream = || {
                self.stream(
                    Root::Plan,
                    fault.child("message", envelope.lineage.value()),
                    rule.kind.name(),
                )
            };
            match rule.ask(facts, stream) {
                Answer::Pass => {}
                Answer::Delay { by, overtaking } => {
                    treatment.extra += by;
                    treatment.overtakes |= overtaking;
                }
                Answer::Drop(by) => treatment.dropped_by = Some(by),
                Answer::Duplicate { after } => treatment.copy_after = Some(after),
                Answer::Throttle { bytes_per_second } => {
                    let narrower = treatment.bytes_per_second.unwrap_or(u64::MAX);
                    treatment.bytes_per_second = Some(narrower.min(bytes_per_second));
                }
            }
        }
        treatment
    }

    /// Enters the arrival of a message on the agenda.
    fn dispatch(&self, envelope: Envelope, treatment: &Treatment) {
        let mut network = self.network().borrow_mut();
        let Network {
            profiles, links, ..
        } = &mut *network;
        let profiles = profiles.resolve(|| self.node_names());
        let (from, to) = (envelope.from, envelope.to);
        let link = links.between(from, to, || profiles.latency(from, to));
        let latency = match link.latency.as_constant() {
            Some(constant) => constant,
            None => {
                link.latency
                    .draw(&mut self.stream(Root::Schedule, envelope.lineage, "latency"))
            }
        };
        let left = link.transmit(
            self.now(),
            envelope.payload.wire_bytes(),
            treatment.bytes_per_second,
        );
        let due = link.arrive(left + latency + treatment.extra, treatment.overtakes);
        drop(network);
        self.enter(due, Entry::Arrival(envelope));
    }

    /// A message is due at its receiver.
    pub(crate) fn arrive(&self, envelope: Envelope) {
        self.recorder().borrow_mut().set_cause(envelope.sent);
        let facts = MessageFacts {
            from: envelope.from,
            to: envelope.to,
            kind: envelope.kind,
        };
        let cut = self
            .network()
            .borrow()
            .rules
            .iter()
            .find(|rule| rule.cuts() && rule.concerns(facts))
            .map(|rule| rule.kind.name());
        if let Some(by) = cut {
            self.trace(
                envelope.to,
                Happening::Dropped {
                    message: envelope.id,
                    by,
                },
            );
        } else if self.is_up(envelope.to) {
            self.hand_over(envelope);
        } else {
            self.turn_away(envelope);
        }
    }

    fn hand_over(&self, envelope: Envelope) {
        let message = envelope.id;
        self.trace_as_cause(envelope.to, Happening::Delivered { message });
        match envelope.kind {
            MessageKind::OneWay => self.put_in_mailbox(envelope, None),
            MessageKind::Request(call) => {
                self.take_in_hand(&envelope);
                self.put_in_mailbox(envelope, Some(call));
            }
            MessageKind::Response(call) => self.settle(call, Ok(envelope.payload)),
            MessageKind::Refusal(call) => self.settle(call, Err(CallError::Refused)),
            MessageKind::Reset(call) => self.settle(call, Err(CallError::Reset)),
        }
    }

    /// Nobody listens: a machine that is up says so, one that is down is silent.
    fn turn_away(&self, envelope: Envelope) {
        let happening = Happening::Dropped {
            message: envelope.id,
            by: "process down",
        };
        self.trace_as_cause(envelope.to, happening);
        if let MessageKind::Request(call) = envelope.kind
            && self.machine_is_up(envelope.to)
        {
            let lineage = envelope.lineage.child("refusal", 0);
            self.send(
                envelope.to,
                envelope.from,
                MessageKind::Refusal(call),
                Arc::new(NoPayload),
                lineage,
            );
        }
    }

    /// A request is the receiver's from here on: if its process dies, the caller is told.
    pub(crate) fn take_in_hand(&self, envelope: &Envelope) {
        if let MessageKind::Request(call) = envelope.kind {
            let request = InHand {
                caller: envelope.from,
                lineage: envelope.lineage,
            };
            let mut network = self.network().borrow_mut();
            network.calls.accepted(envelope.to, call, request);
        }
    }

    fn put_in_mailbox(&self, envelope: Envelope, call: Option<CallId>) {
        self.with_process(envelope.to, |process| {
            process.mailbox.arrived.push_back(Incoming {
                from: envelope.from,
                call,
                lineage: envelope.lineage,
                payload: envelope.payload,
            });
            if let Some(receiver) = process.mailbox.receiver.take() {
                receiver.wake();
            }
        });
    }

    fn settle(&self, call: CallId, answer: Result<Arc<dyn Payload>, CallError>) {
        let pending = self.network().borrow_mut().calls.close(call);
        if let Some(pending) = pending {
            pending.settle(answer);
        }
    }

    /// A process died. Callers whose requests it had in hand are told, if its machine still can.
    pub(crate) fn hang_up(&self, node: NodeId, machine_survives: bool) {
        let in_hand = self.network().borrow_mut().calls.process_died(node);
        if !machine_survives {
            return;
        }
        for (call, request) in in_hand {
            let lineage = request.lineage.child("reset", 0);
            let kind = MessageKind::Reset(call);
            self.send(node, request.caller, kind, Arc::new(NoPayload), lineage);
        }
    }
}
