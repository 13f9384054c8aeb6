//! What a receiver is asked, and what it answers.

use sim::network::{Payload, Request};

use crate::webhooks::signature::Headers;

/// What can be asked of a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReceiverRequest {
    /// A webhook, as an HTTP POST carries it.
    Webhook {
        /// Its headers.
        headers: Headers,
        /// Its body, byte for byte.
        body: String,
    },
    /// What events have done here; asked at the end of a run.
    ListEffects,
}

/// What a receiver answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReceiverAnswer {
    /// To a webhook.
    Status {
        /// The HTTP status.
        status: u16,
        /// Its `retry-after`, in seconds.
        retry_after_s: Option<u64>,
    },
    /// What events have done.
    Effects {
        /// Whether it promises to process an event once.
        deduplicates: bool,
        /// In the order in which they did it.
        effects: Vec<Effect>,
    },
}

/// That an event was processed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Effect {
    /// The message's id.
    pub id: String,
    /// Its body.
    pub body: String,
}

impl Payload for ReceiverRequest {}
impl Payload for ReceiverAnswer {}
impl Request for ReceiverRequest {
    type Response = ReceiverAnswer;
}
